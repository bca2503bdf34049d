// files.cpp: see files.hpp.
//
//   replace_file:  write x.9f1c...tmp --> fsync --> rename to x --> fsync of the folder
#include "ledger/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace azs3copy {
namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0600;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> sync_folder(const std::string& path) {
  auto folder = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!folder) return passed(std::move(folder));
  // EINVAL: a file system that cannot do it has nothing to wait for.
  if (fsync(folder->get()) != 0 && errno != EINVAL) return file_error("sync the folder", path, errno);
  return {};
}

Result<> make_folder(const std::string& path) {
  if (mkdir(path.c_str(), folder_mode) == 0) return sync_folder(folder_of(path));
  if (errno != EEXIST) return file_error("make the folder", path, errno);
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return file_error("look at", path, errno);
  if (!S_ISDIR(status.st_mode)) return file_error("make the folder", path, ENOTDIR);
  return {};
}

// Not the name of any file that another process or thread is writing, nor of one that was killed: in
// containers all have the same process id.
std::string unfinished_name(const std::string& path) {
  return fmt::format("{}.{:016x}{}", path, random_bits(), unfinished_suffix);
}

Result<> write_durably(const std::string& path, std::string_view text) {
  auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return passed(std::move(file));
  if (auto written = write_all(*file, text, path); !written) return written;
  if (fsync(file->get()) != 0) return file_error("write", path, errno);
  return {};
}

}  // namespace

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  // So few bytes come whole, and never fail once the system is up (getrandom(2)).
  while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
  }
  return bits;
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::unexpected<Error> file_error(std::string_view what, const std::string& path, int error_number) {
  std::string_view advice;
  if (error_number == ENOSPC || error_number == EDQUOT) {
    advice = "make room, or choose another place with AZS3COPY_STATE_DIR";
  } else if (error_number == EACCES || error_number == EPERM || error_number == EROFS ||
             error_number == ENOTDIR) {
    advice = "choose a folder that you may write to with AZS3COPY_STATE_DIR";
  } else if (error_number == EMFILE || error_number == ENFILE) {
    advice = "raise the limit of open files (ulimit -n), or lower --transfers";
  }
  const bool may_pass = error_number == EMFILE || error_number == ENFILE;
  const auto kind = error_number == ENOENT ? ErrorKind::not_found
                    : may_pass             ? ErrorKind::unavailable
                                           : ErrorKind::internal;
  return fail(kind, fmt::format("cannot {}: {}", what, std::generic_category().message(error_number)), path,
              advice);
}

Result<> make_folders(const std::string& path) {
  // Most often it is there, and those above it need not even be readable.
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (auto made = make_folder(path.substr(0, slash)); !made) return made;
  }
  return path.ends_with('/') ? Result<>{} : make_folder(path);
}

Result<FileHandle> open_file(const std::string& path, int flags) {
  FileHandle file(open(path.c_str(), flags | O_CLOEXEC, file_mode));
  if (!file) return file_error("open", path, errno);
  return file;
}

Result<> write_all(const FileHandle& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> replace_file(const std::string& path, std::string_view text) {
  const std::string unfinished = unfinished_name(path);
  auto done = write_durably(unfinished, text);
  if (done && rename(unfinished.c_str(), path.c_str()) != 0) done = file_error("write", path, errno);
  if (!done) {
    unlink(unfinished.c_str());
    done.error().subject = path;
    return done;
  }
  return sync_folder(folder_of(path));
}

Result<ReservedFile> ReservedFile::make(const std::string& path, std::size_t bytes) {
  ReservedFile reserved;
  reserved.path_ = path;
  reserved.unfinished_ = unfinished_name(path);
  auto file = open_file(reserved.unfinished_, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return passed(std::move(file));
  reserved.file_ = std::move(*file);
  const int error = posix_fallocate(reserved.file_.get(), 0, static_cast<off_t>(bytes));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    return file_error("reserve space for", reserved.path_, error);
  return reserved;
}

ReservedFile::~ReservedFile() {
  if (file_) unlink(unfinished_.c_str());
}

Result<> ReservedFile::write(std::string_view text) {
  Result<> done = write_all(file_, text, path_);
  if (done && ftruncate(file_.get(), static_cast<off_t>(text.size())) != 0)
    done = file_error("write", path_, errno);
  if (done && fsync(file_.get()) != 0) done = file_error("write", path_, errno);
  if (done && rename(unfinished_.c_str(), path_.c_str()) != 0) done = file_error("write", path_, errno);
  if (!done) return done;
  file_ = FileHandle();
  (void)sync_folder(folder_of(path_));  // it needs a descriptor, which there may not be
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return passed(std::move(file));
  std::string text;
  for (;;) {
    constexpr std::size_t step = 16 * 1024;
    const std::size_t before = text.size();
    text.resize(before + step);
    const ssize_t got = read(file->get(), text.data() + before, step);
    if (got < 0 && errno != EINTR) return file_error("read", path, errno);
    text.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return text;
    if (text.size() > bytes_max) return fail(ErrorKind::corrupt, "it is too large", path);
  }
}

Result<> remove_file(const std::string& path) {
  if (unlink(path.c_str()) == 0) return sync_folder(folder_of(path));
  if (errno == ENOENT) return {};
  return file_error("remove", path, errno);
}

Result<std::vector<std::string>> names_in(const std::string& folder, std::string_view suffix) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), closedir);
  if (!stream) return file_error("read the folder", folder, errno);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr && errno != 0) return file_error("read the folder", folder, errno);
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name.ends_with(suffix)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace azs3copy
