// SPDX-License-Identifier: Apache-2.0
// How far a patient's own outcome may be from what is predicted, for an outcome that is a number: the quantile of how
// far predictions out of fold were from the outcomes of those who received the drug. Pure functions of counts.
//
//   sums.AddCount(kResidualCounts, arm * kResidualBins + ResidualBin(y - q, scale));
//   const auto half = OutcomeHalfWidth(counts, scale, 0.95, minimum_count);   // of one arm: q - half to q + half
//
// Conformal: of n persons as exchangeable as a new one, the ceil((n + 1) level)-th smallest distance is one that the new
// person's is at most with a chance of `level` at least (V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random
// World, 2005), whatever the distribution is and however wrong the model. Predictions here are those of models that did
// not see a person's fold, while the model in use has seen all folds: the chance is then `level` but for little where
// models do not hang on single folds, and has no bound where they do (R. F. Barber, E. J. Candes, A. Ramdas, R. J.
// Tibshirani, Ann. Stat. 49, 2021). It is a chance over patients such as received the drug, not one for each patient.
//
// Distances are counted in bins of 1/32 of a scale, the arm's root mean square of them, from 1 to 16 scales: below are mostly two thirds
// of the persons, beyond one in 256 at most. A bin counts as its upper end, so that intervals are up to 1/32 of a scale too
// wide. Where disclosure rules hold, minimum_count persons or more are further away than what is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace clinnova::learn {

inline constexpr std::size_t kResidualParts = 32;  ///< of a scale
/// Up to one scale, to 16, and what is further away.
inline constexpr std::size_t kResidualBins = 1 + 15 * kResidualParts + 1;

/// The bin of a residual: k holds those with |residual| / scale above 1 + (k - 1) / 32 and at most 1 + k / 32. Those that are
/// no number are in the last.
std::size_t ResidualBin(double residual, double scale);

/// From one arm's counts; nothing where the persons are too few, where the last bin would tell it, and of a scale of 0.
/// `minimum_count`: 0 without disclosure rules.
std::optional<double> OutcomeHalfWidth(std::span<const std::int64_t> counts, double scale,
                                       double level, int minimum_count);

}  // namespace clinnova::learn
