// SPDX-License-Identifier: Apache-2.0
// What travels in a round of an ordinal model, and the site's side of it.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"
#include "stats/ordinal_link.h"

namespace clinnova::stats {

struct OrdinalParameters {
  FrameClaim claim;
  std::vector<double> thresholds;  ///< increasing, one fewer than levels; standardised scale
  std::vector<double> beta;        ///< without intercept; standardised scale
  bool expected = false;           ///< the expected information in place of the observed
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;
  std::int64_t cross_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(thresholds);
    a(beta);
    a(expected);
    a(score_exponent);
    a(information_exponent);
    a(cross_exponent);
  }
};

enum OrdinalBlock {
  kOrdinalScore,        ///< of the coefficients
  kOrdinalInformation,  ///< of the coefficients
  kOrdinalCross,        ///< per threshold, with each coefficient
  kOrdinalThresholds,   ///< score, then diagonal, then neighbours' information
  kOrdinalFit,
  kOrdinalLevelWeights,
  kOrdinalCounts
};
enum OrdinalFit { kOrdinalLogLikelihood, kOrdinalWeight, kOrdinalFitSize };
enum OrdinalCount { kOrdinalPositiveWeight, kOrdinalImpossible, kOrdinalCountSize };

extern const federation::TypedStep<OrdinalParameters> kOrdinalStep;

}  // namespace clinnova::stats
