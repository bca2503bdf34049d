// runtime_api_test.cpp: no invocation is lost or answered twice, and what the service says is understood.
#include "hosts/lambda/runtime_api.hpp"

#include "fakes/lambda/fake_runtime_api.hpp"
#include "hosts/lambda/lambda_test_support.hpp"

namespace azs3copy {
namespace {

using fakes::FakeInvocation;
using fakes::FakeRuntimeApi;
using fakes::Posted;

class RuntimeApiTest : public testing::Test {
 protected:
  Result<Invocation> next() { return lambda_test::run(loop_, api_.next(context_)); }
  Result<> respond(std::string_view id, std::string_view reply) {
    return lambda_test::run(loop_, api_.respond(id, reply, context_));
  }
  Result<> fail_with(std::string_view id, const Error& error) {
    return lambda_test::run(loop_, api_.fail(id, error, context_));
  }

  FakeRuntimeApi server_;
  Loop loop_;
  RuntimeApi api_{loop_, *parse_runtime_address(server_.address())};
  const Context context_{.clock = loop_};
};

TEST_F(RuntimeApiTest, AnInvocationArrivesWithAllItsHeaders) {
  server_.add({.id = "r1",
               .payload = R"({"name":"Grüße 🚀"})",
               .function_arn = "arn:f",
               .trace_id = "Root=1-2",
               .deadline_ms = "1542409706888"});
  const auto got = next();
  ASSERT_TRUE(got) << got.error().to_line();
  EXPECT_EQ(got->request_id, "r1");
  EXPECT_EQ(got->payload, R"({"name":"Grüße 🚀"})");
  EXPECT_EQ(got->function_arn, "arn:f");
  EXPECT_EQ(got->trace_id, "Root=1-2");
  EXPECT_EQ(got->deadline, UtcTime(milliseconds(1'542'409'706'888)));
}

TEST_F(RuntimeApiTest, AReplyGoesToItsInvocation) {
  server_.add({.id = "r1"});
  ASSERT_TRUE(next());
  ASSERT_TRUE(respond("r1", R"({"ok":true})"));
  EXPECT_EQ(server_.posted(), (std::vector<Posted>{{.path = "invocation/r1/response",
                                                    .body = R"({"ok":true})",
                                                    .content_type = "application/json"}}));
  EXPECT_TRUE(server_.violations().empty());
}

TEST_F(RuntimeApiTest, AnErrorHasItsHeaderAndItsForm) {
  server_.add({.id = "r1"});
  ASSERT_TRUE(next());
  const Error error =
      failed(fail(ErrorKind::not_found, "no such\ncontainer", "photos", "Look.").error(), "list").error();
  ASSERT_TRUE(fail_with("r1", error));
  ASSERT_EQ(server_.posted().size(), 1u);
  const Posted posted = server_.posted().front();
  EXPECT_EQ(posted.path, "invocation/r1/error");
  EXPECT_EQ(posted.error_type, "not_found");
  EXPECT_EQ(
      posted.body,
      R"({"errorMessage":"list photos: no such container. Look.","errorType":"not_found","stackTrace":[]})");
  EXPECT_TRUE(server_.violations().empty());
}

TEST_F(RuntimeApiTest, AnInitErrorIsTold) {
  ASSERT_TRUE(
      lambda_test::run(loop_, api_.fail_init(fail(ErrorKind::invalid, "no secret").error(), context_)));
  ASSERT_EQ(server_.posted().size(), 1u);
  EXPECT_EQ(server_.posted()[0].path, "init/error");
  EXPECT_EQ(server_.posted()[0].error_type, "invalid");
}

TEST_F(RuntimeApiTest, PayloadAndReplyOfSixMegabytesPass) {
  const std::string large = '"' + std::string(6 * MiB, 'x') + '"';
  server_.add({.id = "r1", .payload = large});
  const auto got = next();
  ASSERT_TRUE(got) << got.error().to_line();
  EXPECT_TRUE(got->payload == large);
  ASSERT_TRUE(respond("r1", large));
  EXPECT_TRUE(server_.posted().at(0).body == large);
}

TEST_F(RuntimeApiTest, NextWaitsForAsLongAsItTakes) {
  server_.add({.id = "r1", .delay = milliseconds(350)});  // three looks of the watchdog
  const auto got = next();
  ASSERT_TRUE(got) << got.error().to_line();
}

// A reply that broke off may have carried an invocation: to ask again by itself would hide that.
TEST_F(RuntimeApiTest, NextIsNeverAskedAgainByItself) {
  server_.add({.id = "r1"});
  ASSERT_TRUE(next());
  ASSERT_TRUE(respond("r1", "{}"));
  const auto end = next();  // the connection breaks before any byte
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::connection);
  EXPECT_EQ(server_.nexts(), 2u) << "one call, one request";
  server_.add({.id = "r2", .payload = std::string(1000, ' ') + "{}", .breaks_after = 500});
  const auto half = next();
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().kind, ErrorKind::connection);
  EXPECT_EQ(server_.nexts(), 3u);
}

TEST_F(RuntimeApiTest, AnInvocationWithoutAnIdCannotBeAnswered) {
  server_.add({.without = {"Lambda-Runtime-Aws-Request-Id"}});
  const auto got = next();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::protocol);
  EXPECT_NE(got.error().to_line().find("Lambda-Runtime-Aws-Request-Id"), std::string::npos);
}

TEST_F(RuntimeApiTest, WhatIsNoDeadlineIsNone) {
  for (const char* text : {"soon", "-5", "0", "12x", "99999999999999999999", "9000000000000000000"}) {
    FakeRuntimeApi server;
    RuntimeApi api(loop_, *parse_runtime_address(server.address()));
    server.add({.deadline_ms = text});
    const auto got = lambda_test::run(loop_, api.next(context_));
    ASSERT_TRUE(got) << text;
    EXPECT_EQ(got->deadline, Invocation::no_deadline) << text;
  }
  server_.add({.without = {"Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Trace-Id"}});
  const auto got = next();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->deadline, Invocation::no_deadline);
  EXPECT_EQ(got->trace_id, "");
}

TEST_F(RuntimeApiTest, ARefusalSaysItsStatusAndReason) {
  server_.end_with(500);
  const auto got = next();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().http_status, 500);
  EXPECT_EQ(got.error().service_code, "Fake.End");
  const auto told = respond("r9", "{}");
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().http_status, 400);
}

TEST(RuntimeAddress, IsAHostAndAPort) {
  const auto plain = parse_runtime_address("127.0.0.1:9001");
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, (Endpoint{.host = "127.0.0.1", .port = 9001, .tls = false}));
  const auto v6 = parse_runtime_address("[::1]:9001");
  ASSERT_TRUE(v6);
  EXPECT_EQ(*v6, (Endpoint{.host = "::1", .port = 9001, .tls = false}));
  for (const char* wrong : {"", "localhost", ":9001", "localhost:", "localhost:0", "localhost:99999",
                            "::1:9001", "http://localhost:9001", "localhost:90x", "a b:1", "[]:1"}) {
    EXPECT_FALSE(parse_runtime_address(wrong)) << wrong;
  }
}

TEST(ErrorJson, IsOneShortLine) {
  const Error error = fail(ErrorKind::internal, "a\r\nb\tc\x7f" + std::string(100'000, 'x')).error();
  const std::string body = error_json(error);
  EXPECT_LT(body.size(), 5'000u);
  const Result<Json> json = Json::parse(body);
  ASSERT_TRUE(json);
  const std::string message = (*json)["errorMessage"].string_or("");
  EXPECT_EQ(message.find_first_of("\r\n\t\x7f"), std::string::npos);
  EXPECT_TRUE(message.starts_with("a  b c xxx"));
}

}  // namespace
}  // namespace azs3copy
