// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/deterministic_math.h"
#include "learn/choice_options.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::SiteView;
using table::kBatchRows;

std::int64_t ChoiceSplit::Everybody() const {
  return std::accumulate(cells.begin(), cells.end(), std::int64_t{0});
}

std::int64_t ChoiceSplit::Cell(std::size_t arms, std::size_t fold, std::size_t arm) const {
  const std::size_t first = (fold * arms + arm) * kChoiceOutcomes;
  return cells[first] + cells[first + 1] + cells[first + 2];
}

Result<void> CheckCells(const ChoiceSplit& split, std::size_t arms, int minimum_count) {
  if (minimum_count == 0) return {};
  const auto columns = static_cast<std::int64_t>(split.claim.center.size());
  std::int64_t others = 0;
  for (std::size_t i = kOutcomeOther; i < split.cells.size(); i += kChoiceOutcomes)
    others += split.cells[i];
  for (std::size_t a = 0; a < arms; ++a) {
    std::int64_t all = 0;
    std::int64_t largest = 0;
    std::int64_t second = 0;
    for (std::size_t f = 0; f < static_cast<std::size_t>(split.folds); ++f) {
      const std::int64_t cell = split.Cell(arms, f, a);
      all += cell;
      second = std::max(second, std::min(cell, largest));
      largest = std::max(largest, cell);
      const std::size_t first = (f * arms + a) * kChoiceOutcomes;
      const std::int64_t zeros = split.cells[first + kOutcomeZero];
      const std::int64_t ones = split.cells[first + kOutcomeOne];
      const auto rare = [&](std::int64_t count) { return count > 0 && count < minimum_count; };
      if (cell >= minimum_count && (others > 0 || (!rare(zeros) && !rare(ones)))) continue;
      return Fail(ErrorCode::kRefused,
                  "a fold has an arm, or an outcome in an arm, with fewer than " +
                      std::to_string(minimum_count) +
                      " persons; expected larger arms or fewer folds",
                  "rare_level");
    }
    const std::int64_t training = all - largest - second;
    if (3 * columns <= training && training - columns >= 10) continue;
    return Fail(ErrorCode::kRefused,
                std::to_string(columns) + " parameters per arm on " + std::to_string(training) +
                    " persons of its smallest training set, expected at most a third as many and "
                    "10 degrees of "
                    "freedom",
                "too_many_parameters");
  }
  return {};
}

namespace {

/// Sums without a site tell that site's own: only where the approved study asks for it by name.
Result<void> CheckBySite(const SiteView& site) {
  if (site.minimum_count == 0) return {};
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(site.analysis));
  if (options.evaluation.given && options.evaluation.leave_one_site_out) return {};
  return Fail(ErrorCode::kRefused, "sums by site, which the study does not ask for by name",
              "single_contributor");
}

}  // namespace

Result<ChoiceRows> ChoiceRows::Create(const SiteView& site, const ChoiceSplit& split) {
  CLINNOVA_ASSIGN(ChoiceRows rows, CreateToCount(site, split));
  if (split.cells.size() != static_cast<std::size_t>(split.folds) * rows.arms_ * kChoiceOutcomes) {
    return Fail(ErrorCode::kRefused, "counts that do not fit folds and arms", "wrong_layout");
  }
  CLINNOVA_TRY(CheckCells(split, rows.arms_, site.minimum_count));
  return rows;
}

Result<ChoiceRows> ChoiceRows::CreateToCount(const SiteView& site, const ChoiceSplit& split) {
  ChoiceRows rows;
  if (split.folds < 1 || split.folds > 1000) {
    return Fail(ErrorCode::kRefused, "a number of folds that cannot be", "wrong_layout");
  }
  CLINNOVA_ASSIGN(rows.frame_, stats::SiteFrameOf(site, split.claim));
  rows.table_ = &site.table;
  rows.split_ = &split;
  rows.arms_ = rows.frame_->design.strata().front().levels.size();
  rows.site_column_ = *site.table.schema.Find("site");
  if (split.by_site) {
    CLINNOVA_TRY(CheckBySite(site));
    return rows;
  }
  CLINNOVA_ASSIGN(rows.folds_,
                  stats::RowFolds::Create(site.analysis, site.table.schema, split.folds));
  return rows;
}

void ChoiceRows::Read(std::size_t first, std::size_t count, ChoiceBatch& batch) const {
  frame_->design.Evaluate(*table_, first, count, batch.design);
  if (folds_) {
    folds_->Evaluate(*table_, batch.design, columns(), batch.fold);
  } else {
    batch.fold.resize(batch.rows());
    const std::vector<std::int32_t>& sites = table_->column(site_column_).codes;
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      batch.fold[r] = sites[batch.design.source_row[r]] + 1;
    }
  }
  stats::Standardise(split_->claim, batch.design);
}

Result<std::vector<ChoiceForest>> ForestsOf(const SiteView& site,
                                            const std::vector<std::string>& arms,
                                            const std::vector<Feature>& features,
                                            const std::vector<ChoiceTrees>& trees) {
  CLINNOVA_ASSIGN(const std::vector<Feature> own, ChoiceFeatures(site.analysis, site.table.schema));
  const bool same = std::ranges::equal(own, features, [](const Feature& a, const Feature& b) {
    return a.column == b.column && a.levels == b.levels && b.bins() <= kMostBins &&
           std::ranges::is_sorted(b.cuts);
  });
  if (!same)
    return Fail(ErrorCode::kRefused, "features that are not the analysis'", "wrong_layout");
  CLINNOVA_ASSIGN(const std::vector<std::uint8_t> codes,
                  ArmCodes(arms, site.table.schema, features.back()));
  std::vector<ChoiceForest> forests;
  for (const ChoiceTrees& state : trees) {
    CLINNOVA_ASSIGN(ChoiceForest forest, ChoiceForest::Create(state, features, codes));
    forests.push_back(std::move(forest));
  }
  return forests;
}

Result<void> ChoiceRows::TakeModels(const SiteView& site, const ChoiceModels& models) {
  const auto folds = static_cast<std::size_t>(split_->folds);
  const bool trees = !models.features.empty();
  bool fits = models.propensity.size() == folds && models.trim > 0 &&
              models.outcome.size() == (trees ? 0 : folds) &&
              models.trees.size() == (trees ? folds : 0);
  for (std::size_t k = 0; fits && k < folds; ++k) {
    fits = models.propensity[k].size() == (arms_ - 1) * columns() &&
           (trees || models.outcome[k].size() == arms_ * columns());
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "models that do not fit folds and design", "wrong_layout");
  }
  if (!trees) return {};
  CLINNOVA_ASSIGN(forests_, ForestsOf(site, frame_->design.strata().front().levels, models.features,
                                      models.trees));
  return {};
}

void ChoiceRows::Predict(const ChoiceModels& models, ChoiceBatch& batch) const {
  if (batch.predicted.empty()) {
    for (auto* part : {&batch.predicted, &batch.propensity, &batch.score}) {
      part->assign(arms_, std::vector<double>(kBatchRows));
    }
    batch.chosen.assign(kBatchRows, 0);
  }
  batch.bins.resize(models.features.size());
  for (std::size_t r = 0; r < batch.rows(); ++r) PredictRow(models, batch, r);
}

double ChoiceRows::Linear(const std::vector<double>& beta, const ChoiceBatch& batch,
                          std::size_t row, std::size_t arm) const {
  const double* x = batch.design.x.data() + row;
  const std::size_t p = columns();
  double eta = 0;
  for (std::size_t j = 0; j < p; ++j) eta += beta[arm * p + j] * x[j * kBatchRows];
  return eta;
}

Result<void> ChoiceRows::TakeRules(const SiteView& site, const ChoiceModels& models,
                                   const ChoicePairRules& rules) {
  const auto folds = static_cast<std::size_t>(split_->folds);
  const bool trees = !models.features.empty();
  bool fits = (trees ? rules.trees.size() : rules.outcome.size()) == folds * folds;
  for (std::size_t i = 0; fits && !trees && i < rules.outcome.size(); ++i) {
    fits = rules.outcome[i].size() == (i / folds == i % folds ? 0 : arms_ * columns());
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "rules that do not fit folds and design", "wrong_layout");
  }
  pair_forests_.assign(trees ? folds * folds : 0, {});
  for (std::size_t i = 0; i < pair_forests_.size(); ++i) {
    if (i / folds == i % folds) continue;
    CLINNOVA_ASSIGN(
        std::vector<ChoiceForest> forest,
        ForestsOf(site, frame_->design.strata().front().levels, models.features, {rules.trees[i]}));
    pair_forests_[i] = std::move(forest.front());
  }
  return {};
}

void ChoiceRows::PredictWithout(const ChoiceModels& models, const ChoicePairRules& rules,
                                ChoiceBatch& batch, std::size_t row, std::size_t other,
                                std::vector<double>& predictors) const {
  const std::size_t at =
      static_cast<std::size_t>(batch.fold[row] - 1) * static_cast<std::size_t>(split_->folds) +
      other;
  if (!pair_forests_.empty()) {
    BinRow(*table_, batch.design.source_row[row], models.features, batch.bins);
  }
  predictors.resize(arms_);
  for (std::size_t a = 0; a < arms_; ++a) {
    predictors[a] = pair_forests_.empty()
                        ? Linear(rules.outcome[at], batch, row, a)
                        : pair_forests_[at]->Predictor(batch.bins, models.features, a);
  }
}

std::size_t ChoiceRows::ChosenOf(const ChoiceModels& models,
                                 const std::vector<double>& predictors) {
  std::size_t chosen = 0;
  for (std::size_t a = 1; a < predictors.size(); ++a) {
    const double eta = predictors[a];
    const double best = predictors[chosen];
    if (models.higher_is_better ? eta > best : eta < best) chosen = a;
  }
  return chosen;
}

void ChoiceRows::PredictRow(const ChoiceModels& models, ChoiceBatch& batch, std::size_t row) const {
  if (batch.fold[row] == 0) return;
  const auto fold = static_cast<std::size_t>(batch.fold[row] - 1);
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  if (!forests_.empty()) {
    BinRow(*table_, batch.design.source_row[row], models.features, batch.bins);
  }
  double largest = 0;
  for (std::size_t a = 0; a < arms_; ++a) {
    const double eta = forests_.empty() ? Linear(models.outcome[fold], batch, row, a)
                                        : forests_[fold].Predictor(batch.bins, models.features, a);
    batch.predicted[a][row] = models.binary ? core::Expit(eta) : eta;
    const double odds = a == 0 ? 0 : Linear(models.propensity[fold], batch, row, a - 1);
    batch.propensity[a][row] = odds;
    largest = std::max(largest, odds);
  }
  double total = 0;
  for (std::size_t a = 0; a < arms_; ++a) {
    batch.propensity[a][row] = core::Exp(batch.propensity[a][row] - largest);
    total += batch.propensity[a][row];
  }
  std::size_t chosen = 0;
  for (std::size_t a = 0; a < arms_; ++a) {
    batch.propensity[a][row] /= total;
    const double q = batch.predicted[a][row];
    batch.score[a][row] = q;
    if (a == own) {
      batch.score[a][row] += (batch.y()[row] - q) / std::max(batch.propensity[a][row], models.trim);
    }
    const double best = batch.predicted[chosen][row];
    if (models.higher_is_better ? q > best : q < best) chosen = a;
  }
  batch.chosen[row] = static_cast<std::int32_t>(chosen);
}

Result<void> HoldClaim(std::span<const std::int64_t> here, std::span<const std::int64_t> claimed) {
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (here[i] <= claimed[i]) continue;
    return Fail(ErrorCode::kRefused, "a count below what this site alone has", "false_claim");
  }
  return {};
}

std::size_t GroupOfBin(std::span<const std::int64_t> first, std::int64_t bin) {
  return static_cast<std::size_t>(std::ranges::upper_bound(first, bin) - first.begin()) - 1;
}

std::size_t EvenBin(double value, double width, std::size_t bins) {
  if (!(value > 0)) return 0;
  return std::min(bins - 1, static_cast<std::size_t>(std::min(value / width, 1e9)));
}

void ArmRows::Gather(const ChoiceBatch& batch, std::size_t columns, std::size_t arm) {
  x.resize(columns * kBatchRows);
  for (auto* part : {&y, &eta, &mean, &weight, &residual}) part->resize(kBatchRows);
  fold.resize(kBatchRows);
  rows = 0;
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (static_cast<std::size_t>(batch.arm()[r]) != arm || batch.fold[r] == 0) continue;
    for (std::size_t j = 0; j < columns; ++j) {
      x[j * kBatchRows + rows] = batch.design.x[j * kBatchRows + r];
    }
    y[rows] = batch.y()[r];
    fold[rows] = batch.fold[r];
    ++rows;
  }
}

}  // namespace clinnova::learn
