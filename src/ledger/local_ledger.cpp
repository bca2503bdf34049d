// local_ledger.cpp: the ledger in a folder.
//
//   append --> buffer --(256 KiB, or flush)--> write(2) --> objects.jsonl
//
// Two locks, taken in this order: one for the buffer, one for the file. Who fills the buffer
// takes it away, keeps the file's lock and gives the buffer's back, so that others append while
// it writes; flush waits for both.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <mutex>

#include "codec/time.hpp"
#include "core/environment.hpp"
#include "ledger/files.hpp"
#include "ledger/ledger.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
// Names of 1,024 bytes, all escaped, take less than a tenth of it.
constexpr std::size_t manifest_bytes_max = 256 * 1024;
constexpr std::string_view manifest_suffix = ".json";
constexpr const char* run_json_name = "/run.json";
// Its filters may be many; 64 KiB hold some thousand.
constexpr std::size_t run_json_reserved = 64 * 1024;
constexpr std::size_t run_json_bytes_max = 16 * 1024 * 1024;

// As run.json has it, ahead of any text of the user.
std::string state_field(std::string_view state) {
  return fmt::format(R"("state":"{}")", state);
}

// A file that is being written is renamed within moments; one this old was left by a kill.
constexpr std::chrono::hours unfinished_age_max(1);

// The manifest may be whole: it is not for the user to remove.
std::unexpected<Error> not_opened(Error error) {
  if (access(error.subject.c_str(), R_OK) != 0 && errno == EACCES) {
    error.kind = ErrorKind::permission;
    error.advice = "Run as the user who started its upload, or let this user read the file.";
  } else if (error.kind != ErrorKind::unavailable) {
    error.kind = ErrorKind::corrupt;
  }
  error.message = "the manifest of an open upload: " + error.message;
  return std::unexpected<Error>(std::move(error));
}

Result<UploadManifest> read_manifest(const std::string& path) {
  auto text = read_file(path, manifest_bytes_max);
  if (!text && text.error().kind == ErrorKind::not_found) return passed(std::move(text));
  if (!text && text.error().kind != ErrorKind::corrupt) return not_opened(std::move(text.error()));
  auto manifest = text ? upload_manifest_from_json(*text) : passed(std::move(text));
  if (manifest) return manifest;
  Error& error = manifest.error();
  if (error.kind != ErrorKind::unsupported) error.kind = ErrorKind::corrupt;
  error.subject = path;
  error.message = "the manifest of an open upload cannot be read: " + error.message;
  error.advice =
      "Its upload goes on from this file. To give it up, remove the file: the blob is then copied from its "
      "start, and "
      "the parts of the open upload stay in the bucket until a lifecycle rule or `aws s3api "
      "abort-multipart-upload` "
      "removes them.";
  return manifest;
}

// What a kill left of files that were being written. Never an error: they hurt nobody.
void remove_unfinished(const std::string& folder, std::chrono::hours age_min) {
  const auto names = names_in(folder, unfinished_suffix);
  if (!names) return;
  const auto now = std::chrono::system_clock::now();
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    struct stat status;
    if (stat(path.c_str(), &status) != 0) continue;
    const auto written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
    if (now - written >= age_min) unlink(path.c_str());
  }
}

// A run whose process is gone, and with it the lock, was cut off: its run.json says so from now on. Never an error:
// the next command tries again.
void mark_if_killed(const std::string& run_folder) {
  const std::string lock_path = run_folder + "/lock";
  // A run writes run.json once it holds the lock: without one it may be about to take it.
  if (access(lock_path.c_str(), F_OK) != 0 || access((run_folder + run_json_name).c_str(), F_OK) != 0) return;
  const auto lock = open_file(lock_path, O_RDWR);
  if (!lock || flock(lock->get(), LOCK_EX | LOCK_NB) != 0) return;
  auto text = read_file(run_folder + run_json_name, run_json_bytes_max);
  if (!text) return;
  const std::string running = state_field(run_state_running);
  if (const std::size_t at = text->find(running); at != std::string::npos) {
    text->replace(at, running.size(), state_field(run_state_interrupted));
    if (!replace_file(run_folder + run_json_name, *text)) return;
  }
  remove_unfinished(run_folder, std::chrono::hours(0));
  unlink(lock_path.c_str());
}

void mark_killed_runs(const std::string& runs_folder) {
  const auto names = names_in(runs_folder, "");
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with('.')) mark_if_killed(runs_folder + "/" + name);
  }
}

// Holds the lock of a run for as long as the process lives, or until the handle goes.
Result<FileHandle> lock_run(const std::string& path) {
  auto lock = open_file(path, O_RDWR | O_CREAT);
  if (!lock) return lock;
  if (flock(lock->get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(ErrorKind::conflict, "a run of this name is under way", path);
  return file_error("lock", path, errno);
}

}  // namespace

struct LocalLedger::State {
  std::string folder;
  std::string uploads_folder;
  std::string run_folder;
  std::string objects_path;
  std::string endpoint;
  FileHandle lock;
  ReservedFile reserve;    // for the last run.json
  std::mutex proof_mutex;  // of weaken_proof: it reads a manifest and writes it again

  std::mutex buffer_mutex;
  std::string buffer;

  std::mutex file_mutex;  // of all below; taken after buffer_mutex
  FileHandle objects;
  std::string writing;
  std::optional<Error> error;

  std::string manifest_path(const Bucket& bucket, const Key& key) const {
    return uploads_folder + "/" + manifest_name(endpoint, bucket, key);
  }

  // Writes the buffer out; the returned lock keeps the file for the caller.
  std::unique_lock<std::mutex> write_buffer(std::unique_lock<std::mutex> holds_buffer) {
    std::unique_lock holds_file(file_mutex);
    writing.clear();
    writing.swap(buffer);
    holds_buffer.unlock();
    if (!error) {
      if (auto written = write_all(objects, writing, objects_path); !written) error = written.error();
    }
    return holds_file;
  }
};

std::string default_state_folder() {
  if (std::string folder = environment_variable("AZS3COPY_STATE_DIR"); !folder.empty()) return folder;
  // A relative path is to be ignored (XDG Base Directory Specification 0.8).
  if (const std::string state = environment_variable("XDG_STATE_HOME"); state.starts_with('/'))
    return state + "/azs3copy";
  if (const std::string home = environment_variable("HOME"); !home.empty())
    return home + "/.local/state/azs3copy";
  return "";
}

LocalLedger::LocalLedger(std::unique_ptr<State> state) : state_(std::move(state)) {}

LocalLedger::~LocalLedger() {
  if (state_->objects) state_->write_buffer(std::unique_lock(state_->buffer_mutex));
}

Result<std::unique_ptr<LocalLedger>> LocalLedger::open_manifests(std::string state_folder,
                                                                 std::string s3_endpoint) {
  constexpr std::string_view operation = "open the state folder";
  if (state_folder.empty()) {
    return failed(Error{.kind = ErrorKind::invalid,
                        .message = "there is no home folder to keep the run's state in",
                        .advice = "set AZS3COPY_STATE_DIR"},
                  operation);
  }
  auto state = std::make_unique<State>();
  state->folder = std::move(state_folder);
  state->uploads_folder = state->folder + "/uploads";
  state->endpoint = std::move(s3_endpoint);
  if (auto made = make_folders(state->uploads_folder); !made) return failed(std::move(made), operation);
  remove_unfinished(state->uploads_folder, unfinished_age_max);
  mark_killed_runs(state->folder + "/runs");
  return std::unique_ptr<LocalLedger>(new LocalLedger(std::move(state)));
}

Result<std::unique_ptr<LocalLedger>> LocalLedger::open(std::string state_folder, RunId run,
                                                       std::string s3_endpoint) {
  auto ledger = open_manifests(std::move(state_folder), std::move(s3_endpoint));
  if (!ledger) return ledger;
  State& state = *(*ledger)->state_;
  constexpr std::string_view operation = "open the run's folder";
  state.run_folder = state.folder + "/runs/" + run.str();
  state.objects_path = state.run_folder + "/objects.jsonl";
  if (auto made = make_folders(state.run_folder); !made) return failed(std::move(made), operation);
  auto lock = lock_run(state.run_folder + "/lock");
  if (!lock) return failed(std::move(lock), operation);
  state.lock = *std::move(lock);
  auto objects = open_file(state.objects_path, O_WRONLY | O_CREAT | O_APPEND);
  if (!objects) return failed(std::move(objects), operation);
  state.objects = *std::move(objects);
  auto reserve = ReservedFile::make(state.run_folder + run_json_name, run_json_reserved);
  if (!reserve) return failed(std::move(reserve), operation);
  state.reserve = *std::move(reserve);
  return ledger;
}

const std::string& LocalLedger::run_folder() const {
  return state_->run_folder;
}

Result<> LocalLedger::write_run_json(std::string_view json) {
  assert(state_->objects && "opened for manifests alone");
  auto written = replace_file(state_->run_folder + run_json_name, json);
  if (!written) return failed(std::move(written), "write the run's report");
  return {};
}

Result<> LocalLedger::write_last_run_json(std::string_view json) {
  auto written = write_run_json(json);
  if (!written) {
    if (auto reserved = state_->reserve.write(json); !reserved) return written;
  }
  unlink((state_->run_folder + "/lock").c_str());
  return {};
}

void LocalLedger::append(const ObjectRecord& record) {
  assert(state_->objects && "opened for manifests alone");
  thread_local std::string line;  // made outside of the lock
  line.clear();
  append_json(line, record);
  line += '\n';
  std::unique_lock holds_buffer(state_->buffer_mutex);
  state_->buffer += line;
  if (state_->buffer.size() >= buffer_bytes) state_->write_buffer(std::move(holds_buffer));
}

Task<Result<>> LocalLedger::flush(const Context& /*context*/) {
  const auto holds_file = state_->write_buffer(std::unique_lock(state_->buffer_mutex));
  // EINVAL: not a file that can be synced, as /dev/full.
  if (!state_->error && fdatasync(state_->objects.get()) != 0 && errno != EINVAL) {
    state_->error = file_error("write", state_->objects_path, errno).error();
  }
  if (state_->error) co_return failed(*state_->error, "write the records");
  co_return Result<>{};
}

Task<Result<>> LocalLedger::save_manifest(const UploadManifest& manifest, const Context& /*context*/) {
  assert(manifest.endpoint == state_->endpoint && "its file could not be found again");
  constexpr std::string_view operation = "save the upload's manifest";
  const Key& key = manifest.upload.task.key;
  const std::string path = state_->manifest_path(manifest.bucket, key);
  // Two runs that open an upload of one key at the same moment both found no manifest: the second to save is
  // turned away. One save at a time, over all processes that share the folder.
  const auto one_at_a_time = open_file(state_->folder + "/uploads.lock", O_RDWR | O_CREAT);
  if (!one_at_a_time) co_return failed(Error(one_at_a_time.error()), operation);
  while (flock(one_at_a_time->get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  const auto found = read_manifest(path);
  if (found && found->run != manifest.run && is_running(found->run))
    co_return failed(in_use_by(found->run), operation, key.view());
  auto saved = replace_file(path, to_json(manifest));
  if (!saved) co_return failed(std::move(saved), operation);
  co_return Result<>{};
}

Task<Result<std::optional<UploadManifest>>> LocalLedger::find_manifest(const Bucket& bucket, const Key& key,
                                                                       const Context& /*context*/) {
  const std::string path = state_->manifest_path(bucket, key);
  auto manifest = read_manifest(path);
  if (!manifest && manifest.error().kind == ErrorKind::not_found) co_return std::nullopt;
  if (!manifest) co_return failed(std::move(manifest), "find the upload's manifest");
  if (auto own = check_manifest_is_of(*manifest, state_->endpoint, bucket, key); !own)
    co_return failed(std::move(own), "find the upload's manifest", path);
  co_return std::optional(*std::move(manifest));
}

Task<Result<>> LocalLedger::weaken_proof(const Bucket& bucket, const Key& key, SourceProof proof,
                                         const Context& /*context*/) {
  const std::string path = state_->manifest_path(bucket, key);
  const std::lock_guard lock(state_->proof_mutex);
  auto manifest = read_manifest(path);
  if (!manifest && manifest.error().kind == ErrorKind::not_found) co_return Result<>{};
  if (!manifest) co_return failed(std::move(manifest), "note how the source is proved");
  manifest->proof = weaker(manifest->proof.value_or(proof), proof);
  if (auto saved = replace_file(path, to_json(*manifest)); !saved) {
    co_return failed(std::move(saved), "note how the source is proved");
  }
  co_return Result<>{};
}

Task<Result<>> LocalLedger::remove_manifest(const Bucket& bucket, const Key& key,
                                            const Context& /*context*/) {
  auto removed = remove_file(state_->manifest_path(bucket, key));
  if (!removed) co_return failed(std::move(removed), "remove the upload's manifest");
  co_return Result<>{};
}

Task<Result<std::vector<UploadManifest>>> LocalLedger::list_manifests(const Context& /*context*/) {
  const auto names = names_in(state_->uploads_folder, manifest_suffix);
  if (!names) co_return failed(names.error(), "list the manifests");
  std::vector<UploadManifest> manifests;
  for (const std::string& name : *names) {
    auto manifest = read_manifest(state_->uploads_folder + "/" + name);
    // Another run may have completed its upload since the folder was read.
    if (!manifest && manifest.error().kind == ErrorKind::not_found) continue;
    if (!manifest) co_return failed(std::move(manifest), "list the manifests");
    manifests.push_back(*std::move(manifest));
  }
  co_return manifests;
}

bool LocalLedger::is_running(const RunId& run) const {
  const auto lock = open_file(state_->folder + "/runs/" + run.str() + "/lock", O_RDWR);
  // What cannot be told counts as running: nobody's upload is aborted on a guess.
  if (!lock) return lock.error().kind != ErrorKind::not_found;
  return flock(lock->get(), LOCK_EX | LOCK_NB) != 0;
}

Error in_use_by(const RunId& run) {
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("run {} is copying it at this moment", run),
          .advice = "Wait until that run is over, then run the same command again."};
}

RunId new_run_id(UtcTime now) {
  return RunId(fmt::format("{}-{:04x}", to_basic_iso8601(now), random_bits() & 0xFFFF));
}

}  // namespace azs3copy
