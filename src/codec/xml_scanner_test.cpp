// Harms: a listing that was cut off taken for whole; a name changed by decoding;
// a reply that breaks XML's rules read as something.
#include "codec/xml_scanner.hpp"

#include <gtest/gtest.h>

#include <string>

namespace azs3copy {
namespace {

// "List(Row(Name=a)Row())": elements with their text, as the scanner walks them.
std::string walk(XmlScanner& xml, int depth = 0) {
  std::string shown(xml.name());
  shown += '(';
  while (xml.enter()) shown += walk(xml, depth + 1);
  return shown + ')';
}

std::string error_of(std::string text) {
  XmlScanner xml(text);
  if (xml.enter()) walk(xml);
  const Result<> whole = xml.finish();
  return whole ? "" : whole.error().message;
}

std::string only_text(std::string text, bool* ok = nullptr) {
  XmlScanner xml(text);
  EXPECT_TRUE(xml.enter());
  std::string value(xml.text());
  const bool whole = xml.finish().has_value();
  if (ok != nullptr) {
    *ok = whole;
  } else {
    EXPECT_TRUE(whole);
  }
  return value;
}

TEST(XmlScanner, WalksElementsAndKnowsWhereEachEnds) {
  std::string text = "\xEF\xBB\xBF<?xml version=\"1.0\"?>\r\n<a> <b><c/></b>\n<d x='1'/> </a>\n";
  XmlScanner xml(text);
  ASSERT_TRUE(xml.enter());
  EXPECT_EQ(walk(xml), "a(b(c())d())");
  EXPECT_FALSE(xml.enter()) << "the document is at its end";
  EXPECT_TRUE(xml.finish());
}

TEST(XmlScanner, SkipPassesOverAllThatIsInside) {
  std::string text = "<a><skip><a/><a><b>1</b></a></skip><skip/><b>2</b></a>";
  XmlScanner xml(text);
  ASSERT_TRUE(xml.enter());
  ASSERT_TRUE(xml.enter());
  xml.skip();
  ASSERT_TRUE(xml.enter());
  xml.skip();
  ASSERT_TRUE(xml.enter());
  EXPECT_EQ(xml.name(), "b");
  EXPECT_EQ(xml.text(), "2");
  EXPECT_FALSE(xml.enter());
  EXPECT_TRUE(xml.finish());
}

TEST(XmlScanner, DecodesTextAsXmlWantsIt) {
  EXPECT_EQ(only_text("<n>a&amp;b&lt;&gt;&quot;&apos;</n>"), "a&b<>\"'");
  EXPECT_EQ(only_text("<n>&amp;amp;</n>"), "&amp;") << "decoded once";
  EXPECT_EQ(only_text("<n>&#65;&#x42;&#xFC;&#x1F600;</n>"), "AB\xC3\xBC\xF0\x9F\x98\x80");
  EXPECT_EQ(only_text("<n> </n>"), " ") << "a blob may be called so";
  EXPECT_EQ(only_text("<n>a\r\nb\rc&#13;</n>"), "a\nb\nc\r");
  EXPECT_EQ(only_text("<n>\ttab\n  two ]]</n>"), "\ttab\n  two ]]");
  EXPECT_EQ(only_text("<n></n>"), "");
  EXPECT_EQ(only_text("<n/>"), "");
  EXPECT_EQ(only_text("<n x=\"a>b\">1</n>"), "1");
}

TEST(XmlScanner, RefusesWhatIsNoCharacter) {
  for (const char* entity :
       {"&#0;", "&#xD800;", "&#x110000;", "&nbsp;", "&#;", "&#x;", "&#-5;", "&", "&lt", "&#99999999999;"}) {
    bool ok = true;
    EXPECT_EQ(only_text(std::string("<n>x") + entity + "</n>", &ok), "") << entity;
    EXPECT_FALSE(ok) << entity;
  }
}

TEST(XmlScanner, AttributesAsWritten) {
  std::string text = "<n a=\"1\" Encoded = 'true' c=\"x=y\"/>";
  XmlScanner xml(text);
  ASSERT_TRUE(xml.enter());
  EXPECT_EQ(xml.attribute("a"), "1");
  EXPECT_EQ(xml.attribute("Encoded"), "true");
  EXPECT_EQ(xml.attribute("c"), "x=y");
  EXPECT_EQ(xml.attribute("x"), "");
}

TEST(XmlScanner, EveryTruncationIsAnError) {
  const std::string whole = "<?xml version=\"1.0\"?><a><b x=\"1\">t&amp;u</b><c/><d><e>1</e></d></a>";
  const auto reads = [](std::string text) {
    XmlScanner xml(text);
    for (bool inside = xml.enter(); inside && xml.enter();) {
      if (xml.name() == "b") {
        xml.text();
      } else {
        xml.skip();
      }
    }
    return xml.finish().has_value();
  };
  EXPECT_TRUE(reads(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(reads(whole.substr(0, size))) << size;
}

TEST(XmlScanner, RefusesWhatIsNotWellFormed) {
  for (const char* text : {"<a><b></a></b>", "<a></b>", "</a>", "<a/><b/>", "<a/>x", "x<a/>", "<a>x<b/></a>",
                           "<a><!-- c --></a>", "<>x</>", "<a><![CDATA[x]]></a>", "<!DOCTYPE a><a/>",
                           "<a <b/></a>", "<a", "", "   ", "<?xml <a/>", "<a></a", "<a></ a>"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(XmlScanner, NestingHasALimit) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "<a>";
  EXPECT_NE(error_of(text).find("too deeply"), std::string::npos);
}

TEST(XmlScanner, AnswersNothingBehindAFault) {
  std::string text = "<a><b>&bad;</b><c>1</c></a>";
  XmlScanner xml(text);
  ASSERT_TRUE(xml.enter());
  ASSERT_TRUE(xml.enter());
  EXPECT_EQ(xml.text(), "");
  EXPECT_TRUE(xml.failed());
  EXPECT_FALSE(xml.enter());
  EXPECT_EQ(xml.text(), "");
  xml.skip();
  const Result<> whole = xml.finish();
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().kind, ErrorKind::protocol);
  EXPECT_NE(whole.error().message.find("offset 6"), std::string::npos) << whole.error().message;
}

}  // namespace
}  // namespace azs3copy
