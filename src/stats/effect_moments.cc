// SPDX-License-Identifier: Apache-2.0
// The rounds after the models' fits: means with their derivatives, and influence functions.
#include <cmath>

#include "federation/batches.h"
#include "stats/effect_steps.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::kBatchRows;

namespace {

std::size_t Triangle(std::size_t size) { return size * (size + 1) / 2; }

/// One arm's part of a row: its mean is the sum of numerators over the sum of denominators.
struct ArmPart {
  double numerator = 0;
  double denominator = 0;
  /// Derivatives in ln u of the own arm, and in the outcome model's linear predictor.
  double numerator_by_weight = 0;
  double denominator_by_weight = 0;
  double numerator_by_outcome = 0;
  /// tmle: the clever covariate's score and its derivatives.
  double target = 0;
  double target_by_weight = 0;
  double target_by_outcome = 0;
  double numerator_by_epsilon = 0;
  double target_information = 0;
};

ArmPart PartOf(const EffectRows& rows, const EffectBatch& batch, std::size_t a, std::size_t r) {
  ArmPart part;
  const bool own = static_cast<std::size_t>(batch.arm()[r]) == a;
  const double y = batch.y()[r];
  const double u = batch.weight[a][r];
  const double q = batch.mean[a][r];
  const double v = batch.mean_slope[a][r];
  if (rows.options().weighted()) {
    part.numerator = part.numerator_by_weight = own ? u * y : 0;
    part.denominator = part.denominator_by_weight = own ? u : 0;
    return part;
  }
  part.denominator = rows.Member(batch, r);
  part.numerator = part.denominator * q;
  part.numerator_by_outcome = part.denominator * v;
  if (rows.options().estimator == Estimator::kAipw && own) {
    part.numerator += u * (y - q);
    part.numerator_by_weight = u * (y - q);
    part.numerator_by_outcome -= u * v;
  }
  if (rows.options().estimator == Estimator::kTmle && part.denominator != 0) {
    const double epsilon = rows.models().epsilon[a];
    part.numerator_by_weight = v * epsilon * u;
    part.numerator_by_epsilon = v * u;
    part.target = own ? u * (y - q) : 0;
    part.target_by_weight = own ? u * (y - q) - u * v * epsilon * u : 0;
    part.target_by_outcome = own ? -u * v : 0;
    part.target_information = own ? u * u * v : 0;
  }
  return part;
}

// --- Means and their derivatives ---------------------------------------------------------------------

Result<Layout> MomentLayout(const Analysis& analysis, const table::Schema& schema,
                            const EffectMomentParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.claim));
  CLINNOVA_ASSIGN(const EffectOptions options, EffectOptionsOf(analysis));
  const std::size_t p = parameters.claim.center.size();
  const bool tmle = options.estimator == Estimator::kTmle;
  const std::size_t propensity = options.needs_propensity() ? arms * (arms - 1) * p : 0;
  const std::size_t outcome = options.needs_outcome_models() ? arms * p : 0;
  const auto derivative = static_cast<int>(parameters.derivative_exponent);
  const auto weight = static_cast<int>(parameters.weight_exponent);
  const auto column = static_cast<int>(parameters.column_exponent);
  return Layout{
      {WideBlock("numerators", arms), WideBlock("denominators", arms),
       WideBlock("weights", 2 * arms),
       ScaledBlock("numerator_by_propensity", propensity, derivative),
       ScaledBlock("denominator_by_propensity", options.weighted() ? propensity : 0, weight),
       ScaledBlock("numerator_by_outcome", outcome, weight),
       ScaledBlock("target_by_propensity", tmle ? propensity : 0, derivative),
       ScaledBlock("target_by_outcome", tmle ? outcome : 0, weight),
       WideBlock("by_epsilon", tmle ? 2 * arms : 0), ScaledBlock("column_sums", arms * p, column),
       ScaledBlock("column_squares", arms * p, 2 * column),
       ScaledBlock("weighted_columns", options.needs_propensity() ? arms * p : 0, weight)}};
}

struct MomentBatch {
  EffectBatch rows;
  std::vector<ArmPart> parts = std::vector<ArmPart>(kBatchRows);  ///< of one arm
  std::vector<double> weight = std::vector<double>(kBatchRows);
};

/// Adds field(part) * slope(row) * column, for every column.
template <typename Value>
void AddColumns(std::size_t block, std::size_t first, std::size_t p, MomentBatch& batch,
                ExactSums& sums, Value value) {
  for (std::size_t r = 0; r < batch.rows.rows(); ++r) batch.weight[r] = value(r);
  sums.AddWeightedColumns(block, first, {batch.rows.design.x.data(), kBatchRows, p},
                          batch.weight.data(), batch.rows.rows());
}

void AddScalars(const EffectRows& rows, std::size_t a, const MomentBatch& batch, ExactSums& sums) {
  const bool tmle = rows.options().estimator == Estimator::kTmle;
  const bool weights = rows.options().needs_propensity();
  for (std::size_t r = 0; r < batch.rows.rows(); ++r) {
    const ArmPart& part = batch.parts[r];
    sums.Add(kNumerators, a, part.numerator);
    sums.Add(kDenominators, a, part.denominator);
    if (tmle) {
      sums.Add(kByEpsilon, a, part.numerator_by_epsilon);
      sums.Add(kByEpsilon, rows.arms() + a, part.target_information);
    }
    if (!weights || static_cast<std::size_t>(batch.rows.arm()[r]) != a) continue;
    const double u = batch.rows.weight[a][r];
    sums.Add(kWeights, a, u);
    sums.Add(kWeights, rows.arms() + a, u * u);
  }
}

void AddDerivatives(const EffectRows& rows, std::size_t a, MomentBatch& batch, ExactSums& sums) {
  const std::size_t p = rows.columns();
  const bool tmle = rows.options().estimator == Estimator::kTmle;
  const std::vector<ArmPart>& parts = batch.parts;
  if (rows.options().needs_outcome_models()) {
    AddColumns(kNumeratorByOutcome, a * p, p, batch, sums,
               [&](std::size_t r) { return parts[r].numerator_by_outcome; });
    if (tmle) {
      AddColumns(kTargetByOutcome, a * p, p, batch, sums,
                 [&](std::size_t r) { return parts[r].target_by_outcome; });
    }
  }
  if (!rows.options().needs_propensity()) return;
  for (std::size_t c = 1; c < rows.arms(); ++c) {
    const std::size_t first = (a * (rows.arms() - 1) + c - 1) * p;
    const auto slope = [&](std::size_t r) { return batch.rows.slope[c][r] - (a == c ? 1 : 0); };
    AddColumns(kNumeratorByPropensity, first, p, batch, sums,
               [&](std::size_t r) { return parts[r].numerator_by_weight * slope(r); });
    if (rows.options().weighted()) {
      AddColumns(kDenominatorByPropensity, first, p, batch, sums,
                 [&](std::size_t r) { return parts[r].denominator_by_weight * slope(r); });
    }
    if (tmle) {
      AddColumns(kTargetByPropensity, first, p, batch, sums,
                 [&](std::size_t r) { return parts[r].target_by_weight * slope(r); });
    }
  }
}

void AddBalance(const EffectRows& rows, std::size_t a, MomentBatch& batch, ExactSums& sums) {
  const std::size_t p = rows.columns();
  const auto own = [&](std::size_t r) {
    return static_cast<std::size_t>(batch.rows.arm()[r]) == a ? 1.0 : 0.0;
  };
  AddColumns(kColumnSums, a * p, p, batch, sums, own);
  for (std::size_t j = 0; j < p; ++j) {
    const double* x = batch.rows.design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < batch.rows.rows(); ++r) batch.weight[r] = own(r) * x[r];
    sums.AddWeightedColumns(kColumnSquares, a * p + j, {x, kBatchRows, 1}, batch.weight.data(),
                            batch.rows.rows());
  }
  if (rows.options().needs_propensity()) {
    AddColumns(kWeightedColumns, a * p, p, batch, sums,
               [&](std::size_t r) { return own(r) * batch.rows.weight[a][r]; });
  }
}

Result<void> MomentEvaluate(const SiteView& site, const EffectMomentParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const EffectRows rows,
                  EffectRows::Create(site, parameters.claim, parameters.models));
  return ForEachBatch<MomentBatch>(site.table.rows, site.threads, sums,
                                   [&](std::size_t first, std::size_t count, MomentBatch& batch,
                                       ExactSums& mine) -> Result<void> {
                                     rows.Read(first, count, batch.rows);
                                     for (std::size_t a = 0; a < rows.arms(); ++a) {
                                       for (std::size_t r = 0; r < batch.rows.rows(); ++r) {
                                         batch.parts[r] = PartOf(rows, batch.rows, a, r);
                                       }
                                       AddScalars(rows, a, batch, mine);
                                       AddDerivatives(rows, a, batch, mine);
                                       AddBalance(rows, a, batch, mine);
                                     }
                                     return {};
                                   });
}

// --- Influence functions -----------------------------------------------------------------------------

Result<Layout> InfluenceLayout(const Analysis& analysis, const table::Schema& schema,
                               const EffectInfluenceParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.claim));
  return Layout{{WideBlock("stacked", Triangle(arms)), WideBlock("plain", Triangle(arms))}};
}

Result<void> CheckInfluence(const EffectRows& rows, const EffectInfluenceParameters& parameters) {
  const std::size_t arms = rows.arms();
  const std::size_t p = rows.columns();
  const auto fits = [](const std::vector<double>& values, std::size_t size) {
    return values.empty() || values.size() == size;
  };
  if (parameters.means.size() == arms && fits(parameters.by_epsilon, arms) &&
      fits(parameters.by_propensity, arms * (arms - 1) * p) &&
      fits(parameters.by_outcome, arms * p)) {
    return {};
  }
  return Fail(ErrorCode::kRefused, "influence that does not fit the design", "wrong_layout");
}

struct InfluenceBatch {
  EffectBatch rows;
  std::vector<double> line = std::vector<double>(kBatchRows);
  EffectBatch::ByArm stacked;
  EffectBatch::ByArm plain;
};

/// What the estimation of the models adds to one arm's influence function.
void AddModels(const EffectRows& rows, const EffectInfluenceParameters& parameters, std::size_t a,
               InfluenceBatch& batch) {
  const std::size_t p = rows.columns();
  const EffectBatch& read = batch.rows;
  std::vector<double>& stacked = batch.stacked[a];
  const auto line = [&](const std::vector<double>& coefficients, std::size_t first) {
    std::fill_n(batch.line.begin(), read.rows(), 0.0);
    AddLinearPredictor(coefficients, first, read.design, p, batch.line.data());
  };
  if (!parameters.by_outcome.empty()) {
    line(parameters.by_outcome, a * p);
    for (std::size_t r = 0; r < read.rows(); ++r) {
      if (static_cast<std::size_t>(read.arm()[r]) != a) continue;
      stacked[r] += batch.line[r] * (read.y()[r] - read.fitted[a][r]);
    }
  }
  if (parameters.by_propensity.empty()) return;
  for (std::size_t c = 1; c < rows.arms(); ++c) {
    line(parameters.by_propensity, (a * (rows.arms() - 1) + c - 1) * p);
    for (std::size_t r = 0; r < read.rows(); ++r) {
      const double own = static_cast<std::size_t>(read.arm()[r]) == c ? 1 : 0;
      stacked[r] += batch.line[r] * (own - read.propensity[c][r]);
    }
  }
}

void ReadInfluence(const EffectRows& rows, const EffectInfluenceParameters& parameters,
                   InfluenceBatch& batch) {
  batch.stacked.resize(rows.arms(), std::vector<double>(kBatchRows));
  batch.plain.resize(rows.arms(), std::vector<double>(kBatchRows));
  for (std::size_t a = 0; a < rows.arms(); ++a) {
    for (std::size_t r = 0; r < batch.rows.rows(); ++r) {
      const ArmPart part = PartOf(rows, batch.rows, a, r);
      const double residual = part.numerator - part.denominator * parameters.means[a];
      batch.plain[a][r] = residual + part.target;
      batch.stacked[a][r] = residual;
      if (!parameters.by_epsilon.empty()) {
        batch.stacked[a][r] += parameters.by_epsilon[a] * part.target;
      }
    }
    AddModels(rows, parameters, a, batch);
  }
}

Result<void> InfluenceEvaluate(const SiteView& site, const EffectInfluenceParameters& parameters,
                               ExactSums& sums) {
  CLINNOVA_ASSIGN(const EffectRows rows,
                  EffectRows::Create(site, parameters.claim, parameters.models));
  CLINNOVA_TRY(CheckInfluence(rows, parameters));
  return ForEachBatch<InfluenceBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, InfluenceBatch& batch,
          ExactSums& mine) -> Result<void> {
        rows.Read(first, count, batch.rows);
        ReadInfluence(rows, parameters, batch);
        for (std::size_t r = 0; r < batch.rows.rows(); ++r) {
          std::size_t index = 0;
          for (std::size_t a = 0; a < rows.arms(); ++a) {
            for (std::size_t b = 0; b <= a; ++b, ++index) {
              mine.Add(kStacked, index, batch.stacked[a][r] * batch.stacked[b][r]);
              mine.Add(kPlain, index, batch.plain[a][r] * batch.plain[b][r]);
            }
          }
        }
        return {};
      });
}

}  // namespace

const federation::TypedStep<EffectMomentParameters> kEffectMomentStep{
    "effect.means", MomentLayout, MomentEvaluate, EffectGuard{}};
const federation::TypedStep<EffectInfluenceParameters> kEffectInfluenceStep{
    "effect.influence", InfluenceLayout, InfluenceEvaluate, EffectGuard{}};

}  // namespace clinnova::stats
