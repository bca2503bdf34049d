// credentials_test.cpp: each place of the chain, what comes before what, and renewal.
#include "aws/credentials.hpp"

#include <gtest/gtest.h>

#include "aws/aws_test_files.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::RecordedRequest;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

std::string sts_reply(std::string_view action, std::string_view id, UtcTime expires) {
  const std::string name(action);
  return "<" + name + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + name +
         "Result><Credentials>" + "<AccessKeyId>" + std::string(id) + "</AccessKeyId><SecretAccessKey>s-" +
         std::string(id) + "</SecretAccessKey><SessionToken>t-" + std::string(id) +
         "</SessionToken><Expiration>" + to_iso8601(expires) + "</Expiration></Credentials></" + name +
         "Result></" + name + "Response>";
}
ScriptedReply role_reply(std::string_view id, UtcTime expires = FakeClock::start + std::chrono::hours(1)) {
  return {.body = sts_reply("AssumeRole", id, expires)};
}
std::string json_reply(std::string_view id, std::string_view token_name = "Token",
                       UtcTime expires = FakeClock::start + std::chrono::hours(6)) {
  return "{\"Code\":\"Success\",\"AccessKeyId\":\"" + std::string(id) + "\",\"SecretAccessKey\":\"s\",\"" +
         std::string(token_name) + "\":\"t\",\"Expiration\":\"" + to_iso8601(expires) + "\"}";
}

struct Chain : ::testing::Test {
  Chain() : environment(folder.path()) {
    environment.set("AWS_EC2_METADATA_DISABLED", "true");
    environment.set("AWS_REGION", "eu-central-1");
  }
  Result<AwsCredentials> ask(std::string profile = {}) {
    Result<AwsConfig> config = resolve_aws_config({.profile = std::move(profile)}, environment.get());
    if (!config) return passed(std::move(config));
    provider = default_aws_credentials(*config, environment.get(), wire, clock);
    return again();
  }
  Result<AwsCredentials> again() { return run(provider->credentials(context)); }
  std::string id_of(std::string profile = {}) {
    const Result<AwsCredentials> got = ask(std::move(profile));
    return got ? got->access_key_id : got.error().to_line();
  }
  Error error_of(std::string profile = {}) {
    Result<AwsCredentials> got = ask(std::move(profile));
    EXPECT_FALSE(got);
    return got ? Error{} : got.error();
  }
  QueryPairs form(std::size_t request) const { return parse_query(wire.requests.at(request).body); }
  std::string form_value(std::size_t request, std::string_view name) const {
    for (const auto& [key, value] : form(request)) {
      if (key == name) return value;
    }
    return "(absent)";
  }

  FakeClock clock;
  Context context = clock.context();
  ScriptedTransport wire;
  TestFolder folder;
  TestEnvironment environment;
  std::unique_ptr<AwsCredentialsProvider> provider;
};

TEST_F(Chain, NothingAnywhereListsEachPlaceAndWhatWasFound) {
  const Error error = error_of();
  EXPECT_EQ(error.kind, ErrorKind::credentials);
  for (const char* part :
       {"AWS_ACCESS_KEY_ID is not set", "AWS_WEB_IDENTITY_TOKEN_FILE is not set", "profile default",
        "/.aws/config (no such file)", "/.aws/credentials (no such file)",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EC2_METADATA_DISABLED"}) {
    EXPECT_NE(error.message.find(part), std::string::npos) << part << " in " << error.message;
  }
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(Chain, TheEnvironmentComesFirst) {
  environment.set("AWS_ACCESS_KEY_ID", "AKID");
  environment.set("AWS_SECRET_ACCESS_KEY", "secret");
  environment.set("AWS_SESSION_TOKEN", "token");
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/none");
  const Result<AwsCredentials> got = ask();
  ASSERT_TRUE(got) << got.error().to_line();
  EXPECT_EQ(got->access_key_id, "AKID");
  EXPECT_EQ(got->session_token.reveal(), "token");
  EXPECT_FALSE(got->expires);
  EXPECT_FALSE(provider->refresh());  // variables do not change
  EXPECT_EQ(provider->describe(), "environment, access key AKID");
}

// Going on to another place would copy under another login than the user believes.
TEST_F(Chain, HalfAKeyPairIsAnErrorNotASkip) {
  folder.write(".aws/credentials", "[default]\naws_access_key_id=OTHER\naws_secret_access_key=x\n");
  environment.set("AWS_ACCESS_KEY_ID", "AKID");
  EXPECT_NE(error_of().message.find("only AWS_ACCESS_KEY_ID is set"), std::string::npos);
  environment.unset("AWS_ACCESS_KEY_ID");
  environment.set("AWS_SECRET_ACCESS_KEY", "x");
  EXPECT_NE(error_of().message.find("only AWS_SECRET_ACCESS_KEY is set"), std::string::npos);
}

TEST_F(Chain, AProfileThatWasAskedForWinsOverVariables) {
  environment.set("AWS_ACCESS_KEY_ID", "AKID");
  environment.set("AWS_SECRET_ACCESS_KEY", "secret");
  folder.write(".aws/credentials", "[work]\naws_access_key_id=WORK\naws_secret_access_key=x\n");
  EXPECT_EQ(id_of("work"), "WORK");
  environment.set("AWS_PROFILE", "work");
  EXPECT_EQ(id_of(), "AKID");  // as AWS's own tools do
}

TEST_F(Chain, AProfileThatIsInNoFileIsRefusedWithThoseThereAre) {
  folder.write(".aws/config", "[profile work]\nregion=r\n[default]\n");
  environment.set("AWS_PROFILE", "wrok");
  const Error error = error_of();
  EXPECT_NE(error.message.find("no profile \"wrok\""), std::string::npos) << error.message;
  EXPECT_EQ(error.advice, "profiles there are: default, work");
}

TEST_F(Chain, WebIdentityTakesItsRoleWithTheTokenOfTheMoment) {
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "jwt.one\n"));
  environment.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/copier");
  environment.set("AWS_ROLE_SESSION_NAME", "me");
  wire.replies(
      {.body = sts_reply("AssumeRoleWithWebIdentity", "ASIA1", FakeClock::start + std::chrono::hours(1))});
  EXPECT_EQ(id_of(), "ASIA1");
  const RecordedRequest& request = wire.requests[0];
  EXPECT_EQ(request.endpoint.host, "sts.eu-central-1.amazonaws.com");
  EXPECT_FALSE(request.headers.contains("authorization"));  // the token is the proof
  EXPECT_EQ(form_value(0, "Action"), "AssumeRoleWithWebIdentity");
  EXPECT_EQ(form_value(0, "WebIdentityToken"), "jwt.one");
  EXPECT_EQ(form_value(0, "RoleArn"), "arn:aws:iam::1:role/copier");
  EXPECT_EQ(form_value(0, "RoleSessionName"), "me");
  // Kubernetes rotates the file: the next role is taken with the new token.
  folder.write("token", "jwt.two");
  clock.advance(std::chrono::minutes(56));
  wire.replies(
      {.body = sts_reply("AssumeRoleWithWebIdentity", "ASIA2", clock.utc() + std::chrono::hours(1))});
  EXPECT_EQ(again()->access_key_id, "ASIA2");
  EXPECT_EQ(form_value(1, "WebIdentityToken"), "jwt.two");
}

TEST_F(Chain, ABrokenWebIdentityIsAnErrorAndNeverShowsItsToken) {
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.path() + "/none");
  EXPECT_NE(error_of().message.find("AWS_ROLE_ARN is not"), std::string::npos);
  environment.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/copier");
  EXPECT_NE(error_of().to_line().find("/none: No such file"), std::string::npos);
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("empty", "\n"));
  EXPECT_NE(error_of().message.find("is empty"), std::string::npos);
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", folder.write("token", "TOPSECRET"));
  wire.replies({.status = 403,
                .body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized to perform "
                        "sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>"});
  const Error denied = error_of();
  EXPECT_EQ(denied.kind, ErrorKind::permission);
  EXPECT_NE(denied.advice.find("trust policy"), std::string::npos);
  EXPECT_EQ(denied.to_line().find("TOPSECRET"), std::string::npos);
}

TEST_F(Chain, StaticKeysOfAProfileAreReadAnewAfterARefusal) {
  folder.write(".aws/credentials",
               "[default]\naws_access_key_id=ONE\naws_secret_access_key=x\naws_session_token=t\n");
  EXPECT_EQ(id_of(), "ONE");
  // Another tool renews the file.
  folder.write(".aws/credentials", "[default]\naws_access_key_id=TWO\naws_secret_access_key=x\n");
  EXPECT_EQ(again()->access_key_id, "ONE");
  clock.advance(seconds(10));
  EXPECT_TRUE(provider->refresh());
  EXPECT_EQ(again()->access_key_id, "TWO");
}

TEST_F(Chain, ARoleIsTakenBySourceProfile) {
  folder.write(".aws/config",
               "[profile work]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\nexternal_id = x y\n"
               "role_session_name = night\nduration_seconds = 900\nregion = us-west-2\n");
  folder.write(".aws/credentials", "[base]\naws_access_key_id=BASE\naws_secret_access_key=x\n");
  wire.replies(role_reply("ASIA1"));
  EXPECT_EQ(id_of("work"), "ASIA1");
  EXPECT_EQ(provider->describe(), "profile work, role arn:aws:iam::1:role/a");
  const RecordedRequest& request = wire.requests[0];
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.endpoint.authority(), "sts.us-west-2.amazonaws.com");
  EXPECT_NE(request.header("authorization").find("Credential=BASE/20261123/us-west-2/sts/aws4_request"),
            std::string_view::npos);
  EXPECT_EQ(form_value(0, "Action"), "AssumeRole");
  EXPECT_EQ(form_value(0, "ExternalId"), "x y");
  EXPECT_EQ(form_value(0, "RoleSessionName"), "night");
  EXPECT_EQ(form_value(0, "DurationSeconds"), "900");
}

TEST_F(Chain, RolesFollowRoles) {
  folder.write(".aws/config",
               "[profile c]\nrole_arn = arn:c\nsource_profile = b\n[profile b]\nrole_arn = "
               "arn:b\nsource_profile = a\n");
  folder.write(".aws/credentials", "[a]\naws_access_key_id=BASE\naws_secret_access_key=x\n");
  wire.replies(role_reply("ASIAB")).replies(role_reply("ASIAC"));
  EXPECT_EQ(id_of("c"), "ASIAC");
  EXPECT_EQ(form_value(0, "RoleArn"), "arn:b");
  EXPECT_EQ(form_value(1, "RoleArn"), "arn:c");
  EXPECT_NE(wire.requests[1].header("authorization").find("Credential=ASIAB/"), std::string_view::npos);
  EXPECT_EQ(wire.requests[1].header("x-amz-security-token"), "t-ASIAB");
}

TEST_F(Chain, CirclesOfSourceProfilesAreRefused) {
  folder.write(
      ".aws/config",
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = c\n"
      "[profile c]\nrole_arn = arn:c\nsource_profile = a\n[profile self]\nrole_arn = arn:s\nsource_profile = "
      "self\n");
  EXPECT_NE(error_of("a").message.find("in a circle: a -> b -> c -> a"), std::string::npos)
      << error_of("a").message;
  EXPECT_NE(error_of("self").message.find("in a circle: self -> self"), std::string::npos);
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(Chain, AProfileWithKeysMayBeItsOwnSource) {
  folder.write(".aws/config", "[profile self]\nrole_arn = arn:s\nsource_profile = self\n");
  folder.write(".aws/credentials", "[self]\naws_access_key_id=BASE\naws_secret_access_key=x\n");
  wire.replies(role_reply("ASIAS"));
  EXPECT_EQ(id_of("self"), "ASIAS");
}

TEST_F(Chain, ARoleByCredentialSource) {
  folder.write(".aws/config",
               "[profile e]\nrole_arn = arn:e\ncredential_source = Environment\n"
               "[profile c]\nrole_arn = arn:c\ncredential_source = EcsContainer\n"
               "[profile i]\nrole_arn = arn:i\ncredential_source = Ec2InstanceMetadata\n");
  EXPECT_NE(error_of("e").message.find("AWS_ACCESS_KEY_ID is not set"), std::string::npos)
      << error_of("e").message;
  environment.set("AWS_ACCESS_KEY_ID", "ENV");
  environment.set("AWS_SECRET_ACCESS_KEY", "x");
  wire.replies(role_reply("ASIAE"));
  EXPECT_EQ(id_of("e"), "ASIAE");
  environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x");
  wire.replies({.body = json_reply("ECS")}).replies(role_reply("ASIAC"));
  EXPECT_EQ(id_of("c"), "ASIAC");
  environment.unset("AWS_EC2_METADATA_DISABLED");
  wire.replies({.body = "tok"})
      .replies({.body = "r"})
      .replies({.body = json_reply("EC2")})
      .replies(role_reply("ASIAI"));
  EXPECT_EQ(id_of("i"), "ASIAI");
}

TEST_F(Chain, AProfileWithAWebIdentityFile) {
  folder.write(".aws/config",
               "[profile w]\nrole_arn = arn:w\nweb_identity_token_file = " + folder.write("t", "jwt") + "\n");
  wire.replies(
      {.body = sts_reply("AssumeRoleWithWebIdentity", "ASIAW", FakeClock::start + std::chrono::hours(1))});
  EXPECT_EQ(id_of("w"), "ASIAW");
}

TEST_F(Chain, ProfilesThatCannotWorkSayWhy) {
  folder.write(
      ".aws/config",
      "[profile lone]\nrole_arn = arn:x\n"
      "[profile both]\nrole_arn = arn:x\nsource_profile = lone\ncredential_source = Environment\n"
      "[profile odd]\nrole_arn = arn:x\ncredential_source = Moon\n"
      "[profile mfa]\nrole_arn = arn:x\nsource_profile = lone\nmfa_serial = arn:mfa\n"
      "[profile gone]\nrole_arn = arn:x\nsource_profile = nowhere\n"
      "[profile bare]\nregion = r\n[profile onbare]\nrole_arn = arn:x\nsource_profile = bare\n"
      "[profile half]\naws_access_key_id = AKID\n"
      "[profile sso]\nsso_session = s\nsso_account_id = 1\n[profile oldsso]\nsso_start_url = https://x\n");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"lone", "no source_profile"},
      {"both", "exclude each other"},
      {"odd", "credential_source is not"},
      {"mfa", "mfa_serial"},
      {"gone", "nowhere is in no file"},
      {"onbare", "bare holds no credentials"},
      {"half", "aws_secret_access_key is missing"},
      {"sso", "SSO is not supported"},
      {"oldsso", "SSO is not supported"}};
  for (const auto& [profile, why] : cases) {
    const Error error = error_of(profile);
    EXPECT_EQ(error.kind, ErrorKind::credentials);
    EXPECT_NE(error.message.find(why), std::string::npos) << profile << ": " << error.message;
  }
  EXPECT_NE(
      error_of("sso").advice.find("credential_process = aws configure export-credentials --profile sso"),
      std::string::npos);
  EXPECT_NE(error_of("bare").message.find("without credentials"),
            std::string::npos);  // and the chain went on
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(Chain, AFileThatCannotBeParsedIsNamedWithItsLine) {
  folder.write(".aws/credentials", "[default]\naws_access_key_id AKID\n");
  const Result<AwsConfig> config = resolve_aws_config({}, environment.get());
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("/.aws/credentials, line 2"), std::string::npos)
      << config.error().message;
}

TEST_F(Chain, StsRefusalsAreNotRetriedAndItsFailuresAre) {
  folder.write(".aws/config", "[profile w]\nrole_arn = arn:x\nsource_profile = b\n");
  folder.write(".aws/credentials", "[b]\naws_access_key_id=B\naws_secret_access_key=TOPSECRET\n");
  wire.replies({.status = 503,
                .body = "<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>"})
      .replies(role_reply("ASIA1"));
  EXPECT_EQ(id_of("w"), "ASIA1");
  wire.replies({.status = 403,
                .body =
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>is not authorized to perform: "
                    "sts:AssumeRole</Message></Error></ErrorResponse>"});
  const Error denied = error_of("w");
  EXPECT_EQ(denied.subject, "arn:x");
  EXPECT_NE(denied.advice.find("trust policy"), std::string::npos);
  wire.replies({.body = "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"});
  EXPECT_EQ(error_of("w").kind, ErrorKind::protocol);
  EXPECT_EQ(wire.requests.size(), 4U);
}

// ---- Containers.

TEST_F(Chain, AContainerIsAskedAtItsOwnAddress) {
  environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1?x=y");
  environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://elsewhere.example.com/");
  environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-variable");
  wire.replies({.status = 500}).replies({.body = json_reply("ECS")});
  EXPECT_EQ(id_of(), "ECS");
  EXPECT_EQ(wire.requests[1].endpoint.authority(), "169.254.170.2");
  EXPECT_FALSE(wire.requests[1].endpoint.tls);
  EXPECT_EQ(wire.requests[1].target, "/v2/credentials/1?x=y");
  EXPECT_EQ(wire.requests[1].header("authorization"), "from-variable");
}

TEST_F(Chain, AContainersTokenFileWinsAndIsReadAnew) {
  environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
  environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-variable");
  environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.write("token", "one\n"));
  wire.replies({.body = json_reply("EKS")});
  EXPECT_EQ(id_of(), "EKS");
  EXPECT_EQ(wire.requests[0].header("authorization"), "one");
  folder.write("token", "two");
  clock.advance(seconds(10));
  provider->refresh();
  wire.replies({.body = json_reply("EKS2")});
  EXPECT_EQ(again()->access_key_id, "EKS2");
  EXPECT_EQ(wire.requests[1].header("authorization"), "two");
}

// A variable set by somebody else could send the token, and fetch credentials, over anybody's network.
TEST_F(Chain, AContainersTokenTravelsWithoutTlsInsideTheMachineOnly) {
  for (const char* url : {"http://example.com/x", "http://169.254.169.254/x", "http://10.0.0.1/x",
                          "http://127.0.0.1.evil.com/x", "http://localhost.evil.com/",
                          "http://[fd00:ec2::24]/", "ftp://127.0.0.1/", "http://user@127.0.0.1/"}) {
    environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    EXPECT_FALSE(ask()) << url;
  }
  EXPECT_TRUE(wire.requests.empty());
  for (const char* url : {"https://example.com/x", "http://localhost:8080/x", "http://127.9.8.7/x",
                          "http://[::1]:80/x", "http://[fd00:ec2::23]/v1", "http://169.254.170.2/x"}) {
    environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    wire.replies({.body = json_reply("OK")});
    EXPECT_EQ(id_of(), "OK") << url;
  }
  environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.com/");
  EXPECT_FALSE(ask());
}

TEST_F(Chain, ABrokenContainerIsAnErrorAndItsTokenCannotBreakAHeader) {
  environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/x");
  environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nX-Evil: 1");
  EXPECT_NE(error_of().message.find("line break"), std::string::npos);
  EXPECT_TRUE(wire.requests.empty());
  environment.unset("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  for (const char* body : {"", "[]", "{}", "{\"AccessKeyId\":\"a\"}", "TOPSECRET",
                           "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"}) {
    wire.replies({.body = body});
    const Error error = error_of();
    EXPECT_EQ(error.kind, ErrorKind::credentials) << body;
    EXPECT_EQ(error.to_line().find("TOPSECRET"), std::string::npos);
  }
  wire.replies({.status = 403, .body = "TOPSECRET"});
  EXPECT_NE(error_of().to_line().find("403"), std::string::npos);
}

// ---- EC2.

struct Instance : Chain {
  Instance() { environment.unset("AWS_EC2_METADATA_DISABLED"); }
};

TEST_F(Instance, IsAskedByVersionTwoOnly) {
  wire.replies({.body = "TOKEN"}).replies({.body = "copier\n"}).replies({.body = json_reply("EC2")});
  EXPECT_EQ(id_of(), "EC2");
  EXPECT_EQ(provider->describe(), "EC2 instance role copier");
  ASSERT_EQ(wire.requests.size(), 3U);
  EXPECT_EQ(wire.requests[0].method, Method::put);
  EXPECT_EQ(wire.requests[0].target, "/latest/api/token");
  EXPECT_EQ(wire.requests[0].header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(wire.requests[2].target, "/latest/meta-data/iam/security-credentials/copier");
  EXPECT_EQ(wire.requests[2].header("x-aws-ec2-metadata-token"), "TOKEN");
  for (const RecordedRequest& request : wire.requests) {
    EXPECT_EQ(request.endpoint.authority(), "169.254.169.254");
    EXPECT_FALSE(request.endpoint.tls);
  }
}

TEST_F(Instance, AnswersElsewhereWhereTheVariablesSay) {
  environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
  wire.replies({.status = 404});
  EXPECT_FALSE(ask());
  EXPECT_EQ(wire.requests[0].endpoint.authority(), "[fd00:ec2::254]");
  environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/");
  wire.replies({.status = 404});
  EXPECT_FALSE(ask());
  EXPECT_EQ(wire.requests[1].endpoint.authority(), "127.0.0.1:1338");
  EXPECT_EQ(wire.requests[1].target, "/latest/api/token");
}

// On any machine but EC2 nobody answers: the user must not wait long for "no credentials".
TEST_F(Instance, GivesUpSoonWhereNobodyAnswers) {
  wire.fallback = [this](const RecordedRequest&) {
    clock.advance(seconds(1));
    return ScriptedReply{.start_error = Error{.kind = ErrorKind::timed_out, .message = "late"}};
  };
  const auto started = clock.now();
  const Error error = error_of();
  EXPECT_NE(error.message.find("169.254.169.254 does not answer"), std::string::npos) << error.message;
  EXPECT_LE(wire.requests.size(), 3U);
  EXPECT_LT(clock.now() - started, seconds(6));
}

TEST_F(Instance, WithoutARoleSaysSo) {
  wire.replies({.body = "TOKEN"}).replies({.status = 404});
  EXPECT_NE(error_of().message.find("the instance has no role"), std::string::npos);
}

TEST_F(Instance, ATokenCannotBreakAHeader) {
  wire.replies({.body = "a\r\nX: y"});
  EXPECT_NE(error_of().message.find("no header's value"), std::string::npos);
  EXPECT_EQ(wire.requests.size(), 1U);
}

// ---- Renewal.

struct Renewal : Chain {
  Renewal() {
    folder.write(".aws/config", "[default]\nrole_arn = arn:x\nsource_profile = b\n");
    folder.write(".aws/credentials", "[b]\naws_access_key_id=B\naws_secret_access_key=x\n");
  }
};

TEST_F(Renewal, HappensFiveMinutesBeforeTheEnd) {
  wire.replies(role_reply("ONE"));
  EXPECT_EQ(id_of(), "ONE");
  clock.advance(std::chrono::minutes(55) - seconds(1));
  EXPECT_EQ(again()->access_key_id, "ONE");
  clock.advance(seconds(1));
  wire.replies(role_reply("TWO", clock.utc() + std::chrono::hours(1)));
  EXPECT_EQ(again()->access_key_id, "TWO");
}

// STS is out for a minute: the login still holds for five, and a run of hours must not end for it.
TEST_F(Renewal, KeepsWhatStillHoldsWhenItFails) {
  wire.replies(role_reply("ONE"));
  EXPECT_EQ(id_of(), "ONE");
  clock.advance(std::chrono::minutes(56));
  wire.replies({.status = 403});
  EXPECT_EQ(again()->access_key_id, "ONE");
  EXPECT_EQ(again()->access_key_id, "ONE");
  EXPECT_EQ(wire.requests.size(), 2U);  // not asked for each request
  clock.advance(seconds(31));
  wire.replies(role_reply("TWO", clock.utc() + std::chrono::hours(1)));
  EXPECT_EQ(again()->access_key_id, "TWO");
}

TEST_F(Renewal, FailsOnceTheOldOnesHaveEnded) {
  wire.replies(role_reply("ONE"));
  EXPECT_EQ(id_of(), "ONE");
  clock.advance(std::chrono::minutes(61));
  wire.replies({.status = 403});
  EXPECT_FALSE(again());
}

// Sixty-four transfers are refused at the same moment: one new login is enough.
TEST_F(Renewal, ManyRefusalsAskForOneNewLogin) {
  wire.replies(role_reply("ONE"));
  EXPECT_EQ(id_of(), "ONE");
  clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE(provider->refresh());
  wire.replies(role_reply("TWO"));
  EXPECT_EQ(again()->access_key_id, "TWO");
  EXPECT_TRUE(provider->refresh());
  EXPECT_EQ(again()->access_key_id, "TWO");
  EXPECT_EQ(wire.requests.size(), 2U);
}

// A gate that holds the reply back until the test opens it.
class HeldTransport final : public Transport {
 public:
  explicit HeldTransport(Transport& inner) : inner_(inner) {}
  Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request, const Context& context) override {
    ++started;
    const Slots::Slot slot = co_await gate.acquire();
    co_return co_await inner_.start(request, context);
  }
  Slots gate{1};
  int started = 0;

 private:
  Transport& inner_;
};

Task<void> ask_into(AwsCredentialsProvider& provider, const Context& context, std::vector<std::string>& ids) {
  Result<AwsCredentials> got = co_await provider.credentials(context);
  ids.push_back(got ? got->access_key_id : to_string(got.error().kind).data());
}

Task<void> ask_side_by_side(AwsCredentialsProvider& provider, HeldTransport& held, const Context& context,
                            std::vector<std::string>& ids) {
  Group group;
  {
    const Slots::Slot closed = co_await held.gate.acquire();
    for (int i = 0; i < 5; ++i) group.spawn(ask_into(provider, context, ids));
  }
  co_await group.join();
}

TEST_F(Renewal, IsDoneOnceForAllWhoWait) {
  HeldTransport held(wire);
  const Result<AwsConfig> config = resolve_aws_config({}, environment.get());
  provider = default_aws_credentials(*config, environment.get(), held, clock);
  wire.replies(role_reply("ONE"));
  std::vector<std::string> ids;
  run(ask_side_by_side(*provider, held, context, ids));
  EXPECT_EQ(ids, std::vector<std::string>(5, "ONE"));
  EXPECT_EQ(held.started, 1);
  // And a failure is told to all who waited for it, instead of each trying again.
  clock.advance(std::chrono::hours(2));
  wire.replies({.status = 403});
  ids.clear();
  run(ask_side_by_side(*provider, held, context, ids));
  EXPECT_EQ(ids, std::vector<std::string>(5, "permission"));
  EXPECT_EQ(held.started, 2);
}

// ---- Configuration.

TEST_F(Chain, ConfigurationComesFromFlagsThenVariablesThenTheProfile) {
  folder.write(".aws/config",
               "[profile p]\nregion = from-profile\nendpoint_url = http://all\nservices = s\n"
               "[services s]\ns3 =\n  endpoint_url = http://s3\n");
  environment.unset("AWS_REGION");
  environment.set("AWS_PROFILE", "p");
  Result<AwsConfig> config = resolve_aws_config({}, environment.get());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->region, "from-profile");
  EXPECT_EQ(config->endpoint_url, "http://s3");
  EXPECT_EQ(config->sts_endpoint_url, "http://all");
  EXPECT_FALSE(config->profile_was_asked_for);
  environment.set("AWS_DEFAULT_REGION", "default-region");
  environment.set("AWS_ENDPOINT_URL", "http://var");
  config = resolve_aws_config({}, environment.get());
  EXPECT_EQ(config->region, "default-region");
  EXPECT_EQ(config->endpoint_url, "http://var");
  environment.set("AWS_REGION", "region");
  environment.set("AWS_ENDPOINT_URL_S3", "http://var3");
  config = resolve_aws_config({.profile = "p"}, environment.get());
  EXPECT_EQ(config->region, "region");
  EXPECT_EQ(config->endpoint_url, "http://var3");
  EXPECT_EQ(config->sts_endpoint_url, "http://var");
  EXPECT_TRUE(config->profile_was_asked_for);
  config = resolve_aws_config({.region = "flag", .endpoint_url = "http://flag"}, environment.get());
  EXPECT_EQ(config->region, "flag");
  EXPECT_EQ(config->endpoint_url, "http://flag");
  environment.set("AWS_ENDPOINT_URL_SNS", "http://sns");
  environment.set("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://secrets");
  config = resolve_aws_config({}, environment.get());
  EXPECT_EQ(config->sns_endpoint_url, "http://sns");
  EXPECT_EQ(config->sqs_endpoint_url, "http://var");
  EXPECT_EQ(config->secrets_endpoint_url, "http://secrets");
  environment.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  EXPECT_EQ(resolve_aws_config({}, environment.get())->endpoint_url, "");
}

TEST_F(Chain, ChecksumsWhenRequiredComeFromVariableOrProfile) {
  folder.write(".aws/config", "[default]\nrequest_checksum_calculation = when_required\n");
  EXPECT_TRUE(resolve_aws_config({}, environment.get())->checksums_when_required);
  environment.set("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_SUPPORTED");
  EXPECT_FALSE(resolve_aws_config({}, environment.get())->checksums_when_required) << "the variable wins";
  environment.set("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED");
  EXPECT_TRUE(resolve_aws_config({}, environment.get())->checksums_when_required);
}

TEST(StaticCredentials, StayAsTheyAre) {
  FakeClock clock;
  const auto provider = static_aws_credentials({.access_key_id = "A", .secret_access_key = Secret("s")});
  EXPECT_EQ(run(provider->credentials(clock.context()))->access_key_id, "A");
  EXPECT_FALSE(provider->refresh());
  EXPECT_EQ(provider->describe().find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace azs3copy
