// SPDX-License-Identifier: Apache-2.0
// What travels while a treatment choice learns, and the site's side of it: counts by fold, cross products, the
// likelihood of outcome models at many points, the propensity's score and information without each fold.
//
// Reveals, over all sites together: by fold and arm the persons by outcome, the sums of the outcome, of the
// standardised columns, their squares and their products with the outcome; for a continuous outcome the columns' cross
// products by fold and arm, otherwise over everybody; for a binary one score, information and deviance by arm at each
// point; by fold the propensity's score and information without it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

/// Persons by fold, arm and outcome; rows without a fold.
struct ChoiceCountParameters {
  ChoiceSplit split;
  template <class A>
  void Fields(A& a) {
    a(split);
  }
};
enum ChoiceCountBlock { kChoiceCells, kChoiceNoFold, kChoiceOutcomeSum };

/// By fold and arm, of outcomes less `center`; `gaussian`: cross products by fold and arm, too.
struct ChoiceMomentParameters {
  ChoiceSplit split;
  double center = 0;
  bool gaussian = false;
  std::int64_t size_exponent = 0;      ///< of a standardised value
  std::int64_t response_exponent = 0;  ///< of the centred outcome
  template <class A>
  void Fields(A& a) {
    a(split);
    a(center);
    a(gaussian);
    a(size_exponent);
    a(response_exponent);
  }
};
enum ChoiceMomentBlock {
  kMomentColumns,   ///< by fold and arm: columns
  kMomentSquares,   ///< by fold and arm: columns
  kMomentProducts,  ///< by fold and arm: columns with the outcome
  kMomentOutcome,   ///< by fold and arm: of the outcome's square
  kMomentGram       ///< lower triangle: of everybody, or by fold and arm
};

/// Which folds a point's sums are over.
struct ChoiceFolds {
  bool only = false;  ///< these folds alone; otherwise all others
  std::int64_t first = 0;
  std::int64_t second = 0;  ///< 0: none
  bool Has(std::int32_t fold) const { return only == (fold == first || fold == second); }
  template <class A>
  void Fields(A& a) {
    a(only);
    a(first);
    a(second);
  }
};

/// The number of the training set without folds f and g (from 0 on) among all rows, those without each fold, and those
/// without every two.
inline std::size_t SetWithout(std::size_t folds, std::size_t f, std::size_t g) {
  if (f == g) return 1 + f;
  const std::size_t low = std::min(f, g);
  const std::size_t high = std::max(f, g);
  return 1 + folds + low * (2 * folds - low - 1) / 2 + (high - low - 1);
}

/// Binary outcomes: by point and arm, of the arm's rows in the point's folds, the deviance and, with `derivatives`,
/// score and information of the log-likelihood.
struct ChoicePointParameters {
  ChoiceSplit split;
  std::vector<std::vector<double>> betas{};  ///< by point: arms * columns
  std::vector<ChoiceFolds> folds{};          ///< by point
  bool derivatives = true;
  std::int64_t size_exponent = 0;
  template <class A>
  void Fields(A& a) {
    a(split);
    a(betas);
    a(folds);
    a(derivatives);
    a(size_exponent);
  }
};
enum ChoicePointBlock { kPointScore, kPointInformation, kPointDeviance };

/// -2 ln of the likelihood of y = 0 or 1 at the linear predictor eta.
double BinaryDeviance(double y, double eta);

/// By fold, over the rows outside it, at its own coefficients.
struct ChoicePropensityParameters {
  ChoiceSplit split;
  std::vector<std::vector<double>> gammas{};  ///< by fold: (arms - 1) * columns
  std::int64_t size_exponent = 0;
  template <class A>
  void Fields(A& a) {
    a(split);
    a(gammas);
    a(size_exponent);
  }
};
enum ChoicePropensityBlock { kChoiceScore, kChoiceInformation, kChoiceLogLikelihood };

extern const federation::TypedStep<ChoiceCountParameters> kChoiceCountStep;
extern const federation::TypedStep<ChoiceMomentParameters> kChoiceMomentStep;
extern const federation::TypedStep<ChoicePointParameters> kChoicePointStep;
extern const federation::TypedStep<ChoicePropensityParameters> kChoicePropensityStep;

}  // namespace clinnova::learn
