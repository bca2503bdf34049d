// summary_view.cpp: see summary_view.hpp.
#include "hosts/cli/summary_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hosts/cli/text.hpp"
#include "plan/prices.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::size_t rows_per_outcome_max = 10;
constexpr std::size_t label_columns = 9;  // "  failed "
constexpr std::size_t name_columns_max = 40;

std::string with_tilde(std::string_view path, std::string_view home) {
  if (home.size() > 1 && path.starts_with(home) && path.substr(home.size()).starts_with('/')) {
    return "~" + std::string(path.substr(home.size()));
  }
  return std::string(path);
}

void add_wrapped(std::vector<std::string>& lines, std::string_view text, const Style& style,
                 std::size_t indent) {
  const std::size_t width = style.width == 0 ? 0 : std::max<std::size_t>(style.width, 40);
  for (std::string& line : wrap(text, width, indent)) lines.push_back(std::move(line));
}

std::string money(double dollars) {
  if (dollars >= 100) return "about $" + format_count(static_cast<std::uint64_t>(std::llround(dollars)));
  return dollars < 0.01 ? "below $0.01" : fmt::format("about ${:.2f}", dollars);
}

std::string blobs(std::uint64_t count) {
  return format_count(count) + (count == 1 ? " blob" : " blobs");
}

// ", 18,220 unchanged, 2 skipped, 1 failed" without those that are none.
std::string other_counts(const Progress& totals) {
  std::string text;
  const auto add = [&text](std::uint64_t count, std::string_view word) {
    if (count == 0) return;
    if (!text.empty()) text += ", ";
    text += format_count(count) + " " + std::string(word);
  };
  add(totals.unchanged.blobs, "unchanged");
  add(totals.skipped.blobs, "skipped");
  add(totals.failed.blobs, "failed");
  return text;
}

std::string why_nothing(const RunOptions& options, const Progress& totals) {
  if (options.filter.select_all()) return "Nothing to copy: the source has no blobs.";
  if (totals.listed == 0) return "Nothing to copy: no blob matches the filters.";
  return fmt::format("Nothing to copy: the filters select none of {}.", blobs(totals.listed));
}

std::string folders_sentence(const Progress& totals) {
  if (totals.folders == 0) return {};
  return fmt::format(" {} {} left out: a folder has no content.", format_count(totals.folders),
                     totals.folders == 1 ? "folder was" : "folders were");
}

std::string counts_sentence(const RunOptions& options, const RunSummary& summary) {
  const Progress& totals = summary.totals;
  const std::string others = other_counts(totals);
  const bool is_whole = !summary.interrupted && !summary.cut_short && summary.not_listed.empty();
  if (totals.copied.blobs == 0 && totals.failed.blobs == 0 && is_whole) {
    if (others.empty()) return why_nothing(options, totals);
    return fmt::format("Nothing to copy: {} in {}.", others, format_duration(totals.elapsed));
  }
  const double passed = std::chrono::duration<double>(totals.elapsed).count();
  const double rate = passed > 0 ? static_cast<double>(totals.copied.bytes) / passed : 0;
  std::string text =
      fmt::format("Copied {}, {} in {} ({}).", blobs(totals.copied.blobs), format_bytes(totals.copied.bytes),
                  format_duration(totals.elapsed), format_rate(rate));
  if (!others.empty()) text += " " + others + ".";
  if (summary.interrupted) text += " Stopped on request before the end.";
  if (summary.cut_short) text += " An error ended the run early.";
  return text;
}

std::string requests_sentence(const RunOptions& options, const RunSummary& summary) {
  std::string text = fmt::format("Requests: {} reads, {} writes, {} retried.",
                                 format_count(summary.azure_reads + summary.s3_reads),
                                 format_count(summary.s3_writes), format_count(summary.totals.retries));
  const CostEstimate cost = estimate_cost(options, summary);
  std::string costs;
  if (cost.azure_egress > 0) costs = "Azure egress " + money(cost.azure_egress);
  if (cost.requests > 0) costs += (costs.empty() ? "" : ", ") + ("S3 requests " + money(cost.requests));
  return costs.empty() ? text : text + " " + costs + ".";
}

// What the service said of this one blob: the error's line from its cause on, without the steps before it.
std::string detail_of(const NotCopied& kind, std::size_t index) {
  if (index >= kind.first_lines.size() || kind.first_lines[index].empty()) return kind.cause;
  const std::string& line = kind.first_lines[index];
  const std::size_t at = kind.cause.empty() ? std::string::npos : line.find(kind.cause);
  return at == std::string::npos ? line : line.substr(at);
}

// A painted label and a wrapped text behind it.
void add_row(std::vector<std::string>& lines, const NotCopied& kind, std::string_view text,
             const Style& style, std::size_t indent) {
  const std::string label = "  " + std::string(to_string(kind.outcome));
  const std::size_t first = lines.size();
  add_wrapped(lines, pad_right(label, label_columns + 2) + std::string(text), style, indent);
  const Colour colour = kind.outcome == Outcome::failed ? Colour::red : Colour::yellow;
  lines[first] = paint(style, colour, label) + lines[first].substr(label.size());
}

void add_advice(std::vector<std::string>& lines, const NotCopied& kind, const Style& style) {
  if (kind.advice.empty()) return;
  const std::size_t indent = label_columns + 2;
  add_wrapped(lines, std::string(indent, ' ') + printable(kind.advice, !style.unicode), style, indent);
}

void add_each(std::vector<std::string>& lines, const std::vector<const NotCopied*>& kinds,
              const Style& style) {
  std::size_t name_columns = 0;
  for (const NotCopied* kind : kinds) {
    for (const std::string& name : kind->first_names) {
      name_columns = std::max(name_columns, display_width(printable(name, !style.unicode)));
    }
  }
  name_columns = std::min(name_columns, name_columns_max);
  for (const NotCopied* kind : kinds) {
    for (std::size_t i = 0; i < kind->first_names.size(); ++i) {
      const std::string name = pad_right(printable(kind->first_names[i], !style.unicode), name_columns);
      add_row(lines, *kind, name + "  " + printable(detail_of(*kind, i), !style.unicode), style,
              label_columns + 4);
    }
    add_advice(lines, *kind, style);
  }
}

void add_causes(std::vector<std::string>& lines, const std::vector<const NotCopied*>& kinds,
                const Style& style) {
  for (const NotCopied* kind : kinds) {
    add_row(lines, *kind,
            fmt::format("{} x  {}", format_count(kind->count), printable(kind->cause, !style.unicode)), style,
            label_columns + 4);
    if (!kind->first_names.empty()) {
      const std::string name = printable(kind->first_names.front(), !style.unicode);
      add_wrapped(lines, std::string(label_columns + 2, ' ') + "such as " + name, style, label_columns + 4);
    }
    add_advice(lines, *kind, style);
  }
}

// Containers of which blobs may be missing.
void add_not_listed(std::vector<std::string>& lines, const RunSummary& summary, const Style& style) {
  if (summary.not_listed.empty()) return;
  lines.emplace_back();
  lines.emplace_back("Not listed to their end:");
  std::size_t named = 0;
  for (const NotListed& each : summary.not_listed) {
    if (named++ == rows_per_outcome_max) {
      lines.push_back(fmt::format("  and {} more", summary.not_listed.size() - rows_per_outcome_max));
      return;
    }
    add_wrapped(lines,
                fmt::format("  {}  {}", each.container, printable(each.error.to_line(), !style.unicode)),
                style, 4);
    if (!each.error.advice.empty())
      add_wrapped(lines, "    " + printable(each.error.advice, !style.unicode), style, 4);
  }
}

// Emulators have the account in the path; nothing leaves a cloud there.
bool is_emulator(const RunOptions& options) {
  return !options.source.account.path_prefix.empty();
}

}  // namespace

std::vector<std::string> render_start(const RunOptions& options, const RunObserver::Ends& ends,
                                      const Style& style, std::string_view home) {
  const std::string source = printable(options.source_text, !style.unicode);
  const std::string destination = printable(options.destination_text, !style.unicode);
  constexpr std::size_t label_width = 7;
  const std::size_t columns = std::max(display_width(source), display_width(destination)) + 3;
  std::vector<std::string> lines;
  const auto add = [&](std::string_view label, std::string_view address, std::string_view rest) {
    const std::string shown = printable(rest, !style.unicode);
    const std::string head = pad_right(label, label_width) + std::string(address);
    const std::string whole = pad_right(head, label_width + columns) + shown;
    if (style.width == 0 || display_width(whole) <= style.width) {
      lines.push_back(whole);
      return;
    }
    lines.push_back(head);
    add_wrapped(lines, std::string(label_width, ' ') + shown, style, label_width);
  };
  std::string target = ends.region;
  if (!options.aws.endpoint_url.empty()) target = options.aws.endpoint_url + ", " + target;
  add("Azure", source, ends.azure_login);
  add("S3", destination, fmt::format("{}, {}; {}", target, ends.encryption, ends.s3_login));
  if (options.dry_run) {
    lines.emplace_back("Dry run: nothing is written.");
  } else {
    add("Run", ends.run.view(),
        ends.run_folder.empty() ? "" : "report: " + with_tilde(ends.run_folder, home));
  }
  return lines;
}

CostEstimate estimate_cost(const RunOptions& options, const RunSummary& summary) {
  CostEstimate cost;
  if (!is_emulator(options)) {
    std::uint64_t below = 0;
    for (const prices::EgressTier& tier : prices::azure_egress) {
      if (summary.azure_bytes <= below) break;
      const std::uint64_t bytes = std::min(summary.azure_bytes, tier.bytes_max) - below;
      cost.azure_egress += static_cast<double>(bytes) / static_cast<double>(GiB) * tier.per_gib;
      below = tier.bytes_max;
    }
  }
  if (options.aws.endpoint_url.empty() && options.s3.endpoint_url.empty()) {
    const auto* row =
        std::find_if(prices::s3_requests.begin(), prices::s3_requests.end(),
                     [&](const auto& price) { return price.storage_class == options.storage_class; });
    if (row == prices::s3_requests.end()) row = prices::s3_requests.begin();
    cost.requests = static_cast<double>(summary.s3_writes) / 1000 * row->per_1k_writes +
                    static_cast<double>(summary.s3_reads) / 1000 * row->per_1k_reads;
  }
  return cost;
}

std::string verified_sentence(const RunSummary& summary) {
  std::string text = "Verified end to end";
  if (summary.confirmed_md5 > 0)
    text += fmt::format(" ({} at S3 by MD5)", format_count(summary.confirmed_md5));
  text += fmt::format(": {} by CRC64 from Azure, {} by Content-MD5; {} unverified",
                      format_count(summary.verified_crc64), format_count(summary.verified_md5),
                      format_count(summary.unverified));
  if (summary.unconfirmed > 0)
    text += fmt::format(", {} not confirmed by S3", format_count(summary.unconfirmed));
  return text + ".";
}

std::vector<std::string> render_not_copied(const RunSummary& summary, const Style& style, bool only_failed) {
  std::vector<std::string> lines;
  for (const Outcome outcome : {Outcome::failed, Outcome::skipped}) {
    if (only_failed && outcome != Outcome::failed) continue;
    std::vector<const NotCopied*> kinds;
    std::uint64_t count = 0;
    std::size_t named = 0;
    for (const NotCopied& kind : summary.not_copied) {
      if (kind.outcome != outcome) continue;
      kinds.push_back(&kind);
      count += kind.count;
      named += kind.first_names.size();
    }
    std::sort(kinds.begin(), kinds.end(),
              [](const NotCopied* a, const NotCopied* b) { return a->count > b->count; });
    if (count <= rows_per_outcome_max && named == count) {
      add_each(lines, kinds, style);
    } else {
      add_causes(lines, kinds, style);
    }
  }
  if (!lines.empty()) lines.insert(lines.begin(), "Not copied:");
  return lines;
}

namespace {

std::string names_sentence(const NamesAsked& names) {
  return fmt::format("--files-from: {} {}, {} missing.", format_count(names.listed),
                     names.listed == 1 ? "name" : "names", format_count(names.missing));
}

}  // namespace

std::vector<std::string> render_summary(const RunOptions& options, const RunSummary& summary,
                                        const Style& style, std::string_view home) {
  const Progress& totals = summary.totals;
  std::vector<std::string> lines;
  add_wrapped(lines, counts_sentence(options, summary) + folders_sentence(totals), style, 2);
  if (summary.names) add_wrapped(lines, names_sentence(*summary.names), style, 2);
  if (totals.copied.blobs > 0) add_wrapped(lines, verified_sentence(summary), style, 2);
  if (summary.unverified > 0 && options.verify_source == VerifySource::when_offered) {
    add_wrapped(lines,
                "  For the unverified Azure sent no checksum by itself; --verify-source always asks for one.",
                style, 2);
  }
  if (summary.unconfirmed > 0) {
    add_wrapped(
        lines,
        "  S3 stored the unconfirmed but reported no checksum of them; azs3copy check --deep compares "
        "both sides.",
        style, 2);
  }
  const CompareOptions& compare = options.compare;
  const bool by_time = !compare.checksum && !compare.size_only && !compare.ignore_existing;
  if (totals.copied.blobs == 0 && totals.unchanged.blobs > 0 && by_time) {
    add_wrapped(
        lines,
        "  Same size and a later time count as unchanged; --checksum compares the recorded source ETags.",
        style, 2);
  }
  add_wrapped(lines, requests_sentence(options, summary), style, 2);
  if (const std::vector<std::string> rows = render_not_copied(summary, style, false); !rows.empty()) {
    lines.emplace_back();
    lines.insert(lines.end(), rows.begin(), rows.end());
  }
  add_not_listed(lines, summary, style);
  std::string last;
  if (!summary.run_folder.empty()) last = "Report: " + with_tilde(summary.run_folder, home);
  const bool failed = totals.failed.blobs > 0 || !summary.not_listed.empty();
  const bool again = failed || summary.interrupted;
  if (again) last += last.empty() ? "" : "      ";
  if (failed) {
    last += "Run the same command again to retry what failed.";
  } else if (again) {
    last += "Run the same command again to go on.";
  }
  if (!last.empty()) add_wrapped(lines, last, style, 0);
  return lines;
}

std::vector<std::string> render_dry_run(const RunOptions& options, const RunSummary& summary,
                                        const Style& style) {
  const Progress& totals = summary.totals;
  std::string text =
      fmt::format("Would copy {} ({}), {} of them in parts; {} unchanged", blobs(totals.copied.blobs),
                  format_bytes(totals.copied.bytes), format_count(summary.would_copy_large),
                  format_count(totals.unchanged.blobs));
  if (totals.skipped.blobs > 0) text += fmt::format("; {} skipped", format_count(totals.skipped.blobs));
  if (totals.failed.blobs > 0) text += fmt::format("; {} would fail", format_count(totals.failed.blobs));
  text += '.';
  const bool is_whole = !summary.interrupted && !summary.cut_short;
  if (totals.copied.blobs == 0 && other_counts(totals).empty() && is_whole)
    text = why_nothing(options, totals);
  if (!is_whole) text += " This is only what was listed before the end.";
  std::vector<std::string> lines;
  add_wrapped(lines, text + folders_sentence(totals), style, 2);
  for (std::size_t i = 0; i < summary.would_copy.size(); ++i) {
    const std::string_view label = i == 0 ? "  first: " : "         ";
    add_wrapped(lines, std::string(label) + printable(summary.would_copy[i], !style.unicode), style, 11);
  }
  for (std::string& row : render_not_copied(summary, style, false)) lines.push_back(std::move(row));
  return lines;
}

}  // namespace azs3copy::cli
