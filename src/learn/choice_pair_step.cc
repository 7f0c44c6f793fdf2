// SPDX-License-Identifier: Apache-2.0
// The step choice.fold_pairs of choice_value_steps.h.
#include <algorithm>
#include <array>
#include <functional>

#include "core/deterministic_math.h"
#include "learn/choice_disclosure.h"
#include "learn/choice_net_benefit.h"
#include "learn/choice_propensity_error.h"
#include "learn/choice_value_steps.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;

namespace {

/// The thresholds must be those of the approved analysis: others, asked one after the other, would tell persons apart.
Result<Layout> PairLayout(const Analysis& analysis, const table::Schema& schema,
                          const ChoicePairParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  CLINNOVA_ASSIGN(const auto lines,
                  LineBlock(analysis, schema, parameters.split.claim, arms, parameters.lines));
  const std::size_t thresholds = parameters.thresholds.size();
  const bool fits = parameters.reference >= 0 &&
                    parameters.reference < static_cast<std::int64_t>(arms) &&
                    parameters.best < static_cast<std::int64_t>(arms) &&
                    (parameters.best < 0 || options.evaluation.between_sites) &&
                    (thresholds == 0 ||
                     parameters.thresholds == ThresholdsOf(options, parameters.models.binary)) &&
                    parameters.switched.size() == thresholds &&
                    parameters.guideline < static_cast<std::int64_t>(arms) &&
                    parameters.chosen.size() == arms * arms &&
                    std::ranges::is_sorted(parameters.switched, std::greater<>());
  if (!fits) {
    return Fail(ErrorCode::kRefused, "thresholds or sites that the analysis does not ask for",
                "wrong_layout");
  }
  Layout layout{{WideBlock("squared_changes", 1 + thresholds), WideBlock("gain", thresholds),
                 WideBlock("gain_squared", thresholds),
                 CountBlock("sites", parameters.best < 0 ? 0 : kSiteAreas + arms + 1), lines,
                 WideBlock("rule", 2),
                 WideBlock("rule_products", PolicyCount(arms, parameters.guideline >= 0) - 1)}};
  if (parameters.split.by_site) return layout;
  const auto odds = PolicyOddsLayout(arms, parameters.split.claim.center.size(), 1,
                                     static_cast<int>(parameters.column_exponent),
                                     static_cast<int>(parameters.score_exponent));
  layout.blocks.insert(layout.blocks.end(), odds.begin(), odds.end());
  return layout;
}

/// The hub may not claim fewer persons by recommended and received arm than this site has, nor others than everybody.
Result<void> HoldChosen(const SiteView& site, const ChoicePairParameters& parameters) {
  if (site.minimum_count == 0) return {};
  std::int64_t everybody = 0;
  for (const std::int64_t persons : parameters.chosen) everybody += persons;
  if (everybody != parameters.split.Everybody()) {
    return Fail(ErrorCode::kRefused, "recommended arms that are not everybody's", "false_claim");
  }
  const Layout layout{{CountBlock("chosen", parameters.chosen.size())}};
  CLINNOVA_ASSIGN(const federation::PooledSums own,
                  SumAlone(site, parameters.split, parameters.models, layout,
                           [](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                             for (std::size_t r = 0; r < batch.rows(); ++r) {
                               if (batch.fold[r] == 0) continue;
                               const auto chosen = static_cast<std::size_t>(batch.chosen[r]);
                               mine.AddCount(0, chosen * rows.arms() +
                                                    static_cast<std::size_t>(batch.arm()[r]));
                             }
                           }));
  return HoldClaim(own.Counts(0), parameters.chosen);
}

/// The hub may not claim fewer persons above a threshold than this site has.
Result<void> HoldSwitched(const SiteView& site, const ChoicePairParameters& parameters) {
  const std::size_t thresholds = parameters.thresholds.size();
  if (site.minimum_count == 0 || thresholds == 0) return {};
  const Layout layout{{CountBlock("switched", thresholds)}};
  const double sign = parameters.models.higher_is_better ? 1 : -1;
  const auto reference = static_cast<std::size_t>(parameters.reference);
  CLINNOVA_ASSIGN(const federation::PooledSums own,
                  SumAlone(site, parameters.split, parameters.models, layout,
                           [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                             std::vector<double> towards(rows.arms());
                             for (std::size_t r = 0; r < batch.rows(); ++r) {
                               if (batch.fold[r] == 0) continue;
                               for (std::size_t a = 0; a < towards.size(); ++a)
                                 towards[a] = sign * batch.predicted[a][r];
                               const std::size_t level =
                                   SwitchOf(towards, reference, parameters.thresholds).level;
                               for (std::size_t t = 0; t < level; ++t) mine.AddCount(0, t);
                             }
                           }));
  return HoldClaim(own.Counts(0), parameters.switched);
}

/// One row at a time, so that buffers serve them all.
class RowPairs {
 public:
  /// `into`: by threshold, that to which the persons between it and the next are added, or -1.
  RowPairs(const ChoicePairParameters& parameters, const std::vector<std::int64_t>& into,
           bool rule_told, const ChoiceRows& ruled, ChoiceBatch& batch, ExactSums& sums)
      : parameters_(parameters),
        into_(into),
        rule_told_(rule_told),
        ruled_(ruled),
        batch_(batch),
        sums_(sums),
        sign_(parameters.models.higher_is_better ? 1 : -1),
        reference_(static_cast<std::size_t>(parameters.reference)),
        towards_(batch.score.size()) {}

  void Add(std::size_t row) {
    if (rule_told_) AddRule(row);
    for (std::size_t a = 0; a < batch_.score.size(); ++a) {
      towards_[a] = sign_ * batch_.predicted[a][row];
    }
    const Switch own = SwitchOf(towards_, reference_, parameters_.thresholds);
    if (own.level > 0 && into_[own.level - 1] >= 0) {
      const auto to = static_cast<std::size_t>(into_[own.level - 1]);
      const double gain = sign_ * (batch_.score[own.arm][row] - batch_.score[reference_][row]);
      sums_.Add(kSwitchedGain, to, gain);
      sums_.Add(kSwitchedGainSquared, to, gain * gain);
    }
    const auto k = static_cast<std::size_t>(batch_.fold[row] - 1);
    for (std::size_t l = 0; l < static_cast<std::size_t>(parameters_.split.folds); ++l) {
      if (l != k) AddOther(row, l, own);
    }
  }

 private:
  void AddRule(std::size_t row) {
    const std::vector<PolicyScore> scores = PolicyScores(batch_, row, parameters_.guideline);
    const double score = scores.front().score;
    sums_.Add(kRuleScores, 0, score);
    sums_.Add(kRuleScores, 1, score * score);
    for (std::size_t i = 1; i < scores.size(); ++i) {
      sums_.Add(kRuleProducts, i - 1, score * scores[i].score);
    }
  }
  void AddOther(std::size_t row, std::size_t fold, const Switch& own) {
    ruled_.PredictWithout(parameters_.models, parameters_.rules, batch_, row, fold, predictors_);
    const std::size_t other = ChoiceRows::ChosenOf(parameters_.models, predictors_);
    if (rule_told_) {
      AddChange(0, batch_.score[static_cast<std::size_t>(batch_.chosen[row])][row] -
                       batch_.score[other][row]);
    }
    if (parameters_.thresholds.empty()) return;
    for (double& eta : predictors_) {
      eta = sign_ * (parameters_.models.binary ? core::Expit(eta) : eta);
    }
    const Switch without = SwitchOf(predictors_, reference_, parameters_.thresholds);
    for (std::size_t t = 0; t < std::max(own.level, without.level); ++t) {
      const auto net = [&](const Switch& how) {
        return NetBenefitOf(how, t, batch_, row, reference_, sign_, parameters_.thresholds[t]);
      };
      AddChange(1 + t, net(own) - net(without));
    }
  }
  void AddChange(std::size_t at, double change) {
    if (change != 0) sums_.Add(kSquaredChanges, at, change * change);
  }

  const ChoicePairParameters& parameters_;  // not owned, outlives this
  const std::vector<std::int64_t>& into_;   // not owned, outlives this
  bool rule_told_;
  const ChoiceRows& ruled_;  // not owned, outlives this
  ChoiceBatch& batch_;       // not owned, outlives this
  ExactSums& sums_;          // not owned, outlives this
  double sign_;
  std::size_t reference_;
  std::vector<double> towards_;  ///< predictions by arm, larger is better
  std::vector<double> predictors_{};
};

/// The rule's part of the propensities' errors.
void AddRuleOdds(const ChoicePairParameters& parameters, const ChoiceRows& rows, ChoiceBatch& batch,
                 ExactSums& sums) {
  std::vector<PolicyScore> rule(batch.rows());
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    rule[r] = ScoreOf(batch, r, static_cast<std::size_t>(batch.chosen[r]));
  }
  AddPolicyOdds(batch, rows.columns(), parameters.models.trim, rule, kRuleOdds, sums);
}

Result<void> PairEvaluate(const SiteView& site, const ChoicePairParameters& parameters,
                          ExactSums& sums) {
  CLINNOVA_ASSIGN(ChoiceRows ruled, ChoiceRows::Create(site, parameters.split));
  CLINNOVA_TRY(ruled.TakeRules(site, parameters.models, parameters.rules));
  if (parameters.best >= 0) {
    CLINNOVA_TRY(CountSite(site, parameters.split, parameters.models, parameters.best,
                           kComparedSites, sums));
  }
  CLINNOVA_TRY(HoldSwitched(site, parameters));
  CLINNOVA_TRY(HoldChosen(site, parameters));
  const std::vector<std::int64_t> given = RowTotals(parameters.chosen, ruled.arms());
  const bool told = PolicyTold(given, site.minimum_count);
  const std::vector<std::int64_t> into =
      SwitchedInto(parameters.switched,
                   CountsBesideThresholds(given, static_cast<std::size_t>(parameters.reference),
                                          site.minimum_count),
                   site.minimum_count);
  const double sign = parameters.models.higher_is_better ? 1 : -1;
  return ForEachPredicted(site, parameters.split, parameters.models, sums,
                          [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                            RowPairs pairs(parameters, into, told, ruled, batch, mine);
                            for (std::size_t r = 0; r < batch.rows(); ++r) {
                              if (batch.fold[r] != 0) pairs.Add(r);
                            }
                            AddLines(parameters.lines, batch, sign, kLineSums, mine);
                            if (!told || parameters.split.by_site) return;
                            AddRuleOdds(parameters, rows, batch, mine);
                          });
}

}  // namespace

const federation::TypedStep<ChoicePairParameters> kChoicePairStep{"choice.fold_pairs", PairLayout,
                                                                  PairEvaluate, ChoiceLineGuard{}};

}  // namespace clinnova::learn
