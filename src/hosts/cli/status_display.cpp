// status_display.cpp: see status_display.hpp.
#include "hosts/cli/status_display.hpp"

#include <fmt/format.h>

#include "hosts/cli/events.hpp"
#include "hosts/cli/exit_code.hpp"
#include "hosts/cli/status_view.hpp"
#include "hosts/cli/summary_view.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

constexpr milliseconds reading_interval{250};

bool can_redraw(const Output& output, const Environment& environment) {
  const auto term = environment.find("TERM");
  return output.is_terminal() && (term == environment.end() || term->second != "dumb");
}

}  // namespace

StatusDisplay::StatusDisplay(const Invocation& invocation, const Environment& environment, Console& console,
                             Output& out, Output& err, std::stop_source& stop)
    : invocation_(invocation),
      environment_(environment),
      console_(console),
      out_(out),
      err_(err),
      stop_(stop),
      block_(out),
      reading_(err),
      is_live_(invocation.status.watch && !console.quiet() && can_redraw(out, environment)) {}

// With wrapping off, clearing to the end of a full line would take its last character.
Style StatusDisplay::drawing_style(const Output& output) const {
  Style style = output.style(environment_);
  if (style.width > 0) --style.width;
  return style;
}

void StatusDisplay::on_reading(std::uint64_t done, std::uint64_t all) {
  if (looked_ || console_.quiet() || !can_redraw(err_, environment_)) return;
  if (Steady::now() - drawn_ < reading_interval) return;
  drawn_ = Steady::now();
  const Style style = drawing_style(err_);
  const std::string text = fmt::format("  reading records: {} of {}", format_count(done), format_count(all));
  reading_.draw("", {cut(text, style.width, style.unicode)}, style.width + 1);
}

void StatusDisplay::on_look(const RunStatus& status) {
  looked_ = true;
  reading_.erase(err_.style(environment_).width);
  console_.event(events::status(utc_now(), status, exit_code(status)));
  if (is_live_) {
    const Style style = drawing_style(out_);
    block_.draw("", render_live_status(status, style), style.width + 1);
  } else if (invocation_.status.watch && !console_.quiet()) {
    out_.write_line(render_status_line(status));
  }
  if (out_.error() != 0) stop_.request_stop();
}

void StatusDisplay::end(const StatusResult& result) {
  reading_.erase(err_.style(environment_).width);
  block_.erase(out_.style(environment_).width);
  if (!result.last || console_.events_only()) return;
  RunSummary summary;
  summary.not_copied = result.last->not_copied;
  const std::vector<std::string> lines = console_.quiet()
                                             ? render_not_copied(summary, err_.style(environment_), true)
                                             : render_status(*result.last, out_.style(environment_));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  (console_.quiet() ? err_ : out_).write(text);
}

}  // namespace azs3copy::cli
