// SPDX-License-Identifier: Apache-2.0
// How well predicted benefits of one arm over another rank and size what happens: of every two arms, from sums by bins
// of the predicted benefit.
//
// With d = q_a - q_b (towards the better outcome) and the AIPW scores' difference, the mean gain among those with the
// largest d less that of everybody is the targeting curve; AUTOC is its mean over all shares treated, QINI its mean
// weighted by the share (S. Yadlowsky et al., JASA 120, 2025; persons of one bin are tied). Calibration: the line of the
// gain on the mean d of the bins, and how far the line is from d (E-for-benefit: C. C. H. M. Maas et al., Med. Decis.
// Making 43, 2023).
// c-for-benefit (D. van Klaveren et al., J. Clin. Epidemiol. 94, 2018), binary outcomes: of two pairs, each of a person
// with a and one with b of like d, how often the pair with the larger d has the larger observed benefit, among pairs of
// pairs that differ. Pairs are all those within a bin instead of one matching, outcomes are weighted by 1 / propensity:
// no pair is drawn by chance, none needs two persons at one site, and the number is the same for every partition.
//
// Reveals: the step choice.benefit: of every two arms sum and sum of squares of d; then by bin persons, sums of d, of the
// scores' difference and its square, of both predictions, and by received arm of the weights, weighted outcomes and both
// with squared weights; sums of outcomes by recommended and received arm.
#pragma once

#include <optional>
#include <vector>

#include "federation/federation.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

inline constexpr std::size_t kContrastBins =
    20;  ///< from 3 standard deviations below the mean to 3 above

struct ChoiceBenefitParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::vector<double> centers{};  ///< of d, by two arms; empty: moments are asked for, else bins
  std::vector<double> scales{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(centers);
    a(scales);
  }
};
extern const federation::TypedStep<ChoiceBenefitParameters> kChoiceBenefitStep;

/// One bin of d. Cells: of those with the first arm, then the second: sums of w, w y, w^2, w^2 y.
struct BenefitBin {
  std::int64_t n = 0;
  double predicted = 0, gain = 0, gain_squared = 0, first = 0, second = 0;  ///< sums
  double cell[2][4] = {};
};

struct BenefitNumber {
  double estimate = 0;
  double std_error = 0;
};

struct ContrastBenefit {
  std::size_t first = 0, second = 0;  ///< arms
  BenefitNumber mean{};               ///< of the gain
  BenefitNumber autoc{}, qini{};
  std::optional<double> slope{};  ///< of the gain on d; none where all d are alike
  double e_average = 0, e_50 = 0, e_90 = 0;
  std::optional<BenefitNumber> c{};  ///< binary outcomes
  std::optional<double> brier{};     ///< of the pairs' benefit of -1, 0 or 1: 0 to 2
};
/// From bins in rising order of d; bins without persons are left out.
ContrastBenefit BenefitFrom(const std::vector<BenefitBin>& bins, bool binary);

struct ChoiceBenefit {
  std::vector<ContrastBenefit> contrasts{};
  std::vector<double> outcomes{};  ///< sums by recommended and received arm
};
/// Two rounds.
Result<ChoiceBenefit> ReadBenefit(federation::Federation& federation,
                                  const federation::Analysis& analysis, const ChoiceSplit& split,
                                  const ChoiceModels& models, std::int64_t n, std::size_t arms);

}  // namespace clinnova::learn
