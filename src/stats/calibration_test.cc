// SPDX-License-Identifier: Apache-2.0
// R's numbers are held by tests/golden; here is what they do not show.
#include "stats/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Calibration(const std::string& more = "") {
  return "method = \"calibration\"\noutcome = \"y\"\nprediction = \"p\"\n" + more;
}

/// 400 rows whose outcome is as likely as predicted, in a fixed pattern.
Table Predicted() {
  std::vector<double> p, y;
  for (int i = 0; i < 400; ++i) {
    p.push_back(0.05 + 0.9 * ((i * 37) % 400) / 400.0);
    y.push_back(std::fmod(i * 0.6180339887498949, 1.0) < p.back());
  }
  return MakeTable({{"y", y}, {"p", p}});
}

TEST(Calibration, IsNearItsIdealForTruePredictions) {
  const Answer answer = RunOne(Calibration(), {Predicted()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/intercept"), 0, 0.1);
  EXPECT_NEAR(answer.Number("/slope"), 1, 0.1);
  EXPECT_NEAR(answer.Number("/observed_expected"), 1, 0.02);
  EXPECT_LT(answer.Number("/ici"), 0.02);
  EXPECT_EQ(answer.Size("/curve"), 10u);
  EXPECT_LE(answer.Number("/rounds"), 17);
}

TEST(Calibration, GivesNoLogitOfCertainty) {
  const Table table = MakeTable({{"y", {0, 1, 1, 0, 1, 0}}, {"p", {0, 0.8, 1, 0.3, 0.6, 0.4}}});
  const Answer answer = RunOne(Calibration("bins = 2\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/slope"));
  EXPECT_TRUE(answer.IsNull("/ici"));
  EXPECT_NEAR(answer.Number("/brier"), (0.04 + 0.09 + 0.16 + 0.16) / 6, 1e-15);
  EXPECT_EQ(answer.Size("/warnings"), 1u);
}

TEST(Calibration, SaysWhatSeparationLeavesOut) {
  const Table table = MakeTable({{"y", {0, 0, 0, 1, 1, 1}}, {"p", {0.1, 0.2, 0.3, 0.6, 0.7, 0.8}}});
  const Answer answer = RunOne(Calibration("bins = 2\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/slope"));
  EXPECT_FALSE(answer.IsNull("/intercept"));
  EXPECT_EQ(answer.Size("/warnings"), 1u);
}

TEST(Calibration, HasNoFlexibleCurveForOneValue) {
  const Table table = MakeTable({{"y", {0, 0, 1, 1, 0}}, {"p", {0.3, 0.3, 0.3, 0.3, 0.3}}});
  const Answer answer = RunOne(Calibration(), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/ici"));
  EXPECT_TRUE(answer.IsNull("/slope"));
  EXPECT_NEAR(answer.Number("/intercept"), std::log(0.4 / 0.6) - std::log(0.3 / 0.7), 1e-14);
  EXPECT_EQ(answer.Size("/curve"), 1u);
}

TEST(Calibration, JoinsSmallGroupsUnderTheDisclosureRules) {  // rules 3 and 9
  const Answer answer = RunOne(Calibration("bins = 60\n"), {Predicted()}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_LT(answer.Size("/curve"), 50u);
  EXPECT_TRUE(answer.IsNull("/curve/0/lower"));
  for (std::size_t k = 0; k < answer.Size("/curve"); ++k) {
    const std::string group = "/curve/" + std::to_string(k);
    const double n = answer.Number(group + "/n");
    const double events = std::round(n * answer.Number(group + "/observed"));
    EXPECT_TRUE(events == 0 || events >= 5);
    EXPECT_TRUE(n == events || n - events >= 5);
  }
}

TEST(Calibration, SaysWhatIsWrong) {
  const Table table = MakeTable({{"y", {0, 1, 1}}, {"p", {0.2, 1.4, 0.3}}});
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {Calibration(), "analysis \"a\": prediction: found values below 0 or above 1"},
      {Calibration("bins = 0\n"), "analysis \"a\": bins: found 0, expected 1 to 1000 groups"},
      {Calibration("bins = [0.5, 0.2]\n"),
       "analysis \"a\": bins: found [0.5,0.2], expected a number of groups, or rising"},
      {"method = \"calibration\"\noutcome = \"y\"\n", "analysis \"a\": prediction: found none"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {table});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
}

}  // namespace
}  // namespace clinnova::stats
