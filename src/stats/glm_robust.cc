// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_robust.h"

#include <cmath>

namespace clinnova::stats {
namespace {

using federation::PooledSums;

/// By how many powers of two a row's score may be above the usual one, and a cluster's above that, without another
/// round.
constexpr int kRoom = 8;
constexpr int kClusterRoom = 4;
/// Digits of a sum of squares that must stand above the unit of its block.
constexpr int kDigits = 40;

}  // namespace

GlmMeatParameters GlmMeatAsked(const PooledSums& before, std::int64_t rows, int outcome_exponent,
                               GlmMeatParameters asked) {
  // Brings every column's score to the size of Pearson's residual, whose square is the usual one's mean.
  const auto n = static_cast<double>(rows);
  for (std::size_t j = 0; j < asked.beta.size(); ++j) {
    const double information = before.Number(kGlmInformation, j * (j + 1) / 2 + j);
    asked.shrink.push_back(std::ldexp(1.0, -ExponentOf(std::sqrt(information / n))));
  }
  const double pearson = before.Number(kGlmFit, kPearson);
  const int residual = pearson > 0 ? ExponentOf(std::sqrt(pearson / n)) : outcome_exponent;
  asked.score_exponent = residual + kRoom + (asked.clustered ? kClusterRoom : 0);
  return asked;
}

GlmMeat GlmMeatOf(const GlmMeatParameters& asked, const PooledSums& sums) {
  const std::size_t p = asked.shrink.size();
  GlmMeat told{.meat = FromLowerTriangle(sums.Numbers(kMeat), p),
               .clusters = sums.Count(kClusters)};
  const auto exponent = static_cast<int>(sums.layout().blocks[kMeat].exponent);
  const double least = std::ldexp(1.0, exponent - federation::kScaledBits + kDigits);
  for (std::size_t i = 0; i < p; ++i) told.fine &= !(told.meat[i][i] < least);
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) told.meat[i][j] /= asked.shrink[i] * asked.shrink[j];
  }
  return told;
}

PartSteps GlmParts() { return {&kGlmStep, &kGlmMeatStep}; }

const federation::TypedStep<RoundParts> kGlmRound = PartsStep<GlmParts>("glm.round", FrameRules());

}  // namespace clinnova::stats
