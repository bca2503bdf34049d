// find_blobs.cpp: stage 2 of 6. Lists one container page by page, decides for each blob,
// and sends on what must be copied.
//
//   Azure page --> in the prefix? --> filters --> folder? --> key --> obstacle? --> window of S3's listing --> compare
//                                                         skipped       (destination_window.hpp)  |
//                                                                                      a record <-+ unchanged
//                                                                    one HEAD: unchanged | copy <-+ ask
//                                                                           small --> CopyBatch <-+ copy
//                                                                           large --> LargeFile <-+
//
// Few names of --files-from are looked up one by one instead. The next Azure page is fetched while this one is
// decided. Told to stop, it publishes what is left from the page on that it has not decided. With levels, each
// folder is a FindBlobs of its own. An error of either listing ends this container: nothing is ever concluded from
// a listing that was cut short.
#include <fmt/format.h>

#include <unordered_map>

#include "aws/s3_headers.hpp"
#include "stages/destination_window.hpp"
#include "stages/named_blobs.hpp"
#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

// HEADs under way at a time while a page is decided.
constexpr std::size_t asks_max = 32;

class Finder {
 public:
  Finder(FindBlobs work, Stage& stage, const Context& context)
      : work_(std::move(work)),
        stage_(stage),
        context_(context),
        window_(stage.s3, stage.rules.mapping.key_prefix()),
        asking_(asks_max) {
    batch_.run = stage.run;
  }

  Task<Result<>> run() {
    if (const NameList* names = names_to_ask(stage_.filter)) co_return co_await run_named(*names);
    Result<BlobPage> page = co_await list(work_.marker);
    for (;;) {
      if (!page) co_return failed(std::move(page), "list the source", work_.container.view());
      note_success(stage_, Operation::list_source);
      if (stage_.reporter.stopping()) co_return co_await stage_.bus.publish(work_);
      const std::string marker = page->next_marker;
      if (!marker.empty() && marker == work_.marker) {
        co_return fail(ErrorKind::protocol, "the source's listing goes round in circles",
                       work_.container.view());
      }
      // The page after this one is on its way while this one is decided.
      Result<BlobPage> next = BlobPage{};
      Group fetching;
      if (!marker.empty()) fetching.spawn(list_into(marker, next));
      Result<> decided = co_await decide_page(std::move(page->blobs), std::move(page->details));
      if (decided) decided = co_await send_folders(std::move(page->prefixes));
      co_await fetching.join();
      if (!decided || marker.empty()) co_return decided;
      work_.marker = marker;
      if (Result<> kept = co_await stage_.bus.checkpoint(work_); !kept) co_return kept;
      page = std::move(next);
    }
  }

 private:
  // Replaces the listing if --files-from names few blobs.
  Task<Result<>> run_named(const NameList& names) {
    Result<NamedBlobs> found =
        co_await find_named_blobs(stage_.azure, work_.container, stage_.rules.mapping, names, context_);
    if (!found) co_return failed(std::move(found), "look up the named blobs", work_.container.view());
    if (stage_.reporter.stopping()) co_return co_await stage_.bus.publish(work_);
    for (NamedBlobs::Failure& failure : found->failures) {
      const CopyTask task{.blob = {.container = work_.container, .name = std::move(failure.name)}};
      if (const auto relative = stage_.rules.mapping.relative_name(task.blob.name)) names.take(*relative);
      stage_.reporter.found(task.blob);
      if (Result<> ended = end_with_error(stage_, task, std::move(failure.error)); !ended) co_return ended;
    }
    std::vector<Blob> blobs;
    std::vector<BlobDetails> details;
    for (BlobProperties& each : found->blobs) {
      blobs.push_back(std::move(each.blob));
      details.push_back({.headers = std::move(each.headers), .metadata = std::move(each.metadata)});
    }
    co_return co_await decide_page(std::move(blobs), std::move(details));
  }

  struct Candidate {
    CopyTask task;
    BlobDetails details = {};  // of a dry run
    Comparison comparison = Comparison::copy;
    bool ended = false;  // its failure is reported already
  };

  Task<Result<BlobPage>> list(std::string marker) {
    const ListBlobsOptions options{.prefix = work_.prefix,
                                   .marker = std::move(marker),
                                   .delimiter = work_.levels > 0 ? "/" : "",
                                   .details = stage_.rules.dry_run};
    co_return co_await stage_.azure.list_blobs(work_.container, options, context_);
  }

  Task<void> list_into(std::string marker, Result<BlobPage>& page) {
    page = co_await list(std::move(marker));
  }

  // `details`: of each blob, or none.
  Task<Result<>> decide_page(std::vector<Blob> blobs, std::vector<BlobDetails> details) {
    std::vector<Candidate> candidates = select(std::move(blobs), std::move(details));
    if (Result<> compared = co_await compare_with_destination(candidates); !compared) co_return compared;
    Tally to_copy;
    for (const Candidate& candidate : candidates) {
      if (!candidate.ended && candidate.comparison != Comparison::unchanged)
        to_copy.add(candidate.task.blob.size);
    }
    if (to_copy.blobs > 0) {
      if (Result<> told = co_await stage_.bus.announce(to_copy); !told) co_return told;
    }
    for (Candidate& candidate : candidates) {
      Result<> sent = co_await send(std::move(candidate));
      if (!sent) co_return sent;
    }
    co_return co_await send_batch();
  }

  // Each is listed by somebody else, at the same time.
  Task<Result<>> send_folders(std::vector<std::string> prefixes) {
    for (std::string& prefix : prefixes) {
      FindBlobs folder{.run = stage_.run,
                       .container = work_.container,
                       .prefix = std::move(prefix),
                       .levels = work_.levels - 1};
      if (Result<> sent = co_await stage_.bus.publish(std::move(folder)); !sent) co_return sent;
    }
    co_return Result<>{};
  }

  // What belongs to the job and can be copied, with its key; the rest is reported or left out.
  std::vector<Candidate> select(std::vector<Blob> blobs, std::vector<BlobDetails> details) {
    const KeyMapping& mapping = stage_.rules.mapping;
    std::vector<Candidate> candidates;
    candidates.reserve(blobs.size());
    std::uint64_t listed = 0;
    std::uint64_t folders = 0;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      Blob& blob = blobs[i];
      const std::optional<std::string_view> relative = mapping.relative_name(blob.name);
      if (!relative) continue;
      const bool is_folder = mapping.is_folder(blob, *relative);
      if (!is_folder) ++listed;
      if (!stage_.filter.selects(blob, *relative)) continue;
      if (is_folder) {
        ++folders;
        continue;
      }
      stage_.reporter.found(blob);
      Result<Key> key = mapping.key(work_.container, *relative);
      if (!key) {
        stage_.reporter.ended(record_of_error({.blob = std::move(blob)}, std::move(key.error())));
        continue;
      }
      CopyTask task{.blob = std::move(blob), .key = std::move(*key)};
      if (const auto why = obstacle(task.blob)) {
        stage_.reporter.ended(
            {.outcome = Outcome::skipped, .blob = task.blob, .key = task.key, .reason = *why});
      } else if (const auto rival = claim(task)) {
        Error error{.kind = ErrorKind::conflict,
                    .message = fmt::format("the key {} is already that of the blob {}", task.key, *rival),
                    .advice = "Copy one of the two on its own, to another prefix."};
        stage_.reporter.ended(record_of_error(task, std::move(error)));
      } else {
        candidates.push_back({.task = std::move(task)});
        if (stage_.rules.dry_run && i < details.size()) candidates.back().details = std::move(details[i]);
      }
    }
    stage_.reporter.listed(listed, folders);
    return candidates;
  }

  // Two blobs on one key: only --flatten can do that, and a prefix that is both a blob and a folder. The name
  // of the first is kept there; nowhere else does memory grow with the number of blobs.
  std::optional<std::string> claim(const CopyTask& task) {
    const KeyMapping& mapping = stage_.rules.mapping;
    const bool is_prefix_itself =
        !mapping.source_prefix.empty() && task.blob.name.view() == mapping.source_prefix;
    if (!mapping.flatten && !mapping.rivals_source_blob(task.blob.name) && !is_prefix_itself)
      return std::nullopt;
    const auto [place, is_new] = claimed_.emplace(task.key.str(), task.blob.name.str());
    if (is_new) return std::nullopt;
    return place->second;
  }

  Task<Result<>> compare_with_destination(std::vector<Candidate>& candidates) {
    std::vector<const Key*> keys;
    keys.reserve(candidates.size());
    for (const Candidate& candidate : candidates) keys.push_back(&candidate.task.key);
    Result<std::vector<std::optional<Existing>>> existing = co_await window_.look_up(keys, context_);
    if (!existing) co_return passed(std::move(existing));
    if (!window_.in_order() && !std::exchange(told_of_order_, true)) {
      stage_.reporter.log("warning", "listing_out_of_order",
                          "the destination does not list in byte order: each key is asked for instead");
    }
    note_success(stage_, Operation::list_destination);
    Group asks;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      candidates[i].comparison = compare(candidates[i].task.blob, (*existing)[i], stage_.rules.compare);
      if (candidates[i].comparison == Comparison::ask) asks.spawn(ask(candidates[i]));
    }
    co_await asks.join();
    co_return ask_error_;
  }

  // One HEAD tells which source version the object was made from.
  Task<void> ask(Candidate& candidate) {
    const Slots::Slot slot = co_await asking_.acquire();
    if (!ask_error_) co_return;
    Result<ObjectHead> head = co_await stage_.s3.head_object(candidate.task.key, context_);
    if (!head && head.error().kind == ErrorKind::not_found) {
      candidate.comparison = Comparison::copy;  // deleted since it was listed
      co_return;
    }
    if (!head) {
      // One object that cannot be looked at is that blob's failure; copying over it unseen would be a guess.
      candidate.ended = true;
      Result<> ended = end_with_error(stage_, candidate.task, failed(std::move(head), "compare").error());
      if (!ended) ask_error_ = std::move(ended);
      co_return;
    }
    candidate.comparison =
        compare_recorded(candidate.task.blob, head->size, recorded_source_etag(head->metadata));
  }

  Task<Result<>> send(Candidate candidate) {
    CopyTask& task = candidate.task;
    if (candidate.ended) co_return Result<>{};
    if (candidate.comparison == Comparison::unchanged) {
      stage_.breaker.found_unchanged();
      stage_.reporter.ended({.outcome = Outcome::unchanged,
                             .blob = std::move(task.blob),
                             .key = std::move(task.key),
                             .attempts = 0});
      co_return Result<>{};
    }
    if (stage_.rules.dry_run) {
      report_dry_run(candidate);
      co_return Result<>{};
    }
    stage_.reporter.planned(task.blob.size);
    if (route(task.blob.size, stage_.rules.part_threshold) == Route::large) {
      co_return co_await stage_.bus.publish(LargeFile{.run = stage_.run, .task = std::move(task)});
    }
    batch_bytes_ += task.blob.size;
    batch_.tasks.push_back(std::move(task));
    if (batch_.tasks.size() >= batch_blobs_max || batch_bytes_ >= batch_bytes_max)
      co_return co_await send_batch();
    co_return Result<>{};
  }

  // Headers and metadata that S3 does not take fail a copy, too.
  void report_dry_run(Candidate& candidate) {
    CopyTask& task = candidate.task;
    const BlobProperties properties{.blob = task.blob,
                                    .headers = std::move(candidate.details.headers),
                                    .metadata = std::move(candidate.details.metadata)};
    Headers headers;
    Result<> fits = add_attributes(headers, object_attributes(stage_, task.blob, properties));
    if (!fits) {
      stage_.reporter.ended(record_of_error(task, std::move(fits.error())));
      return;
    }
    stage_.reporter.planned(task.blob.size);
    stage_.reporter.would_copy(task);
  }

  Task<Result<>> send_batch() {
    batch_bytes_ = 0;
    if (batch_.tasks.empty()) co_return Result<>{};
    CopyBatch batch{.run = stage_.run};
    batch.tasks.swap(batch_.tasks);
    co_return co_await stage_.bus.publish(std::move(batch));
  }

  FindBlobs work_;  // its marker: of the page that is decided
  Stage& stage_;
  const Context& context_;
  DestinationWindow window_;
  bool told_of_order_ = false;
  Slots asking_;
  Result<> ask_error_;
  CopyBatch batch_;
  std::uint64_t batch_bytes_ = 0;
  std::unordered_map<std::string, std::string> claimed_;  // key -> blob
};

}  // namespace

Task<Result<>> find_blobs(FindBlobs work, Stage& stage, const Context& context) {
  Finder finder(std::move(work), stage, context);
  co_return co_await finder.run();
}

}  // namespace azs3copy
