// SPDX-License-Identifier: Apache-2.0
// How well the outcome models tell, of the drug that each person received, who has the outcome from who has not: the
// area under the receiver operating characteristic of predictions out of fold, and the sizes of their errors. Pure
// functions of counts and sums.
//
//   sums.AddCount(kScoreCounts, ScoreIndex(arm, y == 1, q));
//   const std::optional<Auc> auc = AucOf(counts);              // of one arm, or of several together
//
// The area and E. R. DeLong's error (Biometrics 44, 1988) are exact for predictions in bins of kScoreBin of the log odds,
// those of one bin being tied: in tests/golden within a tenth of its error of the area of the predictions themselves. Exact
// ranks (stats/roc.h) would take half a dozen rounds more.
//
// Most bins hold nobody or one person, of whom the hub so learns drug, outcome, and the prediction to 0.01 of the log
// odds. Rule 12 is not held against the hub here (docs/disclosure.md says where else): only a site could merge bins of
// few persons, and areas would then depend on who is at which site.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace clinnova::learn {

inline constexpr std::size_t kScoreBins = 2000;  ///< from log odds of -10 to 10
inline constexpr double kScoreBin = 0.01;

/// The bin of a prediction (a probability).
std::size_t ScoreBin(double probability);
/// Where a person's prediction is counted, among kScoreBins controls, then cases, of each arm.
std::size_t ScoreIndex(std::size_t arm, bool is_case, double probability);

struct Auc {
  double auc = 0;
  double variance = 0;  ///< NaN with a single case or control
};
/// Counts of one arm as ScoreIndex orders them, of controls and cases, or of as many coarser bins of each; nothing without a
/// case or without a control.
std::optional<Auc> AucOf(std::span<const std::int64_t> counts);

/// Counts of all arms together, from those of one arm after the other.
std::vector<std::int64_t> OverArms(const std::vector<std::int64_t>& counts);

/// Of subgroups, areas are of fewer bins: at most kScoreGroups groups of like size among all, which lose some thousandths of
/// the area to ties. The first bin of each, from everybody's counts as OverArms gives them.
inline constexpr std::size_t kScoreGroups = 20;
std::vector<std::int64_t> ScoreGroupsOf(std::span<const std::int64_t> all);

/// What a person adds to a sum of predictions q and outcomes y: q, q^2, q y, y, y^2.
inline constexpr std::size_t kPredictionParts = 5;
std::array<double, kPredictionParts> PredictionParts(double q, double y);

/// Sizes of the errors of predictions, from sums of PredictionParts.
struct ErrorSizes {
  double mean_square = 0;  ///< of a binary outcome: Brier's score
  double explained =
      0;  ///< 1 less the part of the outcome's mean square about its mean; NaN where all outcomes are alike
};
ErrorSizes ErrorSizesOf(std::span<const double> sums, std::int64_t n);

}  // namespace clinnova::learn
