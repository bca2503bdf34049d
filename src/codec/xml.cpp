// xml.cpp: pugixml, parsing in place. It expands no entities but the five and never reads a DTD; a reply with
// one is refused all the same, as no service of ours sends any.
#include "codec/xml.hpp"

#include <fmt/format.h>

#include <cstring>
#include <pugixml.hpp>

namespace azs3copy {
namespace {

// Whitespace as an element's only content is kept: " " is a blob's name like any other. The document type is
// kept in the tree in order to be seen.
constexpr unsigned parse_flags = pugi::parse_default | pugi::parse_ws_pcdata_single | pugi::parse_doctype;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view white_space = " \t\r\n";

pugi::xml_node as_node(void* node) {
  return pugi::xml_node(static_cast<pugi::xml_node_struct*>(node));
}

pugi::xml_node first_element(pugi::xml_node node) {
  while (node && node.type() != pugi::node_element) node = node.next_sibling();
  return node;
}

// "s3:Key" to "Key".
const char* local_name(const char* name) {
  const char* colon = std::strchr(name, ':');
  return colon != nullptr ? colon + 1 : name;
}

bool equal(const char* name, std::string_view wanted) {
  return std::strncmp(name, wanted.data(), wanted.size()) == 0 && name[wanted.size()] == '\0';
}

template <class Named>
void drop_prefix(Named node) {
  const char* local = local_name(node.name());
  if (local != node.name()) node.set_name(std::string(local).c_str());
}

// Cuts the prefixes off all names below `root`, so that looking one up needs no thought of them.
void drop_prefixes(pugi::xml_node root) {
  struct Walker : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node& node) override {
      drop_prefix(node);
      for (const pugi::xml_attribute attribute : node.attributes()) drop_prefix(attribute);
      return true;
    }
  } walker;
  root.traverse(walker);
}

bool is_text(pugi::xml_node node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

// Text that a comment, a CDATA section or an element cuts in pieces: joined into the first of them, once.
std::string_view join_text(pugi::xml_node parent) {
  pugi::xml_node first;
  std::string joined;
  std::size_t pieces = 0;
  for (pugi::xml_node node = parent.first_child(); node;) {
    const pugi::xml_node piece = node;
    node = node.next_sibling();
    if (!is_text(piece)) continue;
    joined += piece.value();
    if (pieces++ == 0) {
      first = piece;
    } else {
      parent.remove_child(piece);
    }
  }
  if (pieces > 1) first.set_value(joined.c_str());
  return first.value();
}

// "&#0;" and its like: pugixml writes the zero, and what follows would be cut off as behind the end of a C
// string.
bool has_zero_reference(std::string_view text) {
  for (std::size_t at = text.find("&#"); at != std::string_view::npos; at = text.find("&#", at + 1)) {
    std::string_view digits = text.substr(at + 2);
    if (digits.starts_with('x')) digits.remove_prefix(1);
    const std::size_t significant = digits.find_first_not_of('0');
    if (significant > 0 && (significant == std::string_view::npos || digits[significant] == ';')) return true;
  }
  return false;
}

// What is wrong and pugixml lets pass, or nullptr.
const char* check_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos || has_zero_reference(text)) return "a zero byte";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const std::size_t first = text.find_first_not_of(white_space);
  if (first == std::string_view::npos) return "nothing";
  if (text[first] != '<') return "text before the first element";
  if (text[text.find_last_not_of(white_space)] != '>')
    return "text behind the last element, or it is cut off";
  return nullptr;
}

const char* check_top_level(const pugi::xml_document& document) {
  std::size_t elements = 0;
  for (const pugi::xml_node node : document.children()) {
    if (node.type() == pugi::node_doctype) return "a document type";
    if (node.type() == pugi::node_element) ++elements;
  }
  if (elements == 0) return "no element";
  return elements > 1 ? "more than one document element" : nullptr;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::protocol, fmt::format("malformed XML: {}", what));
}

}  // namespace

struct XmlDocument::State {
  std::string buffer;  // the tree points into it
  pugi::xml_document document;
};

XmlDocument::XmlDocument(std::unique_ptr<State> state) : state_(std::move(state)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string text) {
  if (const char* wrong = check_text(text)) return malformed(wrong);
  const bool has_prefixes = text.find("xmlns:") != std::string::npos;
  auto state = std::make_unique<State>();
  state->buffer = std::move(text);
  const pugi::xml_parse_result result = state->document.load_buffer_inplace(
      state->buffer.data(), state->buffer.size(), parse_flags, pugi::encoding_utf8);
  if (!result) return malformed(fmt::format("{} at offset {}", result.description(), result.offset));
  if (const char* wrong = check_top_level(state->document)) return malformed(wrong);
  if (has_prefixes) drop_prefixes(state->document);
  return XmlDocument(std::move(state));
}

XmlNode XmlDocument::root() const {
  return XmlNode(first_element(state_->document.first_child()).internal_object());
}

std::string_view XmlNode::name() const {
  return as_node(node_).name();
}

std::string_view XmlNode::text() const {
  const pugi::xml_node node = as_node(node_);
  const pugi::xml_node first = node.first_child();
  if (is_text(first) && !first.next_sibling()) return first.value();  // almost always
  return join_text(node);
}

std::string_view XmlNode::attribute(std::string_view name) const {
  for (const pugi::xml_attribute attribute : as_node(node_).attributes()) {
    if (equal(attribute.name(), name)) return attribute.value();
  }
  return {};
}

XmlNode XmlNode::child(std::string_view name) const {
  pugi::xml_node node = as_node(node_).first_child();
  while (node && !(node.type() == pugi::node_element && equal(node.name(), name))) node = node.next_sibling();
  return XmlNode(node.internal_object());
}

XmlNode XmlNode::first_child() const {
  return XmlNode(first_element(as_node(node_).first_child()).internal_object());
}

XmlNode XmlNode::next_sibling() const {
  return XmlNode(first_element(as_node(node_).next_sibling()).internal_object());
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
