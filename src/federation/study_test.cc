// SPDX-License-Identifier: Apache-2.0
#include "federation/study.h"

#include <gtest/gtest.h>

namespace clinnova::federation {
namespace {

constexpr std::string_view kStudy = R"(
[study]
title = "Response"
purpose = "Which drug"
sites = ["a", "b", "c"]

[[column]]
name = "drug"
levels = ["x", "y"]

[[analysis]]
name = "response"
method = "glm"
formula = "y ~ drug"
folds = 5
alpha = 0.5
)";

std::string With(std::string_view from, std::string_view to) {
  std::string text(kStudy);
  const std::size_t at = text.find(from);
  return text.replace(at, from.size(), to);
}

TEST(Study, ReadsWhatWasWritten) {
  const auto study = Study::FromToml(kStudy, "s.toml");
  ASSERT_TRUE(study) << study.error().message;
  EXPECT_EQ(study->title(), "Response");
  EXPECT_EQ(study->minimum_sites(), 3);
  EXPECT_EQ(study->minimum_count(), 5);
  EXPECT_TRUE(study->secure_sum());
  ASSERT_EQ(study->analyses().size(), 1u);
  EXPECT_EQ(*study->analyses()[0].Text("formula"), "y ~ drug");
  EXPECT_EQ(*study->analyses()[0].Integer("folds", 1), 5);
  EXPECT_FALSE(study->analyses()[0].Integer("alpha", 1));
  EXPECT_EQ(study->columns()[0].levels, (std::vector<std::string>{"x", "y"}));
}

TEST(Study, HashDependsOnMeaningNotOnLayout) {
  const auto a = Study::FromToml(kStudy, "a.toml");
  const auto b =
      Study::FromToml(With("title = \"Response\"", "title   =  \"Response\" # same"), "b.toml");
  const auto c = Study::FromToml(With("y ~ drug", "y ~ drug + age"), "c.toml");
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(a->hash(), b->hash());
  EXPECT_NE(a->hash(), c->hash());
  const auto back = Study::FromCanonicalJson(a->canonical_json());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->hash(), a->hash());
  EXPECT_FALSE(Study::FromCanonicalJson(" " + a->canonical_json()));
}

TEST(Study, NamesFileLineAndKeyOfWhatIsWrong) {
  struct Case {
    std::string from, to, message;
  };
  const std::vector<Case> cases = {
      {"purpose", "purpsoe", "s.toml:4: study.purpsoe: unknown key, expected one of minimum_sites"},
      {"title = \"Response\"", "titel = \"Response\"", "s.toml:3: study.titel: unknown key, "},
      {"title = \"Response\"", "", "s.toml:2: study.title: found nothing, expected a text"},
      {"title = \"Response\"", "title = 3", "s.toml:3: study.title: found 3, expected a text"},
      {"[[column]]", "[[colum]]", "s.toml:7: colum: unknown key, expected one of study"},
      {"levels = [\"x\", \"y\"]", "levels = [\"x\", \"x\"]",
       "s.toml:9: column[0].levels: a level stands twice"},
      {"method = \"glm\"", "", "s.toml:11: analysis[0].method: found nothing, expected a text"},
      {"sites = [\"a\"", "sites = [\"b\"", "s.toml:5: study.sites: a site stands twice"},
      {"[study]", "[study", "s.toml:2: "},
  };
  for (const Case& c : cases) {
    const auto study = Study::FromToml(With(c.from, c.to), "s.toml");
    ASSERT_FALSE(study) << c.to;
    EXPECT_EQ(study.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(study.error().message.substr(0, c.message.size()), c.message);
  }
}

TEST(Analysis, FindsAnotherOfItsStudy) {
  const auto study = Study::FromToml(std::string(kStudy) + R"(
[[analysis]]
name = "pooled"
method = "meta"
analysis = "response"
itself = "pooled"
)",
                                     "s.toml");
  ASSERT_TRUE(study);
  const Analysis& pooled = study->analyses()[1];
  const auto other = pooled.Other("analysis");
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->method(), "glm");
  EXPECT_EQ(*other->Text("formula"), "y ~ drug");
  EXPECT_EQ(pooled.Other("itself").error().message,
            "analysis \"pooled\": itself: found \"pooled\", expected another analysis of the "
            "study: response");
  EXPECT_TRUE(study->analyses()[0].Earlier().empty());
  ASSERT_EQ(pooled.Earlier().size(), 1U);
  EXPECT_EQ(pooled.Earlier()[0].name(), "response");
}

TEST(Analysis, RefusesAnUnknownOption) {
  const auto study = Study::FromToml(kStudy, "s.toml");
  ASSERT_TRUE(study);
  const std::string_view known[] = {"formula", "folds"};
  const auto checked = study->analyses()[0].CheckKeys(known);
  ASSERT_FALSE(checked);
  EXPECT_EQ(
      checked.error().message,
      "analysis \"response\": alpha: unknown option of method glm, expected one of formula, folds");
}

TEST(Study, ReadsThresholdsStrictly) {
  const auto with = [](const std::string& privacy) {
    return Study::FromToml("[study]\ntitle = \"t\"\n[privacy]\n" + privacy +
                               "\n[[analysis]]\nname = \"a\"\nmethod = \"glm\"\n",
                           "s.toml");
  };
  EXPECT_EQ(with("contributors = 3")->limits().contributors, 3);
  EXPECT_EQ(with("epsilon = 0.0")->limits(), Unlimited());
  const auto wrong = with("leverage = 1.5");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "s.toml:4: privacy.leverage: found 1.5, expected 0.0 to 1.0");
  EXPECT_FALSE(with("leverage = \"low\""));
  EXPECT_FALSE(with("leverages = 0.5"));
}

TEST(Study, WritesOutTheDotOfFormulas) {
  const std::string analyses =
      "[[analysis]]\nname = \"a\"\nmethod = \"glm\"\nformula = \"y ~ .\"\n"
      "[[analysis]]\nname = \"b\"\nmethod = \"meta\"\nanalysis = \"a\"\n";
  const auto plain = Study::FromToml("[study]\ntitle = \"t\"\n" + analyses, "s.toml");
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->NeedsColumns());
  const auto written = plain->WithColumns({"y", "age", "site"});
  ASSERT_TRUE(written);
  EXPECT_FALSE(written->NeedsColumns());
  EXPECT_EQ(written->analyses()[0].Text("formula").value_or(""), "y ~ (age)");
  EXPECT_EQ(written->analyses()[1].Other("analysis")->Text("formula").value_or(""), "y ~ (age)");
  EXPECT_EQ(written->hash(), plain->hash());  // what was signed is what was written
  const auto none = plain->WithColumns({"y"});
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().message.starts_with("analysis \"a\": formula: found \".\""));
  // A study that declares its variables says itself what its columns are.
  const auto declared = Study::FromToml(
      "[study]\ntitle = \"t\"\n[[variable]]\nname = \"y\"\nfeature = \"f\"\n[[variable]]\nname = "
      "\"crp\"\nfeature = \"g\"\n" +
          analyses,
      "s.toml");
  ASSERT_TRUE(declared);
  EXPECT_EQ(declared->analyses()[0].Text("formula").value_or(""), "y ~ (crp)");
  const auto again = Study::FromCanonicalJson(declared->canonical_json());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->analyses()[0].Text("formula").value_or(""), "y ~ (crp)");
}

}  // namespace
}  // namespace clinnova::federation
