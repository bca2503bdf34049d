// copy.cpp: `azs3copy copy`: the stages in process.
//
//   loop 0:     both ends reached --> launch_qualification --> channel --> find_blobs --> channels -->
//               initialize x 4, recombine x 4; watch, 4 times a second
//   each loop:  download x 2, part x its streams <-- channels
//   end:        abandoned uploads of earlier runs are aborted, the ledger flushed, run.json written
#include <fmt/format.h>

#include <new>
#include <system_error>
#include <thread>

#include "aws/s3_traits.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "hosts/local/ends.hpp"
#include "hosts/local/local_bus.hpp"
#include "hosts/local/local_tracker.hpp"
#include "hosts/local/run_json.hpp"
#include "hosts/local/run_reporter.hpp"
#include "hosts/local/sweep.hpp"
#include "hosts/local/worker.hpp"
#include "stages/named_blobs.hpp"
#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

constexpr milliseconds look_interval{250};
constexpr int initializers = 4;
constexpr int recombiners = 4;
constexpr int batches_at_a_time = 2;  // a loop: so that one batch's last blob does not hold up the next
constexpr std::size_t rows_of_large = 8;

CopyRules rules_of(const RunOptions& options) {
  return {.mapping = mapping_of(options),
          .compare = options.compare,
          .part_threshold = options.part_threshold,
          .part_bytes = options.part_bytes,
          .verify_source = options.verify_source,
          .storage_class = options.storage_class,
          .sse = options.sse,
          .sse_kms_key_id = options.sse_kms_key_id,
          .bucket_key = options.bucket_key,
          .drop_large_metadata = options.drop_large_metadata,
          .retry = options.network.retry,
          .dry_run = options.dry_run};
}

class CopyRun {
 public:
  CopyRun(RunOptions options, RunObserver& observer, std::stop_token stop)
      : options_(std::move(options)),
        observer_(observer),
        user_stop_(std::move(stop)),
        bus_(batches_kept(), initializers, parts_kept()) {}

  RunResult run() {
    started_ = Steady::now();
    started_utc_ = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    RunResult result;
    if (Result<> ready = prepare(); !ready) {
      result.fatal = std::move(ready.error());
      return result;
    }
    std::vector<std::jthread> threads = start_loops();
    run_loop(*workers_[0], lead());
    threads.clear();
    finish(result);
    return result;
  }

 private:
  std::size_t loops() const { return static_cast<std::size_t>(loop_count(options_.limits)); }
  std::size_t batches_kept() const { return loops() * (batches_at_a_time + 1); }
  std::size_t parts_kept() const { return static_cast<std::size_t>(options_.limits.transfers) + 16; }

  Context context(Worker& worker) {
    return {.clock = worker.loop,
            .stop = hard_stop_.get_token(),
            .wind_down = wind_down_.get_token(),
            .retries = &retries_};
  }

  void fit_transfers() {
    const int fit = transfers_that_fit(options_.limits.transfers, loop_count(options_.limits));
    if (fit < options_.limits.transfers) {
      observer_.on_log("info", "transfers_lowered",
                       fmt::format("the limit of open files (ulimit -n) allows {} transfers", fit));
    }
    options_.limits.transfers = fit;
  }

  // Everything that can be known before the first byte.
  Result<> prepare() {
    fit_transfers();
    Result<std::shared_ptr<TlsContext>> tls = tls_of(options_);
    if (!tls) return passed(std::move(tls));
    Result<Filter> filter = Filter::make(options_.filter, started_utc_);
    if (!filter) return passed(std::move(filter));
    filter_ = std::move(*filter);
    run_ = new_run_id(started_utc_);
    options_.s3.traits = std::make_shared<S3Traits>();

    const int shares = loop_count(options_.limits);
    Result<std::unique_ptr<Worker>> first = Worker::make(options_, *tls, 0, shares);
    if (!first) return passed(std::move(first));
    Result<Ends> ends = reach_ends(**first, options_, user_stop_);
    if (!ends) return passed(std::move(ends));
    ends_ = std::move(*ends);
    if (ends_.region != options_.s3.region) {  // the client of another region is made anew
      options_.s3.region = ends_.region;
      first = Worker::make(options_, *tls, 0, shares);
      if (!first) return passed(std::move(first));
    }
    workers_.push_back(std::move(*first));
    breaker_ = std::make_unique<Breaker>(workers_[0]->loop);
    for (int share = 1; share < shares; ++share) {
      Result<std::unique_ptr<Worker>> worker = Worker::make(options_, *tls, share, shares);
      if (!worker) return passed(std::move(worker));
      workers_.push_back(std::move(*worker));
    }
    if (!options_.dry_run) {
      Result<std::unique_ptr<LocalLedger>> ledger =
          LocalLedger::open(options_.state_folder, run_, s3_origin(options_));
      if (!ledger) return passed(std::move(ledger));
      ledger_ = std::move(*ledger);
    }
    rules_ = rules_of(options_);
    reporter_ = std::make_unique<RunReporter>(ledger_.get(), observer_);
    reporter_->set_rules(rules_);
    reporter_->set_destination(options_.destination.bucket.str());
    observer_.on_start({.azure_login = workers_[0]->azure->describe_credential(),
                        .s3_login = workers_[0]->s3->describe_credentials(),
                        .region = options_.s3.region,
                        .encryption = encryption_text(options_),
                        .run = run_,
                        .run_folder = ledger_ ? ledger_->run_folder() : std::string()});
    return write_run_json(nullptr);
  }

  // All loops but the first. Where a limit on processes stops them, the copy runs on those that there are.
  std::vector<std::jthread> start_loops() {
    std::vector<std::jthread> threads;
    try {
      for (std::size_t i = 1; i < workers_.size(); ++i)
        threads.emplace_back([this, i] { run_loop(*workers_[i], work(*workers_[i])); });
    } catch (const std::system_error& refused) {
      reporter_->log("warning", "fewer_loops",
                     fmt::format("only {} of {} threads could be started, and the copy is slower for it: {}",
                                 threads.size() + 1, workers_.size(), refused.code().message()));
    }
    return threads;
  }

  void run_loop(Worker& worker, Task<void> main) {
    try {
      worker.loop.run(std::move(main));
    } catch (...) {
      end_run(error_of_exception());
    }
  }

  // Called in a handler.
  static Error error_of_exception() {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      try {
        return {
            .kind = ErrorKind::internal,
            .message = "out of memory",
            .advice = "Lower --transfers, or give the process more memory, and run the same command again."};
      } catch (const std::bad_alloc&) {
        return {.kind = ErrorKind::internal, .message = "out of memory"};  // short: it needs no memory
      }
    } catch (const std::exception& stray) {
      return {.kind = ErrorKind::internal, .message = fmt::format("a bug of ours: {}", stray.what())};
    } catch (...) {
      return {.kind = ErrorKind::internal, .message = "a bug of ours: an exception of an unknown type"};
    }
  }

  Stage stage_of(Worker& worker) {
    return {.azure = *worker.azure,
            .s3 = *worker.s3,
            .bus = bus_,
            .tracker = tracker_,
            .reporter = *reporter_,
            .ledger = ledger_ ? static_cast<Ledger&>(*ledger_) : no_ledger_,
            .slots = worker.slots,
            .breaker = *breaker_,
            .rules = rules_,
            .filter = filter_,
            .run = run_,
            .s3_origin = s3_origin(options_),
            .limiter = &worker.transport};
  }

  // Whatever ends the run: nothing new begins, what is under way is cut off, the queues are dropped.
  void end_run(Error error) {
    if (reporter_) reporter_->fatal(std::move(error));
    wind_down_.request_stop();
    hard_stop_.request_stop();
    bus_.abandon();
  }

  void after(Result<> result) {
    if (!result && !(result.error().kind == ErrorKind::cancelled && reporter_->stopping())) {
      end_run(std::move(result.error()));
    }
    bus_.done();
  }

  template <class Message>
  Task<void> serve(Channel<Message>& channel, Task<Result<>> (*handle)(Message, Stage&, const Context&),
                   Stage& stage, const Context& context) {
    try {
      while (std::optional<Message> message = co_await channel.pop()) {
        Result<> handled;
        try {
          handled = co_await handle(std::move(*message), stage, context);
        } catch (...) {
          handled = std::unexpected<Error>(error_of_exception());
        }
        after(std::move(handled));
      }
    } catch (...) {  // nobody serves the channel any more: others would wait for room in it for ever
      end_run(error_of_exception());
    }
  }

  // What every loop does.
  Task<void> work(Worker& worker) {
    Stage stage = stage_of(worker);
    const Context here = context(worker);
    Group group;
    try {
      start_work(group, worker, stage, here);
    } catch (...) {
      end_run(error_of_exception());
    }
    co_await group.join();
  }

  void start_work(Group& group, Worker& worker, Stage& stage, const Context& here) {
    for (int i = 0; i < batches_at_a_time; ++i) group.spawn(serve(bus_.batches, &download, stage, here));
    for (int i = 0; i < worker.streams_max; ++i) group.spawn(serve(bus_.parts, &largefile_part, stage, here));
  }

  // What the first loop does besides.
  Task<void> lead() {
    Worker& worker = *workers_[0];
    Stage stage = stage_of(worker);
    const Context here = context(worker);
    Group watching;
    std::stop_source watched;
    const Context watch_context{.clock = worker.loop, .stop = watched.get_token()};
    watching.spawn(watch(watch_context));
    Group group;
    bus_.begin();  // the launch holds the bus open
    try {
      group.spawn(list(stage, here));
      start_work(group, worker, stage, here);
      for (int i = 0; i < initializers; ++i)
        group.spawn(serve(bus_.files, &largefile_initialize, stage, here));
      for (int i = 0; i < recombiners; ++i)
        group.spawn(serve(bus_.recombines, &largefile_recombine, stage, here));
      after(co_await launch(stage, here));
    } catch (...) {  // those that were started are still joined
      end_run(error_of_exception());
    }
    bus_.finds.close();  // the containers are known
    co_await group.join();
    report_missing_names();
    // A run that saw a part of the blobs cannot tell which uploads nobody needs.
    if (!reporter_->stopping() && reporter_->knows_all() && ledger_ && options_.filter.select_all()) {
      Result<> swept = co_await sweep_uploads(stage, ends_.containers, here);
      if (!swept) reporter_->log("info", "sweep_failed", swept.error().to_line());
    }
    watched.request_stop();
    co_await watching.join();
  }

  // One container after the other. What was found in one that could not be listed to its end is copied.
  Task<void> list(Stage& stage, const Context& here) {
    while (std::optional<FindBlobs> work = co_await bus_.finds.pop()) {
      Container container = work->container;
      Result<> listed = co_await find_blobs(std::move(*work), stage, here);
      if (!listed && ends_container_only(stage, listed.error())) {
        reporter_->not_listed(std::move(container), std::move(listed.error()));
        listed = {};
      }
      after(std::move(listed));
    }
    scanning_ = false;
  }

  Task<Result<>> launch(Stage& stage, const Context& here) {
    return launch_qualification(
        {.run = run_, .begin_date = options_.filter.begin_date, .containers = ends_.containers}, stage, here);
  }

  // Those of --files-from that no container has.
  void report_missing_names() {
    if (filter_.names() == nullptr || reporter_->stopping() || !reporter_->knows_all()) return;
    const bool is_one = ends_.containers.size() == 1;
    const std::vector<std::string> missing = filter_.names()->missing();
    names_ = {.listed = filter_.names()->names().size(), .missing = missing.size()};
    for (const std::string& name : missing) {
      const ObjectRecord record =
          record_of_missing_name(name, is_one ? ends_.containers.front() : Container(), rules_.mapping);
      reporter_->found(record.blob);
      reporter_->ended(record);
    }
  }

  // Four looks a second: progress, the user's wish to stop, records to disk.
  Task<void> watch(const Context& until) {
    for (int look = 1;; ++look) {
      observer_.on_progress(progress());
      log_warnings();
      if (user_stop_.stop_requested() && !interrupted_) {
        interrupted_ = true;
        reporter_->stop();
        wind_down_.request_stop();
        bus_.abandon();
      }
      if (ledger_ && look % 8 == 0) {
        if (Result<> flushed = co_await ledger_->flush(until); !flushed) end_run(std::move(flushed.error()));
      }
      if (!co_await until.clock.sleep(look_interval, until)) break;
    }
    observer_.on_progress(progress());
  }

  void log_warnings() {
    for (std::string& text : options_.s3.traits->take_warnings())
      reporter_->log("warning", "s3", std::move(text));
  }

  Progress progress() const {
    Progress progress{.scanning = scanning_};
    reporter_->fill(progress);
    progress.large = tracker_.progress(rows_of_large);
    progress.elapsed = std::chrono::duration_cast<milliseconds>(Steady::now() - started_);
    std::int64_t held_since = 0;
    for (const auto& worker : workers_) {
      for (const std::atomic<std::uint64_t>& count : worker->azure_traffic->requests)
        progress.requests_azure += count;
      for (const std::atomic<std::uint64_t>& count : worker->s3_traffic->requests)
        progress.requests_s3 += count;
      progress.streams += worker->s3_limit->streams;
      progress.streams_limit += std::min<int>(worker->s3_limit->limit, worker->azure_limit->limit);
      for (const auto& [limit, name] :
           {std::pair{worker->azure_limit, "Azure"}, std::pair{worker->s3_limit, "S3"}}) {
        if (limit->throttle_time_ms <= held_since) continue;
        held_since = limit->throttle_time_ms;
        progress.held_by = held_text(name, limit->throttle_status, held_since);
      }
    }
    progress.streams_limit = std::min(progress.streams_limit, options_.limits.transfers);
    if (std::string waiting = breaker_->waiting_text(); !waiting.empty())
      progress.held_by = std::move(waiting);
    progress.retries = retries_;
    return progress;
  }

  static std::string held_text(const char* name, int status, std::int64_t since_ms) {
    const auto ago =
        std::chrono::duration_cast<seconds>(Steady::now().time_since_epoch() - milliseconds(since_ms));
    if (ago.count() > 60) return {};
    return status == 0 ? fmt::format("{}: time-out {} s ago", name, ago.count())
                       : fmt::format("{}: {} {} s ago", name, status, ago.count());
  }

  void finish(RunResult& result) {
    log_warnings();
    RunSummary& summary = result.summary;
    summary.totals = progress();
    reporter_->fill(summary);
    summary.interrupted = interrupted_;
    summary.names = names_;
    for (const auto& worker : workers_) {
      const auto count = [](const TrafficCounters& traffic, Method method) {
        return traffic.requests[static_cast<std::size_t>(method)].load();
      };
      for (const Method method : {Method::get, Method::head}) {
        summary.azure_reads += count(*worker->azure_traffic, method);
      }
      summary.azure_bytes += worker->azure_traffic->bytes_read;
      for (const Method method : {Method::put, Method::post, Method::del}) {
        summary.s3_writes += count(*worker->s3_traffic, method);
      }
      for (const Method method : {Method::get, Method::head})
        summary.s3_reads += count(*worker->s3_traffic, method);
    }
    if (ledger_) {
      summary.run_folder = ledger_->run_folder();
      // The loops are at rest: the ledger's file is written from here.
      if (Result<> flushed = flush_ledger(); !flushed) reporter_->fatal(std::move(flushed.error()));
    }
    result.fatal = reporter_->take_fatal();
    if (!result.fatal && !interrupted_) result.fatal = nothing_succeeded(summary);
    if (result.fatal && result.fatal->kind == ErrorKind::cancelled && interrupted_) result.fatal.reset();
    summary.cut_short = result.fatal.has_value();
    if (Result<> written = write_run_json(&result); !written && !result.fatal) result.fatal = written.error();
  }

  // All that was tried failed for one reason: that is the run's error, not a list of them.
  std::optional<Error> nothing_succeeded(RunSummary& summary) const {
    if (!summary.not_listed.empty() && summary.not_listed.size() == ends_.containers.size()) {
      Error error = std::move(summary.not_listed.front().error);
      summary.not_listed.erase(summary.not_listed.begin());
      return error;
    }
    return breaker_->at_end();
  }

  Result<> flush_ledger() {
    Result<> flushed;
    Worker& worker = *workers_[0];
    const Context here{.clock = worker.loop};
    worker.loop.run(flush_into(*ledger_, here, flushed));
    return flushed;
  }
  static Task<void> flush_into(LocalLedger& ledger, const Context& here, Result<>& flushed) {
    flushed = co_await ledger.flush(here);
  }

  Result<> write_run_json(const RunResult* result) {
    if (!ledger_) return {};
    const std::string text = run_json(run_, options_, started_utc_, result);
    return result == nullptr ? ledger_->write_run_json(text) : ledger_->write_last_run_json(text);
  }

  RunOptions options_;
  RunObserver& observer_;
  std::stop_token user_stop_;
  std::stop_source wind_down_;  // no second attempts
  std::stop_source hard_stop_;  // at once
  Steady::time_point started_{};
  UtcTime started_utc_{};
  RunId run_;
  Ends ends_;
  Filter filter_;
  CopyRules rules_;
  LocalBus bus_;
  LocalTracker tracker_;
  NoLedger no_ledger_;
  std::unique_ptr<LocalLedger> ledger_;
  std::unique_ptr<RunReporter> reporter_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Breaker> breaker_;
  std::atomic<bool> scanning_{true};
  std::atomic<std::uint64_t> retries_{0};
  bool interrupted_ = false;
  std::optional<NamesAsked> names_;
};

}  // namespace

RunResult run_copy(const RunOptions& options, RunObserver& observer, std::stop_token stop) {
  CopyRun run(options, observer, std::move(stop));
  return run.run();
}

}  // namespace azs3copy
