// console.cpp: see console.hpp.
#include "hosts/cli/console.hpp"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include "hosts/cli/error_text.hpp"
#include "hosts/cli/events.hpp"
#include "hosts/cli/summary_view.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

constexpr milliseconds line_interval_default = std::chrono::minutes(1);
constexpr milliseconds event_interval_default = seconds(1);
constexpr milliseconds log_interval = std::chrono::minutes(1);
constexpr std::size_t text_above_bytes_max = 1 << 20;

std::string home_of(const Environment& environment) {
  const auto home = environment.find("HOME");
  return home == environment.end() ? std::string() : home->second;
}

std::string record_line(const ObjectRecord& record, const Style& style) {
  std::string line =
      pad_right(to_string(record.outcome), 9) + " " + printable(record.blob.name.view(), !style.unicode);
  if (record.outcome == Outcome::copied) {
    line += fmt::format("  {} in {}", format_bytes(record.bytes), format_duration(record.duration));
  } else if (record.error) {
    line += "  " + printable(cause_line(*record.error), !style.unicode);
  } else {
    line += "  " + printable(record.reason, !style.unicode);
  }
  return line;
}

}  // namespace

UtcTime utc_now() {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

Console::Console(const Invocation& invocation, const Environment& environment, Output& out, Output& err)
    : invocation_(invocation),
      environment_(environment),
      out_(out),
      err_(err),
      out_style_(out.style(environment)),
      err_style_(err.style(environment)),
      display_(choose_display()),
      line_interval_(invocation.output.stats.value_or(invocation.output.json ? event_interval_default
                                                                             : line_interval_default)) {}

Console::~Console() {
  end_live();
  if (log_descriptor_ >= 0) ::close(log_descriptor_);
}

Console::Display Console::choose_display() const {
  if (quiet() || !invocation_.output.progress.value_or(true)) return Display::none;
  const bool dumb = environment_.contains("TERM") && environment_.find("TERM")->second == "dumb";
  return err_.is_terminal() && !dumb ? Display::live : Display::lines;
}

Result<> Console::open_log() {
  const std::string& path = invocation_.output.log_file;
  if (path.empty()) return {};
  log_descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_descriptor_ < 0) return azs3copy::fail(ErrorKind::invalid, ::strerror(errno), "--log-file " + path);
  log_ = std::make_unique<Output>(log_descriptor_);
  return {};
}

bool Console::is_logged(std::string_view level) const {
  return invocation_.output.verbosity >= 2 || (level != "debug" && level != "trace");
}

// With the lock held.
void Console::write_log(std::string_view line) {
  if (!log_) return;
  log_->write(line);
  if (log_->error() == 0 || log_failed_) return;
  log_failed_ = true;
  if (!events_only())
    note(fmt::format("azs3copy: cannot write to {}: {}", invocation_.output.log_file,
                     ::strerror(log_->error())));
}

// With the lock held.
void Console::note(std::string text) {
  text += '\n';
  if (!painter_.joinable()) {
    err_.write(text);
    return;
  }
  if (text_above_.size() + text.size() > text_above_bytes_max) {
    ++text_dropped_;
    return;
  }
  text_above_ += text;
}

void Console::print_lines(Output& output, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  output.write(text);
}

void Console::event(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (events_only()) out_.write(line);
  write_log(line);
}

void Console::warn(std::string_view text) {
  event(events::log(utc_now(), "warning", "warning", text));
  const std::lock_guard lock(mutex_);
  if (!quiet()) note("azs3copy: warning: " + printable(text, !err_style_.unicode));
}

void Console::fail(Error error, int exit_code) {
  redact(error);  // it may quote the user's words
  event(events::error(utc_now(), error, exit_code));
  if (events_only()) return;
  std::vector<std::string> lines = describe(error, err_style_);
  lines.front() = paint(err_style_, Colour::red, "azs3copy:") + " " + lines.front();
  const std::lock_guard lock(mutex_);
  for (std::string& line : lines) note(std::move(line));
}

void Console::on_start(const Ends& ends) {
  event(events::start(utc_now(), invocation_.command, invocation_.run, ends));
  const std::lock_guard lock(mutex_);
  started_ = true;
  if (quiet()) return;
  std::vector<std::string> lines = render_start(invocation_.run, ends, out_style_, home_of(environment_));
  lines.emplace_back();
  print_lines(out_, lines);
  if (display_ == Display::live) start_live();
}

void Console::on_progress(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  tracker_.update(progress);
  const ProgressView& view = tracker_.view();
  if (log_ && progress.elapsed - last_log_line_ >= log_interval) {
    last_log_line_ = progress.elapsed;
    write_log(events::progress(utc_now(), view));
  }
  if (display_ == Display::live) {
    dirty_ = true;
    wake_.notify_one();
    return;
  }
  if (progress.elapsed - last_line_ < line_interval_) return;
  last_line_ = progress.elapsed;
  if (events_only()) {
    if (!invocation_.output.quiet) out_.write(events::progress(utc_now(), view));
  } else if (display_ == Display::lines) {
    err_.write_line(render_progress_line(view));
  }
}

void Console::on_record(const ObjectRecord& record) {
  const std::lock_guard lock(mutex_);
  tracker_.record(record);
  const bool as_event = events_only() && (!invocation_.output.quiet || record.outcome == Outcome::failed);
  if (as_event || log_) {
    const std::string line = events::record(utc_now(), record);
    if (as_event) out_.write(line);
    write_log(line);
  }
  if (!quiet() && invocation_.output.verbosity >= 1) note(record_line(record, err_style_));
}

void Console::on_log(std::string_view level, std::string_view event, std::string_view text) {
  const std::lock_guard lock(mutex_);
  const bool warning = level == "warning";
  const bool basic = level != "debug" && level != "trace";
  const bool wanted = invocation_.output.verbosity >= (basic ? 1 : 2);
  if ((events_only() && !invocation_.output.quiet && (basic || wanted)) || (log_ && is_logged(level))) {
    const std::string line = events::log(utc_now(), level, event, text);
    if (events_only() && !invocation_.output.quiet) out_.write(line);
    if (is_logged(level)) write_log(line);
  }
  if (!quiet() && warning) {
    note("azs3copy: warning: " + printable(text, !err_style_.unicode));
  } else if (!quiet() && wanted) {
    note(fmt::format("{:<9} {}: {}", level, event, printable(text, !err_style_.unicode)));
  }
}

void Console::stopping() {
  static constexpr std::string_view text = "stopping: finishing what is under way; again to stop at once";
  event(events::log(utc_now(), "warning", "stopping", text));
  const std::lock_guard lock(mutex_);
  tracker_.stopping();
  if (!quiet()) note("azs3copy: " + std::string(text));
  dirty_ = true;
  wake_.notify_one();
}

void Console::end(const RunResult& result, int exit_code) {
  end_live();
  const RunSummary& summary = result.summary;
  const bool dry_run = invocation_.run.dry_run;
  if (started_) event(events::summary(utc_now(), summary, dry_run, exit_code));
  if (started_ && !quiet()) {
    const std::string home = home_of(environment_);
    print_lines(out_, dry_run ? render_dry_run(invocation_.run, summary, out_style_)
                              : render_summary(invocation_.run, summary, out_style_, home));
  } else if (started_ && !events_only()) {
    print_lines(err_, render_not_copied(summary, err_style_, true));
  }
  if (result.fatal) fail(*result.fatal, exit_code);
}

// With the lock held.
void Console::start_live() {
  live_ended_ = false;
  painter_ = std::thread([this] { draw_until_end(); });
}

void Console::end_live() {
  {
    const std::lock_guard lock(mutex_);
    live_ended_ = true;
    wake_.notify_one();
  }
  if (painter_.joinable()) painter_.join();
  painter_ = {};
}

void Console::draw_until_end() {
  Screen screen(err_);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return dirty_ || live_ended_; });
    const bool ended = live_ended_;
    const ProgressView view = tracker_.view();
    std::string text = std::exchange(text_above_, {});
    if (const std::uint64_t dropped = std::exchange(text_dropped_, 0); dropped > 0) {
      text += fmt::format("... {} lines left out\n", format_count(dropped));
    }
    dirty_ = false;
    lock.unlock();
    Style style = err_.style(environment_);  // anew: the window may have been resized
    // With wrapping off, clearing to the end of a full line would take its last character.
    const std::size_t columns = style.width--;
    if (!ended) {
      screen.draw(text, render_progress(view, style), columns);
    } else {
      screen.draw(text, {}, columns);
      return;
    }
    lock.lock();
  }
}

}  // namespace azs3copy::cli
