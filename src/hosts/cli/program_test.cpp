// program_test.cpp: the whole program with an engine of the test's:
// what goes to which stream, and the exit code.
#include "hosts/cli/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/json.hpp"
#include "codec/time.hpp"
#include "hosts/cli/exit_code.hpp"

namespace azs3copy::cli {
namespace {

// A stream that can be read again.
class Captured {
 public:
  Captured() : descriptor_(::memfd_create("captured", MFD_CLOEXEC)), output_(descriptor_) {}
  ~Captured() { ::close(descriptor_); }
  Output& output() { return output_; }
  std::string text() const {
    std::string text(static_cast<std::size_t>(::lseek(descriptor_, 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(descriptor_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

 private:
  int descriptor_;
  Output output_;
};

struct Ending {
  int code = 0;
  std::string out;
  std::string err;
};

Surroundings surroundings() {
  return {.environment = {{"HOME", "/nonexistent"}},
          .read_file = [](const std::string& path) -> Result<std::string> {
            return fail(ErrorKind::not_found, "cannot be read", path);
          },
          .readable_by_others = [](const std::string&) { return false; },
          .now = *parse_iso8601("2026-11-23T07:42:10Z")};
}

Ending run(std::vector<std::string> words, const Engine& engine = {}) {
  Captured out;
  Captured err;
  const int code = run_program(words, surroundings(), engine, out.output(), err.output());
  return {.code = code, .out = out.text(), .err = err.text()};
}

std::vector<std::string> copy_words(std::vector<std::string> flags = {}) {
  flags.insert(flags.begin(), "copy");
  flags.insert(flags.end(), {"https://acme.blob.core.windows.net/photos", "s3://acme-photos/2024"});
  return flags;
}

// A copy of three blobs, one of which fails.
RunResult small_copy(const RunOptions&, RunObserver& observer, const std::stop_token&) {
  observer.on_start(
      {.azure_login = "anonymous", .s3_login = "profile work", .run = RunId("r1"), .run_folder = "/r1"});
  observer.on_log("info", "retry", "503 SlowDown");
  observer.on_log("debug", "detail", "more");
  observer.on_record({.outcome = Outcome::copied, .blob = {.name = BlobName("a")}, .bytes = 3});
  observer.on_record({.outcome = Outcome::failed,
                      .blob = {.name = BlobName("b\n")},
                      .error = Error{.kind = ErrorKind::permission, .message = "no", .http_status = 403}});
  RunResult result;
  result.summary.totals = {.scanning = false,
                           .found = {3, 10},
                           .copied = {2, 6},
                           .failed = {1, 4},
                           .bytes_moved = 6,
                           .bytes_planned = 10,
                           .elapsed = seconds(61)};
  result.summary.not_copied = {{.outcome = Outcome::failed,
                                .cause = "403 X",
                                .count = 1,
                                .first_names = {"b\n"},
                                .first_lines = {"x 403 X: no"}}};
  result.summary.run_folder = "/r1";
  observer.on_progress(result.summary.totals);
  return result;
}

TEST(Program, CopyPrintsResultsToOneStreamAndProgressToTheOther) {
  const Ending ended = run(copy_words(), {.copy = small_copy});
  EXPECT_EQ(ended.code, exit_some_failed);
  EXPECT_NE(ended.out.find("az://acme/photos"), std::string::npos);
  EXPECT_NE(ended.out.find("Copied 2 blobs"), std::string::npos);
  EXPECT_NE(ended.out.find("b\\n  403 X: no"), std::string::npos);
  EXPECT_NE(ended.err.find("1m01s  copied 2"), std::string::npos);
  EXPECT_EQ(ended.out.find("1m01s  copied 2"), std::string::npos);
  EXPECT_EQ(ended.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(ended.err.find('\x1b'), std::string::npos);
}

TEST(Program, QuietShowsErrorsOnly) {
  const Ending ended = run(copy_words({"-q"}), {.copy = small_copy});
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find("b\\n"), std::string::npos);
  EXPECT_EQ(ended.err.find("Copied"), std::string::npos);
  EXPECT_EQ(ended.code, exit_some_failed);
}

TEST(Program, VerboseShowsEachBlobAndLog) {
  EXPECT_EQ(run(copy_words(), {.copy = small_copy}).err.find("SlowDown"), std::string::npos);
  const Ending once = run(copy_words({"-v"}), {.copy = small_copy});
  EXPECT_NE(once.err.find("copied    a  3 B"), std::string::npos);
  EXPECT_NE(once.err.find("retry: 503 SlowDown"), std::string::npos);
  EXPECT_EQ(once.err.find("detail"), std::string::npos);
  EXPECT_NE(run(copy_words({"-vv"}), {.copy = small_copy}).err.find("detail: more"), std::string::npos);
}

std::vector<Json> events_of(const std::string& text) {
  std::vector<Json> events;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    EXPECT_NE(end, std::string_view::npos) << "a line without its end";
    const Result<Json> event = Json::parse(rest.substr(0, end));
    EXPECT_TRUE(event && event->is_object()) << rest.substr(0, end);
    if (event) events.push_back(*event);
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
  }
  return events;
}

const Json* find_event(const std::vector<Json>& events, std::string_view name) {
  for (const Json& event : events) {
    if (event["event"].string_or("") == name) return &event;
  }
  return nullptr;
}

TEST(Program, JsonIsEventsAndNothingElse) {
  const Ending ended = run(copy_words({"--json"}), {.copy = small_copy});
  EXPECT_EQ(ended.err, "");
  const std::vector<Json> events = events_of(ended.out);
  for (const char* name : {"start", "record", "log", "progress", "summary"}) {
    EXPECT_NE(find_event(events, name), nullptr) << name;
  }
  for (const Json& event : events) EXPECT_TRUE(parse_iso8601(event["time"].string_or("")));
  const Json& end = *find_event(events, "summary");
  EXPECT_EQ(end["exit_code"].integer(), exit_some_failed);
  EXPECT_EQ(end["copied"]["blobs"].integer(), 2);
  EXPECT_EQ(end["not_copied"].at(0)["first_names"].at(0).string(), "b\n") << "events are exact";
  EXPECT_EQ((*find_event(events, "record"))["record"]["source"].string(), "a");
  EXPECT_EQ((*find_event(events, "progress"))["bytes_planned"].integer(), 10);
  EXPECT_EQ((*find_event(events, "start"))["source"].string(), "az://acme/photos");
}

TEST(Program, JsonHoldsUsageErrorsToo) {
  const Ending ended = run(copy_words({"--json", "--transfer", "3"}));
  EXPECT_EQ(ended.code, exit_usage);
  EXPECT_EQ(ended.err, "");
  const std::vector<Json> events = events_of(ended.out);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["event"].string(), "error");
  EXPECT_EQ(events[0]["exit_code"].integer(), exit_usage);
}

TEST(Program, TheLogFileHoldsTheEvents) {
  const std::string path = testing::TempDir() + "azs3copy-program-test.log";
  ::unlink(path.c_str());
  const Ending ended = run(copy_words({"--log-file", path}), {.copy = small_copy});
  EXPECT_NE(ended.out.find("Copied 2 blobs"), std::string::npos);
  const Result<std::string> text = process_surroundings(environ).read_file(path);
  ::unlink(path.c_str());
  ASSERT_TRUE(text);
  const std::vector<Json> events = events_of(*text);
  for (const char* name : {"start", "record", "log", "summary"})
    EXPECT_NE(find_event(events, name), nullptr) << name;
  EXPECT_EQ(text->find("detail"), std::string::npos) << "debug only with -vv";
  EXPECT_EQ(run(copy_words({"--log-file", "/nonexistent/x"}), {.copy = small_copy}).code, exit_usage);
}

TEST(Program, AFatalErrorIsTheLastWord) {
  const auto refused = [](const RunOptions&, RunObserver&, const std::stop_token&) {
    return RunResult{.fatal = Error{.kind = ErrorKind::permission,
                                    .message = "not authorized",
                                    .operation = "cannot list container \"photos\": azure.list_blobs",
                                    .service_code = "AuthorizationFailure",
                                    .http_status = 403}};
  };
  const Ending ended = run(copy_words(), {.copy = refused});
  EXPECT_EQ(ended.code, exit_credentials);
  EXPECT_EQ(ended.out, "") << "no summary of a run that did not start";
  EXPECT_TRUE(ended.err.starts_with("azs3copy: cannot list container \"photos\": 403 AuthorizationFailure\n"))
      << ended.err;
}

TEST(Program, AStrayExceptionIsABugAndCodeSeven) {
  const auto stray = [](const RunOptions&, RunObserver&, const std::stop_token&) -> RunResult {
    throw std::runtime_error("index out of range");
  };
  const Ending ended = run(copy_words(), {.copy = stray});
  EXPECT_EQ(ended.code, exit_fatal);
  EXPECT_NE(ended.err.find("this is a bug: index out of range"), std::string::npos);
}

// `azs3copy copy > /mnt/full/out` must not end with 0.
TEST(Program, AFullDiskBehindStandardOutputIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Output out(full);
  Captured err;
  const std::vector<std::string> words = {"help"};
  EXPECT_EQ(run_program(words, surroundings(), {}, out, err.output()), exit_fatal);
  EXPECT_NE(err.text().find("cannot write to standard output: No space left"), std::string::npos);
  ::close(full);
}

TEST(Program, AReaderThatWentAwayEndsAListingQuietly) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  Output out(ends[1]);
  Captured err;
  int listed = 0;
  const auto endless = [&](const RunOptions&, bool, const std::function<void(const ListRow&)>& on_row,
                           const std::stop_token& stop) -> Result<> {
    for (; !stop.stop_requested() && listed < 1'000'000; ++listed) on_row({.name = "a/long/name/of/a/blob"});
    return fail(ErrorKind::cancelled, "stopped on request");
  };
  const std::vector<std::string> words = {"ls", "https://acme.blob.core.windows.net/photos"};
  EXPECT_EQ(run_program(words, surroundings(), {.ls = endless}, out, err.output()), exit_broken_pipe);
  EXPECT_LT(listed, 100'000) << "it went on listing for nobody";
  EXPECT_EQ(err.text(), "");
  ::close(ends[1]);
}

TEST(Program, CheckShowsRowsAndEndsWithOne) {
  const auto check = [](const RunOptions&, const CheckOptions&,
                        const std::function<void(const CheckRow&)>& on_row, const std::stop_token&) {
    on_row({.mark = CheckMark::equal, .name = "a"});
    on_row({.mark = CheckMark::missing_at_destination, .name = "b"});
    return CheckResult{.summary = {.equal = 1, .equal_by_time = 1, .missing = 1}};
  };
  const std::vector<std::string> ends = {"https://acme.blob.core.windows.net/photos",
                                         "s3://acme-photos/2024"};
  Ending ended = run({"check", ends[0], ends[1]}, {.check = check});
  EXPECT_EQ(ended.code, exit_some_failed);
  EXPECT_NE(ended.out.find("  + b\n"), std::string::npos);
  EXPECT_EQ(ended.out.find("= a"), std::string::npos);
  ended = run({"check", "--combined", ends[0], ends[1]}, {.check = check});
  EXPECT_EQ(ended.out, "= a\n+ b\n");
  EXPECT_NE(ended.err.find("1 equal"), std::string::npos);
  ended = run({"check", "--json", ends[0], ends[1]}, {.check = check});
  const std::vector<Json> events = events_of(ended.out);
  EXPECT_EQ((*find_event(events, "row"))["mark"].string(), "+");
  EXPECT_EQ((*find_event(events, "end"))["missing"].integer(), 1);
  EXPECT_EQ(ended.err, "");
}

TEST(Program, CleanupSaysWhatItDid) {
  const auto none = [](const RunOptions&, const CleanupOptions&,
                       const std::function<void(const CleanupRow&)>&,
                       const std::stop_token&) { return CleanupResult{}; };
  EXPECT_EQ(run({"cleanup", "s3://acme-photos"}, {.cleanup = none}).out,
            "No open upload of ours was found.\n");
  const auto one = [](const RunOptions&, const CleanupOptions&,
                      const std::function<void(const CleanupRow&)>& on_row, const std::stop_token&) {
    on_row({.key = Key("k"), .upload = UploadId("u"), .outcome = "aborted"});
    return CleanupResult{.aborted = 1};
  };
  const Ending ended = run({"cleanup", "s3://acme-photos"}, {.cleanup = one});
  EXPECT_NE(ended.out.find("  aborted       1970-01-01 00:00:00  k\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("Aborted 1 upload."), std::string::npos);
}

RunStatus status_of(bool over) {
  RunStatus status{.run = RunId("r1"),
                   .begun = *parse_iso8601("2026-11-23T03:00:00Z"),
                   .source = "az://acme/photos",
                   .destination = "s3://acme-photos",
                   .listings = 1,
                   .listings_done = 1,
                   .listed = true,
                   .found = {4, 40},
                   .planned = {3, 30},
                   .over = over,
                   .elapsed = seconds(20)};
  status.unchanged = {1, 10};
  status.copied = {over ? 2u : 1u, over ? 20u : 10u};
  status.waiting = {over ? 0u : 2u, over ? 0u : 20u};
  if (!over) return status;
  status.failed = {1, 10};
  status.not_copied = {{.outcome = Outcome::failed,
                        .cause = "412 ConditionNotMet",
                        .count = 1,
                        .first_names = {"b"},
                        .first_lines = {"412 ConditionNotMet: changed"}}};
  return status;
}

// Two looks, at the second of which the run is over.
StatusResult two_looks(const RunOptions&, const StatusOptions& options, StatusObserver& observer,
                       const std::stop_token&) {
  observer.on_reading(1, 2);
  observer.on_look(status_of(false));
  if (!options.watch) return {.last = status_of(false)};
  observer.on_look(status_of(true));
  return {.last = status_of(true)};
}

TEST(Program, StatusShowsARunUnderWayAndEndsWithZero) {
  const Ending ended = run({"status", "s3://acme-photos"}, {.status = two_looks});
  EXPECT_EQ(ended.code, exit_ok);
  EXPECT_TRUE(ended.out.starts_with("Run r1   copying for 20s, begun 2026-11-23 03:00:00 UTC\n"))
      << ended.out;
  EXPECT_NE(ended.out.find("  waiting              2        20 B\n"), std::string::npos) << ended.out;
  EXPECT_EQ(ended.err, "");
}

TEST(Program, StatusWatchesWithALineALookAndEndsWithTheRun) {
  Ending ended = run({"status", "s3://acme-photos", "--watch"}, {.status = two_looks});
  EXPECT_EQ(ended.code, exit_some_failed);
  EXPECT_TRUE(ended.out.starts_with("20s  copying: copied 1 of 3 (10 B)")) << ended.out;
  EXPECT_NE(ended.out.find("20s  over: copied 2 of 3"), std::string::npos);
  EXPECT_NE(ended.out.find("b  412 ConditionNotMet: changed"), std::string::npos);
  EXPECT_EQ(ended.out.find('\x1b'), std::string::npos);
  ended = run({"status", "-q", "s3://acme-photos", "--watch"}, {.status = two_looks});
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find("412 ConditionNotMet"), std::string::npos);
}

TEST(Program, StatusAsJsonIsOneObjectALook) {
  const Ending ended = run({"status", "s3://acme-photos", "--watch", "--json"}, {.status = two_looks});
  const std::vector<Json> events = events_of(ended.out);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["event"].string(), "status");
  EXPECT_EQ(events[0]["state"].string(), "copying");
  EXPECT_EQ(events[0]["exit_code"].integer(), exit_ok);
  EXPECT_EQ(events[0]["waiting"]["blobs"].integer(), 2);
  EXPECT_EQ(events[1]["state"].string(), "over");
  EXPECT_EQ(events[1]["exit_code"].integer(), exit_some_failed);
  EXPECT_EQ(events[1]["copied"]["bytes"].integer(), 20);
  EXPECT_EQ(events[1]["not_copied"].at(0)["cause"].string(), "412 ConditionNotMet");
  EXPECT_EQ(ended.err, "");
}

// `azs3copy status --watch && next` must not take a Ctrl-C for the end of the run.
TEST(Program, AStoppedWatchIsNoFinishedRun) {
  const auto stopped = [](const RunOptions&, const StatusOptions&, StatusObserver& observer,
                          const std::stop_token& stop) {
    observer.on_look(status_of(false));
    ::kill(::getpid(), SIGINT);
    while (!stop.stop_requested()) ::sched_yield();
    return StatusResult{.last = status_of(false), .interrupted = true};
  };
  const Ending ended = run({"status", "s3://acme-photos", "--watch"}, {.status = stopped});
  EXPECT_EQ(ended.code, exit_interrupted);
  EXPECT_NE(ended.out.find("Run r1   copying"), std::string::npos);
  EXPECT_EQ(ended.err, "") << "there is nothing to finish";
}

TEST(Program, StatusWithoutARunSaysHowRunsBegin) {
  const auto none = [](const RunOptions&, const StatusOptions&, StatusObserver&, const std::stop_token&) {
    return StatusResult{.fatal = Error{.kind = ErrorKind::not_found,
                                       .message = "no run of the Lambda functions has left its state here",
                                       .subject = "s3://acme-photos/.azs3copy/",
                                       .advice = "A run begins when launch-qualification runs."}};
  };
  const Ending ended = run({"status", "s3://acme-photos"}, {.status = none});
  EXPECT_EQ(ended.code, exit_not_found);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err,
            "azs3copy: s3://acme-photos/.azs3copy/: no run of the Lambda functions has left its state here\n"
            "  A run begins when launch-qualification runs.\n");
}

TEST(Program, RedriveSaysWhatWentBackAndWhy) {
  const auto redrive = [](const RunOptions&, const RedriveOptions& options, const OnRedriveRow& on_row,
                          const std::stop_token&) {
    on_row({.queue = options.queues.at(0),
            .message_id = "m1",
            .class_name = "throttled",
            .function = "download",
            .run = RunId("r1"),
            .what = "photos/a\n",
            .outcome = "sent back"});
    on_row({.class_name = "changed", .function = "download", .what = "photos/b", .outcome = "left: changed"});
    on_row({.class_name = "unknown",
            .function = "download",
            .what = "photos/c",
            .outcome = "sqs.send_message_batch: 400 InvalidMessageContents: no"});
    return RedriveResult{.sent = {{"throttled", 1}}, .left = {{"changed", 1}}, .failed = 1};
  };
  Ending ended = run({"redrive", "dlq", "s3://acme-photos"}, {.redrive = redrive});
  EXPECT_EQ(ended.code, exit_some_failed);
  EXPECT_EQ(ended.out,
            "  sent back                 throttled    download                photos/a\\n\n"
            "  left: changed             changed      download                photos/b\n"
            "  failed                    unknown      download                photos/c  "
            "sqs.send_message_batch: 400 InvalidMessageContents: no\n"
            "Sent back 1 message (1 throttled). 1 could not be. Left 1 (1 changed); --class KIND,... sends "
            "others.\n");
  ended = run({"redrive", "--json", "dlq", "s3://acme-photos"}, {.redrive = redrive});
  const std::vector<Json> events = events_of(ended.out);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0]["class"].string(), "throttled");
  EXPECT_EQ(events[0]["queue"].string(), "dlq");
  EXPECT_EQ(events[0]["what"].string(), "photos/a\n") << "events are exact";
  EXPECT_EQ(events[3]["sent_back"]["throttled"].integer(), 1);
  EXPECT_EQ(events[3]["left"]["changed"].integer(), 1);
  EXPECT_EQ(events[3]["failed"].integer(), 1);
  const auto none = [](const RunOptions&, const RedriveOptions&, const OnRedriveRow&,
                       const std::stop_token&) { return RedriveResult{}; };
  ended = run({"redrive", "dlq", "s3://acme-photos"}, {.redrive = none});
  EXPECT_EQ(ended.out, "No dead letter was found.\n");
  EXPECT_EQ(ended.code, exit_ok);
}

// All that was written to a terminal whose programs have closed it. One read returns what the kernel has
// passed on so far; EIO says that there is no more.
std::string rest_of_terminal(int master) {
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = ::read(master, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

// On a terminal: a block that is redrawn, and that is gone when the summary comes.
TEST(Program, TheDisplayLeavesNoDebrisAndTheCursorVisible) {
  int master = -1;
  int terminal = -1;
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::openpty(&master, &terminal, nullptr, nullptr, &size), 0);
  const auto until_drawn = [master](const RunOptions& options, RunObserver& observer,
                                    const std::stop_token& stop) {
    RunResult result = small_copy(options, observer, stop);
    for (int drawn = 0; drawn == 0; ::sched_yield()) ::ioctl(master, FIONREAD, &drawn);
    return result;
  };
  Captured out;
  Output err(terminal);
  const std::vector<std::string> words = copy_words();
  EXPECT_EQ(run_program(words, surroundings(), {.copy = until_drawn}, out.output(), err), exit_some_failed);
  ::close(terminal);
  const std::string text = rest_of_terminal(master);
  ::close(master);
  EXPECT_NE(text.find("  copied               2\x1b[0m   6 B"), std::string::npos) << text;
  EXPECT_NE(text.find("\x1b[7A"), std::string::npos) << "the last frame goes up over the block's seven lines";
  EXPECT_TRUE(text.ends_with("\r\x1b[7A\x1b[J\x1b[?7h\x1b[?25h")) << "and leaves nothing of it";
  EXPECT_NE(out.text().find("Copied 2 blobs"), std::string::npos);
}

TEST(Program, AWatchRedrawsItsBlockAndLeavesTheLastOne) {
  int master = -1;
  int terminal = -1;
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::openpty(&master, &terminal, nullptr, nullptr, &size), 0);
  Output out(terminal);
  Captured err;
  const std::vector<std::string> words = {"status", "--watch", "s3://acme-photos"};
  EXPECT_EQ(run_program(words, surroundings(), {.status = two_looks}, out, err.output()), exit_some_failed);
  ::close(terminal);
  const std::string text = rest_of_terminal(master);
  ::close(master);
  EXPECT_NE(text.find("\x1b[8A"), std::string::npos)
      << "the second look goes up over the first one's eight lines";
  const std::size_t erased = text.rfind("\x1b[J");
  ASSERT_NE(erased, std::string::npos);
  const std::string left = text.substr(erased);
  EXPECT_NE(left.find("Run r1   over, it took 20s"), std::string::npos) << left;
  EXPECT_NE(left.find("412 ConditionNotMet"), std::string::npos) << left;
  EXPECT_EQ(left.find("copying for"), std::string::npos) << left;
  EXPECT_EQ(err.text(), "");
}

// The first Ctrl-C must not lose the run's report: it ends through the same summary.
TEST(Program, ASignalAsksTheRunToStop) {
  const auto patient = [](const RunOptions& options, RunObserver& observer, const std::stop_token& stop) {
    observer.on_start({.run_folder = "/r1"});
    ::kill(::getpid(), SIGINT);
    while (!stop.stop_requested()) ::sched_yield();
    RunResult result = small_copy(options, observer, stop);
    result.summary.interrupted = true;
    return result;
  };
  const Ending ended = run(copy_words(), {.copy = patient});
  EXPECT_EQ(ended.code, exit_interrupted);
  EXPECT_NE(ended.err.find("stopping: finishing what is under way; again to stop at once"),
            std::string::npos);
  EXPECT_NE(ended.out.find("Stopped on request before the end."), std::string::npos);
}

TEST(ProgramDeathTest, TheSecondSignalEndsAtOnce) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto stuck = [](const RunOptions&, RunObserver&, const std::stop_token& stop) -> RunResult {
    ::kill(::getpid(), SIGTERM);
    while (!stop.stop_requested()) ::sched_yield();
    ::kill(::getpid(), SIGINT);
    for (;;) ::pause();
  };
  EXPECT_EXIT(run(copy_words(), {.copy = stuck}), testing::ExitedWithCode(exit_interrupted), "");
}

}  // namespace
}  // namespace azs3copy::cli
