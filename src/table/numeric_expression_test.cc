// SPDX-License-Identifier: Apache-2.0
#include "table/numeric_expression.h"

#include <gtest/gtest.h>

#include <cmath>

#include "table/design.h"
#include "table/table_fixture.h"

namespace clinnova::table {
namespace {

using Doubles = std::vector<double>;

Table Numbers() {
  return MakeTable({{"x", Doubles{4, 9, -1, kNa, 0}},
                    {"z", Doubles{2, 0.5, 3, 1, 0}},
                    {"g", {"a", "b", "", "a", "b"}},
                    {"t", {"TRUE", "FALSE", "", "T", "F"}}});
}

Expression Parse(const std::string& text) {
  const auto formula = Formula::Parse("~ offset(" + text + ")");
  EXPECT_TRUE(formula) << (formula ? "" : formula.error().message);
  return formula->offsets()[0];
}

Doubles Evaluate(const std::string& text, std::size_t first = 0) {
  const Table table = Numbers();
  const auto bound = NumericExpression::Bind(Parse(text), table.schema);
  if (!bound) throw std::runtime_error(bound.error().message);
  Doubles scratch(bound->ScratchSize());
  Doubles result(table.rows - first);
  bound->Evaluate(table, first, result.size(), scratch.data(), result.data());
  return result;
}

/// Equal, and missing where the other is missing.
void ExpectSame(const Doubles& found, const Doubles& expected, const std::string& text) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(found[i])) << text << " row " << i;
    } else if (std::isinf(expected[i])) {
      EXPECT_EQ(found[i], expected[i]) << text << " row " << i;
    } else {
      EXPECT_NEAR(found[i], expected[i], 1e-15 * std::max(1.0, std::fabs(expected[i])))
          << text << " row " << i;
    }
  }
}

TEST(NumericExpression, ComputesAsR) {
  const double inf = std::numeric_limits<double>::infinity();
  const struct {
    const char* text;
    Doubles expected;
  } cases[] = {
      {"x", {4, 9, -1, kNa, 0}},
      {"log(x, 2)", {2, std::log2(9.0), kNa, kNa, -inf}},
      {"log(x, base = 10)", {std::log10(4.0), std::log10(9.0), kNa, kNa, -inf}},
      {"log(x, 3)", {std::log(4.0) / std::log(3.0), 2, kNa, kNa, -inf}},
      {"pmin(x, z)", {2, 0.5, -1, kNa, 0}},
      {"pmax(x, z, 3)", {4, 9, 3, kNa, 3}},
      {"floor(z / 4)", {0, 0, 0, 0, 0}},
      {"ceiling(z / 4)", {1, 1, 1, 1, 0}},
      {"trunc(-z)", {-2, 0, -3, -1, 0}},
      {"round(z)", {2, 0, 3, 1, 0}},
      {"as.integer(-z)", {-2, 0, -3, -1, 0}},
      {"as.numeric(x > 3)", {1, 1, 0, kNa, 0}},
      {"x + z * 2", {8, 10, 5, kNa, 0}},
      {"(x + z) * 2", {12, 19, 4, kNa, 0}},
      {"x - z - 1", {1, 7.5, -5, kNa, -1}},
      {"x - (z - 1)", {3, 9.5, -3, kNa, 1}},
      {"x / z", {2, 18, -1.0 / 3, kNa, kNa}},
      {"1 / x", {0.25, 1.0 / 9, -1, kNa, inf}},
      {"x^2", {16, 81, 1, kNa, 0}},
      {"-x^2", {-16, -81, -1, kNa, -0.0}},
      {"2^-z", {0.25, std::pow(2, -0.5), 0.125, 0.5, 1}},
      {"2^z^2", {16, std::pow(2, 0.25), 512, 2, 1}},
      {"+x", {4, 9, -1, kNa, 0}},
      {"I(x)", {4, 9, -1, kNa, 0}},
      {"sqrt(x)", {2, 3, kNa, kNa, 0}},
      {"log(x)", {std::log(4.0), std::log(9.0), kNa, kNa, -inf}},
      {"log2(z)", {1, -1, std::log2(3.0), 0, -inf}},
      {"log10(z * 50)", {2, std::log10(25.0), std::log10(150.0), std::log10(50.0), -inf}},
      {"log1p(z)", {std::log1p(2.0), std::log1p(0.5), std::log1p(3.0), std::log1p(1.0), 0}},
      {"exp(z)", {std::exp(2.0), std::exp(0.5), std::exp(3.0), std::exp(1.0), 1}},
      {"abs(x)", {4, 9, 1, kNa, 0}},
      {"x > 3", {1, 1, 0, kNa, 0}},
      {"x >= 4", {1, 1, 0, kNa, 0}},
      {"x < z", {0, 0, 1, kNa, 0}},
      {"x <= 0", {0, 0, 1, kNa, 1}},
      {"x == z", {0, 0, 0, kNa, 1}},
      {"x != z", {1, 1, 1, kNa, 0}},
      {"x == \"9\"", {0, 1, 0, kNa, 0}},
      {"g == \"a\"", {1, 0, kNa, 1, 0}},
      {"\"a\" == g", {1, 0, kNa, 1, 0}},
      {"g != 'a'", {0, 1, kNa, 0, 1}},
      {"(g == \"b\") * z", {0, 0.5, kNa, 0, 0}},
      {"t * 2", {2, 0, kNa, 2, 0}},
      {"t == TRUE", {1, 0, kNa, 0, 0}},
      {"TRUE + 1", {2, 2, 2, 2, 2}},
      {"7", {7, 7, 7, 7, 7}},
  };
  for (const auto& c : cases) ExpectSame(Evaluate(c.text), c.expected, c.text);
}

TEST(NumericExpression, BeginsAtAnyRow) {
  ExpectSame(Evaluate("x + z", 1), {9.5, 2, kNa, 0}, "x + z");
  ExpectSame(Evaluate("g == \"b\"", 4), {1}, "g");
}

TEST(NumericExpression, KnowsAPlainColumn) {
  const Table table = Numbers();
  EXPECT_EQ(NumericExpression::Bind(Parse("z"), table.schema)->PlainColumn(), 1U);
  EXPECT_EQ(NumericExpression::Bind(Parse("(z)"), table.schema)->PlainColumn(), 1U);
  EXPECT_FALSE(NumericExpression::Bind(Parse("z + 0"), table.schema)->PlainColumn());
  EXPECT_FALSE(NumericExpression::Bind(Parse("t"), table.schema)->PlainColumn());
  EXPECT_FALSE(NumericExpression::Bind(Parse("1"), table.schema)->PlainColumn());
}

TEST(NumericExpression, RefusesFactorsAndUnknownNames) {
  const Table table = Numbers();
  const auto error = [&](const std::string& text) {
    const auto bound = NumericExpression::Bind(Parse(text), table.schema);
    return bound ? "no error" : bound.error().message;
  };
  EXPECT_EQ(error("g + 1"), "column \"g\": found a factor (a, b), expected a number");
  EXPECT_EQ(error("g == x"), "column \"g\": found a factor (a, b), expected a number");
  EXPECT_EQ(error("g == \"c\""),
            "column \"g\": found \"c\" in the formula, expected one of its levels: a, b");
  EXPECT_EQ(error("x == \"c\""), "formula: found \"c\" compared with a number, expected a number");
  EXPECT_EQ(error("q"), "column \"q\": not in the table, expected one of: x, z, g, t, site");
}

}  // namespace
}  // namespace clinnova::table
