// SPDX-License-Identifier: Apache-2.0
#include "stats/kaplan_meier.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Curve(const std::string& right, const std::string& more = "") {
  return "method = \"kaplan_meier\"\nformula = \"Surv(t, d) ~ " + right + "\"\n" + more;
}

// 5 persons: events at 1, 2 (twice), censored at 2 and 3.
Table Five() { return MakeTable({{"t", {1, 2, 2, 2, 3}}, {"d", {1, 1, 1, 0, 0}}}); }

TEST(KaplanMeier, IsTheProductLimit) {
  const Answer answer = RunOne(Curve("1"), Split(Five(), {0, 1, 2, 0, 1}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  const std::string c = "/curves/0";
  EXPECT_EQ(answer.Numbers(c + "/time"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(answer.Numbers(c + "/n_risk"), (std::vector<double>{5, 4, 1}));
  EXPECT_EQ(answer.Numbers(c + "/n_event"), (std::vector<double>{1, 2, 0}));
  EXPECT_EQ(answer.Numbers(c + "/n_censor"), (std::vector<double>{0, 1, 1}));
  const std::vector<double> survival = answer.Numbers(c + "/estimate");
  EXPECT_NEAR(survival[0], 0.8, 1e-15);
  EXPECT_NEAR(survival[1], 0.4, 1e-15);
  EXPECT_NEAR(survival[2], 0.4, 1e-15);
  EXPECT_NEAR(answer.Numbers(c + "/std_error")[1], 0.4 * std::sqrt(1 / 20.0 + 2 / 8.0), 1e-15);
  EXPECT_EQ(answer.Number(c + "/median"), 2);
  EXPECT_EQ(answer.Number("/n"), 5);
}

TEST(KaplanMeier, KnowsTheThreeIntervals) {
  const double s = 0.8;
  const double e = std::sqrt(1 / 20.0);
  const double z = 1.959963984540054;
  struct Case {
    std::string type;
    double low, high;
  };
  const std::vector<Case> cases = {
      {"log", s * std::exp(-z * e), 1.0},
      {"plain", s - z * e * s, 1.0},
      {"log-log", std::pow(s, std::exp(-z * e / std::log(s))),
       std::pow(s, std::exp(z * e / std::log(s)))},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(Curve("1", "conf_type = \"" + c.type + "\"\n"), {Five()});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_NEAR(answer.Numbers("/curves/0/conf_low")[0], c.low, 1e-12) << c.type;
    EXPECT_NEAR(answer.Numbers("/curves/0/conf_high")[0], c.high, 1e-12) << c.type;
  }
}

TEST(KaplanMeier, DrawsACurvePerGroup) {
  const Table table = MakeTable({{"t", {1, 2, 3, 4}},
                                 {"d", {1, 1, 1, 1}},
                                 {"g", {"a", "b", "a", "b"}},
                                 {"h", {"u", "u", "v", "u"}}});
  const Answer answer = RunOne(Curve("g + h"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/curves"), 3u);  // nobody is in g=b, h=v
  EXPECT_EQ(answer.Text("/curves/0/stratum"), "g=a, h=u");
  EXPECT_EQ(answer.Text("/curves/2/stratum"), "g=b, h=u");
  EXPECT_EQ(answer.Numbers("/curves/2/time"), (std::vector<double>{2, 4}));
}

TEST(KaplanMeier, CountsEntriesLate) {
  const Table table = MakeTable({{"e", {0, 0, 2}}, {"t", {1, 3, 4}}, {"d", {1, 1, 1}}});
  const Answer answer =
      RunOne("method = \"kaplan_meier\"\nformula = \"Surv(e, t, d) ~ 1\"\n", {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/curves/0/n_risk"), (std::vector<double>{2, 2, 1}));
  EXPECT_NEAR(answer.Numbers("/curves/0/estimate")[1], 0.25, 1e-15);
}

TEST(KaplanMeier, MergesTimesUntilEachHasTenExits) {
  std::vector<double> t;
  std::vector<double> d;
  for (int i = 1; i <= 47; ++i) {
    t.push_back(i);
    d.push_back(i % 3 != 0);
  }
  const Table table = MakeTable({{"t", t}, {"d", d}});
  const Answer merged = RunOne(Curve("1"), {table}, {.minimum_count = 5});
  const Answer open = RunOne(Curve("1"), {table});
  ASSERT_TRUE(merged && open) << merged.error().message;
  const std::vector<double> times = merged.Numbers("/curves/0/time");
  const std::vector<double> events = merged.Numbers("/curves/0/n_event");
  const std::vector<double> censored = merged.Numbers("/curves/0/n_censor");
  // The last seven join the bin before, whose end is told as the time that five reach.
  EXPECT_EQ(times, (std::vector<double>{10, 20, 30, 43}));
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_GE(events[i] + censored[i], 10);
  EXPECT_EQ(merged.Numbers("/curves/0/n_risk"), (std::vector<double>{47, 37, 27, 17}));
  const std::size_t ends[] = {10, 20, 30, 47};
  for (std::size_t i = 0; i < times.size(); ++i) {  // the value is the unmerged curve's at its end
    EXPECT_EQ(merged.Numbers("/curves/0/estimate")[i],
              open.Numbers("/curves/0/estimate")[ends[i] - 1]);
  }
  EXPECT_EQ(open.Size("/curves/0/time"), 47u);
  EXPECT_EQ(merged.Size("/warnings"), 1u);
}

TEST(KaplanMeier, SuppressesACurveOfFewExits) {
  std::vector<double> t;
  std::vector<std::string> g;
  for (int i = 1; i <= 30; ++i) {
    t.push_back(i);
    g.push_back(i > 21 ? "b" : "a");  // 9 in b
  }
  const Answer answer =
      RunOne(Curve("g"), {MakeTable({{"t", t}, {"d", std::vector<double>(30, 1)}, {"g", g}})},
             {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/curves/0/time"), 2u);
  EXPECT_EQ(answer.Size("/curves/1/time"), 0u);
  EXPECT_TRUE(answer.IsNull("/curves/1/median"));
  EXPECT_EQ(answer.Texts("/suppressed"), (std::vector<std::string>{"curves[1]"}));
}

TEST(KaplanMeier, SaysWhatIsWrong) {
  EXPECT_EQ(RunOne("method = \"kaplan_meier\"\nformula = \"t ~ 1\"\n", {Five()}).error().message,
            "analysis \"a\": formula: found \"t ~ 1\", expected Surv(time, status) before ~");
  EXPECT_FALSE(RunOne(Curve("1", "conf_type = \"wide\"\n"), {Five()}));
  EXPECT_FALSE(RunOne(Curve("1", "times = [2, 1]\n"), {Five()}));
  EXPECT_FALSE(RunOne(Curve("1", "time_grid = -1\n"), {Five()}));
}

}  // namespace
}  // namespace clinnova::stats
