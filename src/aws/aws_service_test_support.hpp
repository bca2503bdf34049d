// aws_service_test_support.hpp: services on a scripted transport, for the tests of src/aws.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "aws/aws_service.hpp"
#include "aws/s3_test_support.hpp"

namespace azs3copy::service_test {

using fakes::FakeClock;
using fakes::RecordedRequest;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;
using s3_test::CountingCredentials;

struct ServiceFixture : ::testing::Test {
  FakeClock clock;
  ScriptedTransport wire;
  int refreshes = 0;
  Context context = clock.context();
  std::shared_ptr<AwsCredentialsProvider> login = std::make_shared<CountingCredentials>(&refreshes);
  AwsServiceOptions options{.region = "eu-central-1"};

  QueryPairs form(std::size_t request) const { return parse_query(wire.requests.at(request).body); }
  std::string form_value(std::size_t request, std::string_view name) const {
    for (const auto& [key, value] : form(request)) {
      if (key == name) return value;
    }
    return "(no " + std::string(name) + ")";
  }
};

inline ScriptedReply json_error(int status, std::string_view code) {
  return {.status = status,
          .headers = {{"x-amzn-RequestId", "R1"}},
          .body = R"({"__type":"com.amazonaws.x#)" + std::string(code) + R"(","message":"text"})"};
}
inline ScriptedReply query_error(int status, std::string_view code) {
  return {.status = status,
          .body = "<ErrorResponse xmlns=\"http://x/\"><Error><Type>Sender</Type><Code>" + std::string(code) +
                  "</Code><Message>text</Message></Error><RequestId>R1</RequestId></ErrorResponse>"};
}

}  // namespace azs3copy::service_test
