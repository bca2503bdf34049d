// fuzz_json.cpp: what parses can be written and parses to the same; what is written from any bytes parses.
#include <cstddef>
#include <cstdint>
#include <string>

#include "check.hpp"
#include "codec/json.hpp"

namespace azs3copy {
namespace {

void write(const Json& json, JsonWriter& out) {
  if (json.is_object()) {
    out.begin_object();
    for (const std::string& key : json.keys()) {
      FUZZ_CHECK(json.contains(key));
      out.key(key);
      write(json[key], out);
    }
    out.end_object();
  } else if (json.is_array()) {
    out.begin_array();
    for (std::size_t i = 0; i < json.size(); ++i) write(json.at(i), out);
    out.end_array();
  } else if (const auto text = json.string()) {
    out.value(*text);
  } else if (const auto flag = json.boolean()) {
    out.value(*flag);
  } else if (const auto whole = json.integer()) {
    out.value(*whole);
  } else if (const auto large = json.unsigned_integer()) {
    out.value(*large);
  } else if (const auto real = json.number()) {
    out.value(*real);
  } else {
    FUZZ_CHECK(json.is_null());
    out.null();
  }
}

bool same(const Json& a, const Json& b) {
  if (a.is_object() != b.is_object() || a.is_array() != b.is_array() || a.size() != b.size()) return false;
  if (a.is_object()) {
    if (a.keys() != b.keys()) return false;
    for (const std::string& key : a.keys()) {
      if (!same(a[key], b[key])) return false;
    }
    return true;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a.at(i), b.at(i))) return false;
  }
  // Reals are left out: Boost 1.81 does not read them to the last bit.
  return a.string() == b.string() && a.boolean() == b.boolean() && a.integer() == b.integer();
}

void test(std::string_view input) {
  if (const auto json = Json::parse(input)) {
    std::string again;
    JsonWriter writer(again);
    write(*json, writer);
    const auto second = Json::parse(again);
    FUZZ_CHECK(second);
    FUZZ_CHECK(same(*json, *second));
  }
  std::string record;
  JsonWriter(record).begin_object().field("name", input).field(input, 1).end_object();
  const auto json = Json::parse(record);
  FUZZ_CHECK(json);
  FUZZ_CHECK((*json)["name"].is_string() || input == "name");
  // Text that was UTF-8 to start with is not changed: writing it a second time gives the same.
  const std::string name = (*json)["name"].string_or("name");
  std::string twice;
  JsonWriter(twice).value(name);
  FUZZ_CHECK(Json::parse(twice)->string() == name);
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
