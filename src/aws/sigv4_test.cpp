// sigv4_test.cpp: the three steps against AWS's documented examples and against botocore (sigv4_vectors.inc).
#include "aws/sigv4.hpp"

#include <gtest/gtest.h>

#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

struct Vector {
  std::string_view method, host, target, payload, service, region, token, time;
  bool tls;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view canonical, to_sign, authorization;
};

const std::vector<Vector> botocore_vectors = {
#include "aws/sigv4_vectors.inc"
};

Method method_of(std::string_view name) {
  for (const Method method : {Method::get, Method::head, Method::put, Method::post, Method::del}) {
    if (to_string(method) == name) return method;
  }
  ADD_FAILURE() << "no method " << name;
  return Method::get;
}

UtcTime time_of(std::string_view basic) {
  const std::string text(basic);
  return *parse_iso8601(text.substr(0, 4) + '-' + text.substr(4, 2) + '-' + text.substr(6, 5) + ':' +
                        text.substr(11, 2) + ':' + text.substr(13));
}

HttpRequest request_of(const Vector& vector) {
  HttpRequest request{.method = method_of(vector.method), .target = std::string(vector.target)};
  std::string_view host = vector.host;
  request.endpoint.tls = vector.tls;
  request.endpoint.port = vector.tls ? 443 : 80;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    request.endpoint.port = static_cast<std::uint16_t>(std::stoi(std::string(host.substr(colon + 1))));
    host = host.substr(0, colon);
  }
  request.endpoint.host = host;
  for (const auto& [name, value] : vector.headers) request.headers.add(name, value);
  return request;
}

// The keys of AWS's documentation; they open nothing.
const AwsCredentials documented{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
const AwsCredentials of_vectors{.access_key_id = "AKIDVECTORS",
                                .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCY=EXAMPLEKEY")};

TEST(SigV4, EachStepIsBotocores) {
  ASSERT_GT(botocore_vectors.size(), 45U);
  for (const Vector& vector : botocore_vectors) {
    SCOPED_TRACE(std::string(vector.target));
    HttpRequest request = request_of(vector);
    AwsCredentials credentials = of_vectors;
    credentials.session_token = Secret(std::string(vector.token));
    const UtcTime now = time_of(vector.time);
    SigV4Signer signer{std::string(vector.region), std::string(vector.service)};
    signer.sign(request, credentials, vector.payload, now);
    EXPECT_EQ(request.headers.get("authorization"), vector.authorization);

    std::string signed_headers;
    const std::string canonical = SigV4Signer::canonical_request(request, vector.payload, signed_headers);
    EXPECT_EQ(canonical, vector.canonical);
    EXPECT_EQ(signer.string_to_sign(canonical, now), vector.to_sign);
  }
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct Documented {
  std::string_view name, method, target, payload;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view signature;
};
constexpr std::string_view no_payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::vector<Documented> documented_examples = {
    {"GET object",
     "GET",
     "/test.txt",
     no_payload,
     {{"Range", "bytes=0-9"}},
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT object",
     "PUT",
     "/test%24file.text",
     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
     {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET bucket lifecycle",
     "GET",
     "/?lifecycle",
     no_payload,
     {},
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"list objects",
     "GET",
     "/?max-keys=2&prefix=J",
     no_payload,
     {},
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

TEST(SigV4, SignsAmazonsDocumentedExamples) {
  SigV4Signer signer("us-east-1", "s3");
  for (const Documented& example : documented_examples) {
    SCOPED_TRACE(std::string(example.name));
    HttpRequest request{.method = method_of(example.method),
                        .endpoint = {.host = "examplebucket.s3.amazonaws.com"},
                        .target = std::string(example.target)};
    for (const auto& [name, value] : example.headers) request.headers.add(name, value);
    signer.sign(request, documented, example.payload, time_of("20130524T000000Z"));
    const std::string_view authorization = request.headers.get("authorization");
    EXPECT_TRUE(authorization.ends_with(example.signature)) << authorization;
  }
}

std::string signature_of(SigV4Signer& signer, const AwsCredentials& credentials, UtcTime now) {
  HttpRequest request{.endpoint = {.host = "h"}, .target = "/k"};
  signer.sign(request, credentials, unsigned_payload, now);
  return std::string(request.headers.get("authorization"));
}

// The cached key would sign for yesterday, or for credentials that were replaced.
TEST(SigV4, AKeptSigningKeyEndsWithItsDayAndItsSecret) {
  const UtcTime evening = time_of("20261123T235959Z");
  SigV4Signer kept("us-east-1", "s3");
  signature_of(kept, documented, evening);
  SigV4Signer next_day("us-east-1", "s3");
  EXPECT_EQ(signature_of(kept, documented, evening + seconds(1)),
            signature_of(next_day, documented, evening + seconds(1)));
  AwsCredentials mended = documented;  // the same access key id
  mended.secret_access_key = Secret("another");
  SigV4Signer afresh("us-east-1", "s3");
  EXPECT_EQ(signature_of(kept, mended, evening + seconds(1)),
            signature_of(afresh, mended, evening + seconds(1)));
  EXPECT_NE(signature_of(kept, mended, evening), signature_of(kept, documented, evening));
}

// A retry signs the same request again: stale dates, tokens or signatures would be signed or sent twice.
TEST(SigV4, ARequestCanBeSignedAgain) {
  HttpRequest again{.endpoint = {.host = "h"}, .target = "/k"};
  AwsCredentials with_token = documented;
  with_token.session_token = Secret("old-token");
  SigV4Signer signer("us-east-1", "s3");
  signer.sign(again, with_token, unsigned_payload, time_of("20261123T074210Z"));
  const UtcTime later = time_of("20261123T075000Z");
  signer.sign(again, documented, no_payload, later);

  HttpRequest once{.endpoint = {.host = "h"}, .target = "/k"};
  signer.sign(once, documented, no_payload, later);
  EXPECT_EQ(again.headers.get("authorization"), once.headers.get("authorization"));
  EXPECT_EQ(again.headers.size(), once.headers.size());
  EXPECT_FALSE(again.headers.contains("x-amz-security-token"));
}

TEST(SigV4, JoinsRepeatedHeadersInTheirOrder) {
  HttpRequest request{.endpoint = {.host = "h"}, .target = "/k"};
  request.headers.add("x-amz-b", "2");
  request.headers.add("X-Amz-B", "1");
  request.headers.add("x-amz-b", " 3 ");
  std::string signed_headers;
  EXPECT_EQ(SigV4Signer::canonical_request(request, "hash", signed_headers),
            "GET\n/k\n\nhost:h\nx-amz-b:2,1,3\n\nhost;x-amz-b\nhash");
}

}  // namespace
}  // namespace azs3copy
