// aws_service_test.cpp: where services answer, what a call looks like on the wire, and when it is repeated.
#include "aws/aws_service.hpp"

#include <gtest/gtest.h>

#include "aws/aws_service_test_support.hpp"

namespace azs3copy::service_test {
namespace {

struct Vector {
  std::string_view service, region;
  bool fips;
  std::string_view host;
};
const std::vector<Vector> botocore_vectors = {
#include "aws/aws_service_endpoint_vectors.inc"
};

TEST(AwsServiceEndpoint, GoesWhereBotocoreGoes) {
  ASSERT_GT(botocore_vectors.size(), 80U);
  for (const Vector& vector : botocore_vectors) {
    for (const AwsServiceKind& kind : {aws_sns, aws_sqs, aws_secrets_manager, aws_sts}) {
      if (kind.name != vector.service) continue;
      const Result<AwsServiceEndpoint> endpoint =
          aws_service_endpoint(kind, {.region = std::string(vector.region), .fips = vector.fips});
      ASSERT_TRUE(endpoint) << endpoint.error().to_line();
      EXPECT_EQ(endpoint->server.authority(), vector.host);
      EXPECT_EQ(endpoint->path, "/");
      EXPECT_TRUE(endpoint->server.tls);
    }
  }
}

TEST(AwsServiceEndpoint, TakesAnyUrlAndRefusesWhatIsNone) {
  const Result<AwsServiceEndpoint> endpoint =
      aws_service_endpoint(aws_sns, {.region = "us-east-1", .endpoint_url = "http://127.0.0.1:5000"});
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->server.authority(), "127.0.0.1:5000");
  EXPECT_FALSE(endpoint->server.tls);
  EXPECT_EQ(endpoint->path, "/");
  const auto kind_of = [](AwsServiceOptions options) {
    const Result<AwsServiceEndpoint> refused = aws_service_endpoint(aws_sns, options);
    return refused ? "taken" : to_string(refused.error().kind);
  };
  EXPECT_EQ(kind_of({}), "invalid");
  EXPECT_EQ(kind_of({.region = "evil.example/"}), "invalid");
  EXPECT_EQ(kind_of({.region = "us-east-1", .endpoint_url = "ftp://x"}), "invalid");
  EXPECT_EQ(kind_of({.region = "us-east-1", .endpoint_url = "http://x/?a=b"}), "invalid");
}

struct Service : ServiceFixture {
  AwsService service(const AwsServiceKind& kind) { return {kind, options, login, wire}; }
};

// The signatures are botocore's, for the same time and keys.
TEST_F(Service, ACallIsSignedAsBotocoreSignsIt) {
  wire.replies({.body = "<ActResponse/>"}).replies({.body = "{}"});
  AwsService sns = service(aws_sns);
  ASSERT_TRUE(run(sns.query({.action = "Act", .body = "A=%20%C3%A9"}, context)));
  EXPECT_EQ(wire.requests[0].body, "Action=Act&Version=2010-03-31&A=%20%C3%A9");
  EXPECT_EQ(wire.requests[0].target, "/");
  EXPECT_EQ(wire.requests[0].method, Method::post);
  EXPECT_EQ(wire.requests[0].endpoint.authority(), "sns.eu-central-1.amazonaws.com");
  EXPECT_EQ(wire.requests[0].header("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(wire.requests[0].header("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKID1/20261123/eu-central-1/sns/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
            "Signature=d08bad8a7901255fb1108297b698911a3af98ba1c7b504f303724e2b4de1e040");
  AwsService sqs = service(aws_sqs);
  ASSERT_TRUE(run(sqs.json({.action = "Act", .body = R"({"a":1})"}, context)));
  EXPECT_EQ(wire.requests[1].body, R"({"a":1})");
  EXPECT_EQ(wire.requests[1].header("x-amz-target"), "AmazonSQS.Act");
  EXPECT_EQ(wire.requests[1].header("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKID1/20261123/eu-central-1/sqs/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target, "
            "Signature=231811881b621c6662e162d7e634f7be85d63e52632ef844515c2888744eac4f");
}

TEST_F(Service, ThrottlingAndLostRepliesAreTriedAgainSignedAnew) {
  ScriptedReply throttled = json_error(400, "ThrottlingException");
  throttled.headers.emplace_back("Retry-After", "2");
  wire.replies(throttled)
      .replies({.response_error = ScriptedTransport::broken_connection()})
      .replies({.status = 503})
      .replies({.body = R"({"x":1})"});
  AwsService sqs = service(aws_sqs);
  const Result<Json> reply = run(sqs.json({.action = "Act", .body = "{}"}, context));
  ASSERT_TRUE(reply) << reply.error().to_line();
  EXPECT_EQ((*reply)["x"].integer(), 1);
  ASSERT_EQ(wire.requests.size(), 4U);
  EXPECT_NE(wire.requests[0].header("x-amz-date"), wire.requests[3].header("x-amz-date"));
}

TEST_F(Service, RefusalsSayWhatWasAskedAndCarryTheRequestId) {
  wire.replies(query_error(403, "AuthorizationError"));
  AwsService sns = service(aws_sns);
  const Result<XmlDocument> denied = run(sns.query(
      {.operation = "sns.act", .subject = "topic", .action = "Act", .denied_advice = "needs sns:Act"},
      context));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().to_line(), "sns.act topic: 403 AuthorizationError: text (request id R1)");
  EXPECT_EQ(denied.error().advice, "needs sns:Act");
  wire.replies(json_error(400, "KmsAccessDenied"));
  AwsService sqs = service(aws_sqs);
  const Result<Json> kms =
      run(sqs.json({.operation = "sqs.act", .action = "Act", .denied_advice = "needs sqs:Act"}, context));
  EXPECT_NE(kms.error().advice.find("kms:Decrypt"), std::string::npos);
  EXPECT_EQ(wire.requests.size(), 2U);
}

TEST_F(Service, AnEndedLoginIsRenewed) {
  wire.replies(json_error(400, "ExpiredTokenException")).replies({.body = "{}"});
  AwsService sqs = service(aws_sqs);
  ASSERT_TRUE(run(sqs.json({.action = "Act", .body = "{}"}, context)));
  EXPECT_NE(wire.requests[1].header("authorization").find("AKID2"), std::string_view::npos);
  wire.replies(9, json_error(400, "ExpiredTokenException"));
  const Result<Json> ended = run(sqs.json({.action = "Act", .body = "{}"}, context));
  EXPECT_EQ(ended.error().kind, ErrorKind::credentials);
  EXPECT_EQ(wire.requests.size(), 6U);
}

// A task that was begun twice is an error where one ran: the caller looks first.
TEST_F(Service, WhatMustNotBeDoneTwiceIsRepeatedOnlyWhereItWasNotDone) {
  const AwsCall call{.operation = "x.act", .action = "Act", .body = "{}", .repeatable = false};
  AwsService sqs = service(aws_sqs);
  wire.replies(json_error(400, "RequestThrottled")).replies({.body = "{}"});
  EXPECT_TRUE(run(sqs.json(call, context)));
  wire.replies({.response_error = ScriptedTransport::broken_connection()});
  EXPECT_EQ(run(sqs.json(call, context)).error().kind, ErrorKind::connection);
  wire.replies(json_error(500, "InternalError"));
  EXPECT_EQ(run(sqs.json(call, context)).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(wire.requests.size(), 4U);
}

TEST_F(Service, RepliesThatAreNotWhatWasAskedForAreProtocolErrors) {
  for (const char* body : {"", "<OtherResponse/>", "<ActResponse>", "<ActionResponse/>", "{}"}) {
    wire.replies({.body = body});
    AwsService sns = service(aws_sns);
    const Result<XmlDocument> reply = run(sns.query({.operation = "sns.act", .action = "Act"}, context));
    ASSERT_FALSE(reply) << body;
    EXPECT_EQ(reply.error().kind, ErrorKind::protocol) << body;
    EXPECT_EQ(reply.error().operation.substr(0, 7), "sns.act");
  }
  for (const char* body : {"[]", "<html/>", "{", "7"}) {
    wire.replies({.body = body});
    AwsService sqs = service(aws_sqs);
    EXPECT_EQ(run(sqs.json({.action = "Act", .body = "{}"}, context)).error().kind, ErrorKind::protocol);
  }
}

TEST_F(Service, WithoutALoginNothingIsSigned) {
  wire.replies({.body = "{}"});
  AwsService sqs(aws_sqs, options, anonymous_aws_credentials(), wire);
  ASSERT_TRUE(run(sqs.json({.action = "Act", .body = "{}"}, context)));
  EXPECT_FALSE(wire.requests[0].headers.contains("authorization"));
}

TEST_F(Service, AWrongRegionIsToldByTheFirstCall) {
  options.region = "";
  AwsService sqs = service(aws_sqs);
  const Result<Json> reply = run(sqs.json({.operation = "sqs.act", .action = "Act"}, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::invalid);
  EXPECT_TRUE(wire.requests.empty());
}

}  // namespace
}  // namespace azs3copy::service_test
