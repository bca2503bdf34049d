// s3_test_support.hpp: an S3Client on a scripted transport, for the tests of src/aws.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/s3_client.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy::s3_test {

using fakes::FakeClock;
using fakes::RecordedRequest;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

// Gives AKID1, AKID2, ... : one more after each refresh.
class CountingCredentials final : public AwsCredentialsProvider {
 public:
  explicit CountingCredentials(int* refreshes) : refreshes_(refreshes) {}
  Task<Result<AwsCredentials>> credentials(const Context&) override {
    co_return AwsCredentials{.access_key_id = "AKID" + std::to_string(*refreshes_ + 1),
                             .secret_access_key = Secret("secret")};
  }
  bool refresh() override {
    ++*refreshes_;
    return true;
  }
  std::string describe() const override { return "counting"; }

 private:
  int* refreshes_;
};

struct S3Fixture : ::testing::Test {
  S3Fixture() { make({}); }
  void make(S3Options options, RetryPolicy retry = {}) {
    client = std::make_unique<S3Client>(Bucket("photos"), std::move(options),
                                        std::make_unique<CountingCredentials>(&refreshes), wire, retry);
  }

  FakeClock clock;
  ScriptedTransport wire;
  int refreshes = 0;
  Context context = clock.context();
  std::unique_ptr<S3Client> client;
};

inline ScriptedReply error_reply(int status, std::string_view code,
                                 std::vector<Headers::Field> headers = {}) {
  return {.status = status,
          .headers = std::move(headers),
          .body = "<?xml version=\"1.0\"?><Error><Code>" + std::string(code) +
                  "</Code><Message>text</Message></Error>"};
}

}  // namespace azs3copy::s3_test
