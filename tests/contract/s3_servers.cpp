// s3_servers.cpp: the table, and the fixture.
#include "contract/s3_servers.hpp"

#include "aws/s3_endpoint.hpp"

namespace azs3copy::contract {
namespace {

constexpr std::string_view region = "us-east-1";

// CreateBucket, which the program never sends.
Task<Result<>> create_bucket(Bucket bucket, S3Options options, AwsCredentials login, Transport& transport,
                             const Context& context) {
  const Result<S3Endpoint> where = s3_endpoint(bucket, options);
  if (!where) co_return std::unexpected<Error>(where.error());
  HttpRequest request{.method = Method::put, .endpoint = where->server, .target = where->path_prefix};
  SigV4Signer signer(options.region, "s3");
  signer.sign(request, login, unsigned_payload, context.clock.utc());
  Result<HttpResponse> response = co_await fetch(transport, request, context);
  if (!response) co_return passed(std::move(response));
  if (!response->ok()) {
    co_return fail(ErrorKind::internal, fmt::format("{} {}", response->head.status, response->body),
                   bucket.view());
  }
  co_return Result<>{};
}

// Servers that tests/servers does not start take part if their URL is set. Their quirks are those that were seen
// by hand; the suite tells the rest.
std::vector<S3Server> with_optional(std::vector<S3Server> servers) {
  static constexpr S3Quirks ceph{.knows_no_checksums = true,
                                 .repeated_complete_succeeds = true,
                                 .ignores_expected_owner = true,
                                 .ignores_upload_size = true};
  static constexpr S3Quirks localstack{.takes_any_login = true, .ignores_expected_owner = true};
  const S3Server optional[] = {
      {.name = "rgw",
       .url_variable = "RGW_URL",
       .access_key_variable = "RGW_ACCESS_KEY",
       .secret_key_variable = "RGW_SECRET_KEY",
       .quirks = ceph},
      {.name = "localstack",
       .url_variable = "LOCALSTACK_URL",
       .access_key_variable = "LOCALSTACK_ACCESS_KEY",
       .secret_key_variable = "LOCALSTACK_SECRET_KEY",
       .quirks = localstack},
  };
  for (const S3Server& server : optional) {
    if (!setting(server.url_variable, server.name).value.empty()) servers.push_back(server);
  }
  return servers;
}

}  // namespace

const std::vector<S3Server>& s3_servers() {
  static constexpr S3Quirks versitygw{.keys_are_paths = true, .repeated_complete_succeeds = true};
  static constexpr S3Quirks moto{.believes_checksums = true,
                                 .no_crc_of_uploads = true,
                                 .repeated_complete_succeeds = true,
                                 .takes_any_login = true,
                                 .ignores_expected_owner = true,
                                 .ignores_upload_size = true,
                                 .part_marker_is_a_count = true,
                                 .missing_upload_is_500 = true};
  static constexpr S3Quirks moto_auth = [] {
    S3Quirks checks_logins = moto;
    checks_logins.takes_any_login = false;
    return checks_logins;
  }();
  static const std::vector<S3Server> servers = with_optional({
      {.name = "fake"},
      {.name = "fake-tls", .tls = true},
      {.name = "versitygw", .url_variable = "VERSITYGW_URL", .quirks = versitygw},
      {.name = "versitygw-tls", .url_variable = "VERSITYGW_TLS_URL", .tls = true, .quirks = versitygw},
      {.name = "moto", .url_variable = "MOTO_URL", .quirks = moto},
      {.name = "moto-auth",
       .url_variable = "MOTO_AUTH_URL",
       .access_key_variable = "MOTO_AUTH_ACCESS_KEY",
       .secret_key_variable = "MOTO_AUTH_SECRET_KEY",
       .quirks = moto_auth},
  });
  return servers;
}

std::vector<S3Server> lenient_s3_servers() {
  static constexpr S3Quirks rclone{
      .knows_no_checksums = true, .ignores_expected_owner = true, .ignores_upload_size = true};
  return {{.name = "rclone", .url_variable = "RCLONE_URL", .quirks = rclone}};
}

void PrintTo(const S3Server& server, std::ostream* out) {
  *out << server.name;
}

Task<Result<PutReply>> put_streamed(S3Client& client, PutTarget target, StreamedBody body,
                                    WriteCondition condition, const Context& context) {
  Result<std::unique_ptr<S3PutStream>> stream =
      co_await client.put_stream(target, body.bytes.size(), {}, condition, context);
  if (!stream) co_return passed(std::move(stream));
  const std::string_view sent = body.bytes.substr(0, body.cut_at_bytes.value_or(body.bytes.size()));
  for (std::size_t at = 0; at < sent.size(); at += body.piece_bytes) {
    Result<bool> answered = co_await (*stream)->write(bytes_of(sent.substr(at, body.piece_bytes)));
    if (!answered) co_return passed(std::move(answered));
    if (*answered) break;
  }
  if (!body.finish) co_return PutReply{};
  co_return co_await (*stream)->finish(body.crc.value_or(crc_of_text(body.bytes)));
}

void S3Contract::SetUp() {
  const S3Server& server = GetParam();
  std::string ca;
  if (server.url_variable.empty()) {
    fake_ = std::make_unique<fakes::FakeS3>();
    url_ = server.tls ? fake_->https_url() : fake_->http_url();
    ca = fake_->ca_path();
    login_ = {.access_key_id = fakes::FakeS3::access_key_id(),
              .secret_access_key = Secret(fakes::FakeS3::secret_access_key())};
  } else {
    const Setting of_url = setting(server.url_variable, server.name);
    if (of_url.allowed) GTEST_SKIP() << of_url.missing;
    ASSERT_EQ(of_url.missing, "");
    url_ = of_url.value;
    ca = setting("CA", server.name).value;
    login_ = {.access_key_id = setting(server.access_key_variable, server.name).value,
              .secret_access_key = Secret(setting(server.secret_key_variable, server.name).value)};
  }
  wire_ = std::make_unique<Wire>(ca);
  bucket_ = new_bucket();
  client_ = make_client(bucket_, options(), login_);
}

S3Options S3Contract::options() const {
  return {.region = std::string(region), .endpoint_url = url_};
}

std::unique_ptr<S3Client> S3Contract::make_client(const Bucket& bucket, const S3Options& options,
                                                  const AwsCredentials& login) const {
  return std::make_unique<S3Client>(bucket, options, static_aws_credentials(login), wire_->transport(),
                                    quick_retry);
}

Bucket S3Contract::new_bucket() {
  Bucket bucket(new_name());
  EXPECT_TRUE(done(wire_->run(create_bucket(bucket, options(), login_, wire_->transport(), context()))));
  return bucket;
}

void S3Contract::leave_checksums_out() {
  S3Options lax = options();
  lax.checksum = S3Checksum::none;
  client_ = make_client(bucket_, lax, login_);
}

Result<PutReply> S3Contract::put(const std::string& key, std::string_view content,
                                 const ObjectAttributes& attributes, const WriteCondition& condition) {
  return wire_->run(client_->put_object(Key(key), bytes_of(content), crc_of_text(content), attributes,
                                        condition, context()));
}

Result<PutReply> S3Contract::put_stream(const std::string& key, const StreamedBody& body,
                                        const WriteCondition& condition) {
  return wire_->run(put_streamed(*client_, {.key = Key(key)}, body, condition, context()));
}

Result<std::string> S3Contract::get(const std::string& key) {
  Result<SmallObject> object = wire_->run(client_->get_object(Key(key), 64 * MiB, context()));
  if (!object) return passed(std::move(object));
  return std::move(object->body);
}

testing::AssertionResult S3Contract::holds(const std::string& key, std::string_view content) {
  const Result<std::string> got = get(key);
  if (!got) return done(got);
  if (*got == content) return testing::AssertionSuccess();
  return testing::AssertionFailure() << key << " holds " << got->size() << " bytes: " << got->substr(0, 80);
}

Result<ObjectHead> S3Contract::head(const std::string& key) {
  return wire_->run(client_->head_object(Key(key), context()));
}

Result<ObjectPage> S3Contract::list(const ListObjectsOptions& options) {
  return wire_->run(client_->list_objects(options, context()));
}

ObjectPage S3Contract::list_all(ListObjectsOptions options) {
  ObjectPage all;
  do {
    const Result<ObjectPage> page = list(options);
    EXPECT_TRUE(done(page));
    if (!page) break;
    EXPECT_LE(page->objects.size() + page->prefixes.size(), static_cast<std::size_t>(options.page_rows_max));
    all.objects.insert(all.objects.end(), page->objects.begin(), page->objects.end());
    all.prefixes.insert(all.prefixes.end(), page->prefixes.begin(), page->prefixes.end());
    options.continuation = page->continuation;
  } while (!options.continuation.empty());
  return all;
}

UploadId S3Contract::open_upload(const std::string& key, const ObjectAttributes& attributes) {
  const Result<UploadId> id = wire_->run(client_->create_upload(Key(key), attributes, context()));
  EXPECT_TRUE(done(id));
  return id.value_or(UploadId("none"));
}

Result<UploadedPart> S3Contract::put_part(const std::string& key, const UploadId& id, std::uint32_t number,
                                          const StreamedBody& body) {
  const PutTarget target{.key = Key(key), .upload = id, .part_number = number};
  Result<PutReply> reply = wire_->run(put_streamed(*client_, target, body, {}, context()));
  if (!reply) return passed(std::move(reply));
  return UploadedPart{.number = number,
                      .etag = reply->etag,
                      .size = body.bytes.size(),
                      .crc = crc_of_text(body.bytes),
                      .confirmed = reply->confirmed};
}

Result<PartPage> S3Contract::parts(const std::string& key, const UploadId& id, std::uint32_t marker) {
  return wire_->run(client_->list_parts(Key(key), id, marker, context()));
}

Result<PutReply> S3Contract::complete(const CompleteUpload& upload) {
  return wire_->run(client_->complete_upload(upload, context()));
}

Result<> S3Contract::abort(const std::string& key, const UploadId& id) {
  return wire_->run(client_->abort_upload(Key(key), id, context()));
}

}  // namespace azs3copy::contract
