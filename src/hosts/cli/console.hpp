// console.hpp: what a copy says while it runs, and where. The observer of the run.
//
//                         +--> terminal      the block of progress_view.hpp, drawn by a thread of its own
//   run --> Console ------+--> no terminal   a line of progress a minute (--stats)
//                         +--> --json        events on standard output, and no text anywhere
//                         +--> --log-file    events
//
// Results go to standard output; progress, notes and errors to standard error. A terminal that stands still
// (Ctrl-S) holds up the thread that draws, never the run.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hosts/cli/invocation.hpp"
#include "hosts/cli/output.hpp"
#include "hosts/cli/progress_view.hpp"
#include "hosts/cli/screen.hpp"

namespace azs3copy::cli {

class Console final : public RunObserver {
 public:
  Console(const Invocation& invocation, const Environment& environment, Output& out, Output& err);
  ~Console() override;

  // Opens --log-file, where one is wanted.
  Result<> open_log();

  void on_start(const Ends& ends) override;
  void on_progress(const Progress& progress) override;
  void on_record(const ObjectRecord& record) override;
  void on_log(std::string_view level, std::string_view event, std::string_view text) override;

  // The user asked to stop. From any thread.
  void stopping();
  // The run is over: the block goes, summary and error come.
  void end(const RunResult& result, int exit_code);

  // For commands without a run. An event is a line of JSON (events.hpp); it goes where events go.
  void event(std::string_view line);
  void warn(std::string_view text);
  void fail(Error error, int exit_code);

  const Style& out_style() const { return out_style_; }
  bool events_only() const { return invocation_.output.json; }
  bool quiet() const { return invocation_.output.quiet || events_only(); }

 private:
  enum class Display : std::uint8_t { none, lines, live };

  Display choose_display() const;
  bool is_logged(std::string_view level) const;  // to the log file
  void note(std::string text);                   // a line on standard error, above the block
  void write_log(std::string_view line);
  void start_live();
  void end_live();
  void draw_until_end();
  void print_lines(Output& output, const std::vector<std::string>& lines);

  const Invocation& invocation_;
  const Environment& environment_;
  Output& out_;
  Output& err_;
  Style out_style_;
  Style err_style_;
  Display display_;
  milliseconds line_interval_;

  std::mutex mutex_;  // of all below
  bool started_ = false;
  int log_descriptor_ = -1;
  std::unique_ptr<Output> log_;
  bool log_failed_ = false;
  ProgressTracker tracker_;
  milliseconds last_line_{0};      // when a line or an event of progress was written last
  milliseconds last_log_line_{0};  // ... to the log file

  std::condition_variable wake_;
  std::thread painter_;
  bool dirty_ = false;
  bool live_ended_ = false;
  std::string text_above_;
  std::uint64_t text_dropped_ = 0;  // lines, while the terminal stood still
};

// The wall clock, for events.
UtcTime utc_now();

}  // namespace azs3copy::cli
