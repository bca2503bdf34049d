// Harms: half a listing taken for a whole one; a name read short or as another;
// a reply that makes us read files.
#include "codec/xml.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "core/bytes.hpp"

namespace azs3copy {
namespace {

std::string root_text(std::string text) {
  const auto document = XmlDocument::parse(std::move(text));
  return document ? std::string(document->root().text()) : "error: " + document.error().message;
}

TEST(Xml, ReadsAPageAsAzureSendsIt) {
  const auto document = XmlDocument::parse(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults "
      "ServiceEndpoint=\"https://a/\" "
      " ContainerName='c'><Blobs><Blob><Name>a &amp; "
      "b</Name><Properties><Etag>0x1</Etag></Properties>"
      "</Blob><Blob><Name Encoded=\"true\">%EF%BF%BE</Name></Blob></Blobs><NextMarker "
      "/></EnumerationResults>\r\n");
  ASSERT_TRUE(document) << document.error().message;
  const XmlNode root = document->root();
  EXPECT_EQ(root.name(), "EnumerationResults");
  EXPECT_EQ(root.attribute("ContainerName"), "c");
  const XmlNode first = root.child("Blobs").first_child();
  EXPECT_EQ(first.child_text("Name"), "a & b");
  EXPECT_EQ(first.child("Properties").child_text("Etag"), "0x1");
  const XmlNode second = first.next_sibling();
  EXPECT_EQ(second.child("Name").attribute("Encoded"), "true");
  EXPECT_FALSE(second.next_sibling());
  EXPECT_TRUE(root.child("NextMarker"));
  EXPECT_EQ(root.child_text("NextMarker"), "");
}

TEST(Xml, WhatIsAbsentIsEmptyAllTheWay) {
  const auto document = XmlDocument::parse("<a/>");
  ASSERT_TRUE(document);
  const XmlNode none = document->root().child("b").child("c").first_child().next_sibling();
  EXPECT_FALSE(none);
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.text(), "");
  EXPECT_EQ(none.attribute("x"), "");
  EXPECT_FALSE(XmlNode().first_child());
}

TEST(Xml, NamesAreComparedWhole) {
  const auto document = XmlDocument::parse("<a><Names>1</Names><Nam>2</Nam><Name>3</Name></a>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().child_text("Name"), "3");
  EXPECT_EQ(document->root().child_text(""), "");
}

TEST(Xml, PrefixesDoNotHideElements) {
  const auto document = XmlDocument::parse(
      "<s3:Result xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\"><s3:Key "
      "s3:type=\"t\">k</s3:Key></s3:Result>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().name(), "Result");
  EXPECT_EQ(document->root().child_text("Key"), "k");
  EXPECT_EQ(document->root().child("Key").attribute("s3:type"), "t");
}

TEST(Xml, TextIsKeptToTheByte) {
  EXPECT_EQ(root_text("<a> </a>"), " ");  // a blob may be called so
  EXPECT_EQ(root_text("<a>  b\tc </a>"), "  b\tc ");
  EXPECT_EQ(root_text("<a>&lt;&gt;&amp;&quot;&apos;&#10;&#xE9;</a>"), "<>&\"'\n\xC3\xA9");
  EXPECT_EQ(root_text("<a>one\r\ntwo\rthree&#13;</a>"), "one\ntwo\nthree\r");
  EXPECT_EQ(root_text("<a>&#x10FFFF;&#8364;</a>"), "\xF4\x8F\xBF\xBF\xE2\x82\xAC");
  EXPECT_EQ(root_text("<a>\xF0\x9F\x98\x80</a>"), "\xF0\x9F\x98\x80");
}

TEST(Xml, WhiteSpaceAroundElementsIsNothingAndTextIsRefused) {
  const auto document = XmlDocument::parse("<a>\n  <b/>\r\n\t<c> </c>\n</a>");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->root().text(), "");
  EXPECT_EQ(document->root().first_child().next_sibling().name(), "c");
  EXPECT_EQ(document->root().child_text("c"), " ");
  for (const char* text : {"<a>x<b/></a>", "<a><b/>x</a>", "<a>&#32;<b/></a>"}) {
    EXPECT_FALSE(XmlDocument::parse(text)) << text;
  }
}

TEST(Xml, Attributes) {
  const auto document = XmlDocument::parse("<a b='1' c = \"'>\"\td=''><e f=\"g\"/></a>");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->root().attribute("b"), "1");
  EXPECT_EQ(document->root().attribute("c"), "'>");
  EXPECT_EQ(document->root().attribute("d"), "");
  EXPECT_EQ(document->root().attribute("f"), "");
  EXPECT_EQ(document->root().child("e").attribute("f"), "g");
}

TEST(Xml, ATruncatedDocumentIsAnErrorWhereverItIsCut) {
  const std::string whole = "<?xml version=\"1.0\"?><L a=\"1\"><K>x&amp;y</K><E/></L>";
  ASSERT_TRUE(XmlDocument::parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto document = XmlDocument::parse(whole.substr(0, size));
    ASSERT_FALSE(document) << whole.substr(0, size);
    EXPECT_EQ(document.error().kind, ErrorKind::protocol);
  }
}

TEST(Xml, RefusesWhatIsNotOneDocument) {
  for (const std::string& text : {std::string(),
                                  std::string(" \r\n"),
                                  std::string("\xEF\xBB\xBF"),
                                  std::string("plain"),
                                  std::string("x<a/>"),
                                  std::string("<a/>x"),
                                  std::string("<a/><b/>"),
                                  std::string("<a></b>"),
                                  std::string("<a><b></a></b>"),
                                  std::string("<a b=\"1/>"),
                                  std::string("<!-- only -->"),
                                  std::string("<?xml?>"),
                                  std::string("{\"json\": 1}"),
                                  std::string("<>"),
                                  std::string("<s3:/>"),
                                  std::string("<s3:!a/>"),
                                  std::string("<!s3:a/>"),
                                  std::string("< a/>"),
                                  std::string("<a/ >"),
                                  std::string("<a></a b>"),
                                  std::string("<a></ab>"),
                                  std::string("</a>"),
                                  std::string("<a></a></a>"),
                                  std::string("<![CDATA[x]]>"),
                                  std::string("<a><!x></a>")}) {
    EXPECT_FALSE(XmlDocument::parse(text)) << text;
  }
}

TEST(Xml, RefusesDocumentTypesAndReferencesToNoCharacter) {
  for (const char* text :
       {"<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
        "<a>&b;</a>", "<a>a & b</a>", "<a>&amp</a>", "<a>&#;</a>", "<a>&#x;</a>", "<a>&#xD800;</a>",
        "<a>&#x110000;</a>", "<a>&#-1;</a>", "<a>&#99999999999;</a>", "<a>&#X20;</a>", "<a>x&#0;y</a>",
        "<a>x&#x0;y</a>", "<a>x&#00;y</a>", "<a>x&#x000;y</a>"}) {
    EXPECT_FALSE(XmlDocument::parse(text)) << text;
  }
  EXPECT_EQ(root_text("<a>&#010;&#x020;</a>"), "\n ");
}

TEST(Xml, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(XmlDocument::parse(nested(64)));
  EXPECT_FALSE(XmlDocument::parse(nested(65)));
  EXPECT_FALSE(XmlDocument::parse(nested(1'000'000)));
}

TEST(Xml, TheSizeIsLimited) {
  std::string text = "<a>";
  while (text.size() < 8 * MiB) text += "<b/>";
  EXPECT_FALSE(XmlDocument::parse(text + "</a>"));
}

TEST(Xml, AnErrorSaysWhere) {
  const auto document = XmlDocument::parse("<a><b></c></a>");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().message, "malformed XML: an end tag that fits no start at offset 6");
}

TEST(Xml, EscapedTextComesBack) {
  EXPECT_EQ(xml_escape("a&b<c>\"'\n\x01\xC3\xA9"), "a&amp;b&lt;c&gt;&quot;&apos;&#10;&#1;\xC3\xA9");
  EXPECT_EQ(xml_escape("\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD"), "&#xFFFE;&#xFFFF;\xEF\xBF\xBD");
  EXPECT_TRUE(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::distinctFrom('\0'));
    const auto document = XmlDocument::parse("<a>" + xml_escape(text) + "</a>");
    RC_ASSERT(document.has_value());
    RC_ASSERT(document->root().text() == text);
  }));
}

TEST(Xml, ADocumentMayMove) {
  auto first = XmlDocument::parse("<a>one</a>");
  const XmlNode root = first->root();
  XmlDocument second(std::move(*first));
  EXPECT_EQ(root.text(), "one");
  second = std::move(*XmlDocument::parse("<a>two</a>"));
  EXPECT_EQ(second.root().text(), "two");
}

}  // namespace
}  // namespace azs3copy
