// SPDX-License-Identifier: Apache-2.0
// What travels in the rounds of a treatment effect, and the site's side of it: fits of the propensity and outcome
// models, the clever covariates' coefficients, the means with their derivatives, the influence functions' products.
#pragma once

#include <cstdint>
#include <vector>

#include "stats/effect_rows.h"

namespace clinnova::stats {

/// Score, information and log-likelihood of the models at `models`; those without coefficients are left out.
struct EffectModelParameters {
  FrameClaim claim;
  EffectModels models;
  std::int64_t propensity_score_exponent = 0;
  std::int64_t information_exponent = 0;
  std::int64_t outcome_score_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(models);
    a(propensity_score_exponent);
    a(information_exponent);
    a(outcome_score_exponent);
  }
};
enum EffectModelBlock {
  kPropensityScore,        ///< arms 1…: columns each
  kPropensityInformation,  ///< pairs c <= b of arms 1…: lower triangles
  kOutcomeScore,           ///< arms 0…
  kOutcomeInformation,
  kLogLikelihoods,  ///< the propensity's, then the outcome's by arm
  kArmCounts        ///< by arm, ArmCount of them each
};
enum ArmCount {
  kZeros,  ///< outcomes that are 0
  kOnes,
  kOthers,
  kKept,            ///< not trimmed
  kBoundaryEffect,  ///< own propensity, or fitted outcome, numerically 0 or 1
  kArmCountSize
};

/// tmle: score, information and log-likelihood of each arm's coefficient of 1 / e_a.
struct EffectTargetParameters {
  FrameClaim claim;
  EffectModels models;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(models);
  }
};
enum EffectTargetBlock { kTargetScore, kTargetInformation, kTargetLogLikelihood };

/// The means' numerators and denominators with their derivatives in the models' linear predictors, and balance.
struct EffectMomentParameters {
  FrameClaim claim;
  EffectModels models;
  std::int64_t column_exponent = 0;      ///< of a standardised value
  std::int64_t derivative_exponent = 0;  ///< of a derivative times a standardised value
  std::int64_t weight_exponent = 0;      ///< of a weight times a standardised value
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(models);
    a(column_exponent);
    a(derivative_exponent);
    a(weight_exponent);
  }
};
enum EffectMomentBlock {
  kNumerators,             ///< by arm
  kDenominators,           ///< by arm
  kWeights,                ///< by arm, sum of weights; then by arm, sum of their squares
  kNumeratorByPropensity,  ///< by arm and arm c >= 1: columns
  kDenominatorByPropensity,
  kNumeratorByOutcome,  ///< by arm: columns
  kTargetByPropensity,  ///< tmle: of the clever covariate's score
  kTargetByOutcome,
  kByEpsilon,   ///< tmle: by arm, of the numerator; then by arm, the score's information
  kColumnSums,  ///< by arm: columns, squares of columns, weighted columns
  kColumnSquares,
  kWeightedColumns
};

/// Products of the influence functions (times the denominators) of every two arms.
struct EffectInfluenceParameters {
  FrameClaim claim;
  EffectModels models;
  std::vector<double> means{};  ///< by arm
  std::vector<double>
      by_epsilon{};  ///< by arm: what a clever covariate's score is worth; empty = nothing
  std::vector<double> by_propensity{};  ///< by arm and arm c >= 1: columns; empty = nothing
  std::vector<double> by_outcome{};     ///< by arm: columns; empty = nothing
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(models);
    a(means);
    a(by_epsilon);
    a(by_propensity);
    a(by_outcome);
  }
};
enum EffectInfluenceBlock {
  kStacked,  ///< lower triangle over arms: with what the models' estimation adds
  kPlain     ///< as if the models were known
};

extern const federation::TypedStep<EffectModelParameters> kEffectModelStep;
extern const federation::TypedStep<EffectTargetParameters> kEffectTargetStep;
extern const federation::TypedStep<EffectMomentParameters> kEffectMomentStep;
extern const federation::TypedStep<EffectInfluenceParameters> kEffectInfluenceStep;

}  // namespace clinnova::stats
