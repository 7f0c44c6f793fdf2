// SPDX-License-Identifier: Apache-2.0
#include "stats/calibration_steps.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/deterministic_math.h"
#include "stats/glm_family.h"
#include "stats/magnitudes.h"
#include "stats/predicted_rows.h"
#include "table/natural_spline.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Guard;
using federation::Layout;
using federation::Rule;
using federation::SiteView;
using federation::WideBlock;

Result<PredictedColumns> Columns(const SiteView& site) {
  return PredictedColumns::Find(site.analysis, site.table.schema, "prediction");
}

Result<Layout> SumLayout(const Analysis&, const table::Schema&,
                         const CalibrationSumParameters& parameters) {
  if (parameters.shift < 0 || parameters.shift > 56) {
    return Fail(ErrorCode::kRefused, "a shift outside the keys", "wrong_layout");
  }
  const bool counts = parameters.mode == CalibrationSumParameters::Mode::kCounts;
  return Layout{{CountBlock("cases", kPredictedCases), CountBlock("edges", kCalibrationEdgeKinds),
                 WideBlock("sums", counts ? 0 : kCalibrationSumKinds),
                 CountBlock("keys", parameters.targets.size() * kKeyParts),
                 WideBlock("magnitude", counts ? 1 : 0)}};
}

/// The sizes of this site's predictions.
Magnitudes OwnPredictions(const SiteView& site, const PredictedColumns& columns) {
  Magnitudes own;
  PredictedRows rows;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    rows.Read(site.table, columns, first, std::min(table::kBatchRows, site.table.rows - first));
    own.See(rows.predictions[0]);
  }
  return own;
}

Result<void> HoldSums(const SiteView& site, const CalibrationSumParameters& parameters) {
  using Mode = CalibrationSumParameters::Mode;
  if (parameters.mode == Mode::kCounts) return {};
  if (parameters.mode == Mode::kCountsAndSums)
    return Fail(ErrorCode::kRefused, "sums before the rules' counts", "unguarded_step");
  CLINNOVA_TRY(HoldPredicted(site, "prediction", parameters.counts));
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site));
  return HoldDominance(OwnPredictions(site, columns), parameters.magnitude, site);
}

template <typename P>
Result<void> HoldPrediction(const SiteView& site, const P& parameters) {
  return HoldPredicted(site, "prediction", parameters.counts);
}

Result<void> SumEvaluate(const SiteView& site, const CalibrationSumParameters& parameters,
                         ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site));
  const bool summed = parameters.mode != CalibrationSumParameters::Mode::kCounts;
  if (!summed) {
    sums.Add(kCalibrationMagnitude, 0, OwnPredictions(site, columns).Bound(site.minimum_count));
  }
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    AddPredictedCases(rows, kCalibrationCases, mine);
    const std::vector<double>& predictions = rows.predictions[0];
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      const double p = predictions[r];
      const double off = rows.outcome[r] - p;
      mine.AddCount(kCalibrationEdges, kPredictionOutside, p >= 0 && p <= 1 ? 0 : 1);
      mine.AddCount(kCalibrationEdges, kPredictionCertain, p == 0 || p == 1 ? 1 : 0);
      if (!summed) continue;
      mine.Add(kCalibrationSums, kPredictionSum, p);
      mine.Add(kCalibrationSums, kBrierSum, off * off);
    }
    CountKeys(predictions, 0, parameters.targets, parameters.shift, kCalibrationKeys, mine);
  });
}

/// One row's predictors in a regression.
class Regressors {
 public:
  /// kRefused when the knots make no spline.
  static Result<Regressors> Create(const std::vector<double>& knots) {
    Regressors made;
    if (knots.empty()) return made;
    auto spline = table::NaturalSpline::Create(knots);
    if (!spline || spline->columns() + 1 != kCalibrationColumns) {
      return Fail(ErrorCode::kRefused, "knots that make no spline", "wrong_layout");
    }
    made.spline_ = std::move(*spline);
    return made;
  }

  bool Has(CalibrationModel model) const { return model != CalibrationModel::kSpline || spline_; }

  /// Fills the columns of a model at a logit and gives its offset.
  double Fill(CalibrationModel model, double logit, double* x) const {
    x[0] = 1;
    if (model == CalibrationModel::kIntercept) return logit;
    if (model == CalibrationModel::kSlope) {
      x[1] = logit;
    } else {
      spline_->Evaluate(logit, x + 1, 1);
    }
    return 0;
  }

  double Predict(CalibrationModel model, double logit, const std::vector<double>& beta,
                 double* x) const {
    double eta = Fill(model, logit, x);
    for (std::size_t j = 0; j < beta.size(); ++j) eta += beta[j] * x[j];
    return eta;
  }

 private:
  std::optional<table::NaturalSpline> spline_;
};

Result<Layout> FitLayout(const Analysis&, const table::Schema&,
                         const CalibrationFitParameters& parameters) {
  const std::size_t fits = parameters.models.size();
  for (std::size_t k = 0; k < fits; ++k) {
    if (parameters.betas.size() != fits || parameters.models[k] > CalibrationModel::kSpline ||
        parameters.betas[k].size() != CalibrationColumns(parameters.models[k])) {
      return Fail(ErrorCode::kRefused, "coefficients that do not fit the model", "wrong_layout");
    }
  }
  return Layout{{WideBlock("score", fits * kCalibrationColumns),
                 WideBlock("information", fits * kCalibrationTriangle),
                 WideBlock("deviance", fits)}};
}

/// Adds one row's part in the sums of fit k.
void AddFit(std::size_t k, double y, double eta, const double* x, std::size_t columns,
            ExactSums& sums) {
  double mu = 0;
  double slope = 0;
  InverseLink(Link::kLogit, &eta, 1, &mu, &slope);
  sums.Add(kFitDeviance, k, DevianceResidual(Family::kBinomial, y, mu, 1));
  std::size_t cell = k * kCalibrationTriangle;
  for (std::size_t i = 0; i < columns; ++i) {
    sums.Add(kFitScore, k * kCalibrationColumns + i, (y - mu) * x[i]);
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      sums.Add(kFitInformation, cell, (slope * x[i]) * x[j]);
    }
  }
}

Result<void> FitEvaluate(const SiteView& site, const CalibrationFitParameters& parameters,
                         ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site));
  CLINNOVA_ASSIGN(const Regressors regressors, Regressors::Create(parameters.knots));
  for (const CalibrationModel model : parameters.models) {
    if (!regressors.Has(model)) return Fail(ErrorCode::kRefused, "no knots", "wrong_layout");
  }
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    std::array<double, kCalibrationColumns> x{};
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      const double logit = Logit(rows.predictions[0][r]);
      for (std::size_t k = 0; k < parameters.models.size(); ++k) {
        const double eta =
            regressors.Predict(parameters.models[k], logit, parameters.betas[k], x.data());
        AddFit(k, rows.outcome[r], eta, x.data(), parameters.betas[k].size(), mine);
      }
    }
  });
}

Result<Layout> CurveLayout(const Analysis&, const table::Schema&,
                           const CalibrationCurveParameters& parameters) {
  const std::size_t groups = parameters.breaks.size() + 1;
  if (!parameters.beta.empty() && parameters.beta.size() != kCalibrationColumns) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the spline", "wrong_layout");
  }
  return Layout{
      {WideBlock("distance", 1), CountBlock("rows", 2 * groups), WideBlock("predictions", groups)}};
}

Result<void> CurveEvaluate(const SiteView& site, const CalibrationCurveParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site));
  CLINNOVA_ASSIGN(const Regressors regressors, Regressors::Create(parameters.knots));
  const bool distance = !parameters.beta.empty();
  if (distance && !regressors.Has(CalibrationModel::kSpline)) {
    return Fail(ErrorCode::kRefused, "no knots", "wrong_layout");
  }
  const std::vector<double>& breaks = parameters.breaks;
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    std::array<double, kCalibrationColumns> x{};
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      const double p = rows.predictions[0][r];
      const auto group = static_cast<std::size_t>(
          std::lower_bound(breaks.begin(), breaks.end(), p) - breaks.begin());
      mine.AddCount(kCurveRows, 2 * group + static_cast<std::size_t>(rows.outcome[r]));
      mine.Add(kCurvePredictions, group, p);
      if (!distance) continue;
      const double eta =
          regressors.Predict(CalibrationModel::kSpline, Logit(p), parameters.beta, x.data());
      mine.Add(kCurveDistance, 0, std::fabs(p - core::Expit(eta)));
    }
  });
}

}  // namespace

std::size_t CalibrationColumns(CalibrationModel model) {
  switch (model) {
    case CalibrationModel::kIntercept: return 1;
    case CalibrationModel::kSlope: return 2;
    case CalibrationModel::kSpline: return kCalibrationColumns;
  }
  return 0;
}

double Logit(double p) { return core::Log(p / (1 - p)); }

const federation::TypedStep<CalibrationSumParameters> kCalibrationSumStep{
    "calibration.sums", SumLayout, SumEvaluate,
    Guard<CalibrationSumParameters>{{Rule::kDominance}, HoldSums}};
const federation::TypedStep<CalibrationFitParameters> kCalibrationFitStep{
    "calibration.fit", FitLayout, FitEvaluate,
    federation::Guard<CalibrationFitParameters>{
        {federation::Rule::kCohort, federation::Rule::kLevels},
        HoldPrediction<CalibrationFitParameters>}};
const federation::TypedStep<CalibrationCurveParameters> kCalibrationCurveStep{
    "calibration.curve", CurveLayout, CurveEvaluate,
    federation::Guard<CalibrationCurveParameters>{
        {federation::Rule::kCohort, federation::Rule::kLevels},
        HoldPrediction<CalibrationCurveParameters>}};

}  // namespace clinnova::stats
