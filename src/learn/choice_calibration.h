// SPDX-License-Identifier: Apache-2.0
// How far predicted probabilities are from a flexible calibration curve, and whether there are as many persons as such a
// model needs: from the counts of choice_discrimination.h, so that no further sum leaves a site. Pure functions.
//
//   const auto curve = CalibrationCurveOf(counts, minimum_count);     // of one arm
//   if (curve) Tell(curve->average, curve->median);                   // ICI, E50
//
// The curve is the logistic regression of the outcome on a restricted cubic spline of the prediction's log odds, with knots at
// its 5, 35, 65 and 95 % quantiles (F. E. Harrell, Regression Modeling Strategies, 2015), as in stats/calibration.h; ICI, E50
// and E90 are mean, median and 90 % quantile of the persons' distances between curve and prediction (P. C. Austin, E. W.
// Steyerberg, Stat. Med. 38, 2019). A prediction counts as the middle of its bin, at most 0.005 of the log odds away. Where
// disclosure rules hold, outer knots are no nearer than the minimum_count-th prediction to either end.
//
// A sample is large enough (R. D. Riley et al., BMJ 368, m441, 2020; Stat. Med. 38, 2019; as pmsampsize of R) when a model of
// so many coefficients is expected to have to be shrunk by a factor of 0.9 at least, to look better in Nagelkerke's R^2 by
// 0.05 at most, and the outcome's overall risk is known to 0.05. The Cox-Snell R^2 that these ask for is that of the predictions
// out of fold.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace clinnova::learn {

struct CalibrationCurve {
  double average = 0, median = 0;       ///< ICI, E50
  std::optional<double> ninth_tenth{};  ///< E90; none where fewer than the minimum are beyond
  /// Prediction and curve at 0.05, 0.1, … between the outer knots.
  std::vector<std::pair<double, double>> points{};
};
/// Counts of one arm as ScoreIndex orders them; nothing where predictions or outcomes vary too little for a curve.
std::optional<CalibrationCurve> CalibrationCurveOf(std::span<const std::int64_t> counts,
                                                   int minimum_count);

/// Of distances, each with how many persons have it: that below which a share of the n persons lie.
double DistanceQuantile(std::vector<std::pair<double, double>> distances, double share, double n);

/// Persons that each criterion asks for; none where no number is enough, or it cannot be judged.
struct NeededPersons {
  std::optional<std::int64_t> shrinkage{}, optimism{};
  std::int64_t overall_risk = 0;
};
/// `r_squared`: Cox and Snell's; `risk`: of the outcome, above 0 and below 1; `parameters`: coefficients beside the intercept, of
/// trees none, of which the overall risk alone can be judged.
NeededPersons PersonsNeeded(double r_squared, double risk, std::optional<std::size_t> parameters);

struct SampleSize {
  std::int64_t persons = 0, events = 0;
  double r_squared = 0;  ///< Cox and Snell's, out of fold
  NeededPersons needed{};
};
/// Counts as above; nothing without both outcomes.
std::optional<SampleSize> SampleSizeOf(std::span<const std::int64_t> counts,
                                       std::optional<std::size_t> parameters);

}  // namespace clinnova::learn
