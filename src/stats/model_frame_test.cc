// SPDX-License-Identifier: Apache-2.0
#include "stats/model_frame.h"

#include <gtest/gtest.h>

#include <cmath>

#include "federation/in_process.h"
#include "stats/method.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

Result<ModelFrame> Build(const std::string& options, std::vector<Table> tables,
                         int minimum_count = 0) {
  const federation::Study study = StudyOf(options, minimum_count);
  std::vector<std::string> names;
  for (std::size_t s = 0; s < tables.size(); ++s) names.push_back("s" + std::to_string(s + 1));
  auto federation = federation::InProcessFederation::Create({.study = study,
                                                             .site_names = names,
                                                             .tables = std::move(tables),
                                                             .steps = &Steps(),
                                                             .minimum_count = minimum_count,
                                                             .threads = 1});
  if (!federation) return Fail(federation);
  return ModelFrame::Build(**federation, study.analyses()[0]);
}

std::string Glm(const std::string& formula) {
  return "method = \"glm\"\nformula = \"" + formula + "\"\n";
}

/// 0, 1, …, n - 1.
std::vector<double> Ramp(int n) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(i);
  return values;
}

TEST(ExponentOf, IsTheSmallestPowerThatHolds) {
  EXPECT_EQ(ExponentOf(1), 0);
  EXPECT_EQ(ExponentOf(1.0001), 1);
  EXPECT_EQ(ExponentOf(8), 3);
  EXPECT_EQ(ExponentOf(0.5), -1);
  EXPECT_EQ(ExponentOf(0), 0);
}

TEST(ModelFrame, CountsCompleteCasesAndScalesColumns) {
  const Table table = MakeTable({{"y", {1, 2, 3, kNa, 5}}, {"x", {10, 20, 30, 40, kNa}}});
  const auto frame = Build(Glm("y ~ x"), {table});
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(frame->n(), 3);
  EXPECT_EQ(frame->n_missing(), 2);
  EXPECT_EQ(frame->design().names(), (std::vector<std::string>{"(Intercept)", "x"}));
  EXPECT_EQ(frame->claim().center, (std::vector<double>{0, 20}));
  EXPECT_EQ(frame->claim().inverse_scale[1], 0.0625);  // sd 8.16, so 2^-4
  EXPECT_EQ(frame->claim().zeros, (std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(frame->claim().ones, (std::vector<std::int64_t>{3, 0}));
}

TEST(ModelFrame, IsTheSameForEveryPartition) {
  const Table table = MakeTable({{"y", {1, 2, 3, 4, 5}}, {"x", {0.1, 0.7, -0.3, 1e3, 2}}});
  const auto one = Build(Glm("y ~ x"), Split(table, {0, 0, 0, 0, 0}, 1));
  const auto three = Build(Glm("y ~ x"), Split(table, {2, 0, 2, 1, 0}, 3));
  ASSERT_TRUE(one && three);
  EXPECT_EQ(core::Encode(one->claim()), core::Encode(three->claim()));
}

TEST(ModelFrame, LeavesOutLevelsThatNoCompleteCaseHas) {
  const Table table = MakeTable({{"y", {1, 2, 3, 4, kNa}}, {"f", {"a", "b", "b", "a", "c"}}});
  const auto frame = Build(Glm("y ~ f"), {table});
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(frame->design().names(), (std::vector<std::string>{"(Intercept)", "fb"}));
  EXPECT_EQ(frame->level_counts(), (std::vector<std::vector<std::int64_t>>{{2, 2}}));
}

TEST(ModelFrame, SaysWhyThereIsNone) {
  const Table table = MakeTable({{"y", {1, 2}}, {"x", {kNa, kNa}}, {"z", {0, 1}}});
  struct Case {
    std::string formula, message;
    ErrorCode code;
  };
  const std::vector<Case> cases = {
      {"y ~ x", "analysis \"a\": no row has a value in every variable of the formula",
       ErrorCode::kFailed},
      {"y ~ log(z)", "analysis \"a\": a value of the formula is infinite in 1 rows",
       ErrorCode::kFailed},
  };
  for (const Case& c : cases) {
    const auto frame = Build(Glm(c.formula), {table});
    ASSERT_FALSE(frame) << c.formula;
    EXPECT_EQ(frame.error().message, c.message);
    EXPECT_EQ(frame.error().code, c.code);
  }
  EXPECT_EQ(Build(Glm("y ~ nothing"), {table}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(Build(Glm("y ~"), {table}).error().code, ErrorCode::kInvalidInput);
}

TEST(ModelFrame, RefusesFewerCasesThanTheThreshold) {
  const Table table = MakeTable({{"y", Ramp(4)}, {"x", Ramp(4)}});
  const auto one = Build(Glm("y ~ x"), {table}, 5);
  ASSERT_FALSE(one);  // the site contributes as if it were empty
  EXPECT_NE(one.error().code, ErrorCode::kInvalidInput);
  std::vector<double> y(20, kNa);
  for (int i = 0; i < 4; ++i) y[static_cast<std::size_t>(i)] = i;
  const auto few = Build(Glm("y ~ x"), {MakeTable({{"y", y}, {"x", Ramp(20)}})}, 5);
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().code, ErrorCode::kRefused);
  EXPECT_EQ(few.error().reason, "cohort_below_threshold");
}

TEST(ModelFrame, RefusesTooManyParameters) {  // rule 2
  const auto even = [](int n) {               // values of like size, of which none dominates a sum
    std::vector<double> x = Ramp(n);
    for (double& value : x) value += 100;
    return x;
  };
  const auto refused = Build(Glm("y ~ x"), {MakeTable({{"y", even(11)}, {"x", even(11)}})}, 5);
  ASSERT_FALSE(refused);  // 9 degrees of freedom
  EXPECT_EQ(refused.error().reason, "too_many_parameters");
  EXPECT_TRUE(Build(Glm("y ~ x"), {MakeTable({{"y", even(12)}, {"x", even(12)}})}, 5));
  const std::string seven = Glm("y ~ x + I(x^2) + I(x^3) + I(x^4) + I(x^5) + I(x^6)");
  EXPECT_EQ(Build(seven, {MakeTable({{"y", even(20)}, {"x", even(20)}})}, 5).error().reason,
            "too_many_parameters");  // over a third of the rows
  EXPECT_TRUE(Build(seven, {MakeTable({{"y", even(21)}, {"x", even(21)}})}, 5));
  EXPECT_TRUE(Build(Glm("y ~ x"), {MakeTable({{"y", Ramp(3)}, {"x", Ramp(3)}})}, 0));
}

TEST(ModelFrame, RefusesTermsThatSingleOutFewPersons) {  // rules 3 and 4
  const auto build = [](const std::string& term, int minimum_count = 5) {
    return Build(Glm("y ~ " + term), {MakeTable({{"y", Ramp(40)}, {"age", Ramp(40)}})},
                 minimum_count);
  };
  for (const char* term : {"I(age > 35)", "I(age < 4)", "I(age >= 4)"}) {
    const auto refused = build(term);
    ASSERT_FALSE(refused) << term;
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused) << term;
    EXPECT_EQ(refused.error().reason, "rare_level") << term;
    EXPECT_TRUE(build(term, 0)) << term;
  }
  for (const char* term : {"I(age > 34)", "I(age < 5)", "I(age >= 5)", "age", "I(age > 99)"}) {
    EXPECT_TRUE(build(term)) << term;
  }
}

TEST(ModelFrame, RefusesRareLevelsOfFactors) {
  std::vector<std::string> rare(40, "a");
  std::vector<std::string> common(40, "a");
  for (std::size_t r = 0; r < 15; ++r) rare[r] = common[r] = "b";
  for (std::size_t r = 36; r < 40; ++r) rare[r] = "c";
  for (std::size_t r = 35; r < 40; ++r) common[r] = "c";
  const auto refused = Build(Glm("y ~ f"), {MakeTable({{"y", Ramp(40)}, {"f", rare}})}, 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "rare_level");
  EXPECT_EQ(refused.error().message,
            "analysis \"a\": term fc tells fewer than 5 persons from the others");
  EXPECT_TRUE(Build(Glm("y ~ f"), {MakeTable({{"y", Ramp(40)}, {"f", common}})}, 5));
}

TEST(ModelFrame, RefusesARareReferenceLevel) {
  // Nobody but four has level "a": the columns of b and c are both common, and their sum tells the four.
  std::vector<std::string> f(40, "b");
  for (std::size_t r = 0; r < 4; ++r) f[r] = "a";
  for (std::size_t r = 20; r < 40; ++r) f[r] = "c";
  const auto refused = Build(Glm("y ~ f"), {MakeTable({{"y", Ramp(40)}, {"f", f}})}, 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "rare_level");
}

TEST(SiteFrame, SiteChecksTheClaimItself) {
  const federation::Study study = StudyOf(Glm("y ~ x"));
  const Table table = MakeTable({{"y", Ramp(20)}, {"x", Ramp(20)}});
  const auto frame = Build(Glm("y ~ x"), {table}, 5);
  ASSERT_TRUE(frame);
  federation::SiteCache cache;
  const federation::SiteView site{table, study.analyses()[0], cache, 1, 5};
  EXPECT_TRUE(SiteFrameOf(site, frame->claim()));
  FrameClaim few = frame->claim();
  few.n = 4;
  EXPECT_EQ(SiteFrameOf(site, few).error().reason, "cohort_below_threshold");
  FrameClaim rare = frame->claim();
  rare.zeros[1] = 18;
  EXPECT_EQ(SiteFrameOf(site, rare).error().reason, "rare_level");
  FrameClaim misfit = frame->claim();
  misfit.center.pop_back();
  EXPECT_EQ(SiteFrameOf(site, misfit).error().reason, "wrong_layout");
}

TEST(ModelFrame, TakesAStatusOfOneAndTwo) {
  const Table table = MakeTable({{"t", {1, 2, 3, 4}}, {"s", {1, 2, 2, 1}}, {"x", {1, 0, 1, 0}}});
  const auto frame = Build("method = \"kaplan_meier\"\nformula = \"Surv(t, s) ~ 1\"\n", {table});
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_TRUE(frame->claim().facts.status_is_one_two);
  EXPECT_EQ(frame->time_denominator(), 1);
  EXPECT_EQ(frame->time_exponent(), 2);
  const Table odd = MakeTable({{"t", {1, 2, 3}}, {"s", {1, 0, 3}}});
  EXPECT_EQ(Build("method = \"kaplan_meier\"\nformula = \"Surv(t, s) ~ 1\"\n", {odd}).error().code,
            ErrorCode::kInvalidInput);
}

TEST(ModelFrame, ReadsGroupsOnTheRightOfSurvival) {
  const federation::Study study =
      StudyOf("method = \"logrank\"\nformula = \"Surv(t, s) ~ a + b + strata(c)\"\n");
  EXPECT_EQ(*GroupCount(study.analyses()[0]), 2u);
  EXPECT_EQ(FormulaOf(study.analyses()[0])->strata().size(), 3u);
  const federation::Study wrong =
      StudyOf("method = \"logrank\"\nformula = \"Surv(t, s) ~ log(a)\"\n");
  EXPECT_EQ(FormulaOf(wrong.analyses()[0]).error().message,
            "analysis \"a\": formula: found \"Surv(t, s) ~ log(a)\", expected columns that name "
            "groups on the right of ~");
}

TEST(ModelFrame, TakesNoTextForANumber) {
  const Table table = MakeTable({{"y", {"1", "2", "n/a", "4", "5", "6", "7", "8"}},
                                 {"x", {1, 2, 3, 4, 5, 6, 7, 9}},
                                 {"id", {1, 1, 2, 2, 3, 3, 4, 4}}});
  const auto message = [&](const std::string& study) {
    const auto answer = RunOne(study, {table});
    return answer ? "" : answer.error().message;
  };
  const std::string found =
      "analysis \"a\": formula: found an outcome of 8 levels in \"y ~ x\", expected a number (or "
      "two levels)";
  EXPECT_EQ(message("method = \"glm\"\nformula = \"y ~ x\"\n"), found);
  EXPECT_EQ(message("method = \"glm\"\nformula = \"y ~ x\"\nfamily = \"poisson\"\n"), found);
  EXPECT_EQ(message("method = \"gee\"\nformula = \"y ~ x\"\nid = \"id\"\n"), found);
  EXPECT_EQ(message("method = \"elastic_net\"\nformula = \"y ~ x\"\n"), found);
  EXPECT_NE(message("method = \"mixed\"\nformula = \"y ~ x + (1 | id)\"\n"), "");
  EXPECT_NE(message("method = \"multiple_imputation\"\nformula = \"y ~ x\"\n"), "");
  // As in R, the binomial family asks whether somebody is above the first level.
  EXPECT_EQ(message("method = \"glm\"\nformula = \"y ~ x\"\nfamily = \"binomial\"\n"), "");
}

}  // namespace
}  // namespace clinnova::stats
