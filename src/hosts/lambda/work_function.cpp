// work_function.cpp: the host of the five stages that take messages.
//
//   event --> each message: parse --> is it for this function? --> MessageScope --> stage
//     --> what it published is with SNS --> its records are in the bucket --> done
//         `-- error, or one blob that may fare better later --> comes again: batchItemFailures
//
// A blob that fails for a passing reason among others is published alone, and its batch is done: SQS counts its
// attempts, and only its message becomes a dead letter. On the last attempt the failure is recorded as final.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hosts/lambda/event.hpp"
#include "hosts/lambda/functions.hpp"
#include "hosts/lambda/message_reporter.hpp"
#include "hosts/lambda/s3_tracker.hpp"
#include "hosts/lambda/sns_bus.hpp"
#include "ledger/s3_ledger.hpp"
#include "messages/work_json.hpp"
#include "stages/outcome.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {

namespace {

// Before the deadline: nothing new is begun; what the stage has under way is cut off; records are no longer written. A short
// time-out has shares of its own.
constexpr milliseconds wind_down{60'000};
constexpr milliseconds cut_off{10'000};
constexpr milliseconds closing{1'000};

// How the time of one invocation is divided.
struct Times {
  Context stage;    // of reads and writes of blobs
  Context closing;  // of what says how it went, publishing and records, and of what cleans up
  Steady::time_point stop_at = Steady::time_point::max();
};
Times divide(const Context& context) {
  Times times{.stage = context, .closing = context};
  if (context.deadline == Steady::time_point::max()) return times;
  const auto left = std::chrono::duration_cast<milliseconds>(context.deadline - context.clock.now());
  times.stop_at = context.deadline - std::min(wind_down, left / 2);
  times.stage.deadline = context.deadline - std::min(cut_off, left / 5);
  times.closing.deadline = context.deadline - std::min(closing, left / 20);
  times.stage.clean_up_deadline = times.closing.deadline;
  return times;
}
Tally larger(const Tally& a, const Tally& b) {
  return {.blobs = std::max(a.blobs, b.blobs), .bytes = std::max(a.bytes, b.bytes)};
}
FunctionName function_for(const FindBlobs&) {
  return FunctionName::find_blobs;
}
FunctionName function_for(const CopyBatch&) {
  return FunctionName::download;
}
FunctionName function_for(const LargeFile&) {
  return FunctionName::largefile_initializer;
}
FunctionName function_for(const PartTask&) {
  return FunctionName::largefile_parter;
}
FunctionName function_for(const Recombine&) {
  return FunctionName::largefile_recombinator;
}

// Of a listing: Azure would give the same answer again, and only another message can mend that. A login, a right or
// a topic's name may be mended meanwhile.
bool fails_for_good(const Error& error) {
  return error.service_code == "ContainerNotFound" || error.service_code == "InvalidResourceName";
}

// Whose end the message is about, where it is about one blob.
const CopyTask& task_of(const LargeFile& file) {
  return file.task;
}
const CopyTask& task_of(const PartTask& part) {
  return part.upload.task;
}
const CopyTask& task_of(const Recombine& work) {
  return work.upload.task;
}

// What the log says of its end.
std::string_view done_event(const LargeFile&) {
  return "parts_sent";
}
std::string_view done_event(const PartTask&) {
  return "part_copied";
}
std::string_view done_event(const Recombine&) {
  return "recombined";
}

// One message on its way through its stage.
class MessageScope {
 public:
  MessageScope(Engine& engine, Setup& setup, const EventItem& item, RunId run, bool listing,
               const Times& times, InvocationMetrics& metrics)
      : engine_(engine),
        setup_(setup),
        item_(item),
        run_(std::move(run)),
        context_(times.closing),
        stage_context_(times.stage),
        metrics_(metrics),
        bus_(*setup.sns, setup.parameters.topics, context_),
        reporter_(telemetry(), context_.clock, run_, times.stop_at, listing, metrics),
        ledger_(*setup.store, setup.s3_origin),
        tracker_(*setup.s3, ledger_, context_, item.receive_count > 1),
        breaker_(context_.clock, {.ends_on_refusals = false}),
        stage_{.azure = *setup.azure,
               .s3 = *setup.s3,
               .bus = bus_,
               .tracker = tracker_,
               .reporter = reporter_,
               .ledger = ledger_,
               .slots = *setup.slots,
               .breaker = breaker_,
               .rules = setup.parameters.rules,
               .filter = filter_,
               .run = run_,
               .s3_origin = setup.s3_origin,
               .limiter = setup.transport.get()} {}

  // True: done. False: the message must come again. An error: the same, and why.
  Task<Result<bool>> work(FindBlobs work) {
    const std::string name = work_name(item_.body);
    const std::string container = work.container.str();
    Result<bool> listed = co_await list(std::move(work), name);
    const bool for_good = !listed && fails_for_good(listed.error());
    if (listed || !(for_good || is_last_attempt())) co_return listed;
    const bool is_told = co_await give_listing_up(name, listed.error());
    if (!for_good || !is_told) co_return listed;
    ++metrics_.failed;
    ++metrics_.failed_by_class[std::string(to_string(listed.error().kind))];
    telemetry().log_error("listing_failed", listed.error(), {{"container", container}}, run_.view());
    co_return true;
  }

  Task<Result<bool>> work(CopyBatch batch) {
    const bool alone = batch.tasks.size() == 1;
    const std::string name = alone ? blob_record_name(batch.tasks.front().blob) : work_name(item_.body);
    if (item_.receive_count > 1) {
      Result<bool> done = co_await runs().is_done(run_, name, batch.tasks.size(), context_);
      if (!done) co_return co_await end_all(batch.tasks, name, std::move(done.error()));
      if (*done) co_return done_before();
    }
    Result<> copied = co_await download(batch, stage_, stage_context_);
    if (!copied) co_return co_await end_all(batch.tasks, name, std::move(copied.error()));
    forget_refused_login();
    // Sent on one by one they would be as many messages, each for the login.
    if (!alone && reporter_.passing.size() == batch.tasks.size() && is_login_refused(reporter_.passing))
      co_return co_await end_all(batch.tasks, name, *reporter_.passing.front().error);
    if (alone) co_return co_await close_one(batch.tasks.front(), name);
    for (const ObjectRecord& record : reporter_.passing) {
      ++metrics_.retried;
      log_passing("again_alone", record);
      CopyBatch again{.run = run_, .tasks = {{.blob = record.blob, .key = record.key}}};
      if (Result<> sent = co_await bus_.publish(std::move(again)); !sent)
        co_return co_await end_all(batch.tasks, name, std::move(sent.error()));
    }
    if (Result<> sent = co_await bus_.flush(); !sent)
      co_return co_await end_all(batch.tasks, name, std::move(sent.error()));
    const std::uint64_t ended = reporter_.line_count;
    if (Result<> saved = co_await save_records(name); !saved) co_return passed(std::move(saved));
    telemetry().log(LogLevel::info, "batch_done", {{"blobs", batch.tasks.size()}, {"ended", ended}},
                    run_.view());
    co_return true;
  }

  template <class LargeWork>
  Task<Result<bool>> work(LargeWork work) {
    const CopyTask task = task_of(work);
    const std::string_view done = done_event(work);
    const std::string name = blob_record_name(task.blob);
    Result<Turn> turn = co_await turn_of(work, name);
    if (!turn) co_return co_await end_all({task}, name, std::move(turn.error()));
    if (*turn == Turn::over) co_return done_before();
    if (*turn == Turn::made) {
      reporter_.ended({.outcome = Outcome::unchanged, .blob = task.blob, .key = task.key});
      co_return co_await close_one(task, name);
    }
    Result<> ended = co_await run_stage(work);
    if (!ended) co_return co_await end_all({task}, name, std::move(ended.error()));
    forget_refused_login();
    const bool did_it = did_its_work(work);
    const Result<bool> closed = co_await close_one(task, name);
    if (did_it && closed && *closed)
      telemetry().log(LogLevel::info, done, {{"blob", task.blob.name.view()}}, run_.view());
    co_return closed;
  }

  // Of a message that comes again without an error. A refused login needs a person, who needs time.
  bool failed_transiently() const {
    return std::ranges::all_of(reporter_.passing, [](const ObjectRecord& record) {
      return record.error && is_passing(*record.error);
    });
  }

 private:
  Telemetry& telemetry() const { return engine_.startup().telemetry; }
  RunStore& runs() const { return *setup_.runs; }
  bool is_last_attempt() const {
    return item_.receive_count >= static_cast<std::uint64_t>(engine_.receives_max());
  }

  bool done_before() const {
    telemetry().log(LogLevel::info, "done_before", {{"message_id", item_.id}}, run_.view());
    return true;
  }

  void log_passing(std::string_view event, const ObjectRecord& record) const {
    telemetry().log(LogLevel::info, event,
                    {{"blob", record.blob.name.view()},
                     {"error", record.error ? record.error->to_line() : std::string()}},
                    run_.view());
  }

  static bool is_login_refused(const std::vector<ObjectRecord>& records) {
    return std::ranges::all_of(
        records, [](const ObjectRecord& record) { return record.error && ends_the_run(*record.error); });
  }

  // The next message reads the secret again: it may have been mended.
  void forget_refused_login() {
    const auto refused = [](const ObjectRecord& record) {
      return record.error && record.error->kind == ErrorKind::credentials;
    };
    if (std::ranges::any_of(reporter_.passing, refused)) engine_.forget();
  }

  Task<Result<>> run_stage(LargeFile file) {
    return largefile_initialize(std::move(file), stage_, stage_context_);
  }
  Task<Result<>> run_stage(PartTask part) { return largefile_part(std::move(part), stage_, stage_context_); }
  Task<Result<>> run_stage(Recombine work) {
    return largefile_recombine(std::move(work), stage_, stage_context_);
  }

  // False where the blob has ended in another way, here or elsewhere.
  bool did_its_work(const LargeFile& /*file*/) const { return reporter_.line_count == 0; }
  bool did_its_work(const PartTask& part) const { return tracker_.is_open(part.upload); }
  bool did_its_work(const Recombine& /*work*/) const { return reporter_.line_count > reporter_.not_copied; }

  Task<Result<bool>> list(FindBlobs work, const std::string& name) {
    const std::string container = work.container.str();
    Result<std::optional<ListingPlan>> plan = co_await runs().find_plan(run_, name, context_);
    if (!plan) co_return passed(std::move(plan));
    plan_is_known_ = true;
    if (*plan) {  // an earlier delivery: go on where it was
      if ((*plan)->done) co_return done_before();
      reporter_.plan = kept_plan_ = std::move(**plan);
      sent_before_ = std::exchange(reporter_.plan.sending, {});
      reporter_.plan.resumed = kept_plan_.resumed = true;  // it may also have handed its rest on, unnoted
      work.marker = reporter_.plan.marker;
    }
    if (Result<> ready = co_await make_filter(); !ready) co_return passed(std::move(ready));
    bus_.on_page([this, &name](Tally to_copy) { return announce(name, to_copy); });
    bus_.on_checkpoint([this, &name](const FindBlobs& rest) { return keep(name, rest); });
    Result<> listed = co_await find_blobs(std::move(work), stage_, stage_context_);
    const bool ran_out = !listed && reporter_.stopping() && is_passing(listed.error());
    if (ran_out && rest_ && page_ == Tally{}) listed = co_await hand_on();
    if (!listed) co_return passed(std::move(listed));
    if (bus_.listings().contains(name)) {  // its rest is all of it: sent on, it would find its own plan
      co_return fail(ErrorKind::timed_out, "there was no time to decide one page", container,
                     "The message comes again. Give the function more time, or the services less to do.");
    }
    if (Result<> sent = co_await bus_.flush(); !sent) co_return passed(std::move(sent));
    if (Result<> saved = co_await save_listing(name, reporter_.plan.marker, true); !saved)
      co_return passed(std::move(saved));
    telemetry().log(LogLevel::info, "listed",
                    {{"container", container},
                     {"found", reporter_.plan.found.blobs},
                     {"to_copy", reporter_.plan.to_copy.blobs},
                     {"unchanged", reporter_.plan.unchanged.blobs},
                     {"folders", reporter_.plan.folders}},
                    run_.view());
    co_return true;
  }

  // The page that there was no time to decide, and all behind it. Nothing of it is out, and what it has counted is
  // not kept.
  Task<Result<>> hand_on() {
    reporter_.plan = kept_plan_;
    reporter_.lines.clear();
    reporter_.line_count = reporter_.not_copied = 0;
    return bus_.publish(*rest_);
  }

  Task<Result<>> keep(const std::string& name, const FindBlobs& rest) {
    Result<> saved = co_await save_listing(name, rest.marker, false);
    if (saved) rest_ = rest;
    co_return saved;
  }

  // Counted is what lies before the page that failed; of the page itself some may have been published.
  // False where the plan does not say so.
  Task<bool> give_listing_up(const std::string& name, const Error& error) {
    if (!plan_is_known_) co_return false;
    kept_plan_.error = error.to_line();
    kept_plan_.error_kind = to_string(error.kind);
    kept_plan_.done = true;
    const Result<> told = co_await runs().save_plan(run_, name, kept_plan_, context_);
    if (!told) telemetry().log_error("state_not_written", told.error(), {}, run_.view());
    co_return told.has_value();
  }

  // The run's begin date: what launch-qualification has decided.
  Task<Result<>> make_filter() {
    Result<std::optional<RunInfo>> info = co_await runs().find_run(run_, context_);
    if (!info) co_return passed(std::move(info));
    FilterOptions options = setup_.parameters.filter;
    if (*info) options.begin_date = (*info)->begin_date;
    Result<Filter> filter = Filter::make(std::move(options), context_.clock.utc());
    if (!filter) co_return passed(std::move(filter));
    filter_ = std::move(*filter);
    co_return Result<>{};
  }

  // Before a page's messages are out: a second delivery finds what of them was copied meanwhile unchanged, and it
  // must count as sent all the same.
  Task<Result<>> announce(const std::string& name, Tally to_copy) {
    ListingPlan plan = kept_plan_;
    plan.sending = larger(to_copy, sent_before_);
    page_ = to_copy;
    co_return co_await runs().save_plan(run_, name, plan, context_);
  }

  // Records before the plan that counts them.
  Task<Result<>> save_listing(const std::string& name, std::string marker, bool done) {
    ListingPlan& plan = reporter_.plan;
    if (sent_before_.blobs > 0) {
      const Tally counted = larger(page_, sent_before_);
      plan.to_copy.blobs += counted.blobs - page_.blobs;
      plan.to_copy.bytes += counted.bytes - page_.bytes;
      plan.unchanged.blobs -= std::min(plan.unchanged.blobs, counted.blobs - page_.blobs);
      plan.unchanged.bytes -= std::min(plan.unchanged.bytes, counted.bytes - page_.bytes);
    }
    if (reporter_.line_count > 0) {
      Result<> saved = co_await save_records(fmt::format("{}-{}", name, plan.chunks));
      if (!saved) co_return saved;
      ++plan.chunks;
    }
    plan.done = done;
    plan.marker = std::move(marker);
    plan.next.insert(bus_.listings().begin(), bus_.listings().end());
    Result<> saved = co_await runs().save_plan(run_, name, plan, context_);
    if (!saved) co_return saved;
    kept_plan_ = plan;
    page_ = sent_before_ = {};
    co_return saved;
  }

  // What is left of a message about a large blob.
  enum class Turn {
    here,  // it is this one's to do
    over,  // an earlier delivery or another message has ended the blob, or will
    made,  // another run has completed the upload: this one has no record of the blob yet
  };
  // Asked of each large blob: SNS too may deliver twice.
  Task<Result<Turn>> turn_of(const LargeFile& /*file*/, const std::string& name) {
    const Result<bool> done = co_await runs().is_done(run_, name, 1, context_);
    if (!done) co_return std::unexpected<Error>(done.error());
    co_return *done ? Turn::over : Turn::here;
  }
  // Who ended the upload of a part has told of the blob, be it of its failure.
  Task<Result<Turn>> turn_of(const PartTask& part, const std::string& name) {
    return turn_of(part.upload, runs().has_ended(run_, name, context_));
  }
  Task<Result<Turn>> turn_of(const Recombine& work, const std::string& name) {
    return turn_of(work.upload, runs().is_done(run_, name, 1, context_));
  }
  // An upload whose manifest is gone was ended by a message; by an earlier delivery of this one where it comes again
  // and the blob's end is not recorded. Then the stage finds out what became of it.
  Task<Result<Turn>> turn_of(const Upload& upload, Task<Result<bool>> is_told) {
    const Result<S3Tracker::Manifest> manifest = co_await tracker_.look(upload);
    if (!manifest) co_return std::unexpected<Error>(manifest.error());
    if (*manifest == S3Tracker::Manifest::names_it) co_return Turn::here;
    if (*manifest == S3Tracker::Manifest::names_another) co_return Turn::over;
    const Result<bool> told = co_await std::move(is_told);
    if (!told) co_return std::unexpected<Error>(told.error());
    if (*told) co_return Turn::over;
    if (item_.receive_count > 1) {
      tracker_.take_for_open(upload);
      co_return Turn::here;
    }
    const auto made = co_await find_made_from(stage_, upload.task, context_);
    if (!made) co_return std::unexpected<Error>(made.error());
    co_return *made ? Turn::made : Turn::over;
  }

  // The end of a message about one blob.
  Task<Result<bool>> close_one(const CopyTask& task, const std::string& name) {
    if (Result<> sent = co_await bus_.flush(); !sent)
      co_return co_await end_all({task}, name, std::move(sent.error()));
    bool comes_again = false;
    for (const ObjectRecord& record : reporter_.passing) {
      comes_again = true;
      if (is_last_attempt()) {
        reporter_.record(record);
        continue;
      }
      ++metrics_.retried;
      log_passing("comes_again", record);
      if (Result<> saved = co_await runs().save_failing(run_, name, record, context_); !saved)
        co_return passed(std::move(saved));
    }
    if (Result<> saved = co_await save_records(name); !saved) co_return passed(std::move(saved));
    co_return !comes_again;
  }

  // No blob of the message can go on: the storage is full, the bucket is gone, no login is to be had.
  Task<Result<bool>> end_all(const std::vector<CopyTask>& tasks, const std::string& name, Error error) {
    if (is_last_attempt()) {
      for (const ObjectRecord& record : reporter_.passing) reporter_.record(record);
      for (const CopyTask& task : tasks) {
        if (!reporter_.ended_blobs.contains(task.blob.name)) reporter_.record(record_of_error(task, error));
      }
      if (Result<> saved = co_await save_records(name); !saved)
        telemetry().log_error("state_not_written", saved.error(), {}, run_.view());
    }
    co_return std::unexpected<Error>(std::move(error));
  }

  Task<Result<>> save_records(std::string name) {
    if (reporter_.line_count == 0) co_return Result<>{};
    // Found done by somebody else: what that one has recorded says more.
    const bool overwrite = !reporter_.found_done;
    Result<> saved = co_await runs().save_records(run_,
                                                  {.name = std::move(name),
                                                   .lines = std::move(reporter_.lines),
                                                   .count = reporter_.line_count,
                                                   .not_copied = reporter_.not_copied,
                                                   .overwrite = overwrite},
                                                  context_);
    reporter_.lines.clear();
    reporter_.line_count = reporter_.not_copied = 0;
    co_return saved;
  }

  Engine& engine_;
  Setup& setup_;
  const EventItem& item_;
  RunId run_;
  const Context& context_;
  const Context& stage_context_;
  InvocationMetrics& metrics_;
  Filter filter_;
  SnsBus bus_;
  MessageReporter reporter_;
  S3Ledger ledger_;
  S3Tracker tracker_;
  // Refusals are their blobs' alone: the queue counts how often each is tried.
  Breaker breaker_;
  Stage stage_;
  ListingPlan kept_plan_;  // as it was written last, but for what is being sent
  bool plan_is_known_ = false;
  Tally sent_before_;              // of the page at which an earlier delivery was cut off
  Tally page_;                     // of the page that is being sent
  std::optional<FindBlobs> rest_;  // from the last checkpoint of this delivery on
};

class WorkFunction {
 public:
  WorkFunction(Engine& engine, Setup& setup, const Context& context)
      : engine_(engine), setup_(setup), context_(context), times_(divide(context)) {}

  Task<Result<std::string>> run(const Event& event) {
    Group group;
    for (const EventItem& item : event.items) group.spawn(take(item));
    co_await group.join();
    close_metrics(event);
    if (event.kind == EventKind::sqs) co_return sqs_response(again_);
    if (first_error_) co_return std::unexpected<Error>(*first_error_);
    if (!again_.empty())
      co_return fail(ErrorKind::unavailable, "a blob failed for a passing reason: the event must come again");
    co_return std::string("{}");
  }

 private:
  Telemetry& telemetry() const { return engine_.startup().telemetry; }

  Task<void> take(const EventItem& item) {
    Result<bool> done = co_await work(item);
    if (!done) {
      const ErrorKind kind = done.error().kind;
      if (kind == ErrorKind::credentials || kind == ErrorKind::permission) engine_.forget();
      telemetry().log_error("message_failed", done.error(),
                            {{"message_id", item.id}, {"receive_count", item.receive_count}});
      if (!first_error_) first_error_ = done.error();
    }
    if (!done || !*done) again_.push_back(item.id);
  }

  Task<Result<bool>> work(const EventItem& item) {
    Result<WorkMessage> message = work_message_from_json(item.body);
    if (!message) co_return failed(std::move(message), "read the message");
    const FunctionName wanted = std::visit([](const auto& each) { return function_for(each); }, *message);
    const FunctionName here = engine_.startup().name;
    if (wanted != here) {
      co_return fail(ErrorKind::invalid,
                     fmt::format("the message is for {}, and this is {}", to_string(wanted), to_string(here)),
                     item.source_arn, "Look at the subscriptions of the topics, and at sns_arn_l1 to l5.");
    }
    const RunId run = std::visit([](const auto& each) { return each.run; }, *message);
    MessageScope scope(engine_, setup_, item, run, here == FunctionName::find_blobs, times_, metrics_);
    Result<bool> done =
        co_await std::visit([&scope](auto& each) { return scope.work(std::move(each)); }, *message);
    for (const std::string& text : setup_.s3_traits->take_warnings())
      telemetry().log(LogLevel::info, "s3_warning", {{"text", text}}, run.view());
    const bool is_transient = done ? !*done && scope.failed_transiently() : is_passing(done.error());
    if (is_transient) co_await engine_.redelivery().hasten(item, times_.closing);
    co_return done;
  }

  void close_metrics(const Event& event) {
    for (const EventItem& item : event.items) {
      if (!item.sent) continue;
      const double age = std::chrono::duration<double>(taken_ - *item.sent).count();
      metrics_.queue_age_seconds = std::max(metrics_.queue_age_seconds, age);
    }
    const double took = std::chrono::duration<double>(context_.clock.now() - begun_).count();
    if (metrics_.moved_bytes > 0)
      metrics_.seconds_per_gib = took / (static_cast<double>(metrics_.moved_bytes) / double(1ULL << 30));
    telemetry().emit(metrics_);
  }

  Engine& engine_;
  Setup& setup_;
  const Context& context_;
  Times times_;
  Steady::time_point begun_ = context_.clock.now();
  UtcTime taken_ = context_.clock.utc();  // when the messages left the queue
  InvocationMetrics metrics_;
  std::vector<std::string> again_;  // ids of messages
  std::optional<Error> first_error_;
};

}  // namespace

Task<Result<std::string>> work_off(Engine& engine, const Invocation& invocation, const Context& context) {
  Result<Event> event = parse_event(invocation.payload);
  if (!event) co_return passed(std::move(event));
  if (event->items.empty()) {
    co_return fail(ErrorKind::invalid, "the event has no message of azs3copy", to_string(event->kind),
                   "This function takes its work from its queue; start a copy at launch-qualification.");
  }
  Result<std::shared_ptr<Setup>> setup = co_await engine.setup(false, context.with_share(90));
  if (!setup && is_passing(setup.error())) {
    for (const EventItem& item : event->items) co_await engine.redelivery().hasten(item, context);
  }
  if (!setup) co_return passed(std::move(setup));
  WorkFunction function(engine, **setup, context);
  co_return co_await function.run(*event);
}

}  // namespace azs3copy
