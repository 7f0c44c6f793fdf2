// SPDX-License-Identifier: Apache-2.0
#include "stats/effect_rows.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "stats/glm_family.h"
#include "table/factor_column.h"

namespace clinnova::stats {

using federation::SiteView;
using table::Design;
using table::DesignBatch;
using table::kBatchRows;

void AddLinearPredictor(const std::vector<double>& coefficients, std::size_t first,
                        const DesignBatch& design, std::size_t columns, double* result) {
  for (std::size_t j = 0; j < columns; ++j) {
    const double b = coefficients[first + j];
    if (b == 0) continue;
    const double* x = design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < design.rows; ++r) result[r] += b * x[r];
  }
}

Result<std::size_t> ArmsOf(const federation::Analysis& analysis, const table::Schema& schema,
                           const FrameClaim& claim) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
  CLINNOVA_ASSIGN(const Design design, Design::Create(formula, schema, options, claim.facts));
  return design.strata().front().levels.size();
}

std::vector<std::int64_t> ArmCounts(const FrameClaim& claim, const Design& design) {
  const std::string& name = design.strata().front().name;
  for (std::size_t f = 0; f < design.factors().size(); ++f) {
    const std::string& column = design.factors()[f].column;
    if (column == name || column == table::FactorColumnName(name)) return claim.level_counts[f];
  }
  return {};
}

Result<void> CheckArms(const EffectOptions& options, const FrameClaim& claim, const Design& design,
                       int minimum_count) {
  if (minimum_count == 0) return {};
  const auto p = static_cast<std::int64_t>(design.names().size());
  const std::vector<std::int64_t> counts = ArmCounts(claim, design);
  const auto models = static_cast<std::int64_t>(counts.size()) - 1;
  const bool propensity = options.needs_propensity() && 3 * p * models > claim.n;
  bool outcome = false;
  for (const std::int64_t count : counts) {
    outcome |= options.needs_outcome_models() && (3 * p > count || count - p < 10);
  }
  if (!propensity && !outcome) return {};
  return Fail(ErrorCode::kRefused,
              std::to_string(p) +
                  " parameters per arm, expected at most a third as many as its persons and 10 "
                  "degrees of freedom",
              "too_many_parameters");
}

Result<EffectRows> EffectRows::Create(const SiteView& site, const FrameClaim& claim,
                                      const EffectModels& models) {
  EffectRows rows;
  CLINNOVA_ASSIGN(rows.options_, EffectOptionsOf(site.analysis));
  CLINNOVA_ASSIGN(rows.frame_, SiteFrameOf(site, claim));
  const Design& design = rows.frame_->design;
  rows.table_ = &site.table;
  rows.claim_ = &claim;
  rows.models_ = &models;
  rows.arms_ = design.strata().front().levels.size();
  CLINNOVA_ASSIGN(rows.focal_, FocalArm(rows.options_, design.strata().front().levels));
  const std::size_t p = design.names().size();
  const auto fits = [](std::size_t size, std::size_t expected) {
    return size == 0 || size == expected;
  };
  if (!fits(models.gamma.size(), (rows.arms_ - 1) * p) ||
      !fits(models.beta.size(), rows.arms_ * p) || !fits(models.epsilon.size(), rows.arms_)) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return rows;
}

void EffectRows::Read(std::size_t first, std::size_t count, EffectBatch& batch) const {
  if (batch.buffer.empty()) {
    for (EffectBatch::ByArm* part : {&batch.propensity, &batch.weight, &batch.slope, &batch.fitted,
                                     &batch.mean, &batch.mean_slope}) {
      part->assign(arms_, std::vector<double>(kBatchRows));
    }
    for (std::vector<double>* part : {&batch.log_e, &batch.kept, &batch.buffer}) {
      part->assign(kBatchRows, 0.0);
    }
  }
  frame_->design.Evaluate(*table_, first, count, batch.design);
  Standardise(*claim_, batch.design);
  std::fill(batch.kept.begin(), batch.kept.end(), 1.0);
  if (!models_->gamma.empty()) {
    ReadPropensities(batch);
    ReadWeights(batch);
  }
  if (!models_->beta.empty()) ReadMeans(batch);
}

void EffectRows::ReadPropensities(EffectBatch& batch) const {
  const std::size_t p = columns();
  for (std::size_t a = 0; a < arms_; ++a) {
    std::fill_n(batch.propensity[a].begin(), batch.rows(), 0.0);
    if (a > 0) {
      AddLinearPredictor(models_->gamma, (a - 1) * p, batch.design, p, batch.propensity[a].data());
    }
  }
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    double largest = 0;
    for (std::size_t a = 0; a < arms_; ++a) largest = std::max(largest, batch.propensity[a][r]);
    const double own = batch.propensity[static_cast<std::size_t>(batch.arm()[r])][r];
    double sum = 0;
    for (std::size_t a = 0; a < arms_; ++a) {
      batch.propensity[a][r] = core::Exp(batch.propensity[a][r] - largest);
      sum += batch.propensity[a][r];
    }
    batch.log_e[r] = own - largest - core::Log(sum);
    for (std::size_t a = 0; a < arms_; ++a) batch.propensity[a][r] /= sum;
  }
}

void EffectRows::ReadWeights(EffectBatch& batch) const {
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    double inverse_sum = 0;
    for (std::size_t a = 0; a < arms_; ++a) {
      inverse_sum += 1 / batch.propensity[a][r];
      if (batch.propensity[a][r] < options_.trim) batch.kept[r] = 0;
    }
    for (std::size_t a = 0; a < arms_; ++a) {
      const double e = batch.propensity[a][r];
      double weight = 1 / e;
      double slope = e;
      if (options_.estimand == Estimand::kAtt) {
        weight = batch.propensity[focal_][r] / e;
        slope = a == focal_ ? 1 : 0;
      }
      if (options_.estimand == Estimand::kAto) slope = weight = 1 / (e * inverse_sum);
      batch.weight[a][r] = batch.kept[r] == 0 ? 0 : weight;
      batch.slope[a][r] = slope;
    }
  }
}

void EffectRows::ReadMeans(EffectBatch& batch) const {
  const std::size_t p = columns();
  const Link link = models_->binary ? Link::kLogit : Link::kIdentity;
  std::vector<double>& eta = batch.buffer;
  for (std::size_t a = 0; a < arms_; ++a) {
    std::fill_n(eta.begin(), batch.rows(), 0.0);
    AddLinearPredictor(models_->beta, a * p, batch.design, p, eta.data());
    double* slope = batch.mean_slope[a].data();
    InverseLink(link, eta.data(), batch.rows(), batch.fitted[a].data(), slope);
    if (models_->epsilon.empty()) {
      batch.mean[a] = batch.fitted[a];
      continue;
    }
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      eta[r] += models_->epsilon[a] * batch.weight[a][r];
    }
    InverseLink(link, eta.data(), batch.rows(), batch.mean[a].data(), slope);
  }
}

double EffectRows::Member(const EffectBatch& batch, std::size_t row) const {
  if (options_.estimand != Estimand::kAtt) return batch.kept[row];
  return static_cast<std::size_t>(batch.arm()[row]) == focal_ ? batch.kept[row] : 0;
}

}  // namespace clinnova::stats
