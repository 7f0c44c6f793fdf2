// SPDX-License-Identifier: Apache-2.0
#include "table/formula_dot.h"

#include <gtest/gtest.h>

#include "table/formula.h"

namespace clinnova::table {
namespace {

std::string Expanded(const std::string& formula) {
  const auto text = WithoutDot(formula, {"y", "a", "odd name", "site", "b"});
  EXPECT_TRUE(text) << formula;
  return text.value_or("");
}

TEST(FormulaDot, StandsForAllOtherColumns) {
  EXPECT_EQ(Expanded("y ~ ."), "y ~ (a + `odd name` + b)");
  EXPECT_EQ(Expanded("log(y) ~ . - a"), "log(y) ~ (a + `odd name` + b) - a");
  EXPECT_EQ(Expanded("Surv(a, b) ~ .^2 + y:."),
            "Surv(a, b) ~ (y + `odd name`)^2 + y:(y + `odd name`)");
  EXPECT_EQ(Expanded("~ (.) %in% b"), "~ ((y + a + `odd name` + b)) %in% b");
  EXPECT_EQ(Expanded("y ~ -."), "y ~ -(a + `odd name` + b)");
}

TEST(FormulaDot, HasTheTermsOfR) {
  // R: attr(terms(y ~ a + .^2 - a:b, data = data.frame(y, a, b)), "term.labels"): "a" "b"
  const auto formula = Formula::Parse(*WithoutDot("y ~ b + .^2 - a:b", {"y", "a", "b"}));
  ASSERT_TRUE(formula);
  ASSERT_EQ(formula->terms().size(), 2U);
  EXPECT_EQ(formula->terms()[0].Text(), "b");
  EXPECT_EQ(formula->terms()[1].Text(), "a");
}

TEST(FormulaDot, IsLeftInsideAFunction) {
  for (const char* formula : {"y ~ log(.)", "y ~ a + I(.^2)", "y ~ (. | g)", "y ~ offset(.)"}) {
    EXPECT_EQ(Expanded(formula), formula);
    EXPECT_FALSE(Formula::Parse(formula)) << formula;
  }
  EXPECT_EQ(Expanded("y ~ .x + a.b"), "y ~ .x + a.b");
  EXPECT_EQ(Expanded("y ~ ."
                     "+"),
            "y ~ .+");  // does not parse
}

TEST(FormulaDot, RefusesAnEmptySum) {
  const auto text = WithoutDot("y ~ .", {"y", "site"});
  ASSERT_FALSE(text);
  EXPECT_EQ(
      text.error().message,
      "formula: found \".\" at character 5 of \"y ~ .\", expected columns besides those on the "
      "left of ~");
}

}  // namespace
}  // namespace clinnova::table
