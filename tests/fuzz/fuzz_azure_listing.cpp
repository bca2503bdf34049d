// fuzz_azure_listing.cpp: a page of List Blobs from a broken or hostile server: no row of it is half read.
#include <cstddef>
#include <cstdint>
#include <string>

#include "azure/azure_error.hpp"
#include "azure/listing.hpp"
#include "check.hpp"

namespace azs3copy {
namespace {

void test(std::string_view input) {
  const Result<ParsedBlobPage> parsed = parse_blob_page(std::string(input), Container("photos"));
  if (parsed) {
    for (const Blob& blob : parsed->page.blobs) {
      FUZZ_CHECK(!blob.name.empty() && !blob.etag.empty() && blob.container.view() == "photos");
    }
    for (const std::string& prefix : parsed->page.prefixes) FUZZ_CHECK(!prefix.empty());
  } else {
    FUZZ_CHECK(parsed.error().kind == ErrorKind::protocol);
  }
  if (const auto containers = parse_container_page(std::string(input))) {
    for (const Container& container : containers->containers) FUZZ_CHECK(!container.empty());
  }
  const Error error = azure_error({.status = 403}, input, UtcTime{});
  FUZZ_CHECK(!error.message.empty() && !error.message.contains('\n'));
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
