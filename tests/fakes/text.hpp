// text.hpp: small things that both fakes write: XML elements, header dates, time stamps of listings.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/context.hpp"
#include "fakes/server/http.hpp"

namespace azs3copy::fakes {

// Text of an XML element or attribute. Not the client's xml_escape: the fakes must not share its faults.
std::string xml_text(std::string_view text);
// <name>text</name>, or <name/> where the text is empty.
void xml_element(std::string& out, std::string_view name, std::string_view text);
// Valid UTF-8 without a character that XML 1.0 refuses or that a parser would change (CR).
bool fits_xml(std::string_view text);

std::string lower_case(std::string_view text);
// "2026-11-23T07:42:10.123Z", with milliseconds always: S3's listings.
std::string iso_milliseconds(UtcTime time);

// Decoded pairs of a query, in order; the first value of a name.
class Query {
 public:
  Query() = default;
  explicit Query(std::string_view text);
  bool contains(std::string_view name) const;
  std::string get(std::string_view name) const;  // "" where absent
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// "bytes=a-b", "bytes=a-". Nothing: not such a range (then it is ignored or refused by the service).
struct WantedRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;
};
std::optional<WantedRange> parse_range(std::string_view text);

// A whole number without sign, or nothing.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace azs3copy::fakes
