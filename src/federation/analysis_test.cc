// SPDX-License-Identifier: Apache-2.0
#include "federation/analysis.h"

#include <gtest/gtest.h>

#include "federation/counting_fixture.h"

namespace clinnova::federation {
namespace {

Analysis With(const std::string& options) { return CountingStudy(options).analyses()[0]; }

TEST(Analysis, ReadsOptionsOfEveryKind) {
  const Analysis a = With(
      "text = \"t\"\nnumber = 0.5\nwhole = 3\nflag = true\ntexts = [\"u\", \"v\"]\nnumbers = [1, "
      "2.5]\n");
  EXPECT_EQ(*a.Text("text"), "t");
  EXPECT_EQ(*a.Number("number", 9), 0.5);
  EXPECT_EQ(*a.Number("whole", 9), 3);
  EXPECT_EQ(*a.Integer("whole", 9), 3);
  EXPECT_TRUE(*a.Flag("flag", false));
  EXPECT_EQ(*a.Texts("texts"), (std::vector<std::string>{"u", "v"}));
  EXPECT_EQ(*a.Texts("text"), (std::vector<std::string>{"t"}));
  EXPECT_EQ(*a.Numbers("numbers"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(*a.Numbers("number"), (std::vector<double>{0.5}));
}

TEST(Analysis, FallsBackOnDefaults) {
  const Analysis a = With("");
  EXPECT_EQ(*a.Text("text", "d"), "d");
  EXPECT_EQ(*a.Number("number", 9), 9);
  EXPECT_EQ(*a.Integer("whole", 9), 9);
  EXPECT_TRUE(*a.Flag("flag", true));
  EXPECT_EQ(*a.Texts("texts", {"w"}), (std::vector<std::string>{"w"}));
  EXPECT_EQ(*a.Numbers("numbers", {7}), (std::vector<double>{7}));
  constexpr std::string_view kWords[] = {"first", "second"};
  EXPECT_EQ(*a.Choice("choice", kWords), "first");
  EXPECT_EQ(a.Text("text").error().message, "analysis \"a\": text: found nothing, expected a text");
}

TEST(Analysis, SaysWhatItFoundAndExpected) {
  const Analysis a = With("v = [1, \"x\"]\nword = \"third\"\nhalf = 0.5\n");
  EXPECT_EQ(a.Number("word", 0).error().message,
            "analysis \"a\": word: found \"third\", expected a number");
  EXPECT_EQ(a.Text("half").error().message, "analysis \"a\": half: found 0.5, expected a text");
  EXPECT_EQ(a.Integer("half", 0).error().message,
            "analysis \"a\": half: found 0.5, expected a whole number");
  EXPECT_EQ(a.Flag("half", false).error().message,
            "analysis \"a\": half: found 0.5, expected true or false");
  EXPECT_FALSE(a.Texts("v"));
  EXPECT_FALSE(a.Numbers("v"));
  constexpr std::string_view kWords[] = {"first", "second"};
  EXPECT_EQ(a.Choice("word", kWords).error().message,
            "analysis \"a\": word: found \"third\", expected one of first, second");
}

TEST(Analysis, ChecksWhatAllMethodsShare) {
  EXPECT_TRUE(With("conf_level = 0.9\nna = \"omit\"\n").CheckKeys({}));
  for (const char* wrong : {"conf_level = 0\n", "conf_level = 1\n", "conf_level = \"high\"\n",
                            "na = \"keep\"\n", "unheard = 1\n"}) {
    const auto checked = With(wrong).CheckKeys({});
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace clinnova::federation
