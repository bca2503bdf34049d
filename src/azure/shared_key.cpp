// shared_key.cpp: made for each request of a copy, so it allocates little: fields are sorted by pointer.
#include "azure/shared_key.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "codec/url.hpp"

namespace azs3copy {
namespace {

// Between Content-Length and the x-ms-* fields, in the order of the text.
constexpr auto fields_before_length =
    std::to_array<std::string_view>({"Content-Encoding", "Content-Language"});
constexpr auto fields_after_length =
    std::to_array<std::string_view>({"Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match",
                                     "If-None-Match", "If-Unmodified-Since", "Range"});

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool less_without_case(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

void append_lower(std::string& text, std::string_view name) {
  for (const char c : name) text += lower(c);
}

bool is_service_field(std::string_view name) {
  constexpr std::string_view prefix = "x-ms-";
  return name.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), name.begin(),
                                                   [](char want, char have) { return want == lower(have); });
}

void append_standard_fields(std::string& text, const HttpRequest& request) {
  const auto add = [&](std::string_view name) { text.append(request.headers.get(name)).append(1, '\n'); };
  std::ranges::for_each(fields_before_length, add);
  const std::uint64_t size = request.streamed_size.value_or(request.body.size());
  if (size > 0) text.append(std::to_string(size));
  text += '\n';
  std::ranges::for_each(fields_after_length, add);
}

void append_service_fields(std::string& text, const HttpRequest& request) {
  std::array<const Headers::Field*, 32> room;  // no request of ours comes near it
  std::size_t count = 0;
  for (const Headers::Field& field : request.headers) {
    if (is_service_field(field.first) && count < room.size()) room[count++] = &field;
  }
  const std::span fields(room.data(), count);
  std::ranges::sort(fields, less_without_case,
                    [](const Headers::Field* field) -> std::string_view { return field->first; });
  for (const Headers::Field* field : fields) {
    append_lower(text, field->first);
    text.append(1, ':').append(field->second).append(1, '\n');
  }
}

void append_query(std::string& text, std::string_view query) {
  QueryPairs pairs = parse_query(query);
  for (auto& pair : pairs) std::ranges::transform(pair.first, pair.first.begin(), lower);
  std::ranges::sort(pairs);
  std::string_view previous;
  for (const auto& [key, value] : pairs) {
    const bool same_key = previous.data() != nullptr && previous == key;
    text.append(1, same_key ? ',' : '\n');
    if (!same_key) text.append(key).append(1, ':');
    text.append(value);
    previous = key;
  }
}

}  // namespace

std::string shared_key_string_to_sign(const HttpRequest& request, const Account& account) {
  std::string text;
  text.reserve(512);
  text.append(to_string(request.method)).append(1, '\n');
  append_standard_fields(text, request);
  append_service_fields(text, request);
  const std::string_view target = request.target;
  const std::size_t question = std::min(target.find('?'), target.size());
  text.append(1, '/').append(account.view()).append(target.substr(0, question));
  if (question < target.size()) append_query(text, target.substr(question + 1));
  return text;
}

}  // namespace azs3copy
