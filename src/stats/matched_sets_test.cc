// SPDX-License-Identifier: Apache-2.0
#include "stats/matched_sets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

MatchedSet SixPersons() {
  MatchedSet set(2);
  const std::vector<std::vector<double>> x = {{1, 0.5}, {2, -1}, {0, 0.3},
                                              {1.5, 2}, {-1, 1}, {0.2, 0}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    set.Add(x[i], {.offset = 0.1 * static_cast<double>(i), .is_case = i == 0 || i == 3 || i == 5});
  }
  return set;
}

double Eta(const MatchedSet& set, std::size_t i, const std::vector<double>& beta) {
  return set.role(i).offset + beta[0] * set.x(i)[0] + beta[1] * set.x(i)[1];
}

/// The exact likelihood over all subsets of three.
double AllSubsets(const MatchedSet& set, const std::vector<double>& beta) {
  double own = 0;
  double total = 0;
  for (unsigned subset = 0; subset < 64; ++subset) {
    if (__builtin_popcount(subset) != 3) continue;
    double sum = 0;
    bool cases = true;
    for (std::size_t i = 0; i < 6; ++i) {
      if ((subset >> i & 1U) == 0) continue;
      sum += Eta(set, i, beta);
      cases = cases && set.role(i).is_case;
    }
    total += std::exp(sum);
    if (cases) own = sum;
  }
  return own - std::log(total);
}

TEST(MatchedSets, ExactLikelihoodIsThatOverAllSubsets) {
  MatchedSet set = SixPersons();
  const std::vector<double> beta = {0.4, -0.7};
  EXPECT_NEAR(LikelihoodOfSet(set, beta, SetTies::kExact).log_likelihood, AllSubsets(set, beta),
              1e-14);
  set.Sort();
  EXPECT_NEAR(LikelihoodOfSet(set, beta, SetTies::kExact).log_likelihood, AllSubsets(set, beta),
              1e-14);
}

TEST(MatchedSets, DerivativesAreThoseOfTheLikelihood) {
  const MatchedSet set = SixPersons();
  const std::vector<double> beta = {0.4, -0.7};
  const double h = 1e-5;
  for (const SetTies ties : {SetTies::kExact, SetTies::kEfron, SetTies::kBreslow}) {
    const SetLikelihood at = LikelihoodOfSet(set, beta, ties);
    for (std::size_t j = 0; j < 2; ++j) {
      std::vector<double> above = beta;
      std::vector<double> below = beta;
      above[j] += h;
      below[j] -= h;
      const SetLikelihood high = LikelihoodOfSet(set, above, ties);
      const SetLikelihood low = LikelihoodOfSet(set, below, ties);
      EXPECT_NEAR(at.score[j], (high.log_likelihood - low.log_likelihood) / (2 * h), 1e-8);
      EXPECT_NEAR(at.information[j == 0 ? 0 : 2], -(high.score[j] - low.score[j]) / (2 * h), 1e-8);
      EXPECT_NEAR(at.information[1], -(high.score[1 - j] - low.score[1 - j]) / (2 * h), 1e-8);
    }
  }
}

TEST(MatchedSets, TiesDoNotMatterForOneCase) {
  MatchedSet set(1);
  set.Add(std::vector<double>{1}, {.is_case = true});
  set.Add(std::vector<double>{0}, {.is_case = false});
  set.Add(std::vector<double>{3}, {.is_case = false});
  const std::vector<double> beta = {0.5};
  const double expected = 0.5 - std::log(std::exp(0.5) + 1 + std::exp(1.5));
  for (const SetTies ties : {SetTies::kExact, SetTies::kEfron, SetTies::kBreslow}) {
    EXPECT_NEAR(LikelihoodOfSet(set, beta, ties).log_likelihood, expected, 1e-15);
  }
}

TEST(MatchedSets, CountsSubsetsFarBeyondTheDoubles) {
  MatchedSet set(1);
  for (int i = 0; i < 3000; ++i) set.Add(std::vector<double>{0}, {.is_case = i % 2 == 0});
  const SetLikelihood at = LikelihoodOfSet(set, std::vector<double>{1}, SetTies::kExact);
  const double expected = -(core::LogGamma(3001) - 2 * core::LogGamma(1501));
  EXPECT_NEAR(at.log_likelihood / expected, 1, 1e-13);
}

TEST(MatchedSets, GiveTheSameBitsInAnyOrder) {
  const MatchedSet one = SixPersons();
  MatchedSet other(2);
  for (const std::size_t i : {4, 2, 0, 5, 1, 3}) other.Add(one.x(i), one.role(i));
  MatchedSet sorted = one;
  sorted.Sort();
  other.Sort();
  const std::vector<double> beta = {0.4, -0.7};
  EXPECT_EQ(LikelihoodOfSet(sorted, beta, SetTies::kExact).log_likelihood,
            LikelihoodOfSet(other, beta, SetTies::kExact).log_likelihood);
}

TEST(MatchedSets, SayNothingWithoutACaseOrOthers) {
  MatchedSet set(1);
  set.Add(std::vector<double>{1}, {.is_case = true});
  EXPECT_FALSE(set.informative());
  EXPECT_EQ(LikelihoodOfSet(set, std::vector<double>{1}, SetTies::kExact).log_likelihood, 0);
}

}  // namespace
}  // namespace clinnova::stats
