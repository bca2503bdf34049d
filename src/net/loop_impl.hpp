// loop_impl.hpp: the Asio side of a Loop, for src/net alone.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <unordered_set>

#include "net/loop.hpp"

namespace azs3copy {

namespace asio = boost::asio;

struct Loop::Impl {
  using Ex = asio::io_context::executor_type;
  using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Ex>;

  asio::io_context io{1};
  Timer watchdog{io.get_executor()};
  std::unordered_set<Guarded*> guarded;
  Steady::time_point looked{};        // by the watchdog, last
  Steady::time_point spares_until{};  // no deadline ends anything earlier
};

}  // namespace azs3copy
