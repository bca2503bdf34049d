// xml.hpp: the XML that Azure and S3 answer with, over pugixml. No DTD, no entity but the five of XML.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace azs3copy {

class XmlDocument;

// A light view of one element, valid while its document lives. An absent node answers "" and has no children.
class XmlNode {
 public:
  XmlNode() = default;
  explicit operator bool() const { return node_ != nullptr; }
  std::string_view name() const;
  std::string_view text() const;  // of the element itself
  std::string_view attribute(std::string_view name) const;
  XmlNode child(std::string_view name) const;  // the first by local name
  std::string_view child_text(std::string_view name) const { return child(name).text(); }
  XmlNode first_child() const;   // elements only
  XmlNode next_sibling() const;  // elements only

 private:
  friend class XmlDocument;
  explicit XmlNode(void* node) : node_(node) {}
  void* node_ = nullptr;  // pugi::xml_node_struct
};

class XmlDocument {
 public:
  // Parses in place: takes the buffer. Malformed or truncated XML is ErrorKind::protocol with the offset.
  static Result<XmlDocument> parse(std::string text);
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();
  XmlNode root() const;  // the document element

 private:
  struct State;
  explicit XmlDocument(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Text with & < > " ' and characters that XML 1.0 refuses escaped (the latter as numeric references).
std::string xml_escape(std::string_view text);

}  // namespace azs3copy
