// blob_body.cpp: which of three bodies a read becomes.
//
//   GET, x-ms-structured-body                                             proof
//     |-- the reply is structured ------------------> StructuredBody      crc64
//     |-- plain, the whole blob, with Content-MD5 --> PlainBody           content_md5
//     |-- plain, when_offered ----------------------> PlainBody           none
//     '-- plain, always: the reply is dropped ------> RangedBody          crc64 or content_md5
//           GET bytes=n..n+4 MiB-1, x-ms-range-get-content-crc64 (-md5 where that is refused);
//           once a reply of the session was plain, `always` begins here
//
// Every GET is pinned to one ETag, and every reply's ETag is compared with it: a service that does not know
// If-Match would else stitch two versions together. An empty body needs no checksum: its length, which came
// with the ETag, says all of it, and it counts as proven by CRC.
//
// A stored Content-MD5 was set by a client. One that is malformed counts as absent. One that does not match is
// stale, unless the bytes were damaged on the way: the second mismatch of a version is final. `always` reads such
// a version by ranges then, whose checksums the service computes itself.
#include "azure/blob_body.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "azure/azure_error.hpp"
#include "azure/blob_reply.hpp"
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/structured_body.hpp"

namespace azs3copy {
namespace {

// Get Blob gives the checksum of a range only up to this size.
constexpr std::uint64_t checked_range_bytes_max = 4 * MiB;

std::unexpected<Error> corrupt(std::string message, const BlobName& name, std::string_view advice = {}) {
  auto error = fail(ErrorKind::corrupt, std::move(message), name.view(), advice);
  error.error().retry = RetryVerdict::later;  // it may have happened on the way
  return error;
}

std::unexpected<Error> ended_early(std::uint64_t given, std::uint64_t size, const BlobName& name) {
  auto error = fail(ErrorKind::connection, fmt::format("the body ended after {} of {} bytes", given, size),
                    name.view());
  error.error().retry = RetryVerdict::later;
  return error;
}

std::unexpected<Error> too_long(std::uint64_t size, const BlobName& name) {
  return fail(ErrorKind::protocol,
              fmt::format("the body is longer than the {} bytes it was said to be", size), name.view());
}

constexpr std::size_t md5_mismatches_max = 1000;

std::string version_of(const Blob& blob) {
  return fmt::format("{}/{}\n{}", blob.container, blob.name, blob.etag);
}

// Another attempt finds out if the bytes were damaged on their way. If not, the stored MD5 is stale.
std::unexpected<Error> md5_differs(AzureSession& session, const Blob& blob) {
  auto error =
      corrupt("the bytes do not match the blob's Content-MD5", blob.name,
              "The stored MD5 is stale if this happens again: the client that wrote the blob set it. Copy "
              "with --verify-source always, which proves the bytes by checksums of the service, or correct "
              "the blob's Content-MD5.");
  const bool is_full = session.md5_mismatches.size() >= md5_mismatches_max;
  if (is_full || !session.md5_mismatches.insert(version_of(blob)).second)
    error.error().retry = RetryVerdict::never;
  return error;
}

// MD5 as headers carry it: base64 of 16 bytes. Nothing where it is no such thing.
std::optional<Md5Digest> parse_md5(std::string_view text) {
  const auto bytes = base64_decode(text);
  Md5Digest digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

struct Opened {
  std::unique_ptr<Exchange> exchange;
  ResponseHead head;
};

std::string range_field(Range range) {
  return fmt::format("bytes={}-{}", range.first, range.first + range.size - 1);
}

HttpRequest get_request(AzureSession& session, std::string target, const std::optional<Range>& range,
                        const ETag& if_match, const Context& context) {
  HttpRequest request = session.request(Method::get, std::move(target), context);
  if (!if_match.empty()) {
    std::string quoted;
    quoted.reserve(if_match.size() + 2);
    request.headers.add("If-Match", quoted.append(1, '"').append(if_match.view()).append(1, '"'));
  }
  if (range) request.headers.add("Range", range_field(*range));
  return request;
}

// `request`: with the login once it is sent.
Task<Result<Opened>> send(AzureSession& session, HttpRequest& request, const Context& context) {
  Result<std::unique_ptr<Exchange>> exchange = co_await session.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  Result<ResponseHead> head = co_await (*exchange)->response();
  if (!head) co_return passed(std::move(head));
  co_return Opened{.exchange = std::move(*exchange), .head = std::move(*head)};
}

// That the reply is of the version asked for, and of the range.
Result<> check_reply(const BlobReply& reply, const std::optional<Range>& range, const ETag& if_match) {
  const Blob& blob = reply.properties.blob;
  if (!if_match.empty() && blob.etag != if_match) {
    return fail(ErrorKind::changed, "the blob changed since it was listed", blob.name.view());
  }
  const Range want = range.value_or(Range{.first = 0, .size = blob.size});
  if (reply.range != want) {
    return fail(ErrorKind::protocol,
                fmt::format("asked for {} bytes from {}, the reply holds {} from {} (of {})", want.size,
                            want.first, reply.range.size, reply.range.first, blob.size),
                blob.name.view());
  }
  return {};
}

// Bytes as they come. The MD5 is computed only where there is one to compare with.
class PlainBody final : public BlobBody {
 public:
  PlainBody(AzureSession& session, std::unique_ptr<Exchange> exchange, BlobReply reply,
            std::optional<Md5Digest> expected)
      : session_(session),
        exchange_(std::move(exchange)),
        properties_(std::move(reply.properties)),
        size_(reply.range.size),
        expected_(expected) {
    if (expected_) md5_.emplace();
  }

  std::uint64_t size() const override { return size_; }
  const BlobProperties& properties() const override { return properties_; }
  Crc64 crc() const override { return crc_; }
  SourceProof proof() const override { return proof_; }

  Task<Result<std::size_t>> read(MutableBytes buffer) override {
    const BlobName& name = properties_.blob.name;
    Result<std::size_t> got = co_await exchange_->read(buffer);
    if (!got) co_return failed(std::move(got), "azure.read", name.view());
    if (*got == 0) {
      if (Result<> ok = finish(); !ok) co_return failed(std::move(ok), "azure.read");
      co_return std::size_t{0};
    }
    if (*got > size_ - given_) co_return failed(too_long(size_, name).error(), "azure.read");
    const Bytes bytes = buffer.first(*got);
    given_ += bytes.size();
    crc_ = crc64(crc_, bytes);
    if (md5_) md5_->update(bytes);
    co_return bytes.size();
  }

 private:
  Result<> finish() {
    const BlobName& name = properties_.blob.name;
    if (given_ != size_) return ended_early(given_, size_, name);
    if (md5_) {
      if (md5_->finish() != *expected_) return md5_differs(session_, properties_.blob);
      md5_.reset();
      proof_ = SourceProof::content_md5;
    } else if (size_ == 0) {
      proof_ = SourceProof::crc64;
    }
    return {};
  }

  AzureSession& session_;
  std::unique_ptr<Exchange> exchange_;
  BlobProperties properties_;
  std::uint64_t size_;
  std::optional<Md5Digest> expected_;
  std::optional<Md5> md5_;
  std::uint64_t given_ = 0;
  Crc64 crc_;
  SourceProof proof_ = SourceProof::none;
};

// Bytes in frames with a CRC each, decoded in the caller's buffer.
class StructuredBody final : public BlobBody {
 public:
  StructuredBody(std::unique_ptr<Exchange> exchange, BlobReply reply, VerifySource verify)
      : exchange_(std::move(exchange)),
        properties_(std::move(reply.properties)),
        size_(reply.range.size),
        verify_(verify),
        decoder_(reply.encoded_size, reply.range.size) {}

  std::uint64_t size() const override { return size_; }
  const BlobProperties& properties() const override { return properties_; }
  Crc64 crc() const override { return decoder_.crc(); }
  SourceProof proof() const override {
    return decoder_.complete() && decoder_.has_crc() ? SourceProof::crc64 : SourceProof::none;
  }

  Task<Result<std::size_t>> read(MutableBytes buffer) override {
    const BlobName& name = properties_.blob.name;
    for (;;) {
      Result<std::size_t> got = co_await exchange_->read(buffer);
      if (!got) co_return failed(std::move(got), "azure.read", name.view());
      if (*got == 0) {
        if (Result<> ok = finish(); !ok) co_return failed(std::move(ok), "azure.read");
        co_return std::size_t{0};
      }
      Result<std::size_t> decoded = decoder_.decode(buffer.first(*got));
      if (!decoded) co_return failed(std::move(decoded), "azure.read", name.view());
      if (*decoded > 0) co_return *decoded;  // else they were frames only
    }
  }

 private:
  Result<> finish() const {
    const BlobName& name = properties_.blob.name;
    if (!decoder_.complete()) return ended_early(decoder_.data_size(), size_, name);
    if (verify_ == VerifySource::always && !decoder_.has_crc()) {
      return fail(ErrorKind::unsupported, "the service sends its structured body without checksums",
                  name.view());
    }
    return {};
  }

  std::unique_ptr<Exchange> exchange_;
  BlobProperties properties_;
  std::uint64_t size_;
  VerifySource verify_;
  StructuredBodyDecoder decoder_;
};

// A blob or a range of it by GETs of at most 4 MiB, each with the checksum of its range.
class RangedBody final : public BlobBody {
 public:
  // `range`: of the blob; none: all of it.
  RangedBody(AzureSession& session, std::string target, const std::optional<Range>& range, ETag if_match,
             const Context& context)
      : session_(session),
        target_(std::move(target)),
        asked_(range),
        pin_(std::move(if_match)),
        context_(context) {}

  // The first GET. False: the blob is empty, which no range can name.
  Task<Result<bool>> open(const Container& container, const BlobName& name) {
    next_ = asked_ ? asked_->first : 0;
    const std::uint64_t wanted = asked_ ? asked_->size : checked_range_bytes_max;
    properties_.blob.container = container;
    properties_.blob.name = name;
    Result<BlobReply> reply = co_await start_range(wanted);
    if (!reply) {
      if (reply.error().http_status == 416 && !asked_) co_return false;
      co_return passed(std::move(reply));
    }
    properties_ = std::move(reply->properties);
    pin_ = properties_.blob.etag;
    size_ = asked_ ? asked_->size : properties_.blob.size;
    co_return true;
  }

  std::uint64_t size() const override { return size_; }
  const BlobProperties& properties() const override { return properties_; }
  Crc64 crc() const override { return crc64_combine(crc_, range_crc_, range_size_ - range_left_); }
  SourceProof proof() const override {
    return given_ == size_ && range_left_ == 0 ? proof_ : SourceProof::none;
  }

  Task<Result<std::size_t>> read(MutableBytes buffer) override {
    Result<std::size_t> got = co_await read_some(buffer);
    if (!got) co_return failed(std::move(got), "azure.read", properties_.blob.name.view());
    co_return got;
  }

 private:
  Task<Result<std::size_t>> read_some(MutableBytes buffer) {
    const BlobName& name = properties_.blob.name;
    for (;;) {
      if (exchange_ == nullptr) {
        if (given_ == size_) co_return std::size_t{0};
        if (Result<BlobReply> reply = co_await start_range(size_ - given_); !reply)
          co_return passed(std::move(reply));
      }
      Result<std::size_t> got = co_await exchange_->read(buffer);
      if (!got) co_return got;
      if (*got > range_left_) co_return too_long(range_size_, name);
      if (*got == 0) {
        if (Result<> ok = finish_range(); !ok) co_return passed(std::move(ok));
        continue;
      }
      const Bytes bytes = buffer.first(*got);
      range_left_ -= bytes.size();
      given_ += bytes.size();
      next_ += bytes.size();
      range_crc_ = crc64(range_crc_, bytes);
      if (md5_) md5_->update(bytes);
      co_return bytes.size();
    }
  }

  Result<> finish_range() {
    const BlobName& name = properties_.blob.name;
    if (range_left_ > 0) return ended_early(range_size_ - range_left_, range_size_, name);
    if (md5_) {
      if (md5_->finish() != expected_md5_) return corrupt("the bytes do not match the range's MD5", name);
      md5_.reset();
      proof_ = SourceProof::content_md5;  // the weaker of all ranges
    } else if (range_crc_ != expected_crc_) {
      return corrupt("the bytes do not match the range's CRC64", name);
    }
    crc_ = crc();
    range_crc_ = {};
    range_size_ = 0;
    exchange_.reset();
    return {};
  }

  // GETs what comes next with its CRC, or where that is not to be had with its MD5.
  Task<Result<BlobReply>> start_range(std::uint64_t wanted) {
    const Range range{.first = next_, .size = std::min(wanted, checked_range_bytes_max)};
    bool refused_for_good = false;
    if (!session_.refuses_range_crc && !refuses_crc_) {
      Result<BlobReply> reply = co_await try_range(range, "x-ms-range-get-content-crc64");
      const int status = reply ? 0 : reply.error().http_status;
      const bool refused = status == 400 || status == 500 || status == 501;
      if (!reply && !refused) co_return reply;
      if (reply && (!reply->range_crc64.empty() || reply->range.size == 0)) co_return reply;
      refuses_crc_ = true;
      refused_for_good = status != 500;  // that may pass, and counts for this body alone
      exchange_.reset();
    }
    Result<BlobReply> reply = co_await try_range(range, "x-ms-range-get-content-md5");
    if (!reply) co_return reply;
    if (!reply->range_md5.empty() || reply->range.size == 0) {
      if (refused_for_good) session_.refuses_range_crc = true;
      co_return reply;
    }
    co_return fail(ErrorKind::unsupported, "the service sends no checksum of what it sends",
                   properties_.blob.name.view(), "Copy with --verify-source when-offered.");
  }

  Task<Result<BlobReply>> try_range(Range range, std::string_view checksum_field) {
    const Blob& blob = properties_.blob;
    HttpRequest request = get_request(session_, target_, range, pin_, context_);
    request.headers.add(checksum_field, "true");
    Result<Opened> opened = co_await send(session_, request, context_);
    if (!opened) co_return passed(std::move(opened));
    if (!opened->head.ok()) {
      co_return std::unexpected<Error>(
          co_await session_.refusal(*opened->exchange, opened->head, request, context_));
    }
    Result<BlobReply> reply = read_blob_reply(Method::get, opened->head, blob.container, blob.name);
    if (!reply) co_return reply;
    // Of a blob whose size is not known yet, less may come than was asked for.
    Range expected = range;
    if (!asked_) expected.size = std::min(range.size, reply->properties.blob.size - reply->range.first);
    if (Result<> ok = check_reply(*reply, expected, pin_); !ok) co_return passed(std::move(ok));
    if (Result<> ok = expect(*reply); !ok) co_return passed(std::move(ok));
    exchange_ = std::move(opened->exchange);
    co_return reply;
  }

  // Notes what the range must come to.
  Result<> expect(const BlobReply& reply) {
    range_size_ = range_left_ = reply.range.size;
    range_crc_ = expected_crc_ = {};
    md5_.reset();
    if (!reply.range_crc64.empty()) {
      const auto crc = crc64_from_azure_base64(reply.range_crc64);
      if (!crc) return fail(ErrorKind::protocol, "the reply has a malformed x-ms-content-crc64");
      expected_crc_ = *crc;
    } else if (!reply.range_md5.empty()) {
      const auto md5 = parse_md5(reply.range_md5);
      if (!md5) return fail(ErrorKind::protocol, "the reply has a malformed Content-MD5");
      expected_md5_ = *md5;
      md5_.emplace();
    }
    return {};
  }

  AzureSession& session_;
  std::string target_;
  std::optional<Range> asked_;
  ETag pin_;
  Context context_;
  BlobProperties properties_;
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 0;   // offset in the blob
  std::uint64_t given_ = 0;  // bytes, over all ranges
  Crc64 crc_;
  SourceProof proof_ = SourceProof::crc64;
  bool refuses_crc_ = false;
  // The range under way.
  std::unique_ptr<Exchange> exchange_;
  std::uint64_t range_size_ = 0;
  std::uint64_t range_left_ = 0;
  Crc64 range_crc_;
  Crc64 expected_crc_;
  std::optional<Md5> md5_;
  Md5Digest expected_md5_{};
};

// GETs with the structured header, and again without where the service takes it for an error.
Task<Result<Opened>> send_get(AzureSession& session, std::string target, const ReadOptions& options,
                              const Context& context) {
  const bool structured = !session.refuses_structured_header;
  HttpRequest request = get_request(session, target, options.range, options.if_match, context);
  if (structured) request.headers.add("x-ms-structured-body", "XSM/1.0; properties=crc64");
  Result<Opened> opened = co_await send(session, request, context);
  if (!opened || opened->head.ok()) co_return opened;
  Error error = co_await session.refusal(*opened->exchange, opened->head, request, context);
  if (!structured || opened->head.status != 400) co_return std::unexpected<Error>(std::move(error));
  opened->exchange.reset();
  HttpRequest without = get_request(session, std::move(target), options.range, options.if_match, context);
  Result<Opened> plain = co_await send(session, without, context);
  if (!plain) co_return plain;
  if (!plain->head.ok()) {
    co_return std::unexpected<Error>(
        co_await session.refusal(*plain->exchange, plain->head, without, context));
  }
  session.refuses_structured_header = true;  // it was the header
  co_return plain;
}

Task<Result<std::unique_ptr<BlobBody>>> open_plain_or_structured(AzureSession& session,
                                                                 const Container& container,
                                                                 const BlobName& name,
                                                                 const ReadOptions& options,
                                                                 const Context& context) {
  Result<Opened> opened = co_await send_get(session, session.blob_target(container, name), options, context);
  if (!opened) co_return passed(std::move(opened));
  Result<BlobReply> reply = read_blob_reply(Method::get, opened->head, container, name);
  if (!reply) co_return passed(std::move(reply));
  if (Result<> ok = check_reply(*reply, options.range, options.if_match); !ok)
    co_return passed(std::move(ok));
  if (reply->structured) {
    co_return std::make_unique<StructuredBody>(std::move(opened->exchange), std::move(*reply),
                                               options.verify);
  }
  session.sends_no_structured_body = true;
  std::optional<Md5Digest> md5;
  if (reply->whole && !reply->properties.content_md5.empty()) {
    md5 = parse_md5(reply->properties.content_md5);
  }
  if (options.verify == VerifySource::always && !md5 && reply->range.size > 0) {
    co_return std::unique_ptr<BlobBody>();  // nothing here proves the bytes
  }
  co_return std::make_unique<PlainBody>(session, std::move(opened->exchange), std::move(*reply), md5);
}

Task<Result<std::unique_ptr<BlobBody>>> open_ranges(AzureSession& session, const Container& container,
                                                    const BlobName& name, const ReadOptions& options,
                                                    const Context& context) {
  auto body = std::make_unique<RangedBody>(session, session.blob_target(container, name), options.range,
                                           options.if_match, context);
  const Result<bool> opened = co_await body->open(container, name);
  if (!opened) co_return std::unexpected<Error>(opened.error());
  if (*opened) co_return std::unique_ptr<BlobBody>(std::move(body));
  // Empty, says the 416: then a read of the whole needs no proof. Should it have grown, nothing proves it.
  Result<std::unique_ptr<BlobBody>> whole =
      co_await open_plain_or_structured(session, container, name, options, context);
  if (whole && *whole == nullptr)
    co_return fail(ErrorKind::changed, "the blob grew while it was opened", name.view());
  co_return whole;
}

}  // namespace

Task<Result<std::unique_ptr<BlobBody>>> open_blob_body(AzureSession& session, const Container& container,
                                                       const BlobName& name, const ReadOptions& options,
                                                       const Context& context) {
  if (options.range && options.range->size == 0) {
    co_return fail(ErrorKind::internal, "an empty range was asked for", name.view());
  }
  if (options.verify == VerifySource::when_offered || !session.sends_no_structured_body) {
    Result<std::unique_ptr<BlobBody>> body =
        co_await open_plain_or_structured(session, container, name, options, context);
    if (!body || *body != nullptr) co_return body;
  }
  co_return co_await open_ranges(session, container, name, options, context);
}

}  // namespace azs3copy
