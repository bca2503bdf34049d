// support.cpp: settings, names and bytes.
#include "contract/support.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <random>

namespace azs3copy::contract {
namespace {

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string() : std::string(value);
}

bool is_allowed_to_miss(std::string_view server) {
  const std::string list = environment("AZS3COPY_TEST_ALLOW_MISSING");
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    if (one == server) return true;
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
  }
  return false;
}

std::shared_ptr<TlsContext> roots(const std::string& ca_bundle) {
  Result<std::shared_ptr<TlsContext>> tls = TlsContext::make(ca_bundle);
  if (!tls) throw std::runtime_error(tls.error().to_line());
  return *tls;
}

}  // namespace

Setting setting(std::string_view name, std::string_view server) {
  const std::string variable = fmt::format("AZS3COPY_TEST_{}", name);
  Setting found{.value = environment(variable)};
  if (!found.value.empty()) return found;
  found.allowed = is_allowed_to_miss(server);
  found.missing = found.allowed
                      ? fmt::format("AZS3COPY_TEST_ALLOW_MISSING leaves out {}", server)
                      : fmt::format("{} is not set: run the tests with tests/servers/run.sh", variable);
  return found;
}

std::string new_name() {
  static const std::uint32_t process = std::random_device{}();
  static std::atomic<int> number = 0;
  return fmt::format("contract-{}-{:08x}-{}", getpid(), process, ++number);
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = generator();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return bytes;
}

Wire::Wire(const std::string& ca_bundle)
    : http_(loop_, roots(ca_bundle)),
      // Beyond what any case needs, so that a server that hangs is a failure and not a stop.
      context_{.clock = loop_, .deadline = loop_.now() + seconds(60)} {}

}  // namespace azs3copy::contract
