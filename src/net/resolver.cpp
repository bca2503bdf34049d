// resolver.cpp: getaddrinfo on Asio's own thread.
#include "net/resolver.hpp"

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/system/system_error.hpp>
#include <mutex>
#include <set>

#include "net/loop_impl.hpp"

namespace azs3copy {

namespace {

using asio::ip::tcp;
using Resolver = asio::ip::basic_resolver<tcp, Loop::Impl::Ex>;

class Lookup final : public Guarded {
 public:
  Lookup(Loop& loop, std::string host, std::uint16_t port, const Context& context)
      : loop_(loop), resolver_(loop.impl().io.get_executor()), host_(std::move(host)), port_(port) {
    deadline = context.deadline;
    stop = context.stop;
    loop_.watch(*this);
  }
  ~Lookup() override { loop_.unwatch(*this); }
  // getaddrinfo itself can't be ended; its result is dropped.
  void expire(ErrorKind) override { resolver_.cancel(); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    resolver_.async_resolve(
        host_, std::to_string(port_),
        [this, handle](const boost::system::error_code& error, Resolver::results_type results) {
          error_ = error;
          for (const auto& entry : results) found_.push_back(entry.endpoint());
          handle.resume();
        });
  }
  void await_resume() const noexcept {}
  const std::string& host() const { return host_; }

  boost::system::error_code error_;
  std::vector<tcp::endpoint> found_;

 private:
  Loop& loop_;
  Resolver resolver_;
  std::string host_;
  std::uint16_t port_;
};

// Names that this process has resolved, on any loop. A name server that does not know one of them is disturbed.
std::mutex resolved_mutex;
std::set<std::string>& resolved_names() {
  static std::set<std::string> names;
  return names;
}
void remember_resolved(const std::string& host) {
  const std::lock_guard lock(resolved_mutex);
  resolved_names().insert(host);
}
bool was_resolved(const std::string& host) {
  const std::lock_guard lock(resolved_mutex);
  return resolved_names().contains(host);
}

}  // namespace

Task<Result<std::vector<tcp::endpoint>>> resolve_host(Loop& loop, std::string host, std::uint16_t port,
                                                      Context context) {
  boost::system::error_code not_an_address;
  const asio::ip::address address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, port)};
  Lookup lookup(loop, host, port, context);
  try {
    co_await lookup;
  } catch (const boost::system::system_error&
               no_thread) {  // a limit on processes; Asio resolves on a thread of its own
    lookup.error_ = no_thread.code();
  }
  if (!lookup.error_ && !lookup.found_.empty()) {
    remember_resolved(lookup.host());
    co_return std::move(lookup.found_);
  }
  if (Result<> go = context.check(); !go) co_return passed(std::move(go));
  co_return resolve_failure(host, lookup.error_);
}

std::unexpected<Error> resolve_failure(const std::string& host, const boost::system::error_code& why) {
  const bool is_unknown = why == asio::error::host_not_found || why == asio::error::no_data;
  if (is_unknown && !was_resolved(host)) {
    return fail(ErrorKind::not_found, "no such host name: " + host, {},
                "Check the spelling of the account, region or endpoint, and this machine's DNS.");
  }
  auto error = fail(ErrorKind::connection, "the name " + host + " cannot be resolved: " + why.message());
  error.error().retry = RetryVerdict::later;
  return error;
}

}  // namespace azs3copy
