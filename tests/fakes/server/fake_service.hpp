// fake_service.hpp: what both fakes do around a request: name it, log it, play the faults.
//
//   head -> name_call -> Faults::next -> ( delay | hang | reset | status | answer )
//        -> spoilt or whole reply -> log
#pragma once

#include <memory>
#include <string>

#include "fakes/server/faults.hpp"
#include "fakes/server/request_log.hpp"
#include "fakes/server/server.hpp"

namespace azs3copy::fakes {

// One request, named.
struct Call {
  std::string operation;
  std::string subject;
  std::uint32_t part = 0;
  std::string special;     // a fault that the service plays itself
  std::string fault_code;  // ... with this code
};

class FakeService : public Service {
 public:
  Task<void> serve(Exchange& exchange) final;

  Faults& faults() { return faults_; }
  RequestLog& log() { return log_; }
  const RequestLog& log() const { return log_; }
  // The clock that both signatures and reply headers go by.
  UtcTime now() const;
  // Moves the clock: a client whose clock is wrong, tokens that expire.
  void set_clock_offset(milliseconds offset) { clock_offset_ms_ = offset.count(); }

 protected:
  virtual Call name_call(const RequestHead& request) = 0;
  virtual Task<Response> answer(Exchange& exchange, const Call& call) = 0;
  // The service's own form of an error reply.
  virtual Response error_reply(const RequestHead& request, int status, std::string_view code,
                               std::string_view message) = 0;

 private:
  Task<void> play(Exchange& exchange, Call& call, const Fault& fault, LogEntry& entry);
  Task<void> reply(Exchange& exchange, Response response, const Spoil& spoil, LogEntry& entry);

  Faults faults_;
  RequestLog log_;
  std::atomic<std::int64_t> clock_offset_ms_ = 0;
};

}  // namespace azs3copy::fakes
