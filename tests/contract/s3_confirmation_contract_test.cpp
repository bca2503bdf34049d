// s3_confirmation_contract_test.cpp: that each kind of write is confirmed, at each server, by CRC64NVME or MD5.
#include "contract/s3_servers.hpp"

namespace azs3copy::contract {
namespace {

using S3Confirmation = S3Contract;
INSTANTIATE_TEST_SUITE_P(Servers, S3Confirmation, testing::ValuesIn(s3_servers()), ServerName());
INSTANTIATE_TEST_SUITE_P(LenientServers, S3Confirmation, testing::ValuesIn(lenient_s3_servers()),
                         ServerName());

// Without a confirmation of each, a copy is not called verified.
TEST_P(S3Confirmation, EachKindOfWriteIsConfirmed) {
  const std::string content = noise(300'000);
  const UploadId id = open_upload("parts");
  for (int time = 0; time < 2; ++time) {  // what the first replies taught decides how the second is sent
    const Result<PutReply> put = this->put("object", content);
    const Result<PutReply> streamed = put_stream("streamed", {.bytes = content});
    const Result<UploadedPart> part = put_part("parts", id, 1, {.bytes = content});
    ASSERT_TRUE(done(put));
    ASSERT_TRUE(done(streamed));
    ASSERT_TRUE(done(part));
    EXPECT_NE(put->confirmed, Confirmation::none);
    EXPECT_NE(streamed->confirmed, Confirmation::none);
    EXPECT_NE(part->confirmed, Confirmation::none);
    if (quirks().knows_no_checksums) {
      EXPECT_EQ(put->confirmed, Confirmation::md5);
      EXPECT_EQ(put->crc, std::nullopt);
    }
  }
  EXPECT_TRUE(holds("object", content));
  EXPECT_TRUE(holds("streamed", content));
}

// `--s3-checksum none`, as for a server that refuses them all.
TEST_P(S3Confirmation, WithoutChecksumsMd5Confirms) {
  leave_checksums_out();
  const std::string content = noise(300'000);
  const Result<PutReply> put = this->put("object", content);
  const Result<PutReply> streamed = put_stream("streamed", {.bytes = content});
  ASSERT_TRUE(done(put));
  ASSERT_TRUE(done(streamed));
  EXPECT_EQ(put->confirmed, Confirmation::md5);
  EXPECT_EQ(streamed->confirmed, Confirmation::md5);
  EXPECT_TRUE(holds("object", content));
  EXPECT_TRUE(holds("streamed", content));
}

TEST_P(S3Confirmation, UnlikeBucketOwnerIsRefusedOrWarnedOf) {
  S3Options other = options();
  other.expected_bucket_owner = "999999999999";
  other.traits = std::make_shared<S3Traits>();
  client_ = make_client(bucket_, other, login_);
  ASSERT_TRUE(done(wire_->run(client_->check_owner_is_checked(context()))));
  EXPECT_EQ(other.traits->take_warnings().size(), quirks().ignores_expected_owner ? 1 : 0);
}

}  // namespace
}  // namespace azs3copy::contract
