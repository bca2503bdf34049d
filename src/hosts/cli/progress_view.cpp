// progress_view.cpp: columns of fixed width, so that a number that grows moves nothing beside it.
#include "hosts/cli/progress_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::size_t width_min = 40;
constexpr std::size_t one_line_width = 100;       // from here on the bar and its figures share a line
constexpr std::size_t long_scanning_width = 120;  // ... and the count of blobs found so far
constexpr std::size_t part_column_width = 90;     // ... and a large blob's parts
constexpr std::size_t large_rows_max = 8;

constexpr std::size_t label_columns = 9;
constexpr std::size_t count_columns = 13;  // 9,999,999,999
constexpr std::size_t bytes_columns = 18;  // "1,012 of 1,023 GiB"
constexpr std::size_t rate_columns = 11;   // "1,012 MiB/s"
constexpr std::size_t left_columns = 11;   // "23h59m left"
constexpr std::string_view gap = "   ";

std::uint64_t blobs_done(const Progress& progress) {
  return progress.copied.blobs + progress.unchanged.blobs + progress.skipped.blobs + progress.failed.blobs;
}

// Cuts to the style's width, then paints: an escape has no width.
std::string line_of(const Style& style, std::size_t width, Colour colour, std::string_view label,
                    std::string_view rest) {
  const std::string kept = cut(rest, width - std::min(width, display_width(label)), style.unicode);
  return paint(style, colour, label) + kept;
}

std::string count_line(const Style& style, std::size_t width, Colour colour, std::string_view label,
                       std::uint64_t count, const std::string& detail) {
  const std::string head =
      "  " + pad_right(label, label_columns) + pad_left(format_count(count), count_columns);
  if (detail.empty()) return line_of(style, width, count > 0 ? colour : Colour::none, head, "");
  return line_of(style, width, count > 0 ? colour : Colour::none, head,
                 std::string(gap) + printable(detail, !style.unicode));
}

int percent(const Progress& progress) {
  const bool over = !progress.scanning && progress.found.blobs == blobs_done(progress);
  const int floor = static_cast<int>(fraction_done(progress) * 100);
  return over ? 100 : std::min(floor, 99);
}

std::string time_left_text(const ProgressView& view) {
  const auto left = time_left(view);
  return left ? format_time_left(*left) + " left" : std::string();
}

std::string figures(const ProgressView& view) {
  const Progress& progress = view.progress;
  return pad_left(
             format_bytes_of(std::min(progress.bytes_moved, progress.bytes_planned), progress.bytes_planned),
             bytes_columns) +
         std::string(gap) + pad_left(format_rate(view.bytes_per_second), rate_columns) + std::string(gap) +
         pad_left(time_left_text(view), left_columns);
}

std::string scanning_text(const Progress& progress, std::size_t width) {
  if (!progress.scanning) return {};
  if (width < long_scanning_width) return "(scanning...)";
  return fmt::format("(scanning: {} blobs so far)", format_count(progress.found.blobs));
}

// The bar with its figures: one line where there is room, else two.
void add_bar(std::vector<std::string>& lines, const ProgressView& view, const Style& style,
             std::size_t width) {
  const Progress& progress = view.progress;
  const std::string share = fmt::format("{}{:3} %", gap, percent(progress));
  const std::string scanning = scanning_text(progress, width);
  const std::size_t scanning_columns = width < long_scanning_width ? 13 : 37;
  std::size_t taken = 1 + share.size() + gap.size() + scanning_columns;
  if (width >= one_line_width) taken += bytes_columns + rate_columns + left_columns + 3 * gap.size();
  const std::string bar = " " + render_bar(fraction_done(progress), width - taken, style.unicode);

  std::string rest = share;
  if (width >= one_line_width) rest += std::string(gap) + figures(view);
  rest += std::string(gap) + scanning;
  lines.push_back(line_of(style, width, Colour::green, bar, rest));
  if (width < one_line_width) lines.push_back(line_of(style, width, Colour::none, "", " " + figures(view)));
}

std::string traffic_line(const ProgressView& view, const Style& style, std::size_t width) {
  const Progress& progress = view.progress;
  std::string text =
      fmt::format(" {:>6} requests/s{}{:>3} streams",
                  format_count(static_cast<std::uint64_t>(std::llround(view.requests_per_second))), gap,
                  progress.streams);
  if (view.stopping) {
    text += "   stopping: finishing what is under way; again to stop at once";
    return line_of(style, width, Colour::yellow, cut(text, width, style.unicode), "");
  }
  text +=
      fmt::format(" (limit {}{})", progress.streams_limit,
                  progress.held_by.empty() ? "" : ", held by " + printable(progress.held_by, !style.unicode));
  return line_of(style, width, Colour::none, "", text);
}

std::string large_line(const LargeProgress& large, bool first, const Style& style, std::size_t width) {
  const bool with_parts = width >= part_column_width;
  std::string tail =
      std::string(gap) + pad_left(format_bytes_of(large.bytes_done, large.bytes), bytes_columns);
  if (with_parts) {
    const std::string parts =
        fmt::format("part {} of {}", format_count(large.parts_done), format_count(large.parts));
    tail += std::string(gap) + pad_right(parts, 20);
  }
  const std::string label = first ? " large  " : "        ";
  const std::size_t name_columns = width - label.size() - display_width(tail);
  return label + fit_left(printable(large.name, !style.unicode), name_columns, style.unicode) + tail;
}

}  // namespace

void RateMeter::add(milliseconds elapsed, double total) {
  static constexpr double memory_seconds = 10;
  const double passed = std::chrono::duration<double>(elapsed - last_).count();
  if (passed <= 0) return;
  const double fade = std::exp(-passed / memory_seconds);
  const double share = memory_seconds * (1 - fade);
  sum_ = sum_ * fade + std::max(0.0, total - last_total_) / passed * share;
  weight_ = weight_ * fade + share;
  last_ = elapsed;
  last_total_ = total;
}

double RateMeter::per_second() const {
  return weight_ > 0 ? sum_ / weight_ : 0;
}

namespace {

// The order of `before`, new ones last: rows stay where they are while blobs overtake one another.
void keep_order(std::vector<LargeProgress>& now, const std::vector<LargeProgress>& before) {
  const auto place = [&before](const LargeProgress& large) {
    return std::find_if(before.begin(), before.end(),
                        [&](const LargeProgress& l) { return l.name == large.name; });
  };
  // Eight rows at most: insertion keeps those of equal place in their order.
  for (auto row = now.begin(); row != now.end(); ++row) {
    const auto behind =
        std::upper_bound(now.begin(), row, *row,
                         [&](const LargeProgress& a, const LargeProgress& b) { return place(a) < place(b); });
    std::rotate(behind, row, row + 1);
  }
}

}  // namespace

void ProgressTracker::update(const Progress& progress) {
  bytes_.add(progress.elapsed, static_cast<double>(progress.bytes_moved));
  blobs_.add(progress.elapsed, static_cast<double>(blobs_done(progress)));
  requests_.add(progress.elapsed, static_cast<double>(progress.requests_azure + progress.requests_s3));
  const std::vector<LargeProgress> before = std::move(view_.progress.large);
  view_.progress = progress;
  keep_order(view_.progress.large, before);
  view_.bytes_per_second = bytes_.per_second();
  view_.blobs_per_second = blobs_.per_second();
  view_.requests_per_second = requests_.per_second();
}

void ProgressTracker::record(const ObjectRecord& record) {
  if (record.outcome == Outcome::skipped) view_.last_skip = record.reason;
  if (record.outcome != Outcome::failed) return;
  view_.last_failure = record.blob.name.str();
  if (!record.error) return;
  const Error& error = *record.error;
  view_.last_failure +=
      ": " +
      (error.http_status != 0 ? fmt::format("{} {}", error.http_status, error.service_code) : error.message);
}

double fraction_done(const Progress& progress) {
  const bool by_bytes = progress.bytes_planned > 0;
  const auto done = static_cast<double>(by_bytes ? progress.bytes_moved : blobs_done(progress));
  const auto all = static_cast<double>(by_bytes ? progress.bytes_planned : progress.found.blobs);
  return all > 0 ? std::min(1.0, done / all) : 0;
}

std::optional<seconds> time_left(const ProgressView& view) {
  const Progress& progress = view.progress;
  if (view.stopping) return std::nullopt;  // most of it will not be done
  const auto rest = [](std::uint64_t all, std::uint64_t done) {
    return static_cast<double>(all - std::min(all, done));
  };
  const double bytes = rest(progress.bytes_planned, progress.bytes_moved);
  const double blobs = rest(progress.found.blobs, blobs_done(progress));
  if (bytes > 0 && view.bytes_per_second < 1) return std::nullopt;
  double left = bytes > 0 ? bytes / view.bytes_per_second : 0;
  // A few large blobs end long after one another: their number says nothing of the time, their bytes do.
  if (blobs > 100 && view.blobs_per_second > 1) left = std::max(left, blobs / view.blobs_per_second);
  if (progress.elapsed < milliseconds(1000) || left > 100.0 * 86400) return std::nullopt;
  return seconds(std::llround(std::ceil(left)));
}

std::string render_bar(double fraction, std::size_t columns, bool unicode) {
  static constexpr std::array<std::string_view, 8> eighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  fraction = std::clamp(fraction, 0.0, 1.0);
  const std::size_t steps = unicode ? 8 : 1;
  const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(columns * steps));
  std::string bar;
  for (std::size_t i = 0; i < filled / steps; ++i) bar += unicode ? "█" : "#";
  std::size_t taken = filled / steps;
  if (filled % steps != 0) {
    bar += eighths[filled % steps];
    ++taken;
  }
  for (; taken < columns; ++taken) bar += unicode ? "░" : ".";
  return bar;
}

std::vector<std::string> render_progress(const ProgressView& view, const Style& style) {
  const std::size_t width = std::max(style.width, width_min);
  const Progress& progress = view.progress;
  const std::size_t rows = style.height == 0 ? SIZE_MAX : style.height - 1;  // the cursor needs one
  const std::size_t base_rows = width >= one_line_width ? 6 : 7;
  std::vector<std::string> lines;
  if (rows < base_rows) {
    add_bar(lines, view, style, width);
    if (lines.size() > rows) lines.resize(std::max<std::size_t>(rows, 1));
    return lines;
  }
  lines.push_back(count_line(style, width, Colour::green, "copied", progress.copied.blobs,
                             format_bytes(progress.copied.bytes)));
  lines.push_back(count_line(style, width, Colour::none, "unchanged", progress.unchanged.blobs, ""));
  lines.push_back(
      count_line(style, width, Colour::yellow, "skipped", progress.skipped.blobs, view.last_skip));
  lines.push_back(count_line(style, width, Colour::red, "failed", progress.failed.blobs, view.last_failure));
  add_bar(lines, view, style, width);
  lines.push_back(traffic_line(view, style, width));
  const std::size_t large_rows = std::min({progress.large.size(), large_rows_max, rows - base_rows});
  for (std::size_t i = 0; i < large_rows; ++i) {
    lines.push_back(large_line(progress.large[i], i == 0, style, width));
  }
  return lines;
}

std::string render_progress_line(const ProgressView& view) {
  const Progress& progress = view.progress;
  std::string line = fmt::format(
      "{}  copied {} ({}), unchanged {}, skipped {}, failed {}; {} %, {}, {}",
      format_time_left(std::chrono::round<seconds>(progress.elapsed)), format_count(progress.copied.blobs),
      format_bytes(progress.copied.bytes), format_count(progress.unchanged.blobs),
      format_count(progress.skipped.blobs), format_count(progress.failed.blobs), percent(progress),
      format_bytes_of(std::min(progress.bytes_moved, progress.bytes_planned), progress.bytes_planned),
      format_rate(view.bytes_per_second));
  if (const std::string left = time_left_text(view); !left.empty()) line += ", " + left;
  if (progress.scanning)
    line += fmt::format(" (scanning: {} blobs so far)", format_count(progress.found.blobs));
  if (!progress.held_by.empty()) line += "; held by " + printable(progress.held_by);
  if (view.stopping) line += "; stopping";
  return line;
}

}  // namespace azs3copy::cli
