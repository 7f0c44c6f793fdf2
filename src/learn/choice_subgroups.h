// SPDX-License-Identifier: Apache-2.0
// Whether the outcome models are as right about one subgroup of the patients as about another: by sex, age and what else the
// study names, what happened under the drug that a person received beside what was predicted out of fold, the mean
// difference with its error, and the size of the errors; and whether benefits of one drug over another come true there. Pure
// functions of a subgroup's sums.
//
//   sums.Add(kGroupPredictions, kPredictionParts * group + i, PredictionParts(q, y)[i]);
//   const SubgroupFit fit = SubgroupFitOf(parts, n, 0.95);     // fit.difference.low > 0: more happened than was said
//
// The difference is calibration in the large (B. Van Calster et al., J. Clin. Epidemiol. 74, 2016), which item 14 of
// TRIPOD+AI (G. S. Collins et al., BMJ 385, 2024) asks for by subgroup; its error is that of a mean.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "learn/choice_discrimination.h"
#include "learn/choice_judgement.h"

namespace clinnova::learn {

struct SubgroupFit {
  double observed = 0, predicted = 0;  ///< means
  ChoiceEstimate difference{};         ///< of the observed less the predicted
  ErrorSizes errors{};
};
/// From the sums of PredictionParts over n persons, at least two.
SubgroupFit SubgroupFitOf(std::span<const double> sums, std::int64_t n, double confidence_level);

/// How a benefit of one arm over another comes true in a subgroup.
struct SubgroupBenefit {
  double predicted = 0;           ///< mean
  ChoiceEstimate gain{};          ///< mean of the scores' gain
  std::optional<double> slope{};  ///< of the gain on the prediction; none where all are alike
};
/// From the sums of ContrastParts over n persons, at least two.
SubgroupBenefit SubgroupBenefitOf(std::span<const double> sums, std::int64_t n,
                                  double confidence_level);

}  // namespace clinnova::learn
