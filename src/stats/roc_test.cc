// SPDX-License-Identifier: Apache-2.0
// The numbers of pROC are held by tests/golden; here is what they do not show.
#include "stats/roc.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/roc_curve.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

const char* kRoc = "method = \"roc\"\noutcome = \"ill\"\nscore = \"s\"\n";

TEST(RocCurve, CountsWinsAndHalfTheTies) {
  const RocCurve curve({{2, 0}, {1, 1}, {0, 1}, {1, 0}});  // controls, cases
  EXPECT_DOUBLE_EQ(curve.auc(), (2.5 + 3) / 8);
  const std::vector<RocCurve::Point> points = curve.points();
  ASSERT_EQ(points.size(), 5u);
  EXPECT_EQ(points[0].sensitivity, 1);
  EXPECT_EQ(points[0].specificity, 0);
  EXPECT_EQ(points[2].sensitivity, 0.5);
  EXPECT_EQ(points[2].specificity, 0.75);
  EXPECT_EQ(points[4].sensitivity, 0);
}

TEST(RocCurve, HasNoVarianceWithOneCase) {
  EXPECT_TRUE(std::isnan(RocCurve({{3, 0}, {0, 1}}).variance()));
  EXPECT_EQ(RocCurve({{3, 0}, {0, 2}}).variance(), 0);
}

TEST(RocCurve, JoinsGroupsUntilTheyCanBeShown) {
  const std::vector<RocGroup> groups = {{4, 0}, {3, 1}, {2, 0}, {0, 6}, {1, 5}, {5, 5}};
  // from the end: {5,5}; {1,5} + {0,6} + {2,0} + {3,1} = {6,12}; {4,0} is too few and joins it
  EXPECT_EQ(JoinedGroups(groups, 5), (std::vector<std::size_t>{0, 5}));
  EXPECT_EQ(JoinedGroups({{9, 0}, {0, 9}}, 5), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(JoinedGroups({{1, 1}}, 5), (std::vector<std::size_t>{0}));
}

TEST(Roc, CallsAFactorsSecondLevelACase) {
  const Table table =
      MakeTable({{"ill", {"no", "no", "yes", "yes", ""}}, {"s", {1, 2, 3, 1.5, 9}}});
  const Answer answer = RunOne(kRoc, {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/auc"), 0.75);
  EXPECT_EQ(answer.Number("/n"), 4);
  EXPECT_EQ(answer.Number("/n_missing"), 1);
  EXPECT_TRUE(answer.IsNull("/curve/0/threshold"));
  EXPECT_EQ(answer.Number("/curve/1/threshold"), 1.25);
}

TEST(Roc, SaysThatPerfectSeparationHasNoInterval) {
  const Table table = MakeTable({{"ill", {0, 0, 1, 1}}, {"s", {1, 2, 3, 4}}});
  const Answer answer = RunOne(kRoc, {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/auc"), 1);
  EXPECT_EQ(answer.Number("/conf_low"), 1);
  EXPECT_EQ(answer.Size("/warnings"), 1u);
}

/// 300 rows with continuous scores a and b, 100 cases.
Table Many() {
  std::vector<double> ill, a, b;
  for (int i = 0; i < 300; ++i) {
    ill.push_back(i % 3 == 0);
    a.push_back(std::sin(i * 1.3) + 0.8 * ill.back());
    b.push_back(std::cos(i * 2.7) + 0.3 * ill.back());
  }
  return MakeTable({{"ill", ill}, {"s", a}, {"b", b}});
}

TEST(Roc, TellsNobodysScoreUnderTheDisclosureRules) {  // rules 3 and 12
  const Answer open = RunOne(kRoc, {Many()});
  const Answer ruled = RunOne(kRoc, {Many()}, {.minimum_count = 5});
  ASSERT_TRUE(ruled) << ruled.error().message;
  EXPECT_NEAR(ruled.Number("/auc"), open.Number("/auc"), 0.005);
  EXPECT_EQ(open.Size("/curve"), 301u);
  EXPECT_LT(ruled.Size("/curve"), 45u);
  double sensitivity = 1;
  double specificity = 0;
  for (std::size_t k = 1; k < ruled.Size("/curve"); ++k) {
    const std::string point = "/curve/" + std::to_string(k);
    const double cases = std::round(100 * (sensitivity - ruled.Number(point + "/sensitivity")));
    const double controls = std::round(200 * (ruled.Number(point + "/specificity") - specificity));
    EXPECT_TRUE(cases == 0 || cases >= 5) << cases;
    EXPECT_TRUE(controls == 0 || controls >= 5) << controls;
    sensitivity = ruled.Number(point + "/sensitivity");
    specificity = ruled.Number(point + "/specificity");
  }
}

TEST(Roc, ComparesScoresUnderTheDisclosureRules) {
  const std::string study = "method = \"roc\"\noutcome = \"ill\"\nscore = [\"s\", \"b\"]\n";
  const Answer open = RunOne(study, {Many()});
  const Answer ruled = RunOne(study, {Many()}, {.minimum_count = 5});
  ASSERT_TRUE(ruled) << ruled.error().message;
  EXPECT_NEAR(ruled.Number("/compare/statistic"), open.Number("/compare/statistic"), 0.1);
}

TEST(Roc, RefusesFewCases) {  // rule 3
  std::vector<double> ill(60), s;
  for (int i = 0; i < 60; ++i) s.push_back(i);
  for (const std::size_t r : {3u, 20u, 41u, 50u}) ill[r] = 1;
  const Answer answer = RunOne(kRoc, {MakeTable({{"ill", ill}, {"s", s}})}, {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().reason, "rare_level");
}

TEST(Roc, SaysWhatIsWrong) {
  const Table table = MakeTable(
      {{"ill", {0, 1, 2}}, {"same", {1, 1, 1}}, {"three", {"a", "b", "c"}}, {"s", {1, 2, 3}}});
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {kRoc, "analysis \"a\": outcome: found other values than 0 and 1 in 1 rows"},
      {"method = \"roc\"\noutcome = \"same\"\nscore = \"s\"\n",
       "analysis \"a\": expected rows with and rows without the outcome, found one kind only"},
      {"method = \"roc\"\noutcome = \"three\"\nscore = \"s\"\n",
       "analysis \"a\": outcome: three has 3 levels, expected 2"},
      {"method = \"roc\"\noutcome = \"ill\"\nscore = \"three\"\n",
       "analysis \"a\": score: three is a factor, expected a number"},
      {"method = \"roc\"\noutcome = \"ill\"\nscore = \"t\"\n",
       "analysis \"a\": score: column \"t\": not in the table, expected one of: "},
      {"method = \"roc\"\noutcome = \"ill\"\n", "analysis \"a\": score: found none"},
      {std::string(kRoc) + "direction = \"up\"\n",
       "analysis \"a\": direction: found \"up\", expected one of auto, <, >"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {table});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
}

}  // namespace
}  // namespace clinnova::stats
