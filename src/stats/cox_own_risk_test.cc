// SPDX-License-Identifier: Apache-2.0
// Risk sets walked within a site against the risk sets' sums that travel: two ways to one likelihood.
#include "stats/cox_own_risk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

/// Tied times, late entries, weights that are no whole numbers, two groups.
Table Cohort() {
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal;
  std::vector<double> start, stop, d, x, z, w;
  std::vector<std::string> g;
  for (int i = 0; i < 300; ++i) {
    start.push_back(static_cast<double>(random() % 10));
    stop.push_back(start.back() + 1 + static_cast<double>(random() % 15));
    d.push_back(static_cast<double>(random() % 3 != 0));
    x.push_back(normal(random));
    z.push_back(static_cast<double>(random() % 2));
    w.push_back(0.5 + static_cast<double>(random() % 4));
    g.push_back(random() % 4 == 0 ? "b" : "a");
  }
  return MakeTable({{"start", start},
                    {"stop", stop},
                    {"d", d},
                    {"x", x},
                    {"z", z},
                    {"w", w},
                    {"g", g},
                    {"site", std::vector<std::string>(300, "s1")}});
}

Answer Fit(const Table& table, const std::string& formula, const std::string& more) {
  return RunOne("method = \"cox\"\nformula = \"" + formula + "\"\n" + more, {table});
}

void ExpectSameFit(const Answer& walked, const Answer& summed) {
  ASSERT_TRUE(walked) << walked.error().message;
  ASSERT_TRUE(summed) << summed.error().message;
  std::vector<std::string> pointers{"/log_lik"};
  EXPECT_EQ(walked.IsNull("/concordance"), summed.IsNull("/concordance"));  // null with weights
  if (!summed.IsNull("/concordance")) pointers.push_back("/concordance");
  for (const std::string term : {"/terms/0", "/terms/1"}) {
    pointers.push_back(term + "/estimate");
    pointers.push_back(term + "/std_error");
  }
  for (std::size_t i = 0; i < summed.Size("/proportional_hazards"); ++i)
    pointers.push_back("/proportional_hazards/" + std::to_string(i) + "/statistic");
  EXPECT_EQ(walked.Size("/proportional_hazards"), summed.Size("/proportional_hazards"));
  for (const std::string& pointer : pointers) {
    const double expected = summed.Number(pointer);
    EXPECT_NEAR(walked.Number(pointer), expected, 1e-11 * (1 + std::fabs(expected))) << pointer;
  }
}

TEST(CoxOwnRisk, GivesTheFitOfTheSumsThatTravel) {
  const Table cohort = Cohort();
  for (const std::string formula : {"Surv(stop, d) ~ x + z", "Surv(start, stop, d) ~ x + z",
                                    "Surv(start, stop, d) ~ x + z + strata(g)"}) {
    for (const std::string more : {"", "ties = \"breslow\"\n", "weights = \"w\"\n",
                                   "weights = \"w\"\nties = \"breslow\"\n"}) {
      if (formula.find("start") != std::string::npos && more.find("weights") != std::string::npos)
        continue;  // robust by its weights, and needs a cluster of rows then
      SCOPED_TRACE(formula + " " + more);
      ExpectSameFit(Fit(cohort, formula, more), Fit(cohort, formula, more + "strata = []\n"));
    }
  }
}

TEST(CoxOwnRisk, HasTheSameBitsForEveryOrderOfRows) {
  const Table cohort = Cohort();
  std::vector<std::size_t> order(300);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937_64(3));
  const std::string formula = "Surv(start, stop, d) ~ x + z + strata(g)";
  EXPECT_EQ(Fit(cohort, formula, "").text(), Fit(Reordered(cohort, order), formula, "").text());
}

TEST(CoxOwnRisk, RisksBeyondTheExpectedRangeRaiseIt) {
  Table cohort = Cohort();
  for (double& x : cohort.columns[3].numbers) x *= 1e-3;  // a coefficient a thousand times as large
  const Answer small = Fit(cohort, "Surv(stop, d) ~ x + offset(3e3 * x)", "");
  const Answer plain = Fit(cohort, "Surv(stop, d) ~ x", "");
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_NEAR(small.Number("/terms/0/estimate") + 3e3, plain.Number("/terms/0/estimate"), 1e-5);
}

}  // namespace
}  // namespace clinnova::stats
