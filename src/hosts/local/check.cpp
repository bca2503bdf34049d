// check.cpp: `azs3copy check`: are both sides equal? Nothing is written.
//
//   Azure page --> keys --> S3 listing alongside: missing '+', only there '-'
//                  both --> sizes differ '*'; else HEAD: recorded source ETag and CRC '=' or '*'
//                           --deep: both are read and their CRCs compared
//   Objects only at the destination are known once the source is listed whole, which may be in any order.
#include <fmt/format.h>

#include <set>

#include "hosts/local/ends.hpp"
#include "hosts/local/run.hpp"
#include "ledger/state_store.hpp"
#include "stages/breaker.hpp"
#include "stages/destination_window.hpp"
#include "stages/named_blobs.hpp"

namespace azs3copy {

namespace {

constexpr std::size_t read_bytes = 64 * KiB;

class Check {
 public:
  Check(const RunOptions& options, const CheckOptions& check,
        const std::function<void(const CheckRow&)>& on_row, std::stop_token stop)
      : options_(options), check_(check), on_row_(on_row), stop_(std::move(stop)) {}

  CheckResult run() {
    CheckResult result;
    const Result<> done = run_all();
    result.summary = summary_;
    if (!done) result.fatal = done.error();
    return result;
  }

 private:
  struct Pair {
    Blob blob;
    Key key;
    std::string name;
  };

  Result<> run_all() {
    Result<std::shared_ptr<TlsContext>> tls = tls_of(options_);
    if (!tls) return passed(std::move(tls));
    const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    Result<Filter> filter = Filter::make(options_.filter, now);
    if (!filter) return passed(std::move(filter));
    filter_ = std::move(*filter);
    Result<std::unique_ptr<Worker>> worker = Worker::make(options_, *tls, 0, 1);
    if (!worker) return passed(std::move(worker));
    Result<Ends> ends = reach_ends(**worker, options_, stop_);
    if (!ends) return passed(std::move(ends));
    if (ends->region != options_.s3.region) {
      options_.s3.region = ends->region;
      worker = Worker::make(options_, *tls, 0, 1);
      if (!worker) return passed(std::move(worker));
    }
    return run_on((*worker)->loop, compare_all(**worker, std::move(ends->containers)));
  }

  Task<Result<>> compare_all(Worker& worker, std::vector<Container> containers) {
    const Context context{.clock = worker.loop, .stop = stop_};
    const KeyMapping mapping = mapping_of(options_);
    DestinationWindow::Unclaimed unclaimed;
    if (!check_.one_way) unclaimed = [this](const ObjectEntry& row) { only_there(row); };
    DestinationWindow window(*worker.s3, mapping.key_prefix(), unclaimed);
    for (const Container& container : containers) {
      const NameList* names = names_to_ask(filter_);
      Result<> compared = names != nullptr
                              ? co_await compare_named(worker, window, container, *names, context)
                              : co_await compare_listed(worker, window, container, context);
      if (compared) continue;
      if (containers.size() == 1 || context.stopped() || !is_of_source(compared.error())) co_return compared;
      // The others are compared all the same.
      report(CheckMark::error, container.str() + "/", compared.error().to_line());
      not_listed_.insert(container.str());
    }
    if (!check_.one_way) {
      if (Result<> passed_rest = co_await window.pass_rest(context); !passed_rest) co_return passed_rest;
    }
    if (not_listed_.empty()) report_missing_names(containers);
    co_return Result<>{};
  }

  // An error of the destination's listing is about all containers.
  static bool is_of_source(const Error& error) {
    const std::optional<Operation> operation = operation_of(error);
    return operation == Operation::list_source || operation == Operation::read_source;
  }

  Task<Result<>> compare_listed(Worker& worker, DestinationWindow& window, const Container& container,
                                const Context& context) {
    const KeyMapping mapping = mapping_of(options_);
    for (const std::string& prefix : mapping.listing_prefixes(filter_.starts())) {
      std::string marker;
      do {
        Result<BlobPage> page =
            co_await worker.azure->list_blobs(container, {.prefix = prefix, .marker = marker}, context);
        if (!page) co_return failed(std::move(page), "list the source", container.view());
        marker = page->next_marker;
        Result<> compared = co_await compare_page(worker, window, mapping, std::move(page->blobs), context);
        if (!compared) co_return compared;
      } while (!marker.empty());
    }
    co_return Result<>{};
  }

  Task<Result<>> compare_named(Worker& worker, DestinationWindow& window, const Container& container,
                               const NameList& names, const Context& context) {
    const KeyMapping mapping = mapping_of(options_);
    Result<NamedBlobs> found = co_await find_named_blobs(*worker.azure, container, mapping, names, context);
    if (!found) co_return failed(std::move(found), "look up the named blobs", container.view());
    for (const NamedBlobs::Failure& failure : found->failures) {
      if (const auto relative = mapping.relative_name(failure.name)) names.take(*relative);
      report(CheckMark::error, failure.name.str(), failure.error.to_line());
    }
    std::vector<Blob> blobs;
    for (BlobProperties& properties : found->blobs) blobs.push_back(std::move(properties.blob));
    co_return co_await compare_page(worker, window, mapping, std::move(blobs), context);
  }

  // Names of --files-from that are on neither side.
  void report_missing_names(const std::vector<Container>& containers) {
    if (filter_.names() == nullptr) return;
    const Container container = containers.size() == 1 ? containers.front() : Container();
    for (const std::string& name : filter_.names()->missing()) {
      const ObjectRecord record = record_of_missing_name(name, container, mapping_of(options_));
      report(CheckMark::error, name, fmt::format("{}. {}", record.error->message, record.error->advice));
    }
  }

  Task<Result<>> compare_page(Worker& worker, DestinationWindow& window, const KeyMapping& mapping,
                              std::vector<Blob> blobs, const Context& context) {
    std::vector<Pair> pairs;
    for (Blob& blob : blobs) {
      const std::optional<std::string_view> relative = mapping.relative_name(blob.name);
      if (!relative || mapping.is_folder(blob, *relative)) continue;
      if (!filter_.selects(blob, *relative)) continue;
      std::string name =
          mapping.container_in_key ? fmt::format("{}/{}", blob.container, *relative) : std::string(*relative);
      Result<Key> key = mapping.key(blob.container, *relative);
      if (!key) {
        report(CheckMark::error, std::move(name), key.error().to_line());
        continue;
      }
      pairs.push_back({.blob = std::move(blob), .key = std::move(*key), .name = std::move(name)});
    }
    std::vector<const Key*> keys;
    keys.reserve(pairs.size());
    for (const Pair& pair : pairs) keys.push_back(&pair.key);
    Result<std::vector<std::optional<Existing>>> existing = co_await window.look_up(keys, context);
    if (!existing) co_return passed(std::move(existing));
    Group group;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const std::optional<Existing>& there = (*existing)[i];
      if (!there) {
        report(CheckMark::missing_at_destination, pairs[i].name, {});
      } else if (there->size != pairs[i].blob.size) {
        report(CheckMark::different, pairs[i].name,
               fmt::format("{} bytes here, {} there", pairs[i].blob.size, there->size));
      } else {
        group.spawn(compare_pair(worker, pairs[i], context));
      }
    }
    co_await group.join();
    co_return context.check();
  }

  Task<void> compare_pair(Worker& worker, const Pair& pair, const Context& context) {
    const Slots::Slot slot = co_await worker.slots.acquire();
    if (context.stopped()) co_return;
    Result<ObjectHead> head = co_await worker.s3->head_object(pair.key, context);
    if (!head) {
      report(CheckMark::error, pair.name, head.error().to_line());
      co_return;
    }
    if (check_.deep) {
      co_await compare_bytes(worker, pair, *head, context);
      co_return;
    }
    const std::string_view recorded = recorded_source_etag(head->metadata);
    if (recorded.empty()) {
      // Not written by this program: size and time are all there is.
      const bool later = head->last_modified >= pair.blob.last_modified;
      if (later) ++summary_.equal_by_time;
      report(later ? CheckMark::equal : CheckMark::different, pair.name,
             later ? "by size and time" : "older than the blob, and no source ETag is recorded on it");
    } else if (recorded != pair.blob.etag.view()) {
      ++summary_.other_version;
      report(CheckMark::different, pair.name,
             fmt::format("made from ETag {}, the blob has {}", recorded, pair.blob.etag));
    } else {
      ++summary_.equal_by_etag;
      report(CheckMark::equal, pair.name, "by the recorded source ETag and size");
    }
  }

  Task<void> compare_bytes(Worker& worker, const Pair& pair, const ObjectHead& head, const Context& context) {
    const Result<Crc64> here = co_await read_blob(*worker.azure, pair.blob, context);
    if (!here) {
      report(CheckMark::error, pair.name, here.error().to_line());
      co_return;
    }
    const Result<Crc64> there = co_await worker.s3->read_object_crc(pair.key, head.etag, context);
    if (!there) {
      report(CheckMark::error, pair.name, there.error().to_line());
    } else if (*here != *there) {
      report(CheckMark::different, pair.name,
             fmt::format("CRC64NVME {} here, {} there", to_s3_base64(*here), to_s3_base64(*there)));
    } else {
      ++summary_.equal_by_crc;
      report(CheckMark::equal, pair.name, "by reading both");
    }
  }

  Task<Result<Crc64>> read_blob_once(BlobClient& azure, const Blob& blob, const Context& context) {
    const ReadOptions options{.if_match = blob.etag, .verify = options_.verify_source};
    Result<std::unique_ptr<BlobBody>> body = co_await azure.read(blob.container, blob.name, options, context);
    if (!body) co_return passed(std::move(body));
    std::vector<std::byte> buffer(read_bytes);
    for (;;) {
      const Result<std::size_t> got = co_await (*body)->read(buffer);
      if (!got) co_return std::unexpected<Error>(got.error());
      if (*got == 0) co_return (*body)->crc();
    }
  }

  Task<Result<Crc64>> read_blob(BlobClient& azure, const Blob& blob, const Context& context) {
    co_return co_await with_retry<Crc64>(options_.network.retry, context,
                                         [&] { return read_blob_once(azure, blob, context); });
  }

  // The filters are for both sides: what they leave out is nobody's difference.
  void only_there(const ObjectEntry& row) {
    if (row.key.view().starts_with(state_prefix_default)) return;  // of the Lambda functions' runs
    const KeyMapping mapping = mapping_of(options_);
    std::string_view name = row.key.view().substr(mapping.key_prefix().size());
    const std::string shown(name);
    if (mapping.container_in_key) {
      const std::size_t slash = name.find('/');
      if (not_listed_.contains(std::string(name.substr(0, slash)))) return;
      name.remove_prefix(std::min(name.size(), slash + 1));
    }
    const Blob as_blob{.name = BlobName(name), .size = row.size, .last_modified = row.last_modified};
    if (mapping.is_folder(as_blob, name)) return;
    if (filter_.selects(as_blob, name)) report(CheckMark::only_at_destination, shown, {});
  }

  void report(CheckMark mark, std::string name, std::string detail) {
    switch (mark) {
      case CheckMark::equal:
        ++summary_.equal;
        break;
      case CheckMark::missing_at_destination:
        ++summary_.missing;
        break;
      case CheckMark::only_at_destination:
        ++summary_.only_at_destination;
        break;
      case CheckMark::different:
        ++summary_.different;
        break;
      case CheckMark::error:
        ++summary_.errors;
        break;
    }
    on_row_({.mark = mark, .name = std::move(name), .detail = std::move(detail)});
  }

  RunOptions options_;
  CheckOptions check_;
  const std::function<void(const CheckRow&)>& on_row_;
  std::stop_token stop_;
  Filter filter_;
  CheckSummary summary_;
  std::set<std::string> not_listed_;  // containers: what is only at the destination is not known of them
};

}  // namespace

CheckResult run_check(const RunOptions& options, const CheckOptions& check,
                      const std::function<void(const CheckRow&)>& on_row, std::stop_token stop) {
  Check run(options, check, on_row, std::move(stop));
  return run.run();
}

}  // namespace azs3copy
