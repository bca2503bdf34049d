// s3_objects.cpp: whole objects: put, head, get, delete, and reading one through for its CRC.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/s3_client_impl.hpp"
#include "aws/s3_headers.hpp"
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/time.hpp"

namespace azs3copy {
namespace {

// With Content-MD5 if the server is not known to confirm the CRC: then it refuses what it received wrong, and
// nothing is stored.
Task<Result<PutReply>> put_once(S3Client::Impl& impl, S3Call& call, const Key& key, Crc64 crc,
                                const Context& context) {
  using Known = S3Traits::Known;
  const bool by_md5 = !impl.sends_checksums() || impl.traits->confirms_crc(WriteKind::object) == Known::no;
  if (by_md5) call.request.headers.set("content-md5", base64_encode(md5_of(call.request.body)));
  Result<HttpResponse> response = co_await impl.send(call, context);
  if (!response) co_return passed(std::move(response));
  Result<PutReply> reply = judge_write(response->head.headers,
                                       {.kind = WriteKind::object,
                                        .size = call.request.body.size(),
                                        .crc = impl.expected(crc),
                                        .bytes = call.request.body,
                                        .with_content_md5 = by_md5},
                                       *impl.traits);
  if (!reply) {
    const ETag stored = etag_from(response->head.headers.get("etag"));
    co_await discard_doubtful(impl, key, stored, reply.error(), context);
  }
  co_return reply;
}

Task<Result<>> delete_key(S3Client::Impl& impl, const Key& key, const ETag& if_match,
                          const Context& context) {
  S3Call call = impl.key_call("s3.delete_object", Method::del, key);
  add_condition(call.request.headers, {.if_match = if_match});
  Result<HttpResponse> response = co_await impl.send_with_retry(call, context);
  if (!response && response.error().service_code == "NoSuchKey") co_return Result<>{};  // of a condition only
  if (!response) co_return passed(std::move(response));
  co_return Result<>{};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return size;
}

Result<ObjectHead> object_head_from(const ResponseHead& head) {
  const Headers& headers = head.headers;
  const std::optional<std::uint64_t> size =
      headers.contains("content-length") ? parse_size(headers.get("content-length")) : head.content_length;
  if (!size) return fail(ErrorKind::protocol, "the reply to HEAD has no Content-Length");
  Result<std::optional<Crc64>> crc =
      checksum_from(headers.get("x-amz-checksum-crc64nvme"), headers.get("x-amz-checksum-type"));
  return ObjectHead{.size = *size,
                    .etag = etag_from(headers.get("etag")),
                    .last_modified = parse_rfc1123(headers.get("last-modified")).value_or(UtcTime{}),
                    .headers = content_headers_from(headers),
                    .metadata = metadata_from(headers),
                    // A malformed one proves nothing, and is no reason not to know the rest.
                    .crc = crc ? *crc : std::nullopt,
                    .version_id = std::string(headers.get("x-amz-version-id")),
                    .storage_class = std::string(headers.get("x-amz-storage-class")),
                    .sse = std::string(headers.get("x-amz-server-side-encryption"))};
}

Task<Result<SmallObject>> get_once(S3Client::Impl& impl, S3Call& call, std::size_t body_bytes_max,
                                   const Context& context) {
  Result<HttpResponse> response = co_await impl.send(call, context);
  if (!response) co_return passed(std::move(response));
  if (response->body.size() > body_bytes_max) {
    co_return fail(ErrorKind::protocol, fmt::format("the object has more than {} bytes", body_bytes_max));
  }
  const Headers& headers = response->head.headers;
  Result<std::optional<Crc64>> stored =
      checksum_from(headers.get("x-amz-checksum-crc64nvme"), headers.get("x-amz-checksum-type"));
  if (!stored) co_return passed(std::move(stored));
  const Crc64 received = *stored ? crc64({}, bytes_of(response->body)) : Crc64{};
  if (*stored && **stored != received) {
    Error error{.kind = ErrorKind::corrupt,
                .retry = RetryVerdict::later,
                .message = fmt::format("the bytes received have CRC64NVME {}, S3 says {}",
                                       to_s3_base64(received), to_s3_base64(**stored))};
    co_return std::unexpected<Error>(std::move(error));
  }
  co_return SmallObject{.body = std::move(response->body), .etag = etag_from(headers.get("etag"))};
}

}  // namespace

Task<Result<PutReply>> S3Client::put_object(const Key& key, Bytes body, Crc64 crc,
                                            const ObjectAttributes& attributes,
                                            const WriteCondition& condition, const Context& context) {
  constexpr std::string_view operation = "s3.put_object";
  Impl& impl = *impl_;
  if (Result<> fits = check_key(key); !fits) co_return failed(std::move(fits), operation, key.view());
  if (body.size() > put_bytes_max) {
    co_return failed(Error{.kind = ErrorKind::invalid, .message = "S3 takes 5 GiB in one PUT"}, operation,
                     key.view());
  }
  S3Call call = impl.key_call(operation, Method::put, key);
  call.payload = Payload::object;
  call.request.body = body;
  call.request.replayable = false;  // after a suspension the body may be of an old version of the blob
  Headers& headers = call.request.headers;
  if (Result<> added = add_attributes(headers, attributes); !added) {
    co_return failed(std::move(added), operation, key.view());
  }
  add_condition(headers, condition);
  if (impl.sends_checksums()) {
    headers.add("x-amz-sdk-checksum-algorithm", "CRC64NVME");
    headers.add("x-amz-checksum-crc64nvme", to_s3_base64(crc));
  }
  Result<PutReply> reply = co_await with_retry<PutReply>(
      impl.retry, context, [&] { return put_once(impl, call, key, crc, context); }, impl.login_again());
  if (!reply) co_return failed(std::move(reply), operation, key.view());
  co_return reply;
}

Task<Result<ObjectHead>> S3Client::head_object(const Key& key, const Context& context) {
  S3Call call = impl_->key_call("s3.head_object", Method::head, key);
  if (impl_->sends_checksums()) call.request.headers.add("x-amz-checksum-mode", "ENABLED");
  Result<HttpResponse> response = co_await impl_->send_with_retry(call, context);
  if (!response) {
    if (response.error().kind == ErrorKind::permission) {
      response.error().advice =
          "without s3:ListBucket S3 answers 403 for a missing key too; " + response.error().advice;
    }
    co_return passed(std::move(response));
  }
  Result<ObjectHead> head = object_head_from(response->head);
  if (!head) co_return failed(std::move(head), call.operation, key.view());
  co_return head;
}

Task<Result<SmallObject>> S3Client::get_object(const Key& key, std::size_t body_bytes_max,
                                               const Context& context) {
  Impl& impl = *impl_;
  S3Call call = impl.key_call("s3.get_object", Method::get, key);
  call.reply_bytes_max = std::max(call.reply_bytes_max, body_bytes_max);  // there is room for an error's text
  if (impl.sends_checksums()) call.request.headers.add("x-amz-checksum-mode", "ENABLED");
  Result<SmallObject> object = co_await with_retry<SmallObject>(
      impl.retry, context, [&] { return get_once(impl, call, body_bytes_max, context); }, impl.login_again());
  if (!object) co_return failed(std::move(object), call.operation, key.view());
  co_return object;
}

Task<Result<>> S3Client::delete_object(const Key& key, const ETag& if_match, const Context& context) {
  co_return co_await delete_key(*impl_, key, if_match, context);
}

Task<void> discard_doubtful(S3Client::Impl& impl, const Key& key, const ETag& stored, Error& error,
                            const Context& context) {
  if (!is_stored_but_doubtful(error)) co_return;
  const Context clean_up = context.for_clean_up();
  Result<> deleted = co_await delete_key(impl, key, stored, clean_up);
  // A condition needs s3:GetObject too, and a server that knows it. Without these, deleting is the smaller
  // risk: a damaged object would be taken for unchanged from then on.
  const bool no_condition = !deleted && (deleted.error().kind == ErrorKind::permission ||
                                         deleted.error().kind == ErrorKind::unsupported);
  if (no_condition && !stored.empty()) deleted = co_await delete_key(impl, key, {}, clean_up);
  if (deleted) {
    error.message += "; the object was deleted again";
  } else if (deleted.error().kind == ErrorKind::changed) {
    error.message += "; another writer has replaced the object since";
  } else {
    error.message +=
        fmt::format("; the object stands and could not be deleted ({})", deleted.error().to_line());
  }
}

// ---- Reading through. A broken connection costs what is left, not what was read: the rest is asked for by
// Range, pinned to the same ETag.

namespace {

struct Reading {
  const Key& key;
  ETag etag;
  std::uint64_t done = 0;
  Crc64 crc;
};

Task<Result<>> read_body(Exchange& exchange, Reading& reading) {
  constexpr std::size_t buffer_bytes = 256 * KiB;
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
  for (;;) {
    Result<std::size_t> got = co_await exchange.read(MutableBytes(buffer.get(), buffer_bytes));
    if (!got) co_return passed(std::move(got));
    if (*got == 0) co_return Result<>{};
    reading.crc = crc64(reading.crc, Bytes(buffer.get(), *got));
    reading.done += *got;
  }
}

// From where the last attempt ended to the object's end.
Task<Result<Crc64>> read_on(S3Client::Impl& impl, Reading& reading, const Context& context) {
  S3Call call = impl.key_call("s3.read_object", Method::get, reading.key);
  Headers& headers = call.request.headers;
  if (!reading.etag.empty()) headers.add("if-match", fmt::format("\"{}\"", reading.etag.view()));
  if (reading.done > 0) headers.add("range", fmt::format("bytes={}-", reading.done));
  Result<> ready = co_await impl.prepare(call, context);
  if (!ready) co_return passed(std::move(ready));
  Result<std::unique_ptr<Exchange>> exchange = co_await impl.transport.start(call.request, context);
  if (!exchange) co_return passed(std::move(exchange));
  Result<ResponseHead> head = co_await (*exchange)->response();
  if (!head) co_return passed(std::move(head));
  if (!head->ok()) {
    Result<std::string> body = co_await read_reply_body(**exchange, call.reply_bytes_max);
    S3Client::Impl::Refusal refusal = impl.refuse(*head, body ? std::string_view(*body) : "", context);
    if (refusal.moved) refusal.error.retry = RetryVerdict::other_form;
    co_return std::unexpected<Error>(std::move(refusal.error));
  }
  if (head->status != 206) {  // the whole object, whatever was asked for
    reading.done = 0;
    reading.crc = {};
  }
  if (reading.etag.empty()) reading.etag = etag_from(head->headers.get("etag"));
  Result<> read = co_await read_body(**exchange, reading);
  if (!read) co_return passed(std::move(read));
  co_return reading.crc;
}

}  // namespace

Task<Result<Crc64>> S3Client::read_object_crc(const Key& key, const ETag& if_match, const Context& context) {
  Impl& impl = *impl_;
  Reading reading{.key = key, .etag = if_match};
  for (;;) {
    const std::uint64_t before = reading.done;
    Result<Crc64> crc = co_await with_retry<Crc64>(
        impl.retry, context, [&] { return read_on(impl, reading, context); }, impl.login_again());
    if (crc) co_return crc;
    // Hours of reading may meet more breaks than one operation is allowed; only those without progress count.
    const bool went_on =
        reading.done > before && crc.error().retry == RetryVerdict::later && !context.expired();
    if (!went_on) co_return failed(std::move(crc), "s3.read_object", key.view());
  }
}

}  // namespace azs3copy
