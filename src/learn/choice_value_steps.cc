// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_value_steps.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "learn/choice_discrimination.h"
#include "learn/choice_inputs.h"
#include "learn/choice_net_benefit.h"
#include "learn/choice_propensity_error.h"
#include "learn/choice_steps.h"
#include "stats/contingency_table.h"
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

void AddPredictions(const ChoiceBatch& batch, std::size_t row, std::size_t block, std::size_t group,
                    ExactSums& sums) {
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  const auto parts = PredictionParts(batch.predicted[own][row], batch.y()[row]);
  for (std::size_t i = 0; i < kPredictionParts; ++i) {
    sums.Add(block, kPredictionParts * group + i, parts[i]);
  }
}

std::size_t CalibrationBin(std::size_t arm, double probability) {
  return arm * kCalibrationBins + EvenBin(probability, 1.0 / kCalibrationBins, kCalibrationBins);
}

namespace {

// --- Values ------------------------------------------------------------------------------------------

Result<Layout> ValueLayout(const Analysis& analysis, const table::Schema& schema,
                           const ChoiceValueParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  const std::size_t thresholds = parameters.thresholds.size();
  if (thresholds > 0 && parameters.thresholds != ThresholdsOf(options, parameters.models.binary)) {
    return Fail(ErrorCode::kRefused, "thresholds that the analysis does not ask for",
                "wrong_layout");
  }
  if (parameters.guideline >= static_cast<std::int64_t>(arms)) {
    return Fail(ErrorCode::kRefused, "a guideline of an arm that is none", "wrong_layout");
  }
  const std::size_t p = parameters.split.claim.center.size();
  const std::size_t policies = PolicyCount(arms, parameters.guideline >= 0) - 1;
  const std::size_t bins = arms * kCalibrationBins;
  Layout layout{
      {WideBlock("policies", policies), WideBlock("products", policies * (policies + 1) / 2),
       CountBlock("chosen_received", arms * arms), WideBlock("weights", 2 * arms),
       CountBlock("trimmed", arms), CountBlock("overlap", arms * 2 * kOverlapBins),
       ScaledBlock("weighted_columns", arms * p, static_cast<int>(parameters.weighted_exponent)),
       CountBlock("calibration_rows", bins), WideBlock("arm_predictions", arms * kPredictionParts),
       CountBlock("scores", parameters.models.binary ? arms * 2 * kScoreBins : 0),
       WideBlock("benefit_moments", 2 * Contrasts(arms)),
       CountBlock("switched", arms * thresholds)}};
  if (parameters.split.by_site) return layout;
  const auto odds =
      PropensityErrorLayout(arms, p, policies, static_cast<int>(parameters.column_exponent),
                            static_cast<int>(parameters.score_exponent));
  layout.blocks.insert(layout.blocks.end(), odds.begin(), odds.end());
  return layout;
}

/// Every policy but the rule, which has to wait until it is known how many it gives which arm (choice.fold_pairs).
void AddPolicies(const ChoiceBatch& batch, std::size_t row, std::int64_t guideline,
                 ExactSums& sums) {
  const std::vector<PolicyScore> scores = PolicyScores(batch, row, guideline);
  std::size_t at = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    sums.Add(kPolicySums, i - 1, scores[i].score);
    for (std::size_t j = 1; j <= i; ++j, ++at) {
      sums.Add(kPolicyProducts, at, scores[i].score * scores[j].score);
    }
  }
}

void AddOverlap(const ChoiceBatch& batch, std::size_t row, double trim, ExactSums& sums) {
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  for (std::size_t a = 0; a < batch.score.size(); ++a) {
    const double e = batch.propensity[a][row];
    if (e < trim) sums.AddCount(kTrimmedRows, a);
    const std::size_t bin = EvenBin(e, 1.0 / kOverlapBins, kOverlapBins);
    sums.AddCount(kOverlapCounts, (2 * a + (a == own ? 0 : 1)) * kOverlapBins + bin);
  }
  const double weight = 1 / std::max(batch.propensity[own][row], trim);
  sums.Add(kArmWeights, own, weight);
  sums.Add(kArmWeights, batch.score.size() + own, weight * weight);
}

void AddCalibration(const ChoiceBatch& batch, std::size_t row, bool binary, ExactSums& sums) {
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  const double q = batch.predicted[own][row];
  const double y = batch.y()[row];
  AddPredictions(batch, row, kArmPredictions, own, sums);
  if (!binary) return;
  sums.AddCount(kCalibrationRows, CalibrationBin(own, q));
  sums.AddCount(kScoreCounts, ScoreIndex(own, y == 1, q));
}

void AddWeightedColumns(const ChoiceRows& rows, ChoiceBatch& batch, double trim, ExactSums& sums) {
  const std::size_t p = rows.columns();
  batch.buffer.resize(kBatchRows);
  for (std::size_t a = 0; a < rows.arms(); ++a) {
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      const bool own = batch.fold[r] != 0 && static_cast<std::size_t>(batch.arm()[r]) == a;
      batch.buffer[r] = own ? 1 / std::max(batch.propensity[a][r], trim) : 0;
    }
    sums.AddWeightedColumns(kWeightedSums, a * p, {batch.design.x.data(), kBatchRows, p},
                            batch.buffer.data(), batch.rows());
  }
}

/// Whoever would leave each of the arms, were it the reference.
void AddSwitched(const ChoiceBatch& batch, std::size_t row, double sign,
                 const std::vector<double>& thresholds, std::vector<double>& towards,
                 ExactSums& sums) {
  const std::size_t arms = batch.score.size();
  towards.resize(arms);
  for (std::size_t a = 0; a < arms; ++a) towards[a] = sign * batch.predicted[a][row];
  for (std::size_t reference = 0; reference < arms; ++reference) {
    const std::size_t level = SwitchOf(towards, reference, thresholds).level;
    if (level > 0) sums.AddCount(kSwitchedRows, reference * thresholds.size() + level - 1);
  }
}

Result<void> ValueEvaluate(const SiteView& site, const ChoiceValueParameters& parameters,
                           ExactSums& sums) {
  const double trim = parameters.models.trim;
  const double sign = parameters.models.higher_is_better ? 1 : -1;
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
        std::vector<double> towards;
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          AddPolicies(batch, r, parameters.guideline, mine);
          AddOverlap(batch, r, trim, mine);
          AddCalibration(batch, r, parameters.models.binary, mine);
          AddBenefitMoments(batch, r, sign, kBenefitMoments, mine);
          AddSwitched(batch, r, sign, parameters.thresholds, towards, mine);
          mine.AddCount(kChosenReceived, static_cast<std::size_t>(batch.chosen[r]) * rows.arms() +
                                             static_cast<std::size_t>(batch.arm()[r]));
        }
        AddWeightedColumns(rows, batch, trim, mine);
        if (parameters.split.by_site) return;
        AddPropensityError(batch, rows.columns(), trim, parameters.guideline, kPropensityError,
                           mine);
      });
}

// --- Recalibration -----------------------------------------------------------------------------------

Result<Layout> RecalibrationLayout(const Analysis& analysis, const table::Schema& schema,
                                   const ChoiceRecalibrationParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  if (parameters.coefficients.size() != 2 * arms) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the arms", "wrong_layout");
  }
  return Layout{{WideBlock("score", 2 * arms), WideBlock("information", 3 * arms),
                 WideBlock("likelihood", arms)}};
}

Result<void> RecalibrationEvaluate(const SiteView& site,
                                   const ChoiceRecalibrationParameters& parameters,
                                   ExactSums& sums) {
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows&, ChoiceBatch& batch, ExactSums& mine) {
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          const auto a = static_cast<std::size_t>(batch.arm()[r]);
          const double q = std::clamp(batch.predicted[a][r], 1e-12, 1 - 1e-12);
          const double logit = core::Log(q) - core::Log1p(-q);
          const double eta =
              parameters.coefficients[2 * a] + parameters.coefficients[2 * a + 1] * logit;
          const double mean = core::Expit(eta);
          const double residual = batch.y()[r] - mean;
          const double weight = mean * (1 - mean);
          mine.Add(kRecalibrationScore, 2 * a, residual);
          mine.Add(kRecalibrationScore, 2 * a + 1, residual * logit);
          mine.Add(kRecalibrationInformation, 3 * a, weight);
          mine.Add(kRecalibrationInformation, 3 * a + 1, weight * logit);
          mine.Add(kRecalibrationInformation, 3 * a + 2, weight * logit * logit);
          mine.Add(kRecalibrationLikelihood, a, -BinaryDeviance(batch.y()[r], eta) / 2);
        }
      });
}

}  // namespace

const federation::TypedStep<ChoiceValueParameters> kChoiceValueStep{"choice.values", ValueLayout,
                                                                    ValueEvaluate, ChoiceGuard{}};
const federation::TypedStep<ChoiceRecalibrationParameters> kChoiceRecalibrationStep{
    "choice.recalibration", RecalibrationLayout, RecalibrationEvaluate, ChoiceGuard{}};

}  // namespace clinnova::learn
