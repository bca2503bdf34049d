// Harms: a key in a log line, an error or a test's output; a key that stays in memory when its owner is gone.
#include "core/secret.hpp"

#include <gtest/gtest.h>

#include <new>
#include <sstream>
#include <type_traits>

namespace azs3copy {
namespace {

// Nothing but `reveal` gives the value, and no text becomes a secret unseen.
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);
template <class T>
concept Streams = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Streams<Secret>);

// Short enough to lie inside the std::string, where a test may look for it.
const std::string short_key = "k3y-0f-15-bytes";

// Storage that can be looked at when what lived there is gone.
struct Storage {
  alignas(Secret) unsigned char bytes[sizeof(Secret)] = {};
  bool holds(std::string_view text) const {
    return std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes).find(text) !=
           std::string_view::npos;
  }
};

TEST(SecretTest, PrintsStars) {
  const Secret secret(short_key);
  EXPECT_EQ(fmt::format("{} {:>5}", secret, secret), "***   ***");
  EXPECT_EQ(secret.reveal(), short_key);
}

TEST(SecretTest, IsWipedAtItsEnd) {
  Storage storage;
  auto* secret = new (storage.bytes) Secret(short_key);
  ASSERT_TRUE(storage.holds("k3y-0f")) << "or this test sees nothing";
  secret->~Secret();
  EXPECT_FALSE(storage.holds("0f-15"));
}

TEST(SecretTest, IsWipedWhereItWasMovedFrom) {
  Storage storage;
  auto* secret = new (storage.bytes) Secret(short_key);
  const Secret there(std::move(*secret));
  EXPECT_EQ(there.reveal(), short_key);
  EXPECT_FALSE(storage.holds("0f-15"));
  secret->~Secret();
}

TEST(SecretTest, IsWipedWhereAnotherTookItsPlace) {
  Storage storage;
  auto* secret = new (storage.bytes) Secret(short_key);
  const Secret other("new");
  *secret = other;
  EXPECT_EQ(secret->reveal(), "new");
  EXPECT_EQ(other.reveal(), "new");
  EXPECT_FALSE(storage.holds("0f-15")) << "a shorter value over a longer one leaves its end";
  *secret = Secret(short_key);
  EXPECT_EQ(secret->reveal(), short_key);
  secret->~Secret();
  EXPECT_FALSE(storage.holds("0f-15"));
}

TEST(SecretTest, MayBeAssignedToItself) {
  Secret secret(std::string(100, 'k'));
  Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), std::string(100, 'k'));
}

TEST(Redact, CutsWhatGivesAccessAndNothingElse) {
  for (const auto& [url, shown] : {
           std::pair{"https://a.blob.core.windows.net/c/b", "https://a.blob.core.windows.net/c/b"},
           std::pair{"https://h/c?sv=2025&sig=s%3D&se=2026", "https://h/c?sv=2025&sig=***&se=2026"},
           std::pair{"https://h/c?SIG=s", "https://h/c?SIG=***"},
           std::pair{"?sig=a=b&sig=c", "?sig=***&sig=***"},
           std::pair{
               "https://h/k?X-Amz-Signature=1&X-Amz-Credential=2&X-Amz-Security-Token=3&X-Amz-Date=4",
               "https://h/k?X-Amz-Signature=***&X-Amz-Credential=***&X-Amz-Security-Token=***&X-Amz-Date=4"},
           std::pair{"?client_secret=1&token=3", "?client_secret=***&token=***"},
           std::pair{"a text with sig=s and code=2", "a text with sig=*** and code=2"},
           std::pair{"/c%3Fsp%3Drl%26sig%3Ds%252B%26se%3D2026", "/c%3Fsp%3Drl%26sig%3D***%26se%3D2026"},
           std::pair{"no <a href=\"/c?sig=s\">", "no <a href=\"/c?sig=***\">"},
           std::pair{"AccountName=a;AccountKey=k==;EndpointSuffix=x",
                     "AccountName=a;AccountKey=***;EndpointSuffix=x"},
           std::pair{"to http://user:pass@host:1/p, or http://host/p@q",
                     "to http://***@host:1/p, or http://host/p@q"},
           std::pair{"mail me@host, 100%", "mail me@host, 100%"},
           std::pair{"?sig", "?sig"},
           std::pair{"?sig=", "?sig=***"},
           std::pair{"?design=x&mysig=y", "?design=x&mysig=y"},
           std::pair{"?a=1&&sig=2&", "?a=1&&sig=***&"},
           std::pair{"", ""},
           std::pair{"?", "?"},
       }) {
    EXPECT_EQ(redact(url), shown);
  }
}

TEST(Redact, CutsAKnownSecretOutOfAnError) {
  Error error{.message = "at s3cret and s3cret", .subject = "x?sig=other", .service_code = "s3cret"};
  redact(error);
  hide(error, "s3cret");
  hide(error, "");
  EXPECT_EQ(error.message, "at *** and ***");
  EXPECT_EQ(error.subject, "x?sig=***");
  EXPECT_EQ(error.service_code, "***");
}

}  // namespace
}  // namespace azs3copy
