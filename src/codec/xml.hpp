// xml.hpp: the tree of an XML reply: errors, results, lists of parts. Listings of blobs and objects,
// which are long, are read with XmlScanner, whose grammar this is: an element holds text or
// elements, names are without prefix.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace azs3copy {

class XmlDocument;
struct XmlTree;

// A light view of one element, valid while its document lives. An absent node answers "" and has no children.
class XmlNode {
 public:
  XmlNode() = default;
  explicit operator bool() const { return tree_ != nullptr; }
  std::string_view name() const;
  std::string_view text() const;                            // of the element itself
  std::string_view attribute(std::string_view name) const;  // as written, entities and all
  XmlNode child(std::string_view name) const;               // the first by local name
  std::string_view child_text(std::string_view name) const { return child(name).text(); }
  XmlNode first_child() const;   // elements only
  XmlNode next_sibling() const;  // elements only

 private:
  friend class XmlDocument;
  XmlNode(const XmlTree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
  XmlNode at(std::uint32_t index) const;

  const XmlTree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

class XmlDocument {
 public:
  // Parses in place: takes the buffer, of 8 MiB at most.
  // Malformed or truncated XML is ErrorKind::protocol with the offset.
  static Result<XmlDocument> parse(std::string text);
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();
  XmlNode root() const;  // the document element

 private:
  explicit XmlDocument(std::unique_ptr<XmlTree> tree);
  std::unique_ptr<XmlTree> tree_;
};

// Text with & < > " ' and characters that XML 1.0 refuses escaped (the latter as numeric references).
std::string xml_escape(std::string_view text);

}  // namespace azs3copy
