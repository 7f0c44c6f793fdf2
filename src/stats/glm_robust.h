// SPDX-License-Identifier: Apache-2.0
// Robust errors of a generalised linear model: the squares of its scores are asked beside the round that may be the
// fit's last, at the same coefficients, so that they cost no round of their own.
// Source: R's sandwich (vcovHC with types HC0 and HC1, vcovCL).
#pragma once

#include <cstdint>

#include "federation/federation.h"
#include "stats/glm_steps.h"
#include "stats/linear_algebra.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

/// What to ask: `claim`, `beta`, `theta` and `clustered` are the caller's; the range is set here from the sums of the
/// round before. Where that had no residuals, a row's is taken to be below 2^`outcome_exponent`.
GlmMeatParameters GlmMeatAsked(const federation::PooledSums& before, std::int64_t rows,
                               int outcome_exponent, GlmMeatParameters asked);

struct GlmMeat {
  Matrix meat;  ///< standardised scale
  std::int64_t clusters = 0;
  /// False where the range was so wide that squares may have lost digits.
  bool fine = true;
};
GlmMeat GlmMeatOf(const GlmMeatParameters& asked, const federation::PooledSums& sums);

/// kGlmStep and kGlmMeatStep in one round.
extern const federation::TypedStep<RoundParts> kGlmRound;
PartSteps GlmParts();

}  // namespace clinnova::stats
