// SPDX-License-Identifier: Apache-2.0
#include "stats/competing_risks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Risks(const std::string& right, const std::string& more = "") {
  return "method = \"competing_risks\"\nformula = \"Surv(t, s) ~ " + right + "\"\n" + more;
}

// Five persons: cause 1 at 1, cause 2 and censored at 2, cause 1 at 3, censored at 4.
Table Five() { return MakeTable({{"t", {1, 2, 2, 3, 4}}, {"s", {1, 2, 0, 1, 0}}}); }

/// Sixty persons of groups, with a covariate, two causes and ties.
Table Sixty(std::vector<std::string> g) {
  std::vector<double> t;
  std::vector<double> s;
  std::vector<double> x;
  for (int i = 0; i < 60; ++i) {
    t.push_back(1 + (i * 7) % 23);
    s.push_back((i * 5) % 3);
    x.push_back((i * 11) % 13 / 4.0);
  }
  return MakeTable({{"t", t}, {"s", s}, {"x", x}, {"g", std::move(g)}});
}

/// The same of two groups.
Table Sixty() {
  std::vector<std::string> g;
  for (int i = 0; i < 60; ++i) g.emplace_back(i % 2 == 0 ? "a" : "b");
  return Sixty(std::move(g));
}

/// The table and another column, whose value in a row is of(row).
template <typename Of>
Table WithNumbers(Table table, const std::string& name, Of of) {
  table.schema.columns.push_back({name, table::ColumnKind::kNumeric, {}});
  table.columns.emplace_back();
  for (std::size_t r = 0; r < table.rows; ++r) table.columns.back().numbers.push_back(of(r));
  return table;
}

TEST(CompetingRisks, GivesTheAalenJohansenEstimate) {
  const Answer answer = RunOne(Risks("1"), Split(Five(), {0, 1, 2, 0, 1}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/curves"), 2u);
  EXPECT_EQ(answer.Number("/curves/0/cause"), 1);
  EXPECT_EQ(answer.Numbers("/curves/0/time"), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(answer.Numbers("/curves/0/n_risk"), (std::vector<double>{5, 4, 2, 1}));
  EXPECT_EQ(answer.Numbers("/curves/0/n_event"), (std::vector<double>{1, 0, 1, 0}));
  EXPECT_EQ(answer.Numbers("/curves/0/n_other"), (std::vector<double>{0, 1, 0, 0}));
  const std::vector<double> first = answer.Numbers("/curves/0/estimate");
  EXPECT_NEAR(first[0], 0.2, 1e-15);
  EXPECT_NEAR(first[2], 0.2 + 0.8 * 0.75 / 2, 1e-15);
  EXPECT_NEAR(answer.Numbers("/curves/1/estimate")[1], 0.8 / 4, 1e-15);
  EXPECT_FALSE(answer.Has("/terms"));
}

TEST(CompetingRisks, WithOneCauseIsOneMinusKaplanMeier) {
  Table table = Sixty();
  for (double& s : table.columns[*table.schema.Find("s")].numbers) s = s == 2 ? 0 : s;
  const Answer incidence = RunOne(Risks("1", "conf_type = \"plain\"\n"), {table});
  const Answer survival = RunOne(
      "method = \"kaplan_meier\"\nformula = \"Surv(t, s) ~ 1\"\nconf_type = \"plain\"\n", {table});
  ASSERT_TRUE(incidence && survival) << incidence.error().message << survival.error().message;
  const std::vector<double> f = incidence.Numbers("/curves/0/estimate");
  const std::vector<double> s = survival.Numbers("/curves/0/estimate");
  ASSERT_EQ(f.size(), s.size());
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_NEAR(f[i], 1 - s[i], 1e-14);
    // The infinitesimal jackknife of a Kaplan-Meier curve is Greenwood's error.
    if (s[i] > 0) {
      EXPECT_NEAR(incidence.Numbers("/curves/0/std_error")[i],
                  survival.Numbers("/curves/0/std_error")[i], 1e-14);
    }
  }
}

TEST(CompetingRisks, WithoutCompetingEventsIsBreslowsCox) {
  Table table = Sixty();
  for (double& s : table.columns[*table.schema.Find("s")].numbers) s = s == 2 ? 0 : s;
  const Answer fine_gray = RunOne(Risks("x + g"), {table});
  const Answer cox = RunOne(
      "method = \"cox\"\nformula = \"Surv(t, s) ~ x + g\"\nstrata = []\nties = \"breslow\"\n"
      "robust = true\n",
      {table});
  ASSERT_TRUE(fine_gray && cox) << fine_gray.error().message << cox.error().message;
  for (const char* field :
       {"/terms/0/estimate", "/terms/1/std_error", "/log_lik", "/vcov/values/0/1"})
    EXPECT_NEAR(fine_gray.Number(field), cox.Number(field), 1e-11 * std::fabs(cox.Number(field)));
}

TEST(CompetingRisks, IsCertainOnceAllHaveHadTheEvent) {
  const Answer answer = RunOne(Risks("1"), {MakeTable({{"t", {1, 2, 3}}, {"s", {1, 1, 1}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Numbers("/curves/0/estimate")[2], 1, 1e-15);
  EXPECT_EQ(answer.Numbers("/curves/0/std_error")[2], 0);
}

TEST(CompetingRisks, PutsTheCauseAskedForFirst) {
  const Answer answer = RunOne(Risks("g", "cause = 2\n"), {Sixty()});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/curves"), 4u);
  EXPECT_EQ(answer.Number("/curves/1/cause"), 2);
  EXPECT_EQ(answer.Text("/curves/1/stratum"), "g=b");
  EXPECT_EQ(answer.Number("/tests/0/cause"), 2);
  EXPECT_EQ(answer.Text("/terms/0/term"), "gb");
  EXPECT_EQ(answer.Number("/cause"), 2);
}

TEST(CompetingRisks, TakesAFactorsLevelsAsCauses) {
  const Table table = MakeTable(
      {{"t", {1, 2, 2, 3, 4}}, {"s", {"b death", "c relapse", "alive", "b death", "alive"}}});
  const Answer named = RunOne(Risks("1", "cause = \"c relapse\"\n"), {table});
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(named.Text("/curves/0/cause"), "c relapse");
  const Answer numbers = RunOne(Risks("1", "cause = 2\n"), {Five()});
  EXPECT_EQ(named.Numbers("/curves/0/estimate"), numbers.Numbers("/curves/0/estimate"));
  const Table listed = MakeTable(
      {{"t", {1, 2, 2, 3, 4}}, {"s", {1, 2, 0, 1, 0}}, {"factor(s)", {"1", "2", "0", "1", "0"}}});
  const Answer call = RunOne(
      "method = \"competing_risks\"\nformula = \"Surv(t, factor(s)) ~ 1\"\ncause = 2\n", {listed});
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_EQ(call.Numbers("/curves/0/estimate"), numbers.Numbers("/curves/0/estimate"));
}

TEST(CompetingRisks, DrawsGroupsOfAsked) {
  const Answer groups = RunOne(Risks("x", "groups = [\"g\"]\n"), {Sixty()});
  ASSERT_TRUE(groups) << groups.error().message;
  EXPECT_EQ(groups.Text("/curves/0/stratum"), "g=a");
  EXPECT_EQ(groups.Text("/terms/0/term"), "x");
  // x has 13 values: no group by itself.
  EXPECT_FALSE(RunOne(Risks("x"), {Sixty()}).Has("/curves/0/stratum"));
}

TEST(CompetingRisks, GivesValuesAtTimes) {
  const Answer answer = RunOne(Risks("1", "times = [0.5, 2.5, 9]\n"), {Five()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/curves/0/n_risk"), (std::vector<double>{5, 2, 0}));
  EXPECT_EQ(answer.Numbers("/curves/0/n_event"), (std::vector<double>{0, 1, 1}));
  EXPECT_EQ(answer.Numbers("/curves/0/estimate")[0], 0);
}

TEST(CompetingRisks, MergesTimesUnderTheDisclosureRules) {
  const Answer answer = RunOne(Risks("x"), {Sixty()}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<double> events = answer.Numbers("/curves/0/n_event");
  const std::vector<double> others = answer.Numbers("/curves/0/n_other");
  const std::vector<double> censored = answer.Numbers("/curves/0/n_censor");
  for (std::size_t i = 0; i < events.size(); ++i)
    EXPECT_GE(events[i] + others[i] + censored[i], 10);
  EXPECT_EQ(answer.Size("/warnings"), 2u);
  EXPECT_TRUE(answer.True("/converged"));
}

/// survfit(Surv(start, t, s) ~ 1, weights = w, id = id) of survival 3.5-3.
TEST(CompetingRisks, WeighsRowsAndTakesLateEntries) {
  const Table table = MakeTable({{"start", {0, 0, 1, 1, 0, 3}},
                                 {"t", {1, 2, 2, 3, 4, 5}},
                                 {"s", {0, 1, 2, 0, 1, 1}},
                                 {"w", {1, 2, 1.5, 1, 2, 3}}});
  const std::string late = "method = \"competing_risks\"\nformula = \"Surv(start, t, s) ~ 1\"\n";
  const Answer answer = RunOne(late + "weights = \"w\"\n", Split(table, {0, 1, 2, 0, 1, 2}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/curves/0/n_risk"), (std::vector<double>{3, 4, 2, 2, 1}));
  const std::vector<double> estimate = answer.Numbers("/curves/0/estimate");
  const std::vector<double> error = answer.Numbers("/curves/0/std_error");
  const std::vector<double> expected = {0, 0.3076923, 0.3076923, 0.4923077, 0.7692308};
  const std::vector<double> expected_error = {0, 0.2482388, 0.2482388, 0.2378348, 0.2070160};
  ASSERT_EQ(estimate.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(estimate[i], expected[i], 5e-8);
    EXPECT_NEAR(error[i], expected_error[i], 5e-8);
  }
}

TEST(CompetingRisks, WeightsOfTwoAreTwoPersonsButForErrors) {
  Table table = Sixty();
  table.schema.columns.push_back({"w", table::ColumnKind::kNumeric, {}});
  table.columns.emplace_back();
  table.columns.back().numbers.assign(60, 2.0);
  std::vector<std::size_t> twice;
  for (std::size_t r = 0; r < 60; ++r) twice.insert(twice.end(), {r, r});
  const Answer weighted = RunOne(Risks("x", "weights = \"w\"\nties = \"breslow\"\n"), {table});
  const Answer doubled = RunOne(Risks("x"), {Reordered(table, twice)});
  ASSERT_TRUE(weighted && doubled) << weighted.error().message << doubled.error().message;
  const std::vector<double> curve = weighted.Numbers("/curves/0/estimate");
  const std::vector<double> other = doubled.Numbers("/curves/0/estimate");
  ASSERT_EQ(curve.size(), other.size());
  for (std::size_t i = 0; i < curve.size(); ++i) EXPECT_NEAR(curve[i], other[i], 1e-14);
  EXPECT_TRUE(weighted.Has("/warnings"));
}

TEST(CompetingRisks, WithWeightsOfOneIsTheUnweightedCurve) {
  Table table = Sixty();
  table.schema.columns.push_back({"w", table::ColumnKind::kNumeric, {}});
  table.columns.emplace_back();
  table.columns.back().numbers.assign(60, 1.0);
  const Answer weighted = RunOne(Risks("g", "weights = \"w\"\n"), {table});
  const Answer plain = RunOne(Risks("g"), {table});
  ASSERT_TRUE(weighted && plain) << weighted.error().message << plain.error().message;
  for (const char* field : {"/curves/0/estimate", "/curves/3/std_error", "/curves/2/conf_high"}) {
    const std::vector<double> a = weighted.Numbers(field);
    const std::vector<double> b = plain.Numbers(field);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::isfinite(b[i])) {
        EXPECT_NEAR(a[i], b[i], 1e-13) << field << " " << i;
      }
    }
  }
  EXPECT_FALSE(weighted.Has("/tests"));
}

TEST(CompetingRisks, StratifiesTheRegression) {
  const Table table = Sixty();
  const Answer apart = RunOne(Risks("x + strata(g)"), {table});
  const Answer option = RunOne(Risks("x", "strata = [\"g\"]\n"), {table});
  ASSERT_TRUE(apart && option) << apart.error().message << option.error().message;
  EXPECT_EQ(apart.Number("/terms/0/estimate"), option.Number("/terms/0/estimate"));
  EXPECT_EQ(apart.Size("/curves"), 2u);  // strata draw no curves
  EXPECT_NE(apart.Number("/log_lik"), RunOne(Risks("x"), {table}).Number("/log_lik"));
}

TEST(CompetingRisks, KeepsTheRulesWithWeightsAndEntries) {
  Table table = Sixty();
  table.schema.columns.push_back({"begin", table::ColumnKind::kNumeric, {}});
  table.schema.columns.push_back({"w", table::ColumnKind::kNumeric, {}});
  for (const double of : {0.4, 1.0}) {
    table.columns.emplace_back();
    for (const double t : table.columns[*table.schema.Find("t")].numbers)
      table.columns.back().numbers.push_back(of == 1.0 ? 1.0 + std::fmod(t, 3)
                                                       : std::floor(t * of));
  }
  const std::string late =
      "method = \"competing_risks\"\nformula = \"Surv(begin, t, s) ~ x\"\nweights = \"w\"\n";
  const Answer answer = RunOne(late, {table}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<double> events = answer.Numbers("/curves/0/n_event");
  const std::vector<double> others = answer.Numbers("/curves/0/n_other");
  const std::vector<double> censored = answer.Numbers("/curves/0/n_censor");
  for (std::size_t i = 0; i < events.size(); ++i)
    EXPECT_GE(events[i] + others[i] + censored[i], 10);
  EXPECT_TRUE(answer.True("/converged"));
}

TEST(CompetingRisks, SuppressesTheCurveOfAGroupThatFewLeave) {
  std::vector<std::string> groups;
  for (int i = 0; i < 60; ++i) groups.emplace_back(i < 53 ? "a" : "b");
  const Table table = WithNumbers(
      WithNumbers(Sixty(groups), "w", [](std::size_t row) { return row % 2 == 0 ? 1.0 : 2.0; }),
      "begin", [](std::size_t) { return 0.5; });
  const std::string late = "method = \"competing_risks\"\nformula = \"Surv(begin, t, s) ~ 1\"\n";
  const std::string by_group = "groups = [\"g\"]\n";
  for (const std::string& analysis :
       {Risks("1", by_group), Risks("1", by_group + "weights = \"w\"\n"), late + by_group}) {
    const Answer answer = RunOne(analysis, {table}, {.minimum_count = 5});
    ASSERT_TRUE(answer) << analysis << answer.error().message;
    ASSERT_EQ(answer.Size("/curves"), 4u) << analysis;
    EXPECT_EQ(answer.Texts("/suppressed"), (std::vector<std::string>{"curves[1]", "curves[3]"}));
    EXPECT_EQ(answer.Text("/curves/3/stratum"), "g=b");
    EXPECT_EQ(answer.Size("/curves/3/time"), 0u);
    EXPECT_GE(answer.Size("/curves/2/time"), 3u);
  }
}

TEST(CompetingRisks, LeavesOutRowsOfNoWeightUnderTheDisclosureRules) {
  const Table table =
      WithNumbers(Sixty(), "w", [](std::size_t row) { return row < 6 ? 0.0 : 1.0; });
  std::vector<std::size_t> others;
  for (std::size_t r = 6; r < 60; ++r) others.push_back(r);
  const std::string weighted = Risks("x", "weights = \"w\"\n");
  const Answer answer = RunOne(weighted, {table}, {.minimum_count = 5});
  const Answer without = RunOne(weighted, {Reordered(table, others)}, {.minimum_count = 5});
  ASSERT_TRUE(answer && without) << answer.error().message << without.error().message;
  for (const char* field : {"/curves/0/estimate", "/curves/1/std_error", "/curves/0/n_censor"})
    EXPECT_EQ(answer.Numbers(field), without.Numbers(field)) << field;
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), without.Number("/terms/0/estimate"), 1e-12);
}

/// Two left before the others came: their weight afterwards would be 0 / 0.
TEST(CompetingRisks, SaysWhenLateEntriesLeaveAGap) {
  const Table table = MakeTable({{"start", {0, 0, 3, 3, 3, 3}},
                                 {"t", {1, 2, 4, 5, 6, 7}},
                                 {"s", {2, 2, 1, 2, 1, 0}},
                                 {"x", {1, 2, 3, 1, 2, 5}}});
  const Answer answer =
      RunOne("method = \"competing_risks\"\nformula = \"Surv(start, t, s) ~ x\"\n", {table});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("a competing event has no weight"), std::string::npos);
}

TEST(CompetingRisks, RefusesRareCausesUnderTheDisclosureRules) {
  Table table = Sixty();
  table.columns[*table.schema.Find("s")].numbers[0] = 3;
  const Answer answer = RunOne(Risks("1"), {table}, {.minimum_count = 5});
  EXPECT_EQ(answer.error().message, "analysis \"a\": status 3 has fewer than 5 persons");
}

TEST(CompetingRisks, SaysWhatIsWrong) {
  EXPECT_EQ(RunOne(Risks("1", "cause = 3\n"), {Five()}).error().message,
            "analysis \"a\": cause: found 3, expected one that occurs: 1, 2");
  EXPECT_FALSE(RunOne("method = \"competing_risks\"\nformula = \"t ~ 1\"\n", {Five()}));
  EXPECT_EQ(RunOne(Risks("1 + cluster(s)"), {Five()}).error().message,
            "analysis \"a\": formula: found cluster(), expected id = \"column\" beside the formula "
            "where a person has several rows");
  EXPECT_EQ(RunOne(Risks("t", "ties = \"exact\"\n"), {Five()}).error().message,
            "analysis \"a\": ties: found \"exact\", expected one of breslow, efron");
  EXPECT_FALSE(RunOne(Risks("1", "model = \"cox\"\n"), {Five()}));
}

}  // namespace
}  // namespace clinnova::stats
