// Harms: a run of hours that dies with its first token; a token fetched for each request; a secret sent where
// it can be read; a failed renewal that throws away a token that is still good.
#include "azure/credential.hpp"

#include <gtest/gtest.h>

#include "core/sync.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::run;
using std::chrono::hours;
using std::chrono::minutes;

// Gives "token1", "token2", ...; each lives as long as `life` says.
class CountingSource final : public TokenSource {
 public:
  explicit CountingSource(Clock& clock) : clock_(clock) {}
  Task<Result<AccessToken>> fetch_token(const Context& context) override {
    ++fetched;
    if (wait > milliseconds(0)) co_await YieldOnce{};
    if (failing) co_return fail(ErrorKind::unavailable, "Entra is away");
    if (Result<> ok = context.check(); !ok) co_return passed(std::move(ok));
    co_return AccessToken{.value = Secret("token" + std::to_string(fetched)), .expires = clock_.now() + life};
  }
  std::string describe() const override { return "test tokens"; }

  int fetched = 0;
  bool failing = false;
  milliseconds life = hours(1);
  milliseconds wait{0};

 private:
  struct YieldOnce {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const { Executor::current()->post(handle); }
    void await_resume() const noexcept {}
  };
  Clock& clock_;
};

class BearerTest : public testing::Test {
 protected:
  std::string authorization() {
    HttpRequest request;
    const Context context = clock.context();
    const Result<> ok = run(credential->authorize(request, context));
    return ok ? std::string(request.headers.get("Authorization")) : "error: " + ok.error().to_line();
  }

  FakeClock clock;
  std::shared_ptr<CountingSource> source = std::make_shared<CountingSource>(clock);
  std::unique_ptr<AzureCredential> credential = bearer_credential(source, clock);
};

TEST_F(BearerTest, OneTokenServesUntilFiveMinutesBeforeItsEnd) {
  EXPECT_EQ(authorization(), "Bearer token1");
  clock.advance(minutes(54));
  EXPECT_EQ(authorization(), "Bearer token1");
  EXPECT_EQ(source->fetched, 1);
  clock.advance(minutes(1));
  EXPECT_EQ(authorization(), "Bearer token2");
  clock.advance(hours(10));
  EXPECT_EQ(authorization(), "Bearer token3");
}

TEST_F(BearerTest, ATokenAgesWhileTheMachineIsSuspended) {
  EXPECT_EQ(authorization(), "Bearer token1");
  clock.set_utc(clock.utc() + hours(2));  // the steady clock stood still
  EXPECT_EQ(authorization(), "Bearer token2");
  EXPECT_EQ(authorization(), "Bearer token2") << "renewed once";
  clock.set_utc(clock.utc() + minutes(56));
  source->failing = true;
  EXPECT_EQ(authorization(), "Bearer token2") << "four minutes are left";
  clock.set_utc(clock.utc() + minutes(5));
  EXPECT_NE(authorization().find("Entra is away"), std::string::npos);
}

TEST_F(BearerTest, AWallClockThatIsSetBackLengthensNoLife) {
  authorization();
  clock.advance(minutes(56));
  clock.set_utc(clock.utc() - hours(5));
  EXPECT_EQ(authorization(), "Bearer token2");
}

TEST_F(BearerTest, ARefusalRightAfterASuspensionIsHeeded) {
  authorization();
  clock.set_utc(clock.utc() + hours(2));
  EXPECT_TRUE(credential->refresh());
  EXPECT_EQ(authorization(), "Bearer token2");
  clock.advance(seconds(11));
  EXPECT_TRUE(credential->refresh());
  EXPECT_EQ(authorization(), "Bearer token3");
  clock.set_utc(clock.utc() + minutes(1));  // a short one
  EXPECT_TRUE(credential->refresh());
  EXPECT_EQ(authorization(), "Bearer token4");
}

TEST_F(BearerTest, AShortLivedTokenIsNotFetchedForEachRequest) {
  source->life = minutes(4);
  EXPECT_EQ(authorization(), "Bearer token1");
  clock.advance(minutes(1));
  EXPECT_EQ(authorization(), "Bearer token1");
  clock.advance(minutes(1));
  EXPECT_EQ(authorization(), "Bearer token2");
}

TEST_F(BearerTest, AFailedRenewalGoesOnWithTheTokenThatIsStillGood) {
  authorization();
  clock.advance(minutes(56));
  source->failing = true;
  EXPECT_EQ(authorization(), "Bearer token1");
  EXPECT_EQ(authorization(), "Bearer token1");
  EXPECT_EQ(source->fetched, 2) << "not asked for again at once";
  clock.advance(minutes(1));
  EXPECT_EQ(authorization(), "Bearer token1");
  EXPECT_EQ(source->fetched, 3);
  clock.advance(minutes(4));
  EXPECT_NE(authorization().find("Entra is away"), std::string::npos) << "an expired one is not sent";
  source->failing = false;
  EXPECT_EQ(authorization(), "Bearer token5");
}

TEST_F(BearerTest, RefusedTokensAreThrownAwayOnceForAllRequestsThatMetTheRefusal) {
  authorization();
  EXPECT_TRUE(credential->refresh());
  EXPECT_EQ(authorization(), "Bearer token2");
  EXPECT_TRUE(credential->refresh()) << "a late 401 of the old token";
  EXPECT_EQ(authorization(), "Bearer token2");
  clock.advance(minutes(1));
  EXPECT_TRUE(credential->refresh());
  EXPECT_EQ(authorization(), "Bearer token3");
}

Task<void> authorize_into(AzureCredential& credential, const Context& context,
                          std::vector<std::string>& seen) {
  HttpRequest request;
  const Result<> ok = co_await credential.authorize(request, context);
  seen.emplace_back(ok ? request.headers.get("Authorization") : "error");
}

Task<void> authorize_many(AzureCredential& credential, const Context& context, int count,
                          std::vector<std::string>& seen) {
  Group group;
  for (int i = 0; i < count; ++i) group.spawn(authorize_into(credential, context, seen));
  co_await group.join();
}

TEST_F(BearerTest, ManyRequestsAtOnceFetchOneToken) {
  source->wait = milliseconds(1);
  std::vector<std::string> seen;
  const Context context = clock.context();
  run(authorize_many(*credential, context, 50, seen));
  EXPECT_EQ(seen, std::vector<std::string>(50, "Bearer token1"));
  EXPECT_EQ(source->fetched, 1);
}

TEST_F(BearerTest, WhileOneRenewsTheOthersGoOnWithTheOldToken) {
  authorization();
  clock.advance(minutes(56));
  source->wait = milliseconds(1);
  std::vector<std::string> seen;
  const Context context = clock.context();
  run(authorize_many(*credential, context, 3, seen));
  EXPECT_EQ(seen, (std::vector<std::string>{"Bearer token1", "Bearer token1", "Bearer token2"}));
}

TEST_F(BearerTest, ATokenIsNotSentInTheClear) {
  HttpRequest request{.endpoint = {.host = "acme.blob.core.windows.net", .port = 80, .tls = false}};
  const Context context = clock.context();
  const Result<> sent = run(credential->authorize(request, context));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::invalid);
  EXPECT_FALSE(request.headers.contains("Authorization"));
  request.endpoint.host = "127.0.0.1";
  EXPECT_TRUE(run(credential->authorize(request, context)));
}

TEST(Credentials, ASasIsAppendedAsItWasGiven) {
  FakeClock clock;
  const Context context = clock.context();
  for (const char* given : {"?sv=2025&sig=a%2Fb%3D", "sv=2025&sig=a%2Fb%3D"}) {
    const auto sas = sas_credential(Secret(given));
    HttpRequest request{.target = "/c/b"};
    EXPECT_TRUE(run(sas->authorize(request, context)));
    EXPECT_EQ(request.target, "/c/b?sv=2025&sig=a%2Fb%3D");
    HttpRequest listing{.target = "/c?comp=list"};
    EXPECT_TRUE(run(sas->authorize(listing, context)));
    EXPECT_EQ(listing.target, "/c?comp=list&sv=2025&sig=a%2Fb%3D");
    EXPECT_FALSE(sas->refresh());
    EXPECT_EQ(sas->describe().find("a%2Fb"), std::string::npos);
  }
}

TEST(Credentials, AnonymousAddsNothing) {
  FakeClock clock;
  const Context context = clock.context();
  HttpRequest request{.target = "/c/b"};
  EXPECT_TRUE(run(anonymous_credential()->authorize(request, context)));
  EXPECT_EQ(request.target, "/c/b");
  EXPECT_EQ(request.headers.size(), 0u);
  EXPECT_FALSE(anonymous_credential()->refresh());
}

TEST(Credentials, AKeyThatIsNotBase64IsRefusedWithoutShowingIt) {
  const auto credential = shared_key_credential(Account("acme"), Secret("not base64!"));
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().kind, ErrorKind::invalid);
  EXPECT_EQ(credential.error().to_line().find("not base64!"), std::string::npos);
  EXPECT_FALSE(shared_key_credential(Account("acme"), Secret("")));
}

}  // namespace
}  // namespace azs3copy
