// Harms: a reply without end that fills the memory; a reply cut to what there was room for; a header that is
// there and not found; a Host header that S3's signature does not bear.
#include "net/http.hpp"

#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

class FetchTest : public ::testing::Test {
 protected:
  Result<HttpResponse> get(ScriptedReply reply, std::size_t body_bytes_max, Method method = Method::get) {
    wire_.replies(std::move(reply));
    const HttpRequest request{.method = method};
    return run(fetch(wire_, request, clock_.context(), body_bytes_max));
  }
  FakeClock clock_;
  ScriptedTransport wire_;
};

TEST_F(FetchTest, GivesTheWholeBodyInWhateverPiecesItComes) {
  const std::string text = std::string(5000, 'a') + "end";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1024}, std::size_t{0}}) {
    for (const bool chunked : {false, true}) {
      const auto response = get({.body = text, .chunked = chunked, .read_bytes_max = piece}, text.size());
      ASSERT_TRUE(response) << piece << chunked << response.error().to_line();
      EXPECT_EQ(response->body, text);
      EXPECT_TRUE(wire_.requests.back().read_to_end);
    }
  }
}

TEST_F(FetchTest, ABodyAboveTheLimitIsAnErrorAndNeverCut) {
  for (const bool chunked : {false, true}) {
    EXPECT_TRUE(get({.body = std::string(100, 'x'), .chunked = chunked}, 100))
        << "the limit itself is allowed";
    const auto response = get({.body = std::string(101, 'x'), .chunked = chunked}, 100);
    ASSERT_FALSE(response) << chunked;
    EXPECT_EQ(response.error().kind, ErrorKind::protocol);
    EXPECT_TRUE(wire_.requests.back().released);
  }
  const auto announced = get({.content_length = 1 * TiB}, 1 * MiB);
  ASSERT_FALSE(announced);
  EXPECT_EQ(wire_.requests.back().body_bytes_read, 0u) << "what is announced too large is not read at all";
}

TEST_F(FetchTest, AHeadMayAnnounceAnySize) {
  const auto response = get({.content_length = 50 * TiB}, 100, Method::head);
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->head.content_length, 50 * TiB);
  EXPECT_TRUE(response->body.empty());
}

TEST_F(FetchTest, AFailureAtAnyStepIsThatFailure) {
  const Error broken = ScriptedTransport::broken_connection();
  for (const ScriptedReply& reply :
       {ScriptedReply{.start_error = broken}, ScriptedReply{.response_error = broken},
        ScriptedReply{.body = "half", .body_fails_after = 2}}) {
    const auto response = get(reply, 100);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::connection);
    EXPECT_EQ(response.error().retry, RetryVerdict::later);
  }
}

TEST(HeadersTest, NamesAreTheSameInAnyCase) {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("x-ms-meta-a", "1");
  headers.add("X-MS-META-A", "2");
  EXPECT_EQ(headers.get("content-type"), "a");
  EXPECT_EQ(headers.get("x-ms-meta-a"), "1") << "the first";
  EXPECT_EQ(headers.get("content"), "");
  EXPECT_TRUE(headers.contains("CONTENT-TYPE"));
  EXPECT_FALSE(headers.contains("content-typ"));
  headers.set("x-Ms-Meta-a", "3");
  EXPECT_EQ(headers.size(), 2u) << "set replaces all of the name";
  EXPECT_EQ(headers.get("X-Ms-Meta-A"), "3");
  headers.remove("CONTENT-type");
  EXPECT_FALSE(headers.contains("Content-Type"));
}

TEST(EndpointTest, TheHostHeaderNamesThePortOnlyWhereItIsNotTheSchemes) {
  for (const auto& [endpoint, text] : {std::pair{Endpoint{.host = "s3.test"}, "s3.test"},
                                       std::pair{Endpoint{.host = "s3.test", .port = 9000}, "s3.test:9000"},
                                       std::pair{Endpoint{.host = "s3.test", .port = 80}, "s3.test:80"},
                                       std::pair{Endpoint{.host = "h", .port = 80, .tls = false}, "h"},
                                       std::pair{Endpoint{.host = "h", .port = 443, .tls = false}, "h:443"},
                                       std::pair{Endpoint{.host = "::1"}, "[::1]"},
                                       std::pair{Endpoint{.host = "::1", .port = 9000}, "[::1]:9000"}}) {
    EXPECT_EQ(endpoint.authority(), text);
  }
}

}  // namespace
}  // namespace azs3copy
