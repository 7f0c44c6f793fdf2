// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_event_time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace clinnova::stats {
namespace {

constexpr std::size_t kCovariates = 3;
using Numbers = std::vector<long double>;

Numbers SumsOver(const std::vector<std::vector<double>>& x, const std::vector<double>& risks,
                 std::size_t first, std::size_t last) {
  Numbers sums(1 + kCovariates + kCovariates * (kCovariates + 1) / 2);
  for (std::size_t r = first; r < last; ++r) {
    sums[0] += risks[r];
    std::size_t cell = 1 + kCovariates;
    for (std::size_t i = 0; i < kCovariates; ++i) {
      sums[1 + i] += risks[r] * x[r][i];
      for (std::size_t j = 0; j <= i; ++j) sums[cell++] += risks[r] * x[r][i] * x[r][j];
    }
  }
  return sums;
}

/// The definition: step after step.
EventTime StepByStep(const Numbers& risk, const Numbers& dying, std::int64_t deaths,
                     std::int64_t steps, long double weight) {
  EventTime at;
  at.mean.resize(kCovariates), at.hazard_mean.resize(kCovariates);
  at.own_hazard_mean.resize(kCovariates), at.variance.resize(6);
  for (std::int64_t m = 0; m < steps; ++m) {
    const long double f = steps == deaths ? static_cast<long double>(m) / deaths : 0;
    const long double times = weight / steps;
    const long double zero = risk[0] - f * dying[0];
    at.log_risk += times * std::log(zero);
    at.hazard += times / zero;
    at.hazard_variance += times / (zero * zero);
    at.own_hazard += times * (1 - f) / zero;
    std::size_t cell = 0;
    for (std::size_t i = 0; i < kCovariates; ++i) {
      const long double mean = (risk[1 + i] - f * dying[1 + i]) / zero;
      at.mean[i] += times * mean;
      at.hazard_mean[i] += times * mean / zero;
      at.own_hazard_mean[i] += times * (1 - f) * mean / zero;
      for (std::size_t j = 0; j <= i; ++j, ++cell) {
        const std::size_t square = 1 + kCovariates + cell;
        const long double other = (risk[1 + j] - f * dying[1 + j]) / zero;
        at.variance[cell] += times * ((risk[square] - f * dying[square]) / zero - mean * other);
      }
    }
  }
  return at;
}

void ExpectNear(const Numbers& got, const Numbers& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(static_cast<double>(got[i]), static_cast<double>(expected[i]),
                1e-15 * (1 + std::fabs(static_cast<double>(expected[i]))));
}

void ExpectSame(const EventTime& got, const EventTime& expected) {
  ExpectNear({got.log_risk, got.hazard, got.hazard_variance, got.own_hazard},
             {expected.log_risk, expected.hazard, expected.hazard_variance, expected.own_hazard});
  ExpectNear(got.mean, expected.mean);
  ExpectNear(got.hazard_mean, expected.hazard_mean);
  ExpectNear(got.own_hazard_mean, expected.own_hazard_mean);
  ExpectNear(got.variance, expected.variance);
}

struct Cohort {
  std::vector<std::vector<double>> x;
  std::vector<double> risks;
};

Cohort Draw(std::size_t persons) {
  std::mt19937_64 random(persons);
  std::normal_distribution<double> normal;
  Cohort cohort;
  for (std::size_t r = 0; r < persons; ++r) {
    cohort.x.push_back({normal(random), normal(random), static_cast<double>(r % 2)});
    cohort.risks.push_back(std::exp(normal(random)));
  }
  return cohort;
}

TEST(CoxEventTime, EfronsStepsAreThoseOfTheDefinition) {
  const Cohort cohort = Draw(40);
  const Numbers risk = SumsOver(cohort.x, cohort.risks, 0, 40);
  for (const std::int64_t deaths : {1, 2, 3, 17, 40}) {  // 40: nobody stays
    const Numbers dying = SumsOver(cohort.x, cohort.risks, 0, static_cast<std::size_t>(deaths));
    EventTime at;
    at.deaths = deaths;
    at.weight = 1.5L * deaths;
    SumSteps(risk, dying, kCovariates, Ties::kEfron, at);
    ExpectSame(at, StepByStep(risk, dying, deaths, deaths, at.weight));
  }
}

TEST(CoxEventTime, BreslowTakesAllDeathsFromTheWholeRiskSet) {
  const Cohort cohort = Draw(30);
  const Numbers risk = SumsOver(cohort.x, cohort.risks, 0, 30);
  EventTime at;
  at.deaths = 4;
  at.weight = 4;
  SumSteps(risk, {}, kCovariates, Ties::kBreslow, at);
  ExpectSame(at, StepByStep(risk, risk, 4, 1, 4));
}

TEST(CoxEventTime, ACovariateConstantInTheRiskSetHasNoVariance) {
  Cohort cohort = Draw(50);
  for (auto& x : cohort.x) x[1] = 0.1;  // no double times 0.1 is exact
  const Numbers risk = SumsOver(cohort.x, cohort.risks, 0, 50);
  const Numbers dying = SumsOver(cohort.x, cohort.risks, 0, 7);
  for (const Ties ties : {Ties::kEfron, Ties::kBreslow}) {
    EventTime at;
    at.deaths = 7;
    at.weight = 7;
    SumSteps(risk, dying, kCovariates, ties, at);
    EXPECT_EQ(at.variance[1], 0);  // with the first, with itself, of the third with it
    EXPECT_EQ(at.variance[2], 0);
    EXPECT_EQ(at.variance[4], 0);
    EXPECT_GT(at.variance[0], 0);
    EXPECT_GT(at.variance[5], 0);
  }
}

}  // namespace
}  // namespace clinnova::stats
