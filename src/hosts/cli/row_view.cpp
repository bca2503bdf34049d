// row_view.cpp: see row_view.hpp.
#include "hosts/cli/row_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/time.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::size_t size_columns = 14;  // 53,687,091,200,000 bytes, without its commas
constexpr std::size_t time_columns = 19;
constexpr std::size_t tier_columns = 7;  // "Archive"
// Of redrive.
constexpr std::size_t outcome_columns = 24;   // "left: sent back already", "left: of another run"
constexpr std::size_t class_columns = 11;     // "credentials", "unsupported"
constexpr std::size_t function_columns = 22;  // "largefile-recombinator"

// In the order of the report.
constexpr std::array<CheckMark, 5> marks = {CheckMark::missing_at_destination, CheckMark::different,
                                            CheckMark::only_at_destination, CheckMark::error,
                                            CheckMark::equal};

std::size_t index_of(CheckMark mark) {
  return static_cast<std::size_t>(std::find(marks.begin(), marks.end(), mark) - marks.begin());
}

// "2024-06-01 10:12:33", UTC.
std::string time_text(UtcTime time) {
  std::string text = to_iso8601(std::chrono::floor<seconds>(time));
  if (text.size() < time_columns) return text;
  text[10] = ' ';
  return text.substr(0, time_columns);
}

std::uint64_t count_of(const CheckSummary& summary, CheckMark mark) {
  switch (mark) {
    case CheckMark::equal:
      return summary.equal;
    case CheckMark::missing_at_destination:
      return summary.missing;
    case CheckMark::only_at_destination:
      return summary.only_at_destination;
    case CheckMark::different:
      return summary.different;
    case CheckMark::error:
      return summary.errors;
  }
  return 0;
}

Colour colour_of(CheckMark mark) {
  return mark == CheckMark::equal ? Colour::none : mark == CheckMark::error ? Colour::red : Colour::yellow;
}

}  // namespace

std::string render_list_row(const ListRow& row, bool human, const Style& style) {
  const std::string name = printable(row.name, !style.unicode);
  if (row.is_prefix) {
    return std::string(size_columns - 1, ' ') + "-  " +
           std::string(time_columns + 2 + tier_columns + 2, ' ') + paint(style, Colour::cyan, name);
  }
  const std::string size = human ? format_bytes(row.blob.size) : std::to_string(row.blob.size);
  return pad_left(size, size_columns) + "  " + pad_right(time_text(row.blob.last_modified), time_columns) +
         "  " + pad_right(printable(row.blob.access_tier), tier_columns) + "  " + name;
}

std::string render_combined_row(const CheckRow& row, const Style& style) {
  return std::string(1, static_cast<char>(row.mark)) + " " + printable(row.name, !style.unicode);
}

void CheckReport::add(const CheckRow& row) {
  if (row.mark == CheckMark::equal) return;
  std::vector<CheckRow>& rows = rows_[index_of(row.mark)];
  if (rows.size() < rows_kept_max) rows.push_back(row);
}

std::vector<std::string> CheckReport::render(const CheckSummary& summary, const CheckOptions& options,
                                             const Style& style) const {
  std::string text = format_count(summary.equal) + " equal";
  if (summary.equal > 0) {
    text += summary.equal_by_crc > 0
                ? fmt::format(" ({} by reading both sides)", format_count(summary.equal_by_crc))
                : fmt::format(" ({} by recorded source ETag, {} by size and time)",
                              format_count(summary.equal_by_etag), format_count(summary.equal_by_time));
  }
  text += fmt::format(", {} missing at the destination, {} different", format_count(summary.missing),
                      format_count(summary.different));
  if (!options.one_way)
    text += fmt::format(", {} only at the destination", format_count(summary.only_at_destination));
  if (summary.errors > 0) text += fmt::format(", {} could not be compared", format_count(summary.errors));
  const std::size_t width = style.width == 0 ? 0 : std::max<std::size_t>(style.width, 40);
  std::vector<std::string> lines = wrap(text, width, 2);
  for (const CheckMark mark : marks) {
    const std::vector<CheckRow>& rows = rows_[index_of(mark)];
    for (const CheckRow& row : rows) {
      std::string line = printable(row.name, !style.unicode);
      if (!row.detail.empty()) line += "   " + printable(row.detail, !style.unicode);
      lines.push_back("  " + paint(style, colour_of(mark), std::string(1, static_cast<char>(mark))) + " " +
                      line);
    }
    const std::uint64_t count = count_of(summary, mark);
    if (mark != CheckMark::equal && count > rows.size() && !rows.empty()) {
      lines.push_back(fmt::format("  {} and {} more; --combined lists all", static_cast<char>(mark),
                                  format_count(count - rows.size())));
    }
  }
  if (summary.other_version > 0) {
    const std::vector<std::string> hint = wrap(
        "A copy takes an object of the same size for unchanged if it is later than the blob; "
        "copy --checksum replaces those that were made from another version.",
        width, 0);
    lines.insert(lines.end(), hint.begin(), hint.end());
  }
  return lines;
}

std::string render_cleanup_row(const CleanupRow& row, const Style& style) {
  return fmt::format("  {}  {}  {}", pad_right(row.outcome, 12), time_text(row.created),
                     printable(row.key.view(), !style.unicode));
}

std::string render_cleanup_end(const CleanupResult& result, std::uint64_t rows, bool dry_run) {
  if (rows == 0) return "No open upload of ours was found.";
  const auto uploads = [](std::uint64_t count) {
    return format_count(count) + (count == 1 ? " upload" : " uploads");
  };
  if (dry_run) return "Would abort " + uploads(rows) + ".";
  std::string text = "Aborted " + uploads(result.aborted) + ".";
  if (result.failed > 0) text += fmt::format(" {} could not be.", format_count(result.failed));
  return text;
}

std::string render_redrive_row(const RedriveRow& row, const Style& style) {
  // An error's line comes last: nothing stands below it.
  const bool is_short = row.outcome.size() <= outcome_columns;
  std::string line =
      fmt::format("  {}  {}  {}  {}", pad_right(is_short ? row.outcome : "failed", outcome_columns),
                  pad_right(row.class_name, class_columns), pad_right(row.function, function_columns),
                  printable(row.what, !style.unicode));
  if (!is_short) line += "  " + printable(row.outcome, !style.unicode);
  return line;
}

std::vector<std::string> render_redrive_end(const RedriveResult& result, bool dry_run, const Style& style) {
  const auto counted = [](const std::map<std::string, std::uint64_t>& counts, std::uint64_t& all) {
    std::string text;
    for (const auto& [name, count] : counts) {
      all += count;
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", format_count(count), name);
    }
    return text;
  };
  std::uint64_t sent = 0;
  std::uint64_t left = 0;
  const std::string sent_text = counted(result.sent, sent);
  const std::string left_text = counted(result.left, left);
  if (sent + left + result.failed == 0) return {"No dead letter was found."};
  std::string text = fmt::format("{} {} {}", dry_run ? "Would send back" : "Sent back", format_count(sent),
                                 sent == 1 ? "message" : "messages");
  if (sent > 0) text += " (" + sent_text + ")";
  text += ".";
  if (result.failed > 0) text += fmt::format(" {} could not be.", format_count(result.failed));
  if (left > 0)
    text += fmt::format(" Left {} ({}); --class KIND,... sends others.", format_count(left), left_text);
  return wrap(text, style.width == 0 ? 0 : std::max<std::size_t>(style.width, 40), 2);
}

}  // namespace azs3copy::cli
