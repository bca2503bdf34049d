// bench_server.hpp: what both fast servers share: options, counters, the ready line, the end.
//
//   $ bench_azure --catalog small:100000:10240 --catalog big:8:1073741824
//   {"http":"http://127.0.0.1:...","https":"https://127.0.0.1:...","ca_path":"/tmp/....pem"}
//   SIGUSR1 -> {"seconds":..,"cpu_seconds":..,"bytes_in":..,..,"requests":{"GetBlob":..}}, since the last one
//   SIGTERM, SIGINT or, with --stdin, the end of standard input -> the same since the start, and the end
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "fakes/server/server.hpp"
#include "servers/catalog.hpp"

namespace azs3copy::bench {

struct BenchOptions {
  fakes::ServerOptions server;
  std::vector<Catalog> catalogs;
  bool structured_bodies = true;
  milliseconds delay{0};  // before each reply: a service far away
  bool with_stdin = false;
};
// Ends the program where they make no sense.
BenchOptions parse_bench_options(int count, char** arguments, std::string_view cipher_suites);

// Requests by operation. Operations are numbers below `operations_max`.
class Counters {
 public:
  static constexpr std::size_t operations_max = 24;
  explicit Counters(std::vector<std::string> names) : names_(std::move(names)) {}

  void count(std::size_t operation) { counts_.at(operation).fetch_add(1, std::memory_order_relaxed); }
  void add_in(std::uint64_t bytes) { bytes_in_.fetch_add(bytes, std::memory_order_relaxed); }
  void add_out(std::uint64_t bytes) { bytes_out_.fetch_add(bytes, std::memory_order_relaxed); }

  struct Moment {
    Steady::time_point time = Steady::now();
    double cpu_seconds = 0;
    std::array<std::uint64_t, operations_max> counts{};
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t connections = 0;
    std::uint64_t resumed = 0;
  };
  Moment now(const fakes::ConnectionCounters& connections) const;
  std::string to_json(const Moment& from, const Moment& to) const;

 private:
  std::vector<std::string> names_;
  std::array<std::atomic<std::uint64_t>, operations_max> counts_{};
  std::atomic<std::uint64_t> bytes_in_ = 0;
  std::atomic<std::uint64_t> bytes_out_ = 0;
};

// Serves until it is told to end. The value is main's.
int run_bench_server(fakes::Service& service, Counters& counters, const BenchOptions& options);

// One value of a query as on the wire, decoded; "" where absent.
// No allocation where there is nothing to decode.
std::string query_value(std::string_view query, std::string_view name);
bool query_has(std::string_view query, std::string_view name);

// Sends `head` (complete) and then `body` in one go where both are small.
Task<void> send_text(fakes::Exchange& exchange, std::string_view head, std::string_view body);

}  // namespace azs3copy::bench
