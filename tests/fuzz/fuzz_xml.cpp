// fuzz_xml.cpp: what parses can be written again and parses to the same; what is escaped comes back; a
// scanner bears any order of calls.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "check.hpp"
#include "codec/xml.hpp"
#include "codec/xml_scanner.hpp"

namespace azs3copy {
namespace {

// The elements and texts below `node`, as XML. Attributes can only be asked for by name and are left out.
void write(const XmlNode& node, std::string& out) {
  out.append("<").append(node.name()).append(">").append(xml_escape(node.text()));
  for (XmlNode child = node.first_child(); child; child = child.next_sibling()) {
    FUZZ_CHECK(node.child(child.name()));
    write(child, out);
  }
  out.append("</").append(node.name()).append(">");
}

bool same(const XmlNode& a, const XmlNode& b) {
  if (a.name() != b.name() || a.text() != b.text()) return false;
  XmlNode of_a = a.first_child();
  XmlNode of_b = b.first_child();
  for (; of_a && of_b; of_a = of_a.next_sibling(), of_b = of_b.next_sibling()) {
    if (!same(of_a, of_b)) return false;
  }
  return !of_a && !of_b;
}

// Walks as the first bytes of the input say: whatever is asked of a scanner, and in whatever order, it ends.
void scan(std::string_view choices, std::string text) {
  XmlScanner scanner(text);
  std::size_t entered = 0;
  for (const char choice : choices) {
    switch (choice & 3) {
      case 0:
      case 1:
        entered += scanner.enter();
        break;
      case 2:
        scanner.text();
        break;
      default:
        scanner.skip();
        break;
    }
    scanner.attribute("Encoded");
    FUZZ_CHECK(!scanner.failed() || !scanner.enter());
  }
  const bool whole = scanner.finish().has_value();
  FUZZ_CHECK(whole != scanner.failed());
  FUZZ_CHECK(entered <= text.size());
}

void test(std::string_view input) {
  scan(input.substr(0, 16), std::string(input.substr(std::min<std::size_t>(16, input.size()))));
  if (input.find('\0') != std::string_view::npos) return;  // what is written could not hold a zero byte
  const auto document = XmlDocument::parse(std::string(input));
  if (document) {
    document->root().attribute("Encoded");
    std::string again;
    write(document->root(), again);
    const auto second = XmlDocument::parse(again);
    FUZZ_CHECK(second);
    FUZZ_CHECK(same(document->root(), second->root()));
  }
  const std::string escaped = xml_escape(input);
  const auto element = XmlDocument::parse("<a>" + escaped + "</a>");
  FUZZ_CHECK(element);
  FUZZ_CHECK(element->root().text() == input);
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
