// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_causal_judgement.h"

#include <algorithm>
#include <cmath>

#include "learn/choice_causal_steps.h"
#include "learn/choice_disclosure.h"
#include "learn/choice_policy_cells.h"
#include "learn/tree_growth.h"
#include "stats/model_frame.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

namespace {

/// Of a node's sum of (A - e)^2, on each side of a split: grf's `alpha`, of splits that it calls stabilized.
constexpr double kLeastShare = 0.05;

class GrowingForest {
 public:
  GrowingForest(Federation& federation, const Analysis& analysis, const PolicyQuestion& question,
                std::vector<Feature> features)
      : federation_(federation),
        analysis_(analysis),
        question_(question),
        folds_(static_cast<std::size_t>(question.split.folds)) {
    told_.features = std::move(features);
    told_.trees_per_pair = TreesPerPair(question.options.causal_forest, folds_);
    told_.least = std::max<std::int64_t>(kLeastPersons, federation.minimum_count());
    const auto columns = static_cast<std::int64_t>(told_.features.size());
    const auto usual =
        static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(columns)))) + 20;
    const std::int64_t asked = question.options.causal_forest.columns;
    told_.columns_per_node = std::min(columns, asked > 0 ? asked : usual);
  }

  Result<CausalForestJudgement> Run() {
    CLINNOVA_TRY(Grow());
    CLINNOVA_TRY(Prune());
    if (told_.none.empty()) CLINNOVA_TRY(Fill());
    if (told_.none.empty()) CLINNOVA_TRY(Judge());
    return std::move(told_);
  }

 private:
  /// Persons with one of two arms outside of two folds.
  std::int64_t PersonsOf(std::size_t a, std::size_t b, const RunScope& scope) const {
    std::int64_t persons = 0;
    for (std::size_t f = 0; f < folds_; ++f) {
      const auto fold = static_cast<std::int64_t>(f + 1);
      if (fold == scope.without_fold || fold == scope.nor_fold) continue;
      persons +=
          question_.split.Cell(question_.arms, f, a) + question_.split.Cell(question_.arms, f, b);
    }
    return persons;
  }

  Result<void> MakeClaim() {
    CLINNOVA_ASSIGN(const std::int64_t seed, analysis_.Integer("seed", 1));
    claim_.source =
        core::Encode(CausalSource{.split = question_.split, .models = question_.models});
    claim_.features = told_.features;
    claim_.half = TreeHalf::kGrowing;
    claim_.seed = static_cast<std::uint64_t>(seed);
    ForEachContrast(question_.arms, [&](std::size_t contrast, std::size_t a, std::size_t b) {
      for (std::size_t f = 0; f < folds_; ++f) {
        for (std::size_t g = f + 1; g < folds_; ++g) AddRun(contrast, a, b, f, g);
      }
    });
    return {};
  }

  /// Trees without folds f and g, whose halves are drawn alike for every two arms.
  void AddRun(std::size_t contrast, std::size_t a, std::size_t b, std::size_t f, std::size_t g) {
    const RunScope scope{.without_fold = static_cast<std::int64_t>(f + 1),
                         .nor_fold = static_cast<std::int64_t>(g + 1),
                         .only_stratum = static_cast<std::int64_t>(contrast)};
    const std::uint64_t first = PairOf(folds_, f, g) * PerPair();
    for (std::uint64_t t = 0; t < PerPair(); ++t) {
      starts_.push_back(
          {.run = claim_.runs.size(), .number = first + t, .persons = PersonsOf(a, b, scope)});
    }
    claim_.runs.push_back({.scope = scope, .trees = {}});
  }
  std::uint64_t PerPair() const { return static_cast<std::uint64_t>(told_.trees_per_pair); }

  Result<void> Grow() {
    CLINNOVA_TRY(MakeClaim());
    GrowthSettings settings{.rules = {.lambda = 0,
                                      .min_child_weight = 0,
                                      .min_rows = kGrowingPersons,
                                      .criterion = SplitCriterion::kEffects,
                                      .min_curvature_share = kLeastShare},
                            .depth = question_.options.causal_forest.depth,
                            .learning_rate = 1};
    const auto columns = static_cast<std::int64_t>(told_.features.size());
    settings.features_per_node = told_.columns_per_node < columns ? told_.columns_per_node : 0;
    const TreeProblem problem{.analysis = &analysis_,
                              .steps = CausalTreeSteps(),
                              .source = claim_.source,
                              .features = told_.features,
                              .rows = question_.split.Everybody()};
    TreeGrowth growth(federation_, problem, claim_, settings);
    // |A - e| <= 1, and outcomes are about as large as scores before their weights.
    growth.Guess(question_.score_exponent - stats::ExponentOf(1 + 2 / question_.models.trim) + 1,
                 0);
    CLINNOVA_ASSIGN(grown_, growth.Grow(starts_));
    return {};
  }

  CausalLeafParameters Leaves() const {
    CausalLeafParameters parameters{.claim = claim_, .trees = {}};
    parameters.claim.half = TreeHalf::kFilling;
    for (std::size_t t = 0; t < grown_.size(); ++t) {
      parameters.trees.push_back({.run = starts_[t].run,
                                  .number = starts_[t].number,
                                  .nodes = PackTree(grown_[t]),
                                  .wanted = {}});
    }
    return parameters;
  }

  Result<void> Prune() {
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kCausalLeafStep, Leaves()));
    const auto shown = [&](std::int64_t persons, std::int64_t sites) {
      return persons >= told_.least &&
             (federation_.minimum_count() == 0 ||
              !federation::TooFewSites(sites, federation_.schema(), federation_.limits()));
    };
    std::size_t leaf = 0;
    for (Tree& tree : grown_) {
      LeafPersons counted;
      ForEachLeafOf(tree, [&](std::size_t) {
        counted.persons.push_back(sums.Count(kLeafPersons, leaf));
        counted.sites.push_back(sums.Count(kLeafSites, leaf++));
      });
      tree = Pruned(tree, counted, shown);
      if (!shown(tree.front().persons, tree.front().sites)) {
        told_.none =
            "fewer than " + std::to_string(told_.least) +
            " persons of two drugs, or of too few sites, for half a tree without two folds";
      }
    }
    return {};
  }

  Result<void> Fill() {
    CausalLeafParameters parameters = Leaves();
    for (const Tree& tree : grown_) {
      ForEachLeafOf(tree, [&](std::size_t n) {
        parameters.persons.push_back(tree[n].persons);
        parameters.sites.push_back(tree[n].sites);
      });
    }
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kCausalSumStep, parameters));
    forest_.features = told_.features;
    std::size_t leaf = 0;
    for (std::size_t t = 0; t < grown_.size(); ++t) {
      CausalTree filled;
      Tree tree = grown_[t];
      ForEachLeafOf(grown_[t], [&](std::size_t n) {
        const auto persons = static_cast<double>(tree[n].persons);
        tree[n].value = sums.Number(kLeafSums, 2 * leaf) / persons;
        filled.weights.push_back(sums.Number(kLeafSums, 2 * leaf + 1) / persons);
        ++leaf;
      });
      filled.nodes = PackTree(tree);
      forest_.trees.push_back(std::move(filled));
    }
    const std::size_t per_contrast = grown_.size() / Contrasts(question_.arms);
    for (std::size_t t = 0; t < grown_.size(); ++t) {
      if (t % per_contrast == 0) told_.trees.emplace_back();
      told_.trees.back().push_back(std::move(grown_[t]));
    }
    return {};
  }

  Result<void> Judge() {
    const CausalArmParameters arms{
        .split = question_.split, .models = question_.models, .forest = forest_};
    CLINNOVA_ASSIGN(const PooledSums counted, federation_.Sum(analysis_, kCausalArmStep, arms));
    const std::vector<std::int64_t> given = counted.Counts(kCausalArms);
    const CausalValueParameters values{.split = question_.split,
                                       .models = question_.models,
                                       .forest = forest_,
                                       .given = given,
                                       .guideline = question_.guideline,
                                       .column_exponent = question_.column_exponent,
                                       .score_exponent = question_.score_exponent};
    CLINNOVA_ASSIGN(const PooledSums judged, federation_.Sum(analysis_, kCausalValueStep, values));
    told_.judged = JudgedPolicyFrom(judged, 0);
    told_.judged.recommended = RowTotals(given, question_.arms);
    told_.judged.told = PoliciesTold(given, question_.arms, federation_.minimum_count()).first;
    const ChoiceBinQuestion bins =
        BinsAround(judged.Numbers(kCausalMoments), question_.split.Everybody());
    const CausalBinParameters counting{
        .split = question_.split, .models = question_.models, .forest = forest_, .bins = bins};
    CLINNOVA_ASSIGN(const PooledSums counts, federation_.Sum(analysis_, kCausalBinStep, counting));
    CausalBenefitParameters asking{.benefit = {.split = question_.split,
                                               .models = question_.models,
                                               .bins = bins,
                                               .counts = counts.Counts(kCausalBins)},
                                   .forest = forest_};
    JoinBins(asking.benefit, question_.arms, federation_.minimum_count());
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kCausalBenefitStep, asking));
    told_.benefit = BenefitOf(sums, asking.benefit, question_.arms);
    return {};
  }

  Federation& federation_;          // not owned, outlives this
  const Analysis& analysis_;        // not owned, outlives this
  const PolicyQuestion& question_;  // not owned, outlives this
  std::size_t folds_;
  TreeClaim claim_{};
  std::vector<TreeGrowth::Start> starts_{};
  std::vector<Tree> grown_{};  ///< as starts_
  CausalForest forest_{};
  CausalForestJudgement told_{};
};

}  // namespace

Result<void> CheckCausalForest(const Analysis& analysis, const ChoiceOptions& options,
                               std::size_t arms, int minimum_count) {
  if (minimum_count > 0 && options.evaluation.policy_tree) {
    return analysis.Wrong("evaluation",
                          "found policy_tree and causal_forest, expected one of them where "
                          "disclosure rules hold: their rules may differ by a few persons, whose "
                          "outcomes would follow");
  }
  const auto folds = static_cast<std::size_t>(options.folds);
  const auto trees = static_cast<std::size_t>(TreesPerPair(options.causal_forest, folds)) *
                     FoldPairs(folds) * Contrasts(arms);
  const std::size_t numbers = (trees << options.causal_forest.depth) * 2;
  if (numbers <= kMostPolicyNumbers) return {};
  return analysis.Wrong(
      "causal_forest_trees",
      "found " + std::to_string(options.causal_forest.trees) + ", of which, with depth " +
          std::to_string(options.causal_forest.depth) + " and " + std::to_string(arms) +
          " arms, each site would send up to " + std::to_string(numbers) +
          " numbers, expected at most " + std::to_string(kMostPolicyNumbers) +
          ": ask for fewer trees or less causal_forest_depth");
}

Result<CausalForestJudgement> GrowCausalForest(Federation& federation, const Analysis& analysis,
                                               const PolicyQuestion& question) {
  CLINNOVA_ASSIGN(std::vector<Feature> features, CausalFeatures(analysis, federation.schema()));
  for (Feature& feature : features) {
    if (feature.factor()) continue;
    const auto input = std::ranges::find(question.inputs, feature.name, &PolicyInput::name);
    feature.cuts = CutsOfHistogram(input->histogram, input->center, input->scale,
                                   question.options.causal_forest.bins);
  }
  return GrowingForest(federation, analysis, question, std::move(features)).Run();
}

}  // namespace clinnova::learn
