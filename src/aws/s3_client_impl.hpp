// s3_client_impl.hpp: what S3Client's files share: how a call is made, signed, sent and judged.
//
//   S3Call --send--> credentials -> sign -> fetch -> 2xx
//                                                  | aws_failure -> (other region: learn, sign again, once)
//
// One file a group of operations: s3_client.cpp (the machinery, buckets),
// s3_objects.cpp, s3_uploads.cpp, s3_listing.cpp, s3_put_stream.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/aws_error.hpp"
#include "aws/s3_client.hpp"
#include "aws/s3_endpoint.hpp"
#include "aws/s3_traits.hpp"
#include "codec/xml.hpp"

namespace azs3copy {

// How a request's body is vouched for in the signature.
enum class Payload : std::uint8_t {
  document,  // XML of ours, or nothing: signed
  object,    // an object's bytes: TLS and their CRC protect them; signed over plain http, as AWS asks
  trailer,   // streamed with its CRC behind it
};

// One operation. It lives in the operation's frame, and each attempt signs its request anew.
struct S3Call {
  std::string_view operation;  // "s3.put_object"
  std::string subject;         // the key, or the bucket
  HttpRequest request;
  Payload payload = Payload::document;
  std::size_t reply_bytes_max = 1 * MiB;
};

struct S3Client::Impl {
  Impl(Bucket bucket_name, S3Options s3_options, std::shared_ptr<AwsCredentialsProvider> provider,
       Transport& wire, RetryPolicy policy);

  // `query` is url_encode'd, without '?'.
  S3Call bucket_call(std::string_view operation, Method method, std::string_view query = {}) const;
  S3Call key_call(std::string_view operation, Method method, const Key& key,
                  std::string_view query = {}) const;

  // Puts server, credentials and signature on the call's request.
  Task<Result<>> prepare(S3Call& call, const Context& context);
  // One attempt: the reply if it is a success. Moves to the bucket's region and sends again, once. If the
  // server refuses optional headers, sends again without, and leaves them out from then on.
  Task<Result<HttpResponse>> send(S3Call& call, const Context& context);
  Task<Result<HttpResponse>> send_in_this_form(S3Call& call, const Context& context);
  // send with retries.
  Task<Result<HttpResponse>> send_with_retry(S3Call& call, const Context& context);
  // The error that a reply says, and whether the client has moved to another region because of it.
  struct Refusal {
    Error error;
    bool moved = false;
  };
  // `sent`: the headers of the request, for advice.
  Refusal refuse(const ResponseHead& head, std::string_view body, const Context& context,
                 const Headers* sent = nullptr);
  // For with_retry: new credentials after ErrorKind::credentials.
  std::function<bool()> login_again();
  bool use_region(std::string region);
  // If not, checksums in replies are not read either.
  bool wants_checksums() const { return options.checksum != S3Checksum::none; }
  // x-amz-checksum-algorithm and its like are left out if the server refuses them.
  bool sends_checksums() const { return wants_checksums() && traits->sends(OptionalHeaders::checksums); }
  bool sends_trailers() const { return wants_checksums() && traits->sends_trailers(); }
  // The CRC that replies are compared with.
  std::optional<Crc64> expected(Crc64 crc) const {
    return wants_checksums() ? std::optional<Crc64>(crc) : std::nullopt;
  }

  // Amazon itself answers, be it through an endpoint URL (of a VPC, say).
  bool is_aws() const;

  const Bucket bucket;
  S3Options options;
  const std::shared_ptr<AwsCredentialsProvider> credentials;
  Transport& transport;
  const RetryPolicy retry;
  Result<S3Endpoint> endpoint;
  const std::shared_ptr<S3Traits> traits;
  SigV4Signer signer;
  milliseconds clock_offset{0};  // of S3's clock from this machine's, once it refused a request for its date
  // Whether parts are sent with "Expect: 100-continue": until a server is seen not to know it.
  enum class Expect : std::uint8_t { unknown, honoured, ignored };
  Expect expect = Expect::unknown;
};

// ErrorKind::invalid for a key that S3 has no room for.
Result<> check_key(const Key& key);
// After a write of a whole object that ended with `error`: where S3 has stored it and reports another checksum
// than was sent, deletes it again, since a later run would find it unchanged; the message says how that went.
// Only the object with the ETag of the reply is deleted, not one that another writer put there since.
Task<void> discard_doubtful(S3Client::Impl& impl, const Key& key, const ETag& stored, Error& error,
                            const Context& context);
// The body of a reply whose head was read, to its end; ErrorKind::protocol above `bytes_max`.
Task<Result<std::string>> read_reply_body(Exchange& exchange, std::size_t bytes_max);
// "partNumber=...&uploadId=...", without the first for 0.
std::string upload_query(const UploadId& id, std::uint32_t part_number = 0);
// A reply's XML, whose root must be <`operation`Result>, or Response as moto has it; any root if `operation`
// is empty. Leading white space is passed over. ErrorKind::protocol otherwise.
Result<XmlDocument> parse_reply(std::string body, std::string_view operation);

}  // namespace azs3copy
