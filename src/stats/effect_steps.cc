// SPDX-License-Identifier: Apache-2.0
#include "stats/effect_steps.h"

#include <cmath>
#include <limits>

#include "core/deterministic_math.h"
#include "federation/batches.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::kBatchRows;

namespace {

constexpr double kEdge = 10 * std::numeric_limits<double>::epsilon();

std::size_t Triangle(std::size_t size) { return size * (size + 1) / 2; }

federation::ColumnsView Columns(const EffectBatch& batch, std::size_t columns) {
  return {batch.design.x.data(), kBatchRows, columns};
}

/// buffer[r] = value(r) for rows of `arm`, 0 for others.
template <typename Value>
const double* OfArm(std::size_t arm, EffectBatch& batch, Value value) {
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    batch.buffer[r] = static_cast<std::size_t>(batch.arm()[r]) == arm ? value(r) : 0;
  }
  return batch.buffer.data();
}

/// buffer[r] = value(r).
template <typename Value>
const double* OfAll(EffectBatch& batch, Value value) {
  for (std::size_t r = 0; r < batch.rows(); ++r) batch.buffer[r] = value(r);
  return batch.buffer.data();
}

// --- Propensity and outcome models -------------------------------------------------------------------

Result<Layout> NuisanceLayout(const Analysis& analysis, const table::Schema& schema,
                              const EffectModelParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.claim));
  const std::size_t p = parameters.claim.center.size();
  const bool propensity = !parameters.models.gamma.empty();
  const bool outcome = !parameters.models.beta.empty();
  const auto information = static_cast<int>(parameters.information_exponent);
  return Layout{{ScaledBlock("propensity_score", propensity ? (arms - 1) * p : 0,
                             static_cast<int>(parameters.propensity_score_exponent)),
                 ScaledBlock("propensity_information",
                             propensity ? Triangle(arms - 1) * Triangle(p) : 0, information),
                 ScaledBlock("outcome_score", outcome ? arms * p : 0,
                             static_cast<int>(parameters.outcome_score_exponent)),
                 ScaledBlock("outcome_information", outcome ? arms * Triangle(p) : 0, information),
                 WideBlock("log_likelihoods", 1 + arms),
                 CountBlock("arm_counts", arms * kArmCountSize)}};
}

void AddPropensity(const EffectRows& rows, EffectBatch& batch, ExactSums& sums) {
  const std::size_t p = rows.columns();
  std::size_t pair = 0;
  for (std::size_t b = 1; b < rows.arms(); ++b) {
    const std::vector<double>& e_b = batch.propensity[b];
    const double* score = OfAll(batch, [&](std::size_t r) {
      return (static_cast<std::size_t>(batch.arm()[r]) == b ? 1.0 : 0.0) - e_b[r];
    });
    sums.AddWeightedColumns(kPropensityScore, (b - 1) * p, Columns(batch, p), score, batch.rows());
    for (std::size_t c = 1; c <= b; ++c, ++pair) {
      const std::vector<double>& e_c = batch.propensity[c];
      const double* weight = OfAll(
          batch, [&](std::size_t r) { return c == b ? e_b[r] * (1 - e_b[r]) : -e_b[r] * e_c[r]; });
      sums.AddWeightedGram(kPropensityInformation, pair * Triangle(p), Columns(batch, p), weight,
                           batch.rows());
    }
  }
  for (std::size_t r = 0; r < batch.rows(); ++r) sums.Add(kLogLikelihoods, 0, batch.log_e[r]);
}

double OutcomeLogLikelihood(bool binary, double y, double q) {
  if (!binary) return -(y - q) * (y - q) / 2;
  return (y > 0 ? y * core::Log(q) : 0) + (y < 1 ? (1 - y) * core::Log1p(-q) : 0);
}

void AddOutcomes(const EffectRows& rows, EffectBatch& batch, ExactSums& sums) {
  const std::size_t p = rows.columns();
  for (std::size_t a = 0; a < rows.arms(); ++a) {
    const double* score =
        OfArm(a, batch, [&](std::size_t r) { return batch.y()[r] - batch.mean[a][r]; });
    sums.AddWeightedColumns(kOutcomeScore, a * p, Columns(batch, p), score, batch.rows());
    const double* weight = OfArm(a, batch, [&](std::size_t r) { return batch.mean_slope[a][r]; });
    sums.AddWeightedGram(kOutcomeInformation, a * Triangle(p), Columns(batch, p), weight,
                         batch.rows());
  }
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    const auto a = static_cast<std::size_t>(batch.arm()[r]);
    sums.Add(kLogLikelihoods, 1 + a,
             OutcomeLogLikelihood(rows.models().binary, batch.y()[r], batch.mean[a][r]));
  }
}

void CountArms(const EffectRows& rows, const EffectBatch& batch, ExactSums& sums) {
  std::vector<std::int64_t> counts(rows.arms() * kArmCountSize);
  const bool propensity = !rows.models().gamma.empty();
  const bool logistic = rows.models().binary && !rows.models().beta.empty();
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    const auto a = static_cast<std::size_t>(batch.arm()[r]);
    std::int64_t* count = counts.data() + a * kArmCountSize;
    const double y = batch.y()[r];
    ++count[y == 0 ? kZeros : y == 1 ? kOnes : kOthers];
    count[kKept] += batch.kept[r] != 0;
    const double e = propensity ? batch.propensity[a][r] : 0.5;
    const double q = logistic ? batch.mean[a][r] : 0.5;
    count[kBoundaryEffect] += e < kEdge || e > 1 - kEdge || q < kEdge || q > 1 - kEdge;
  }
  for (std::size_t i = 0; i < counts.size(); ++i) sums.AddCount(kArmCounts, i, counts[i]);
}

Result<void> NuisanceEvaluate(const SiteView& site, const EffectModelParameters& parameters,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const EffectRows rows,
                  EffectRows::Create(site, parameters.claim, parameters.models));
  return ForEachBatch<EffectBatch>(site.table.rows, site.threads, sums,
                                   [&](std::size_t first, std::size_t count, EffectBatch& batch,
                                       ExactSums& mine) -> Result<void> {
                                     rows.Read(first, count, batch);
                                     CountArms(rows, batch, mine);
                                     if (!parameters.models.gamma.empty())
                                       AddPropensity(rows, batch, mine);
                                     if (!parameters.models.beta.empty())
                                       AddOutcomes(rows, batch, mine);
                                     return {};
                                   });
}

// --- Clever covariates -------------------------------------------------------------------------------

Result<Layout> TargetLayout(const Analysis& analysis, const table::Schema& schema,
                            const EffectTargetParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.claim));
  return Layout{{WideBlock("score", arms), WideBlock("information", arms),
                 WideBlock("log_likelihood", arms)}};
}

Result<void> TargetEvaluate(const SiteView& site, const EffectTargetParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const EffectRows rows,
                  EffectRows::Create(site, parameters.claim, parameters.models));
  return ForEachBatch<EffectBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, EffectBatch& batch,
          ExactSums& mine) -> Result<void> {
        rows.Read(first, count, batch);
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          const auto a = static_cast<std::size_t>(batch.arm()[r]);
          const double u = batch.weight[a][r];
          if (u == 0) continue;
          const double y = batch.y()[r];
          const double q = batch.mean[a][r];
          mine.Add(kTargetScore, a, u * (y - q));
          mine.Add(kTargetInformation, a, u * u * batch.mean_slope[a][r]);
          mine.Add(kTargetLogLikelihood, a, OutcomeLogLikelihood(rows.models().binary, y, q));
        }
        return {};
      });
}

}  // namespace

const federation::TypedStep<EffectModelParameters> kEffectModelStep{
    "effect.models", NuisanceLayout, NuisanceEvaluate, EffectGuard{}};
const federation::TypedStep<EffectTargetParameters> kEffectTargetStep{
    "effect.target", TargetLayout, TargetEvaluate, EffectGuard{}};

}  // namespace clinnova::stats
