// SPDX-License-Identifier: Apache-2.0
#include "table/formula.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <random>
#include <sstream>

namespace clinnova::table {
namespace {

std::vector<std::string> Labels(const Formula& formula) {
  std::vector<std::string> labels;
  for (const Term& term : formula.terms()) labels.push_back(term.Text());
  return labels;
}

Formula MustParse(const std::string& text) {
  auto formula = Formula::Parse(text);
  EXPECT_TRUE(formula) << text << ": " << (formula ? "" : formula.error().message);
  return formula ? *formula : Formula();
}

std::string ErrorOf(const std::string& text) {
  const auto formula = Formula::Parse(text);
  if (formula) return "no error for " + text;
  EXPECT_EQ(formula.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(formula.error().message.find('\n'), std::string::npos);
  return formula.error().message;
}

using Strings = std::vector<std::string>;

TEST(Formula, ExpandsTermsAsRDoes) {
  std::ifstream file(std::string(CLINNOVA_TABLE_REFERENCE) + "/reference_terms.tsv");
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    Strings cells;
    std::stringstream split(line);
    for (std::string cell; std::getline(split, cell, '\t');) cells.push_back(cell);
    ASSERT_GE(cells.size(), 2U) << line;
    const Formula formula = MustParse(cells[0]);
    EXPECT_EQ(formula.intercept(), cells[1] == "1") << cells[0];
    EXPECT_EQ(Labels(formula), Strings(cells.begin() + 2, cells.end())) << cells[0];
    ++cases;
  }
  EXPECT_GT(cases, 90);
}

TEST(Formula, KnowsTheKindsOfVariables) {
  const Formula formula =
      MustParse("y ~ x + factor(g) + as.factor(h) + poly(x, 3, raw = TRUE) + ns(log(z), df = 4)");
  ASSERT_EQ(formula.terms().size(), 5U);
  const auto factor = [&](std::size_t i) { return formula.terms()[i].factors[0]; };
  EXPECT_EQ(factor(0).kind, TermFactor::Kind::kExpression);
  EXPECT_EQ(factor(1).kind, TermFactor::Kind::kFactor);
  EXPECT_EQ(factor(1).expression.name, "g");
  EXPECT_EQ(factor(2).kind, TermFactor::Kind::kFactor);
  EXPECT_EQ(factor(3).kind, TermFactor::Kind::kPolynomial);
  EXPECT_EQ(factor(3).degree, 3);
  EXPECT_EQ(factor(4).kind, TermFactor::Kind::kNaturalSpline);
  EXPECT_EQ(factor(4).degree, 4);
  EXPECT_EQ(factor(4).expression.Text(), "log(z)");
  EXPECT_EQ(factor(4).text, "ns(log(z), df = 4)");
}

TEST(Formula, ReadsNamedArgumentsInAnyOrder) {
  const Formula formula = MustParse("y ~ poly(raw = TRUE, degree = 2, x = age) + ns(df = 2, age)");
  EXPECT_EQ(formula.terms()[0].factors[0].degree, 2);
  EXPECT_EQ(formula.terms()[0].factors[0].expression.name, "age");
  EXPECT_EQ(formula.terms()[1].factors[0].degree, 2);
  EXPECT_EQ(formula.terms()[1].factors[0].expression.name, "age");
  EXPECT_EQ(formula.Columns(), (Strings{"y", "age"}));
}

TEST(Formula, ReadsResponses) {
  EXPECT_EQ(MustParse("~ a").response().kind, Response::Kind::kNone);
  EXPECT_EQ(MustParse("num > 0 ~ a").response().parts[0].Text(), "num > 0");
  EXPECT_EQ(MustParse("factor(y) ~ a").response().parts[0].Text(), "factor(y)");
  const Formula counts = MustParse("cbind(s, n - s) ~ a");
  EXPECT_EQ(counts.response().kind, Response::Kind::kCounts);
  EXPECT_EQ(counts.response().parts[1].Text(), "n - s");
  const Formula two = MustParse("Surv(t / 365.25, event == \"death\") ~ a");
  EXPECT_EQ(two.response().kind, Response::Kind::kSurvival);
  ASSERT_EQ(two.response().parts.size(), 2U);
  EXPECT_EQ(two.response().parts[0].Text(), "t/365.25");
  EXPECT_EQ(two.response().parts[1].Text(), "event == \"death\"");
  EXPECT_EQ(MustParse("Surv(start, stop, status) ~ 1").response().parts.size(), 3U);
}

TEST(Formula, LaysSpecialsAside) {
  const Formula formula = MustParse(
      "Surv(t, s) ~ a + strata(centre, sex) + offset(log(pt)) + cluster(id) + offset(z) + "
      "strata(drug)");
  EXPECT_EQ(Labels(formula), Strings{"a"});
  ASSERT_EQ(formula.strata().size(), 3U);
  EXPECT_EQ(formula.strata()[1].name, "sex");
  EXPECT_EQ(formula.strata()[2].name, "drug");
  ASSERT_EQ(formula.offsets().size(), 2U);
  EXPECT_EQ(formula.offsets()[0].Text(), "log(pt)");
  ASSERT_EQ(formula.clusters().size(), 1U);
  EXPECT_EQ(formula.clusters()[0].name, "id");
  EXPECT_EQ(formula.Columns(), (Strings{"t", "s", "a", "centre", "sex", "pt", "id", "z", "drug"}));
}

TEST(Formula, NeedsNoValueWhereALogicalMayBeKnownWithoutIt) {
  const Formula formula = MustParse("y ~ a + I(x > 5 & z < 3) + I(!(v | w)) + (a | g) + I(!u)");
  EXPECT_EQ(formula.Columns(), (Strings{"y", "a", "x", "z", "v", "w", "g", "u"}));
  EXPECT_EQ(formula.NeededColumns(), (Strings{"y", "a", "g", "u"}));
  EXPECT_EQ(MustParse("y ~ x + I(x & z)").NeededColumns(), (Strings{"y", "x"}));
  EXPECT_EQ(
      MustParse("(a | b) ~ x + ((c | e) == f) + (x + !(a | b) | g) + !(c | d)").NeededColumns(),
      (Strings{"x", "f", "g"}));
  EXPECT_EQ(MustParse("y ~ (1 | g) + (x || h)").NeededColumns(), (Strings{"y", "g", "x", "h"}));
}

TEST(Formula, BindsLogicalOperatorsAsR) {
  const auto text = [](const std::string& inside) {
    const Formula formula = MustParse("y ~ I(" + inside + ")");
    const std::function<std::string(const Expression&)> whole = [&](const Expression& e) {
      if (e.kind != Expression::Kind::kCall) return e.Text();
      std::string list;
      for (const Expression& argument : e.arguments)
        list += (list.empty() ? "" : " ") + whole(argument);
      return e.name + "[" + list + "]";
    };
    return whole(formula.terms()[0].factors[0].expression.arguments[0]);
  };
  EXPECT_EQ(text("a | b & c"), "|[a &[b c]]");
  EXPECT_EQ(text("!a > 1 & b"), "&[![>[a 1]] b]");
  EXPECT_EQ(text("a & !b == c + 1 | d"), "|[&[a ![==[b +[c 1]]]] d]");
  EXPECT_EQ(text("!!a"), "![![a]]");
  EXPECT_EQ(text("a != b"), "!=[a b]");
  EXPECT_EQ(text("1 + !a > 2"), "+[1 ![>[a 2]]]");
  EXPECT_EQ(Labels(MustParse("y ~ I(a>1&!b) + (c > 2 & d)")),
            (Strings{"I(a > 1 & !b)", "c > 2 & d"}));
}

TEST(Formula, ReadsKnots) {
  const Formula formula = MustParse("y ~ ns(x, knots = c(2, 1), Boundary.knots = c(9, -3))");
  const TermFactor& factor = formula.terms()[0].factors[0];
  EXPECT_EQ(factor.knots, (std::vector<double>{-3, 1, 2, 9}));
  EXPECT_EQ(factor.degree, 3);
  EXPECT_EQ(factor.text, "ns(x, knots = c(2, 1), Boundary.knots = c(9, -3))");
  EXPECT_EQ(formula.Columns(), (Strings{"y", "x"}));
  EXPECT_EQ(MustParse("y ~ ns(x, Boundary.knots = c(0, 1))").terms()[0].factors[0].degree, 1);
}

TEST(Formula, ReadsWhichKnotsAreToBeFound) {
  const auto factor = [](const std::string& term) {
    return MustParse("y ~ " + term).terms()[0].factors[0];
  };
  EXPECT_EQ(factor("bs(x)").kind, TermFactor::Kind::kBSpline);
  EXPECT_EQ(factor("bs(x)").degree, 3);
  EXPECT_EQ(factor("bs(x, 5, degree = 2)").degree, 5);
  EXPECT_EQ(factor("bs(x, 5, degree = 2)").spline_degree, 2);
  EXPECT_EQ(factor("bs(x, knots = c(4, 2))").degree, 5);
  EXPECT_EQ(factor("bs(x, knots = c(4, 2))").interior, (std::vector<double>{2, 4}));
  EXPECT_TRUE(factor("bs(x, knots = c(4, 2))").knots.empty());
  EXPECT_EQ(factor("ns(x, knots = 4)").degree, 2);
  EXPECT_EQ(factor("bs(x, Boundary.knots = c(1, 0))").knots, (std::vector<double>{0, 1}));
  EXPECT_EQ(factor("poly(x, 2)").kind, TermFactor::Kind::kOrthogonalPolynomial);
  EXPECT_EQ(factor("poly(x, 2, raw = F)").kind, TermFactor::Kind::kOrthogonalPolynomial);
  EXPECT_EQ(factor("poly(x, 2, raw = T)").kind, TermFactor::Kind::kPolynomial);
}

TEST(Formula, ReadsRandomEffects) {
  const Formula one = MustParse("y ~ x + (1 | site)");
  ASSERT_EQ(one.random().size(), 1U);
  EXPECT_TRUE(one.random()[0].intercept);
  EXPECT_TRUE(one.random()[0].terms.empty());
  EXPECT_EQ(one.random()[0].groups, Strings{"site"});
  EXPECT_EQ(Labels(one), Strings{"x"});

  const Formula slopes = MustParse("y ~ x + (1 + x | a/b) + (0 + z | site) - 1");
  ASSERT_EQ(slopes.random().size(), 2U);
  EXPECT_EQ(slopes.random()[0].terms[0].Text(), "x");
  EXPECT_EQ(slopes.random()[0].groups, (Strings{"a", "b"}));
  EXPECT_FALSE(slopes.random()[1].intercept);
  EXPECT_FALSE(slopes.intercept());
  EXPECT_EQ(slopes.Columns(), (Strings{"y", "x", "a", "b", "z", "site"}));

  // As lme4's expandDoubleVerts.
  const Formula apart = MustParse("y ~ x + z + (x + z || g)");
  ASSERT_EQ(apart.random().size(), 3U);
  EXPECT_TRUE(apart.random()[0].intercept);
  EXPECT_TRUE(apart.random()[0].terms.empty());
  EXPECT_FALSE(apart.random()[2].intercept);
  EXPECT_EQ(apart.random()[2].terms[0].Text(), "z");
  EXPECT_EQ(apart.random()[2].groups, Strings{"g"});
  EXPECT_EQ(MustParse("y ~ x + (0 + x || g)").random().size(), 1U);
}

TEST(Formula, KeepsColumnsOfRemovedTerms) {
  // R's model frame holds them too, and leaves out rows where they are missing.
  const Formula formula = MustParse("y ~ a + b - b");
  EXPECT_EQ(Labels(formula), Strings{"a"});
  EXPECT_EQ(formula.Columns(), (Strings{"y", "a", "b"}));
}

TEST(Formula, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(ErrorOf("y ~ a + )"),
            "formula: found \")\" at character 9 of \"y ~ a + )\", expected a variable");
  EXPECT_EQ(ErrorOf("y ~"),
            "formula: found the end at character 4 of \"y ~\", expected a variable");
  const struct {
    const char* text;
    const char* part;
  } cases[] = {
      {"", "found the end at character 1"},
      {"y", "expected \"~\""},
      {"y ~ a b", "found \"b\" at character 7"},
      {"y ~ a ~ b", "found \"~\" at character 7"},
      {"y ~ (a", "expected \")\""},
      {"y ~ .", "expected the variables by name"},
      {"y ~ . - a", "expected the variables by name"},
      {"y ~ log(.)", "expected the variables by name"},
      {"y ~ 2", "expected a variable, 0 or 1"},
      {"y ~ a + 3", "expected a variable, 0 or 1"},
      {"y ~ \"a\"", "expected a number or a column"},
      {"y ~ rcs(x)", "found \"rcs\" at character 5"},
      {"y ~ log(x, 2, 3)", "expected 1"},
      {"y ~ poly(x, 2, raw = 1)", "expected raw = TRUE or raw = FALSE"},
      {"y ~ poly(x, raw = TRUE)", "expected an argument degree"},
      {"y ~ poly(x, 2.5, raw = TRUE)", "degree as a whole number"},
      {"y ~ poly(x, 2, simple = TRUE)", "found \"simple = TRUE\""},
      {"y ~ poly(x, 2, 3, raw = TRUE)", "found \"3\""},
      {"y ~ ns(x)", "expected an argument df"},
      {"y ~ ns(x, df = 0)", "df as a whole number"},
      {"y ~ ns(x, 3, Boundary.knots = c(0, 9))", "either df or knots"},
      {"y ~ bs(x, 3, knots = 1)", "either df or knots"},
      {"y ~ bs(x, 2)", "df of at least the degree, 3"},
      {"y ~ bs(x, degree = 21)", "a degree of at most 20"},
      {"y ~ bs(x, degree = z)", "degree as a whole number"},
      {"y ~ bs(x, intercept = TRUE)", "bs(x, df, knots, Boundary.knots, degree)"},
      {"y ~ ns(x, df = 3, degree = 2)", "ns(x, df, knots, Boundary.knots)"},
      {"y ~ ns(x, knots = c(1, 1))", "each once"},
      {"y ~ ns(x, knots = c(1, z), Boundary.knots = c(0, 9))", "knots as numbers written out"},
      {"y ~ ns(x, knots = c(1, 9), Boundary.knots = c(0, 9))", "knots between the boundary knots"},
      {"y ~ ns(x, knots = c(1, 1), Boundary.knots = c(0, 9))", "knots between the boundary knots"},
      {"y ~ ns(x, knots = 1, Boundary.knots = c(0, 0))", "found \"c(0, 0)\""},
      {"y ~ ns(x, knots = 1, Boundary.knots = 9)", "expected Boundary.knots = c(low, high)"},
      {"y ~ ns(x, knots = c(), Boundary.knots = c())", "found \"c()\""},
      {"y ~ ns(x, intercept = TRUE)", "found \"intercept = TRUE\""},
      {"y ~ factor(log(x))", "factor() of one column's name"},
      {"y ~ factor(x, labels = 1)", "factor() of one column's name"},
      {"y ~ a^0", "whole number from 1 to 20"},
      {"y ~ a^b", "whole number from 1 to 20"},
      {"y ~ (a + b)^2.5", "whole number from 1 to 20"},
      {"y ~ a:1", "a variable on both sides"},
      {"y ~ x:offset(z)", "only where terms are added"},
      {"y ~ a*strata(g)", "only where terms are added"},
      {"y ~ a - offset(z)", "only where terms are added"},
      {"y ~ a - (1 | g)", "only where terms are added"},
      {"y ~ a:(1 | g)", "only where terms are added"},
      {"y ~ 1 | g", "parentheses around a random effect"},
      {"y ~ (1 | a:b)", "a grouping column"},
      {"y ~ (1 | log(g))", "a grouping column"},
      {"y ~ (offset(x) | g)", "only where terms are added"},
      {"y ~ ((1 | h) | g)", "only where terms are added"},
      {"y ~ strata(log(g))", "expected a column's name"},
      {"y ~ strata()", "strata() of columns"},
      {"y ~ offset(a, b)", "offset() of one argument"},
      {"y ~ cluster(id, id2)", "cluster() of one argument"},
      {"y ~ y + a", "a variable other than the response"},
      {"log(y) ~ a*log(y)", "a variable other than the response"},
      {"Surv(t) ~ a", "Surv(time, status)"},
      {"Surv(a, b, c, d) ~ a", "Surv(time, status)"},
      {"cbind(a) ~ b", "cbind(successes, failures)"},
      {"I(sex < \"F\") ~ a", "only where == or !="},
      {"(\"a\" == \"b\") ~ a", "only where == or !="},
      {"y ~ I(a:b)", "found \":\""},
      {"y ~ I(a || b)", "expected |, which looks at every row"},
      {"y ~ I(a && b)", "expected &, which looks at every row"},
      {"y ~ (a > 1 | b > 2)", "a logical or stands in I()"},
      {"y ~ I(a &)", "found \")\""},
      {"y ~ I(!)", "found \")\""},
      {"y ~ I(a ! b)", "found \"!\""},
      {"y ~ I(a & \"F\")", "expected a number or a column"},
      {"y ~ 'a", "expected a closing quote"},
      {"y ~ `a", "expected a closing quote"},
      {"y ~ ``", "expected a column's name"},
      {"y ~ 1x", "expected a number"},
      {"y ~ I(x^1e)", "expected a number"},
      {"y ~ log(a,)", "found \")\""},
      {"y ~ log(=a)", "found \"=\""},
      {"y ~ I(a %in% b)", "found \"%in%\""},
      {"y ~ a %in% 1", "a variable on both sides of \"%in%\""},
      {"y ~ relevel(g, ref = 'b')", "the levels' order in the study's [[column]] levels"},
      {"y ~ factor(g, levels = 'b')", "the levels' order in the study's [[column]] levels"},
      {"y ~ cut(a, 3)", "expected a comparison such as I(x > 3)"},
      {"y ~ scale(a)", "expected numbers written out"},
      {"y ~ interaction(a, b)", "expected a:b"},
      {"y ~ rcs(a, 4)",
       "expected ns(x, df = k), bs(x, df = k), either with knots = c(…), or poly("},
      {"y ~ log(a, b)", "a number as base"},
      {"y ~ log(a, 1)", "a number as base"},
      {"y ~ log(a, bass = 2)", "expected log(x, base)"},
      {"y ~ log(base = 2, a)", "a number as base"},
      {"y ~ log(x = a, base = 2)", "a number as base"},
      {"y ~ log(x = a, 2)", "expected log(x, base)"},
      {"y ~ round(a, 1)", "expected 1"},
      {"y ~ pmin(a)", "found \"pmin\""},
      {"y ~ _a", "found \"_\""},
  };
  for (const auto& c : cases) {
    const std::string message = ErrorOf(c.text);
    EXPECT_NE(message.find(c.part), std::string::npos) << c.text << " -> " << message;
  }
}

TEST(Formula, RefusesWhatWouldExhaustMemoryOrStack) {
  EXPECT_NE(ErrorOf("y ~ " + std::string(100000, '(')).find("nested"), std::string::npos);
  EXPECT_NE(ErrorOf("y ~ " + std::string(100000, '-') + "a").find("fewer"), std::string::npos);
  std::string power = "y ~ I(a";
  for (int i = 0; i < 1000; ++i) power += "^a";
  EXPECT_NE(ErrorOf(power + ")").find("fewer powers"), std::string::npos);
  std::string wide = "y ~ (v0";
  for (int i = 1; i < 200; ++i) wide += " + v" + std::to_string(i);
  EXPECT_NE(ErrorOf(wide + ")^20").find("expected fewer"), std::string::npos);
  std::string chain = "y ~ a";
  for (int i = 0; i < 20000; ++i) chain += "+a";
  EXPECT_NE(ErrorOf(chain).find("symbols"), std::string::npos);
}

TEST(Formula, TakesThousandsOfCovariates) {
  std::string text = "y ~ x0";
  for (int i = 1; i < 3000; ++i) text += " + x" + std::to_string(i);
  const Formula formula = MustParse(text);
  EXPECT_EQ(formula.terms().size(), 3000U);
  EXPECT_EQ(formula.Columns().size(), 3001U);
}

TEST(Formula, RefusesOperationsTooDeepWithinOneAnother) {
  const auto repeat = [](const std::string& part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  EXPECT_EQ(MustParse("y ~ I(a" + repeat(" + 1", 400) + ")").terms().size(), 1U);
  EXPECT_EQ(MustParse("y ~ a" + repeat("*a", 400)).terms().size(), 1U);
  for (const std::string& text :
       {"y ~ I(a" + repeat("+1", 4000) + ")", "y ~ a" + repeat("*a", 4000),
        "y ~ a" + repeat(":a", 4000), "y" + repeat("+y", 4000) + " ~ a",
        "y ~ poly(x, 1" + repeat("+1", 4000) + ", raw = TRUE)",
        "y ~ b + (1 | g" + repeat("/h", 4000) + ")", "y ~ a" + repeat("/a", 4000)}) {
    EXPECT_NE(ErrorOf(text).find("fewer operations within one another"), std::string::npos);
  }
  EXPECT_EQ(MustParse("y ~ (a" + repeat(" + a", 4000) + ") - (b" + repeat(" - b", 400) + ")")
                .terms()
                .size(),
            1U);
}

TEST(Formula, ReadsTheResponseAsAFactorWhereAsked) {
  const auto response = [](const std::string& text) {
    return MustParse(text).WithFactorResponse().response().parts[0].Text();
  };
  EXPECT_EQ(response("y ~ a"), "factor(y)");
  EXPECT_EQ(response("factor(y) ~ a"), "factor(y)");
  EXPECT_EQ(response("log(y) ~ a"), "log(y)");
}

TEST(Formula, ReadsStrataAsClustersWhereAsked) {
  const Formula formula = MustParse("y ~ a + strata(g, h) + cluster(id)").WithStrataAsClusters();
  EXPECT_TRUE(formula.strata().empty());
  ASSERT_EQ(formula.clusters().size(), 3U);
  EXPECT_EQ(formula.clusters()[0].name, "id");
  EXPECT_EQ(formula.clusters()[2].name, "h");
  EXPECT_EQ(formula.text(), "y ~ a + strata(g, h) + cluster(id)");
}

TEST(Formula, SurvivesRandomText) {
  const Strings pieces = {
      "y",        "~",     "a",   "b",       "+",     "-",     "*",
      ":",        "^",     "(",   ")",       "1",     "0",     "2",
      "log(",     "I(",    ",",   "factor(", "/",     "|",     "strata(",
      "==",       "\"t\"", "ns(", "df",      "=",     "3",     "offset(",
      " ",        "poly(", "raw", "TRUE",    "`q r`", "Surv(", "cbind(",
      "cluster(", "<",     ".",   "é",       "\\",    "'",     "%in%",
      "&",        "!",     "||",  "bs(",     "knots", "c(",    "Boundary.knots"};
  std::mt19937 random(20240117);
  int parsed = 0;
  for (int i = 0; i < 60000; ++i) {
    std::string text = i % 2 == 0 ? "y ~ a" : "";
    const unsigned length = random() % 14;
    for (unsigned k = 0; k < length; ++k) text += pieces[random() % pieces.size()];
    const auto formula = Formula::Parse(text);
    if (!formula) {
      ASSERT_EQ(formula.error().message.rfind("formula: found ", 0), 0U) << text;
      continue;
    }
    ++parsed;
    // The terms' texts make a formula with the same terms.
    std::string again = "~ " + std::string(formula->intercept() ? "1" : "0");
    for (const Term& term : formula->terms()) {
      for (std::size_t k = 0; k < term.factors.size(); ++k) {
        again += (k == 0 ? " + (" : ":(") + term.factors[k].text + ")";
      }
    }
    const auto second = Formula::Parse(again);
    ASSERT_TRUE(second) << text << " -> " << again << ": " << second.error().message;
    EXPECT_EQ(Labels(*second), Labels(*formula)) << text << " -> " << again;
    EXPECT_EQ(second->intercept(), formula->intercept()) << text;
  }
  EXPECT_GT(parsed, 2000);
}

TEST(Formula, SurvivesRandomBytes) {
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    std::string text = "y~";
    const unsigned length = random() % 24;
    for (unsigned k = 0; k < length; ++k) text += static_cast<char>(random() % 256);
    const auto formula = Formula::Parse(text);
    if (!formula) {
      EXPECT_EQ(formula.error().message.find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace clinnova::table
