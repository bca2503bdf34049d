// s3_headers.cpp: what an object is given besides its bytes, on the wire.
#include "aws/s3_headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/base64.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

// What a write was answered with whose bytes S3 then vouches for wrongly.
constexpr int stored_status = 200;
constexpr std::string_view meta_prefix = "x-amz-meta-";
constexpr std::string_view word_start = "=?";
constexpr std::string_view word_end = "?=";
// RFC 2047 section 2: an encoded word has 75 characters at most,
// 12 of them around the base64: 45 bytes inside.
constexpr std::size_t word_bytes_max = 45;

bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

bool is_continuation_byte(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

// RFC 9110's token, which a header's name must be.
bool is_token(std::string_view name) {
  const auto is_token_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

// A line break in a value would end its header and start another.
bool has_control(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

std::string join_bytes(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "=?UTF-8?B?SGk=?=" at the front of `text`: its bytes, and its size on the wire.
struct Word {
  std::string bytes;
  std::size_t size = 0;
};
std::optional<Word> read_word(std::string_view text) {
  if (!text.starts_with(word_start)) return std::nullopt;
  const std::size_t charset_end = text.find('?', word_start.size());
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size()) return std::nullopt;
  const char encoding = text[charset_end + 1];
  if (text[charset_end + 2] != '?') return std::nullopt;
  const std::size_t data_start = charset_end + 3;
  const std::size_t data_end = text.find(word_end, data_start);
  if (data_end == std::string_view::npos) return std::nullopt;
  const std::string_view data = text.substr(data_start, data_end - data_start);
  const std::size_t size = data_end + word_end.size();
  if (encoding == 'B' || encoding == 'b') {
    const auto bytes = base64_decode(data);
    if (!bytes) return std::nullopt;
    return Word{.bytes = join_bytes(*bytes), .size = size};
  }
  if (encoding != 'Q' && encoding != 'q') return std::nullopt;
  // Q: "_" is a space, =XX a byte.
  std::string as_url;
  for (const char c : data)
    as_url += c == '_' ? "%20" : c == '=' ? "%" : c == '%' ? "%25" : std::string(1, c);
  Result<std::string> bytes = url_decode(as_url);
  if (!bytes) return std::nullopt;
  return Word{.bytes = std::move(*bytes), .size = size};
}

bool is_ascii(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);  // npos + 1 is 0
}

// RFC 6266: the type, then parameters, separated by semicolons that no quoted string holds.
std::vector<std::string_view> disposition_fields(std::string_view value) {
  std::vector<std::string_view> fields;
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (value[i] == ';' && !quoted) {
      fields.push_back(without_blanks(value.substr(start, i - start)));
      start = i + 1;
    }
  }
  fields.push_back(without_blanks(value.substr(start)));
  return fields;
}

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"')) return std::string(value);
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

// `filename="é.txt"` as `filename*=UTF-8''%C3%A9.txt` (RFC 8187), which every browser reads. Nothing if text
// that is not ASCII is anywhere but in the value of a parameter.
std::optional<std::string> ascii_disposition(std::string_view value) {
  const std::vector<std::string_view> fields = disposition_fields(value);
  const auto has_extended = [&fields](std::string_view name) {
    const std::string extended = to_lower(name) + "*=";
    return std::any_of(fields.begin(), fields.end(), [&extended](std::string_view field) {
      return to_lower(field.substr(0, extended.size())) == extended;
    });
  };
  std::string out;
  for (const std::string_view field : fields) {
    std::string shown(field);
    if (!is_ascii(field)) {
      const std::size_t equals = field.find('=');
      const std::string_view name = without_blanks(field.substr(0, equals));
      if (equals == std::string_view::npos || !is_token(name) || name.ends_with('*')) return std::nullopt;
      if (has_extended(name)) continue;  // the name in ASCII, which counts, is there already
      shown =
          fmt::format("{}*=UTF-8''{}", name, url_encode(unquoted(without_blanks(field.substr(equals + 1)))));
    }
    out.append(out.empty() ? "" : "; ").append(shown);
  }
  return out;
}

// S3 reads header bytes as ISO-8859-1 and signs what it read: bytes that are not ASCII never match a
// signature.
Result<> add_checked(Headers& headers, std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  if (has_control(value)) {
    return fail(ErrorKind::invalid, fmt::format("the value of {} has a control character", name), {},
                "set this header of the blob anew");
  }
  std::string sent(value);
  std::replace(sent.begin(), sent.end(), '\t',
               ' ');  // the same to a reader, and signed alike by every server
  if (!is_ascii(sent) && name == "content-disposition")
    sent = ascii_disposition(sent).value_or(std::move(sent));
  if (!is_ascii(sent)) {
    return fail(ErrorKind::invalid,
                fmt::format("the value of {} has characters outside ASCII, which S3 cannot sign", name), {},
                "set this header of the blob to ASCII text");
  }
  headers.add(name, sent);
  return {};
}

Result<> add_metadata(Headers& headers, const Metadata& metadata) {
  std::vector<std::string> names;
  for (const auto& [name, value] : metadata) {
    if (!is_token(name)) {
      return fail(ErrorKind::invalid,
                  fmt::format("metadata \"{}\" cannot be the name of an HTTP header", name), {},
                  "rename this metadata of the blob");
    }
    std::string lower = to_lower(name);  // as S3 keeps it
    if (std::find(names.begin(), names.end(), lower) != names.end()) {
      return fail(ErrorKind::invalid, fmt::format("metadata \"{}\" occurs twice: S3 ignores case", name), {},
                  "rename one of the two");
    }
    headers.add(std::string(meta_prefix) + lower, encode_metadata_value(value));
    names.push_back(std::move(lower));
  }
  if (const std::size_t total = user_metadata_bytes(metadata); total > user_metadata_bytes_max) {
    return fail(
        ErrorKind::invalid,
        fmt::format("the user metadata has {} bytes (names and values as S3 counts them); S3 takes {}", total,
                    user_metadata_bytes_max),
        {}, "shorten the blob's metadata, or copy the blob without it: --metadata-too-large drop");
  }
  return {};
}

std::string tagging(const std::vector<std::pair<std::string, std::string>>& tags) {
  return build_query(QueryPairs(tags.begin(), tags.end()));
}

}  // namespace

std::size_t user_metadata_bytes(const Metadata& metadata) {
  std::size_t total = 0;
  for (const auto& [name, value] : metadata) total += name.size() + encode_metadata_value(value).size();
  return total;
}

std::string encode_metadata_value(std::string_view value) {
  const bool trimmed_away = value.starts_with(' ') || value.ends_with(' ');
  if (!trimmed_away && std::all_of(value.begin(), value.end(), is_printable_ascii) &&
      value.find(word_start) == std::string_view::npos) {
    return std::string(value);
  }
  std::string out;
  while (!value.empty()) {
    std::size_t size = std::min(value.size(), word_bytes_max);
    // Each word is a whole number of characters (RFC 2047 section 5).
    for (int back = 0; back < 3 && size < value.size() && is_continuation_byte(value[size]); ++back) --size;
    if (!out.empty()) out += ' ';
    out.append("=?UTF-8?B?").append(base64_encode(bytes_of(value.substr(0, size)))).append(word_end);
    value.remove_prefix(size);
  }
  return out;
}

std::string decode_metadata_value(std::string_view value) {
  if (value.find(word_start) == std::string_view::npos) return std::string(value);
  std::string out;
  std::string spaces;  // between two words they fall away
  bool after_word = false;
  while (!value.empty()) {
    if (const std::optional<Word> word = read_word(value)) {
      if (!after_word) out += spaces;
      spaces.clear();
      out += word->bytes;
      value.remove_prefix(word->size);
      after_word = true;
    } else if (value.front() == ' ' || value.front() == '\t') {
      spaces += value.front();
      value.remove_prefix(1);
    } else {
      out += std::exchange(spaces, {});
      out += value.front();
      value.remove_prefix(1);
      after_word = false;
    }
  }
  return out + spaces;
}

Result<> add_attributes(Headers& headers, const ObjectAttributes& attributes) {
  const ContentHeaders& content = attributes.headers;
  const std::array<std::pair<std::string_view, std::string_view>, 9> plain = {{
      {"content-type", content.content_type},
      {"content-encoding", content.content_encoding},
      {"content-language", content.content_language},
      {"content-disposition", content.content_disposition},
      {"cache-control", content.cache_control},
      {"x-amz-storage-class", attributes.storage_class},
      {"x-amz-server-side-encryption", attributes.sse},
      {"x-amz-server-side-encryption-aws-kms-key-id", attributes.sse_kms_key_id},
      {"x-amz-acl", attributes.acl},
  }};
  for (const auto& [name, value] : plain) {
    if (Result<> added = add_checked(headers, name, value); !added) return added;
  }
  if (attributes.bucket_key) headers.add("x-amz-server-side-encryption-bucket-key-enabled", "true");
  if (!attributes.tags.empty()) headers.add("x-amz-tagging", tagging(attributes.tags));
  return add_metadata(headers, attributes.metadata);
}

void add_condition(Headers& headers, const WriteCondition& condition) {
  if (condition.if_absent) headers.add("if-none-match", "*");
  if (!condition.if_match.empty()) headers.add("if-match", fmt::format("\"{}\"", condition.if_match.view()));
}

ContentHeaders content_headers_from(const Headers& headers) {
  const auto get = [&headers](std::string_view name) { return std::string(headers.get(name)); };
  return {.content_type = get("content-type"),
          .content_encoding = get("content-encoding"),
          .content_language = get("content-language"),
          .content_disposition = get("content-disposition"),
          .cache_control = get("cache-control")};
}

Metadata metadata_from(const Headers& headers) {
  Metadata metadata;
  for (const auto& [name, value] : headers) {
    const std::string lower = to_lower(name);
    if (!lower.starts_with(meta_prefix)) continue;
    metadata.emplace_back(lower.substr(meta_prefix.size()), decode_metadata_value(value));
  }
  return metadata;
}

ETag etag_from(std::string_view text) {
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
    text = text.substr(1, text.size() - 2);
  return ETag(text);
}

Result<std::optional<Crc64>> checksum_from(std::string_view text, std::string_view type) {
  if (text.empty() || type == "COMPOSITE" || text.find('-') != std::string_view::npos) return std::nullopt;
  const std::optional<Crc64> crc = crc64_from_s3_base64(text);
  if (!crc) {
    auto error =
        fail(ErrorKind::corrupt, fmt::format("S3 reports \"{}\" as a CRC64NVME, which it is not", text));
    error.error().http_status = stored_status;
    return error;
  }
  return crc;
}

Result<> check_checksum(std::optional<Crc64> reported, std::optional<Crc64> sent) {
  if (!reported || !sent || *reported == *sent) return {};
  auto error = fail(ErrorKind::corrupt,
                    fmt::format("S3 reports CRC64NVME {} for what was sent as {}", to_s3_base64(*reported),
                                to_s3_base64(*sent)),
                    {}, "if it happens again, suspect the server: --s3-checksum none does without checksums");
  error.error().http_status = stored_status;
  return error;
}

bool is_stored_but_doubtful(const Error& error) {
  return error.kind == ErrorKind::corrupt && error.http_status == stored_status && error.service_code.empty();
}

}  // namespace azs3copy
