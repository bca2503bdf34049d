#include "fakes/server/fake_service.hpp"

namespace azs3copy::fakes {
namespace {

Task<void> swallow_body(Exchange& exchange) {
  std::vector<std::byte> scratch(64 * KiB);
  while (co_await exchange.read_body(scratch) > 0) {
  }
}

// No reply: listens until the client gives up.
Task<void> hang(Exchange& exchange) {
  std::vector<std::byte> scratch(64 * KiB);
  while (co_await exchange.stream().read(scratch) > 0) {
  }
  throw Disconnected{};
}

}  // namespace

UtcTime FakeService::now() const {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) + milliseconds(clock_offset_ms_);
}

Task<void> FakeService::serve(Exchange& exchange) {
  const RequestHead& request = exchange.request();
  const auto started = Steady::now();
  Call call = name_call(request);
  LogEntry entry{.connection = exchange.stream().id(),
                 .tls = exchange.stream().tls(),
                 .method = std::string(request.method()),
                 .target = std::string(request.target()),
                 .operation = call.operation,
                 .subject = call.subject,
                 .part = call.part};
  log_.begin();
  const auto fault = faults_.next(request.method(), call.operation, request.target());
  bool recorded = false;
  const auto record = [&] {
    if (std::exchange(recorded, true)) return;
    entry.bytes_in = exchange.bytes_in();
    entry.bytes_out = exchange.body_bytes_out();
    entry.took = std::chrono::floor<milliseconds>(Steady::now() - started);
    log_.end(std::move(entry));
  };
  exchange.before_end(record);
  bool broken = false;
  try {
    if (fault) {
      entry.fault = true;
      co_await play(exchange, call, *fault, entry);
    } else {
      co_await reply(exchange, co_await answer(exchange, call), {}, entry);
    }
  } catch (const Disconnected&) {
    broken = true;
  }
  if (broken) {
    record();
    throw Disconnected{};
  }
}

Task<void> FakeService::play(Exchange& exchange, Call& call, const Fault& fault, LogEntry& entry) {
  const RequestHead& request = exchange.request();
  if (fault.delay.count() > 0) co_await exchange.stream().loop().sleep(fault.delay);
  if (fault.reset_request_after) exchange.reset_request_after(*fault.reset_request_after);
  call.special = fault.special;
  call.fault_code = fault.code;

  const bool replaced = fault.hang || fault.reset || fault.status != 0;
  Response response;
  if (!replaced || fault.effect_happens) {
    response = co_await answer(exchange, call);
  } else if (!fault.early) {
    co_await swallow_body(exchange);
  }
  if (fault.hang) co_await hang(exchange);
  if (fault.reset) exchange.break_off();
  if (fault.status != 0) {
    response = error_reply(request, fault.status, fault.code, "A fault that the test asked for.");
    if (!fault.retry_after.empty()) response.set_header("Retry-After", fault.retry_after);
  }
  for (const auto& [name, value] : fault.headers) response.set_header(name, value);
  if (fault.shorten_to && *fault.shorten_to < response.body.size()) response.body.resize(*fault.shorten_to);
  co_await reply(exchange, std::move(response), fault.spoil, entry);
}

Task<void> FakeService::reply(Exchange& exchange, Response response, const Spoil& spoil, LogEntry& entry) {
  std::string_view code = response.get("x-ms-error-code");
  if (code.empty()) code = response.get("x-fake-code");
  entry.code = code;
  const bool breaks = spoil.reset_head_after || spoil.reset_body_after || spoil.cut_body_after;
  if (!breaks) entry.status = response.status;
  co_await exchange.send(response, spoil);
}

}  // namespace azs3copy::fakes
