// launch_function.cpp: launch-qualification's host.
//
//   secret --> active, begin date reached? --> previous run over? --> run id
//     --> stage: FindBlobs, kept back --> current.json --> run.json --> publish
//
// The state stands before the first message is out, so that no run works that nobody can follow. Of two launches
// at once only one gets current.json.
#include <fmt/format.h>

#include "codec/json.hpp"
#include "codec/time.hpp"
#include "hosts/lambda/functions.hpp"
#include "hosts/lambda/message_reporter.hpp"
#include "hosts/lambda/s3_tracker.hpp"
#include "hosts/lambda/sns_bus.hpp"
#include "ledger/s3_ledger.hpp"
#include "stages/reach_source.hpp"

namespace azs3copy {

namespace {

// Clocks of Azure and of this function may differ by this much.
constexpr std::chrono::minutes clock_margin{15};

std::string reply_began(const RunId& run) {
  std::string text;
  JsonWriter(text).begin_object().field("run", run.view()).end_object();
  return text;
}

std::string reply_none(std::string_view why) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("run").null();
  json.field("why", why).end_object();
  return text;
}

class LaunchFunction {
 public:
  LaunchFunction(Engine& engine, Setup& setup, const Context& context)
      : engine_(engine),
        setup_(setup),
        context_(context),
        sending_(context.with_share(80)),
        run_(new_run_id(context.clock.utc())),
        // Kept back until the state stands.
        bus_(*setup.sns, setup.parameters.topics, sending_, SIZE_MAX),
        reporter_(telemetry(), context.clock, run_, Steady::time_point::max(), true, metrics_),
        ledger_(*setup.store, setup.s3_origin),
        tracker_(*setup.s3, ledger_, context) {}

  Task<Result<std::string>> run() {
    const LambdaParameters& given = setup_.parameters;
    const UtcTime now = context_.clock.utc();
    if (!given.is_active) co_return co_await none("not_active");
    if (given.begin_date && *given.begin_date > now) co_return co_await none("not_yet");
    Result<std::optional<RunStore::Current>> before = co_await setup_.runs->find_current(context_);
    if (!before) co_return passed(std::move(before));
    std::optional<UtcTime> begin_date = given.begin_date;
    if (*before) {
      Result<Previous> previous = co_await look_back((*before)->current, now);
      if (!previous) co_return passed(std::move(previous));
      if (previous->working) co_return reply_none("running");
      if (given.advance_begin_date && (!begin_date || previous->begin_date > begin_date)) {
        begin_date = previous->begin_date;
      }
    }
    co_return co_await begin(now, begin_date, *before);
  }

 private:
  struct Previous {
    bool working = false;
    std::optional<UtcTime> begin_date;  // all that was modified before it has been copied
  };

  Telemetry& telemetry() const { return engine_.startup().telemetry; }

  // The stage itself says no, and logs it.
  Task<Result<std::string>> none(std::string_view why) {
    Result<> said = co_await stage({});
    if (!said) co_return passed(std::move(said));
    co_return reply_none(why);
  }

  // Only half of the time: a state that is too large to be read, or cannot be, keeps nobody away for ever.
  Task<Result<Previous>> look_back(const CurrentRun& current, UtcTime now) {
    const bool alike = current.copies == copies();
    Previous previous{.begin_date = alike ? current.begin_date : std::nullopt};
    const std::string_view run = current.run.view();
    const Context half = context_.with_share(50);
    const Result<Look> seen = co_await look(current, now, half);
    if (!seen && is_alive(current.begun, now)) co_return std::unexpected<Error>(seen.error());
    if (!seen) {
      give_up(seen.error(), run);
    } else if (seen->state == State::works) {
      previous.working = true;
      telemetry().log(LogLevel::info, "running", {{"text", "the previous run still works"}}, run);
    } else if (seen->state == State::silent) {
      give_up(
          fail(ErrorKind::timed_out, "the previous run did not finish, and was inactive for run_limit", {},
               "A new run starts now. If messages of the previous run wait in a dead-letter queue, fix the "
               "cause and redrive them.")
              .error(),
          run);
    } else if (alike && setup_.parameters.advance_begin_date && seen->may_be_clean) {
      if (co_await has_all(current.run, seen->blobs)) previous.begin_date = current.begun - clock_margin;
    }
    co_return previous;
  }

  // The launch itself succeeds, so only the log, the metric and its alarm report the run that was lost.
  void give_up(const Error& why, std::string_view run) {
    telemetry().log_error("run_given_up", why, {}, run);
    telemetry().emit({.runs_given_up = 1});
  }

  bool is_alive(UtcTime last_sign, UtcTime now) const {
    return now - last_sign < setup_.parameters.run_limit;
  }

  // What the plans and the names of the records tell of a run.
  enum class State { works, silent, over };
  struct Look {
    State state = State::over;  // also of a launch that was cut off: it has published nothing
    bool may_be_clean = false;  // but lines may be more than blobs, and hide one that has none
    std::uint64_t blobs = 0;    // that must have a line
  };
  Task<Result<Look>> look(const CurrentRun& current, UtcTime now, const Context& context) {
    RunStore& runs = *setup_.runs;
    Result<std::optional<RunInfo>> info = co_await runs.find_run(current.run, context);
    if (!info) co_return passed(std::move(info));
    if (!*info) co_return Look{};
    std::map<std::string, ListingPlan> known;
    Result<PlanSummary> plans = co_await look_at_plans(runs, **info, known, context);
    if (!plans) co_return passed(std::move(plans));
    if (!plans->done) {  // their times alone may do
      const Result<std::optional<UtcTime>> sign = co_await runs.find_last_sign(current.run, context);
      if (!sign) co_return std::unexpected<Error>(sign.error());
      if (is_alive(sign->value_or(current.begun), now)) co_return Look{.state = State::works};
    }
    Result<RunStore::RecordsSum> records = co_await runs.sum_records(current.run, context);
    if (!records) co_return passed(std::move(records));
    if (is_over(*plans, records->lines)) {
      co_return Look{.may_be_clean = plans->errors.empty() && !plans->resumed && records->not_copied == 0,
                     .blobs = plans->to_copy.blobs + plans->ended};
    }
    if (is_alive(records->last_written.value_or(current.begun), now)) co_return Look{.state = State::works};
    const Result<std::optional<UtcTime>> sign = co_await runs.find_last_sign(current.run, context);
    if (!sign) co_return std::unexpected<Error>(sign.error());
    co_return Look{.state = is_alive(sign->value_or(current.begun), now) ? State::works : State::silent};
  }

  // False too where there is no time to count them.
  Task<bool> has_all(const RunId& run, std::uint64_t blobs) {
    const Context half = context_.with_share(50);
    const Result<std::uint64_t> told = co_await setup_.runs->count_blobs(run, half);
    if (told && *told >= blobs) co_return true;
    telemetry().log(LogLevel::info, "begin_date_kept",
                    {{"text", told ? "not every blob of the previous run is known to be copied"
                                   : told.error().to_line()}},
                    run.view());
    co_return false;
  }

  // What is copied to where: a begin date that was reached for something else says nothing.
  std::string copies() const {
    const LambdaParameters& given = setup_.parameters;
    std::string text = to_string(given.source) + '\n' + destination();
    if (given.begin_date) text += '\n' + to_iso8601(*given.begin_date);
    for (const Container& container : given.containers) text += '\n' + container.str();
    for (const FilterOptions::Rule& rule : given.filter.rules) {
      text += (rule.include ? "\n+" : "\n-") + rule.pattern;
    }
    text += fmt::format("\n{} {}", given.rules.mapping.flatten, given.rules.mapping.container_in_key);
    return work_name(text);
  }

  std::string destination() const {
    const DestinationAddress& to = setup_.parameters.destination;
    return fmt::format("s3://{}{}{}", to.bucket, to.prefix.empty() ? "" : "/", to.prefix);
  }

  Task<Result<std::string>> begin(UtcTime now, std::optional<UtcTime> begin_date,
                                  const std::optional<RunStore::Current>& before) {
    std::vector<Container> containers = setup_.parameters.containers;
    if (containers.empty()) {
      Result<std::vector<Container>> found =
          co_await reach_source(*setup_.azure, setup_.parameters.source, context_);
      if (!found) co_return passed(std::move(found));
      containers = std::move(*found);
    }
    if (containers.empty()) {
      telemetry().log(LogLevel::info, "no_containers", {{"text", "the account has no container"}});
      co_return reply_none("no_containers");
    }
    if (setup_.parameters.advance_begin_date) {
      if (Result<> ok = co_await refuse_hierarchical(containers); !ok) co_return passed(std::move(ok));
    }
    if (Result<> gathered = co_await stage(std::move(containers)); !gathered)
      co_return passed(std::move(gathered));
    Result<> current = co_await setup_.runs->save_current(
        {.run = run_, .begun = now, .begin_date = begin_date, .copies = copies()}, before, context_);
    const bool lost = !current && current.error().kind == ErrorKind::changed;
    if (lost && !co_await is_current()) {
      telemetry().log(LogLevel::info, "running", {{"text", "another launch has just begun a run"}});
      co_return reply_none("running");
    }
    if (!current && !lost) co_return passed(std::move(current));
    Result<> saved =
        co_await setup_.runs->save_run({.run = run_,
                                        .begun = now,
                                        .source = to_string(setup_.parameters.source),
                                        .destination = destination(),
                                        .begin_date = begin_date,
                                        .flattened = setup_.parameters.rules.mapping.flatten,
                                        .works = {bus_.listings().begin(), bus_.listings().end()}},
                                       context_);
    if (!saved) co_return passed(std::move(saved));
    if (Result<> sent = co_await bus_.flush(); !sent) {
      if (Result<> given_up = co_await give_run_up(sent.error()); !given_up)
        telemetry().log_error("state_not_written", given_up.error(), {}, run_.view());
      co_return passed(std::move(sent));
    }
    telemetry().log(LogLevel::info, "run_began", {{"listings", bus_.listings().size()}}, run_.view());
    co_return reply_began(run_);
  }

  // A begin date that advances would never see what a rename put in place. The first row tells of the account;
  // a listing that fails is left to the run, which reports it.
  Task<Result<>> refuse_hierarchical(const std::vector<Container>& containers) {
    const ListBlobsOptions one{.prefix = setup_.parameters.source.prefix, .page_rows_max = 1};
    for (const Container& container : containers) {
      const Result<BlobPage> page = co_await setup_.azure->list_blobs(container, one, context_);
      if (!page || page->blobs.empty()) continue;
      if (!page->blobs.front().hierarchical) break;
      co_return fail(ErrorKind::invalid,
                     "advance_begindate cannot be used with a hierarchical namespace: the files of a renamed "
                     "folder keep their Last-Modified, so later runs would not copy them",
                     "advance_begindate", "Set it to off; each run then compares every blob.");
    }
    co_return Result<>{};
  }

  // Where the answer to this launch's own writing was lost, its repetition finds it changed.
  Task<bool> is_current() {
    const Result<std::optional<RunStore::Current>> there = co_await setup_.runs->find_current(context_);
    co_return there && *there && (*there)->current.run == run_;
  }

  // A run of which nobody was told, or not all were, is over: the next launch begins another.
  Task<Result<>> give_run_up(const Error& error) {
    const ListingPlan plan{
        .done = true, .error = error.to_line(), .error_kind = std::string(to_string(error.kind))};
    for (const std::string& work : bus_.listings()) {
      if (Result<> saved = co_await setup_.runs->save_plan(run_, work, plan, context_); !saved)
        co_return saved;
    }
    co_return Result<>{};
  }

  Task<Result<>> stage(std::vector<Container> containers) {
    const LambdaParameters& given = setup_.parameters;
    // For what is listed at all; each listing makes its own, with the run's begin date.
    Result<Filter> filter = Filter::make({.rules = given.filter.rules}, context_.clock.utc());
    if (!filter) co_return passed(std::move(filter));
    filter_ = std::move(*filter);
    Stage stage{.azure = *setup_.azure,
                .s3 = *setup_.s3,
                .bus = bus_,
                .tracker = tracker_,
                .reporter = reporter_,
                .ledger = ledger_,
                .slots = *setup_.slots,
                .breaker = breaker_,
                .rules = given.rules,
                .filter = filter_,
                .run = run_,
                .s3_origin = setup_.s3_origin,
                .limiter = setup_.transport.get()};
    co_return co_await launch_qualification({.run = run_,
                                             .is_active = given.is_active,
                                             .begin_date = given.begin_date,
                                             .containers = std::move(containers),
                                             .levels = given.folder_levels},
                                            stage, context_);
  }

  Engine& engine_;
  Setup& setup_;
  const Context& context_;
  const Context sending_;  // the rest of the time is for saying that it went wrong
  RunId run_;
  InvocationMetrics metrics_;
  SnsBus bus_;
  MessageReporter reporter_;
  S3Ledger ledger_;
  S3Tracker tracker_;
  Filter filter_;
  Breaker breaker_{context_.clock};
};

}  // namespace

Task<Result<std::string>> launch(Engine& engine, const Invocation& /*invocation*/, const Context& context) {
  // The switch and the begin date count as they are now.
  Result<std::shared_ptr<Setup>> setup = co_await engine.setup(true, context);
  if (!setup) co_return passed(std::move(setup));
  LaunchFunction function(engine, **setup, context);
  Result<std::string> reply = co_await function.run();
  if (!reply && (reply.error().kind == ErrorKind::credentials || reply.error().kind == ErrorKind::permission))
    engine.forget();
  co_return reply;
}

}  // namespace azs3copy
