// SPDX-License-Identifier: Apache-2.0
// Net benefit of choosing by a threshold: everybody has the reference drug but those to whom the rule promises more than
// a threshold t by another one. t is what a patient or physician wants to gain before the reference is left, for its harms, its
// price or its burden; so that at t
//
//   NB = mean gain in the outcome over the reference - t * share of persons who have another drug.
//
// The reference for everybody has 0; another drug for everybody its gain less t. A strategy is of use at the thresholds
// where its net benefit is the largest. Gains are of AIPW scores out of fold, as in choice_judgement.h, and the error of
// the rule's includes, as there, what the folds' rules have learned from each other, at every threshold its own.
// Sources: A. J. Vickers, E. B. Elkin, Med. Decis. Making 26 (2006); A. J. Vickers, M. W. Kattan, D. J. Sargent, Trials 8
// (2007), on treatments; K. Chalkou et al., Med. Decis. Making 43 (2023), on several, here with one threshold for all.
//
// Reveals: with the step choice.values, by reference and threshold the persons whose predicted gain is above it and not above
// the next; with choice.fold_pairs, between thresholds that may be told, the sum of their scores' gains and of the squares;
// and by threshold what folds change in each other's net benefit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "federation/exact_sums.h"
#include "learn/choice_judgement.h"
#include "learn/choice_options.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

/// The thresholds of an analysis: those that it names, or for binary outcomes 0, 0.01, … 0.2; none where it does not ask
/// for net benefit.
std::vector<double> ThresholdsOf(const ChoiceOptions& options, bool binary);

/// Which arm a rule picks, and how many of the thresholds, from the first on, its predicted gain over the reference is
/// above. `towards`: predictions by arm, larger is better.
struct Switch {
  std::size_t arm = 0;
  std::size_t level = 0;
};
Switch SwitchOf(std::span<const double> towards, std::size_t reference,
                std::span<const double> thresholds);

/// What a threshold's net benefit of one person is, by a rule's switch: the scores' gain less t, or 0.
double NetBenefitOf(const Switch& how, std::size_t threshold, const ChoiceBatch& batch,
                    std::size_t row, std::size_t reference, double sign, double t);

/// Persons above each threshold, from the sums of choice.values.
std::vector<std::int64_t> SwitchedAbove(const federation::PooledSums& sums, std::size_t reference,
                                        std::size_t thresholds);
/// Counts of persons with the largest predicted gains over a reference whose sums are told elsewhere, and counts whose sums are
/// withheld and must not follow.
struct CountsBeside {
  std::vector<std::int64_t> known{};
  std::vector<std::int64_t> secret{};
};
/// Everybody, nobody, and those to whom the rule gives another arm than the reference, whose sum its value tells; `given`:
/// persons by the arm that the rule gives.
CountsBeside CountsBesideThresholds(const std::vector<std::int64_t>& given, std::size_t reference,
                                    int minimum_count);
/// By threshold, from persons above each: the last threshold up to it whose numbers may be told by these counts and
/// those above each alone; -1 where there is none.
std::vector<std::int64_t> SwitchedInto(const std::vector<std::int64_t>& switched,
                                       const CountsBeside& beside, int minimum_count);

/// From the sums of choice.fold_pairs with these thresholds and persons above them, summed `into` (SwitchedInto). Of
/// thresholds that are not their own the gains are those of the next that is.
NetBenefitSums NetBenefitFrom(const federation::PooledSums& sums, std::size_t reference,
                              const std::vector<double>& thresholds,
                              std::vector<std::int64_t> switched, std::vector<std::int64_t> into);
/// The rule's net benefit at a threshold.
ChoiceEstimate RuleNetBenefit(const NetBenefitSums& sums, std::size_t threshold, std::int64_t n,
                              double confidence_level);

/// Which thresholds' numbers may be told: those whose persons are nobody or at least `minimum_count`, and differ from
/// every number known and every one told by nobody or as many. `known`: counts of persons with the largest predicted
/// gains that are told elsewhere; `secret`: those that are withheld, and must not follow.
std::vector<bool> ToldThresholds(std::span<const std::int64_t> switched,
                                 std::span<const std::int64_t> known,
                                 std::span<const std::int64_t> secret, int minimum_count);

}  // namespace clinnova::learn
