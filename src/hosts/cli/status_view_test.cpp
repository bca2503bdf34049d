// status_view_test.cpp: a run of the functions as a person reads it.
#include "hosts/cli/status_view.hpp"

#include <gtest/gtest.h>

#include "codec/time.hpp"
#include "hosts/cli/screen.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

std::string text_of_lines(const std::vector<std::string>& lines) {
  std::string text = "\n";
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

RunStatus under_way() {
  RunStatus status{.run = RunId("20261123T030000Z-7f3a"),
                   .begun = *parse_iso8601("2026-11-23T03:00:00Z"),
                   .source = "az://acme/photos",
                   .destination = "s3://acme-photos/2024",
                   .listings = 12,
                   .listings_done = 3,
                   .found = {2'400'000, 9 * TiB},
                   .unchanged = {402'118, 1 * TiB},
                   .planned = {1'997'882, 8 * TiB},
                   .copied = {1'911'204, 7 * TiB},
                   .failed = {7, 2 * GiB},
                   .waiting = {86'671, 700 * GiB},
                   .retrying = 12,
                   .elapsed = seconds(2462),
                   .bytes_per_second = 3.3 * double(GiB),
                   .blobs_per_second = 812};
  status.not_copied = {{.outcome = Outcome::failed, .cause = "412 ConditionNotMet", .count = 7}};
  return status;
}

RunStatus over() {
  RunStatus status = under_way();
  status.over = status.listed = true;
  status.listings_done = 12;
  status.waiting = {};
  status.retrying = 0;
  status.verified_crc64 = 1'911'200;
  status.verified_md5 = 4;
  return status;
}

TEST(StatusView, OfARunUnderWay) {
  EXPECT_EQ(text_of_lines(render_status(under_way(), {})), R"(
Run 20261123T030000Z-7f3a   copying for 41m02s, begun 2026-11-23 03:00:00 UTC
az://acme/photos -> s3://acme-photos/2024
  found        2,400,000    9.00 TiB   listing: 3 of 12 done
  copied       1,911,204    7.00 TiB    3.30 GiB/s   812 blobs/s
  unchanged      402,118    1.00 TiB
  waiting         86,671     700 GiB   12 to be tried again
  skipped              0
  failed               7    2.00 GiB
Not copied:
  failed   7 x  412 ConditionNotMet
)");
}

TEST(StatusView, OfARunThatIsOver) {
  EXPECT_EQ(text_of_lines(render_status(over(), {})), R"(
Run 20261123T030000Z-7f3a   over, it took 41m02s, begun 2026-11-23 03:00:00 UTC
az://acme/photos -> s3://acme-photos/2024
  found        2,400,000    9.00 TiB   listing done
  copied       1,911,204    7.00 TiB    3.30 GiB/s   812 blobs/s
  unchanged      402,118    1.00 TiB
  skipped              0
  failed               7    2.00 GiB
Verified end to end: 1,911,200 by CRC64 from Azure, 4 by Content-MD5; 0 unverified.
Not copied:
  failed   7 x  412 ConditionNotMet
The next run tries again what failed; azs3copy redrive sends dead letters back at once.
)");
}

TEST(StatusView, SilenceAndGivenUpListingsAreNotOverlooked) {
  RunStatus status = under_way();
  status.silent = std::chrono::minutes(23) + seconds(40);
  status.retrying = 3;
  EXPECT_NE(text_of_lines(render_status(status, {})).find("23 min: 3 wait in their queues to be tried again"),
            std::string::npos);
  status.retrying = 0;
  status.listing_errors = std::vector<std::string>(7, "azure.list_blobs photos: 403");
  const std::string text = text_of_lines(render_status(status, {}));
  EXPECT_NE(text.find("Nothing has happened for 23 min: look at the dead letters"), std::string::npos)
      << text;
  EXPECT_NE(text.find("A listing was given up, and what it had not found is missing: azure.list_blobs"),
            std::string::npos);
  EXPECT_NE(text.find("... and 2 more listings"), std::string::npos);
  EXPECT_NE(render_status_line(status).find("; nothing has happened for 23 min"), std::string::npos);
}

TEST(StatusView, TheLiveBlockFitsItsTerminal) {
  RunStatus status = under_way();
  status.source = "az://acme/" + std::string(100, 'x');
  status.silent = std::chrono::hours(1);
  for (const std::size_t height : {24u, 8u, 2u}) {
    const auto lines = render_live_status(status, {.width = 60, .height = height, .colour = true});
    EXPECT_LT(lines.size(), height);
    for (const std::string& line : lines) EXPECT_LE(painted_width(line), 60u) << line;
  }
}

TEST(StatusView, NamesOfStrangersAreMadeSafe) {
  RunStatus status = under_way();
  status.source = "az://acme/\x1b[2J";
  status.listing_errors = {"bad \x1b[2J"};
  EXPECT_EQ(text_of_lines(render_status(status, {})).find('\x1b'), std::string::npos);
  EXPECT_EQ(text_of_lines(render_live_status(status, {})).find('\x1b'), std::string::npos);
}

TEST(StatusView, ALineALook) {
  EXPECT_EQ(
      render_status_line(under_way()),
      "41m02s  copying: copied 1,911,204 of 1,997,882 (7.00 TiB), unchanged 402,118, skipped 0, failed 7; "
      "3.30 GiB/s, listing: 3 of 12 done; 12 to be tried again");
}

}  // namespace
}  // namespace azs3copy::cli
