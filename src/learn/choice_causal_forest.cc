// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_causal_forest.h"

#include <algorithm>
#include <cmath>

#include "learn/choice_inputs.h"

namespace clinnova::learn {

std::int64_t TreesPerPair(const CausalForestOptions& options, std::size_t folds) {
  const auto pairs = static_cast<std::int64_t>(FoldPairs(folds));
  return (options.trees + pairs - 1) / pairs;
}

Result<std::vector<Feature>> CausalFeatures(const federation::Analysis& analysis,
                                            const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs, InputsOf(analysis, schema));
  std::vector<Feature> features;
  for (const ChoiceInput& input : inputs) {
    if (input.name == "site") continue;
    if (input.factor && (input.levels.empty() || input.levels.size() > kMostBins)) {
      return analysis.Wrong("covariates", input.name + " has " +
                                              std::to_string(input.levels.size()) +
                                              " levels, expected 1 to " +
                                              std::to_string(kMostBins) + " for causal_forest");
    }
    features.push_back(
        {.name = input.name, .column = input.column, .levels = input.levels.size(), .cuts = {}});
  }
  if (features.empty()) {
    return analysis.Wrong("covariates",
                          "found none but site, expected a column that causal_forest may ask");
  }
  return features;
}

CausalResidual ResidualOf(const ChoiceBatch& batch, std::size_t row, std::size_t a, std::size_t b,
                          double trim) {
  const double first = std::max(batch.propensity[a][row], trim);
  const double second = std::max(batch.propensity[b][row], trim);
  const double chance = first / (first + second);
  const double mean = chance * batch.predicted[a][row] + (1 - chance) * batch.predicted[b][row];
  const bool received = static_cast<std::size_t>(batch.arm()[row]) == a;
  return {.treatment = (received ? 1 : 0) - chance, .outcome = batch.y()[row] - mean};
}

// --- The forest --------------------------------------------------------------------------------------

Result<CausalPredictor> CausalPredictor::Create(const CausalForest& forest, std::size_t folds,
                                                std::size_t arms) {
  CausalPredictor made;
  made.features_ = forest.features;
  made.folds_ = folds;
  made.arms_ = arms;
  const std::size_t sets = Contrasts(arms) * FoldPairs(folds);
  if (sets == 0 || forest.trees.empty() || forest.trees.size() % sets != 0) {
    return Fail(ErrorCode::kRefused, "trees that do not fit the arms and folds", "wrong_layout");
  }
  made.per_pair_ = forest.trees.size() / sets;
  for (const CausalTree& packed : forest.trees) {
    CLINNOVA_ASSIGN(Tree tree, UnpackTree(packed.nodes, forest.features));
    Asked asked{.tree = std::move(tree), .weights = {}};
    asked.weights.resize(asked.tree.size());
    std::size_t leaf = 0;
    bool fits = true;
    ForEachLeafOf(asked.tree, [&](std::size_t n) {
      fits = fits && leaf < packed.weights.size() && packed.weights[leaf] >= 0 &&
             std::isfinite(packed.weights[leaf]);
      asked.weights[n] = fits ? packed.weights[leaf] : 0;
      ++leaf;
    });
    if (!fits || leaf != packed.weights.size()) {
      return Fail(ErrorCode::kRefused, "leaves that have no weights", "wrong_layout");
    }
    made.trees_.push_back(std::move(asked));
  }
  return made;
}

CausalRow CausalPredictor::Ask(std::span<const std::uint8_t> bins, std::size_t fold) const {
  CausalRow row{.effect = std::vector<double>(Contrasts(arms_) * folds_),
                .weight = std::vector<double>(Contrasts(arms_) * folds_)};
  for (std::size_t c = 0; c < Contrasts(arms_); ++c) {
    for (std::size_t other = 0; other < folds_; ++other) {
      if (other == fold) continue;
      const std::size_t first = (c * FoldPairs(folds_) + PairOf(folds_, fold, other)) * per_pair_;
      for (std::size_t t = first; t < first + per_pair_; ++t) {
        const std::size_t leaf = LeafOf(trees_[t].tree, features_, bins.data());
        row.effect[c * folds_ + other] += trees_[t].tree[leaf].value;
        row.weight[c * folds_ + other] += trees_[t].weights[leaf];
      }
    }
  }
  return row;
}

std::vector<double> CausalPredictor::Advantages(const CausalRow& row, std::size_t fold,
                                                std::size_t other) const {
  std::vector<double> advantages(arms_);
  ForEachContrast(arms_, [&](std::size_t contrast, std::size_t a, std::size_t b) {
    double effect = 0;
    double weight = 0;
    for (std::size_t g = 0; g < folds_; ++g) {
      if (g == fold || (other != fold && g != other)) continue;
      effect += row.effect[contrast * folds_ + g];
      weight += row.weight[contrast * folds_ + g];
    }
    const double difference = weight > 0 ? effect / weight / static_cast<double>(arms_) : 0;
    advantages[a] += difference;
    advantages[b] -= difference;
  });
  return advantages;
}

std::size_t CausalPredictor::BestOf(const std::vector<double>& advantages, bool higher_is_better) {
  std::size_t best = 0;
  for (std::size_t a = 1; a < advantages.size(); ++a) {
    const bool better =
        higher_is_better ? advantages[a] > advantages[best] : advantages[a] < advantages[best];
    if (better) best = a;
  }
  return best;
}

void CausalPredictor::ForEachLeaf(const std::function<void(const TreeNode&)>& work) const {
  for (const Asked& asked : trees_) {
    ForEachLeafOf(asked.tree, [&](std::size_t n) { work(asked.tree[n]); });
  }
}

void TakeCausal(const ChoiceModels& models, const std::vector<double>& advantages,
                ChoiceBatch& batch, std::size_t row) {
  double mean = 0;
  for (std::size_t a = 0; a < advantages.size(); ++a) {
    mean += batch.propensity[a][row] * (batch.predicted[a][row] - advantages[a]);
  }
  for (std::size_t a = 0; a < advantages.size(); ++a) {
    batch.predicted[a][row] = mean + advantages[a];
  }
  batch.chosen[row] =
      static_cast<std::int32_t>(CausalPredictor::BestOf(advantages, models.higher_is_better));
}

// --- Leaves that are filled --------------------------------------------------------------------------

Tree Pruned(const Tree& tree, const LeafPersons& counted,
            const std::function<bool(std::int64_t persons, std::int64_t sites)>& shown) {
  Tree whole = tree;
  std::size_t leaf = 0;
  ForEachLeafOf(tree, [&](std::size_t n) {
    whole[n].persons = counted.persons[leaf];
    whole[n].sites = counted.sites[leaf++];
  });
  for (std::size_t n = whole.size(); n-- > 0;) {
    TreeNode& node = whole[n];
    if (node.leaf) continue;
    const TreeNode& left = whole[node.left];
    const TreeNode& right = whole[node.right()];
    node.persons = left.persons + right.persons;
    node.sites = std::max(left.sites, right.sites);
    const auto short_of = [&](const TreeNode& side) {
      return side.leaf && !shown(side.persons, side.sites);
    };
    if (!short_of(left) && !short_of(right)) continue;
    node.leaf = true;
    node.split = {};
  }
  Tree made;
  std::vector<std::size_t> from = {0};
  for (std::size_t i = 0; i < from.size(); ++i) {
    TreeNode node = whole[from[i]];
    if (!node.leaf) {
      const std::size_t left = node.left;
      node.left = static_cast<std::uint32_t>(from.size());
      from.push_back(left);
      from.push_back(left + 1);
    } else {
      node.gain = 0;
    }
    made.push_back(std::move(node));
  }
  return made;
}

}  // namespace clinnova::learn
