// progress_view.hpp: a Progress as lines of text:
// the block that is redrawn on a terminal, and the line of a log.
//
//     copied    1,204,331   8.21 TiB
//     unchanged    18,220
//     skipped           2   archived: rehydrate first
//     failed            1   reports/q3.xlsx: 403 AuthorizationPermissionMismatch
//    ████████████████████▌░░░░░   78 %   8.21 of 10.5 TiB   1.12 GiB/s   34m10s left   (scanning...)
//    1,182 requests/s   96 streams (limit 128, held by S3: 503 SlowDown 12 s ago)
//    large  videos/2024-06-01.mp4   41.2 of 88.0 GiB   part 422 of 901
//
// Pure functions; the lines of large blobs come last, so that their number moves nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hosts/cli/style.hpp"
#include "hosts/local/run.hpp"

namespace azs3copy::cli {

// The speed of late: an average that forgets with a time constant of ten seconds.
class RateMeter {
 public:
  // `total` so far at the time `elapsed` since the start; calls in order of time.
  void add(milliseconds elapsed, double total);
  double per_second() const;

 private:
  milliseconds last_{0};
  double last_total_ = 0;
  double sum_ = 0;     // of increments, each faded by its age
  double weight_ = 0;  // of seconds, faded alike: makes the first readings right, too
};

// What is shown beside the counts of a Progress.
struct ProgressView {
  Progress progress;
  double bytes_per_second = 0;
  double blobs_per_second = 0;
  double requests_per_second = 0;
  std::string last_skip;     // its reason
  std::string last_failure;  // name and cause
  bool stopping = false;
};

// Follows a run: feeds the meters and remembers the last mishap.
class ProgressTracker {
 public:
  void update(const Progress& progress);
  void record(const ObjectRecord& record);
  void stopping() { view_.stopping = true; }
  const ProgressView& view() const { return view_; }

 private:
  ProgressView view_;
  RateMeter bytes_;
  RateMeter blobs_;
  RateMeter requests_;
};

// 0..1 of what is known so far, by bytes, or by blobs where there is no byte to move.
double fraction_done(const Progress& progress);
// By the slower of bytes and blobs; nothing before there is a speed.
std::optional<seconds> time_left(const ProgressView& view);

// The block for a terminal. Never wider than style.width nor as high as style.height; of the same number of
// lines but for the large blobs. The width counts as at least 40.
std::vector<std::string> render_progress(const ProgressView& view, const Style& style);
// One line for a log: "12m00s  copied 1,204,331 (8.21 TiB), ... 78 %, 1.12 GiB/s, 34m10s left (scanning)".
std::string render_progress_line(const ProgressView& view);
// `columns` wide; eighths of a column with unicode.
std::string render_bar(double fraction, std::size_t columns, bool unicode);

}  // namespace azs3copy::cli
