// fuzz_structured_body.cpp: a body decodes to the same wherever it is cut; one called complete is exactly the
// encoded form of its data; and the encoded form of any data decodes.
//
//   input: u8 pieces | u8 segment size | body
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "check.hpp"
#include "codec/structured_body.hpp"

namespace azs3copy {
namespace {

struct Outcome {
  bool failed = false;
  bool complete = false;
  std::string data;
};

Outcome decode(std::string body, std::uint64_t decoded_size, std::size_t piece_bytes) {
  StructuredBodyDecoder decoder(body.size(), decoded_size);
  Outcome outcome;
  MutableBytes rest(reinterpret_cast<std::byte*>(body.data()), body.size());
  while (!rest.empty() && !outcome.failed) {
    const MutableBytes piece = rest.first(std::min(piece_bytes, rest.size()));
    rest = rest.subspan(piece.size());
    const auto size = decoder.decode(piece);
    outcome.failed = !size;
    if (size) outcome.data += text_of(piece.first(*size));
  }
  outcome.complete = decoder.complete();
  FUZZ_CHECK(!(outcome.complete && outcome.failed));
  if (!outcome.failed) {
    FUZZ_CHECK(decoder.data_size() == outcome.data.size());
    FUZZ_CHECK(decoder.crc() == crc64({}, bytes_of(outcome.data)));
  }
  return outcome;
}

void test(std::string_view input) {
  if (input.size() < 2) return;
  const std::size_t piece_bytes = static_cast<std::uint8_t>(input[0]) + 1u;
  const std::uint64_t segment_bytes = static_cast<std::uint8_t>(input[1]) + 1u;
  const std::string body(input.substr(2));

  // Sizes that a header of this body could agree with.
  for (std::uint64_t frames = 0; frames <= body.size() && frames < 200; ++frames) {
    const std::uint64_t decoded_size = body.size() - frames;
    const Outcome whole = decode(body, decoded_size, body.size());
    if (whole.failed) continue;
    FUZZ_CHECK(!whole.complete || whole.data.size() == decoded_size);
    const Outcome pieces = decode(body, decoded_size, piece_bytes);
    FUZZ_CHECK(!pieces.failed && pieces.complete == whole.complete && pieces.data == whole.data);
  }

  if (body.size() / segment_bytes > 0xFFFE) return;
  for (const bool with_crc : {false, true}) {
    const std::string encoded = structured_body_encode(bytes_of(body), segment_bytes, with_crc);
    FUZZ_CHECK(encoded.size() == structured_body_size(body.size(), segment_bytes, with_crc));
    const Outcome back = decode(encoded, body.size(), piece_bytes);
    FUZZ_CHECK(back.complete && back.data == body);
  }
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
