#include "servers/bench_server.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "codec/json.hpp"
#include "codec/url.hpp"

namespace azs3copy::bench {
namespace {

std::atomic<bool> stop_asked = false;
std::atomic<bool> report_asked = false;

void on_stop(int) {
  stop_asked = true;
}
void on_report(int) {
  report_asked = true;
}

[[noreturn]] void usage(std::string_view wrong) {
  std::fprintf(stderr,
               "%s\nusage: [--catalog NAME:COUNT:BYTES]... [--threads N] [--http-port N] [--https-port N] "
               "[--delay-ms N] [--plain-bodies] [--stdin]\n",
               std::string(wrong).c_str());
  std::exit(2);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto value = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return value(usage.ru_utime) + value(usage.ru_stime);
}

void print_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace

BenchOptions parse_bench_options(int count, char** arguments, std::string_view cipher_suites) {
  BenchOptions options;
  options.server.cipher_suites = cipher_suites;
  int at = 1;
  const auto value = [&]() -> std::string_view {
    if (at + 1 >= count) usage("a value is missing");
    return arguments[++at];
  };
  const auto number = [&] { return std::strtoul(value().data(), nullptr, 10); };
  for (; at < count; ++at) {
    const std::string_view name = arguments[at];
    if (name == "--catalog") {
      const auto catalog = parse_catalog(value());
      if (!catalog) usage("--catalog wants NAME:COUNT:BYTES");
      options.catalogs.push_back(*catalog);
    } else if (name == "--threads") {
      options.server.threads = static_cast<unsigned>(std::max(1UL, number()));
    } else if (name == "--http-port") {
      options.server.http_port = static_cast<std::uint16_t>(number());
    } else if (name == "--https-port") {
      options.server.https_port = static_cast<std::uint16_t>(number());
    } else if (name == "--delay-ms") {
      options.delay = milliseconds(number());
    } else if (name == "--plain-bodies") {
      options.structured_bodies = false;
    } else if (name == "--stdin") {
      options.with_stdin = true;
    } else {
      usage(name);
    }
  }
  return options;
}

Counters::Moment Counters::now(const fakes::ConnectionCounters& connections) const {
  Moment moment{.cpu_seconds = cpu_seconds(),
                .bytes_in = bytes_in_,
                .bytes_out = bytes_out_,
                .connections = connections.opened,
                .resumed = connections.resumed};
  for (std::size_t i = 0; i < operations_max; ++i) moment.counts[i] = counts_[i];
  return moment;
}

std::string Counters::to_json(const Moment& from, const Moment& to) const {
  const double elapsed = std::chrono::duration<double>(to.time - from.time).count();
  const double cpu = to.cpu_seconds - from.cpu_seconds;
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("seconds", elapsed).field("cpu_seconds", cpu).field("cpu_share", cpu / elapsed);
  json.field("bytes_in", to.bytes_in - from.bytes_in).field("bytes_out", to.bytes_out - from.bytes_out);
  json.field("connections", to.connections - from.connections).field("resumed", to.resumed - from.resumed);
  json.key("requests").begin_object();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (to.counts[i] > from.counts[i]) json.field(names_[i], to.counts[i] - from.counts[i]);
  }
  json.end_object().end_object();
  return out;
}

int run_bench_server(fakes::Service& service, Counters& counters, const BenchOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, on_stop);
  std::signal(SIGTERM, on_stop);
  std::signal(SIGUSR1, on_report);
  fakes::Server server(service, options.server);
  server.start();
  std::string ready;
  JsonWriter(ready)
      .begin_object()
      .field("http", server.http_url())
      .field("https", server.https_url())
      .field("ca_path", fakes::TestCertificates::instance().ca_path())
      .end_object();
  print_line(ready);

  const Counters::Moment started = counters.now(server.connections());
  Counters::Moment last = started;
  pollfd input{.fd = options.with_stdin ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
  while (!stop_asked) {
    const int polled = poll(&input, 1, 1000);  // a signal ends it early
    if (report_asked.exchange(false)) {
      const Counters::Moment now = counters.now(server.connections());
      print_line(counters.to_json(std::exchange(last, now), now));
    }
    char scratch[4096];
    if (polled > 0 && read(STDIN_FILENO, scratch, sizeof scratch) <= 0) break;
  }
  print_line(counters.to_json(started, counters.now(server.connections())));
  server.stop();
  return 0;
}

namespace {

// The value of `name` as on the wire.
std::optional<std::string_view> find_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (!pair.starts_with(name)) continue;
    if (pair.size() == name.size()) return std::string_view{};
    if (pair[name.size()] == '=') return pair.substr(name.size() + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string query_value(std::string_view query, std::string_view name) {
  const auto found = find_value(query, name);
  if (!found) return {};
  return url_decode(*found, true).value_or("");
}

bool query_has(std::string_view query, std::string_view name) {
  return find_value(query, name).has_value();
}

Task<void> send_text(fakes::Exchange& exchange, std::string_view head, std::string_view body) {
  fakes::Stream& stream = exchange.stream();
  if (body.size() < 1024) {
    std::string both;
    both.reserve(head.size() + body.size());
    both.append(head).append(body);
    co_await stream.write(both);
  } else {
    co_await stream.write(head);
    co_await stream.write(body);
  }
  co_await stream.flush();
}

}  // namespace azs3copy::bench
