// fuzz_connection_string.cpp: what people paste: connection strings and source addresses. Whatever it is, no
// error and no display repeats a secret of it; what an address shows leads back to the same place.
#include <cstddef>
#include <cstdint>
#include <string>

#include "azure/connection_string.hpp"
#include "azure/source_address.hpp"
#include "check.hpp"

namespace azs3copy {
namespace {

// Long enough that it does not stand in a text by chance.
constexpr std::string_view marker = "HiddenSignature42";

void check_hidden(const Error& error) {
  FUZZ_CHECK(!(error.to_line() + error.advice).contains(marker));
  FUZZ_CHECK(error.kind == ErrorKind::invalid);
  FUZZ_CHECK(!error.message.empty() && !error.advice.empty());
}

void check_address(std::string_view text) {
  const Result<SourceAddress> source = parse_source_address(text);
  if (!source) return;
  FUZZ_CHECK(!source->account.endpoint.host.empty() && source->account.endpoint.port != 0);
  FUZZ_CHECK(source->container.empty() || check_container_name(source->container.view()));
  FUZZ_CHECK(!source->container.empty() || source->prefix.empty());
  FUZZ_CHECK(source->is_url || check_account_name(source->account.name.view()));
  const std::string shown = to_string(*source);
  const Result<SourceAddress> again = parse_source_address(shown);
  FUZZ_CHECK(again);
  FUZZ_CHECK(again->account.endpoint == source->account.endpoint);
  FUZZ_CHECK(again->account.path_prefix == source->account.path_prefix);
  FUZZ_CHECK(again->container == source->container && again->prefix == source->prefix);
}

void test(std::string_view input) {
  if (input.contains(marker))
    return;  // the fuzzer reads it off the comparisons, and puts it where it may be shown
  check_address(input);

  // The same with a signature behind it, as a SAS comes.
  const std::string signed_address = std::string(input) + "?sv=1&sp=rl&sig=" + std::string(marker);
  if (const Result<SourceAddress> source = parse_source_address(signed_address); !source) {
    check_hidden(source.error());
  } else {
    FUZZ_CHECK(!to_string(*source).contains(marker));
  }

  const Result<ConnectionString> connection = parse_connection_string(Secret(std::string(input)));
  if (connection) {
    FUZZ_CHECK(!connection->account.endpoint.host.empty());
    FUZZ_CHECK(connection->account_key.empty() != connection->sas.empty());
  }
  const std::string with_key = std::string(input) + ";AccountKey=" + std::string(marker);
  if (const auto keyed = parse_connection_string(Secret(with_key)); !keyed) check_hidden(keyed.error());
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
