// Harms: a run that starts with a SAS that Azure refuses at every blob; a SAS that would do refused.
#include "azure/sas.hpp"

#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

Result<> check(std::string query, const char* address = "az://acme/photos") {
  const Result<SourceAddress> source = parse_source_address(address);
  EXPECT_TRUE(source);
  return check_sas(Secret(std::move(query) + "&sig=s"), *source, fakes::FakeClock::start);
}

constexpr const char* blob = "az://acme/photos/2024/a.jpg";
constexpr const char* folder = "az://acme/photos/2024/06/";

// FakeClock::start is 2026-11-23T07:42:10Z.
TEST(Sas, MustBeValidNow) {
  EXPECT_EQ(check("sp=rl&se=2026-11-23T07:42:10Z").error().kind, ErrorKind::credentials);
  EXPECT_TRUE(check("sp=rl&se=2026-11-23T07:42:11Z"));
  EXPECT_EQ(check("sp=rl&st=2026-11-23T08:00:00Z").error().kind, ErrorKind::credentials);
  EXPECT_TRUE(check("sp=rl&st=2026-11-23T07:45:00Z")) << "this machine's clock may be slow";
  const auto key_ended = check("sp=rl&se=2027-01-01T00:00:00Z&ske=2026-11-20T00:00:00Z");
  EXPECT_EQ(key_ended.error().kind, ErrorKind::credentials);
  EXPECT_NE(key_ended.error().message.find("key that signed"), std::string::npos);
  EXPECT_EQ(check("sp=rl&skt=2026-12-01T00:00:00Z").error().kind, ErrorKind::credentials);
}

TEST(Sas, OfAnAccountMustOpenBlobsAndContainers) {
  EXPECT_TRUE(check("ss=bfqt&srt=sco&sp=rwdlac"));
  EXPECT_TRUE(check("ss=b&srt=co&sp=rl"));
  for (const char* query : {"ss=fqt&srt=sco&sp=rl", "ss=b&srt=sc&sp=rl", "ss=b&srt=so&sp=rl"}) {
    const auto refused = check(query);
    ASSERT_FALSE(refused) << query;
    EXPECT_EQ(refused.error().kind, ErrorKind::permission) << query;
    EXPECT_NE(refused.error().advice.find("srt=sco"), std::string::npos) << query;
  }
  EXPECT_FALSE(check("ss=b&srt=co&sp=rl", "az://acme")) << "containers are listed by the service";
  EXPECT_TRUE(check("ss=b&srt=sco&sp=rl", "az://acme"));
}

TEST(Sas, WithoutListingOpensABlobThatIsNamed) {
  for (const char* query : {"sr=b&sp=r", "sr=c&sp=r", "ss=b&srt=o&sp=r"}) {
    EXPECT_TRUE(check(query, blob)) << query;
    EXPECT_EQ(check(query).error().kind, ErrorKind::permission) << query;
    EXPECT_EQ(check(query, folder).error().kind, ErrorKind::permission) << query;
    EXPECT_FALSE(sas_may_list(Secret(std::string(query)))) << query;
  }
  EXPECT_EQ(check("sr=b&sp=w", blob).error().kind, ErrorKind::permission);
  for (const char* query : {"sr=c&sp=rl", "si=policy", "ss=b&srt=co&sp=rl", "?sr=d&sdd=1&sp=rl"})
    EXPECT_TRUE(sas_may_list(Secret(std::string(query)))) << query;
}

TEST(Sas, OfADirectoryNeedsASourceAtItsDepth) {
  EXPECT_TRUE(check("sr=d&sdd=2&sp=rl", folder));
  EXPECT_TRUE(check("sr=d&sdd=1&sp=rl", folder));
  EXPECT_TRUE(check("sr=d&sdd=0&sp=rl"));
  const auto above = check("sr=d&sdd=3&sp=rl", folder);
  EXPECT_EQ(above.error().kind, ErrorKind::permission);
  EXPECT_NE(above.error().message.find("3 levels"), std::string::npos);
  EXPECT_EQ(check("sr=d&sp=rl", folder).error().kind, ErrorKind::invalid) << "no sdd: it was cut off";
}

TEST(Sas, OfASnapshotOrVersionIsRefused) {
  EXPECT_NE(check("sr=bs&sp=r", blob).error().message.find("snapshot"), std::string::npos);
  EXPECT_NE(check("sr=bv&sp=r", blob).error().message.find("version"), std::string::npos);
}

}  // namespace
}  // namespace azs3copy
