// summary_view_test.cpp: the start, the end, and what was not copied.
#include "hosts/cli/summary_view.hpp"

#include <gtest/gtest.h>

#include "hosts/cli/error_text.hpp"
#include "hosts/cli/row_view.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

std::string text_of_lines(const std::vector<std::string>& lines) {
  std::string text = "\n";
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

RunOptions options() {
  RunOptions run;
  run.source_text = "az://acme/photos";
  run.destination_text = "s3://acme-photos/2024";
  return run;
}

RunSummary summary() {
  RunSummary end{.verified_crc64 = 1'558'900,
                 .verified_md5 = 4,
                 .azure_reads = 1'561'000,
                 .azure_bytes = 10 * TiB + 512 * GiB,
                 .s3_writes = 1'583'330,
                 .s3_reads = 204,
                 .run_folder = "/home/me/.local/state/azs3copy/runs/20261123T074210Z-7f3a"};
  end.totals = {.found = {1'577'127, 0},
                .copied = {1'558'904, 10 * TiB + 512 * GiB},
                .unchanged = {18'220, 0},
                .skipped = {2, 0},
                .failed = {1, 0},
                .retries = 412,
                .elapsed = std::chrono::minutes(161)};
  end.not_copied = {
      {.outcome = Outcome::skipped,
       .cause = "archived: rehydrate first",
       .advice = "Rehydrate them, then run this command again.",
       .count = 2,
       .first_names = {"old/2016.tar", "old/2017.tar"},
       .first_lines = {"", ""}},
      {.outcome = Outcome::failed,
       .cause = "403 AuthorizationPermissionMismatch",
       .advice = "The application lacks Storage Blob Data Reader on this container.",
       .count = 1,
       .first_names = {"reports/q3.xlsx"},
       .first_lines = {"download: azure.read reports/q3.xlsx: 403 AuthorizationPermissionMismatch: "
                       "no permission (request id 5f1e)"}}};
  return end;
}

TEST(SummaryView, OfARunWithFailures) {
  EXPECT_EQ(text_of_lines(render_summary(options(), summary(), {}, "/home/me")), R"(
Copied 1,558,904 blobs, 10.5 TiB in 2h41m (1.11 GiB/s). 18,220 unchanged, 2 skipped, 1 failed.
Verified end to end: 1,558,900 by CRC64 from Azure, 4 by Content-MD5; 0 unverified.
Requests: 1,561,204 reads, 1,583,330 writes, 412 retried. Azure egress about $933, S3 requests about $7.92.

Not copied:
  failed   reports/q3.xlsx  403 AuthorizationPermissionMismatch: no permission (request id 5f1e)
           The application lacks Storage Blob Data Reader on this container.
  skipped  old/2016.tar  archived: rehydrate first
  skipped  old/2017.tar  archived: rehydrate first
           Rehydrate them, then run this command again.
Report: ~/.local/state/azs3copy/runs/20261123T074210Z-7f3a      Run the same command again to retry what failed.
)");
}

TEST(SummaryView, WrapsAt60Columns) {
  const auto lines = render_summary(options(), summary(), {.width = 60}, "/home/me");
  for (const std::string& line : lines) {
    // The report's path is one word and stays whole, to be copied.
    if (line.find("/runs/") == std::string::npos) EXPECT_LE(display_width(line), 60u) << line;
  }
}

TEST(SummaryView, SumsUpByCauseAboveTen) {
  RunSummary end = summary();
  end.not_copied[1].count = 5123;
  end.totals.failed.blobs = 5123;
  EXPECT_EQ(text_of_lines(render_not_copied(end, {}, true)), R"(
Not copied:
  failed   5,123 x  403 AuthorizationPermissionMismatch
           such as reports/q3.xlsx
           The application lacks Storage Blob Data Reader on this container.
)");
}

TEST(SummaryView, WhenNothingHadToBeDone) {
  RunSummary end;
  end.totals.unchanged = {2000, 0};
  end.totals.elapsed = milliseconds(1200);
  EXPECT_EQ(render_summary(options(), end, {}, "")[0], "Nothing to copy: 2,000 unchanged in 1.2s.");
  EXPECT_TRUE(render_summary(options(), end, {}, "")[1].contains("--checksum"));
  end.totals.unchanged = {};
  end.totals.folders = 3;
  EXPECT_EQ(render_summary(options(), end, {}, "")[0],
            "Nothing to copy: the source has no blobs. 3 folders were left out: a folder has no content.");
  end.totals.folders = 0;
  RunOptions filtered = options();
  filtered.filter.size_min = 1;
  EXPECT_EQ(render_summary(filtered, end, {}, "")[0], "Nothing to copy: no blob matches the filters.");
  end.totals.listed = 1234;
  EXPECT_EQ(render_summary(filtered, end, {}, "")[0],
            "Nothing to copy: the filters select none of 1,234 blobs.");
  EXPECT_EQ(render_dry_run(filtered, end, {})[0], "Nothing to copy: the filters select none of 1,234 blobs.");
}

TEST(SummaryView, RunEndedByAnErrorIsNeverCalledEmpty) {
  RunSummary end;
  end.cut_short = true;
  end.totals.elapsed = milliseconds(1200);
  EXPECT_EQ(render_summary(options(), end, {}, "")[0],
            "Copied 0 blobs, 0 B in 1.2s (0 B/s). An error ended the run early.");
  EXPECT_EQ(
      render_dry_run(options(), end, {})[0],
      "Would copy 0 blobs (0 B), 0 of them in parts; 0 unchanged. This is only what was listed before the "
      "end.");
}

TEST(SummaryView, AnInterruptedRunSaysSoAndHowToGoOn) {
  RunSummary end = summary();
  end.interrupted = true;
  end.totals.failed = {};
  end.not_copied.clear();
  const std::string text = text_of_lines(render_summary(options(), end, {}, "/home/me"));
  EXPECT_NE(text.find("Stopped on request before the end."), std::string::npos);
  EXPECT_NE(text.find("Run the same command again to go on."), std::string::npos);
}

TEST(SummaryView, CountsTheNamesThatAreMissing) {
  RunSummary end;
  end.names = {.listed = 1200, .missing = 1};
  EXPECT_EQ(render_summary(options(), end, {}, "")[1], "--files-from: 1,200 names, 1 missing.");
}

TEST(SummaryView, UnconfirmedIsNotCalledVerified) {
  RunSummary end = summary();
  end.verified_crc64 = 2;
  end.verified_md5 = 0;
  end.confirmed_md5 = 2;
  end.unconfirmed = 3;
  const std::string text = text_of_lines(render_summary(options(), end, {}, ""));
  EXPECT_NE(text.find("Verified end to end (2 at S3 by MD5): 2 by CRC64 from Azure, 0 by Content-MD5; "
                      "0 unverified, 3 not confirmed by S3."),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("check --deep"), std::string::npos);
}

// Silence about unverified bytes would read as "all verified".
TEST(SummaryView, UnverifiedIsAlwaysCounted) {
  RunSummary end = summary();
  end.verified_crc64 = 0;
  end.unverified = 7;
  const std::string text = text_of_lines(render_summary(options(), end, {}, ""));
  EXPECT_NE(text.find("7 unverified."), std::string::npos);
  EXPECT_NE(text.find("--verify-source always"), std::string::npos);
}

TEST(SummaryView, CostsFollowTheTiersOfTheTable) {
  RunSummary end;
  end.azure_bytes = 10 * TiB + 512 * GiB;
  end.s3_writes = 1'583'330;
  const CostEstimate cost = estimate_cost(options(), end);
  EXPECT_NEAR(cost.azure_egress, 10240 * 0.087 + 512 * 0.083, 0.01);
  EXPECT_NEAR(cost.requests, 7.917, 0.001);
  RunOptions deep = options();
  deep.storage_class = "DEEP_ARCHIVE";
  EXPECT_NEAR(estimate_cost(deep, end).requests, 79.17, 0.01);
}

TEST(SummaryView, EmulatorsCostNothing) {
  RunOptions run = options();
  run.source.account.path_prefix = "/devstoreaccount1";
  run.aws.endpoint_url = "http://localhost:9000";
  const std::string text = text_of_lines(render_summary(run, summary(), {}, ""));
  EXPECT_EQ(text.find('$'), std::string::npos);
}

TEST(SummaryView, NamesAreMadeSafe) {
  RunSummary end = summary();
  end.not_copied[0].first_names[0] = "a\x1b[2J\nfailed  b";
  for (const std::string& line : render_summary(options(), end, {.width = 80}, "")) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(StartView, FitsOrFolds) {
  const RunObserver::Ends ends{.azure_login = "Entra client secret, tenant 1111…5555",
                               .s3_login = "profile work",
                               .region = "eu-central-1",
                               .encryption = "SSE-KMS with bucket key",
                               .run = RunId("20261123T074210Z-7f3a"),
                               .run_folder = "/home/me/.local/state/azs3copy/runs/20261123T074210Z-7f3a"};
  EXPECT_EQ(text_of_lines(render_start(options(), ends, {}, "/home/me")), R"(
Azure  az://acme/photos        Entra client secret, tenant 1111…5555
S3     s3://acme-photos/2024   eu-central-1, SSE-KMS with bucket key; profile work
Run    20261123T074210Z-7f3a   report: ~/.local/state/azs3copy/runs/20261123T074210Z-7f3a
)");
  for (const std::string& line : render_start(options(), ends, {.width = 60}, "/home/me")) {
    EXPECT_LE(display_width(line), 60u) << line;
  }
}

TEST(DryRunView, SaysWhatWouldBeDone) {
  RunSummary end;
  end.totals.copied = {1204, 18 * GiB + 307 * MiB};
  end.totals.unchanged = {1'557'700, 0};
  end.totals.skipped = {2, 0};
  end.would_copy_large = 3;
  end.would_copy = {"videos/a.mp4 (88.0 GiB, 901 parts of 100 MiB) -> s3://acme-photos/2024/videos/a.mp4",
                    "b (1 B) -> "
                    "s3://b/b"};
  EXPECT_EQ(text_of_lines(render_dry_run(options(), end, {})), R"(
Would copy 1,204 blobs (18.3 GiB), 3 of them in parts; 1,557,700 unchanged; 2 skipped.
  first: videos/a.mp4 (88.0 GiB, 901 parts of 100 MiB) -> s3://acme-photos/2024/videos/a.mp4
         b (1 B) -> s3://b/b
)");
}

TEST(ErrorText, SaysWhatWhyAndWhatToDo) {
  const Error error{.kind = ErrorKind::permission,
                    .message = "This request is not authorized.",
                    .operation = "cannot list container \"photos\" in account \"acme\": azure.list_blobs",
                    .subject = "photos",
                    .service_code = "AuthorizationPermissionMismatch",
                    .request_id = "5f1e3b0c",
                    .advice = "The application needs the role \"Storage Blob Data Reader\".",
                    .http_status = 403,
                    .attempts = 3,
                    .elapsed = seconds(12)};
  EXPECT_EQ(text_of_lines(describe(error, {})), R"(
cannot list container "photos" in account "acme": 403 AuthorizationPermissionMismatch, after 3 attempts in 12s
  Azure says: This request is not authorized. (request id 5f1e3b0c)
  The application needs the role "Storage Blob Data Reader".
)");
  EXPECT_EQ(describe(Error{.message = "S3 has no such class", .subject = "--storage-class X"}, {})[0],
            "--storage-class X: S3 has no such class");
  EXPECT_EQ(describe(Error{.message = "bad \x1b[2J name"}, {})[0], "bad \\x1b[2J name");
}

TEST(ListView, ColumnsStayAligned) {
  ListRow row{.name = "2024-06-01.mp4",
              .blob = {.size = 88 * GiB,
                       .last_modified = std::chrono::sys_days(std::chrono::year(2024) / 6 / 1) +
                                        std::chrono::hours(10) + milliseconds(123),
                       .access_tier = "Hot"}};
  const std::string human = render_list_row(row, true, {});
  EXPECT_EQ(human, "      88.0 GiB  2024-06-01 10:00:00  Hot      2024-06-01.mp4");
  EXPECT_EQ(render_list_row(row, false, {}), "   94489280512  2024-06-01 10:00:00  Hot      2024-06-01.mp4");
  const std::string folder = render_list_row({.is_prefix = true, .name = "june/"}, true, {});
  EXPECT_EQ(folder.find("june/"), human.find("2024-06-01.mp4"));
}

TEST(CheckView, ShowsTheFirstDifferencesOfEachKind) {
  CheckReport report;
  report.add({.mark = CheckMark::equal, .name = "same"});
  for (int i = 0; i < 12; ++i) {
    report.add({.mark = CheckMark::missing_at_destination, .name = "m" + std::to_string(i)});
  }
  report.add({.mark = CheckMark::different, .name = "d", .detail = "10 bytes here, 12 there"});
  CheckSummary summary{.equal = 3, .equal_by_etag = 2, .equal_by_time = 1, .missing = 12, .different = 1};
  const auto lines = report.render(summary, {}, {});
  EXPECT_EQ(
      lines[0],
      "3 equal (2 by recorded source ETag, 1 by size and time), 12 missing at the destination, 1 different, "
      "0 only at the destination");
  summary.equal_by_crc = 3;
  EXPECT_TRUE(report.render(summary, {}, {})[0].starts_with("3 equal (3 by reading both sides), 12 missing"));
  EXPECT_EQ(lines[1], "  + m0");
  EXPECT_EQ(lines[11], "  + and 2 more; --combined lists all");
  EXPECT_EQ(lines[12], "  * d   10 bytes here, 12 there");
  EXPECT_EQ(lines.size(), 13u);
}

TEST(CheckView, NamesChecksumForObjectsOfAnotherVersion) {
  CheckReport report;
  const auto names = [&](std::uint64_t other_version) {
    const auto lines = report.render({.different = 2, .other_version = other_version}, {}, {});
    return lines.back().contains("--checksum");
  };
  EXPECT_TRUE(names(1));
  EXPECT_FALSE(names(0)) << "a copy finds other sizes by itself";
}

TEST(CheckView, CombinedRowsAreMarkAndName) {
  EXPECT_EQ(render_combined_row({.mark = CheckMark::only_at_destination, .name = "a\nb"}, {}), "- a\\nb");
}

}  // namespace
}  // namespace azs3copy::cli
