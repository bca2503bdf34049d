// Harms: a signature with a wrong date; a blob taken for newer or older than it is;
// begindate read as another day.
#include "codec/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <string>

namespace azs3copy {
namespace {

using namespace std::chrono_literals;

UtcTime at(std::int64_t milliseconds_since_1970) {
  return UtcTime(milliseconds(milliseconds_since_1970));
}

// 2026-11-23T07:42:10Z
const UtcTime november = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 7h + 42min + 10s;

TEST(Time, WritesTheThreeForms) {
  EXPECT_EQ(to_rfc1123(november), "Mon, 23 Nov 2026 07:42:10 GMT");
  EXPECT_EQ(to_iso8601(november), "2026-11-23T07:42:10Z");
  EXPECT_EQ(to_iso8601(november + 7ms), "2026-11-23T07:42:10.007Z");
  EXPECT_EQ(to_basic_iso8601(november + 999ms), "20261123T074210Z");
  EXPECT_EQ(to_rfc1123(at(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(to_iso8601(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso8601(std::chrono::sys_days(std::chrono::year(2024) / 2 / 29)), "2024-02-29T00:00:00Z");
}

TEST(Time, NeverWritesAYearOfFiveDigits) {
  EXPECT_EQ(to_iso8601(UtcTime::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc1123(UtcTime::min()), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(Time, RoundTrips) {
  EXPECT_TRUE(rc::check([] {
    // Year 0 to 9999.
    const UtcTime time = at(*rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'800'000));
    const UtcTime whole = std::chrono::floor<seconds>(time);
    RC_ASSERT(parse_iso8601(to_iso8601(time)) == time);
    RC_ASSERT(parse_rfc1123(to_rfc1123(time)) == whole);
    RC_ASSERT(parse_iso8601(to_basic_iso8601(time)) == whole);
    RC_ASSERT(parse_begin_date(to_iso8601(time)).value() == time);
  }));
}

TEST(Time, ReadsTheFormsOfIso8601) {
  EXPECT_EQ(parse_iso8601("2026-11-23T07:42:10Z"), november);
  EXPECT_EQ(parse_iso8601("2026-11-23T07:42:10.1234567Z"), november + 123ms);  // Azure gives 100 ns
  EXPECT_EQ(parse_iso8601("2026-11-23T07:42:10.5"), november + 500ms);
  EXPECT_EQ(parse_iso8601("2026-11-23T08:42:10+01:00"), november);
  EXPECT_EQ(parse_iso8601("2026-11-22T22:12:10-09:30"), november);
  for (const char* text : {"2026-11-23T02:42:10-0500", "2026-11-23 02:42:10 -0500", "2026-11-23T02:42:10-05",
                           "2026-11-23 02:42:10 -05:00", "20261123T024210-0500", "20261123T074210+0000"}) {
    EXPECT_EQ(parse_iso8601(text), november) << text;
  }
  EXPECT_EQ(parse_iso8601("2026-11-23T07:42:10"), november);
  EXPECT_EQ(parse_iso8601("2026-11-23 07:42:10"), november);
  EXPECT_EQ(parse_iso8601("2026-11-23T07:42Z"), november - 10s);
  EXPECT_EQ(parse_iso8601("2026-11-23"), november - 7h - 42min - 10s);
  EXPECT_EQ(parse_iso8601("20261123T074210Z"), november);
  EXPECT_EQ(parse_iso8601("20261123T074210"), november);
  EXPECT_EQ(parse_iso8601("20261123"), november - 7h - 42min - 10s);
}

TEST(Time, RefusesWhatIsNoIso8601) {
  for (const char* text : {"",
                           "2026",
                           "2026-11",
                           "2026-1-23",
                           "2026-11-23T",
                           "2026-11-23T07",
                           "2026-11-23T07:42:",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-11-00",
                           "2026-11-31",
                           "2026-02-29",
                           "2100-02-29",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T07:60:00Z",
                           "2026-11-23T07:42:60Z",
                           "2026-11-23T07:42:10.Z",
                           "2026-11-23T07:42:10ZZ",
                           "2026-11-23T07:42:10+1:00",
                           "2026-11-23T07:42:10+24:00",
                           "2026-11-23T07:42:10+00:60",
                           "2026-11-23Z",
                           "2026-11-23T07:42:10+010",
                           "2026-11-23T07:42:10+01:",
                           "2026-11-23T07:42:10+01000",
                           "2026-11-23T07:42:10 ",
                           "2026-11-23T07:42:10 01:00",
                           "x026-11-23",
                           "+026-11-23",
                           "2026-11-23T-7:42:10Z",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "20261123T0742Z",
                           "20261323",
                           " 2026-11-23",
                           "2026-11-23 "}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Time, ReadsRfc1123AndNothingLike) {
  EXPECT_EQ(parse_rfc1123("Mon, 23 Nov 2026 07:42:10 GMT"), november);
  for (const char* text :
       {"", "Mon, 23 Nov 2026 07:42:10", "Mon, 23 Nov 2026 07:42:10 UTC", "Mon, 23 Nov 2026 07:42:10 GMT ",
        "Mon, 31 Feb 2026 07:42:10 GMT", "Mon, 00 Nov 2026 07:42:10 GMT", "Mon, 23 Nov 2026 24:42:10 GMT",
        "Mon, 23 Nov 2026 07:60:10 GMT", "Mon, 23 Nov 2026 07:42:60 GMT", "Mon, 23 Nox 2026 07:42:10 GMT",
        "Xyz, 23 Nov 2026 07:42:10 GMT", "Mon 23 Nov 2026 07:42:10 GMT", "Monday, 23-Nov-26 07:42:10 GMT",
        "Mon, 23 Nov 26 07:42:10 GMT", "Mon, -3 Nov 2026 07:42:10 GMT", "Mon, 23 N"}) {
    EXPECT_FALSE(parse_rfc1123(text)) << text;
  }
}

TEST(Time, ReadsTheArticlesBeginDates) {
  const UtcTime day = november - 7h - 42min - 10s;
  for (const char* text :
       {"23-Nov-26", "23-nov-26", "11/23/2026", "20261123", "2026-11-23", "2026-11-23T01:00:00+01:00"}) {
    EXPECT_EQ(parse_begin_date(text), day) << text;
  }
  EXPECT_EQ(parse_begin_date("2026-11-23 07:42:10"), november);
  EXPECT_EQ(to_iso8601(*parse_begin_date("1/2/2024")), "2024-01-02T00:00:00Z");  // month first
  EXPECT_EQ(to_iso8601(*parse_begin_date("1-Jan-69")), "1969-01-01T00:00:00Z");
  EXPECT_EQ(to_iso8601(*parse_begin_date("01-Jan-68")), "2068-01-01T00:00:00Z");
}

TEST(Time, RefusesBeginDatesThatAreNoDays) {
  for (const char* text : {"", "31-Feb-24", "29-Feb-23", "0-Jan-24", "32-Jan-24", "1-Jan-2024", "1-Jann-24",
                           "--24", "13/1/2024", "0/1/2024", "2/30/2024", "1/2/24", "20240230", "2024/01/02",
                           "yesterday", "1-", "1-J", "99999999999999999999"}) {
    const auto time = parse_begin_date(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().kind, ErrorKind::invalid);
    EXPECT_NE(time.error().advice.find("23-Nov-26"), std::string::npos);
  }
}

TEST(Time, ReadsDurationsAsRcloneDoes) {
  const std::pair<const char*, milliseconds> durations[] = {{"90s", 90s},
                                                            {"10m", 10min},
                                                            {"24h", 24h},
                                                            {"7d", 7 * 24h},
                                                            {"2w", 14 * 24h},
                                                            {"1y", 365 * 24h},
                                                            {"1M", 30 * 24h},
                                                            {"1h30m", 90min},
                                                            {"1.5h", 90min},
                                                            {"250ms", 250ms},
                                                            {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
                                                            {"45", 45s},
                                                            {"0", 0s}};
  for (const auto& [text, expected] : durations) EXPECT_EQ(parse_duration(text), expected) << text;
}

TEST(Time, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "-1s", "+1s", "1x", "1h30", "1 h", "1e3s", ".", "1.2.3s", "1hh", "nan",
                           "inf", "1,5h", "251y", "99999999999999999999999y", "0x10s"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().kind, ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace azs3copy
