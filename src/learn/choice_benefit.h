// SPDX-License-Identifier: Apache-2.0
// How well predicted benefits of one arm over another rank and size what happens: of every two arms, from sums by bins
// of the predicted benefit.
//
// With d = q_a - q_b (towards the better outcome) and the AIPW scores' difference, the mean gain among those with the
// largest d less that of everybody is the targeting curve; AUTOC is its mean over all shares treated, QINI its mean
// weighted by the share (S. Yadlowsky et al., JASA 120, 2025; persons of one bin are tied). Calibration: the line of the
// gain on the mean d of the bins, and how far the line is from d (E-for-benefit: C. C. H. M. Maas et al., BMC Med. Res.
// Methodol. 23, 165, 2023).
// c-for-benefit (D. van Klaveren et al., J. Clin. Epidemiol. 94, 2018), binary outcomes: of two pairs, each of a person
// with a and one with b of like d, how often the pair with the larger d has the larger observed benefit, among pairs of
// pairs that differ. Pairs are all those within a bin instead of one matching, outcomes are weighted by 1 / propensity:
// no pair is drawn by chance, none needs two persons at one site, and the number is the same for every partition. Of the same
// pairs, with the chances that the models give a benefit of -1, 0 and 1: cross-entropy and Brier's score for benefit (Maas
// et al.).
//
// Where disclosure rules hold, neighbouring bins are joined until each has nobody or minimum_count persons, and of either arm
// as many with and without a binary outcome (JoinedBins); no site adds to a bin that has fewer.
//
// Reveals: with choice.values, of every two arms sum and sum of squares of d; with choice.spread, by bin of d persons, and those
// of either arm with and without a binary outcome; the step choice.benefit: by joined bin sums of d, of the scores' difference
// and its square, of both predictions, and by received arm of the weights, weighted outcomes and both with squared
// weights; the outcomes of those who received what the rule recommends, and of the others, where both are enough persons.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "federation/federation.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

inline constexpr std::size_t kContrastBins =
    20;  ///< from 3 standard deviations below the mean to 3 above

/// Where the bins of d lie, by two arms; none: no bins are asked for.
struct ChoiceBinQuestion {
  std::vector<double> centers{};
  std::vector<double> scales{};
  template <class A>
  void Fields(A& a) {
    a(centers);
    a(scales);
  }
};
/// From a sum and a sum of squares of d by two arms, one pair after the other, over n persons. What varies by less than
/// 1e-9 of `unit`, the outcome's standard deviation, does not vary.
ChoiceBinQuestion BinsAround(const std::vector<double>& moments, std::int64_t n, double unit = 1);

/// Adds d and its square of a row, of every two arms, to a block as BinsAround takes it.
void AddBenefitMoments(const ChoiceBatch& batch, std::size_t row, double sign, std::size_t block,
                       federation::ExactSums& sums);

/// Persons that are counted in a bin: all; of either arm those with another outcome than 1 (of a continuous one all), and
/// those with 1.
enum BenefitCount {
  kBinPersons,
  kFirstWithout,
  kFirstWith,
  kSecondWithout,
  kSecondWith,
  kBenefitCounts
};
/// The counts' block: by two arms, bin and BenefitCount. kRefused for a question that does not fit the arms.
Result<federation::BlockSpec> BenefitCountBlock(std::size_t arms,
                                                const ChoiceBinQuestion& question);
void AddBenefitCounts(const ChoiceBinQuestion& question, const ChoiceModels& models,
                      const ChoiceBatch& batch, std::size_t row, std::size_t block,
                      federation::ExactSums& sums);

/// Of the bins of one contrast, from the lowest on: the first of the bins that each is joined with, so that every BenefitCount of
/// what is joined is 0 or at least `minimum`.
std::vector<std::int64_t> JoinedBins(std::span<const std::int64_t> counts, int minimum);

struct ChoiceBenefitParameters {
  ChoiceSplit split;
  ChoiceModels models;
  ChoiceBinQuestion bins{};
  std::vector<std::int64_t> counts{};  ///< as choice.spread has told them
  std::vector<std::int64_t> into{};    ///< by two arms and bin: JoinedBins
  /// Persons who received what the rule recommends, and others, as choice.values has told them; empty: their outcomes are not
  /// asked for.
  std::vector<std::int64_t> congruent{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(bins);
    a(counts);
    a(into);
    a(congruent);
  }
};
enum ChoiceBenefitBlock {
  kBenefitSums,      ///< by two arms and bin, five: of BenefitBin, in its order
  kBenefitCells,     ///< by two arms and bin, four of either arm
  kBenefitOutcomes,  ///< of those who received what is recommended, and of the others
};
inline constexpr std::size_t kSumsPerBin = 5;
inline constexpr std::size_t kCellsPerBin = 8;
extern const federation::TypedStep<ChoiceBenefitParameters> kChoiceBenefitStep;

/// What other predictions of the same rows, in place of the outcome models', change in a predicted batch.
using Retouch = std::function<void(const ChoiceRows& rows, ChoiceBatch& batch)>;
/// The step's layout and its site's side, for steps that ask the same of other predictions.
Result<federation::Layout> BenefitLayout(const federation::Analysis& analysis,
                                         const table::Schema& schema,
                                         const ChoiceBenefitParameters& parameters);
Result<void> SumBenefit(const federation::SiteView& site, const ChoiceBenefitParameters& parameters,
                        const Retouch& retouch, federation::ExactSums& sums);

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
  std::optional<double> brier{};     ///< of the pairs' benefit of -1, 0 or 1: 0 to 1
  std::optional<double> cross_entropy{};
};
/// From bins in rising order of d; bins without persons are left out.
ContrastBenefit BenefitFrom(const std::vector<BenefitBin>& bins, bool binary);

struct ChoiceBenefit {
  std::vector<ContrastBenefit> contrasts{};
  std::vector<double> outcomes{};  ///< sums, as ChoiceBenefitParameters::congruent
};
/// Fills `into`.
void JoinBins(ChoiceBenefitParameters& parameters, std::size_t arms, int minimum);
/// From the step's sums, with all parameters that they were asked with.
ChoiceBenefit BenefitOf(const federation::PooledSums& sums,
                        const ChoiceBenefitParameters& parameters, std::size_t arms);
/// One round. `parameters` but for `into`, which it finds.
Result<ChoiceBenefit> ReadBenefit(federation::Federation& federation,
                                  const federation::Analysis& analysis,
                                  ChoiceBenefitParameters parameters, std::size_t arms);

}  // namespace clinnova::learn
