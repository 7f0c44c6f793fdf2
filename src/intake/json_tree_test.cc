// SPDX-License-Identifier: Apache-2.0
#include "intake/json_tree.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace clinnova::intake {
namespace {

/// The document written again; what is wrong with it after "error: ".
std::string Again(std::string_view text) {
  const auto document = ParseJsonTree(text);
  if (!document) return "error: " + document.error().message;
  std::string out;
  AppendJson(document->root(), out);
  return out;
}

TEST(JsonTree, KeepsDigitsAndOrder) {
  EXPECT_EQ(Again(R"({"b": 1.50, "a": [1e3, "x\n", true, null], "c": {}})"),
            R"({"b":1.50,"a":[1e3,"x\n",true,null],"c":{}})");
  EXPECT_EQ(Again(" [ 1 , -0.0E+10 , [ ] , { } ] "), "[1,-0.0E+10,[],{}]");
  EXPECT_EQ(Again("\xEF\xBB\xBF\"a\""), "\"a\"");
}

TEST(JsonTree, FindsMembersByName) {
  const auto document = ParseJsonTree(
      R"({"": 0, "a": 1, "given": 2, "givenName": 3, "communicationPreference": 4, "_given": 5, "given": 6})");
  const JsonTree& root = document.value().root();
  EXPECT_EQ(root.Find("")->text(), "0");
  EXPECT_EQ(root.Find("a")->text(), "1");
  EXPECT_EQ(root.Find("given")->text(), "2");
  EXPECT_EQ(root.Find("communicationPreference")->text(), "4");
  EXPECT_EQ(root.Find("communicationpreference"), nullptr);
  EXPECT_EQ(root.Find("give"), nullptr);
  EXPECT_TRUE(root.has_underscore());
  EXPECT_EQ(root.Text("a"), "");
  EXPECT_EQ(root.Find("a")->Find("a"), nullptr);
}

TEST(JsonTree, StaysWhereItIsWhenItsDocumentMoves) {
  JsonDocument document = ParseJsonTree(R"({"name": ["Peter", "James"]})").value();
  const JsonTree* name = document.root().Find("name");
  const JsonDocument moved = std::move(document);
  EXPECT_EQ(moved.root().Find("name"), name);
  EXPECT_EQ(name->items()[1].text(), "James");
}

TEST(JsonTree, UndoesEscapes) {
  const auto text = [](std::string_view json) {
    return std::string(ParseJsonTree(json).value().root().text());
  };
  EXPECT_EQ(text(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text(R"("Mar\u0063h\u00e9 \u20AC and more \ud83d\uDE00.")"), "Marché € and more 😀.");
  EXPECT_EQ(text(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(text("\"eight by\\te\\ts and a long tail without any\""),
            "eight by\te\ts and a long tail without any");
}

TEST(JsonTree, SaysWhereItStopsBeingJson) {
  EXPECT_EQ(Again("{\"a\": }"), "error: not JSON: wrong at byte 7 of 7");
  EXPECT_EQ(Again("{} {}"), "error: not JSON: wrong at byte 4 of 5");
  EXPECT_EQ(Again(""), "error: not JSON: wrong at byte 1 of 0");
  EXPECT_EQ(Again("[1,]"), "error: not JSON: wrong at byte 4 of 4");
  EXPECT_EQ(Again("{\"a\" 1}"), "error: not JSON: wrong at byte 6 of 7");
  EXPECT_EQ(Again("[true, nul]"), "error: not JSON: wrong at byte 11 of 11");
  for (const std::string_view wrong : {"01",
                                       "1.",
                                       "-",
                                       "+1",
                                       ".5",
                                       "1e",
                                       "1e+",
                                       "\"a",
                                       "\"\\x\"",
                                       "\"\\u12g4\"",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\u0041\"",
                                       "\"\n\"",
                                       "\"\xC0\x80\"",
                                       "\"\xED\xA0\x80\"",
                                       "\"\xF4\x90\x80\x80\"",
                                       "\"\xE2\x82\"",
                                       "[1 2]",
                                       "{1: 2}",
                                       "{\"a\": 1,}",
                                       "'a'",
                                       "[",
                                       "{",
                                       "nan"}) {
    EXPECT_TRUE(Again(wrong).starts_with("error: not JSON")) << wrong;
  }
  EXPECT_EQ(Again(std::string("\"a\0b\"", 5)), "error: not JSON: wrong at byte 3 of 5");
}

TEST(JsonTree, RefusesNumbersBeyondADouble) {
  EXPECT_EQ(Again("[1e308, 1E+0308, 1e-999999999999]"), "[1e308,1E+0308,1e-999999999999]");
  EXPECT_EQ(Again("[1e309]"), "error: not JSON: wrong at byte 7 of 7");
  EXPECT_EQ(Again("1e99999999999999999999"), "error: not JSON: wrong at byte 23 of 22");
}

TEST(JsonTree, NestsOnlySoDeep) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(Again(nested(512)), nested(512));
  EXPECT_EQ(Again(nested(513)), "error: JSON nested deeper than 512");
  EXPECT_EQ(Again(std::string(100000, '[')), "error: JSON nested deeper than 512");
}

/// What another reader makes of it, read again by that reader: numbers may be written otherwise.
TEST(JsonTree, ReadsDamagedDocumentsAsAnotherReaderDoes) {
  const std::string whole =
      R"({"resourceType": "Patient", "active": true, "x": null, "name": [{"given": ["Pet\u0065r", "Mar\ud83d\ude00ché"],)"
      R"( "_given": [null, {"id": "g-1"}]}], "n": [0, -1.50, 12e2, 7E-1], "e": {}, "l": [], "t": "a\\b\"c\/"})";
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return std::size_t{random()} % n; };
  constexpr std::string_view kBytes =
      "\"\\{}[]:,0123456789-+.eEtrufalsn \n\x01\x7F\xC3\xA9\xF0\xED\xFF";
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(text.size());
      const std::size_t kind = below(3);
      if (kind == 0) text.erase(at, 1 + below(4));
      if (kind == 1) text.insert(at, 1, kBytes[below(kBytes.size())]);
      if (kind == 2) text[at] = kBytes[below(kBytes.size())];
      if (text.empty()) break;
    }
    const auto expected = nlohmann::ordered_json::parse(text, nullptr, false);
    const std::string again = Again(text);
    ASSERT_EQ(again.starts_with("error"), expected.is_discarded()) << text << "\n" << again;
    if (expected.is_discarded()) continue;
    ++accepted;
    ASSERT_EQ(nlohmann::ordered_json::parse(again), expected) << text;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(JsonTree, WritesTextsThatAreNoUtf8) {
  std::string out;
  AppendJsonString("a\xFF\"\n\x1F\x7F é", out);
  EXPECT_EQ(out, "\"a\uFFFD\\\"\\n\\u001f\x7F é\"");
}

}  // namespace
}  // namespace clinnova::intake
