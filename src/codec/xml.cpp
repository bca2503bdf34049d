// xml.cpp: the tree of a reply, built from XmlScanner, which knows the grammar; and text on its way into XML.
#include "codec/xml.hpp"

#include <fmt/format.h>

#include <vector>

#include "codec/xml_scanner.hpp"
#include "core/bytes.hpp"

namespace azs3copy {

// Element 0 is the root. All views point into `text`, which therefore stays where it is.
struct XmlTree {
  static constexpr std::uint32_t none = 0;  // of a child or sibling: the root is neither

  struct Element {
    std::string_view name;
    std::string_view text;
    std::string_view attributes;  // as written
    std::uint32_t first_child = none;
    std::uint32_t next_sibling = none;
  };

  std::string text;
  std::vector<Element> elements;
};

namespace {

// A tree takes up to 16 times the memory of its text ("<a/>"). Replies without rows have kilobytes; a
// Complete of 10,000 parts has 2 MB.
constexpr std::size_t text_bytes_max = 8 * MiB;

// Adds the element that the scanner has entered, up to its end. The scanner limits the depth.
std::uint32_t add(XmlTree& tree, XmlScanner& scanner) {
  const auto index = static_cast<std::uint32_t>(tree.elements.size());
  tree.elements.push_back({.name = scanner.name(), .attributes = scanner.attributes()});
  if (scanner.is_leaf()) {
    tree.elements[index].text = scanner.text();
    return index;
  }
  std::uint32_t last = XmlTree::none;
  while (scanner.enter()) {
    const std::uint32_t child = add(tree, scanner);
    (last == XmlTree::none ? tree.elements[index].first_child : tree.elements[last].next_sibling) = child;
    last = child;
  }
  return index;
}

}  // namespace

XmlDocument::XmlDocument(std::unique_ptr<XmlTree> tree) : tree_(std::move(tree)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string text) {
  if (text.size() > text_bytes_max) return fail(ErrorKind::protocol, "malformed XML: too large for a reply");
  auto tree = std::make_unique<XmlTree>();
  tree->text = std::move(text);
  XmlScanner scanner(tree->text);
  if (scanner.enter()) add(*tree, scanner);
  if (auto whole = scanner.finish(); !whole) return passed(std::move(whole));
  return XmlDocument(std::move(tree));
}

XmlNode XmlDocument::root() const {
  return XmlNode(tree_.get(), 0);
}

std::string_view XmlNode::name() const {
  return tree_ == nullptr ? std::string_view() : tree_->elements[index_].name;
}

std::string_view XmlNode::text() const {
  return tree_ == nullptr ? std::string_view() : tree_->elements[index_].text;
}

std::string_view XmlNode::attribute(std::string_view name) const {
  return tree_ == nullptr ? std::string_view() : xml_attribute(tree_->elements[index_].attributes, name);
}

XmlNode XmlNode::at(std::uint32_t index) const {
  return index == XmlTree::none ? XmlNode() : XmlNode(tree_, index);
}

XmlNode XmlNode::child(std::string_view name) const {
  XmlNode node = first_child();
  while (node && node.name() != name) node = node.next_sibling();
  return node;
}

XmlNode XmlNode::first_child() const {
  return tree_ == nullptr ? XmlNode() : at(tree_->elements[index_].first_child);
}

XmlNode XmlNode::next_sibling() const {
  return tree_ == nullptr ? XmlNode() : at(tree_->elements[index_].next_sibling);
}

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '&':
        out += "&amp;";
        continue;
      case '<':
        out += "&lt;";
        continue;
      case '>':
        out += "&gt;";
        continue;
      case '"':
        out += "&quot;";
        continue;
      case '\'':
        out += "&apos;";
        continue;
      default:
        break;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      // Tabs and line breaks too: a reader may turn them into something else.
      out += fmt::format("&#{};", static_cast<int>(c));
    } else if (text.substr(i).starts_with("\xEF\xBF\xBE") || text.substr(i).starts_with("\xEF\xBF\xBF")) {
      out += text[i + 2] == '\xBE' ? "&#xFFFE;" : "&#xFFFF;";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace azs3copy
