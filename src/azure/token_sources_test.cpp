// Harms: a login that Entra refuses for its form;
// a machine identity given up while its endpoint starts; a secret in an error.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "azure/credential.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::run;
using fakes::ScriptedTransport;

const EntraApplication application{.tenant_id = "11111111-2222-3333-4444-555555555555",
                                   .client_id = "client id&x"};

class TokenSourcesTest : public testing::Test {
 protected:
  Result<AccessToken> fetch(TokenSource& source) {
    const Context context = clock.context();
    return run(source.fetch_token(context));
  }
  FakeClock clock;
  ScriptedTransport wire;
};

TEST_F(TokenSourcesTest, ClientSecretPostsTheForm) {
  wire.replies({.body = R"({"token_type":"Bearer","expires_in":3599,"access_token":"abc.def"})"});
  const auto source = entra_client_secret(application, Secret("s3cr&t=+"), wire);
  const auto token = fetch(*source);
  ASSERT_TRUE(token) << token.error().to_line();
  EXPECT_EQ(token->value.reveal(), "abc.def");
  EXPECT_EQ(token->expires - clock.now(), seconds(3599));
  const auto& request = wire.requests.at(0);
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.endpoint, (Endpoint{.host = "login.microsoftonline.com", .port = 443, .tls = true}));
  EXPECT_EQ(request.target, "/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token");
  EXPECT_EQ(request.header("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.body,
            "grant_type=client_credentials&client_id=client%20id%26x&scope=https%3A%2F%2Fstorage.azure.com%"
            "2F.default"
            "&client_secret=s3cr%26t%3D%2B");
  EXPECT_EQ(source->describe(), "Entra client secret, tenant 1111…5555");
}

TEST_F(TokenSourcesTest, AnAuthorityMayHaveAPathAndAPort) {
  wire.replies({.body = R"({"expires_in":"60","access_token":"t"})"});
  EntraApplication local = application;
  local.authority = "https://127.0.0.1:10444/base/";
  ASSERT_TRUE(fetch(*entra_client_secret(local, Secret("s"), wire)));
  EXPECT_EQ(wire.requests.at(0).endpoint, (Endpoint{.host = "127.0.0.1", .port = 10444, .tls = true}));
  EXPECT_EQ(wire.requests.at(0).target, "/base/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token");
}

TEST_F(TokenSourcesTest, AWrongSecretIsNotTriedAgainAndNotShown) {
  wire.replies(
      {.status = 401,
       .body = R"({"error":"invalid_client","error_codes":[7000215],"trace_id":"trace-1",)"
               R"("error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"})"});
  const auto token = fetch(*entra_client_secret(application, Secret("hunter2"), wire));
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().kind, ErrorKind::credentials);
  EXPECT_EQ(token.error().service_code, "AADSTS7000215");
  EXPECT_EQ(token.error().message, "Invalid client secret provided.") << "the code stands before it already";
  EXPECT_EQ(token.error().request_id, "trace-1");
  EXPECT_FALSE(token.error().advice.empty());
  EXPECT_EQ((token.error().to_line() + token.error().advice).find("hunter2"), std::string::npos);
  EXPECT_EQ(wire.requests.size(), 1u);
}

TEST_F(TokenSourcesTest, ABusyEntraIsAskedAgain) {
  wire.replies({.status = 429, .headers = {{"Retry-After", "3"}}, .body = "{}"})
      .replies({.status = 503})
      .replies({.start_error = ScriptedTransport::broken_connection()})
      .replies({.body = R"({"expires_in":60,"access_token":"t"})"});
  EXPECT_TRUE(fetch(*entra_client_secret(application, Secret("s"), wire)));
  EXPECT_EQ(wire.requests.size(), 4u);
  EXPECT_GE(clock.sleeps.at(0), seconds(3));
}

TEST_F(TokenSourcesTest, RepliesThatAreNoTokenAreErrors) {
  for (const char* body :
       {"", "<html>", "{}", R"({"access_token":"t"})", R"({"access_token":"","expires_in":60})",
        R"({"access_token":"t","expires_in":-1})", R"({"access_token":"t","expires_in":"soon"})",
        R"({"access_token":"a\r\nX-Evil: 1","expires_in":60})",
        R"({"access_token":"t","expires_in":99999999999})"}) {
    wire.replies({.body = body});
    const auto token = fetch(*entra_client_secret(application, Secret("s"), wire));
    ASSERT_FALSE(token) << body;
    EXPECT_EQ(token.error().kind, ErrorKind::protocol) << body;
  }
}

class ChangingAssertion final : public AssertionSource {
 public:
  Task<Result<Secret>> fetch_assertion(const Context&) override {
    co_return Secret("jwt" + std::to_string(++count));
  }
  int count = 0;
};

TEST_F(TokenSourcesTest, FederatedAsksForTheAssertionEachTime) {
  // AADSTS70021: the credential is not known everywhere yet.
  wire.replies({.status = 401,
                .body =
                    R"({"error":"invalid_client",)"
                    R"("error_description":"AADSTS70021: No matching federated identity record found."})"})
      .replies({.body = R"({"expires_in":60,"access_token":"t"})"});
  const auto source = entra_federated(application, std::make_shared<ChangingAssertion>(), wire);
  ASSERT_TRUE(fetch(*source));
  EXPECT_TRUE(
      wire.requests.at(0).body.ends_with("&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-"
                                         "assertion-type%3Ajwt-bearer&client_assertion=jwt1"));
  EXPECT_TRUE(wire.requests.at(1).body.ends_with("&client_assertion=jwt2"));
}

TEST_F(TokenSourcesTest, AnAssertionFileIsReadAnewEachTime) {
  const std::string path = testing::TempDir() + "assertion_" + std::to_string(::getpid());
  std::ofstream(path) << "jwt-1\n";
  const auto source = assertion_file(path);
  const Context context = clock.context();
  EXPECT_EQ(run(source->fetch_assertion(context))->reveal(), "jwt-1");
  std::ofstream(path) << "jwt-2";
  EXPECT_EQ(run(source->fetch_assertion(context))->reveal(), "jwt-2");
  std::ofstream(path) << " \n";
  EXPECT_FALSE(run(source->fetch_assertion(context))) << "empty";
  std::ofstream(path) << std::string(100'000, 'x');
  EXPECT_FALSE(run(source->fetch_assertion(context))) << "too large";
  std::filesystem::remove(path);
  const auto missing = run(source->fetch_assertion(context));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::credentials);
  EXPECT_EQ(missing.error().subject, path);
}

TEST_F(TokenSourcesTest, ManagedIdentityAsksTheMachine) {
  wire.replies(
      {.body = R"({"access_token":"t","expires_in":"86399","expires_on":"1","token_type":"Bearer"})"});
  const auto token = fetch(*managed_identity("", wire));
  ASSERT_TRUE(token) << token.error().to_line();
  EXPECT_EQ(token->expires - clock.now(), seconds(86399));
  const auto& request = wire.requests.at(0);
  EXPECT_EQ(request.endpoint, (Endpoint{.host = "169.254.169.254", .port = 80, .tls = false}));
  EXPECT_EQ(
      request.target,
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F");
  EXPECT_EQ(request.header("Metadata"), "true");
}

TEST_F(TokenSourcesTest, ManagedIdentityByClientId) {
  wire.replies({.body = R"({"access_token":"t","expires_in":60})"});
  ASSERT_TRUE(fetch(*managed_identity("abc", wire)));
  EXPECT_TRUE(wire.requests.at(0).target.ends_with("&client_id=abc"));
}

TEST_F(TokenSourcesTest, ManagedIdentityWaitsForAnEndpointThatStarts) {
  wire.replies({.status = 404}).replies({.status = 410}).replies({.status = 429}).replies({.status = 500});
  wire.replies({.body = R"({"access_token":"t","expires_in":60})"});
  ASSERT_TRUE(fetch(*managed_identity("", wire)));
  EXPECT_EQ(wire.requests.size(), 5u);
  EXPECT_GE(clock.sleeps.at(1), seconds(10)) << "410: it is being updated";
}

TEST_F(TokenSourcesTest, NoIdentityOnThisMachineIsSaidSoon) {
  wire.replies(3, {.start_error = ScriptedTransport::broken_connection("connect timed out")});
  const auto token = fetch(*managed_identity("", wire));
  ASSERT_FALSE(token);
  EXPECT_EQ(wire.requests.size(), 3u);
  EXPECT_NE(token.error().advice.find("Azure machine"), std::string::npos) << token.error().advice;

  wire.replies(
      {.status = 400, .body = R"({"error":"invalid_request","error_description":"Identity not found"})"});
  const auto refused = fetch(*managed_identity("", wire));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::credentials);
  EXPECT_EQ(refused.error().message, "Identity not found");
}

TEST_F(TokenSourcesTest, AppServiceTellsTheEndByTheClock) {
  const auto end = std::chrono::floor<seconds>(clock.utc()).time_since_epoch().count() + 600;
  wire.replies({.body = R"({"access_token":"t","expires_on":")" + std::to_string(end) + R"("})"});
  const auto token =
      fetch(*app_service_identity("", wire, "http://127.0.0.1:41000/msi/token", Secret("header-secret")));
  ASSERT_TRUE(token) << token.error().to_line();
  EXPECT_EQ(token->expires - clock.now(), seconds(600));
  EXPECT_EQ(wire.requests.at(0).target,
            "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com%2F");
  EXPECT_EQ(wire.requests.at(0).header("X-IDENTITY-HEADER"), "header-secret");
}

}  // namespace
}  // namespace azs3copy
