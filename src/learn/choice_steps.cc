// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_steps.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using stats::ArmsOf;
using table::kBatchRows;

namespace {

std::size_t Triangle(std::size_t size) { return size * (size + 1) / 2; }
std::size_t Folds(const ChoiceSplit& split) { return static_cast<std::size_t>(split.folds); }
std::size_t Columns(const ChoiceSplit& split) { return split.claim.center.size(); }

struct Scratch {
  ChoiceBatch batch;
  ArmRows arm;
  std::vector<std::vector<double>> propensity;
};

/// Calls work(rows reader, scratch, sums) for each batch that was read.
template <typename Work>
Result<void> ForEachRead(const SiteView& site, const Result<ChoiceRows>& created, ExactSums& sums,
                         Work work) {
  if (!created) return Fail(created);
  const ChoiceRows& rows = *created;
  return ForEachBatch<Scratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, Scratch& scratch, ExactSums& mine) -> Result<void> {
        rows.Read(first, count, scratch.batch);
        work(rows, scratch, mine);
        return {};
      });
}

// --- Counts ------------------------------------------------------------------------------------------

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const ChoiceCountParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  return Layout{{CountBlock("cells", Folds(parameters.split) * arms * kChoiceOutcomes),
                 CountBlock("no_fold", 1), WideBlock("outcome_sum", 1)}};
}

void CountRows(const ChoiceRows& rows, Scratch& scratch, ExactSums& sums) {
  const ChoiceBatch& batch = scratch.batch;
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    sums.Add(kChoiceOutcomeSum, 0, batch.y()[r]);
    if (batch.fold[r] == 0) {
      sums.AddCount(kChoiceNoFold, 0);
      continue;
    }
    const std::size_t cell = static_cast<std::size_t>(batch.fold[r] - 1) * rows.arms() +
                             static_cast<std::size_t>(batch.arm()[r]);
    const double y = batch.y()[r];
    sums.AddCount(kChoiceCells, cell * kChoiceOutcomes + (y == 0   ? kOutcomeZero
                                                          : y == 1 ? kOutcomeOne
                                                                   : kOutcomeOther));
  }
}

Result<void> CountEvaluate(const SiteView& site, const ChoiceCountParameters& parameters,
                           ExactSums& sums) {
  return ForEachRead(site, ChoiceRows::CreateToCount(site, parameters.split), sums, CountRows);
}

// --- Moments -----------------------------------------------------------------------------------------

Result<Layout> MomentLayout(const Analysis& analysis, const table::Schema& schema,
                            const ChoiceMomentParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  const std::size_t p = Columns(parameters.split);
  const std::size_t cells = Folds(parameters.split) * arms;
  const auto x = static_cast<int>(parameters.size_exponent);
  const auto y = static_cast<int>(parameters.response_exponent);
  return Layout{{ScaledBlock("columns", cells * p, x), ScaledBlock("squares", cells * p, 2 * x),
                 ScaledBlock("products", cells * p, x + y), WideBlock("outcome", cells),
                 ScaledBlock("gram", (parameters.gaussian ? cells : 1) * Triangle(p), 2 * x)}};
}

void AddMoments(const ChoiceMomentParameters& parameters, const ChoiceRows& rows, Scratch& scratch,
                ExactSums& sums) {
  const std::size_t p = rows.columns();
  ArmRows& arm = scratch.arm;
  for (std::size_t a = 0; a < rows.arms(); ++a) {
    arm.Gather(scratch.batch, p, a);
    for (std::size_t f = 0; f < Folds(parameters.split); ++f) {
      const std::size_t cell = f * rows.arms() + a;
      for (std::size_t r = 0; r < arm.rows; ++r) {
        const bool inside = arm.fold[r] == static_cast<std::int32_t>(f + 1);
        const double y = arm.y[r] - parameters.center;
        arm.weight[r] = inside ? 1 : 0;
        arm.residual[r] = inside ? y : 0;
        if (inside) sums.Add(kMomentOutcome, cell, y * y);
      }
      const federation::ColumnsView x{arm.x.data(), kBatchRows, p};
      sums.AddWeightedColumns(kMomentColumns, cell * p, x, arm.weight.data(), arm.rows);
      sums.AddWeightedColumns(kMomentProducts, cell * p, x, arm.residual.data(), arm.rows);
      if (parameters.gaussian) {
        sums.AddWeightedGram(kMomentGram, cell * Triangle(p), x, arm.weight.data(), arm.rows);
      }
      for (std::size_t j = 0; j < p; ++j) {
        for (std::size_t r = 0; r < arm.rows; ++r) {
          const double value = arm.x[j * kBatchRows + r];
          if (arm.weight[r] != 0) sums.Add(kMomentSquares, cell * p + j, value * value);
        }
      }
    }
    if (parameters.gaussian) continue;
    std::fill_n(arm.weight.begin(), arm.rows, 1.0);
    sums.AddWeightedGram(kMomentGram, 0, {arm.x.data(), kBatchRows, p}, arm.weight.data(),
                         arm.rows);
  }
}

Result<void> MomentEvaluate(const SiteView& site, const ChoiceMomentParameters& parameters,
                            ExactSums& sums) {
  return ForEachRead(site, ChoiceRows::Create(site, parameters.split), sums,
                     [&](const ChoiceRows& rows, Scratch& scratch, ExactSums& mine) {
                       AddMoments(parameters, rows, scratch, mine);
                     });
}

// --- Outcome models ----------------------------------------------------------------------------------

Result<Layout> PointLayout(const Analysis& analysis, const table::Schema& schema,
                           const ChoicePointParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  const std::size_t p = Columns(parameters.split);
  const std::size_t parts = parameters.betas.size() * arms;
  const bool fits = parameters.folds.size() == parameters.betas.size() &&
                    std::all_of(parameters.betas.begin(), parameters.betas.end(),
                                [&](const auto& beta) { return beta.size() == arms * p; });
  if (!fits) return Fail(ErrorCode::kRefused, "points that do not fit the design", "wrong_layout");
  const auto x = static_cast<int>(parameters.size_exponent);
  return Layout{
      {ScaledBlock("score", parameters.derivatives ? parts * p : 0, x),
       ScaledBlock("information", parameters.derivatives ? parts * Triangle(p) : 0, 2 * x),
       WideBlock("deviance", parts)}};
}

void AddPoint(const ChoicePointParameters& parameters, std::size_t point, std::size_t part,
              std::size_t first, ArmRows& arm, std::size_t p, ExactSums& sums) {
  const std::vector<double>& beta = parameters.betas[point];
  std::fill_n(arm.eta.begin(), arm.rows, 0.0);
  for (std::size_t j = 0; j < p; ++j) {
    const double b = beta[first + j];
    if (b == 0) continue;
    for (std::size_t r = 0; r < arm.rows; ++r) arm.eta[r] += b * arm.x[j * kBatchRows + r];
  }
  for (std::size_t r = 0; r < arm.rows; ++r) {
    const bool inside = parameters.folds[point].Has(arm.fold[r]);
    if (inside) sums.Add(kPointDeviance, part, BinaryDeviance(arm.y[r], arm.eta[r]));
    if (!parameters.derivatives) continue;
    const double mean = core::Expit(arm.eta[r]);
    arm.residual[r] = inside ? arm.y[r] - mean : 0;
    arm.weight[r] = inside ? mean * (1 - mean) : 0;
  }
  if (!parameters.derivatives) return;
  const federation::ColumnsView x{arm.x.data(), kBatchRows, p};
  sums.AddWeightedColumns(kPointScore, part * p, x, arm.residual.data(), arm.rows);
  sums.AddWeightedGram(kPointInformation, part * Triangle(p), x, arm.weight.data(), arm.rows);
}

Result<void> PointEvaluate(const SiteView& site, const ChoicePointParameters& parameters,
                           ExactSums& sums) {
  return ForEachRead(site, ChoiceRows::Create(site, parameters.split), sums,
                     [&](const ChoiceRows& rows, Scratch& scratch, ExactSums& mine) {
                       const std::size_t p = rows.columns();
                       for (std::size_t a = 0; a < rows.arms(); ++a) {
                         scratch.arm.Gather(scratch.batch, p, a);
                         for (std::size_t k = 0; k < parameters.betas.size(); ++k) {
                           AddPoint(parameters, k, k * rows.arms() + a, a * p, scratch.arm, p,
                                    mine);
                         }
                       }
                     });
}

// --- Propensity --------------------------------------------------------------------------------------

Result<Layout> PropensityLayout(const Analysis& analysis, const table::Schema& schema,
                                const ChoicePropensityParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  const std::size_t p = Columns(parameters.split);
  const std::size_t folds = Folds(parameters.split);
  const bool fits = parameters.gammas.size() == folds &&
                    std::all_of(parameters.gammas.begin(), parameters.gammas.end(),
                                [&](const auto& gamma) { return gamma.size() == (arms - 1) * p; });
  if (!fits) return Fail(ErrorCode::kRefused, "points that do not fit the design", "wrong_layout");
  const auto x = static_cast<int>(parameters.size_exponent);
  return Layout{{ScaledBlock("score", folds * (arms - 1) * p, x),
                 ScaledBlock("information", folds * Triangle(arms - 1) * Triangle(p), 2 * x),
                 WideBlock("log_likelihood", folds)}};
}

/// Propensities of all rows at `gamma` into scratch.propensity; adds the log-likelihood of those outside the fold.
void Propensities(const std::vector<double>& gamma, std::size_t fold, const ChoiceRows& rows,
                  Scratch& scratch, ExactSums& sums) {
  const std::size_t p = rows.columns();
  const ChoiceBatch& batch = scratch.batch;
  std::vector<std::vector<double>>& e = scratch.propensity;
  e.assign(rows.arms(), std::vector<double>(kBatchRows));
  for (std::size_t a = 1; a < rows.arms(); ++a) {
    stats::AddLinearPredictor(gamma, (a - 1) * p, batch.design, p, e[a].data());
  }
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    double largest = 0;
    for (const auto& odds : e) largest = std::max(largest, odds[r]);
    const double own = e[static_cast<std::size_t>(batch.arm()[r])][r];
    double total = 0;
    for (auto& odds : e) {
      odds[r] = core::Exp(odds[r] - largest);
      total += odds[r];
    }
    for (auto& odds : e) odds[r] /= total;
    if (batch.fold[r] == 0 || batch.fold[r] == static_cast<std::int32_t>(fold + 1)) continue;
    sums.Add(kChoiceLogLikelihood, fold, own - largest - core::Log(total));
  }
}

void AddPropensity(const ChoicePropensityParameters& parameters, const ChoiceRows& rows,
                   Scratch& scratch, ExactSums& sums) {
  const std::size_t p = rows.columns();
  ChoiceBatch& batch = scratch.batch;
  batch.buffer.resize(kBatchRows);
  const federation::ColumnsView x{batch.design.x.data(), kBatchRows, p};
  for (std::size_t f = 0; f < parameters.gammas.size(); ++f) {
    Propensities(parameters.gammas[f], f, rows, scratch, sums);
    const auto outside = [&](auto value) {
      for (std::size_t r = 0; r < batch.rows(); ++r) {
        const bool counts = batch.fold[r] != 0 && batch.fold[r] != static_cast<std::int32_t>(f + 1);
        batch.buffer[r] = counts ? value(r) : 0;
      }
      return batch.buffer.data();
    };
    std::size_t pair = f * Triangle(rows.arms() - 1);
    for (std::size_t b = 1; b < rows.arms(); ++b) {
      const std::vector<double>& e_b = scratch.propensity[b];
      const double* score = outside([&](std::size_t r) {
        return (static_cast<std::size_t>(batch.arm()[r]) == b ? 1.0 : 0.0) - e_b[r];
      });
      sums.AddWeightedColumns(kChoiceScore, (f * (rows.arms() - 1) + b - 1) * p, x, score,
                              batch.rows());
      for (std::size_t c = 1; c <= b; ++c, ++pair) {
        const std::vector<double>& e_c = scratch.propensity[c];
        const double* weight = outside(
            [&](std::size_t r) { return c == b ? e_b[r] * (1 - e_b[r]) : -e_b[r] * e_c[r]; });
        sums.AddWeightedGram(kChoiceInformation, pair * Triangle(p), x, weight, batch.rows());
      }
    }
  }
}

Result<void> PropensityEvaluate(const SiteView& site, const ChoicePropensityParameters& parameters,
                                ExactSums& sums) {
  return ForEachRead(site, ChoiceRows::Create(site, parameters.split), sums,
                     [&](const ChoiceRows& rows, Scratch& scratch, ExactSums& mine) {
                       AddPropensity(parameters, rows, scratch, mine);
                     });
}

}  // namespace

double BinaryDeviance(double y, double eta) {
  const double m = y > 0 ? -eta : eta;  // 2 ln(1 + e^m)
  return 2 * (m > 0 ? m + core::Log1p(core::Exp(-m)) : core::Log1p(core::Exp(m)));
}

const federation::TypedStep<ChoiceCountParameters> kChoiceCountStep{
    "choice.counts", CountLayout, CountEvaluate, ChoiceCountGuard{}};
const federation::TypedStep<ChoiceMomentParameters> kChoiceMomentStep{
    "choice.moments", MomentLayout, MomentEvaluate, ChoiceGuard{}};
const federation::TypedStep<ChoicePointParameters> kChoicePointStep{"choice.points", PointLayout,
                                                                    PointEvaluate, ChoiceGuard{}};
const federation::TypedStep<ChoicePropensityParameters> kChoicePropensityStep{
    "choice.propensity", PropensityLayout, PropensityEvaluate, ChoiceGuard{}};

}  // namespace clinnova::learn
