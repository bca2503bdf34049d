// program.cpp: one function a command.
#include "hosts/cli/program.hpp"

#include <fmt/format.h>
#include <string.h>

#include "hosts/cli/completion.hpp"
#include "hosts/cli/console.hpp"
#include "hosts/cli/events.hpp"
#include "hosts/cli/exit_code.hpp"
#include "hosts/cli/help.hpp"
#include "hosts/cli/row_view.hpp"
#include "hosts/cli/screen.hpp"
#include "hosts/cli/signals.hpp"
#include "hosts/cli/status_display.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

void print(Output& output, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  output.write(text);
}

// What a command has at hand.
struct Here {
  const Invocation& invocation;
  const Engine& engine;
  const Environment& environment;
  Console& console;
  Output& out;
  Output& err;
  std::stop_source& stop;
};

int copy(const Here& here) {
  const RunResult result = here.engine.copy(here.invocation.run, here.console, here.stop.get_token());
  const int code = exit_code(result);
  here.console.end(result, code);
  return code;
}

// "checked 12,345", redrawn in place on a terminal: a long check must not look dead.
class CheckedCount {
 public:
  explicit CheckedCount(const Here& here)
      : here_(here),
        screen_(here.err),
        shown_(!here.console.quiet() && here.err.is_terminal() && !shares_terminal()) {}
  void add() {
    ++count_;
    if (!shown_ || Steady::now() - drawn_ < milliseconds(250)) return;
    drawn_ = Steady::now();
    const Style style = here_.err.style(here_.environment);
    screen_.draw("", {cut("  checked " + format_count(count_), style.width, style.unicode)}, style.width);
  }
  void end() {
    if (shown_) screen_.erase(here_.err.style(here_.environment).width);
  }

 private:
  // Rows on the same terminal would run into the count.
  bool shares_terminal() const { return here_.invocation.output.combined && here_.out.is_terminal(); }
  const Here& here_;
  Screen screen_;
  bool shown_;
  std::uint64_t count_ = 0;
  Steady::time_point drawn_{};
};

int check(const Here& here) {
  CheckReport report;
  CheckedCount counted(here);
  const OutputOptions& output = here.invocation.output;
  const auto on_row = [&](const CheckRow& row) {
    counted.add();
    report.add(row);
    if (row.mark != CheckMark::equal) here.console.event(events::row(utc_now(), row));
    if (!output.combined) return;
    here.out.write_line(render_combined_row(row, here.console.out_style()));
    if (here.out.error() != 0) here.stop.request_stop();
  };
  const CheckResult result =
      here.engine.check(here.invocation.run, here.invocation.check, on_row, here.stop.get_token());
  counted.end();
  const int code = exit_code(result);
  here.console.event(events::end(utc_now(), result.summary, code));
  if (result.fatal) {
    if (!here.out.reader_is_gone()) here.console.fail(*result.fatal, code);
    return code;
  }
  if (here.console.quiet()) return code;
  // Rows are the output of --combined; the counts then go where they do not mix.
  Output& target = output.combined ? here.err : here.out;
  std::vector<std::string> lines =
      report.render(result.summary, here.invocation.check, target.style(here.environment));
  if (output.combined) lines.resize(1);
  print(target, lines);
  return code;
}

int list(const Here& here) {
  std::uint64_t rows = 0;
  std::string text;  // many rows a write
  const auto flush = [&] {
    here.out.write(text);
    text.clear();
    if (here.out.error() != 0) here.stop.request_stop();
  };
  const auto on_row = [&](const ListRow& row) {
    ++rows;
    here.console.event(events::row(utc_now(), row));
    if (here.console.events_only()) return;
    text += render_list_row(row, here.invocation.output.human, here.console.out_style()) + "\n";
    if (text.size() > 32 * KiB) flush();
  };
  const Result<> done =
      here.engine.ls(here.invocation.run, here.invocation.output.recursive, on_row, here.stop.get_token());
  flush();
  const int code = done ? exit_ok : exit_code(done.error());
  here.console.event(events::end_of_list(utc_now(), rows, code));
  if (!done && !here.out.reader_is_gone()) here.console.fail(done.error(), code);
  return code;
}

int cleanup(const Here& here) {
  std::uint64_t rows = 0;
  const auto on_row = [&](const CleanupRow& row) {
    ++rows;
    here.console.event(events::row(utc_now(), row));
    if (!here.console.quiet()) here.out.write_line(render_cleanup_row(row, here.console.out_style()));
  };
  const CleanupResult result =
      here.engine.cleanup(here.invocation.run, here.invocation.cleanup, on_row, here.stop.get_token());
  const int code = exit_code(result);
  here.console.event(events::end(utc_now(), result, code));
  if (result.fatal) here.console.fail(*result.fatal, code);
  if (!result.fatal && !here.console.quiet()) {
    here.out.write_line(render_cleanup_end(result, rows, here.invocation.cleanup.dry_run));
  }
  return code;
}

int status(const Here& here) {
  StatusDisplay display(here.invocation, here.environment, here.console, here.out, here.err, here.stop);
  const StatusResult result =
      here.engine.status(here.invocation.run, here.invocation.status, display, here.stop.get_token());
  const int code = exit_code(result);
  display.end(result);
  if (result.fatal && !here.out.reader_is_gone()) here.console.fail(*result.fatal, code);
  return code;
}

int redrive(const Here& here) {
  const RedriveOptions& options = here.invocation.redrive;
  const auto on_row = [&](const RedriveRow& row) {
    here.console.event(events::row(utc_now(), row));
    if (!here.console.quiet()) here.out.write_line(render_redrive_row(row, here.console.out_style()));
  };
  const RedriveResult result =
      here.engine.redrive(here.invocation.run, options, on_row, here.stop.get_token());
  const int code = exit_code(result);
  here.console.event(events::end(utc_now(), result, options.dry_run, code));
  // After an error, too: what went back is gone from the queue.
  if ((!result.fatal || !result.sent.empty()) && !here.console.quiet()) {
    print(here.out, render_redrive_end(result, options.dry_run, here.console.out_style()));
  }
  if (result.fatal) here.console.fail(*result.fatal, code);
  return code;
}

int run_command(const Here& here) {
  switch (here.invocation.command) {
    case Command::copy:
      return copy(here);
    case Command::check:
      return check(here);
    case Command::ls:
      return list(here);
    case Command::cleanup:
      return cleanup(here);
    case Command::status:
      return status(here);
    case Command::redrive:
      return redrive(here);
    case Command::overview:
      print(here.out, overview_lines());
      return exit_ok;
    case Command::help:
      print(here.out, help_lines(here.invocation.topic));
      return exit_ok;
    case Command::version:
      print(here.out, version_lines());
      return exit_ok;
    case Command::completion:
      here.out.write(completion_script(here.invocation.topic));
      return exit_ok;
  }
  return exit_fatal;
}

// Usage errors come before it is known whether events are wanted: the words themselves tell.
int refuse(const Error& error, std::span<const std::string> arguments, const Surroundings& surroundings,
           Output& out, Output& err) {
  const int code = exit_code(error);
  Invocation invocation;
  for (const std::string& word : arguments)
    invocation.output.json = invocation.output.json || word == "--json";
  Console console(invocation, surroundings.environment, out, err);
  console.fail(error, code);
  return code;
}

int run_invocation(const Invocation& invocation, const Surroundings& surroundings, const Engine& engine,
                   Output& out, Output& err) {
  std::stop_source stop;
  Console console(invocation, surroundings.environment, out, err);
  // A look at a run has nothing to finish.
  const auto on_stop = [&] {
    if (invocation.command != Command::status) console.stopping();
  };
  const SignalWatch signals(stop, on_stop, [] {});
  if (Result<> opened = console.open_log(); !opened) {
    const int code = exit_code(opened.error());
    console.fail(opened.error(), code);
    return code;
  }
  for (const std::string& warning : invocation.warnings) console.warn(warning);
  try {
    return run_command({.invocation = invocation,
                        .engine = engine,
                        .environment = surroundings.environment,
                        .console = console,
                        .out = out,
                        .err = err,
                        .stop = stop});
  } catch (const std::exception& stray) {
    console.fail({.kind = ErrorKind::internal,
                  .message = fmt::format("this is a bug: {}", stray.what()),
                  .advice = "Please report it with the command line and the log (-vv --log-file FILE)."},
                 exit_fatal);
    return exit_fatal;
  }
}

}  // namespace

int run_program(std::span<const std::string> arguments, const Surroundings& surroundings,
                const Engine& engine, Output& out, Output& err) {
  const Result<Invocation> invocation = parse_command_line(arguments, surroundings);
  const int code = invocation ? run_invocation(*invocation, surroundings, engine, out, err)
                              : refuse(invocation.error(), arguments, surroundings, out, err);
  if (out.error() == 0) return code;
  if (out.reader_is_gone()) return code == exit_ok || code == exit_interrupted ? exit_broken_pipe : code;
  err.write_line(fmt::format("azs3copy: cannot write to standard output: {}", ::strerror(out.error())));
  return code == exit_ok || code == exit_interrupted ? exit_fatal : code;
}

}  // namespace azs3copy::cli
