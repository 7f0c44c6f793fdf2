// SPDX-License-Identifier: Apache-2.0
#include "table/design.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "core/archive.h"
#include "core/check.h"
#include "table/table_fixture.h"

namespace clinnova::table {
namespace {

using Strings = std::vector<std::string>;
using Doubles = std::vector<double>;

Result<Design> Make(const std::string& formula, const Table& table,
                    const DesignOptions& options = {}, const DesignFacts& facts = {}) {
  CLINNOVA_ASSIGN(const Formula parsed, Formula::Parse(formula));
  return Design::Create(parsed, table.schema, options, facts);
}

struct Evaluated {
  Design design;
  DesignBatch batch;
  Doubles column(std::size_t c) const {
    const auto begin = batch.x.begin() + static_cast<std::ptrdiff_t>(c * kBatchRows);
    return Doubles(begin, begin + static_cast<std::ptrdiff_t>(batch.rows));
  }
  Doubles response(std::size_t i) const {
    return Doubles(batch.response[i].begin(),
                   batch.response[i].begin() + static_cast<std::ptrdiff_t>(batch.rows));
  }
};

Evaluated Evaluate(const std::string& formula, const Table& table,
                   const DesignOptions& options = {}, const DesignFacts& facts = {}) {
  auto design = Make(formula, table, options, facts);
  if (!design) throw std::runtime_error(formula + ": " + design.error().message);
  Evaluated result{std::move(*design), {}};
  result.design.Evaluate(table, 0, table.rows, result.batch);
  return result;
}

std::string ErrorOf(const std::string& formula, const Table& table,
                    const DesignOptions& options = {}, const DesignFacts& facts = {}) {
  const auto design = Make(formula, table, options, facts);
  if (design) return "no error";
  EXPECT_EQ(design.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(design.error().message.find('\n'), std::string::npos);
  return design.error().message;
}

Table Patients() {
  return MakeTable({{"time", Doubles{5, 3, 8, 1, 9}},
                    {"status", Doubles{1, 0, 1, 1, 0}},
                    {"event", {"death", "relapse", "death", "", "censored"}},
                    {"age", Doubles{60, 50, kNa, 30, 20}},
                    {"sex", {"F", "M", "M", "F", "F"}},
                    {"dead", {"TRUE", "FALSE", "FALSE", "TRUE", "TRUE"}},
                    {"w", Doubles{1, 2, 0, 0.5, 3}},
                    {"centre", {"x", "y", "x", "z", "z"}},
                    {"id", Doubles{101, 102, 103, 104, -0.0}}});
}

TEST(Design, CompactsCompleteCases) {
  const auto run = Evaluate("time ~ age + sex", Patients());
  EXPECT_EQ(run.design.names(), (Strings{"(Intercept)", "age", "sexM"}));
  EXPECT_EQ(run.design.assign(), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(run.batch.rows, 4U);
  EXPECT_EQ(run.batch.missing, 1U);
  EXPECT_EQ(run.batch.source_row, (std::vector<std::uint32_t>{0, 1, 3, 4}));
  EXPECT_EQ(run.column(0), (Doubles{1, 1, 1, 1}));
  EXPECT_EQ(run.column(1), (Doubles{60, 50, 30, 20}));
  EXPECT_EQ(run.column(2), (Doubles{0, 1, 0, 0}));
  EXPECT_EQ(run.response(0), (Doubles{5, 3, 1, 9}));
  for (std::size_t r = 4; r < 8; ++r) {
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(run.batch.x[c * kBatchRows + r], 0);
    EXPECT_EQ(run.batch.weights[r], 0);
    EXPECT_EQ(run.batch.response[0][r], 0);
  }
}

TEST(Design, MissingInAnyNamedColumnLeavesTheRowOut) {
  const Table table = Patients();
  EXPECT_EQ(Evaluate("time ~ sex", table).batch.missing, 0U);
  EXPECT_EQ(Evaluate("time ~ sex + age - age", table).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex + (1 | event)", table).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex + offset(age)", table).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex + cluster(event)", table).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex + strata(event)", table).batch.missing, 1U);
  EXPECT_EQ(Evaluate("event == \"death\" ~ sex", table).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex", table, {.weights = "age"}).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex", table, {.cluster = "event"}).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex", table, {.strata = {"event"}}).batch.missing, 1U);
  EXPECT_EQ(Evaluate("time ~ sex", table, {.also = {"age", "event"}}).batch.missing, 2U);
}

TEST(Design, CountsNotANumberAsMissingAndInfinityApart) {
  const Table table =
      MakeTable({{"y", Doubles{1, 2, 3, 4, kNa}}, {"x", Doubles{-1, 0, 1, kNa, 0}}});
  const auto log = Evaluate("y ~ log(x)", table);
  EXPECT_EQ(log.batch.missing, 3U);  // log(-1), NA, and the row without y whose log is infinite
  EXPECT_EQ(log.batch.infinite, 1U);
  EXPECT_EQ(log.batch.source_row, (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(Evaluate("y ~ I(1/x)", table).batch.infinite, 1U);
  EXPECT_EQ(Evaluate("y ~ offset(1/x)", table).batch.infinite, 1U);
  EXPECT_EQ(Evaluate("1/x ~ y", table).batch.infinite, 1U);
  EXPECT_EQ(Evaluate("y ~ ns(log(x), df = 2)", table).batch.infinite, 1U);
  EXPECT_EQ(Evaluate("y ~ poly(x * 1e200, 2, raw = TRUE)", table).batch.infinite, 2U);
}

TEST(Design, ReadsResponses) {
  const Table table = Patients();
  EXPECT_EQ(Evaluate("~ sex", table).batch.response.size(), 0U);
  EXPECT_EQ(Evaluate("age > 40 ~ sex", table).response(0), (Doubles{1, 1, 0, 0}));
  EXPECT_EQ(Evaluate("log2(time) * 2 ~ 1", table).response(0)[2], 6);
  const auto factor = Evaluate("sex ~ time", table);
  EXPECT_EQ(factor.response(0), (Doubles{0, 1, 1, 0, 0}));
  EXPECT_EQ(factor.design.response_levels(), (Strings{"F", "M"}));
  const auto many =
      Evaluate("event ~ time", table);  // R's glm: every level but the first is a success
  EXPECT_EQ(many.response(0), (Doubles{1, 1, 1, 0}));
  EXPECT_EQ(many.design.response_levels(), (Strings{"censored", "death", "relapse"}));
  const auto in_use =
      Evaluate("event ~ time", table, {}, {.used_levels = {{"event", {"death", "relapse"}}}});
  EXPECT_EQ(in_use.response(0), (Doubles{0, 1, 0}));
  EXPECT_EQ(in_use.batch.invalid, 1U);  // "censored" is in the table, but not in the facts
  const auto counts = Evaluate("cbind(status, time - status) ~ 1", table);
  EXPECT_EQ(counts.response(1), (Doubles{4, 3, 7, 0, 9}));
  EXPECT_TRUE(counts.design.response_levels().empty());
}

TEST(Design, ReadsSurvivalResponses) {
  const Table table = Patients();
  const auto numbers = Evaluate("Surv(time, status) ~ sex", table);
  EXPECT_EQ(numbers.response(1), (Doubles{1, 0, 1, 1, 0}));
  EXPECT_EQ(numbers.batch.status_two, 0U);
  EXPECT_EQ(Evaluate("Surv(time, event == \"death\") ~ sex", table).response(1),
            (Doubles{1, 0, 1, 0}));
  EXPECT_EQ(Evaluate("Surv(time, event != 'death') ~ sex", table).response(1),
            (Doubles{0, 1, 0, 1}));
  EXPECT_EQ(Evaluate("Surv(time, dead) ~ sex", table).response(1), (Doubles{1, 0, 0, 1, 1}));
  EXPECT_EQ(Evaluate("Surv(time, dead == TRUE) ~ sex", table).response(1),
            (Doubles{1, 0, 0, 1, 1}));
  EXPECT_EQ(Evaluate("Surv(time, status == \"1\") ~ sex", table).response(1),
            (Doubles{1, 0, 1, 1, 0}));
  EXPECT_EQ(Evaluate("Surv(time / 2, status) ~ sex", table).response(0)[0], 2.5);
  EXPECT_NE(
      ErrorOf("Surv(time, event) ~ sex", table).find("found a factor (censored, death, relapse)"),
      std::string::npos);
}

TEST(Design, KeepsTheInterceptUnderSurvivalAsCoxph) {
  const auto run = Evaluate("Surv(time, status) ~ sex - 1", Patients());
  EXPECT_TRUE(run.design.intercept());
  EXPECT_EQ(run.design.names(), (Strings{"(Intercept)", "sexM"}));
}

TEST(Design, RecodesStatusOneTwo) {
  const Table table = MakeTable({{"t", Doubles{1, 2, 3, 4, 5}}, {"s", Doubles{1, 2, 2, 1, kNa}}});
  const auto preflight = Evaluate("Surv(t, s) ~ 1", table);
  EXPECT_EQ(preflight.batch.status_two, 2U);
  EXPECT_EQ(preflight.batch.rows, 4U);
  EXPECT_EQ(preflight.batch.invalid, 0U);
  const auto run = Evaluate("Surv(t, s) ~ 1", table, {}, {.status_is_one_two = true});
  EXPECT_EQ(run.response(1), (Doubles{0, 1, 1, 0}));
  EXPECT_EQ(run.batch.missing, 1U);
}

TEST(Design, KeepsCausesWhereTheStatusTellsThem) {
  const Table table = MakeTable({{"t", Doubles{1, 2, 3, 4, 5, 6}},
                                 {"s", Doubles{0, 2, 1, kNa, 1.5, -1}},
                                 {"e", {"alive", "other", "death", "", "alive", "death"}}});
  const auto run = Evaluate("Surv(t, s) ~ 1", table, {.status = StatusCoding::kCause});
  EXPECT_EQ(run.response(1), (Doubles{0, 2, 1}));
  EXPECT_EQ(run.batch.missing, 1U);
  EXPECT_EQ(run.batch.invalid, 2U);
  EXPECT_EQ(run.batch.status_two, 0U);
  const auto levels = Evaluate("Surv(t, e) ~ 1", table, {.status = StatusCoding::kCause});
  EXPECT_EQ(levels.response(1), (Doubles{0, 2, 1, 0, 1}));  // alive, death, other
  EXPECT_EQ(levels.batch.missing, 1U);
  EXPECT_EQ(ErrorOf("Surv(t, e) ~ 1", table),
            "column \"e\": found a factor (alive, death, other), expected a number");
}

TEST(Design, CountsImpossibleResponsesAndWeights) {
  const Table table = MakeTable({{"a", Doubles{0, 1, 2, 3}},
                                 {"b", Doubles{1, 1, 5, 2}},
                                 {"s", Doubles{1, 1, 0.5, 1}},
                                 {"w", Doubles{1, -1, 0, 1}}});
  const auto times = Evaluate("Surv(a, b, s) ~ 1", table);
  EXPECT_EQ(times.batch.invalid, 3U);  // stop = start, a status of 0.5, stop < start
  EXPECT_EQ(times.batch.source_row, (std::vector<std::uint32_t>{0}));
  const auto weights = Evaluate("a ~ b", table, {.weights = "w"});
  EXPECT_EQ(weights.batch.invalid, 1U);
  EXPECT_EQ(weights.batch.weights[1], 0);
  EXPECT_EQ(weights.batch.rows, 3U);
}

TEST(Design, AddsOffsetsAndTakesWeights) {
  const auto run =
      Evaluate("time ~ sex + offset(w) + offset(log2(time))", Patients(), {.weights = "w"});
  EXPECT_EQ(run.batch.offset[2], 0 + 3);
  EXPECT_EQ(run.batch.offset[3], 0.5 + 0);
  EXPECT_EQ(run.batch.weights[1], 2);
  EXPECT_EQ(Evaluate("time ~ sex", Patients()).batch.weights[4], 1);
}

TEST(Design, GivesStrataAndClusters) {
  const auto run = Evaluate("Surv(time, status) ~ age + strata(centre) + cluster(id)", Patients(),
                            {.cluster = "sex", .strata = {"site", "centre"}});
  ASSERT_EQ(run.design.strata().size(), 2U);
  EXPECT_EQ(run.design.strata()[0].name, "centre");
  EXPECT_EQ(run.design.strata()[0].levels, (Strings{"x", "y", "z"}));
  EXPECT_EQ(run.design.strata()[1].name, "site");
  EXPECT_EQ(run.batch.strata[0][2], 2);
  EXPECT_EQ(run.batch.strata[1][2], 0);
  ASSERT_EQ(run.batch.cluster.size(), 2U);
  EXPECT_EQ(run.batch.cluster[0][1], std::bit_cast<std::int64_t>(102.0));
  EXPECT_EQ(run.batch.cluster[0][3], 0);  // -0 is 0
  EXPECT_EQ(run.batch.cluster[1][1], 1);
  EXPECT_EQ(run.design.names(), (Strings{"(Intercept)", "age"}));
}

TEST(Design, DropsLevelsNotInUse) {
  const Table table = Patients();
  const DesignFacts facts{.used_levels = {{"centre", {"x", "z"}}}};
  const auto run = Evaluate("time ~ centre + age", table, {}, facts);
  EXPECT_EQ(run.design.names(), (Strings{"(Intercept)", "centrez", "age"}));
  EXPECT_EQ(run.batch.invalid, 1U);  // row 1 is of centre y, which those facts deny
  const auto strata =
      Evaluate("time ~ age + strata(centre)", table, {}, {.used_levels = {{"centre", {"y", "z"}}}});
  EXPECT_EQ(strata.design.strata()[0].levels, (Strings{"y", "z"}));
  EXPECT_EQ(strata.batch.strata[0][0], 0);
  EXPECT_EQ(strata.batch.strata[0][1], 1);
}

TEST(Design, ListsTheFactorsItUses) {
  const auto design = Make("sex ~ centre*age + dead + strata(event) + cluster(site)", Patients());
  ASSERT_TRUE(design) << design.error().message;
  Strings names;
  for (const auto& use : design->factors()) names.push_back(use.column);
  EXPECT_EQ(names, (Strings{"centre", "dead", "sex", "event"}));
  EXPECT_EQ(design->factors()[0].levels, (Strings{"x", "y", "z"}));
  EXPECT_EQ(design->factors()[0].schema_column, 7U);
}

TEST(Design, UsesANumericColumnBothWays) {
  const Table table = MakeTable(
      {{"y", Doubles{1, 2, 3}}, {"n", Doubles{10, 4, 4}}, {"factor(n)", {"10", "4", "4"}}});
  const auto run = Evaluate("y ~ n + factor(n) + strata(n)", table);
  EXPECT_EQ(run.design.names(), (Strings{"(Intercept)", "n", "factor(n)10"}));
  EXPECT_EQ(run.column(2), (Doubles{1, 0, 0}));
  EXPECT_EQ(run.design.factors()[0].column, "factor(n)");
  EXPECT_EQ(run.design.strata()[0].name, "n");
  EXPECT_EQ(run.design.strata()[0].levels, (Strings{"4", "10"}));
  EXPECT_NE(ErrorOf("y ~ factor(y)", table).find("numbers without listed levels"),
            std::string::npos);
}

TEST(Design, GivesTheLevelsOfAFactorResponse) {
  const Table table =
      MakeTable({{"y", {"mild", "none", "", "severe"}}, {"x", Doubles{1, 2, 3, 4}}});
  const auto run = Evaluate("y ~ x", table);
  EXPECT_EQ(run.design.response_levels(), (Strings{"mild", "none", "severe"}));
  EXPECT_EQ(run.batch.response_codes, (std::vector<std::int32_t>{0, 1, 2}));
}

TEST(Design, SaysWhichColumnsNeedLevels) {
  const auto formula =
      Formula::Parse("factor(z) ~ factor(n):x + as.factor(n) + strata(centre) + strata(site)");
  ASSERT_TRUE(formula);
  Strings names;
  for (const auto& d : FactorDeclarations(*formula, {.strata = {"sex", "site"}})) {
    EXPECT_EQ(d.kind, ColumnKind::kFactor);
    names.push_back(d.name);
  }
  EXPECT_EQ(names, (Strings{"factor(n)", "factor(z)", "factor(centre)", "factor(sex)"}));
}

TEST(Design, SaysWhatIsWrong) {
  const Table table = Patients();
  EXPECT_EQ(ErrorOf("time ~ agee", table),
            "column \"agee\": not in the table, expected one of: time, status, event, age, sex, "
            "dead, w, centre, "
            "id, site");
  const struct {
    const char* formula;
    const char* part;
  } cases[] = {
      {"time ~ log(sex)", "column \"sex\": found a factor (F, M), expected a number"},
      {"time ~ I(sex < 3)", "column \"sex\": found a factor"},
      {"time ~ poly(centre, 2, raw = TRUE)", "column \"centre\": found a factor"},
      {"time ~ age + offset(sex)", "column \"sex\": found a factor"},
      {"time ~ I(event == \"deth\")",
       "found \"deth\" in the formula, expected one of its levels: censored, death"},
      {"time ~ I(age == \"old\")", "found \"old\" compared with a number"},
      {"Surv(sex, status) ~ 1", "column \"sex\": found a factor"},
      {"time ~ site",
       "column \"site\": found only the level \"here\" in use, expected two or more"},
      {"nothing ~ age", "column \"nothing\": not in the table"},
      {"time ~ (1 | ward)", "column \"ward\": not in the table"},
      {"time ~ cluster(ward)", "column \"ward\": not in the table"},
      {"time ~ strata(ward)", "column \"ward\": not in the table"},
      {"time ~ strata(age)", "column \"age\": found numbers without listed levels"},
  };
  for (const auto& c : cases) {
    const std::string message = ErrorOf(c.formula, table);
    EXPECT_NE(message.find(c.part), std::string::npos) << c.formula << " -> " << message;
  }
  EXPECT_NE(ErrorOf("time ~ age", table, {.weights = "sex"}).find("weights: found the factor"),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ age", table, {.also = {"zip"}}).find("\"zip\""), std::string::npos);
  EXPECT_NE(ErrorOf("time ~ sex", table, {}, {.used_levels = {{"sex", {"F", "X"}}}})
                .find("not in the schema"),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ sex", table, {}, {.used_levels = {{"sex", {"F"}}}})
                .find("only the level \"F\""),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ sex", table, {}, {.used_levels = {{"sex", {}}}}).find("no level"),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ ns(age, df = 3)", table, {}, {.knots = {{"ns(age, df = 3)", {1, 2}}}})
                .find("found 2 knots, expected 4"),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ ns(age, df = 1)", table, {}, {.knots = {{"ns(age, df = 1)", {2, 1}}}})
                .find("ascending"),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ bs(age, df = 4)", table, {}, {.knots = {{"bs(age, df = 4)", {1, 2}}}})
                .find("found 2 knots, expected 3"),
            std::string::npos);
  EXPECT_NE(ErrorOf("time ~ poly(age, 1)", table, {}, {.polynomials = {{"poly(age, 1)", {1, 2}}}})
                .find("found 2 numbers, expected 5"),
            std::string::npos);
}

TEST(Design, RefusesADesignThatIsTooLarge) {
  Strings a, b;
  for (int i = 0; i < 300; ++i) {
    a.push_back("a" + std::to_string(i));
    b.push_back("b" + std::to_string(i));
  }
  const Table table = MakeTable({{"y", Doubles(300, 1)}, {"a", a}, {"b", b}});
  EXPECT_NE(ErrorOf("y ~ a:b", table).find("found 90001 design columns, expected at most 20000"),
            std::string::npos);
}

TEST(Design, WaitsForFacts) {
  const Table table = MakeTable({{"y", Doubles{1, 2, kNa, 4, 5}}, {"x", Doubles{4, kNa, 2, 1, 0}}});
  const auto run = Evaluate(
      "y ~ ns(x, df = 2) + ns(log(x), df = 1) + bs(x, knots = 3, degree = 2) + poly(x, 2)", table);
  const auto needs = run.design.bases_without_facts();
  ASSERT_EQ(needs.size(), 4U);
  EXPECT_EQ(needs[0].text, "ns(x, df = 2)");
  EXPECT_EQ(needs[0].quantiles, 1);
  EXPECT_EQ(run.design.names()[2], "ns(x, df = 2)2");
  EXPECT_EQ(needs[2].quantiles, 0);
  EXPECT_EQ(needs[2].interior, Doubles{3});
  EXPECT_TRUE(needs[3].polynomial);
  EXPECT_EQ(needs[3].degree, 2);
  Doubles values;
  run.design.BasisInput(table, run.batch, needs[0].text, values);
  EXPECT_EQ(values, (Doubles{4, 2, 1, 0}));  // also where y is missing, as R's ns() sees it
  run.design.BasisInput(table, run.batch, needs[1].text, values);
  EXPECT_EQ(values.size(), 3U);  // not the infinite log(0)
  for (std::size_t c = 1; c < run.design.names().size(); ++c) {
    EXPECT_EQ(run.column(c), (Doubles{0, 0})) << c;
  }
}

TEST(Design, IsTheSameForEveryBatching) {
  // Random rows, in one batch or in many: the same bits row by row.
  std::mt19937_64 random(17);
  std::uniform_real_distribution<double> uniform(0.1, 3);
  const std::size_t rows = 3000;
  Doubles y, x, z;
  Strings g;
  for (std::size_t i = 0; i < rows; ++i) {
    y.push_back(random() % 20 == 0 ? kNa : uniform(random));
    x.push_back(random() % 20 == 0 ? kNa : uniform(random));
    z.push_back(uniform(random));
    g.push_back(random() % 20 == 0 ? "" : "g" + std::to_string(random() % 4));
  }
  const Table table = MakeTable({{"y", y}, {"x", x}, {"z", z}, {"g", g}});
  const std::string formula =
      "y ~ x*g + log(z) + poly(z, 3, raw = TRUE) + ns(x, df = 2) + I(x > z):g + bs(x) + poly(z, 2)";
  const DesignFacts facts{.knots = {{"ns(x, df = 2)", {0.5, 1.5, 2.5}}, {"bs(x)", {0.5, 2.5}}},
                          .polynomials = {{"poly(z, 2)", {1.5, 1, 0.1, -0.1, 9, 5, 3}}}};
  const auto whole = Evaluate(formula, table, {.weights = "z"}, facts);
  DesignBatch part;
  std::size_t at = 0;
  std::size_t missing = 0;
  for (std::size_t first = 0; first < rows;) {
    const std::size_t count = std::min<std::size_t>(1 + random() % 300, rows - first);
    whole.design.Evaluate(table, first, count, part);
    missing += part.missing;
    for (std::size_t r = 0; r < part.rows; ++r, ++at) {
      ASSERT_EQ(part.source_row[r], whole.batch.source_row[at]);
      ASSERT_EQ(part.weights[r], whole.batch.weights[at]);
      ASSERT_EQ(part.response[0][r], whole.batch.response[0][at]);
      for (std::size_t c = 0; c < whole.design.names().size(); ++c) {
        ASSERT_EQ(std::bit_cast<std::uint64_t>(part.x[c * kBatchRows + r]),
                  std::bit_cast<std::uint64_t>(whole.batch.x[c * kBatchRows + at]));
      }
    }
    first += count;
  }
  EXPECT_EQ(at, whole.batch.rows);
  EXPECT_EQ(missing, whole.batch.missing);
}

TEST(Design, EvaluatesAnEmptyTable) {
  const auto run = Evaluate("time ~ age*sex + log(w)", EmptyTable(Patients().schema));
  EXPECT_EQ(run.batch.rows, 0U);
  EXPECT_EQ(run.batch.missing, 0U);
  EXPECT_EQ(run.design.names().size(), 5U);
}

TEST(Design, ChecksItsCallers) {
  const Table table = Patients();
  const auto design = Make("time ~ age", table);
  ASSERT_TRUE(design);
  DesignBatch batch;
  EXPECT_THROW(design->Evaluate(table, 3, 3, batch), core::CheckFailure);
  Doubles values;
  EXPECT_THROW(design->BasisInput(table, batch, "ns(age, df = 2)", values), core::CheckFailure);
}

TEST(Design, FactsTravelAsBytes) {
  const DesignFacts facts{.used_levels = {{"g", {"a"}}},
                          .knots = {{"ns(x, df = 1)", {0, 1}}},
                          .polynomials = {{"poly(x, 1)", {0, 1, 0, 2, 2}}},
                          .status_is_one_two = true};
  const auto back = core::Decode<DesignFacts>(core::Encode(facts));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->used_levels, facts.used_levels);
  EXPECT_EQ(back->knots, facts.knots);
  EXPECT_EQ(back->polynomials, facts.polynomials);
  EXPECT_TRUE(back->status_is_one_two);
}

}  // namespace
}  // namespace clinnova::table
