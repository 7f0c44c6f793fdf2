// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_causal_steps.h"

#include <algorithm>

#include "federation/batches.h"
#include "learn/choice_disclosure.h"
#include "learn/choice_policy_cells.h"
#include "learn/choice_training_rows.h"
#include "learn/site_trees.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;

namespace {

std::size_t Folds(const ChoiceSplit& split) { return static_cast<std::size_t>(split.folds); }

tl::unexpected<Error> WrongLayout(const char* what) {
  return Fail(ErrorCode::kRefused, what, "wrong_layout");
}

/// kRefused for a split or features of trees that the approved analysis does not ask for.
Result<ChoiceOptions> Asked(const Analysis& analysis, const table::Schema& schema,
                            const ChoiceSplit& split, const std::vector<Feature>& features) {
  CLINNOVA_ASSIGN(ChoiceOptions options, ChoiceOptionsOf(analysis));
  CLINNOVA_ASSIGN(const std::vector<Feature> own, CausalFeatures(analysis, schema));
  const auto bins = static_cast<std::size_t>(options.causal_forest.bins);
  const auto same = [&](const Feature& a, const Feature& b) {
    return a.column == b.column && a.levels == b.levels && b.cuts.size() < bins &&
           (!a.factor() || b.cuts.empty()) && std::ranges::is_sorted(b.cuts, std::less_equal<>());
  };
  if (!options.evaluation.causal_forest || split.by_site || split.folds != options.folds ||
      !std::ranges::equal(own, features, same)) {
    return WrongLayout("a causal forest that the analysis does not ask for");
  }
  return options;
}

/// Rows of a forest: of every person one for every other arm.
RowsResult CausalRows(const SiteView& site, core::ByteView bytes) {
  CLINNOVA_ASSIGN(const CausalSource source, core::Decode<CausalSource>(bytes));
  CLINNOVA_ASSIGN(ChoiceRows reader, ChoiceRows::Create(site, source.split));
  CLINNOVA_TRY(reader.TakeModels(site, source.models));
  CLINNOVA_ASSIGN(const std::vector<Feature> features,
                  CausalFeatures(site.analysis, site.table.schema));
  return ChoiceTrainingRows(
      site, features,
      [&](std::size_t first, std::size_t count, ChoiceBatch& batch) {
        reader.Read(first, count, batch);
        reader.Predict(source.models, batch);
      },
      [&](const ChoiceBatch& batch, std::size_t r, TrainingRows& rows) {
        const auto own = static_cast<std::size_t>(batch.arm()[r]);
        ForEachContrast(reader.arms(), [&](std::size_t contrast, std::size_t a, std::size_t b) {
          if (own != a && own != b) return;
          const CausalResidual residual = ResidualOf(batch, r, a, b, source.models.trim);
          // The engine's slope is weight * (0 - outcome). No residual of a treatment is 0: trimmed chances are inside 0
          // and 1.
          rows.outcome.push_back(residual.outcome / residual.treatment);
          rows.weight.push_back(residual.treatment * residual.treatment);
          rows.stratum.push_back(static_cast<std::int32_t>(contrast));
        });
      });
}

/// The claim is one of trees of halves that the analysis asks for: each without two folds, of two arms.
Result<void> HoldClaimOfTrees(const SiteView& site, const TreeClaim& claim,
                              const std::vector<GrowingTree>& trees, TreeHalf half) {
  CLINNOVA_ASSIGN(const CausalSource source, core::Decode<CausalSource>(claim.source));
  CLINNOVA_ASSIGN(const ChoiceRows rows, ChoiceRows::Create(site, source.split));
  CLINNOVA_ASSIGN(const ChoiceOptions options,
                  Asked(site.analysis, site.table.schema, source.split, claim.features));
  CLINNOVA_ASSIGN(const std::int64_t seed, site.analysis.Integer("seed", 1));
  bool fits = claim.half == half && claim.objective == Objective::kSquared &&
              claim.subsample == 1 && !claim.bootstrap &&
              claim.seed == static_cast<std::uint64_t>(seed);
  for (const RunState& run : claim.runs) {
    const RunScope& scope = run.scope;
    fits = fits && run.base == 0 && run.trees.empty() && run.stratum_base.empty() &&
           scope.without_site < 0 && scope.without_fold >= 1 &&
           scope.without_fold < scope.nor_fold && scope.nor_fold <= source.split.folds &&
           scope.only_stratum >= 0 &&
           scope.only_stratum < static_cast<std::int64_t>(Contrasts(rows.arms()));
  }
  const std::size_t folds = Folds(source.split);
  const auto most =
      static_cast<std::uint64_t>(TreesPerPair(options.causal_forest, folds)) * FoldPairs(folds);
  for (const GrowingTree& tree : trees) fits = fits && tree.number < most;
  return fits ? Result<void>() : WrongLayout("trees that the analysis does not ask for");
}

struct CausalTreeGuard {
  static std::vector<federation::Rule> Rules() {
    std::vector<federation::Rule> rules = ChoiceGuard::Rules();
    rules.push_back(federation::Rule::kTrees);
    rules.push_back(federation::Rule::kContributors);
    return rules;
  }
  template <typename P>
  static Result<void> Check(const SiteView& site, const P& parameters) {
    if constexpr (requires { parameters.trees; }) {
      constexpr bool kFills = requires { parameters.persons; };
      return HoldClaimOfTrees(site, parameters.claim, parameters.trees,
                              kFills ? TreeHalf::kFilling : TreeHalf::kGrowing);
    } else {
      return WrongLayout("a round that no causal forest asks for");
    }
  }
};

// --- Leaves ------------------------------------------------------------------------------------------

/// Leaves of all trees.
Result<std::size_t> CountLeaves(const CausalLeafParameters& parameters) {
  std::size_t leaves = 0;
  for (const GrowingTree& growing : parameters.trees) {
    CLINNOVA_ASSIGN(const Tree tree, UnpackTree(growing.nodes, parameters.claim.features));
    ForEachLeafOf(tree, [&](std::size_t) { ++leaves; });
  }
  if (2 * leaves > kMostPolicyNumbers) return WrongLayout("a round of too many numbers");
  return leaves;
}

Result<Layout> LeafLayout(const Analysis&, const table::Schema&,
                          const CausalLeafParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t leaves, CountLeaves(parameters));
  return Layout{{CountBlock("leaf_persons", leaves), CountBlock("leaf_sites", leaves)}};
}

Result<Layout> LeafSumLayout(const Analysis&, const table::Schema&,
                             const CausalLeafParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t leaves, CountLeaves(parameters));
  if (parameters.persons.size() != leaves || parameters.sites.size() != leaves) {
    return WrongLayout("persons that do not fit the leaves");
  }
  return Layout{{WideBlock("leaf_sums", 2 * leaves)}};
}

/// Calls work(leaf, rows) for every leaf of every tree, the rows of this site's filling half in it.
template <typename Work>
Result<void> ForEachFilled(const SiteTrees& memory, const SiteView& site,
                           const CausalLeafParameters& parameters, Work work) {
  std::size_t leaf = 0;
  for (const GrowingTree& growing : parameters.trees) {
    CLINNOVA_ASSIGN(const SiteTrees::Placement* placed,
                    memory.PlaceRows(site, parameters.claim, growing));
    CLINNOVA_ASSIGN(const Tree tree, UnpackTree(growing.nodes, parameters.claim.features));
    Result<void> done{};
    ForEachLeafOf(tree, [&](std::size_t n) {
      if (done) done = work(leaf, placed->at(n));
      ++leaf;
    });
    CLINNOVA_TRY(done);
  }
  return {};
}

Result<void> LeafEvaluate(const SiteView& site, const CausalLeafParameters& parameters,
                          ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteTrees> memory,
                  SiteTrees::Of(CausalRows, site, parameters.claim));
  const std::lock_guard lock(memory->mutex());
  return ForEachFilled(*memory, site, parameters,
                       [&](std::size_t leaf, std::span<const std::uint32_t> rows) -> Result<void> {
                         if (rows.empty()) return {};
                         sums.AddCount(kLeafPersons, leaf, static_cast<std::int64_t>(rows.size()));
                         sums.AddCount(kLeafSites, leaf);
                         return {};
                       });
}

/// Rules 10 and 11 on a leaf as the hub says it is.
Result<void> HoldLeaf(const SiteView& site, std::int64_t persons, std::int64_t sites) {
  if (site.minimum_count == 0) return {};
  const std::int64_t least = std::max<std::int64_t>(kLeastPersons, site.minimum_count);
  if (persons < least ||
      federation::TooFewSites(std::max<std::int64_t>(1, sites), site.table.schema, site.limits)) {
    return Fail(ErrorCode::kRefused, "a leaf of too few persons or of one site", "rare_level");
  }
  return {};
}

Result<void> LeafSumEvaluate(const SiteView& site, const CausalLeafParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteTrees> memory,
                  SiteTrees::Of(CausalRows, site, parameters.claim));
  const std::lock_guard lock(memory->mutex());
  const auto hold = [&](std::size_t leaf, std::span<const std::uint32_t> rows) -> Result<void> {
    CLINNOVA_TRY(HoldLeaf(site, parameters.persons[leaf], parameters.sites[leaf]));
    if (site.minimum_count == 0) return {};
    const auto here = static_cast<std::int64_t>(rows.size());
    return HoldClaim(std::span(&here, 1), std::span(parameters.persons).subspan(leaf, 1));
  };
  // All leaves are held before any is summed.
  CLINNOVA_TRY(ForEachFilled(*memory, site, parameters, hold));
  const TrainingRows& rows = *memory->binned().rows;
  return ForEachFilled(*memory, site, parameters,
                       [&](std::size_t leaf, std::span<const std::uint32_t> here) -> Result<void> {
                         for (const std::uint32_t r : here) {
                           sums.Add(kLeafSums, 2 * leaf, rows.weight[r] * rows.outcome[r]);
                           sums.Add(kLeafSums, 2 * leaf + 1, rows.weight[r]);
                         }
                         return {};
                       });
}

// --- Judgement ---------------------------------------------------------------------------------------

/// A forest of the analysis, whose leaves may be told.
Result<CausalPredictor> PredictorOf(const SiteView& site, const ChoiceSplit& split,
                                    const CausalForest& forest) {
  CLINNOVA_ASSIGN(const std::size_t arms,
                  stats::ArmsOf(site.analysis, site.table.schema, split.claim));
  CLINNOVA_TRY(Asked(site.analysis, site.table.schema, split, forest.features));
  CLINNOVA_ASSIGN(CausalPredictor predictor, CausalPredictor::Create(forest, Folds(split), arms));
  Result<void> held{};
  predictor.ForEachLeaf([&](const TreeNode& leaf) {
    if (held) held = HoldLeaf(site, leaf.persons, leaf.sites);
  });
  CLINNOVA_TRY(held);
  return predictor;
}

/// As ChoiceGuard, of parameters whose split is a part's.
struct CausalGuard {
  static std::vector<federation::Rule> Rules() { return CausalTreeGuard::Rules(); }
  template <typename P>
  static Result<void> Check(const SiteView& site, const P& parameters) {
    const ChoiceSplit* split = nullptr;
    if constexpr (requires { parameters.benefit; }) {
      split = &parameters.benefit.split;
    } else {
      split = &parameters.split;
    }
    CLINNOVA_TRY(ChoiceRows::Create(site, *split));
    CLINNOVA_TRY(PredictorOf(site, *split, parameters.forest));
    return {};
  }
};

/// What the forest says of each row of a batch; nothing of rows without a fold.
std::vector<CausalRow> AskRows(const table::Table& table, const CausalPredictor& predictor,
                               const ChoiceBatch& batch) {
  std::vector<CausalRow> rows(batch.rows());
  std::vector<std::uint8_t> bins(predictor.features().size());
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    BinRow(table, batch.design.source_row[r], predictor.features(), bins);
    rows[r] = predictor.Ask(bins, static_cast<std::size_t>(batch.fold[r] - 1));
  }
  return rows;
}

void TakeRows(const ChoiceModels& models, const CausalPredictor& predictor,
              const std::vector<CausalRow>& asked, ChoiceBatch& batch) {
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    const auto fold = static_cast<std::size_t>(batch.fold[r] - 1);
    TakeCausal(models, predictor.Advantages(asked[r], fold, fold), batch, r);
  }
}

Result<Layout> ValueLayout(const Analysis& analysis, const table::Schema& schema,
                           const CausalValueParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_TRY(Asked(analysis, schema, parameters.split, parameters.forest.features));
  if (parameters.given.size() != arms * arms ||
      parameters.guideline >= static_cast<std::int64_t>(arms)) {
    return WrongLayout("persons or a guideline that fit no arms");
  }
  Layout layout{JudgedPolicyLayout(arms, parameters.guideline, parameters.split.claim.center.size(),
                                   parameters.column_exponent, parameters.score_exponent)};
  layout.blocks.push_back(WideBlock("moments", 2 * Contrasts(arms)));
  return layout;
}

/// The arm that the forest without two folds names, by row of a batch.
auto NamedBy(const CausalPredictor& predictor, const std::vector<CausalRow>& asked,
             bool higher_is_better) {
  return [&predictor, &asked, higher_is_better](std::size_t r, std::size_t fold,
                                                std::size_t other) {
    return CausalPredictor::BestOf(predictor.Advantages(asked[r], fold, other), higher_is_better);
  };
}

Result<Layout> ArmLayout(const Analysis& analysis, const table::Schema& schema,
                         const CausalArmParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_TRY(Asked(analysis, schema, parameters.split, parameters.forest.features));
  return Layout{{CountBlock("arms", arms * arms)}};
}

template <typename P>
Result<void> ArmEvaluate(const SiteView& site, const P& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const CausalPredictor predictor,
                  PredictorOf(site, parameters.split, parameters.forest));
  CLINNOVA_ASSIGN(const std::size_t arms,
                  stats::ArmsOf(site.analysis, site.table.schema, parameters.split.claim));
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows&, ChoiceBatch& batch, ExactSums& mine) {
        const std::vector<CausalRow> asked = AskRows(site.table, predictor, batch);
        AddPolicyArms(batch, arms, NamedBy(predictor, asked, parameters.models.higher_is_better),
                      kCausalArms, mine);
      });
}

/// The claim of whom the forest gives what is everybody's, and no policy tree is told beside the forest, from which it may
/// differ by few.
Result<void> HoldValue(const SiteView& site, const CausalValueParameters& parameters) {
  CLINNOVA_TRY(CausalGuard::Check(site, parameters));
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(site.analysis));
  if (site.minimum_count > 0 && options.evaluation.policy_tree) {
    return Fail(ErrorCode::kRefused, "a causal forest's rule beside a policy tree's",
                "two_policies");
  }
  CLINNOVA_TRY(ValueLayout(site.analysis, site.table.schema, parameters));
  return HoldPolicyArms(site, parameters.given, parameters.split.Everybody(),
                        [&](ExactSums& own) { return ArmEvaluate(site, parameters, own); });
}

Result<void> ValueEvaluate(const SiteView& site, const CausalValueParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const CausalPredictor predictor,
                  PredictorOf(site, parameters.split, parameters.forest));
  CLINNOVA_ASSIGN(const std::size_t arms,
                  stats::ArmsOf(site.analysis, site.table.schema, parameters.split.claim));
  const ChoiceModels& models = parameters.models;
  const TwoPoliciesTold told = PoliciesTold(parameters.given, arms, site.minimum_count);
  return ForEachPredicted(
      site, parameters.split, models, sums,
      [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
        const std::vector<CausalRow> asked = AskRows(site.table, predictor, batch);
        if (told.first) {
          AddJudgedPolicy(rows, batch,
                          {.trim = models.trim,
                           .guideline = parameters.guideline,
                           .folds = Folds(parameters.split),
                           .rule_told = told.second},
                          NamedBy(predictor, asked, models.higher_is_better), mine);
        }
        TakeRows(models, predictor, asked, batch);
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          AddBenefitMoments(batch, r, models.higher_is_better ? 1 : -1, kCausalMoments, mine);
        }
      });
}

Result<Layout> BinLayout(const Analysis& analysis, const table::Schema& schema,
                         const CausalBinParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_TRY(Asked(analysis, schema, parameters.split, parameters.forest.features));
  CLINNOVA_ASSIGN(const federation::BlockSpec bins, BenefitCountBlock(arms, parameters.bins));
  return Layout{{bins}};
}

Retouch RetouchBy(const ChoiceModels& models, const CausalPredictor& predictor) {
  return [&models, &predictor](const ChoiceRows& rows, ChoiceBatch& batch) {
    TakeRows(models, predictor, AskRows(rows.table(), predictor, batch), batch);
  };
}

Result<void> BinEvaluate(const SiteView& site, const CausalBinParameters& parameters,
                         ExactSums& sums) {
  CLINNOVA_ASSIGN(const CausalPredictor predictor,
                  PredictorOf(site, parameters.split, parameters.forest));
  const Retouch retouch = RetouchBy(parameters.models, predictor);
  return ForEachPredicted(site, parameters.split, parameters.models, sums,
                          [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                            retouch(rows, batch);
                            for (std::size_t r = 0; r < batch.rows(); ++r) {
                              if (batch.fold[r] == 0) continue;
                              AddBenefitCounts(parameters.bins, parameters.models, batch, r,
                                               kCausalBins, mine);
                            }
                          });
}

Result<Layout> CausalBenefitLayout(const Analysis& analysis, const table::Schema& schema,
                                   const CausalBenefitParameters& parameters) {
  CLINNOVA_TRY(Asked(analysis, schema, parameters.benefit.split, parameters.forest.features));
  return BenefitLayout(analysis, schema, parameters.benefit);
}

Result<void> CausalBenefitEvaluate(const SiteView& site, const CausalBenefitParameters& parameters,
                                   ExactSums& sums) {
  CLINNOVA_ASSIGN(const CausalPredictor predictor,
                  PredictorOf(site, parameters.benefit.split, parameters.forest));
  return SumBenefit(site, parameters.benefit, RetouchBy(parameters.benefit.models, predictor),
                    sums);
}

}  // namespace

const TreeSteps& CausalTreeSteps() {
  static const TreeSteps kSteps = MakeTreeSteps<CausalRows, CausalTreeGuard>(
      {"choice.causal.describe", "choice.causal.cells", "choice.causal.grow", "choice.causal.sides",
       "choice.causal.evaluate"});
  return kSteps;
}

const federation::TypedStep<CausalLeafParameters> kCausalLeafStep{
    "choice.causal.leaves", LeafLayout, LeafEvaluate, CausalTreeGuard{}};
const federation::TypedStep<CausalLeafParameters> kCausalSumStep{
    "choice.causal.sums", LeafSumLayout, LeafSumEvaluate, CausalTreeGuard{}};
const federation::TypedStep<CausalArmParameters> kCausalArmStep{
    "choice.causal.arms", ArmLayout, ArmEvaluate<CausalArmParameters>, CausalGuard{}};
const federation::TypedStep<CausalValueParameters> kCausalValueStep{
    "choice.causal.values", ValueLayout, ValueEvaluate,
    federation::Guard<CausalValueParameters>{CausalGuard::Rules(), HoldValue}};
const federation::TypedStep<CausalBinParameters> kCausalBinStep{"choice.causal.bins", BinLayout,
                                                                BinEvaluate, CausalGuard{}};
const federation::TypedStep<CausalBenefitParameters> kCausalBenefitStep{
    "choice.causal.benefit", CausalBenefitLayout, CausalBenefitEvaluate, CausalGuard{}};

std::vector<const federation::Step*> CausalStepList() {
  return {CausalTreeSteps().grow, CausalTreeSteps().sides, &kCausalLeafStep, &kCausalSumStep,
          &kCausalArmStep,        &kCausalValueStep,       &kCausalBinStep,  &kCausalBenefitStep};
}

}  // namespace clinnova::learn
