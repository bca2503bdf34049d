// progress_view_test.cpp: what the display shows at the widths that people have.
#include "hosts/cli/progress_view.hpp"

#include <gtest/gtest.h>

#include "core/bytes.hpp"
#include "hosts/cli/screen.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

ProgressView sample() {
  ProgressView view{.bytes_per_second = 1.12 * static_cast<double>(GiB),
                    .blobs_per_second = 812,
                    .requests_per_second = 1182,
                    .last_skip = "archived: rehydrate first",
                    .last_failure = "reports/q3.xlsx: 403 AuthorizationPermissionMismatch"};
  view.progress = {.scanning = true,
                   .found = {1'540'000, 11 * TiB},
                   .copied = {1'204'331, 8 * TiB + 215 * GiB},
                   .unchanged = {18'220, 0},
                   .skipped = {2, 0},
                   .failed = {1, 0},
                   .bytes_moved = 8 * TiB + 215 * GiB,
                   .bytes_planned = 10 * TiB + 512 * GiB,
                   .large = {{"videos/2024-06-01.mp4", 41 * GiB + 200 * MiB, 88 * GiB, 422, 901},
                             {"backups/of/the/database/server/number/one/db.bak", 12 * GiB,
                              12 * GiB + 100 * MiB, 124, 125}},
                   .requests_azure = 1'000'000,
                   .requests_s3 = 1'000'000,
                   .streams = 96,
                   .streams_limit = 128,
                   .held_by = "S3: 503 SlowDown 12 s ago",
                   .elapsed = std::chrono::minutes(120)};
  return view;
}

std::string text_of_lines(const std::vector<std::string>& lines) {
  std::string text = "\n";
  for (const std::string& line : lines) text += line + "|\n";
  return text;
}

TEST(ProgressView, At120Columns) {
  EXPECT_EQ(text_of_lines(render_progress(sample(), {.width = 120, .height = 40})), R"(
  copied       1,204,331   8.21 TiB|
  unchanged       18,220|
  skipped              2   archived: rehydrate first|
  failed               1   reports/q3.xlsx: 403 AuthorizationPermissionMismatch|
 █████████████████▏░░░░    78 %     8.21 of 10.5 TiB    1.12 GiB/s   34m54s left   (scanning: 1,540,000 blobs so far)|
  1,182 requests/s    96 streams (limit 128, held by S3: 503 SlowDown 12 s ago)|
 large  videos/2024-06-01.mp4                                                    41.2 of 88.0 GiB   part 422 of 901     |
        backups/of/the/database/server/number/one/db.bak                         12.0 of 12.1 GiB   part 124 of 125     |
)");
}

TEST(ProgressView, At80Columns) {
  EXPECT_EQ(text_of_lines(render_progress(sample(), {.width = 80, .height = 24})), R"(
  copied       1,204,331   8.21 TiB|
  unchanged       18,220|
  skipped              2   archived: rehydrate first|
  failed               1   reports/q3.xlsx: 403 AuthorizationPermissionMismatch|
 ███████████████████████████████████████████░░░░░░░░░░░░    78 %   (scanning...)|
   8.21 of 10.5 TiB    1.12 GiB/s   34m54s left|
  1,182 requests/s    96 streams (limit 128, held by S3: 503 SlowDown 12 s ago)|
 large  videos/2024-06-01.mp4                                   41.2 of 88.0 GiB|
        backups/of/the/database/server/number/one/db.bak        12.0 of 12.1 GiB|
)");
}

TEST(ProgressView, At60ColumnsInAscii) {
  EXPECT_EQ(text_of_lines(render_progress(sample(), {.width = 60, .height = 24, .unicode = false})), R"(
  copied       1,204,331   8.21 TiB|
  unchanged       18,220|
  skipped              2   archived: rehydrate first|
  failed               1   reports/q3.xlsx: 403 Authoriza...|
 ###########################........    78 %   (scanning...)|
   8.21 of 10.5 TiB    1.12 GiB/s   34m54s left|
  1,182 requests/s    96 streams (limit 128, held by S3: ...|
 large  videos/2024-06-01.mp4               41.2 of 88.0 GiB|
        ...ase/server/number/one/db.bak     12.0 of 12.1 GiB|
)");
}

// A line that is too wide breaks the redrawing: the block creeps down the screen.
TEST(ProgressView, IsNeverWiderOrHigherThanTheTerminal) {
  ProgressView view = sample();
  view.progress.held_by = std::string(200, 'x');
  view.last_failure = std::string(300, 'y');
  view.progress.bytes_planned = 1023 * TiB;
  view.progress.copied.blobs = 9'999'999'999;
  for (std::size_t width = 40; width < 200; ++width) {
    for (const std::size_t height : {2u, 5u, 8u, 9u, 24u}) {
      for (const bool colour : {false, true}) {
        const auto lines = render_progress(view, {.width = width, .height = height, .colour = colour});
        EXPECT_LT(lines.size(), height);
        for (const std::string& line : lines) EXPECT_LE(painted_width(line), width) << line;
      }
    }
  }
}

TEST(ProgressView, NothingJumpsWhileNumbersGrow) {
  ProgressView early = sample();
  early.progress.copied = {1, 10};
  early.progress.bytes_moved = 10;
  early.progress.scanning = false;
  early.progress.elapsed = milliseconds(10);  // no time left is known yet
  early.bytes_per_second = 3;
  early.last_failure.clear();
  for (const std::size_t width : {60u, 80u, 100u, 120u, 160u}) {
    const auto a = render_progress(early, {.width = width, .height = 40});
    const auto b = render_progress(sample(), {.width = width, .height = 40});
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(a[0].find("10 B") + 4, b[0].find("8.21 TiB") + 4) << width;  // the column of bytes
    const auto rate = width < 100 ? 5u : 4u;
    EXPECT_EQ(display_width(a[rate].substr(0, a[rate].find("B/s"))),
              display_width(b[rate].substr(0, b[rate].find("B/s"))))
        << width;
  }
}

TEST(ProgressView, NamesAreMadeSafe) {
  ProgressView view = sample();
  view.progress.large[0].name = "a\x1b[2Jb";
  view.last_skip = "\x1b]0;title\x07";
  for (const std::string& line : render_progress(view, {.width = 100, .height = 40})) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
}

TEST(ProgressView, ColoursOnlyWhatNeedsAnEye) {
  ProgressView view = sample();
  view.progress.failed.blobs = 0;
  const auto lines = render_progress(view, {.width = 100, .height = 40, .colour = true});
  EXPECT_EQ(lines[3].find("\x1b["), std::string::npos) << "no failure, no red";
  EXPECT_NE(lines[2].find("\x1b[33m"), std::string::npos);
}

TEST(ProgressView, BarHasEighths) {
  EXPECT_EQ(render_bar(0, 4, true), "░░░░");
  EXPECT_EQ(render_bar(0.5, 4, true), "██░░");
  EXPECT_EQ(render_bar(0.53125, 4, true), "██▏░");
  EXPECT_EQ(render_bar(1.7, 4, true), "████");
  EXPECT_EQ(render_bar(0.5, 4, false), "##..");
}

// 100 % with work left makes people press Ctrl-C.
TEST(ProgressView, IsNotAtAHundredBeforeTheEnd) {
  ProgressView view = sample();
  view.progress.bytes_moved = view.progress.bytes_planned + 5 * GiB;  // parts were sent again
  view.progress.scanning = false;
  EXPECT_NE(render_progress_line(view).find("99 %"), std::string::npos);
  view.progress.copied.blobs = view.progress.found.blobs - 18'223;
  EXPECT_NE(render_progress_line(view).find("100 %"), std::string::npos);
}

TEST(ProgressView, EmptyBlobsCountByNumber) {
  const Progress progress{.found = {10, 0}, .copied = {5, 0}};
  EXPECT_DOUBLE_EQ(fraction_done(progress), 0.5);
  EXPECT_DOUBLE_EQ(fraction_done(Progress{}), 0);
}

TEST(ProgressView, TimeLeftIsThatOfTheSlowerOfBytesAndBlobs) {
  ProgressView view{
      .progress = {.found = {10'000, 0}, .bytes_moved = 0, .bytes_planned = 100 * MiB, .elapsed = seconds(5)},
      .bytes_per_second = 10.0 * static_cast<double>(MiB),
      .blobs_per_second = 100};
  EXPECT_EQ(time_left(view), seconds(100));
  view.blobs_per_second = 10'000;
  EXPECT_EQ(time_left(view), seconds(10));
  view.stopping = true;
  EXPECT_EQ(time_left(view), std::nullopt);
  view.stopping = false;
  view.bytes_per_second = 0;
  EXPECT_EQ(time_left(view), std::nullopt);
}

TEST(ProgressView, LineForALog) {
  EXPECT_EQ(
      render_progress_line(sample()),
      "2h00m  copied 1,204,331 (8.21 TiB), unchanged 18,220, skipped 2, failed 1; 78 %, 8.21 of 10.5 TiB, "
      "1.12 GiB/s, 34m54s left (scanning: 1,540,000 blobs so far); held by S3: 503 SlowDown 12 s ago");
}

TEST(RateMeter, IsRightFromTheFirstReadingAndForgets) {
  RateMeter meter;
  EXPECT_EQ(meter.per_second(), 0);
  meter.add(milliseconds(250), 100);
  EXPECT_NEAR(meter.per_second(), 400, 1);
  for (int i = 2; i <= 400; ++i) meter.add(milliseconds(250 * i), 100.0 * i);
  EXPECT_NEAR(meter.per_second(), 400, 1);
  for (int i = 401; i <= 800; ++i) meter.add(milliseconds(250 * i), 40'000);
  EXPECT_LT(meter.per_second(), 1) << "stalled";
}

TEST(ProgressTracker, LargeBlobsKeepTheirRows) {
  ProgressTracker tracker;
  Progress progress{.large = {{.name = "a", .bytes_done = 2}, {.name = "b", .bytes_done = 1}}};
  tracker.update(progress);
  progress.large = {
      {.name = "c", .bytes_done = 9}, {.name = "b", .bytes_done = 5}, {.name = "a", .bytes_done = 3}};
  tracker.update(progress);
  EXPECT_EQ(tracker.view().progress.large[0].name, "a");
  EXPECT_EQ(tracker.view().progress.large[1].name, "b");
  EXPECT_EQ(tracker.view().progress.large[2].name, "c");
}

TEST(ProgressTracker, RemembersTheLastMishap) {
  ProgressTracker tracker;
  tracker.record({.outcome = Outcome::skipped, .reason = "archived: rehydrate first"});
  tracker.record({.outcome = Outcome::failed,
                  .blob = {.name = BlobName("q3.xlsx")},
                  .error = Error{.service_code = "AuthorizationFailure", .http_status = 403}});
  EXPECT_EQ(tracker.view().last_skip, "archived: rehydrate first");
  EXPECT_EQ(tracker.view().last_failure, "q3.xlsx: 403 AuthorizationFailure");
}

TEST(Screen, AFrameGoesUpOverTheOldOneAndHidesTheCursorOnlyWithin) {
  EXPECT_EQ(frame(0, "", {"a"}), "\x1b[?25l\x1b[?7l\ra\x1b[K\n\x1b[J\x1b[?7h\x1b[?25h");
  EXPECT_EQ(frame(3, "", {"a", "b"}), "\x1b[?25l\x1b[?7l\r\x1b[3Aa\x1b[K\nb\x1b[K\n\x1b[J\x1b[?7h\x1b[?25h");
  EXPECT_TRUE(frame(3, "note\n", {"a"}).starts_with("\x1b[?25l\x1b[?7l\r\x1b[3A\x1b[J\x1b[?7hnote\n"));
}

// After the window was made narrower, old lines take more rows: going up too few would leave debris.
TEST(Screen, CountsRowsOfWrappedLines) {
  EXPECT_EQ(rows_taken({80, 20, 0}, 80), 3u);
  EXPECT_EQ(rows_taken({80, 20, 0}, 40), 4u);
  EXPECT_EQ(rows_taken({81}, 40), 3u);
}

TEST(Screen, EscapesTakeNoColumns) {
  EXPECT_EQ(painted_width("\x1b[31mfailed\x1b[0m  ö"), 9u);
  EXPECT_EQ(painted_width(""), 0u);
}

}  // namespace
}  // namespace azs3copy::cli
