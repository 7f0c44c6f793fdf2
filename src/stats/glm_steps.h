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

/// The last two are there for the negative binomial family and for Firth's penalty.
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
  kBoundary,  ///< fitted probabilities numerically 0 or 1
  kOutcomeZero,
  kOutcomeOne,
  kGlmCountSize
};

struct GlmMeatParameters {
  FrameClaim claim;
  std::vector<double> beta;
  double theta = 0;
  std::int64_t score_exponent = 0;  ///< of one cluster's score
  bool clustered = false;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(theta);
    a(score_exponent);
    a(clustered);
  }
};
enum GlmMeatBlock { kMeat, kClusters };

extern const federation::TypedStep<GlmParameters> kGlmStep;
extern const federation::TypedStep<GlmMeatParameters> kGlmMeatStep;

}  // namespace clinnova::stats
