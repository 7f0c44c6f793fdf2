// SPDX-License-Identifier: Apache-2.0
// What travels in a round of a generalised linear model, and the site's side of it.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/glm_family.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

struct GlmParameters {
  enum class Mode : std::uint8_t {
    kStart,  ///< R's first step: weighted least squares from means near the outcomes
    kScore,  ///< score and information at `beta`
  };
  Mode mode = Mode::kStart;
  FrameClaim claim;
  std::vector<double> beta;   ///< standardised scale
  double theta = 0;           ///< of the negative binomial family; 0 = not known yet
  std::vector<double> bread;  ///< Firth's: the inverse information of the round before, row by row
  bool null_model = false;    ///< also the null model at `null_beta` (its linear predictor's shift)
  double null_beta = 0;
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;
  std::int64_t second_exponent = 0;
  std::int64_t third_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(mode);
    a(claim);
    a(beta);
    a(theta);
    a(bread);
    a(null_model);
    a(null_beta);
    a(score_exponent);
    a(information_exponent);
    a(second_exponent);
    a(third_exponent);
  }
};

/// The second information is there where the link is not the canonical one, the last for the negative binomial family
/// and for Firth's penalty.
enum GlmBlock {
  kGlmScore,
  kGlmInformation,
  kGlmFit,
  kGlmNull,
  kGlmCounts,
  kGlmSecondInformation,  ///< observed, or see AddThirdMoments
  kGlmTheta,
  kGlmThirdMoments = kGlmTheta  ///< Firth's, in place of theta's
};
/// Numbers of kGlmFit: sums over rows of positive weight.
enum GlmFit {
  kDeviance,
  kPearson,        ///< weight (y - mu)^2 / V
  kLogLikelihood,  ///< binomial, poisson, negative binomial: the log-likelihood
  kWeightLogY,     ///< Gamma: weight log y, weight y / mu, weight log mu
  kWeightYOverMu,
  kWeightLogMu,
  kWeight,
  kLogWeight,
  kWeightY,
  kWeightOffset,
  kGlmFitSize
};
/// Numbers of kGlmNull.
enum GlmNull { kNullScore, kNullInformation, kNullDeviance, kGlmNullSize };
/// Numbers of kGlmCounts.
enum GlmCount {
  kPositiveWeight,
  kInvalidMean,
  kInvalidResponse,
  kInvalidWeight,
  kBoundary,  ///< fitted probabilities numerically 0 or 1, fitted rates numerically 0
  kOutcomeZero,
  kOutcomeOne,
  kInvalidNullMean,  ///< the null model's mean is outside the range, as 1 / 0 without an intercept
  kFractional,  ///< outcomes that are no whole number of events or successes, of a family that counts them
  kGlmCountSize
};

struct GlmMeatParameters {
  FrameClaim claim;
  std::vector<double> beta;
  double theta = 0;
  /// Powers of two, one per column, that bring all columns' scores to a like size: squares of few digits would be lost
  /// beside much larger ones.
  std::vector<double> shrink;
  std::int64_t score_exponent = 0;  ///< of a row's or a cluster's score, so shrunken
  bool clustered = false;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(theta);
    a(shrink);
    a(score_exponent);
    a(clustered);
  }
};
enum GlmMeatBlock { kMeat, kClusters };

extern const federation::TypedStep<GlmParameters> kGlmStep;
extern const federation::TypedStep<GlmMeatParameters> kGlmMeatStep;

}  // namespace clinnova::stats
