// xml.cpp: a parser for what Azure and S3 send, and no more. One pass, in place, without recursion.
//
//   document   mark? misc element misc              misc      (white space | <?...?> | <!--...-->)*
//   element    <name attribute*/>                   attribute name="value" or name='value'
//              <name attribute*> content </name>
//   content    (text | <![CDATA[...]]> | misc)*  or  (element | misc)*
//
// Refused: document types, text beside elements, entities but the five, more depth or elements than any reply
// has. Names lose their prefix: "s3:Key" is "Key". Text is decoded where it lies: no escape is shorter than
// what it stands for. Why not a library: docs/adr/0003.
#include "codec/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace azs3copy {

// Elements and attributes as offsets into `text`; 32 bytes an element, as a page has a hundred thousand.
struct XmlTree {
  static constexpr std::uint32_t none = 0;  // of a child or sibling: element 0 is the root, which is neither

  struct Piece {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Attribute {
    Piece name;
    Piece value;
  };
  struct Element {
    Piece name;
    Piece text;
    std::uint32_t first_child = none;
    std::uint32_t next_sibling = none;
    std::uint32_t first_attribute = 0;
    std::uint32_t attributes = 0;
  };

  std::string text;
  std::vector<Element> elements;
  std::vector<Attribute> attributes;

  std::string_view view(Piece piece) const { return {text.data() + piece.at, piece.size}; }
};

namespace {

using Piece = XmlTree::Piece;
using Element = XmlTree::Element;

constexpr std::size_t depth_max = 32;            // the services nest 6 deep
constexpr std::size_t elements_max = 2'000'000;  // 400 for each of 5,000 blobs; bounds the memory at 64 MB
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

constexpr bool is_white(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr std::array<bool, 256> make_name_bytes() {
  std::array<bool, 256> set{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    const bool digit = byte >= '0' && byte <= '9';
    set[byte] = letter || digit || byte == '-' || byte == '_' || byte == '.' || byte >= 0x80;
  }
  return set;
}
constexpr std::array<bool, 256> name_bytes = make_name_bytes();

// What ends a run of text that stays as it is.
constexpr std::array<bool, 256> make_text_stops() {
  std::array<bool, 256> set{};
  for (const char c : {'\0', '<', '&', '\r'}) set[static_cast<std::uint8_t>(c)] = true;
  return set;
}
constexpr std::array<bool, 256> text_stops = make_text_stops();

bool in(const std::array<bool, 256>& set, char c) {
  return set[static_cast<std::uint8_t>(c)];
}

// The zero byte behind a std::string ends every loop, so none looks for the end.
class Parser {
 public:
  explicit Parser(XmlTree& tree)
      : tree_(tree), begin_(tree.text.data()), end_(begin_ + tree.text.size()), at_(begin_) {}

  // Nullptr, or what is wrong at `offset()`.
  const char* parse() {
    if (rest().starts_with(byte_order_mark)) at_ += byte_order_mark.size();
    // A listing has an element for each 31 bytes: one allocation for it, and little for a short reply.
    tree_.elements.reserve(std::min(tree_.text.size() / 32 + 1, elements_max));
    const bool whole = skip_misc() && open_element() && parse_content() && skip_misc();
    if (whole && at_ != end_) fail("something follows the document element");
    return error_;
  }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  struct Open {
    std::uint32_t element;
    std::uint32_t last_child;
    std::string_view name;  // with its prefix
  };

  bool fail(const char* error) {
    error_ = at_ == end_ ? "it is cut off" : error;
    return false;
  }
  std::string_view rest() const { return {at_, end_}; }
  Piece piece(const char* from, const char* to) const {
    return {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - from)};
  }
  void skip_white() {
    while (is_white(*at_)) ++at_;
  }
  // Moves behind the next `ending`.
  bool skip_behind(std::string_view ending) {
    const std::size_t found = rest().find(ending);
    at_ = found == std::string_view::npos ? end_ : at_ + found + ending.size();
    return found != std::string_view::npos || fail("");
  }

  // White space, comments and processing instructions.
  bool skip_misc() {
    for (;;) {
      skip_white();
      if (rest().starts_with("<?") || rest().starts_with("<!")) {
        if (!skip_markup()) return false;
      } else {
        return true;
      }
    }
  }

  // At "<?" or "<!".
  bool skip_markup() {
    if (at_[1] == '?') return skip_behind("?>");
    if (rest().starts_with("<!--")) {
      at_ += 4;
      return skip_behind("-->");
    }
    if (rest().starts_with("<![CDATA[") && depth_ > 0) return take_cdata();
    return fail(rest().starts_with("<!DOCTYPE") ? "a document type is not taken" : "unknown markup");
  }

  bool parse_content() {
    while (depth_ > 0) {
      bool ok;
      if (*at_ != '<') {
        ok = take_text();
      } else if (at_[1] == '/') {
        ok = close_element();
      } else if (at_[1] == '!' || at_[1] == '?') {
        ok = skip_markup();
      } else {
        ok = open_element();
      }
      if (!ok) return false;
    }
    return true;
  }

  // Reads a name; `local` is what stands behind its prefix.
  std::string_view take_name(Piece& local) {
    const char* const start = at_;
    const char* local_start = at_;
    for (;;) {
      while (in(name_bytes, *at_)) ++at_;
      if (*at_ != ':') break;
      local_start = ++at_;
    }
    local = piece(local_start, at_);
    return {start, at_};
  }

  bool open_element() {
    if (*at_ != '<') return fail("an element is wanted");
    if (depth_ == depth_max) return fail("its elements nest too deep");
    if (tree_.elements.size() == elements_max) return fail("it has too many elements");
    ++at_;
    const auto index = static_cast<std::uint32_t>(tree_.elements.size());
    if (depth_ > 0 && !link_to_parent(index)) return false;
    Element& element = tree_.elements.emplace_back();
    const std::string_view name = take_name(element.name);
    if (element.name.size == 0) return fail("an element's name is wanted");
    if (*at_ != '>' && *at_ != '/' && !take_attributes(element)) return false;
    if (*at_ == '>') {
      ++at_;
      open_[depth_++] = {.element = index, .last_child = XmlTree::none, .name = name};
      return true;
    }
    if (at_[0] != '/' || at_[1] != '>') return fail("an element's '>' is wanted");
    at_ += 2;
    return true;
  }

  bool link_to_parent(std::uint32_t index) {
    Open& open = open_[depth_ - 1];
    Element& parent = tree_.elements[open.element];
    if (open.last_child == XmlTree::none) {
      if (!is_white_only(tree_.view(parent.text))) return fail("text stands beside elements");
      parent.text = {};
      parent.first_child = index;
    } else {
      tree_.elements[open.last_child].next_sibling = index;
    }
    open.last_child = index;
    return true;
  }

  bool close_element() {
    at_ += 2;
    const std::string_view name = open_[depth_ - 1].name;
    if (!rest().starts_with(name)) return fail("an element is closed by another's name");
    at_ += name.size();
    skip_white();
    if (*at_ != '>') return fail("an element is closed by another's name");
    ++at_;
    --depth_;
    return true;
  }

  bool take_attributes(Element& element) {
    element.first_attribute = static_cast<std::uint32_t>(tree_.attributes.size());
    for (;;) {
      const bool apart = is_white(*at_);
      skip_white();
      if (*at_ == '>' || *at_ == '/') return true;
      XmlTree::Attribute attribute;
      take_name(attribute.name);
      if (!apart || attribute.name.size == 0) return fail("an attribute's name is wanted");
      skip_white();
      if (*at_ != '=') return fail("an attribute's '=' is wanted");
      ++at_;
      skip_white();
      const char quote = *at_;
      if (quote != '"' && quote != '\'') return fail("an attribute's quote is wanted");
      const char* const start = ++at_;
      const char* const end = decode(at_, quote);
      if (end == nullptr) return false;
      ++at_;
      attribute.value = piece(start, end);
      tree_.attributes.push_back(attribute);
      ++element.attributes;
    }
  }

  bool take_text() {
    const char* const start = at_;
    while (!in(text_stops, *at_)) ++at_;
    const char* const end = *at_ == '<' ? at_ : decode(at_, '<');
    return end != nullptr && add_text(start, end);
  }

  bool take_cdata() {
    at_ += std::strlen("<![CDATA[");
    const char* const start = at_;
    return skip_behind("]]>") && add_text(start, at_ - std::strlen("]]>"));
  }

  // Text cut in pieces by comments or CDATA sections is moved together.
  bool add_text(const char* start, const char* end) {
    Element& element = tree_.elements[open_[depth_ - 1].element];
    if (element.first_child != XmlTree::none) {
      return is_white_only({start, end}) || fail("text stands beside elements");
    }
    const Piece added = piece(start, end);
    if (element.text.size == 0) {
      element.text = added;
    } else {
      std::memmove(begin_ + element.text.at + element.text.size, start, added.size);
      element.text.size += added.size;
    }
    return true;
  }

  static bool is_white_only(std::string_view text) {
    for (const char c : text) {
      if (!is_white(c)) return false;
    }
    return true;
  }

  // Decodes from `at_` up to `stop` ('<' of text, or an attribute's quote), writing from `out`. Where that
  // ends, or nullptr.
  const char* decode(char* out, char stop) {
    const bool in_text = stop == '<';
    while (*at_ != stop) {
      const char c = *at_;
      if (c == '&') {
        if (!take_reference(out)) return nullptr;
      } else if (c == '\0' || c == '<') {
        fail(c == '<' ? "an attribute holds '<'" : "it has a zero byte");
        return nullptr;
      } else {
        ++at_;
        // XML 1.0, 2.11 and 3.3.3: a line ends with one '\n'; in an attribute white space is a space.
        if (c == '\r' && *at_ == '\n') ++at_;
        *out++ = !is_white(c) ? c : !in_text ? ' ' : c == '\r' ? '\n' : c;
      }
    }
    return out;
  }

  // At '&': writes what it stands for.
  bool take_reference(char*& out) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> named = {
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    for (const auto& [name, character] : named) {
      if (!rest().starts_with(name)) continue;
      *out++ = character;
      at_ += name.size();
      return true;
    }
    if (at_[1] != '#') return fail("an unknown entity");
    const bool hexadecimal = at_[2] == 'x';
    std::uint32_t code = 0;
    const auto [after, error] =
        std::from_chars(at_ + (hexadecimal ? 3 : 2), end_, code, hexadecimal ? 16 : 10);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (error != std::errc() || *after != ';' || code == 0 || surrogate || code > 0x10FFFF) {
      return fail("a reference to no character");
    }
    at_ += after + 1 - at_;
    append_utf8(out, code);
    return true;
  }

  static void append_utf8(char*& out, std::uint32_t code) {
    const auto follow = [&out, code](unsigned shift) {
      *out++ = static_cast<char>(0x80 | (code >> shift & 0x3F));
    };
    if (code < 0x80) {
      *out++ = static_cast<char>(code);
    } else if (code < 0x800) {
      *out++ = static_cast<char>(0xC0 | code >> 6);
      follow(0);
    } else if (code < 0x10000) {
      *out++ = static_cast<char>(0xE0 | code >> 12);
      follow(6);
      follow(0);
    } else {
      *out++ = static_cast<char>(0xF0 | code >> 18);
      follow(12);
      follow(6);
      follow(0);
    }
  }

  XmlTree& tree_;
  char* const begin_;
  char* const end_;
  char* at_;
  std::array<Open, depth_max> open_;
  std::size_t depth_ = 0;
  const char* error_ = nullptr;
};

}  // namespace

XmlDocument::XmlDocument(std::unique_ptr<XmlTree> tree) : tree_(std::move(tree)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max())
    return fail(ErrorKind::protocol, "XML above 4 GiB");
  auto tree = std::make_unique<XmlTree>();
  tree->text = std::move(text);
  Parser parser(*tree);
  if (const char* wrong = parser.parse()) {
    return fail(ErrorKind::protocol, fmt::format("malformed XML at offset {}: {}", parser.offset(), wrong));
  }
  return XmlDocument(std::move(tree));
}

XmlNode XmlDocument::root() const {
  return XmlNode(tree_.get(), 0);
}

std::string_view XmlNode::name() const {
  return tree_ == nullptr ? std::string_view() : tree_->view(tree_->elements[index_].name);
}

std::string_view XmlNode::text() const {
  return tree_ == nullptr ? std::string_view() : tree_->view(tree_->elements[index_].text);
}

std::string_view XmlNode::attribute(std::string_view name) const {
  if (tree_ == nullptr) return {};
  const Element& element = tree_->elements[index_];
  for (std::uint32_t i = 0; i < element.attributes; ++i) {
    const XmlTree::Attribute& attribute = tree_->attributes[element.first_attribute + i];
    if (tree_->view(attribute.name) == name) return tree_->view(attribute.value);
  }
  return {};
}

XmlNode XmlNode::at(std::uint32_t index) const {
  return index == XmlTree::none ? XmlNode() : XmlNode(tree_, index);
}

XmlNode XmlNode::child(std::string_view name) const {
  if (tree_ == nullptr) return {};
  std::uint32_t index = tree_->elements[index_].first_child;
  while (index != XmlTree::none && tree_->view(tree_->elements[index].name) != name) {
    index = tree_->elements[index].next_sibling;
  }
  return at(index);
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
