// SPDX-License-Identifier: Apache-2.0
#include "stats/ordinal_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/deterministic_math.h"
#include "federation/batches.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One batch, and per row the weights with which its covariates enter the sums.
struct OrdinalBatch {
  DesignBatch design;
  std::vector<double> eta = std::vector<double>(kBatchRows);
  std::vector<double> score = std::vector<double>(kBatchRows);
  std::vector<double> information = std::vector<double>(kBatchRows);
  std::vector<std::vector<double>> cross;  ///< per threshold
  std::vector<DistributionPoint> points;   ///< at the thresholds, the infinite ones included
};

Result<Layout> OrdinalLayout(const Analysis&, const table::Schema&,
                             const OrdinalParameters& parameters) {
  const std::size_t q = parameters.beta.size();
  const std::size_t k = parameters.thresholds.size();
  if (k == 0) {
    return Fail(ErrorCode::kRefused, "thresholds that do not fit the outcome", "wrong_layout");
  }
  return Layout{{ScaledBlock("score", q, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", q * (q + 1) / 2,
                             static_cast<int>(parameters.information_exponent)),
                 ScaledBlock("cross", k * q, static_cast<int>(parameters.cross_exponent)),
                 WideBlock("thresholds", 3 * k - 1), WideBlock("fit", kOrdinalFitSize),
                 WideBlock("level_weights", k + 1), CountBlock("counts", kOrdinalCountSize)}};
}

Result<void> CheckParameters(const SiteView& site, const SiteFrame& frame,
                             const OrdinalParameters& parameters) {
  const bool increasing =
      std::is_sorted(parameters.thresholds.begin(), parameters.thresholds.end());
  if (parameters.beta.size() + 1 != frame.design.names().size() || !increasing ||
      parameters.thresholds.size() + 1 != frame.design.response_levels().size()) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return CheckParameterCount(
      static_cast<std::int64_t>(parameters.beta.size() + parameters.thresholds.size()),
      parameters.claim.n, site.minimum_count);
}

void LinearPredictor(const std::vector<double>& beta, OrdinalBatch& batch) {
  const DesignBatch& design = batch.design;
  for (std::size_t r = 0; r < design.rows; ++r) batch.eta[r] = design.offset[r];
  for (std::size_t j = 0; j < beta.size(); ++j) {
    const double* x = design.x.data() + (j + 1) * kBatchRows;
    for (std::size_t r = 0; r < design.rows; ++r) batch.eta[r] += beta[j] * x[r];
  }
}

/// The observed information of one row, its score and likelihood. `level` counts from 0.
void AddObserved(const OrdinalRow& row, std::size_t level, std::size_t r, double weight,
                 OrdinalBatch& batch, ExactSums& sums) {
  const std::size_t k = batch.cross.size();
  batch.information[r] = weight * row.eta_eta;
  if (level < k) {
    batch.cross[level][r] = weight * row.eta_upper;
    sums.Add(kOrdinalThresholds, k + level, weight * row.upper_upper);
  }
  if (level > 0) {
    batch.cross[level - 1][r] = weight * row.eta_lower;
    sums.Add(kOrdinalThresholds, k + level - 1, weight * row.lower_lower);
  }
  if (level > 0 && level < k) {
    sums.Add(kOrdinalThresholds, 2 * k + level - 1, weight * row.upper_lower);
  }
}

/// The information that row r would give on average over the levels it might have had.
void AddExpected(std::size_t r, double weight, OrdinalBatch& batch, ExactSums& sums) {
  const std::size_t k = batch.cross.size();
  double information = 0;
  for (std::size_t level = 0; level <= k; ++level) {
    const OrdinalRow row = DifferentiateLevel(batch.points[level + 1], batch.points[level]);
    if (!(row.probability > 0)) continue;
    const double mass = weight * row.probability;
    information += mass * row.eta * row.eta;
    if (level < k) {
      batch.cross[level][r] += mass * row.eta * row.upper;
      sums.Add(kOrdinalThresholds, k + level, mass * row.upper * row.upper);
    }
    if (level > 0) {
      batch.cross[level - 1][r] += mass * row.eta * row.lower;
      sums.Add(kOrdinalThresholds, k + level - 1, mass * row.lower * row.lower);
    }
    if (level > 0 && level < k) {
      sums.Add(kOrdinalThresholds, 2 * k + level - 1, mass * row.upper * row.lower);
    }
  }
  batch.information[r] = information;
}

/// False when the row's level has no probability.
bool AddRow(OrdinalLink link, const OrdinalParameters& parameters, std::size_t r,
            OrdinalBatch& batch, ExactSums& sums) {
  const double weight = batch.design.weights[r];
  const auto level = static_cast<std::size_t>(batch.design.response_codes[r]);
  const std::size_t k = batch.cross.size();
  const auto at = [&](std::size_t i) {  // the i-th threshold, the infinite ones included
    const double threshold = i == 0 ? -kInfinity : i > k ? kInfinity : parameters.thresholds[i - 1];
    return DistributionAt(link, threshold - batch.eta[r]);
  };
  const OrdinalRow row = DifferentiateLevel(at(level + 1), at(level));
  if (!(row.probability > 0)) return false;
  sums.Add(kOrdinalFit, kOrdinalLogLikelihood, weight * core::Log(row.probability));
  sums.Add(kOrdinalFit, kOrdinalWeight, weight);
  sums.Add(kOrdinalLevelWeights, level, weight);
  batch.score[r] = weight * row.eta;
  if (level < k) sums.Add(kOrdinalThresholds, level, weight * row.upper);
  if (level > 0) sums.Add(kOrdinalThresholds, level - 1, weight * row.lower);
  if (!parameters.expected) {
    AddObserved(row, level, r, weight, batch, sums);
    return true;
  }
  batch.points.resize(k + 2);
  for (std::size_t i = 0; i < k + 2; ++i) batch.points[i] = at(i);
  AddExpected(r, weight, batch, sums);
  return true;
}

void AddBatch(OrdinalLink link, const OrdinalParameters& parameters, OrdinalBatch& batch,
              ExactSums& sums) {
  const std::size_t rows = batch.design.rows;
  const std::size_t k = parameters.thresholds.size();
  batch.cross.resize(k);
  for (std::vector<double>& cross : batch.cross) cross.assign(kBatchRows, 0.0);
  LinearPredictor(parameters.beta, batch);
  std::int64_t positive = 0;
  std::int64_t impossible = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    batch.score[r] = batch.information[r] = 0;
    if (!(batch.design.weights[r] > 0)) continue;
    ++positive;
    impossible += AddRow(link, parameters, r, batch, sums) ? 0 : 1;
  }
  sums.AddCount(kOrdinalCounts, kOrdinalPositiveWeight, positive);
  sums.AddCount(kOrdinalCounts, kOrdinalImpossible, impossible);
  const std::size_t q = parameters.beta.size();
  if (q == 0) return;
  const federation::ColumnsView x{batch.design.x.data() + kBatchRows, kBatchRows, q};
  sums.AddWeightedColumns(kOrdinalScore, 0, x, batch.score.data(), rows);
  sums.AddWeightedGram(kOrdinalInformation, 0, x, batch.information.data(), rows);
  for (std::size_t t = 0; t < k; ++t) {
    sums.AddWeightedColumns(kOrdinalCross, t * q, x, batch.cross[t].data(), rows);
  }
}

Result<void> OrdinalEvaluate(const SiteView& site, const OrdinalParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::string word, site.analysis.Text("link", ""));
  CLINNOVA_ASSIGN(const OrdinalLink link, ParseOrdinalLink(word));
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckParameters(site, *frame, parameters));
  return federation::ForEachBatch<OrdinalBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, OrdinalBatch& batch,
          ExactSums& mine) -> Result<void> {
        frame->design.Evaluate(site.table, first, count, batch.design);
        Standardise(parameters.claim, batch.design);
        AddBatch(link, parameters, batch, mine);
        return {};
      });
}

}  // namespace

const federation::TypedStep<OrdinalParameters> kOrdinalStep{"ordinal.score", OrdinalLayout,
                                                            OrdinalEvaluate, FrameGuard{}};

}  // namespace clinnova::stats
