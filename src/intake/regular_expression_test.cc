// SPDX-License-Identifier: Apache-2.0
#include "intake/regular_expression.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

using Where = RegularExpression::Where;

bool Matches(const char* pattern, std::string_view text, Where where = Where::kAnywhere) {
  const auto compiled = RegularExpression::Compile(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern;
  const auto found = compiled->Matches(text, where);
  EXPECT_TRUE(found.has_value()) << pattern;
  return *found;
}

TEST(RegularExpression, MatchesAnywhereOrTheWhole) {
  EXPECT_TRUE(Matches("[0-9]+", "a1"));
  EXPECT_FALSE(Matches("[0-9]+", "a1", Where::kWhole));
  EXPECT_TRUE(Matches("a|ab", "ab", Where::kWhole)) << "the shorter branch is not the end of it";
  EXPECT_TRUE(Matches("^.{3}$", "a\nb")) << "the dot matches a line end";
  EXPECT_TRUE(Matches("^.$", "\xC3\xA9")) << "one character of two bytes";
  EXPECT_TRUE(Matches("^\\d{3}(?=x)", "123x"));
}

TEST(RegularExpression, ReplacesWithGroups) {
  const auto date = RegularExpression::Compile("(?<month>\\d+)/(\\d+)/(\\d+)");
  EXPECT_EQ(date->Replace("on 11/30/1972, 1/2/2003", "$3-$1-${2}").value(),
            "on 1972-11-30, 2003-1-2");
  EXPECT_EQ(date->Replace("11/30/1972", "${month}$$").value(), "11$");
  EXPECT_EQ(
      RegularExpression::Compile("x")->Replace(std::string(9, 'x'), std::string(100, 'y')).value(),
      std::string(900, 'y'))
      << "longer than the first guess";
  EXPECT_FALSE(date->Replace("11/30/1972", "${").has_value());
}

TEST(RegularExpression, SaysWhatIsWrongWithAPattern) {
  const auto wrong = RegularExpression::Compile("a(b");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(wrong.error().message.find("at byte 3"), std::string::npos) << wrong.error().message;
}

TEST(RegularExpression, GivesUpWhatWouldNotEnd) {
  const auto slow = RegularExpression::Compile("^(a+)+$");
  EXPECT_FALSE(slow->Matches(std::string(60, 'a') + "b", Where::kAnywhere).has_value());
  EXPECT_TRUE(Matches("(a|b)*", std::string(200'000, 'a'))) << "deep, but no deep stack";
  EXPECT_FALSE(RegularExpression::Compile("a")->Matches("\xFF", Where::kAnywhere).has_value());
}

}  // namespace
}  // namespace clinnova::intake
