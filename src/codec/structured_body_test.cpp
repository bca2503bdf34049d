// Harms: bytes that Azure's checksum calls wrong passed on as right; a body cut short taken for whole; a
// right body refused because the network cut it elsewhere.
#include "codec/structured_body.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace azs3copy {
namespace {

struct Outcome {
  std::string data;
  bool complete = false;
  std::optional<Error> error;
  Crc64 crc;
  bool has_crc = false;
};

// Feeds `encoded` in pieces of the given sizes, the last one for all that is left.
Outcome decode(std::string encoded, std::uint64_t encoded_size, std::uint64_t decoded_size,
               const std::vector<std::size_t>& pieces = {}) {
  StructuredBodyDecoder decoder(encoded_size, decoded_size);
  Outcome outcome;
  MutableBytes rest(reinterpret_cast<std::byte*>(encoded.data()), encoded.size());
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const MutableBytes piece = rest.first(i < pieces.size() ? std::min(pieces[i], rest.size()) : rest.size());
    rest = rest.subspan(piece.size());
    const auto size = decoder.decode(piece);
    if (!size) {
      outcome.error = size.error();
      EXPECT_FALSE(decoder.complete());
      EXPECT_FALSE(decoder.decode(rest.empty() ? piece : rest)) << "an error lasts";
      break;
    }
    outcome.data += text_of(piece.first(*size));
    EXPECT_EQ(decoder.data_size(), outcome.data.size());
    EXPECT_EQ(decoder.crc(), crc64({}, bytes_of(outcome.data)));
  }
  outcome.complete = decoder.complete();
  outcome.crc = decoder.crc();
  outcome.has_crc = decoder.has_crc();
  return outcome;
}

Outcome decode(const std::string& encoded, std::uint64_t decoded_size) {
  return decode(encoded, encoded.size(), decoded_size);
}

// 20 bytes of data in segments of 8, 8 and 4: header 0..12, segments at 13, 39, 65, trailer at 87.
const std::string data = "abcdefghijklmnopqrst";
std::string sample() {
  return structured_body_encode(bytes_of(data), 8);
}

std::string with_byte(std::size_t at, char value) {
  std::string encoded = sample();
  encoded[at] = value;
  return encoded;
}

TEST(StructuredBody, EncodesTheDocumentedLayout) {
  const std::string encoded = structured_body_encode(bytes_of("hi"), 4);
  const std::uint64_t crc = crc64({}, bytes_of("hi")).value;
  const std::string crc_text(reinterpret_cast<const char*>(&crc), sizeof crc);
  EXPECT_EQ(encoded, std::string("\x01\x29\0\0\0\0\0\0\0\x01\0\x01\0", 13) +
                         std::string("\x01\0\x02\0\0\0\0\0\0\0", 10) + "hi" + crc_text + crc_text);
  EXPECT_EQ(sample().size(), 95u);
}

TEST(StructuredBody, SizeIsThatOfTheEncodedForm) {
  EXPECT_TRUE(rc::check([] {
    const auto size = *rc::gen::inRange<std::size_t>(0, 200);
    const auto segment = *rc::gen::inRange<std::uint64_t>(1, 50);
    const bool with_crc = *rc::gen::arbitrary<bool>();
    const std::string text(size, 'x');
    RC_ASSERT(structured_body_encode(bytes_of(text), segment, with_crc).size() ==
              structured_body_size(size, segment, with_crc));
  }));
}

TEST(StructuredBody, DecodesWhereverTheNetworkCutsIt) {
  const std::string encoded = sample();
  for (std::size_t first = 0; first <= encoded.size(); ++first) {
    for (std::size_t second = 0; second <= encoded.size() - first; ++second) {
      const Outcome outcome = decode(encoded, encoded.size(), data.size(), {first, second});
      ASSERT_FALSE(outcome.error) << outcome.error->message;
      ASSERT_EQ(outcome.data, data);
      ASSERT_TRUE(outcome.complete);
      ASSERT_TRUE(outcome.has_crc);
    }
  }
  const Outcome bytewise = decode(encoded, encoded.size(), data.size(), std::vector<std::size_t>(200, 1));
  EXPECT_EQ(bytewise.data, data);
  EXPECT_TRUE(bytewise.complete);
}

TEST(StructuredBody, AnyBodyInAnyPiecesComesBack) {
  EXPECT_TRUE(rc::check([] {
    const auto text = *rc::gen::arbitrary<std::string>();
    const auto segment = *rc::gen::inRange<std::uint64_t>(1, 40);
    const bool with_crc = *rc::gen::arbitrary<bool>();
    const auto pieces = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 30));
    const std::string encoded = structured_body_encode(bytes_of(text), segment, with_crc);
    const Outcome outcome = decode(encoded, encoded.size(), text.size(), pieces);
    RC_ASSERT(!outcome.error);
    RC_ASSERT(outcome.data == text);
    RC_ASSERT(outcome.complete);
    RC_ASSERT(outcome.has_crc == with_crc);
    RC_ASSERT(outcome.crc == crc64({}, bytes_of(text)));
  }));
}

TEST(StructuredBody, AnEmptyBlobComesInNoSegmentOrInAnEmptyOne) {
  EXPECT_TRUE(decode(structured_body_encode({}, 8), 0).complete);
  std::string one("\x01\x27\0\0\0\0\0\0\0\x01\0\x01\0\x01\0", 15);
  one.resize(39, '\0');
  EXPECT_TRUE(decode(one, 0).complete);
}

TEST(StructuredBody, AnyFlippedBitIsFound) {
  const std::string encoded = sample();
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    std::string wrong = encoded;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << bit % 8));
    const Outcome outcome = decode(wrong, encoded.size(), data.size());
    ASSERT_TRUE(outcome.error) << "bit " << bit;
    ASSERT_FALSE(outcome.complete);
  }
}

TEST(StructuredBody, AWrongCrcIsCorruptAndWorthAnotherRead) {
  for (const std::size_t at : {23u, 31u, 94u}) {  // first segment's data, its CRC, the trailer
    const Outcome outcome = decode(with_byte(at, '\x7F'), data.size());
    ASSERT_TRUE(outcome.error) << at;
    EXPECT_EQ(outcome.error->kind, ErrorKind::corrupt);
    EXPECT_EQ(outcome.error->retry, RetryVerdict::later);
  }
}

TEST(StructuredBody, WrongFramesBreakTheProtocol) {
  // version, message size, flags, segments, first number, first size, second number
  for (const std::size_t at : {0u, 1u, 9u, 11u, 13u, 15u, 39u}) {
    const Outcome outcome = decode(with_byte(at, '\x7F'), data.size());
    ASSERT_TRUE(outcome.error) << at;
    EXPECT_EQ(outcome.error->kind, ErrorKind::protocol) << at;
  }
}

TEST(StructuredBody, SizesMustAgreeWithTheReplysHeaders) {
  const std::string encoded = sample();
  for (const std::uint64_t wrong :
       {std::uint64_t{0}, encoded.size() - 1, encoded.size() + 1, ~std::uint64_t{0}}) {
    EXPECT_TRUE(decode(encoded, wrong, data.size()).error) << wrong;
  }
  for (const std::uint64_t wrong : {std::uint64_t{0}, data.size() - 1, data.size() + 1, ~std::uint64_t{0}}) {
    EXPECT_TRUE(decode(encoded, encoded.size(), wrong).error) << wrong;
  }
}

TEST(StructuredBody, NoSegmentsAndNoCrcCannotStandForData) {
  std::string encoded("\x01\x17\0\0\0\0\0\0\0\0\0\0\0", 13);
  EXPECT_TRUE(decode(encoded, 23, 10).error);  // would be complete before its first byte
}

TEST(StructuredBody, ATruncatedBodyIsNotComplete) {
  const std::string encoded = sample();
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const Outcome outcome = decode(encoded.substr(0, size), encoded.size(), data.size());
    ASSERT_FALSE(outcome.complete) << size;
    ASSERT_FALSE(outcome.error) << size;
  }
}

TEST(StructuredBody, BytesBehindTheEndAreRefused) {
  const std::string encoded = sample();
  const Outcome outcome = decode(encoded + "x", encoded.size(), data.size());
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, ErrorKind::protocol);
}

}  // namespace
}  // namespace azs3copy
