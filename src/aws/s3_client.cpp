// s3_client.cpp: the machinery of every call, and the calls on the bucket itself.
#include "aws/s3_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/s3_client_impl.hpp"
#include "aws/s3_headers.hpp"
#include "codec/base64.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

// SHA-256 of nothing.
constexpr std::string_view empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string payload_hash(const S3Call& call) {
  const HttpRequest& request = call.request;
  if (call.payload == Payload::trailer) return std::string(streaming_unsigned_payload_trailer);
  if (call.payload == Payload::object && (request.endpoint.tls || request.streamed_size)) {
    return std::string(unsigned_payload);
  }
  return request.body.empty() ? std::string(empty_hash) : hex_encode(sha256(request.body));
}

}  // namespace

S3Client::Impl::Impl(Bucket bucket_name, S3Options s3_options,
                     std::shared_ptr<AwsCredentialsProvider> provider, Transport& wire, RetryPolicy policy)
    : bucket(std::move(bucket_name)),
      options(std::move(s3_options)),
      credentials(std::move(provider)),
      transport(wire),
      retry(policy),
      endpoint(s3_endpoint(bucket, options)),
      traits(options.traits ? options.traits : std::make_shared<S3Traits>()),
      signer(options.region, "s3") {
  if (endpoint) traits->start(is_aws(), endpoint->server.authority());
}

S3Call S3Client::Impl::bucket_call(std::string_view operation, Method method, std::string_view query) const {
  S3Call call{.operation = operation, .subject = bucket.str()};
  HttpRequest& request = call.request;
  request.method = method;
  const std::string_view path = endpoint ? std::string_view(endpoint->path_prefix) : std::string_view();
  request.target.clear();
  request.target.append(path.empty() ? "/" : path);
  if (!query.empty()) request.target.append(1, '?').append(query);
  if (!options.expected_bucket_owner.empty() && traits->sends(OptionalHeaders::bucket_owner)) {
    request.headers.add("x-amz-expected-bucket-owner", options.expected_bucket_owner);
  }
  return call;
}

S3Call S3Client::Impl::key_call(std::string_view operation, Method method, const Key& key,
                                std::string_view query) const {
  S3Call call = bucket_call(operation, method);
  call.subject = key.str();
  std::string& target = call.request.target;
  if (!target.ends_with('/')) target += '/';
  target += url_encode_path(key.view());
  if (!query.empty()) target.append(1, '?').append(query);
  return call;
}

Task<Result<>> S3Client::Impl::prepare(S3Call& call, const Context& context) {
  if (!endpoint) co_return std::unexpected<Error>(endpoint.error());
  const Result<AwsCredentials> login = co_await credentials->credentials(context);
  if (!login) co_return std::unexpected<Error>(login.error());
  call.request.endpoint = endpoint->server;
  if (login->access_key_id.empty()) co_return Result<>{};
  signer.sign(call.request, *login, payload_hash(call), context.clock.utc() + clock_offset);
  co_return Result<>{};
}

namespace {

struct HeaderGroup {
  OptionalHeaders group;
  std::vector<std::string_view> names;
};
const std::vector<HeaderGroup>& header_groups() {
  static const std::vector<HeaderGroup> groups = {
      {OptionalHeaders::upload_size, {"x-amz-mp-object-size"}},
      {OptionalHeaders::checksums,
       {"x-amz-checksum-crc64nvme", "x-amz-checksum-type", "x-amz-checksum-algorithm", "x-amz-checksum-mode",
        "x-amz-sdk-checksum-algorithm"}},
      {OptionalHeaders::bucket_owner, {"x-amz-expected-bucket-owner"}}};
  return groups;
}

// The groups that the request has and the server may refuse.
std::vector<HeaderGroup> optional_headers_of(const S3Call& call, const S3Traits& traits) {
  std::vector<HeaderGroup> found;
  for (const HeaderGroup& group : header_groups()) {
    const bool present = std::ranges::any_of(
        group.names, [&](std::string_view name) { return call.request.headers.contains(name); });
    if (present && traits.may_refuse(group.group)) found.push_back(group);
  }
  return found;
}

// Each group alone, then all of them.
std::vector<std::vector<HeaderGroup>> left_out_in_turn(const std::vector<HeaderGroup>& groups) {
  std::vector<std::vector<HeaderGroup>> turns;
  turns.reserve(groups.size() + 1);
  for (const HeaderGroup& group : groups) turns.push_back({group});
  if (groups.size() > 1) turns.push_back(groups);
  return turns;
}

}  // namespace

Task<Result<HttpResponse>> S3Client::Impl::send(S3Call& call, const Context& context) {
  std::vector<HeaderGroup> groups =
      is_aws() ? std::vector<HeaderGroup>() : optional_headers_of(call, *traits);
  Result<HttpResponse> response = co_await send_in_this_form(call, context);
  if (response) {
    for (const HeaderGroup& group : groups) {
      // Of a group the first header counts: x-amz-checksum-mode of a HEAD says nothing of a PUT's checksum.
      if (call.request.headers.contains(group.names.front())) traits->accepted(group.group);
    }
  }
  if (response || groups.empty() || !refuses_form(response.error())) co_return response;
  const Headers all = call.request.headers;
  // A server that checks the size refuses a wrong one with 400: only "not implemented" may leave it out.
  if (response.error().http_status != 501)
    std::erase_if(groups, [](const HeaderGroup& g) { return g.group == OptionalHeaders::upload_size; });
  for (const std::vector<HeaderGroup>& left_out : left_out_in_turn(groups)) {
    for (const HeaderGroup& group : left_out) {
      for (const std::string_view name : group.names) call.request.headers.remove(name);
    }
    Result<HttpResponse> other = co_await send_in_this_form(call, context);
    if (other) {
      for (const HeaderGroup& group : left_out) traits->leave_out(group.group, response.error());
      co_return other;
    }
    call.request.headers = all;
  }
  co_return response;
}

Task<Result<HttpResponse>> S3Client::Impl::send_in_this_form(S3Call& call, const Context& context) {
  for (bool moved_before = false;;) {
    Result<> ready = co_await prepare(call, context);
    if (!ready) co_return passed(std::move(ready));
    Result<HttpResponse> response = co_await fetch(transport, call.request, context, call.reply_bytes_max);
    if (!response || response->ok()) co_return response;
    Refusal refusal = refuse(response->head, response->body, context, &call.request.headers);
    if (!refusal.moved || std::exchange(moved_before, true)) {
      co_return std::unexpected<Error>(std::move(refusal.error));
    }
  }
}

Task<Result<HttpResponse>> S3Client::Impl::send_with_retry(S3Call& call, const Context& context) {
  Result<HttpResponse> response =
      co_await with_retry<HttpResponse>(retry, context, [&] { return send(call, context); }, login_again());
  if (!response) co_return failed(std::move(response), call.operation, call.subject);
  co_return response;
}

S3Client::Impl::Refusal S3Client::Impl::refuse(const ResponseHead& head, std::string_view body,
                                               const Context& context, const Headers* sent) {
  AwsFailure failure = aws_failure(head, body,
                                   {.bucket = bucket.view(),
                                    .region = options.region,
                                    .now = context.clock.utc(),
                                    .sent = sent,
                                    .is_aws = is_aws()});
  if (failure.clock_offset) clock_offset = *failure.clock_offset;
  const bool moved = failure.wrong_region && use_region(std::move(failure.bucket_region));
  return {.error = std::move(failure.error), .moved = moved};
}

std::function<bool()> S3Client::Impl::login_again() {
  return [this] { return credentials->refresh(); };
}

// Every later call goes there. False where there is no such server.
bool S3Client::Impl::use_region(std::string region) {
  if (region == options.region) return true;
  S3Options moved = options;
  moved.region = std::move(region);
  Result<S3Endpoint> there = s3_endpoint(bucket, moved);
  if (!there) return false;
  options = std::move(moved);
  endpoint = std::move(there);
  signer = SigV4Signer(options.region, "s3");
  return true;
}

bool S3Client::Impl::is_aws() const {
  return endpoint && (!endpoint->custom || endpoint->server.host.find(".amazonaws.com") != std::string::npos);
}

Result<> check_key(const Key& key) {
  if (key.empty()) return fail(ErrorKind::invalid, "an S3 key cannot be empty");
  if (key.size() > key_bytes_max) {
    return fail(ErrorKind::invalid,
                fmt::format("the key has {} bytes of UTF-8; S3 takes {}", key.size(), key_bytes_max),
                key.view());
  }
  return {};
}

Task<Result<std::string>> read_reply_body(Exchange& exchange, std::size_t bytes_max) {
  constexpr std::size_t step = 4 * KiB;
  std::string body;
  for (;;) {
    const std::size_t before = body.size();
    if (before > bytes_max)
      co_return fail(ErrorKind::protocol, "the reply's body is larger than any such reply");
    body.resize(before + step);
    const auto room = MutableBytes(reinterpret_cast<std::byte*>(body.data()) + before, step);
    Result<std::size_t> got = co_await exchange.read(room);
    if (!got) co_return passed(std::move(got));
    body.resize(before + *got);
    if (*got == 0) co_return body;
  }
}

std::string upload_query(const UploadId& id, std::uint32_t part_number) {
  std::string query = "uploadId=" + url_encode(id.view());
  if (part_number > 0) query = fmt::format("partNumber={}&{}", part_number, query);
  return query;
}

Result<XmlDocument> parse_reply(std::string body, std::string_view operation) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start != 0 && start != std::string::npos) body.erase(0, start);
  Result<XmlDocument> document = XmlDocument::parse(std::move(body));
  if (!document || operation.empty()) return document;
  std::string_view name = document->root().name();
  const std::string_view root = name;
  if (name.starts_with(operation)) name.remove_prefix(operation.size());
  if (name != "Result" && name != "Response") {
    return fail(ErrorKind::protocol, fmt::format("the reply is a <{}>, no <{}Result>", root, operation));
  }
  return document;
}

S3Client::S3Client(Bucket bucket, S3Options options, std::shared_ptr<AwsCredentialsProvider> credentials,
                   Transport& transport, RetryPolicy retry)
    : impl_(std::make_unique<Impl>(std::move(bucket), std::move(options), std::move(credentials), transport,
                                   retry)) {}
S3Client::~S3Client() = default;

const Bucket& S3Client::bucket() const {
  return impl_->bucket;
}
const Endpoint& S3Client::server() const {
  static const Endpoint none;
  return impl_->endpoint ? impl_->endpoint->server : none;
}
std::string S3Client::describe_credentials() const {
  return impl_->credentials->describe();
}

namespace {
// HEAD of the bucket, with a signature or without: S3 tells the region even to strangers, with its 403.
Task<Result<HttpResponse>> ask_for_region(S3Client::Impl& impl, bool with_signature, const Context& context) {
  S3Call call = impl.bucket_call("s3.discover_region", Method::head);
  if (!impl.endpoint) co_return std::unexpected<Error>(impl.endpoint.error());
  call.request.endpoint = impl.endpoint->server;
  if (with_signature) {
    Result<> ready = co_await impl.prepare(call, context);
    if (!ready) co_return passed(std::move(ready));
  }
  Result<HttpResponse> response = co_await fetch(impl.transport, call.request, context);
  // Worth another attempt. Anything else is an answer: what it says is judged by the caller.
  if (response && response->head.status >= 500) {
    co_return std::unexpected<Error>(impl.refuse(response->head, {}, context).error);
  }
  co_return response;
}
}  // namespace

Task<Result<std::string>> S3Client::discover_region(const Context& context) {
  constexpr std::string_view operation = "s3.discover_region";
  constexpr std::string_view no_such_bucket =  // what S3 says where there is a body
      "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
  Impl& impl = *impl_;
  for (const bool with_signature : {true, false}) {
    Result<HttpResponse> response = co_await with_retry<HttpResponse>(
        impl.retry, context, [&] { return ask_for_region(impl, with_signature, context); });
    if (!response) {
      // Without a login the question can still be asked;
      // the first call that needs one will say what is missing.
      if (with_signature && response.error().kind == ErrorKind::credentials) continue;
      co_return failed(std::move(response), operation, bucket().view());
    }
    const std::string_view region = response->head.headers.get("x-amz-bucket-region");
    if (response->head.status == 404) {
      co_return failed(impl.refuse(response->head, no_such_bucket, context).error, operation,
                       bucket().view());
    }
    if (!region.empty()) {
      if (!impl.use_region(std::string(region))) {
        co_return fail(ErrorKind::protocol, fmt::format("S3 names a region \"{}\", which is none", region),
                       bucket().view());
      }
      co_return impl.options.region;
    }
    if (response->ok()) break;
  }
  // Another server than AWS that does not say: what was configured stands.
  if (impl.endpoint && impl.endpoint->custom) co_return impl.options.region;
  co_return fail(ErrorKind::protocol, "S3 does not say in which region the bucket is", bucket().view(),
                 "name the bucket's region with --region");
}

Task<Result<>> S3Client::head_bucket(const Context& context) {
  S3Call call = impl_->bucket_call("s3.head_bucket", Method::head);
  Result<HttpResponse> response = co_await impl_->send_with_retry(call, context);
  if (!response) {
    Error& error = response.error();
    if (error.kind == ErrorKind::not_found) {
      error.advice =
          fmt::format("there is no bucket {}: check its name and the login's partition", bucket().view());
    }
    co_return passed(std::move(response));
  }
  co_return Result<>{};
}

Task<Result<>> S3Client::check_owner_is_checked(const Context& context) {
  Impl& impl = *impl_;
  if (impl.options.expected_bucket_owner.empty() || impl.is_aws()) co_return Result<>{};
  S3Call call = impl.bucket_call("s3.head_bucket", Method::head);
  if (!call.request.headers.contains("x-amz-expected-bucket-owner")) co_return Result<>{};  // refused before
  std::string another = impl.options.expected_bucket_owner;
  another.back() = another.back() == '0' ? '1' : '0';
  call.request.headers.set("x-amz-expected-bucket-owner", another);
  const Result<HttpResponse> response = co_await with_retry<HttpResponse>(
      impl.retry, context, [&] { return impl.send_in_this_form(call, context); });
  if (response) {
    impl.traits->warn(
        fmt::format("ignores x-amz-expected-bucket-owner: whether account {} owns {} is not checked",
                    impl.options.expected_bucket_owner, bucket().view()));
  } else if (response.error().http_status == 0) {
    co_return std::unexpected<Error>(response.error());
  }
  co_return Result<>{};
}

}  // namespace azs3copy
