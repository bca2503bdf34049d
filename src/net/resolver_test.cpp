// Harms: a run that ends because a name server stumbled; a misspelt name that is tried again for minutes.
#include "net/resolver.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>

namespace azs3copy {
namespace {

using Addresses = Result<std::vector<boost::asio::ip::tcp::endpoint>>;

Task<void> resolve_into(Loop& loop, std::string host, Addresses& found) {
  found = co_await resolve_host(loop, std::move(host), 443, Context{.clock = loop});
}

TEST(ResolverTest, KnownNameThatIsUnknownLaterIsTransient) {
  Loop loop;
  Addresses found;
  loop.run(resolve_into(loop, "localhost", found));
  ASSERT_TRUE(found) << found.error().to_line();
  for (const boost::system::error_code& why : {boost::system::error_code(boost::asio::error::host_not_found),
                                               boost::system::error_code(boost::asio::error::no_data)}) {
    const Error known = resolve_failure("localhost", why).error();
    EXPECT_EQ(known.kind, ErrorKind::connection);
    EXPECT_EQ(known.retry, RetryVerdict::later);
    const Error misspelt = resolve_failure("misspelt.invalid", why).error();
    EXPECT_EQ(misspelt.kind, ErrorKind::not_found);
    EXPECT_EQ(misspelt.retry, RetryVerdict::never);
  }
}

}  // namespace
}  // namespace azs3copy
