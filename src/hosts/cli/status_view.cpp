// status_view.cpp: see status_view.hpp.
#include "hosts/cli/status_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "codec/time.hpp"
#include "hosts/cli/summary_view.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::size_t width_min = 40;
constexpr std::size_t label_columns = 9;
constexpr std::size_t count_columns = 13;  // 9,999,999,999
constexpr std::size_t bytes_columns = 9;   // "1,012 GiB"
constexpr std::size_t listing_errors_max = 5;
constexpr std::string_view gap = "   ";

// What may be too wide: where it goes on is the caller's choice.
struct Row {
  std::string text;
  Colour colour = Colour::none;  // of the label and count
  std::size_t painted = 0;       // bytes
};

void add_lines(std::vector<Row>& rows, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) rows.push_back({.text = line});
}

std::string time_text(UtcTime time) {
  std::string text = to_iso8601(std::chrono::floor<seconds>(time)).substr(0, 19);
  if (text.size() > 10) text[10] = ' ';
  return text + " UTC";
}

std::string blob_rate(double per_second) {
  return per_second < 10 ? fmt::format("{:.1f} blobs/s", per_second)
                         : format_count(static_cast<std::uint64_t>(std::llround(per_second))) + " blobs/s";
}

Row count_row(Colour colour, std::string_view label, const Tally& tally, const std::string& detail) {
  std::string text =
      "  " + pad_right(label, label_columns) + pad_left(format_count(tally.blobs), count_columns);
  const std::size_t painted = text.size();
  if (tally.blobs > 0) text += std::string(gap) + pad_left(format_bytes(tally.bytes), bytes_columns);
  if (!detail.empty())
    text += (tally.blobs > 0 ? "" : std::string(gap.size() + bytes_columns, ' ')) + std::string(gap) + detail;
  return {.text = std::move(text), .colour = tally.blobs > 0 ? colour : Colour::none, .painted = painted};
}

std::string listing_text(const RunStatus& status) {
  if (status.listed) return "listing done";
  return fmt::format("listing: {} of {} done", format_count(status.listings_done),
                     format_count(status.listings));
}

std::vector<Row> head_rows(const RunStatus& status, const Style& style) {
  const bool ascii = !style.unicode;
  const std::string time = format_time_left(std::chrono::floor<seconds>(status.elapsed));
  std::vector<Row> rows;
  const std::string state =
      status.over ? fmt::format("over, it took {}", time) : fmt::format("{} for {}", state_of(status), time);
  rows.push_back({.text = fmt::format("Run {}   {}, begun {}", printable(status.run.view(), ascii), state,
                                      time_text(status.begun))});
  std::string ends =
      fmt::format("{} -> {}", printable(status.source, ascii), printable(status.destination, ascii));
  if (status.begin_date) ends += fmt::format("   modified since {}", time_text(*status.begin_date));
  rows.push_back({.text = std::move(ends)});
  return rows;
}

std::vector<Row> count_rows(const RunStatus& status) {
  std::string rates;
  if (status.copied.blobs > 0) {
    rates = pad_left(format_rate(status.bytes_per_second), 11) + std::string(gap) +
            blob_rate(status.blobs_per_second);
  }
  std::string again;
  if (status.retrying > 0) again = format_count(status.retrying) + " to be tried again";
  std::vector<Row> rows = {count_row(Colour::none, "found", status.found, listing_text(status)),
                           count_row(Colour::green, "copied", status.copied, rates),
                           count_row(Colour::none, "unchanged", status.unchanged, "")};
  if (!status.over) rows.push_back(count_row(Colour::none, "waiting", status.waiting, again));
  rows.push_back(count_row(Colour::yellow, "skipped", status.skipped, ""));
  rows.push_back(count_row(Colour::red, "failed", status.failed, ""));
  if (status.folders > 0) rows.push_back(count_row(Colour::none, "folders", {.blobs = status.folders}, ""));
  return rows;
}

std::vector<Row> verdict_rows(const RunStatus& status, const Style& style) {
  std::vector<Row> rows;
  if (status.silent) {
    const std::string text = fmt::format(
        "Nothing has happened for {} min: {}.",
        std::chrono::floor<std::chrono::minutes>(*status.silent).count(),
        status.retrying > 0
            ? fmt::format(
                  "{} wait in their queues to be tried again, or are dead letters (azs3copy redrive -n)",
                  format_count(status.retrying))
            : std::string("look at the dead letters (azs3copy redrive -n)"));
    rows.push_back({.text = text, .colour = Colour::yellow, .painted = text.size()});
  }
  if (status.over && status.copied.blobs > 0) {
    rows.push_back({.text = verified_sentence({.verified_crc64 = status.verified_crc64,
                                               .verified_md5 = status.verified_md5,
                                               .unverified = status.unverified,
                                               .unconfirmed = status.unconfirmed,
                                               .confirmed_md5 = status.confirmed_md5})});
  }
  for (std::size_t i = 0; i < std::min(status.listing_errors.size(), listing_errors_max); ++i) {
    rows.push_back({.text = "A listing was given up, and what it had not found is missing: " +
                            printable(status.listing_errors[i], !style.unicode)});
  }
  if (status.listing_errors.size() > listing_errors_max) {
    rows.push_back({.text = fmt::format("... and {} more listings",
                                        format_count(status.listing_errors.size() - listing_errors_max))});
  }
  return rows;
}

std::string painted(const Row& row, const std::string& text, const Style& style) {
  const std::size_t bytes = std::min(row.painted, text.size());
  return paint(style, row.colour, text.substr(0, bytes)) + text.substr(bytes);
}

}  // namespace

std::string_view state_of(const RunStatus& status) {
  if (status.over) return "over";
  return status.copied.blobs + status.skipped.blobs + status.failed.blobs > 0 || status.listed ? "copying"
                                                                                               : "listing";
}

std::vector<std::string> render_status(const RunStatus& status, const Style& style) {
  const std::size_t width = style.width == 0 ? 0 : std::max(style.width, width_min);
  std::vector<std::string> lines;
  for (const std::vector<Row>& rows :
       {head_rows(status, style), count_rows(status), verdict_rows(status, style)}) {
    for (const Row& row : rows) {
      const std::size_t first = lines.size();
      for (std::string& line : wrap(row.text, width, 2)) lines.push_back(std::move(line));
      lines[first] = painted(row, lines[first], style);
    }
  }
  RunSummary summary;
  summary.not_copied = status.not_copied;
  for (std::string& line : render_not_copied(summary, style, false)) lines.push_back(std::move(line));
  if (status.over && (status.failed.blobs > 0 || !status.listing_errors.empty())) {
    for (std::string& line :
         wrap("The next run tries again what failed; azs3copy redrive sends dead letters back at once.",
              width, 2))
      lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> render_live_status(const RunStatus& status, const Style& style) {
  const std::size_t width = std::max(style.width, width_min);
  const std::size_t height = style.height == 0 ? SIZE_MAX : std::max<std::size_t>(style.height - 1, 1);
  std::vector<Row> rows = head_rows(status, style);
  std::ranges::move(count_rows(status), std::back_inserter(rows));
  std::ranges::move(verdict_rows(status, style), std::back_inserter(rows));
  Style plain = style;  // cut before it is painted
  plain.width = 0;
  plain.colour = false;
  RunSummary summary;
  summary.not_copied = status.not_copied;
  add_lines(rows, render_not_copied(summary, plain, false));
  if (rows.size() > height) rows.resize(height);
  std::vector<std::string> lines;
  lines.reserve(rows.size());
  for (const Row& row : rows) lines.push_back(painted(row, cut(row.text, width, style.unicode), style));
  return lines;
}

std::string render_status_line(const RunStatus& status) {
  std::string line =
      fmt::format("{}  {}: copied {} of {} ({}), unchanged {}, skipped {}, failed {}; {}, {}",
                  format_time_left(std::chrono::floor<seconds>(status.elapsed)), state_of(status),
                  format_count(status.copied.blobs), format_count(status.planned.blobs),
                  format_bytes(status.copied.bytes), format_count(status.unchanged.blobs),
                  format_count(status.skipped.blobs), format_count(status.failed.blobs),
                  format_rate(status.bytes_per_second), listing_text(status));
  if (status.retrying > 0) line += fmt::format("; {} to be tried again", format_count(status.retrying));
  if (status.silent) {
    line += fmt::format("; nothing has happened for {} min: look at the dead letters",
                        std::chrono::floor<std::chrono::minutes>(*status.silent).count());
  }
  return line;
}

}  // namespace azs3copy::cli
