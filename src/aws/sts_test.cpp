// sts_test.cpp: the token that proves an AWS login to Entra. Roles are tested with the chain that takes them
// (credentials_test.cpp).
#include "aws/sts.hpp"

#include <gtest/gtest.h>

#include "aws/aws_service_test_support.hpp"

namespace azs3copy::service_test {
namespace {

const ScriptedReply token_reply{
    .body =
        "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<GetWebIdentityTokenResult><WebIdentityToken>eyJ.TOPSECRET.x</WebIdentityToken>"
        "<Expiration>2026-11-23T07:47:10Z</Expiration></GetWebIdentityTokenResult>"
        "</GetWebIdentityTokenResponse>"};

struct WebIdentity : ServiceFixture {
  Result<Secret> ask(WebIdentityOptions wish = {}) {
    AwsService sts(aws_sts, options, login, wire);
    return run(web_identity_assertion(sts, wish, context));
  }
};

TEST_F(WebIdentity, AsksForATokenThatEntraTakes) {
  wire.replies(token_reply);
  const Result<Secret> token = ask();
  ASSERT_TRUE(token) << token.error().to_line();
  EXPECT_EQ(token->reveal(), "eyJ.TOPSECRET.x");
  // GetWebIdentityToken is not to be had at sts.amazonaws.com.
  EXPECT_EQ(wire.requests[0].endpoint.authority(), "sts.eu-central-1.amazonaws.com");
  EXPECT_EQ(wire.requests[0].body,
            "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=api%3A%2F%2FAzureADTokenExchange"
            "&SigningAlgorithm=RS256&DurationSeconds=300");
  EXPECT_NE(wire.requests[0].header("authorization").find("/eu-central-1/sts/"), std::string_view::npos);
}

TEST_F(WebIdentity, TellsAnAccountWithoutItHowToTurnItOn) {
  wire.replies(query_error(403, "OutboundWebIdentityFederationDisabledException"));
  const Result<Secret> off = ask();
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().kind, ErrorKind::permission);
  EXPECT_NE(off.error().advice.find("outbound web identity federation"), std::string::npos);
  wire.replies(query_error(403, "AccessDenied"));
  const Result<Secret> denied = ask({.audience = "api://x"});
  EXPECT_NE(denied.error().advice.find("sts:GetWebIdentityToken"), std::string::npos);
  EXPECT_EQ(denied.error().subject, "api://x");
}

TEST_F(WebIdentity, RefusesLifetimesThatStsHasNot) {
  for (const seconds lifetime : {seconds(59), seconds(3601)}) {
    EXPECT_EQ(ask({.lifetime = lifetime}).error().kind, ErrorKind::invalid);
  }
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(WebIdentity, AReplyThatBreaksOffShowsNoToken) {
  for (const std::string_view body :
       {std::string_view(token_reply.body).substr(0, token_reply.body.size() - 40),
        std::string_view("<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><Token>TOPSECRET</Token>"
                         "</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>")}) {
    wire.replies({.body = std::string(body)});
    const Result<Secret> token = ask();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().kind, ErrorKind::protocol);
    EXPECT_EQ((token.error().to_line() + token.error().advice).find("TOPSECRET"), std::string::npos);
  }
}

}  // namespace
}  // namespace azs3copy::service_test
