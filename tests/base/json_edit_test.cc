#include "core/base/json_edit.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "core/base/json_writer.h"

namespace strata::json {
namespace {

Document Parsed(std::string_view text) {
  auto document = Document::Parse(text);
  EXPECT_TRUE(document.ok()) << document.status().ToString();
  return *std::move(document);
}

template <typename Edit>
std::string Edited(std::string_view text, Edit edit) {
  const Document document = Parsed(text);
  Editor editor(document.root());
  edit(editor);
  const auto out = editor.Apply();
  EXPECT_TRUE(out.ok()) << out.status().ToString();
  EXPECT_TRUE(Document::Parse(*out).ok()) << *out;
  return *out;
}

TEST(JsonEditor, WithoutChangesKeepsEveryByte) {
  const std::string text = "{ \"a\" : 1.10 ,\n\t\"b\":[ \"\\u00e9\" ] , \"meta\" : { } }";

  EXPECT_EQ(Edited(text, [](Editor&) {}), text);
}

TEST(JsonEditor, ReplacesAndAddsAtTheTopAndInMeta) {
  const std::string text =
      R"({"resourceType":"Patient","id":"1","meta":{"versionId":"1","tag":[]},"x":1.0})";

  const std::string out = Edited(text, [](Editor& editor) {
    editor.SetString("id", "2").SetString("language", "en");
    editor.In("meta").SetString("versionId", "9").SetString("lastUpdated", "2020");
  });

  EXPECT_EQ(out, R"({"resourceType":"Patient","id":"2","meta":{"versionId":"9","tag":[],)"
                 R"("lastUpdated":"2020"},"x":1.0,"language":"en"})");
}

TEST(JsonEditor, CreatesMetaWhenItIsMissing) {
  EXPECT_EQ(Edited("{}", [](Editor& e) { e.In("meta").SetRaw("a", "1").SetRaw("b", "2"); }),
            R"({"meta":{"a":1,"b":2}})");
  EXPECT_EQ(Edited(R"({"id":"x"})", [](Editor& e) { e.In("meta").SetRaw("a", "1"); }),
            R"({"id":"x","meta":{"a":1}})");
  EXPECT_EQ(Edited("{}", [](Editor& e) { e.In("meta").Remove("a"); }), "{}");
}

TEST(JsonEditor, KeepsTheLayoutOfIndentedTexts) {
  const std::string text = "{\n  \"a\": 1,\n  \"b\": 2\n}";

  EXPECT_EQ(Edited(text, [](Editor& e) { e.SetRaw("c", "3"); }),
            "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}");
  EXPECT_EQ(Edited(text, [](Editor& e) { e.Remove("a"); }), "{\n  \"b\": 2\n}");
  EXPECT_EQ(Edited(text, [](Editor& e) { e.Remove("b"); }), "{\n  \"a\": 1\n}");
}

TEST(JsonEditor, RemovesAnyMember) {
  const std::string text = R"({"a":1,"b":2,"c":3})";

  EXPECT_EQ(Edited(text, [](Editor& e) { e.Remove("a"); }), R"({"b":2,"c":3})");
  EXPECT_EQ(Edited(text, [](Editor& e) { e.Remove("b"); }), R"({"a":1,"c":3})");
  EXPECT_EQ(Edited(text, [](Editor& e) { e.Remove("a").Remove("b").Remove("c"); }), "{}");
  EXPECT_EQ(Edited(text,
                   [](Editor& e) {
                     e.Remove("a").Remove("b").Remove("c");
                     e.SetRaw("d", "4");
                   }),
            R"({"d":4})");
  EXPECT_EQ(Edited(text, [](Editor& e) { e.Remove("x"); }), text);
}

TEST(JsonEditor, TheLastChangeOfAMemberWins) {
  EXPECT_EQ(Edited(R"({"a":1})", [](Editor& e) { e.SetRaw("a", "2").SetRaw("a", "3"); }),
            R"({"a":3})");
  EXPECT_EQ(Edited(R"({"a":1})", [](Editor& e) { e.Remove("a").SetRaw("a", "3"); }), R"({"a":3})");
  EXPECT_EQ(Edited(R"({"a":1})", [](Editor& e) { e.SetRaw("b", "2").Remove("b"); }), R"({"a":1})");
}

TEST(JsonEditor, RefusesWhatIsNotAnObject) {
  const Document array = Parsed("[1]");
  const Document text_meta = Parsed(R"({"meta":"x"})");
  Editor editor(text_meta.root());
  editor.In("meta").SetRaw("a", "1");

  EXPECT_EQ(Editor(array.root()).Apply().status().code(), Code::kInvalidArgument);
  EXPECT_EQ(editor.Apply().status().code(), Code::kInvalidArgument);
}

TEST(JsonMinify, StripsOnlyWhitespaceBetweenTokens) {
  EXPECT_EQ(Minify(" { \"a b\" : [ 1.10 ,\r\n\t\" \\\" \\\\\" , true ] } "),
            R"({"a b":[1.10," \" \\",true]})");
  EXPECT_EQ(Minify(R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(Minify(" 12 "), "12");
}

TEST(JsonWriter, WritesNestedValues) {
  std::string out;

  Writer(&out)
      .BeginObject()
      .Field("resourceType", "Bundle")
      .Key("total")
      .Int(-3)
      .Key("entry")
      .BeginArray()
      .Raw("1.10")
      .BeginObject()
      .EndObject()
      .Bool(true)
      .Null()
      .EndArray()
      .EndObject();

  EXPECT_EQ(out, R"({"resourceType":"Bundle","total":-3,"entry":[1.10,{},true,null]})");
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  const std::string text = std::string("a\"\\\n\r\t\x01\x1f/\xC3\xA9") + '\0';

  EXPECT_EQ(Quoted(text), "\"a\\\"\\\\\\n\\r\\t\\u0001\\u001f/\xC3\xA9\\u0000\"");
  EXPECT_EQ(Parsed(Quoted(text)).root().string(), text);
}

// Texts are looked through eight bytes at a time: what needs an escape is found at each place.
TEST(JsonWriter, EscapesAtEveryPlace) {
  const std::map<char, std::string> written = {
      {'"', "\\\""},    {'\\', "\\\\"},   {'\n', "\\n"},    {'\0', "\\u0000"}, {'\x1f', "\\u001f"},
      {' ', " "},       {'!', "!"},       {'#', "#"},       {'[', "["},        {'\x7f', "\x7f"},
      {'\x80', "\x80"}, {'\xff', "\xff"}, {'\xa2', "\xa2"}, {'\xdc', "\xdc"}};
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const auto& [c, escaped] : written) {
        std::string text(size, 'a');
        text[at] = c;
        EXPECT_EQ(Quoted(text),
                  '"' + std::string(at, 'a') + escaped + std::string(size - at - 1, 'a') + '"');
      }
    }
  }
}

}  // namespace
}  // namespace strata::json
