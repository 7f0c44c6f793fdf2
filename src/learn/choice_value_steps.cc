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
  const std::size_t policies = PolicyCount(arms, parameters.guideline >= 0);
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

void AddPolicies(const ChoiceBatch& batch, std::size_t row, std::int64_t guideline,
                 ExactSums& sums) {
  const std::vector<PolicyScore> scores = PolicyScores(batch, row, guideline);
  std::size_t at = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    sums.Add(kPolicySums, i, scores[i].score);
    for (std::size_t j = 0; j <= i; ++j, ++at) {
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

/// A row's prediction of the drug that was received, and its outcome, to a group of a block.
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

// --- Subgroups ---------------------------------------------------------------------------------------

Result<std::vector<Subgrouping>> SubgroupsFor(const Analysis& analysis, const table::Schema& schema,
                                              const ChoiceSubgroupQuestion& question) {
  CLINNOVA_ASSIGN(std::vector<Subgrouping> subgroupings,
                  SubgroupingsOf(analysis, schema, question.by_site));
  if (question.cuts.empty()) subgroupings.clear();  // none are asked for
  for (std::size_t i = 0; i < subgroupings.size(); ++i) {
    if (question.cuts.size() != subgroupings.size() ||
        question.cuts[i].size() != subgroupings[i].cuts.size()) {
      return Fail(ErrorCode::kRefused, "cuts that do not fit the subgroups", "wrong_layout");
    }
    // Other bands of age would tell the eldest from the others.
    if (!subgroupings[i].needs_mean && question.cuts[i] != subgroupings[i].cuts) {
      return Fail(ErrorCode::kRefused, "cuts that the analysis does not ask for", "wrong_layout");
    }
    subgroupings[i].cuts = question.cuts[i];
  }
  return subgroupings;
}

/// Groups of scores begin at bin 0 and rise.
Result<void> CheckScoreGroups(const ChoiceSubgroupQuestion& question) {
  const std::vector<std::int64_t>& first = question.score_groups;
  const bool fits = first.empty() || (first.size() <= kScoreGroups && first.front() == 0 &&
                                      std::ranges::is_sorted(first, std::less_equal<>()) &&
                                      first.back() < static_cast<std::int64_t>(kScoreBins));
  if (fits) return {};
  return Fail(ErrorCode::kRefused, "groups of scores that cannot be", "wrong_layout");
}

std::size_t GroupsOf(const std::vector<Subgrouping>& subgroupings) {
  std::size_t groups = 0;
  for (const Subgrouping& subgrouping : subgroupings) groups += subgrouping.groups();
  return groups;
}

/// Calls work(group) for every subgroup that a row is in.
template <typename Work>
void ForEachSubgroup(const std::vector<Subgrouping>& subgroupings, const table::Table& table,
                     std::size_t row, Work work) {
  std::size_t first = 0;
  for (const Subgrouping& subgrouping : subgroupings) {
    const std::size_t of = subgrouping.GroupOf(table, row);
    if (of < subgrouping.groups()) work(first + of);
    first += subgrouping.groups();
  }
}

/// As another guard, of steps that ask of subgroups, which must not be sites.
template <typename Other>
struct SubgroupGuard {
  static std::vector<federation::Rule> Rules() { return Other::Rules(); }
  template <typename P>
  static Result<void> Check(const SiteView& site, const P& parameters) {
    if (parameters.subgroups.by_site) {
      return Fail(ErrorCode::kRefused, "gains by site, to which one site alone contributes",
                  "single_contributor");
    }
    return Other::Check(site, parameters);
  }
};

// --- Spread ------------------------------------------------------------------------------------------

Result<Layout> SpreadLayout(const Analysis& analysis, const table::Schema& schema,
                            const ChoiceSpreadParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const auto sites, SiteBlocks(analysis, schema, arms, parameters.sites));
  CLINNOVA_ASSIGN(const auto lines,
                  LineBlock(analysis, schema, parameters.split.claim, arms, parameters.lines));
  CLINNOVA_ASSIGN(const auto subgroupings, SubgroupsFor(analysis, schema, parameters.subgroups));
  CLINNOVA_TRY(CheckScoreGroups(parameters.subgroups));
  CLINNOVA_ASSIGN(const auto bins, BenefitCountBlock(arms, parameters.benefit));
  const std::size_t groups = GroupsOf(subgroupings);
  Layout layout{
      {CountBlock("benefit", kBenefitBins), CountBlock("distance", kDistanceBins), lines,
       CountBlock("subgroup_rows", groups),
       CountBlock("subgroup_scores", groups * 2 * parameters.subgroups.score_groups.size()), bins}};
  layout.blocks.insert(layout.blocks.end(), sites.begin(), sites.end());
  return layout;
}

/// What the rule is predicted to gain over the arm `best`; never negative.
double Benefit(const ChoiceBatch& batch, std::size_t row, std::size_t best) {
  const auto chosen = static_cast<std::size_t>(batch.chosen[row]);
  return std::fabs(batch.predicted[chosen][row] - batch.predicted[best][row]);
}

std::size_t BenefitBin(double benefit, double range) {
  return EvenBin(benefit, range / kBenefitBins, kBenefitBins);
}

double Distance(const ChoiceSpreadParameters& parameters, const ChoiceBatch& batch,
                std::size_t row) {
  const std::size_t size = parameters.distance_columns.size();
  double square = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      const auto column = [&](std::size_t k) {
        const auto c = static_cast<std::size_t>(parameters.distance_columns[k]);
        return batch.design.x[c * kBatchRows + row] - parameters.distance_center[k];
      };
      square += column(i) * parameters.distance_inverse[i * size + j] * column(j);
    }
  }
  return std::sqrt(std::max(0.0, square));
}

Result<void> CheckSpread(const ChoiceSpreadParameters& parameters, const ChoiceRows& rows) {
  const std::size_t size = parameters.distance_columns.size();
  bool fits = parameters.distance_center.size() == size &&
              parameters.distance_inverse.size() == size * size && parameters.benefit_range > 0 &&
              parameters.best >= 0 && parameters.best < static_cast<std::int64_t>(rows.arms());
  for (const std::int64_t column : parameters.distance_columns) {
    fits = fits && column >= 0 && column < static_cast<std::int64_t>(rows.columns());
  }
  if (fits) return {};
  return Fail(ErrorCode::kRefused, "columns that do not fit the design", "wrong_layout");
}

/// Counts a row's prediction of the drug that was received in a subgroup, by outcome.
void AddScore(const ChoiceBatch& batch, std::size_t row, const std::vector<std::int64_t>& first,
              std::size_t subgroup, ExactSums& sums) {
  if (first.empty()) return;
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  const auto bin = static_cast<std::int64_t>(ScoreBin(batch.predicted[own][row]));
  const std::size_t kind = 2 * subgroup + (batch.y()[row] == 1 ? 1 : 0);
  sums.AddCount(kSubgroupScores, kind * first.size() + GroupOfBin(first, bin));
}

Result<void> SpreadEvaluate(const SiteView& site, const ChoiceSpreadParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const ChoiceRows checked, ChoiceRows::Create(site, parameters.split));
  CLINNOVA_TRY(CheckSpread(parameters, checked));
  CLINNOVA_ASSIGN(const auto subgroupings,
                  SubgroupsFor(site.analysis, site.table.schema, parameters.subgroups));
  CLINNOVA_TRY(
      AddSite(site, parameters.split, parameters.models, parameters.sites, kSpreadSites, sums));
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows&, ChoiceBatch& batch, ExactSums& mine) {
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          const double benefit = Benefit(batch, r, static_cast<std::size_t>(parameters.best));
          mine.AddCount(kBenefitHistogram, BenefitBin(benefit, parameters.benefit_range));
          mine.AddCount(kDistanceHistogram,
                        EvenBin(Distance(parameters, batch, r), kDistanceBin, kDistanceBins));
          ForEachSubgroup(subgroupings, site.table, batch.design.source_row[r],
                          [&](std::size_t group) {
                            mine.AddCount(kSubgroupRows, group);
                            AddScore(batch, r, parameters.subgroups.score_groups, group, mine);
                          });
          AddBenefitCounts(parameters.benefit, parameters.models, batch, r, kBenefitBinRows, mine);
        }
        AddLines(parameters.lines, batch, parameters.models.higher_is_better ? 1 : -1, kLineErrors,
                 mine);
      });
}

// --- Groups ------------------------------------------------------------------------------------------

Result<Layout> GroupLayout(const Analysis& analysis, const table::Schema& schema,
                           const ChoiceGroupParameters& parameters) {
  CLINNOVA_ASSIGN(const auto subgroupings, SubgroupsFor(analysis, schema, parameters.subgroups));
  const std::size_t subgroups = GroupsOf(subgroupings);
  const std::size_t groups = parameters.first_bins.size() + subgroups;
  CLINNOVA_ASSIGN(const std::size_t arms, ArmsOf(analysis, schema, parameters.split.claim));
  const std::size_t bins = parameters.calibration.size();
  const bool cases = parameters.cases.empty() || parameters.cases.size() == subgroups;
  if (parameters.persons.size() != groups || !cases ||
      (bins != 0 && bins != arms * kCalibrationBins)) {
    return Fail(ErrorCode::kRefused, "persons that do not fit the groups", "wrong_layout");
  }
  CLINNOVA_ASSIGN(const auto sites, SiteBlocks(analysis, schema, arms, parameters.sites));
  Layout layout{
      {WideBlock("predicted", groups), WideBlock("gain", groups), WideBlock("gain_squared", groups),
       WideBlock("predictions", kPredictionParts * subgroups),
       WideBlock("contrasts", kContrastParts * Contrasts(arms) * subgroups),
       WideBlock("calibration_predicted", bins), WideBlock("calibration_observed", bins)}};
  layout.blocks.insert(layout.blocks.end(), sites.begin(), sites.end());
  return layout;
}

/// Of wholes one after the other, each of so many parts: those of few persons, and those from which their sums would follow.
std::vector<bool> Withheld(const SiteView& site, const std::vector<std::int64_t>& persons,
                           const std::vector<std::size_t>& sizes) {
  std::vector<bool> withheld;
  for (const std::size_t size : sizes) {
    const auto from = persons.begin() + static_cast<std::ptrdiff_t>(withheld.size());
    const std::vector<std::int64_t> whole(from, from + static_cast<std::ptrdiff_t>(size));
    const std::vector<bool> parts = stats::HiddenCells(whole, 1, size, site.minimum_count);
    withheld.insert(withheld.end(), parts.begin(), parts.end());
  }
  return withheld;
}

std::vector<bool> WithheldGroups(const SiteView& site, const ChoiceGroupParameters& parameters,
                                 const std::vector<Subgrouping>& subgroupings) {
  std::vector<std::size_t> sizes = {parameters.first_bins.size()};
  for (const Subgrouping& subgrouping : subgroupings) sizes.push_back(subgrouping.groups());
  return Withheld(site, parameters.persons, sizes);
}
/// Of the subgroups' predictions and outcomes.
std::vector<bool> WithheldOutcomes(const SiteView& site, const ChoiceGroupParameters& parameters,
                                   const std::vector<Subgrouping>& subgroupings,
                                   const std::vector<bool>& withheld) {
  std::vector<bool> outcomes;
  for (const Subgrouping& subgrouping : subgroupings) {
    const auto part = [&](const auto& of, std::size_t before) {
      const auto from = of.begin() + static_cast<std::ptrdiff_t>(before + outcomes.size());
      return std::vector(from, from + static_cast<std::ptrdiff_t>(subgrouping.groups()));
    };
    const std::size_t benefits = parameters.first_bins.size();
    const std::vector<std::int64_t> cases =
        parameters.cases.empty() ? std::vector<std::int64_t>() : part(parameters.cases, 0);
    const std::vector<bool> hidden = HiddenOutcomes(part(parameters.persons, benefits), cases,
                                                    part(withheld, benefits), site.minimum_count);
    outcomes.insert(outcomes.end(), hidden.begin(), hidden.end());
  }
  return outcomes;
}

std::vector<bool> WithheldBins(const SiteView& site, const ChoiceGroupParameters& parameters) {
  const std::size_t arms = parameters.calibration.size() / kCalibrationBins;
  return Withheld(site, parameters.calibration, std::vector<std::size_t>(arms, kCalibrationBins));
}

/// Of every two arms, in a subgroup.
void AddContrasts(const ChoiceBatch& batch, std::size_t row, double sign, std::size_t subgroup,
                  ExactSums& sums) {
  const std::size_t arms = batch.score.size();
  std::size_t at = kContrastParts * Contrasts(arms) * subgroup;
  ForEachContrast(arms, [&](std::size_t, std::size_t a, std::size_t b) {
    const double d = sign * (batch.predicted[a][row] - batch.predicted[b][row]);
    const double gain = sign * (batch.score[a][row] - batch.score[b][row]);
    for (const double part : {d, d * d, gain, gain * gain, d * gain}) {
      sums.Add(kGroupContrasts, at++, part);
    }
  });
}

/// The groups are those that our hub makes, a few of like size: of as many as there are bins each would be a person or two.
Result<void> CheckGroups(const ChoiceGroupParameters& parameters, const ChoiceRows& rows) {
  const std::vector<std::int64_t>& first = parameters.first_bins;
  const bool fits =
      parameters.best >= 0 && parameters.best < static_cast<std::int64_t>(rows.arms()) &&
      parameters.benefit_range > 0 && first.size() <= kBenefitGroups &&
      (first.empty() || (first.front() == 0 && std::ranges::is_sorted(first, std::less_equal<>()) &&
                         first.back() < static_cast<std::int64_t>(kBenefitBins)));
  if (!fits) return Fail(ErrorCode::kRefused, "groups that cannot be", "wrong_layout");
  std::int64_t grouped = 0;
  for (std::size_t g = 0; g < first.size(); ++g) grouped += parameters.persons[g];
  if (first.empty() || grouped == parameters.split.Everybody()) return {};
  return Fail(ErrorCode::kRefused, "groups that are not everybody", "false_claim");
}

void AddToGroup(std::size_t group, double predicted, double gain, ExactSums& sums) {
  sums.Add(kGroupPredicted, group, predicted);
  sums.Add(kGroupGain, group, gain);
  sums.Add(kGroupGainSquared, group, gain * gain);
}

Result<void> GroupEvaluate(const SiteView& site, const ChoiceGroupParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto subgroupings,
                  SubgroupsFor(site.analysis, site.table.schema, parameters.subgroups));
  CLINNOVA_ASSIGN(const ChoiceRows checked, ChoiceRows::Create(site, parameters.split));
  CLINNOVA_TRY(CheckGroups(parameters, checked));
  const std::vector<bool> withheld = WithheldGroups(site, parameters, subgroupings);
  const std::vector<bool> withheld_outcomes =
      WithheldOutcomes(site, parameters, subgroupings, withheld);
  const std::vector<bool> withheld_bins = WithheldBins(site, parameters);
  const double sign = parameters.models.higher_is_better ? 1 : -1;
  const auto best = static_cast<std::size_t>(parameters.best);
  CLINNOVA_TRY(
      AddSite(site, parameters.split, parameters.models, parameters.sites, kGroupSites, sums));
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows&, ChoiceBatch& batch, ExactSums& mine) {
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          const double predicted = Benefit(batch, r, best);
          const double gain =
              batch.score[static_cast<std::size_t>(batch.chosen[r])][r] - batch.score[best][r];
          if (!withheld_bins.empty()) {
            const auto own = static_cast<std::size_t>(batch.arm()[r]);
            const double q = batch.predicted[own][r];
            const std::size_t at = CalibrationBin(own, q);
            if (!withheld_bins[at]) {
              mine.Add(kCalibrationPredicted, at, q);
              mine.Add(kCalibrationObserved, at, batch.y()[r]);
            }
          }
          const std::size_t benefits = parameters.first_bins.size();
          if (benefits > 0) {
            const auto bin =
                static_cast<std::int64_t>(BenefitBin(predicted, parameters.benefit_range));
            const std::size_t group = GroupOfBin(parameters.first_bins, bin);
            if (!withheld[group]) AddToGroup(group, predicted, gain, mine);
          }
          ForEachSubgroup(subgroupings, site.table, batch.design.source_row[r],
                          [&](std::size_t of) {
                            if (withheld[benefits + of]) return;
                            AddToGroup(benefits + of, predicted, gain, mine);
                            AddContrasts(batch, r, sign, of, mine);
                            if (withheld_outcomes[of]) return;
                            AddPredictions(batch, r, kGroupPredictions, of, mine);
                          });
        }
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

std::vector<bool> HiddenOutcomes(const std::vector<std::int64_t>& persons,
                                 const std::vector<std::int64_t>& cases,
                                 const std::vector<bool>& hidden, int minimum_count) {
  if (cases.empty()) return hidden;
  std::vector<bool> also = hidden;
  for (std::size_t g = 0; g < persons.size(); ++g) {
    const std::int64_t others = persons[g] - cases[g];
    also[g] = also[g] || (others > 0 && others < minimum_count);
  }
  return stats::HiddenCells(cases, 1, cases.size(), minimum_count, also);
}

const federation::TypedStep<ChoiceValueParameters> kChoiceValueStep{"choice.values", ValueLayout,
                                                                    ValueEvaluate, ChoiceGuard{}};
const federation::TypedStep<ChoiceSpreadParameters> kChoiceSpreadStep{
    "choice.spread", SpreadLayout, SpreadEvaluate, SubgroupGuard<ChoiceLineGuard>{}};
const federation::TypedStep<ChoiceGroupParameters> kChoiceGroupStep{
    "choice.groups", GroupLayout, GroupEvaluate, SubgroupGuard<ChoiceGuard>{}};
const federation::TypedStep<ChoiceRecalibrationParameters> kChoiceRecalibrationStep{
    "choice.recalibration", RecalibrationLayout, RecalibrationEvaluate, ChoiceGuard{}};

}  // namespace clinnova::learn
