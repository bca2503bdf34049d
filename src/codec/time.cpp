// time.cpp: time stamps by hand, for each request signs one and each listed blob brings one: strftime and
// streams take a microsecond and the locale into account. Years are 0000 to 9999, seconds 00 to 59.
#include "codec/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace azs3copy {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> weekday_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr sys_days first_day = std::chrono::year(0) / 1 / 1;
constexpr sys_days end_day = std::chrono::year(10000) / 1 / 1;
constexpr UtcTime earliest = first_day;
constexpr UtcTime latest = UtcTime(end_day) - milliseconds(1);

// A time taken apart; what four digits of a year can't say is moved to the nearest that they can.
struct Fields {
  unsigned year, month, day, weekday, hour, minute, second, millisecond;

  explicit Fields(UtcTime time) {
    time = std::clamp(time, earliest, latest);
    const sys_days date = std::chrono::floor<days>(time);
    const year_month_day ymd(date);
    year = static_cast<unsigned>(static_cast<int>(ymd.year()));
    month = static_cast<unsigned>(ymd.month());
    day = static_cast<unsigned>(ymd.day());
    weekday = std::chrono::weekday(date).c_encoding();
    const auto of_day = static_cast<unsigned>((time - date).count());
    millisecond = of_day % 1000;
    second = of_day / 1000 % 60;
    minute = of_day / 60'000 % 60;
    hour = of_day / 3'600'000;
  }
};

// Writes digits and text one after the other.
class Cursor {
 public:
  explicit Cursor(char* at) : at_(at) {}
  Cursor& two(unsigned value) {
    *at_++ = static_cast<char>('0' + value / 10);
    *at_++ = static_cast<char>('0' + value % 10);
    return *this;
  }
  Cursor& four(unsigned value) { return two(value / 100).two(value % 100); }
  Cursor& three(unsigned value) {
    *at_++ = static_cast<char>('0' + value / 100);
    return two(value % 100);
  }
  Cursor& put(char c) {
    *at_++ = c;
    return *this;
  }
  Cursor& put(std::string_view text) {
    at_ = std::copy(text.begin(), text.end(), at_);
    return *this;
  }

 private:
  char* at_;
};

// Takes a text apart from its front. The first thing that does not fit makes it false for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool at_end() const { return ok_ && text_.empty(); }
  bool next_is(char c) const { return text_.starts_with(c); }

  Reader& skip(char c) {
    ok_ = ok_ && text_.starts_with(c);
    if (ok_) text_.remove_prefix(1);
    return *this;
  }
  bool next_is_digit() const { return ok_ && !text_.empty() && is_digit(text_.front()); }
  // From `least` to `most` digits.
  Reader& number(unsigned& value, std::size_t least, std::size_t most) {
    value = 0;
    std::size_t count = 0;
    while (count < most && count < text_.size() && is_digit(text_[count])) {
      value = value * 10 + static_cast<unsigned>(text_[count++] - '0');
    }
    ok_ = ok_ && count >= least;
    if (ok_) text_.remove_prefix(count);
    return *this;
  }
  Reader& digits(unsigned& value, std::size_t count) { return number(value, count, count); }
  // A name of the list, in any case of letters; `index` is its place.
  template <std::size_t count>
  Reader& name(unsigned& index, const std::array<std::string_view, count>& names) {
    const auto found = std::find_if(names.begin(), names.end(), [this](std::string_view name) {
      return std::equal(name.begin(), name.end(), text_.begin(),
                        text_.begin() + std::min(text_.size(), name.size()),
                        [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    });
    index = static_cast<unsigned>(found - names.begin());
    ok_ = ok_ && found != names.end();
    if (ok_) text_.remove_prefix(found->size());
    return *this;
  }
  // ".123456": any count of digits, cut off behind the milliseconds.
  Reader& fraction(unsigned& milliseconds_value) {
    skip('.');
    std::size_t count = 0;
    unsigned scale = 100;
    milliseconds_value = 0;
    for (; count < text_.size() && is_digit(text_[count]); ++count, scale /= 10) {
      milliseconds_value += scale * static_cast<unsigned>(text_[count] - '0');
    }
    ok_ = ok_ && count > 0;
    if (ok_) text_.remove_prefix(count);
    return *this;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view text_;
  bool ok_ = true;
};

struct Parsed {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0;

  // Nothing where there is no such day or time.
  std::optional<UtcTime> time() const {
    const year_month_day date(std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                              std::chrono::day(day));
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second) +
           milliseconds(millisecond);
  }
};

// "Z" or an offset; no zone at the end of the text is UTC.
std::optional<UtcTime> with_zone(Reader& in, const Parsed& parsed) {
  unsigned zone_hours = 0;
  unsigned zone_minutes = 0;
  int sign = 1;
  if (in.next_is('Z')) {
    in.skip('Z');
  } else if (!in.at_end()) {  // +05:30, +0530, +05, also after a space as `date` and git write it
    if (in.next_is(' ')) in.skip(' ');
    sign = in.next_is('-') ? -1 : 1;
    in.skip(sign < 0 ? '-' : '+').digits(zone_hours, 2);
    if (in.next_is(':')) in.skip(':').digits(zone_minutes, 2);
    if (in.next_is_digit()) in.digits(zone_minutes, 2);
  }
  const auto local = parsed.time();
  if (!in.at_end() || !local || zone_hours > 23 || zone_minutes > 59) return std::nullopt;
  const UtcTime utc = *local - sign * (std::chrono::hours(zone_hours) + std::chrono::minutes(zone_minutes));
  if (utc < earliest || utc > latest) return std::nullopt;
  return utc;
}

// "20261123T074210Z", "20261123T074210-0500" and "20261123".
std::optional<UtcTime> parse_basic_iso8601(std::string_view text) {
  Parsed p;
  Reader in(text);
  in.digits(p.year, 4).digits(p.month, 2).digits(p.day, 2);
  if (in.at_end()) return p.time();
  in.skip('T').digits(p.hour, 2).digits(p.minute, 2).digits(p.second, 2);
  return with_zone(in, p);
}

// "23-Nov-26" (strptime's %y: 69 to 99 are of the last century).
std::optional<UtcTime> parse_day_month_name(std::string_view text) {
  Parsed p;
  Reader in(text);
  in.number(p.day, 1, 2).skip('-').name(p.month, month_names).skip('-').digits(p.year, 2);
  if (!in.at_end()) return std::nullopt;
  p.month += 1;
  p.year += p.year >= 69 ? 1900 : 2000;
  return p.time();
}

// "11/23/2026".
std::optional<UtcTime> parse_slashes(std::string_view text) {
  Parsed p;
  Reader in(text);
  in.number(p.month, 1, 2).skip('/').number(p.day, 1, 2).skip('/').digits(p.year, 4);
  return in.at_end() ? p.time() : std::nullopt;
}

}  // namespace

std::string to_rfc1123(UtcTime time) {
  const Fields f(time);
  std::array<char, 29> text;
  Cursor(text.data())
      .put(weekday_names[f.weekday])
      .put(", ")
      .two(f.day)
      .put(' ')
      .put(month_names[f.month - 1])
      .put(' ')
      .four(f.year)
      .put(' ')
      .two(f.hour)
      .put(':')
      .two(f.minute)
      .put(':')
      .two(f.second)
      .put(" GMT");
  return {text.data(), text.size()};
}

std::string to_iso8601(UtcTime time) {
  const Fields f(time);
  std::array<char, 24> text;
  Cursor at(text.data());
  at.four(f.year).put('-').two(f.month).put('-').two(f.day).put('T');
  at.two(f.hour).put(':').two(f.minute).put(':').two(f.second);
  if (f.millisecond == 0) {
    at.put('Z');
    return {text.data(), 20};
  }
  at.put('.').three(f.millisecond).put('Z');
  return {text.data(), text.size()};
}

std::string to_basic_iso8601(UtcTime time) {
  const Fields f(time);
  std::array<char, 16> text;
  Cursor at(text.data());
  at.four(f.year).two(f.month).two(f.day).put('T').two(f.hour).two(f.minute).two(f.second).put('Z');
  return {text.data(), text.size()};
}

std::optional<UtcTime> parse_rfc1123(std::string_view text) {
  Parsed p;
  unsigned weekday;  // says nothing that the date does not
  Reader in(text);
  in.name(weekday, weekday_names).skip(',').skip(' ').digits(p.day, 2).skip(' ').name(p.month, month_names);
  in.skip(' ').digits(p.year, 4).skip(' ').digits(p.hour, 2).skip(':').digits(p.minute, 2).skip(':');
  in.digits(p.second, 2).skip(' ').skip('G').skip('M').skip('T');
  if (!in.at_end()) return std::nullopt;
  p.month += 1;
  return p.time();
}

std::optional<UtcTime> parse_iso8601(std::string_view text) {
  if (text.size() > 4 && text[4] != '-') return parse_basic_iso8601(text);
  Parsed p;
  Reader in(text);
  in.digits(p.year, 4).skip('-').digits(p.month, 2).skip('-').digits(p.day, 2);
  if (in.at_end()) return p.time();
  in.skip(in.next_is(' ') ? ' ' : 'T').digits(p.hour, 2).skip(':').digits(p.minute, 2);
  if (in.next_is(':')) in.skip(':').digits(p.second, 2);  // a SAS may leave the seconds out
  if (in.next_is('.')) in.fraction(p.millisecond);
  return with_zone(in, p);
}

Result<UtcTime> parse_begin_date(std::string_view text) {
  for (const auto parse : {parse_iso8601, parse_slashes, parse_day_month_name}) {
    if (const auto time = parse(text)) return *time;
  }
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is no date", text), {},
              "write 2026-11-23, 2026-11-23T07:42:10Z, \"2026-11-23 07:42:10\", 20261123, 11/23/2026 or "
              "23-Nov-26; without a zone it is UTC");
}

Result<milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  // "ms" before "m": the longer name is tried first. M is a month, as rclone has it.
  static constexpr std::array<Unit, 8> units = {{{"ms", 1},
                                                 {"s", 1e3},
                                                 {"m", 60e3},
                                                 {"h", 3600e3},
                                                 {"d", 86400e3},
                                                 {"w", 7 * 86400e3},
                                                 {"M", 30 * 86400e3},
                                                 {"y", 365 * 86400e3}}};
  constexpr double most = 250 * 365 * 86400e3;  // nanoseconds in 64 bits hold 292 years
  const auto refuse = [text](const char* why) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is no duration: {}", text, why), {},
                "write a number and one of ms, s, m, h, d, w, M, y, as in 90s, 24h, 7d or 1h30m");
  };
  std::string_view rest = text;
  double total = 0;
  if (rest.empty()) return refuse("it is empty");
  while (!rest.empty()) {
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double count = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + digits, count, std::chars_format::fixed);
    if (digits == 0 || error != std::errc() || end != rest.data() + digits)
      return refuse("a number is wanted");
    rest.remove_prefix(digits);
    // A lone number is seconds.
    if (rest.empty() && digits == text.size()) rest = "s";
    const auto unit =
        std::find_if(units.begin(), units.end(), [rest](const Unit& u) { return rest.starts_with(u.name); });
    if (unit == units.end()) return refuse("a unit is wanted");
    rest.remove_prefix(unit->name.size());
    total += count * unit->milliseconds;
  }
  if (!(total <= most)) return refuse("it is too long");
  return milliseconds(static_cast<std::int64_t>(total + 0.5));
}

}  // namespace azs3copy
