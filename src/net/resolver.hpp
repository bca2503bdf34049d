// resolver.hpp: names to addresses. For src/net alone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "net/loop.hpp"

namespace azs3copy {

// All addresses of `host` (a name or an address), IPv4 and IPv6. A name that does not exist is ErrorKind::not_found and
// not tried again, unless this process has resolved it before; then, and if the resolver does not answer, the error is
// ErrorKind::connection.
Task<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve_host(Loop& loop, std::string host,
                                                                       std::uint16_t port, Context context);

// What a lookup that failed with `why` means.
std::unexpected<Error> resolve_failure(const std::string& host, const boost::system::error_code& why);

}  // namespace azs3copy
