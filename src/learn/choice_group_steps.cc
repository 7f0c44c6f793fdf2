// SPDX-License-Identifier: Apache-2.0
// The steps choice.spread and choice.groups of choice_value_steps.h.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/choice_disclosure.h"
#include "learn/choice_group_counts.h"
#include "learn/choice_inputs.h"
#include "learn/choice_residuals.h"
#include "learn/choice_value_steps.h"
#include "stats/contingency_table.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;
using stats::ArmsOf;
using table::kBatchRows;

namespace {

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

/// Calls work(part) for every subgrouping: parts are its subgroups, and whoever is in none of them.
template <typename Work>
void ForEachPart(const std::vector<Subgrouping>& subgroupings, const table::Table& table,
                 std::size_t row, Work work) {
  std::size_t first = 0;
  for (const Subgrouping& subgrouping : subgroupings) {
    work(first + subgrouping.GroupOf(table, row));
    first += subgrouping.groups() + 1;
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
  const std::size_t scales = parameters.residual_scales.size();
  if (scales != 0 && (scales != arms || parameters.models.binary)) {
    return Fail(ErrorCode::kRefused, "scales that do not fit the arms", "wrong_layout");
  }
  const std::size_t groups = GroupsOf(subgroupings);
  Layout layout{
      {CountBlock("benefit", kBenefitBins), CountBlock("changed", kBenefitBins),
       CountBlock("distance", kDistanceBins), lines,
       CountBlock("subgroup_given", (groups + subgroupings.size()) * arms),
       CountBlock("subgroup_scores", groups * 2 * parameters.subgroups.score_groups.size()), bins,
       CountBlock("residuals", scales * kResidualBins)}};
  layout.blocks.insert(layout.blocks.end(), sites.begin(), sites.end());
  return layout;
}

void AddResidual(const std::vector<double>& scales, const ChoiceBatch& batch, std::size_t row,
                 ExactSums& sums) {
  if (scales.empty()) return;
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  const double residual = batch.y()[row] - batch.predicted[own][row];
  sums.AddCount(kResidualCounts, own * kResidualBins + ResidualBin(residual, scales[own]));
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
      [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          const double benefit = Benefit(batch, r, static_cast<std::size_t>(parameters.best));
          const std::size_t bin = BenefitBin(benefit, parameters.benefit_range);
          const auto chosen = static_cast<std::size_t>(batch.chosen[r]);
          mine.AddCount(kBenefitHistogram, bin);
          if (static_cast<std::int64_t>(chosen) != parameters.best) {
            mine.AddCount(kBenefitChanged, bin);
          }
          mine.AddCount(kDistanceHistogram,
                        EvenBin(Distance(parameters, batch, r), kDistanceBin, kDistanceBins));
          ForEachPart(subgroupings, site.table, batch.design.source_row[r], [&](std::size_t part) {
            mine.AddCount(kSubgroupGiven, part * rows.arms() + chosen);
          });
          ForEachSubgroup(subgroupings, site.table, batch.design.source_row[r],
                          [&](std::size_t group) {
                            AddScore(batch, r, parameters.subgroups.score_groups, group, mine);
                          });
          AddBenefitCounts(parameters.benefit, parameters.models, batch, r, kBenefitBinRows, mine);
          AddResidual(parameters.residual_scales, batch, r, mine);
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
  const std::size_t parts = subgroups + subgroupings.size();
  if (parameters.persons.size() != groups || !cases || parameters.given.size() != parts * arms ||
      parameters.changed.size() != parameters.first_bins.size() ||
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

/// Bins of calibration of few persons, and those from which their sums would follow: every arm's are its persons.
std::vector<bool> WithheldBins(const SiteView& site, const ChoiceGroupParameters& parameters) {
  std::vector<bool> withheld;
  while (withheld.size() < parameters.calibration.size()) {
    const auto from = parameters.calibration.begin() + static_cast<std::ptrdiff_t>(withheld.size());
    const std::vector<std::int64_t> arm(from, from + kCalibrationBins);
    const std::vector<bool> bins = stats::HiddenCells(arm, 1, kCalibrationBins, site.minimum_count);
    withheld.insert(withheld.end(), bins.begin(), bins.end());
  }
  return withheld;
}

/// Which of the groups of predicted benefit.
std::size_t BenefitGroup(const ChoiceGroupParameters& parameters, double benefit) {
  const auto bin = static_cast<std::int64_t>(BenefitBin(benefit, parameters.benefit_range));
  return GroupOfBin(parameters.first_bins, bin);
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

/// What the hub says of the subgroups' persons fits together, and every subgrouping's are everybody.
Result<void> CheckParts(const ChoiceGroupParameters& parameters,
                        const std::vector<std::size_t>& sizes, std::size_t arms) {
  bool fits = true;
  std::size_t group = parameters.first_bins.size();
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    std::int64_t everybody = 0;
    for (std::size_t g = 0; g <= size; ++g) {
      std::int64_t persons = 0;
      for (std::size_t a = 0; a < arms; ++a) persons += parameters.given[at++];
      fits = fits && (g == size || persons == parameters.persons[group++]);
      everybody += persons;
    }
    fits = fits && everybody == parameters.split.Everybody();
  }
  if (fits) return {};
  return Fail(ErrorCode::kRefused, "subgroups that are not everybody", "false_claim");
}

/// The hub may not claim fewer persons than this site has, of a group, or whom the rule gives an arm in it.
Result<void> HoldGroups(const SiteView& site, const ChoiceGroupParameters& parameters,
                        const std::vector<Subgrouping>& subgroupings) {
  if (site.minimum_count == 0) return {};
  const std::size_t benefits = parameters.first_bins.size();
  const Layout layout{{CountBlock("persons", benefits), CountBlock("changed", benefits),
                       CountBlock("given", parameters.given.size())}};
  CLINNOVA_ASSIGN(
      const federation::PooledSums own,
      SumAlone(site, parameters.split, parameters.models, layout,
               [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                 const auto best = static_cast<std::size_t>(parameters.best);
                 for (std::size_t r = 0; r < batch.rows(); ++r) {
                   if (batch.fold[r] == 0) continue;
                   const auto chosen = static_cast<std::size_t>(batch.chosen[r]);
                   if (benefits > 0) {
                     const std::size_t group = BenefitGroup(parameters, Benefit(batch, r, best));
                     mine.AddCount(0, group);
                     if (chosen != best) mine.AddCount(1, group);
                   }
                   ForEachPart(
                       subgroupings, site.table, batch.design.source_row[r],
                       [&](std::size_t part) { mine.AddCount(2, part * rows.arms() + chosen); });
                 }
               }));
  CLINNOVA_TRY(HoldClaim(own.Counts(0), std::span(parameters.persons).first(benefits)));
  CLINNOVA_TRY(HoldClaim(own.Counts(1), parameters.changed));
  return HoldClaim(own.Counts(2), parameters.given);
}

/// Persons with a binary outcome.
std::int64_t CasesOf(const ChoiceSplit& split) {
  std::int64_t cases = 0;
  for (std::size_t i = kOutcomeOne; i < split.cells.size(); i += kChoiceOutcomes) {
    cases += split.cells[i];
  }
  return cases;
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
  CLINNOVA_TRY(CheckParts(parameters, SizesOf(subgroupings), checked.arms()));
  CLINNOVA_TRY(HoldGroups(site, parameters, subgroupings));
  const WithheldGroups withheld =
      GroupsWithheld(parameters, SizesOf(subgroupings), checked.arms(), site.minimum_count);
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
            const std::size_t group = BenefitGroup(parameters, predicted);
            if (!withheld.gains[group]) AddToGroup(group, predicted, gain, mine);
          }
          ForEachSubgroup(subgroupings, site.table, batch.design.source_row[r],
                          [&](std::size_t of) {
                            if (withheld.gains[benefits + of]) return;
                            AddToGroup(benefits + of, predicted, gain, mine);
                            AddContrasts(batch, r, sign, of, mine);
                            if (withheld.outcomes[of]) return;
                            AddPredictions(batch, r, kGroupPredictions, of, mine);
                          });
        }
      });
}

}  // namespace

WithheldGroups GroupsWithheld(const ChoiceGroupParameters& parameters,
                              const std::vector<std::size_t>& sizes, std::size_t arms,
                              int minimum_count) {
  const std::size_t benefits = parameters.first_bins.size();
  const std::vector<std::int64_t> grouped(
      parameters.persons.begin(),
      parameters.persons.begin() + static_cast<std::ptrdiff_t>(benefits));
  // By arm: as if the best one were given to those who are not changed; no other arm's sums are told of these groups.
  std::vector<std::int64_t> kept;
  for (std::size_t g = 0; g < benefits; ++g) kept.push_back(grouped[g] - parameters.changed[g]);
  WithheldGroups withheld{.gains = HiddenParts(grouped, kept, 1, minimum_count)};
  std::size_t subgroup = 0;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    const std::span given = std::span(parameters.given).subspan(at, (size + 1) * arms);
    at += given.size();
    const std::vector<std::int64_t> persons = RowTotals(given, arms);
    const std::vector<bool> hidden = HiddenParts(persons, given, arms, minimum_count);
    std::vector<std::int64_t> cases;
    if (!parameters.cases.empty()) {
      const auto from = parameters.cases.begin() + static_cast<std::ptrdiff_t>(subgroup);
      cases.assign(from, from + static_cast<std::ptrdiff_t>(size));
      const std::int64_t in_parts = std::accumulate(cases.begin(), cases.end(), std::int64_t{0});
      cases.push_back(CasesOf(parameters.split) - in_parts);
    }
    const std::vector<bool> outcomes = HiddenOutcomes(persons, cases, hidden, minimum_count);
    const auto count = static_cast<std::ptrdiff_t>(size);
    withheld.gains.insert(withheld.gains.end(), hidden.begin(), hidden.begin() + count);
    withheld.outcomes.insert(withheld.outcomes.end(), outcomes.begin(), outcomes.begin() + count);
    subgroup += size;
  }
  return withheld;
}

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

const federation::TypedStep<ChoiceSpreadParameters> kChoiceSpreadStep{
    "choice.spread", SpreadLayout, SpreadEvaluate, SubgroupGuard<ChoiceLineGuard>{}};
const federation::TypedStep<ChoiceGroupParameters> kChoiceGroupStep{
    "choice.groups", GroupLayout, GroupEvaluate, SubgroupGuard<ChoiceGuard>{}};
}  // namespace clinnova::learn
