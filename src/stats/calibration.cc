// SPDX-License-Identifier: Apache-2.0
#include "stats/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "stats/calibration_steps.h"
#include "stats/elastic_net_solver.h"
#include "stats/predicted_rows.h"
#include "stats/roc_curve.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostBins = 1000;
constexpr int kSplineDegrees = 3;

/// Groups by quantiles (`bins` = a number) or between given breaks.
struct Bins {
  std::int64_t quantiles = 10;
  std::vector<double> breaks;  ///< outer ones included; empty: by quantiles
};

Result<Bins> ReadBins(const Analysis& analysis) {
  Bins bins;
  if (analysis.Has("bins") && analysis.json()["bins"].is_array()) {
    CLINNOVA_ASSIGN(bins.breaks, analysis.Numbers("bins"));
    const bool rising = std::is_sorted(bins.breaks.begin(), bins.breaks.end(), std::less_equal<>());
    if (bins.breaks.empty() || !rising || bins.breaks.front() < 0 || bins.breaks.back() > 1) {
      return analysis.Wrong("bins", "expected a number of groups, or rising breaks from 0 to 1");
    }
    if (bins.breaks.front() > 0) bins.breaks.insert(bins.breaks.begin(), 0.0);
    if (bins.breaks.back() < 1) bins.breaks.push_back(1.0);
    return bins;
  }
  CLINNOVA_ASSIGN(bins.quantiles, analysis.Integer("bins", 10));
  if (bins.quantiles < 1 || bins.quantiles > kMostBins) {
    return analysis.Wrong("bins", "expected 1 to 1000 groups, or breaks");
  }
  return bins;
}

/// A coefficient with its error.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double error = std::numeric_limits<double>::quiet_NaN();
};

class CalibrationRun {
 public:
  CalibrationRun(Federation& federation, const Analysis& analysis, Bins bins, double level)
      : federation_(federation), analysis_(analysis), bins_(std::move(bins)), level_(level) {}

  Result<Json> Run() {
    CLINNOVA_TRY(ReadSums());
    CLINNOVA_TRY(FindQuantiles());
    if (certain_ == 0) CLINNOVA_TRY(FitModels());
    CLINNOVA_TRY(ReadCurve());
    return Report();
  }

 private:
  std::int64_t minimum() const { return federation_.minimum_count(); }
  double n() const { return static_cast<double>(counts_.n()); }

  void KeepSums(const PooledSums& sums) {
    expected_ = sums.Number(kCalibrationSums, kPredictionSum);
    brier_ = sums.Number(kCalibrationSums, kBrierSum) / n();
    summed_ = true;
  }

  /// What the next round of the search asks; under disclosure rules its first has the sums that the counts allow.
  CalibrationSumParameters Question(const OrderStatisticSearch& search) const {
    using Mode = CalibrationSumParameters::Mode;
    CalibrationSumParameters parameters;
    if (!search.Done()) {
      parameters.targets = search.targets();
      parameters.shift = search.shift();
    }
    if (minimum() == 0) return parameters;
    parameters.mode = summed_ ? Mode::kCounts : Mode::kSums;
    parameters.counts = counts_;
    parameters.magnitude = magnitude_;
    return parameters;
  }

  Result<void> ReadSums() {
    // The first counts of a search for quantiles are the same whatever is sought.
    CalibrationSumParameters parameters;
    parameters.targets.push_back(KeyInterval{.variable = 0, .low = 0});
    if (minimum() > 0) parameters.mode = CalibrationSumParameters::Mode::kCounts;
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kCalibrationSumStep, parameters));
    first_keys_ = sums.Counts(kCalibrationKeys);
    CLINNOVA_ASSIGN(counts_, CheckPredictedCases(federation_, analysis_, sums, kCalibrationCases));
    if (sums.Count(kCalibrationEdges, kPredictionOutside) != 0) {
      return analysis_.Wrong("prediction",
                             "found values below 0 or above 1, expected probabilities");
    }
    certain_ = sums.Count(kCalibrationEdges, kPredictionCertain);
    if (minimum() > 0) {
      magnitude_ = sums.Number(kCalibrationMagnitude);
    } else {
      KeepSums(sums);
    }
    if (certain_ > 0) {
      warnings_.push_back(
          "some predictions are 0 or 1, whose logit is infinite: intercept, slope and ici are not "
          "given");
    }
    return {};
  }

  /// The order statistics that the groups and the spline's knots are made of.
  Result<void> FindQuantiles() {
    const std::int64_t rows = counts_.n();
    const std::int64_t edge = std::max<std::int64_t>(1, minimum());
    std::vector<QuantileOrders> knots;
    if (certain_ == 0 && rows >= std::max<std::int64_t>(kSplineDegrees + 1, 4 * minimum())) {
      knots.push_back({edge, edge, 0});
      for (int k = 1; k < kSplineDegrees; ++k) {
        knots.push_back(Type7(rows, static_cast<double>(k) / kSplineDegrees));
      }
      knots.push_back({rows - edge + 1, rows - edge + 1, 0});
    }
    const std::vector<QuantileOrders> breaks = BreakOrders(edge);
    OrderStatisticSearch search;
    const auto want = [&](const std::vector<QuantileOrders>& orders) {
      for (const QuantileOrders& order : orders) {
        search.Want(0, order.lower);
        search.Want(0, order.upper);
      }
    };
    want(knots);
    want(breaks);
    if (!search.Done()) search.Absorb(first_keys_);
    while (!search.Done() || !summed_) {
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kCalibrationSumStep, Question(search)));
      if (!summed_) KeepSums(sums);
      if (!search.Done()) search.Absorb(sums.Counts(kCalibrationKeys));
    }
    for (const QuantileOrders& order : knots) {
      knots_.push_back(Interpolate(order, Logit(search.Value(0, order.lower)),
                                   Logit(search.Value(0, order.upper))));
    }
    if (!std::is_sorted(knots_.begin(), knots_.end(), std::less_equal<>())) knots_.clear();
    if (certain_ == 0 && knots_.empty()) {
      warnings_.push_back("too few distinct predictions for a flexible curve: ici is not given");
    }
    for (const QuantileOrders& order : breaks) {
      bins_.breaks.push_back(
          Interpolate(order, search.Value(0, order.lower), search.Value(0, order.upper)));
    }
    bins_.breaks.erase(std::unique(bins_.breaks.begin(), bins_.breaks.end()), bins_.breaks.end());
    return {};
  }

  /// Type 7 quantiles at k / bins; none nearer than `edge` to either end.
  std::vector<QuantileOrders> BreakOrders(std::int64_t edge) const {
    std::vector<QuantileOrders> orders;
    if (!bins_.breaks.empty()) return orders;
    const std::int64_t rows = counts_.n();
    for (std::int64_t k = 0; k <= bins_.quantiles; ++k) {
      const QuantileOrders order =
          Type7(rows, static_cast<double>(k) / static_cast<double>(bins_.quantiles));
      if (order.lower >= edge && order.upper <= rows - edge + 1) orders.push_back(order);
    }
    return orders;
  }

  Result<void> FitModels() {
    const std::vector<CalibrationModel> models = {
        CalibrationModel::kIntercept, CalibrationModel::kSlope, CalibrationModel::kSpline};
    std::vector<NetProblem> problems;
    std::vector<NetTarget> targets;
    for (const CalibrationModel model : models) {
      const std::size_t p = CalibrationColumns(model);
      problems.push_back({.rows = n(),
                          .unit = std::vector<double>(p, 0.0),
                          .held = std::vector<bool>(p),
                          .response_scale = 1});
      if (model == CalibrationModel::kSpline && knots_.empty()) continue;
      targets.push_back(
          {.problem = problems.size() - 1, .lambda = 0, .start = std::vector<double>(p)});
    }
    const NetSolver solver(
        problems, 1, [&](const std::vector<NetPoint>& points) { return Evaluate(models, points); });
    CLINNOVA_ASSIGN(const std::vector<NetSolution> fits, solver.Solve(targets, nullptr));
    bool infinite = false;
    for (std::size_t k = 0; k < fits.size(); ++k) {
      if (!Usable(fits[k])) {
        infinite = true;
        continue;
      }
      const Matrix inverse =
          SymmetricFactor(FromLowerTriangle(fits[k].at.information, fits[k].beta.size()), 1e-14)
              .Inverse();
      const std::size_t last = fits[k].beta.size() - 1;
      const Estimate estimate{fits[k].beta[last], std::sqrt(inverse[last][last])};
      if (models[k] == CalibrationModel::kIntercept) intercept_ = estimate;
      if (models[k] == CalibrationModel::kSlope) slope_ = estimate;
      if (models[k] == CalibrationModel::kSpline) spline_ = fits[k].beta;
    }
    if (infinite) {
      warnings_.push_back(
          "not converged: the outcome is separated by the prediction (perfectly or nearly), or the "
          "predictions do not vary; what is infinite is not given");
    }
    return {};
  }

  /// False where a coefficient runs away: the information vanishes.
  static bool Usable(const NetSolution& fit) {
    if (!fit.converged) return false;
    const SymmetricFactor factor(FromLowerTriangle(fit.at.information, fit.beta.size()), 1e-14);
    return factor.rank() == fit.beta.size() && fit.at.deviance > 1e-8;
  }

  Result<std::vector<NetEvaluation>> Evaluate(const std::vector<CalibrationModel>& models,
                                              const std::vector<NetPoint>& points) const {
    CalibrationFitParameters parameters;
    parameters.counts = counts_;
    parameters.knots = knots_;
    for (const NetPoint& point : points) {
      parameters.models.push_back(models[point.problem]);
      parameters.betas.push_back(point.beta);
    }
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kCalibrationFitStep, parameters));
    std::vector<NetEvaluation> evaluations(points.size());
    for (std::size_t k = 0; k < points.size(); ++k) {
      const std::size_t p = points[k].beta.size();
      evaluations[k].deviance = sums.Number(kFitDeviance, k);
      for (std::size_t j = 0; j < p; ++j) {
        evaluations[k].score.push_back(sums.Number(kFitScore, k * kCalibrationColumns + j));
      }
      for (std::size_t j = 0; j < p * (p + 1) / 2; ++j) {
        evaluations[k].information.push_back(
            sums.Number(kFitInformation, k * kCalibrationTriangle + j));
      }
    }
    return evaluations;
  }

  Result<void> ReadCurve() {
    CalibrationCurveParameters parameters;
    parameters.counts = counts_;
    parameters.beta = spline_;
    if (!spline_.empty()) parameters.knots = knots_;
    parameters.breaks = bins_.breaks;
    // Rows at or below the first break, if it is the smallest value, belong to the first group.
    const bool ends = OuterBreaks();
    if (ends) parameters.breaks.pop_back();
    if (ends && !parameters.breaks.empty()) parameters.breaks.erase(parameters.breaks.begin());
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kCalibrationCurveStep, parameters));
    if (!spline_.empty()) ici_ = sums.Number(kCurveDistance) / n();
    Groups(parameters.breaks, sums);
    return {};
  }

  /// True when the breaks include both ends of the predictions.
  bool OuterBreaks() const { return given_breaks() || minimum() == 0; }
  bool given_breaks() const { return analysis_.Has("bins") && analysis_.json()["bins"].is_array(); }

  void Groups(const std::vector<double>& inner, const PooledSums& sums) {
    std::vector<RocGroup> groups;
    for (std::size_t g = 0; g <= inner.size(); ++g) {
      groups.push_back({sums.Count(kCurveRows, 2 * g), sums.Count(kCurveRows, 2 * g + 1)});
    }
    std::vector<std::size_t> begins(groups.size());
    for (std::size_t g = 0; g < begins.size(); ++g) begins[g] = g;
    if (minimum() > 0) begins = JoinedGroups(groups, minimum());
    if (begins.size() < groups.size()) {
      warnings_.push_back("groups are joined until each has enough persons");
    }
    curve_ = Json::array();
    for (std::size_t b = 0; b < begins.size(); ++b) {
      const std::size_t end = b + 1 < begins.size() ? begins[b + 1] : groups.size();
      std::int64_t rows = 0;
      std::int64_t events = 0;
      double predicted = 0;
      for (std::size_t g = begins[b]; g < end; ++g) {
        rows += groups[g].cases + groups[g].controls;
        events += groups[g].cases;
        predicted += sums.Number(kCurvePredictions, g);
      }
      curve_.push_back(
          {{"lower", Break(inner, begins[b], true)},
           {"upper", Break(inner, end, false)},
           {"n", rows},
           {"mean_prediction",
            rows > 0 ? Json(predicted / static_cast<double>(rows)) : Json(nullptr)},
           {"observed", rows > 0 ? Json(static_cast<double>(events) / static_cast<double>(rows))
                                 : Json(nullptr)}});
    }
  }

  /// The break below group `index`; the outer ones only where they may be told.
  Json Break(const std::vector<double>& inner, std::size_t index, bool lower) const {
    if (index > 0 && index <= inner.size()) return inner[index - 1];
    if (!OuterBreaks()) return nullptr;
    return lower ? bins_.breaks.front() : bins_.breaks.back();
  }

  void Put(Json& result, const std::string& name, const Estimate& estimate) const {
    const double half = -core::NormalQuantile((1 - level_) / 2) * estimate.error;
    result[name] = NumberJson(estimate.value);
    result[name + "_std_error"] = NumberJson(estimate.error);
    result[name + "_conf_low"] = NumberJson(estimate.value - half);
    result[name + "_conf_high"] = NumberJson(estimate.value + half);
  }

  Json Report() const {
    const double prevalence = static_cast<double>(counts_.positive) / n();
    Json result;
    result["n"] = counts_.n();
    result["n_missing"] = counts_.missing;
    result["warnings"] = warnings_;
    result["conf_level"] = level_;
    if (!OuterBreaks()) {
      result["suppressed"] = {"curve[0].lower",
                              "curve[" + std::to_string(curve_.size() - 1) + "].upper"};
    }
    Put(result, "intercept", intercept_);
    Put(result, "slope", slope_);
    result["brier"] = brier_;
    result["brier_scaled"] = NumberJson(1 - brier_ / (prevalence * (1 - prevalence)));
    result["observed"] = counts_.positive;
    result["expected"] = expected_;
    result["observed_expected"] = NumberJson(static_cast<double>(counts_.positive) / expected_);
    result["ici"] = NumberJson(ici_);
    result["curve"] = curve_;
    return result;
  }

  Federation& federation_;
  const Analysis& analysis_;
  Bins bins_;
  double level_ = 0.95;
  PredictedCounts counts_;
  double magnitude_ = 0;  ///< of the predictions, as the counts round bounds it
  bool summed_ = false;
  std::vector<std::int64_t> first_keys_;
  std::int64_t certain_ = 0;  ///< predictions of 0 or 1
  double expected_ = 0;
  double brier_ = 0;
  std::vector<double> knots_;
  Estimate intercept_;
  Estimate slope_;
  std::vector<double> spline_;
  double ici_ = std::numeric_limits<double>::quiet_NaN();
  Json curve_;
  std::vector<std::string> warnings_;
};

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const PredictedColumns columns,
                  PredictedColumns::Find(analysis, federation.schema(), "prediction"));
  if (columns.names.size() != 1) return analysis.Wrong("prediction", "expected one column");
  CLINNOVA_ASSIGN(Bins bins, ReadBins(analysis));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  if (!(level > 0 && level < 1)) {
    return analysis.Wrong("conf_level", "expected a number between 0 and 1");
  }
  return CalibrationRun(federation, analysis, std::move(bins), level).Run();
}

constexpr std::string_view kOptions[] = {"outcome", "prediction", "bins"};

}  // namespace

Method CalibrationMethod() {
  return {"calibration",
          "how far predicted probabilities are true",
          kOptions,
          {&kCalibrationSumStep, &kCalibrationFitStep, &kCalibrationCurveStep},
          Run};
}

}  // namespace clinnova::stats
