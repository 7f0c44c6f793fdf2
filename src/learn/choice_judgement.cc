// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_judgement.h"

#include <algorithm>
#include <cmath>

#include "learn/choice_disclosure.h"
#include "learn/choice_discrimination.h"
#include "learn/choice_group_counts.h"
#include "learn/choice_net_benefit.h"
#include "learn/choice_propensity_error.h"
#include "stats/newton_iteration.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

class Judging {
 public:
  Judging(Federation& federation, const Analysis& analysis, const ChoiceOptions& options,
          const stats::ModelFrame& frame, const LearnedChoice& learned, std::int64_t guideline)
      : federation_(federation),
        analysis_(analysis),
        options_(options),
        frame_(frame),
        learned_(learned),
        arms_(learned.arms.size()),
        guideline_(guideline) {}

  Result<ChoiceJudgement> Run() {
    CLINNOVA_ASSIGN(PooledSums sums, ValueRound(learned_, ThresholdsOf(options_, learned_.binary)));
    ChoiceJudgement judgement{.policies = Values(sums), .sums = std::move(sums)};
    CLINNOVA_TRY(ReadPairs(judgement));
    Decide(judgement);
    CLINNOVA_ASSIGN(judgement.inputs, ReadInputs(federation_, analysis_, learned_.split));
    CLINNOVA_TRY(ReadGroups(judgement));
    if (comparing_) judgement.between_sites = comparing_->comparison();
    judgement.lines = lines_;
    if (comparing_ && options_.evaluation.given && federation_.minimum_count() > 0 &&
        judgement.between_sites->sites == 0) {
      judgement.warnings.emplace_back(
          "nothing is told of differences between sites: at least three sites with " +
          std::to_string(federation_.minimum_count()) + " persons must contribute");
    }
    if (options_.evaluation.calibration && learned_.binary) CLINNOVA_TRY(Recalibrate(judgement));
    if (options_.evaluation.calibration) CLINNOVA_TRY(JudgeBenefit(judgement));
    if (options_.evaluation.causal_forest) CLINNOVA_TRY(JudgeCausalForest(judgement));
    if (options_.evaluation.policy_tree) CLINNOVA_TRY(JudgePolicyTree(judgement));
    if (options_.evaluation.leave_one_site_out) CLINNOVA_TRY(LeaveSitesOut(judgement));
    return judgement;
  }

 private:
  PolicyValues Values(const PooledSums& sums) const {
    return ValuesFrom(sums, arms_, options_.confidence_level, options_.higher_is_better);
  }

  /// Of all policies, whose covariance is as if propensities were known.
  void AddPropensityError(const PooledSums& sums, std::vector<PolicyOdds> odds,
                          PolicyValues& policies) const {
    for (std::size_t i = 0; i < odds.size(); ++i) odds[i].value = policies.values[i];
    const stats::Matrix change =
        PropensityErrorOf(sums, kPropensityError, odds, policies.n, learned_.precisions);
    for (std::size_t i = 0; i < change.size(); ++i) {
      for (std::size_t j = 0; j < change.size(); ++j) policies.covariance[i][j] += change[i][j];
    }
  }

  /// Of the last policy, `added`, which is none of choice.values.
  void AddPropensityErrorOf(PolicyOdds added, const PooledSums& sums,
                            PolicyValues& policies) const {
    const std::size_t last = policies.values.size() - 1;
    std::vector<PolicyOdds> odds = odds_;
    odds.push_back(std::move(added));
    for (std::size_t i = 0; i <= last; ++i) odds[i].value = policies.values[i];
    const std::vector<double> change =
        PropensityErrorOf(sums, kPropensityError, odds, policies.n, learned_.precisions)[last];
    for (std::size_t i = 0; i < last; ++i) {
      policies.covariance[i][last] += change[i];
      policies.covariance[last][i] += change[i];
    }
    policies.covariance[last][last] += change[last];
  }

  /// What choice.fold_pairs is asked of a rule's value alone; `sums` of choice.values.
  ChoicePairParameters PairsOf(const LearnedChoice& learned, std::size_t reference,
                               const PooledSums& sums) const {
    return {.split = learned.split,
            .models = Uncentred(learned),
            .rules = learned.pair_rules,
            .reference = static_cast<std::int64_t>(reference),
            .chosen = sums.Counts(kChosenReceived),
            .guideline = guideline_,
            .column_exponent = frame_.standardised_exponent(),
            .score_exponent = ScoreExponent()};
  }

  /// The round of choice.fold_pairs, which tells the rule's value where that may be told.
  Result<PooledSums> PairRound(const ChoicePairParameters& parameters, PolicyValues& policies) {
    CLINNOVA_ASSIGN(PooledSums pairs, federation_.Sum(analysis_, kChoicePairStep, parameters));
    if (PolicyTold(RowTotals(parameters.chosen, arms_), federation_.minimum_count())) {
      policies.Take(0, pairs.Number(kRuleScores, 0), pairs.Number(kRuleScores, 1),
                    pairs.Numbers(kRuleProducts),
                    FoldCovariance(pairs.Number(kSquaredChanges), policies.n));
    }
    return pairs;
  }

  void TakePropensityError(const PooledSums& pairs, ChoiceJudgement& judgement) {
    PolicyValues& policies = judgement.policies;
    odds_ = PolicyOddsOf(judgement.sums, kPropensityError, std::span(policies.values).subspan(1));
    odds_.insert(odds_.begin(), PolicyOdds{.scores = pairs.Numbers(kRuleOdds),
                                           .gradient = pairs.Numbers(kRuleOdds + 1)});
    AddPropensityError(judgement.sums, odds_, policies);
  }

  Result<void> ReadPairs(ChoiceJudgement& judgement) {
    if (options_.evaluation.between_sites) {
      comparing_.emplace(arms_, learned_.binary, federation_.minimum_count(),
                         options_.confidence_level);
    }
    if (options_.evaluation.heterogeneity) PrepareLines();
    const std::vector<double> thresholds = ThresholdsOf(options_, learned_.binary);
    const std::size_t reference =
        guideline_ >= 0 ? static_cast<std::size_t>(guideline_) : judgement.policies.BestArm();
    ChoicePairParameters parameters = PairsOf(learned_, reference, judgement.sums);
    parameters.thresholds = thresholds;
    parameters.switched = SwitchedAbove(judgement.sums, reference, thresholds.size());
    if (comparing_) parameters.best = static_cast<std::int64_t>(judgement.policies.BestArm());
    if (lines_) parameters.lines = lines_->First();
    CLINNOVA_ASSIGN(const PooledSums pairs, PairRound(parameters, judgement.policies));
    TakePropensityError(pairs, judgement);
    if (comparing_) comparing_->TakeContributors(pairs.Counts(kComparedSites));
    if (lines_) lines_->TakeSums(pairs, kLineSums);
    if (!thresholds.empty()) {
      const CountsBeside beside = CountsBesideThresholds(RowTotals(parameters.chosen, arms_),
                                                         reference, federation_.minimum_count());
      judgement.net_benefit =
          NetBenefitFrom(pairs, reference, thresholds, parameters.switched,
                         SwitchedInto(parameters.switched, beside, federation_.minimum_count()));
    } else if (options_.evaluation.net_benefit && options_.evaluation.given) {
      judgement.warnings.emplace_back(
          "no net_benefit: of a continuous outcome thresholds are in its unit, and must be named");
    }
    return {};
  }

  Result<PooledSums> ValueRound(const LearnedChoice& learned, std::vector<double> thresholds) {
    ChoiceValueParameters parameters{.split = learned.split,
                                     .models = Uncentred(learned),
                                     .guideline = guideline_,
                                     .thresholds = std::move(thresholds)};
    parameters.weighted_exponent =
        frame_.standardised_exponent() + stats::ExponentOf(1 / options_.trim);
    parameters.column_exponent = frame_.standardised_exponent();
    parameters.score_exponent = ScoreExponent();
    return federation_.Sum(analysis_, kChoiceValueStep, parameters);
  }

  /// The models with the outcome's centre in the arms' intercepts, so that they predict the outcome itself.
  static ChoiceModels Uncentred(const LearnedChoice& learned) {
    ChoiceModels models = learned.models;
    const std::size_t p = learned.split.claim.center.size();
    for (auto& outcome : models.outcome) {
      for (std::size_t a = 0; a < outcome.size(); a += p) outcome[a] += learned.center;
    }
    return models;
  }

  void Decide(ChoiceJudgement& judgement) const {
    const std::size_t best = judgement.policies.BestArm();
    for (std::size_t c = 0; c < arms_; ++c) {
      for (std::size_t a = 0; a < arms_; ++a) {
        if (c != best) judgement.changed += judgement.sums.Count(kChosenReceived, c * arms_ + a);
      }
    }
    judgement.beats_best_single =
        judgement.changed >= kFewestChanged && judgement.policies.GainOverBest().low > 0;
  }

  // --- Groups ---

  /// Columns of one numeric input's terms: those that are not made of factors' indicators.
  std::vector<std::size_t> NumericColumns() const {
    std::vector<std::size_t> columns;
    for (std::size_t j = 1; j < frame_.columns(); ++j) {
      const bool indicator = frame_.claim().zeros[j] + frame_.claim().ones[j] == frame_.n();
      if (!indicator && learned_.covariance[j][j] > 0) columns.push_back(j);
    }
    return columns;
  }

  /// Everybody's mean of a column, standardised.
  double MeanOf(std::size_t column) const {
    double sum = 0;
    for (std::size_t a = 0; a < arms_; ++a) {
      sum += learned_.arm_means[a][column] * static_cast<double>(learned_.arm_counts[a]);
    }
    return sum / static_cast<double>(frame_.n());
  }

  /// Of a score's size.
  int ScoreExponent() const {
    const int outcome = learned_.binary ? 0 : frame_.response_exponents().front();
    return outcome + stats::ExponentOf(1 + 2 / options_.trim);
  }

  void PrepareLines() {
    FittingLines::Setting setting{.columns = LineColumns(frame_.formula(), frame_.design()),
                                  .arms = arms_,
                                  .column_exponent = frame_.standardised_exponent(),
                                  .score_exponent = ScoreExponent()};
    std::vector<double> means;
    for (std::size_t j = 0; j < frame_.columns(); ++j) means.push_back(MeanOf(j));
    setting.gram =
        ProductsOf(setting.columns, learned_.covariance, means, static_cast<double>(frame_.n()));
    lines_.emplace(std::move(setting));
  }

  void FindDistance(DistanceSummary& distance) const {
    std::vector<std::size_t> columns = NumericColumns();
    stats::Matrix covariance(columns.size(), std::vector<double>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      for (std::size_t j = 0; j < columns.size(); ++j) {
        covariance[i][j] = learned_.covariance[columns[i]][columns[j]];
      }
    }
    const stats::SymmetricFactor factor(covariance, 1e-9);
    distance.columns = columns;
    distance.inverse = factor.Inverse();
    for (const std::size_t j : columns) distance.center.push_back(MeanOf(j));
  }

  Result<void> ReadGroups(ChoiceJudgement& judgement) {
    FindDistance(judgement.distance);
    const DistanceSummary& distance = judgement.distance;
    ChoiceSpreadParameters spread{.split = learned_.split, .models = Uncentred(learned_)};
    spread.best = static_cast<std::int64_t>(judgement.policies.BestArm());
    spread.benefit_range = learned_.binary ? 1 : 4 * std::sqrt(learned_.outcome_variance);
    spread.distance_center = distance.center;
    for (std::size_t i = 0; i < distance.columns.size(); ++i) {
      spread.distance_columns.push_back(static_cast<std::int64_t>(distance.columns[i]));
      spread.distance_inverse.insert(spread.distance_inverse.end(), distance.inverse[i].begin(),
                                     distance.inverse[i].end());
    }
    std::vector<Subgrouping> subgroupings;
    if (options_.evaluation.subgroups) {
      spread.subgroups.by_site = federation_.minimum_count() == 0;
      CLINNOVA_ASSIGN(subgroupings,
                      SubgroupingsOf(analysis_, federation_.schema(), spread.subgroups.by_site));
      CLINNOVA_TRY(FindCuts(judgement, subgroupings));
      CLINNOVA_ASSIGN(const auto left_out,
                      SubgroupsLeftOut(analysis_, federation_.schema(), subgroupings));
      judgement.warnings.insert(judgement.warnings.end(), left_out.begin(), left_out.end());
    }
    for (const Subgrouping& subgrouping : subgroupings) {
      spread.subgroups.cuts.push_back(subgrouping.cuts);
      const auto of = std::ranges::find_if(judgement.inputs, [&](const InputSummary& input) {
        return input.input.name == subgrouping.name;
      });
      if (of != judgement.inputs.end()) of->subgroup_cuts = subgrouping.cuts;
    }
    if (learned_.binary && !subgroupings.empty()) {
      spread.subgroups.score_groups = ScoreGroupsOf(OverArms(judgement.sums.Counts(kScoreCounts)));
    }
    if (comparing_) spread.sites = SiteQuestion(judgement);
    if (lines_) spread.lines = lines_->Second();
    if (options_.evaluation.calibration) spread.benefit = BenefitBins(judgement);
    if (!learned_.binary) spread.residual_scales = ResidualScales(judgement.sums);
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kChoiceSpreadStep, spread));
    judgement.residual_scales = spread.residual_scales;
    judgement.residual_counts = sums.Counts(kResidualCounts);
    judgement.benefit_counts = sums.Counts(kBenefitBinRows);
    if (comparing_) comparing_->TakeFirst(sums, kSpreadSites);
    if (lines_) lines_->TakeErrors(sums, kLineErrors);
    const auto at = [&](double part) {
      return kDistanceBin *
             static_cast<double>(BinAt(sums, kDistanceHistogram, 0, kDistanceBins, part) + 1);
    };
    judgement.distance.at_95 = at(0.95);
    judgement.distance.at_99 = at(0.99);
    return ReadGains(sums, spread, subgroupings, judgement);
  }

  std::vector<double> ResidualScales(const PooledSums& sums) const {
    std::vector<double> scales;
    for (std::size_t a = 0; a < learned_.arms.size(); ++a) {
      const std::vector<double> parts = PartOf(sums, kArmPredictions, kPredictionParts, a);
      const double mean_square = ErrorSizesOf(parts, learned_.arm_counts[a]).mean_square;
      scales.push_back(std::sqrt(std::max(0.0, mean_square)));
    }
    return scales;
  }

  ChoiceSiteQuestion SiteQuestion(const ChoiceJudgement& judgement) {
    std::vector<ShiftGroups> groups;
    std::vector<std::string> names;
    for (const InputSummary& input : judgement.inputs) {
      groups.push_back(ShiftGroupsOf(input.input.factor ? input.counts : input.histogram,
                                     input.input.factor, input.mean, input.sd > 0 ? input.sd : 1));
      names.push_back(input.input.name);
    }
    double log_odds = 0;
    if (learned_.binary) {
      const auto auc = AucOf(OverArms(judgement.sums.Counts(kScoreCounts)));
      if (auc && auc->auc > 0 && auc->auc < 1) log_odds = std::log(auc->auc / (1 - auc->auc));
    }
    // What sums are around, for their digits: any number would do.
    const PolicyValues& policies = judgement.policies;
    const double around =
        policies.Told(0) ? policies.Gain(0, 1 + policies.BestArm()).estimate : 0.0;
    return comparing_->First(policies.BestArm(), around, log_odds, std::move(groups),
                             std::move(names));
  }

  Result<void> ReadGains(const PooledSums& spread, const ChoiceSpreadParameters& as,
                         const std::vector<Subgrouping>& subgroupings, ChoiceJudgement& judgement) {
    ChoiceGroupParameters parameters{.split = as.split,
                                     .models = as.models,
                                     .best = as.best,
                                     .benefit_range = as.benefit_range,
                                     .subgroups = as.subgroups};
    if (options_.evaluation.calibration)
      parameters.first_bins = FirstBins(spread, federation_.minimum_count());
    parameters.persons = BenefitCounts(spread, kBenefitHistogram, parameters.first_bins);
    parameters.changed = BenefitCounts(spread, kBenefitChanged, parameters.first_bins);
    parameters.given = spread.Counts(kSubgroupGiven);
    const std::vector<std::int64_t> persons = SubgroupPersons(spread, SizesOf(subgroupings), arms_);
    parameters.persons.insert(parameters.persons.end(), persons.begin(), persons.end());
    parameters.subgroups.score_groups.clear();
    std::vector<GroupGain> subgroups(persons.size());
    const std::size_t size = 2 * as.subgroups.score_groups.size();
    for (std::size_t g = 0; size > 0 && g < subgroups.size(); ++g) {
      for (std::size_t i = 0; i < size; ++i) {
        subgroups[g].scores.push_back(spread.Count(kSubgroupScores, g * size + i));
      }
      parameters.cases.push_back(subgroups[g].Cases());
    }
    if (parameters.first_bins.empty() && subgroupings.empty() && !comparing_) return {};
    if (options_.evaluation.calibration && learned_.binary) {
      parameters.calibration = judgement.sums.Counts(kCalibrationRows);
    }
    if (comparing_) parameters.sites = comparing_->Second();
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kChoiceGroupStep, parameters));
    if (comparing_) comparing_->TakeSecond(sums, kGroupSites);
    judgement.calibration_predicted = sums.Numbers(kCalibrationPredicted);
    judgement.calibration_observed = sums.Numbers(kCalibrationObserved);
    const WithheldGroups withheld =
        GroupsWithheld(parameters, SizesOf(subgroupings), arms_, federation_.minimum_count());
    for (std::size_t g = 0; g < parameters.first_bins.size(); ++g) {
      judgement.groups.push_back(GainOf(sums, g, parameters.persons[g], "", std::to_string(g + 1)));
    }
    std::size_t at = 0;
    for (const Subgrouping& subgrouping : subgroupings) {
      for (std::size_t g = 0; g < subgrouping.groups(); ++g, ++at) {
        const std::size_t group = parameters.first_bins.size() + at;
        GroupGain gain =
            GainOf(sums, group, parameters.persons[group], subgrouping.name, subgrouping.Label(g));
        gain.outcome_withheld = withheld.outcomes[at];
        gain.scores = std::move(subgroups[at].scores);
        gain.predictions = PartOf(sums, kGroupPredictions, kPredictionParts, at);
        gain.contrasts = PartOf(sums, kGroupContrasts, kContrastParts * Contrasts(arms_), at);
        judgement.groups.push_back(std::move(gain));
      }
    }
    for (std::size_t g = 0; g < judgement.groups.size(); ++g) {
      judgement.groups[g].withheld = withheld.gains[g];
    }
    return {};
  }

  /// The numbers of a block's part, one part of `size` after the other.
  static std::vector<double> PartOf(const PooledSums& sums, std::size_t block, std::size_t size,
                                    std::size_t part) {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < size; ++i) numbers.push_back(sums.Number(block, size * part + i));
    return numbers;
  }

  Result<void> FindCuts(const ChoiceJudgement& judgement,
                        std::vector<Subgrouping>& subgroupings) const {
    for (Subgrouping& subgrouping : subgroupings) {
      if (!subgrouping.needs_mean) continue;
      const auto input = std::ranges::find_if(judgement.inputs, [&](const InputSummary& summary) {
        return summary.input.name == subgrouping.name;
      });
      if (input == judgement.inputs.end()) {
        return analysis_.Wrong("subgroups",
                               "found \"" + subgrouping.name +
                                   "\", a number that is neither age nor a covariate; expected a "
                                   "factor");
      }
      subgrouping.cuts = {input->mean};
    }
    return {};
  }

  GroupGain GainOf(const PooledSums& sums, std::size_t group, std::int64_t persons, std::string of,
                   std::string label) const {
    GroupGain gain{.of = std::move(of), .label = std::move(label), .n = persons};
    const auto n = static_cast<double>(gain.n);
    if (gain.n < 2) return gain;
    const double sign = options_.higher_is_better ? 1 : -1;
    gain.predicted = sums.Number(kGroupPredicted, group) / n;
    const double mean = sums.Number(kGroupGain, group) / n;
    const double variance = (sums.Number(kGroupGainSquared, group) / n - mean * mean) / (n - 1);
    gain.gain =
        NormalEstimate(sign * mean, std::sqrt(std::max(0.0, variance)), options_.confidence_level);
    return gain;
  }

  // --- Benefit ---

  ChoiceBinQuestion BenefitBins(const ChoiceJudgement& judgement) const {
    return BinsAround(judgement.sums.Numbers(kBenefitMoments), frame_.n(),
                      std::sqrt(learned_.outcome_variance));
  }

  Result<void> JudgeBenefit(ChoiceJudgement& judgement) {
    ChoiceBenefitParameters parameters{.split = learned_.split,
                                       .models = Uncentred(learned_),
                                       .bins = BenefitBins(judgement),
                                       .counts = judgement.benefit_counts,
                                       .congruent = {0, 0}};
    const std::vector<std::int64_t> cells = judgement.sums.Counts(kChosenReceived);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      parameters.congruent[i / arms_ == i % arms_ ? 0 : 1] += cells[i];
    }
    CLINNOVA_ASSIGN(judgement.benefit,
                    ReadBenefit(federation_, analysis_, std::move(parameters), arms_));
    return {};
  }

  // --- Policies learned beside the rule ---

  Result<PolicyQuestion> QuestionOf(const ChoiceJudgement& judgement) const {
    PolicyQuestion question{.split = learned_.split,
                            .models = Uncentred(learned_),
                            .options = options_,
                            .arms = arms_,
                            .guideline = guideline_,
                            .column_exponent = frame_.standardised_exponent(),
                            .score_exponent = ScoreExponent()};
    for (const InputSummary& input : judgement.inputs) {
      question.inputs.push_back({.name = input.input.name,
                                 .histogram = input.histogram,
                                 .center = input.mean,
                                 .scale = input.sd > 0 ? input.sd : 1,
                                 .subgroup_cuts = input.subgroup_cuts});
    }
    return question;
  }

  /// Of a policy that is none of choice.values, as the last.
  void AddPolicy(const JudgedPolicy& judged, const PooledSums& sums, PolicyValues& policies) const {
    policies.Add();
    if (!judged.told) return;
    policies.Take(policies.values.size() - 1, judged.sum, judged.squares, judged.products,
                  FoldCovariance(judged.squared_changes, policies.n));
    AddPropensityErrorOf(judged.odds, sums, policies);
  }

  Result<void> JudgePolicyTree(ChoiceJudgement& judgement) {
    CLINNOVA_ASSIGN(const PolicyQuestion question, QuestionOf(judgement));
    CLINNOVA_ASSIGN(PolicyTreeJudgement tree, FindPolicyTree(federation_, analysis_, question));
    AddPolicy(tree.judged, judgement.sums, judgement.policies);
    judgement.warnings.insert(judgement.warnings.end(), tree.warnings.begin(), tree.warnings.end());
    judgement.policy_tree = std::move(tree);
    return {};
  }

  /// The forest's value stands beside the policies of choice.values, not beside a policy tree's: their products are not summed.
  Result<void> JudgeCausalForest(ChoiceJudgement& judgement) {
    CLINNOVA_ASSIGN(const PolicyQuestion question, QuestionOf(judgement));
    CLINNOVA_ASSIGN(CausalForestJudgement forest,
                    GrowCausalForest(federation_, analysis_, question));
    if (!forest.none.empty()) {
      judgement.warnings.push_back("no causal_forest: " + forest.none);
      return {};
    }
    judgement.forest_policies = judgement.policies;
    AddPolicy(forest.judged, judgement.sums, *judgement.forest_policies);
    judgement.causal_forest = std::move(forest);
    return {};
  }

  // --- Recalibration ---

  Result<void> Recalibrate(ChoiceJudgement& judgement) {
    std::vector<stats::NewtonIteration> fits(arms_, stats::NewtonIteration(2));
    ChoiceRecalibrationParameters parameters{.split = learned_.split, .models = learned_.models};
    while (!std::ranges::all_of(fits, [](const auto& fit) { return fit.done(); })) {
      parameters.coefficients.clear();
      for (const auto& fit : fits) {
        parameters.coefficients.insert(parameters.coefficients.end(), fit.point().begin(),
                                       fit.point().end());
      }
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kChoiceRecalibrationStep, parameters));
      for (std::size_t a = 0; a < arms_; ++a) {
        const auto at = [&](std::size_t i) {
          return sums.Number(kRecalibrationInformation, 3 * a + i);
        };
        fits[a].Step({.log_likelihood = sums.Number(kRecalibrationLikelihood, a),
                      .score = {sums.Number(kRecalibrationScore, 2 * a),
                                sums.Number(kRecalibrationScore, 2 * a + 1)},
                      .information = {{at(0), at(1)}, {at(1), at(2)}}});
      }
    }
    for (const auto& fit : fits) {
      Recalibration& recalibration = judgement.recalibration.emplace_back();
      if (!fit.converged() || fit.aliased()[0] || fit.aliased()[1]) continue;
      recalibration.intercept = {.estimate = fit.point()[0],
                                 .std_error = std::sqrt(fit.inverse()[0][0])};
      recalibration.slope = {.estimate = fit.point()[1],
                             .std_error = std::sqrt(fit.inverse()[1][1])};
    }
    return {};
  }

  // --- Leaving sites out ---

  /// Everything is learned once more with the sites as folds; what it needs and does not get is said, not fatal.
  Result<void> LeaveSitesOut(ChoiceJudgement& judgement) {
    if (federation_.sites().size() < 3) {
      judgement.warnings.emplace_back("leave_one_site_out needs at least three sites");
      return {};
    }
    if (federation_.minimum_count() > 0 && !options_.evaluation.given) {
      judgement.warnings.emplace_back(
          "no leave_one_site_out: it tells the hub every site's own sums, and so must be named in "
          "evaluation");
      return {};
    }
    const auto without =
        LearnChoice(federation_, analysis_, options_, frame_, ChoiceFolding::kBySite);
    if (!without && (without.error().code == ErrorCode::kRefused ||
                     without.error().code == ErrorCode::kFailed)) {
      judgement.warnings.push_back("no leave_one_site_out: " + without.error().message);
      return {};
    }
    if (!without) return Fail(without);
    CLINNOVA_ASSIGN(PooledSums sums, ValueRound(*without, {}));
    PolicyValues policies = Values(sums);
    CLINNOVA_TRY(PairRound(PairsOf(*without, policies.BestArm(), sums), policies));
    judgement.without_site = std::move(policies);
    judgement.without_site_sums = std::move(sums);
    return {};
  }

  Federation& federation_;          // not owned, outlives this
  const Analysis& analysis_;        // not owned, outlives this
  const ChoiceOptions& options_;    // not owned, outlives this
  const stats::ModelFrame& frame_;  // not owned, outlives this
  const LearnedChoice& learned_;    // not owned, outlives this
  std::size_t arms_;
  std::int64_t guideline_;
  std::vector<PolicyOdds> odds_{};             ///< of all policies but a tree's
  std::optional<ComparingSites> comparing_{};  ///< with evaluation "between_sites"
  std::optional<FittingLines> lines_{};        ///< with evaluation "heterogeneity"
};

}  // namespace

std::int64_t GroupGain::Cases() const {
  std::int64_t cases = 0;
  for (std::size_t i = scores.size() / 2; i < scores.size(); ++i) cases += scores[i];
  return cases;
}

Result<ChoiceJudgement> JudgeChoice(Federation& federation, const Analysis& analysis,
                                    const ChoiceOptions& options, const stats::ModelFrame& frame,
                                    const LearnedChoice& learned, std::int64_t guideline) {
  return Judging(federation, analysis, options, frame, learned, guideline).Run();
}

}  // namespace clinnova::learn
