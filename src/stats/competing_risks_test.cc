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

/// Sixty persons of two groups, with a covariate, two causes and ties.
Table Sixty() {
  std::vector<double> t;
  std::vector<double> s;
  std::vector<double> x;
  std::vector<std::string> g;
  for (int i = 0; i < 60; ++i) {
    t.push_back(1 + (i * 7) % 23);
    s.push_back((i * 5) % 3);
    x.push_back((i * 11) % 13 / 4.0);
    g.push_back(i % 2 == 0 ? "a" : "b");
  }
  return MakeTable({{"t", t}, {"s", s}, {"x", x}, {"g", g}});
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
  EXPECT_FALSE(RunOne(Risks("strata(s)"), {Five()}));
  EXPECT_FALSE(RunOne(Risks("1", "model = \"cox\"\n"), {Five()}));
}

}  // namespace
}  // namespace clinnova::stats
