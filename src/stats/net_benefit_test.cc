// SPDX-License-Identifier: Apache-2.0
#include "stats/net_benefit.h"

#include <gtest/gtest.h>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Benefit(const std::string& more = "") {
  return "method = \"net_benefit\"\noutcome = \"y\"\nprediction = \"p\"\n" + more;
}

TEST(NetBenefit, WeighsFalsePositivesByTheOddsOfTheThreshold) {
  const Table table = MakeTable({{"y", {0, 1, 0, 1, 1}}, {"p", {0.1, 0.2, 0.4, 0.4, 0.9}}});
  const Answer answer =
      RunOne(Benefit("thresholds = [0.4, 0.2]\n"), Split(table, {0, 1, 1, 0, 2}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/curve/0/threshold"), 0.2);
  EXPECT_NEAR(answer.Number("/curve/0/net_benefit"), 0.6 - 0.2 * 0.25, 1e-15);
  EXPECT_EQ(answer.Number("/curve/1/tp"), 2);
  EXPECT_EQ(answer.Number("/curve/1/fp"), 1);
  EXPECT_NEAR(answer.Number("/curve/1/treat_all"), 0.6 - 0.4 * 2 / 3, 1e-15);
  EXPECT_EQ(answer.Number("/curve/1/treat_none"), 0);
  EXPECT_EQ(answer.Number("/rounds"), 1);
}

TEST(NetBenefit, HidesThresholdsThatTellFewPersonsApart) {  // rule 3
  std::vector<double> y, p;
  for (int i = 0; i < 100; ++i) {
    y.push_back(i % 2);
    p.push_back(i / 100.0);
  }
  const Answer answer = RunOne(Benefit("thresholds = [0.5, 0.52, 0.7, 0.95]\n"),
                               {MakeTable({{"y", y}, {"p", p}})}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/curve/3/tp"));  // 3 cases above
  EXPECT_EQ(answer.Number("/curve/2/tp"), 15);
  EXPECT_EQ(answer.Number("/curve/1/tp"), 24);
  EXPECT_TRUE(answer.IsNull("/curve/0/net_benefit"));  // one more than at 0.52
  EXPECT_FALSE(answer.IsNull("/curve/0/treat_all"));
  EXPECT_EQ(answer.Texts("/suppressed")[0], "curve[0].net_benefit");
}

TEST(NetBenefit, SaysWhatIsWrong) {
  const Table table = MakeTable({{"y", {0, 1, 1}}, {"p", {0.2, -0.4, 0.3}}});
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {Benefit(), "analysis \"a\": prediction: p is below 0 or above 1 in some rows"},
      {Benefit("thresholds = [1.0]\n"),
       "analysis \"a\": thresholds: found [1.0], expected numbers from 0 to below 1"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {table});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
}

}  // namespace
}  // namespace clinnova::stats
