// SPDX-License-Identifier: Apache-2.0
// What travels in the rounds of a calibration, and the site's side of it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/order_statistics.h"
#include "stats/predicted_rows.h"

namespace clinnova::stats {

/// The regressions of the outcome: on the prediction's logit as offset, on it, on its spline.
enum class CalibrationModel : std::uint8_t { kIntercept, kSlope, kSpline };
/// Coefficients of each.
std::size_t CalibrationColumns(CalibrationModel model);
inline constexpr std::size_t kCalibrationColumns = 4;  ///< of the largest
inline constexpr std::size_t kCalibrationTriangle = 10;

/// Sums over all rows, and order statistics of the prediction.
struct CalibrationSumParameters {
  std::vector<KeyInterval> targets;
  std::int64_t shift = 56;
  /// Where disclosure rules hold the first round counts, and the next, which knows these counts, sums.
  enum class Mode : std::uint8_t { kCountsAndSums, kCounts, kSums };
  Mode mode = Mode::kCountsAndSums;
  PredictedCounts counts{};  ///< kSums: as the hub claims them
  double magnitude = 0;      ///< kSums: likewise, about the sum of predictions
  template <class A>
  void Fields(A& a) {
    a(targets);
    a(shift);
    a(mode);
    a(counts);
    a(magnitude);
  }
};
enum CalibrationSumBlock {
  kCalibrationCases,
  kCalibrationEdges,
  kCalibrationSums,
  kCalibrationKeys,
  kCalibrationMagnitude  ///< see Magnitudes::Bound, of the predictions
};
enum CalibrationEdge { kPredictionOutside, kPredictionCertain, kCalibrationEdgeKinds };
enum CalibrationSum { kPredictionSum, kBrierSum, kCalibrationSumKinds };

/// Score, information and deviance of regressions.
struct CalibrationFitParameters {
  std::vector<double> knots;  ///< of the spline of the logit; empty when none is asked for
  std::vector<CalibrationModel> models;
  std::vector<std::vector<double>> betas;  ///< per model
  PredictedCounts counts{};                ///< as the hub claims them
  template <class A>
  void Fields(A& a) {
    a(counts);
    a(knots);
    a(models);
    a(betas);
  }
};
enum CalibrationFitBlock { kFitScore, kFitInformation, kFitDeviance };

/// The groups' sums and how far the flexible curve is from the diagonal.
struct CalibrationCurveParameters {
  std::vector<double> knots;
  std::vector<double> beta;    ///< of the spline; empty: no distance is asked for
  std::vector<double> breaks;  ///< inner breaks of the groups (a, b], rising
  PredictedCounts counts{};    ///< as the hub claims them
  template <class A>
  void Fields(A& a) {
    a(counts);
    a(knots);
    a(beta);
    a(breaks);
  }
};
enum CalibrationCurveBlock { kCurveDistance, kCurveRows, kCurvePredictions };

extern const federation::TypedStep<CalibrationSumParameters> kCalibrationSumStep;
extern const federation::TypedStep<CalibrationFitParameters> kCalibrationFitStep;
extern const federation::TypedStep<CalibrationCurveParameters> kCalibrationCurveStep;

/// ln(p / (1 - p)), R's qlogis.
double Logit(double p);

}  // namespace clinnova::stats
