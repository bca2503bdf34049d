// s3_body.cpp: a body on its way in: framing, lengths and every checksum that came with it.
//
//   aws-chunked, unsigned with trailer:  ( hex-length CRLF data CRLF )*  0 CRLF  name:value CRLF  CRLF
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::uint64_t chunk_bytes_min = 8 * KiB;  // but the last
constexpr std::string_view crc_header = "x-amz-checksum-crc64nvme";
constexpr std::size_t line_bytes_max = 1024;

[[noreturn]] void incomplete(std::string why) {
  throw S3Refusal{400, "IncompleteBody", "The request body is not framed as its headers say: " + why};
}

// Takes bytes of data; keeps them where they are wanted, and sums them.
class Receiver {
 public:
  Receiver(bool keep, bool with_md5, bool with_sha) : keep_(keep), with_md5_(with_md5), with_sha_(with_sha) {}

  void damage_next_byte() { damage_ = true; }
  void take(Bytes bytes) {
    if (std::exchange(damage_, false)) {
      std::string damaged(text_of(bytes));
      damaged[0] = static_cast<char>(damaged[0] ^ 1);
      return take(bytes_of(damaged));
    }
    crc_ = crc64(crc_, bytes);
    size_ += bytes.size();
    if (with_md5_) md5_.update(bytes);
    // Only plain http clients hash the body: small ones, in tests.
    if (keep_ || with_sha_) bytes_.append(text_of(bytes));
  }
  std::uint64_t size() const { return size_; }
  Crc64 crc() const { return crc_; }
  Md5Digest md5() { return md5_.finish(); }
  std::string sha256_hex() const { return hex_encode(sha256(bytes_of(bytes_))); }
  ContentPtr content() { return keep_ ? stored_content(std::move(bytes_)) : digest_content(size_, crc_); }

 private:
  bool damage_ = false;
  bool keep_;
  bool with_md5_;
  bool with_sha_;
  Crc64 crc_;
  std::uint64_t size_ = 0;
  Md5 md5_;
  std::string bytes_;
};

// Buffers an Exchange's body so that lines can be read from it.
class BodyReader {
 public:
  explicit BodyReader(Exchange& exchange) : exchange_(exchange), buffer_(256 * KiB) {}

  // At most `size` bytes, valid until the next call; empty at the end.
  Task<Bytes> some(std::uint64_t size) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = co_await exchange_.read_body(buffer_);
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - begin_));
    const Bytes bytes(buffer_.data() + begin_, count);
    begin_ += count;
    co_return bytes;
  }
  // Up to CRLF, which is taken too.
  Task<std::string> line() {
    std::string line;
    while (!line.ends_with("\r\n")) {
      const Bytes byte = co_await some(1);
      if (byte.empty()) incomplete("it ends in the middle of a line.");
      line += text_of(byte);
      if (line.size() > line_bytes_max) incomplete("a line is too long.");
    }
    line.resize(line.size() - 2);
    co_return line;
  }

 private:
  Exchange& exchange_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

Task<void> receive_plain(BodyReader& reader, Receiver& receiver) {
  for (Bytes bytes = co_await reader.some(~0ULL); !bytes.empty(); bytes = co_await reader.some(~0ULL)) {
    receiver.take(bytes);
  }
}

std::uint64_t chunk_size(const std::string& line) {
  std::uint64_t size = 0;
  if (line.empty() || line.size() > 16) incomplete("a chunk's length is malformed.");
  for (const char c : line) {
    const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
    if (digit == std::string_view::npos || (c < '0')) incomplete("a chunk's length is malformed.");
    size = size * 16 + digit;
  }
  return size;
}

// The trailer's lines: name and value.
Task<std::map<std::string, std::string>> receive_chunked(BodyReader& reader, Receiver& receiver) {
  std::uint64_t before = chunk_bytes_min;
  for (;;) {
    const std::uint64_t size = chunk_size(co_await reader.line());
    if (size == 0) break;
    if (before < chunk_bytes_min) {
      throw S3Refusal{403, "InvalidChunkSizeError",
                      "Only the last chunk is allowed to have a size less than 8192 bytes"};
    }
    before = size;
    for (std::uint64_t left = size; left > 0;) {
      const Bytes bytes = co_await reader.some(left);
      if (bytes.empty()) incomplete("it ends in the middle of a chunk.");
      receiver.take(bytes);
      left -= bytes.size();
    }
    if (!(co_await reader.line()).empty()) incomplete("a chunk is longer than it says.");
  }
  std::map<std::string, std::string> trailer;
  for (std::string line = co_await reader.line(); !line.empty(); line = co_await reader.line()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos)
      throw S3Refusal{400, "MalformedTrailerError", "The trailer is malformed."};
    trailer[lower_case(line.substr(0, colon))] = line.substr(colon + 1);
  }
  if (!(co_await reader.some(1)).empty()) incomplete("bytes follow the trailer.");
  co_return trailer;
}

std::uint64_t decoded_length(const RequestHead& request) {
  const auto length = parse_number(request.get("x-amz-decoded-content-length"));
  if (!length) throw S3Refusal{411, "MissingContentLength", "You must provide x-amz-decoded-content-length."};
  return *length;
}

// What the trailer must hold, and nothing else.
void check_trailer(const RequestHead& request, const std::map<std::string, std::string>& trailer) {
  const std::string declared = lower_case(request.get("x-amz-trailer"));
  if (trailer.size() != 1 || trailer.begin()->first != declared) {
    throw S3Refusal{400, "MalformedTrailerError", "The trailer is not the one that x-amz-trailer declares."};
  }
}

void check_crc(std::string_view sent, Crc64 crc, std::string_view where) {
  const auto value = crc64_from_s3_base64(sent);
  if (!value) {
    throw S3Refusal{400, "InvalidRequest", fmt::format("Value for {} {} is invalid.", crc_header, where)};
  }
  if (*value != crc) {
    throw S3Refusal{400, "BadDigest", "The CRC64NVME you specified did not match the calculated checksum."};
  }
}

// Checksums other than ours would pass unseen: no client of this project may send them.
void refuse_other_checksums(const RequestHead& request) {
  for (const auto& [name, value] : request.fields()) {
    const std::string lower = lower_case(name);
    const bool other = lower.starts_with("x-amz-checksum-") && lower != crc_header &&
                       lower != "x-amz-checksum-type" && lower != "x-amz-checksum-algorithm" &&
                       lower != "x-amz-checksum-mode";
    if (other) throw S3Refusal{501, "NotImplemented", "The fake does not check " + lower};
  }
  const std::string_view algorithm = request.get("x-amz-sdk-checksum-algorithm");
  if (!algorithm.empty() && algorithm != "CRC64NVME") {
    throw S3Refusal{501, "NotImplemented", "The fake checks CRC64NVME only."};
  }
}

// The ways in which other servers refuse what they do not know.
void refuse_forms(const RequestHead& request, bool trailing, const FakeS3Options& options) {
  const bool with_checksum = request.contains(crc_header) || request.contains("x-amz-trailer");
  if (options.refuses_checksum_headers && with_checksum) {
    throw S3Refusal{400, "InvalidArgument",
                    fmt::format("Unsupported header '{}' received for this API call.", crc_header)};
  }
  const std::string& refusal = options.trailer_refusal;
  if (!trailing || refusal.empty()) return;
  if (refusal == "NotImplemented") throw S3Refusal{501, refusal, "The trailer is not implemented."};
  if (refusal == "MissingContentLength") throw S3Refusal{411, refusal, "You must provide Content-Length."};
  throw S3Refusal{400, refusal == "empty" ? "" : refusal, "The body is not what it says."};
}

}  // namespace

Task<ReceivedBody> S3Service::receive(Exchange& exchange, bool keep, std::uint64_t size_max) {
  const RequestHead& request = exchange.request();
  refuse_other_checksums(request);
  const FakeS3Options options = [this] {
    const std::lock_guard lock(mutex_);
    return options_;
  }();
  if (!request.content_length()) {
    throw S3Refusal{411, "MissingContentLength", "You must provide the Content-Length HTTP header."};
  }
  const std::string payload(request.get("x-amz-content-sha256"));
  const bool encoded = lower_case(request.get("content-encoding")).starts_with("aws-chunked");
  const bool framed = payload == "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  refuse_forms(request, framed, options);
  const bool trailing = framed && (encoded || !options.stores_framing);
  if (payload.starts_with("STREAMING-") && !framed) {
    throw S3Refusal{501, "NotImplemented", "The fake takes unsigned streams only."};
  }
  // The payload hash tells the framing. Clients leave the encoding out towards servers that are not AWS's:
  // some would store it as the object's own.
  if (encoded && !framed)
    throw S3Refusal{400, "InvalidRequest", "aws-chunked and the payload hash do not agree."};
  if (framed && request.get("x-amz-trailer").empty()) {
    throw S3Refusal{400, "InvalidRequest", "A stream with a trailer wants x-amz-trailer."};
  }
  const std::uint64_t size = trailing ? decoded_length(request) : *request.content_length();
  if (size > size_max) {
    throw S3Refusal{400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"};
  }
  const bool hashed = payload != "UNSIGNED-PAYLOAD" && !framed;
  // Where bodies are not kept the tests are large: no MD5 of many GB unless it was sent.
  Receiver receiver(keep, keep || request.contains("content-md5"), hashed);
  if (options.damages_bodies && size > 2000) receiver.damage_next_byte();
  BodyReader reader(exchange);
  std::map<std::string, std::string> trailer;
  if (trailing) {
    trailer = co_await receive_chunked(reader, receiver);
    check_trailer(request, trailer);
  } else {
    co_await receive_plain(reader, receiver);
  }
  if (receiver.size() != size) incomplete("the data is not as long as announced.");
  if (hashed && receiver.sha256_hex() != payload) {
    throw S3Refusal{400, "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed."};
  }
  ReceivedBody body{.crc = receiver.crc()};
  if (options.checksums && request.contains(crc_header)) {
    check_crc(request.get(crc_header), body.crc, "header");
    body.checksum_sent = true;
  }
  if (options.checksums && trailer.contains(std::string(crc_header))) {
    check_crc(trailer.at(std::string(crc_header)), body.crc, "trailing header");
    body.checksum_sent = true;
  }
  if (keep || request.contains("content-md5")) {
    const Md5Digest md5 = receiver.md5();
    body.md5_hex = hex_encode(md5);
    if (request.contains("content-md5") && request.get("content-md5") != base64_encode(md5)) {
      throw S3Refusal{400, "BadDigest", "The Content-MD5 you specified did not match what we received."};
    }
  }
  // Without MD5, an ETag of the same form.
  if (body.md5_hex.empty()) body.md5_hex = fmt::format("{:016x}{:016x}", body.crc.value, receiver.size());
  if (!options.md5_etags) std::reverse(body.md5_hex.begin(), body.md5_hex.end());
  if (framed && !trailing) body.odd_size = receiver.size();
  body.content = receiver.content();
  co_return body;
}

}  // namespace azs3copy::fakes
