// s3_put_stream.cpp: a body that is read from one cloud while it is written to the other.
//
//   write(piece) --> gathered below 16 KiB, or as it is --> framing and data --> Exchange::write
//   finish(crc)  --> trailer --> reply --> judge_write (s3_traits.hpp)
//
// Without a trailer the body goes plain, and its MD5 is compared with the ETag.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/aws_chunked.hpp"
#include "aws/s3_client_impl.hpp"
#include "aws/s3_headers.hpp"
#include "codec/base64.hpp"

namespace azs3copy {
namespace {

// How a body is sent; decided once, since the traits may change while it is under way.
struct Form {
  WriteKind kind = WriteKind::stream;
  bool trailer = false;
  bool md5 = false;
  bool content_md5 = false;  // of an earlier attempt on the same bytes
};

// Pieces below this are copied together, so that a TLS record and a system call carry more than a few bytes.
constexpr std::size_t gather_bytes = 16 * KiB;

// A server that has not asked for a body after this long is sent it all the same: one that may not know
// "Expect: 100-continue", and one that does.
constexpr milliseconds continue_wait_first{1'000};
constexpr milliseconds continue_wait_max{10'000};
constexpr int expectation_failed = 417;

class PutStream final : public S3PutStream {
 public:
  PutStream(S3Client::Impl& impl, const Context& context, PutTarget target, std::string_view operation,
            std::uint64_t size, Form form, Headers sent, std::unique_ptr<Exchange> exchange)
      : impl_(impl),
        form_(form),
        context_(context),
        target_(std::move(target)),
        operation_(operation),
        size_(size),
        left_(size),
        framer_(size),
        sent_(std::move(sent)),
        exchange_(std::move(exchange)) {
    if (form_.md5) md5_.emplace();
  }

  Task<Result<bool>> write(Bytes bytes) override {
    if (bytes.size() > left_) {
      co_return named(Error{.kind = ErrorKind::internal,
                            .message = fmt::format("the body has more than the {} bytes announced", size_)});
    }
    while (!bytes.empty() && !answered_) {
      std::size_t count = bytes.size();
      if (form_.trailer) {
        const AwsChunkedFramer::Next next = framer_.next();
        gathered_ += next.framing;
        count = static_cast<std::size_t>(std::min<std::uint64_t>(count, next.data_bytes_max));
      }
      if (md5_) md5_->update(bytes.first(count));
      Result<> sent = co_await send(bytes.first(count));
      if (!sent) co_return named(std::move(sent.error()));
      if (form_.trailer) framer_.sent(count);
      left_ -= count;
      bytes = bytes.subspan(count);
    }
    co_return answered_;
  }

  // Waits until the server asks for the body: one that refuses by the head alone costs no bytes from Azure.
  Task<Result<>> await_continue() {
    using Expect = S3Client::Impl::Expect;
    const milliseconds limit = impl_.expect == Expect::honoured ? continue_wait_max : continue_wait_first;
    Result<Exchange::Asked> asked = co_await exchange_->await_continue(limit);
    if (!asked) co_return named(std::move(asked.error()));
    if (*asked == Exchange::Asked::yes) impl_.expect = Expect::honoured;
    if (*asked == Exchange::Asked::not_yet && impl_.expect == Expect::unknown) impl_.expect = Expect::ignored;
    if (*asked != Exchange::Asked::answered) co_return Result<>{};
    answered_ = true;
    Result<PutReply> refusal = co_await finish({});
    if (!refusal && refusal.error().http_status == expectation_failed) {
      impl_.expect = Expect::ignored;
      refusal.error().retry = RetryVerdict::other_form;
    }
    co_return passed(std::move(refusal));
  }

  Task<Result<PutReply>> finish(Crc64 crc) override {
    if (!answered_) {
      if (left_ > 0) {
        // Nothing is stored: the connection breaks before the length that was announced.
        co_return named(Error{.kind = ErrorKind::corrupt,
                              .retry = RetryVerdict::later,
                              .message = fmt::format("the body ended {} bytes before its {}", left_, size_)});
      }
      if (form_.trailer) gathered_ += framer_.end(to_s3_base64(crc));
      Result<> sent = co_await flush();
      if (!sent) co_return named(std::move(sent.error()));
      ended_ = true;
    }
    Result<PutReply> reply = co_await read_reply(crc);
    exchange_.reset();  // its connection is free, for what may follow too
    // A part that is doubtful is no object yet; sent again, it is replaced.
    if (!reply && target_.upload.empty())
      co_await discard_doubtful(impl_, target_.key, stored_, reply.error(), context_);
    if (!reply) co_return named(std::move(reply.error()));
    co_return reply;
  }

 private:
  std::unexpected<Error> named(Error error) const {
    return failed(std::move(error), operation_, target_.key.view());
  }

  Task<Result<>> send(Bytes bytes) {
    if (gathered_.size() + bytes.size() < gather_bytes) {
      gathered_ += text_of(bytes);
      co_return Result<>{};
    }
    Result<> flushed = co_await flush();
    if (!flushed) co_return flushed;
    if (!answered_) co_return co_await hand_on(bytes);
    co_return Result<>{};
  }
  Task<Result<>> flush() {
    if (gathered_.empty()) co_return Result<>{};
    Result<> sent = co_await hand_on(bytes_of(gathered_));
    gathered_.clear();
    co_return sent;
  }
  Task<Result<>> hand_on(Bytes bytes) {
    Result<bool> written = co_await exchange_->write(bytes);
    if (!written) co_return passed(std::move(written));
    answered_ = answered_ || *written;
    co_return Result<>{};
  }

  Task<Result<PutReply>> read_reply(Crc64 crc) {
    constexpr std::size_t reply_bytes_max = 1 * MiB;
    Result<ResponseHead> head = co_await exchange_->response();
    if (!head) co_return passed(std::move(head));
    Result<std::string> body = co_await read_reply_body(*exchange_, reply_bytes_max);
    if (!body) co_return passed(std::move(body));
    if (!head->ok()) co_return std::unexpected<Error>(refused(*head, *body));
    if (left_ > 0 || !gathered_.empty() || !ended_) {
      // Whatever it stored, it is not what we were sending.
      co_return fail(ErrorKind::protocol,
                     fmt::format("S3 answered {} before the body's end was sent", head->status));
    }
    stored_ = etag_from(head->headers.get("etag"));
    SentBody sent{.kind = form_.kind,
                  .size = size_,
                  .crc = impl_.expected(crc),
                  .with_content_md5 = form_.content_md5,
                  .with_trailer = form_.trailer};
    if (md5_) sent.md5 = md5_->finish();
    Result<PutReply> reply = judge_write(head->headers, sent, *impl_.traits);
    if (!reply && sent.md5) impl_.traits->doubt(target_, size_, *sent.md5);
    co_return reply;
  }

  // The next attempt is the stage's, with a stream of its own. What it needs is put in place here.
  Error refused(const ResponseHead& head, std::string_view body) {
    S3Client::Impl::Refusal refusal = impl_.refuse(head, body, context_, &sent_);
    Error error = std::move(refusal.error);
    if (refusal.moved) error.retry = RetryVerdict::other_form;
    const bool in_doubt = form_.trailer && impl_.traits->trailers() != S3Traits::Known::yes;
    if (in_doubt && (refuses_form(error) || error.service_code == "XAmzContentSHA256Mismatch")) {
      impl_.traits->leave_trailers_out(&error);
      error.retry = RetryVerdict::other_form;
    }
    if (error.retry == RetryVerdict::fresh_login) (void)impl_.credentials->refresh();
    return error;
  }

  S3Client::Impl& impl_;
  const Form form_;
  Context context_;  // a copy: the stream may outlive the caller's
  const PutTarget target_;
  const std::string_view operation_;
  const std::uint64_t size_;
  std::uint64_t left_;  // data bytes still to come
  AwsChunkedFramer framer_;
  std::optional<Md5> md5_;
  Headers sent_;  // of the request
  std::unique_ptr<Exchange> exchange_;
  std::string gathered_;   // framing and small pieces that wait
  bool answered_ = false;  // S3 has sent its reply; no byte more is wanted
  bool ended_ = false;     // all of the body went out
  ETag stored_;            // of what S3 says it has stored
};

Result<> check_target(const PutTarget& target, std::uint64_t size) {
  if (Result<> fits = check_key(target.key); !fits) return fits;
  const bool is_part = !target.upload.empty();
  if (is_part && (target.part_number == 0 || target.part_number > part_count_max)) {
    return fail(ErrorKind::internal,
                fmt::format("S3 numbers parts 1 to {}, not {}", part_count_max, target.part_number));
  }
  const std::uint64_t bytes_max = is_part ? part_bytes_max : put_bytes_max;
  if (size > bytes_max) {
    return fail(ErrorKind::invalid, fmt::format("S3 takes {} bytes in one PUT, not {}", bytes_max, size));
  }
  return {};
}

// Tells S3 how the body comes.
Form announce_body(HttpRequest& request, const PutTarget& target, std::uint64_t size, S3Client::Impl& impl) {
  Form form{.kind = target.upload.empty() ? WriteKind::stream : WriteKind::part,
            .trailer = impl.sends_trailers()};
  form.md5 = !form.trailer || impl.traits->confirms_crc(form.kind) != S3Traits::Known::yes;
  request.streamed_size = size;
  if (!form.trailer) {
    const std::optional<Md5Digest> md5 = impl.traits->take_doubt(target, size);
    if (md5) request.headers.add("content-md5", base64_encode(*md5));
    form.content_md5 = md5.has_value();
    return form;
  }
  request.streamed_size = aws_chunked_size(size);
  Headers& headers = request.headers;
  // AWS documents the coding and takes it off again before it stores the rest. Other
  // servers go by x-amz-content-sha256, and some (versitygw 1.7, NooBaa) would store
  // "aws-chunked" as the object's own encoding.
  if (impl.is_aws()) {
    const std::string_view stored = headers.get("content-encoding");
    headers.set("content-encoding", stored.empty() ? "aws-chunked" : fmt::format("aws-chunked,{}", stored));
  }
  headers.add("x-amz-decoded-content-length", fmt::format("{}", size));
  headers.add("x-amz-trailer", crc64_trailer_name);
  headers.add("x-amz-sdk-checksum-algorithm", "CRC64NVME");
  return form;
}

}  // namespace

Task<Result<std::unique_ptr<S3PutStream>>> S3Client::put_stream(const PutTarget& target, std::uint64_t size,
                                                                const ObjectAttributes& attributes,
                                                                const WriteCondition& condition,
                                                                const Context& context) {
  Impl& impl = *impl_;
  const bool is_part = !target.upload.empty();
  const std::string_view operation = is_part ? "s3.upload_part" : "s3.put_stream";
  if (Result<> right = check_target(target, size); !right) {
    co_return failed(std::move(right), operation, target.key.view());
  }
  S3Call call = impl.key_call(operation, Method::put, target.key,
                              is_part ? upload_query(target.upload, target.part_number) : std::string());
  // A part takes its object's attributes and conditions from CreateMultipartUpload and Complete.
  if (!is_part) {
    if (Result<> added = add_attributes(call.request.headers, attributes); !added) {
      co_return failed(std::move(added), operation, target.key.view());
    }
    add_condition(call.request.headers, condition);
  }
  const Form form = announce_body(call.request, target, size, impl);
  call.payload = form.trailer ? Payload::trailer : Payload::object;
  if (Result<> ready = co_await impl.prepare(call, context); !ready) {
    co_return failed(std::move(ready), operation, target.key.view());
  }
  const bool expects = is_part && impl.expect != Impl::Expect::ignored;
  if (expects) call.request.headers.add("Expect", "100-continue");
  Result<std::unique_ptr<Exchange>> exchange = co_await impl.transport.start(call.request, context);
  if (!exchange) co_return failed(std::move(exchange), operation, target.key.view());
  auto stream = std::make_unique<PutStream>(impl, context, target, operation, size, form,
                                            std::move(call.request.headers), std::move(*exchange));
  if (expects) {
    if (Result<> asked = co_await stream->await_continue(); !asked) co_return passed(std::move(asked));
  }
  co_return std::unique_ptr<S3PutStream>(std::move(stream));
}

}  // namespace azs3copy
