// SPDX-License-Identifier: Apache-2.0
// Grows trees side by side, level by level: the coordinator's loop over grow and sides rounds that boosted trees and
// random forests share.
//
//   TreeGrowth growth(federation, problem, claim, settings);
//   CLINNOVA_ASSIGN(std::vector<Tree> trees, growth.Grow({{.run = 0, .number = 7}}));
//
// All trees and all nodes of a level are in one round (in several, where the numbers of one would be too many). Where a
// node is divided and all features are summed, only the smaller child is asked for: the other is its parent less it.
// Where disclosure rules hold, a second, tiny round asks which of the best splits of each node have persons of two sites
// or more on each side; the best of those is taken.
#pragma once

#include <vector>

#include "federation/federation.h"
#include "learn/node_splits.h"
#include "learn/tree_steps.h"

namespace clinnova::learn {

/// Where trees are grown: an analysis, the method's steps, and how many rows there are.
struct TreeProblem {
  const federation::Analysis* analysis = nullptr;  // not owned
  TreeSteps steps;
  core::Bytes source;             ///< for the method's RowsFunction
  std::vector<Feature> features;  ///< without cuts until FindFeatures has been there
  std::int64_t rows = 0;          ///< complete cases of all sites
};

struct GrowthSettings {
  SplitRules rules;
  std::int64_t depth = 6;
  double colsample_bytree = 1;         ///< share of the features of each tree
  std::int64_t features_per_node = 0;  ///< drawn for each node anew; 0 = all of the tree's
  double learning_rate = 1;
};

class TreeGrowth {
 public:
  /// All are not owned and outlive this. The claim's runs may grow between calls.
  TreeGrowth(federation::Federation& federation, const TreeProblem& problem, const TreeClaim& claim,
             const GrowthSettings& settings);

  struct Start {
    std::uint64_t run = 0;
    std::uint64_t number = 0;
    std::int64_t persons = 0;  ///< rows of the run
  };
  /// Grown trees, in the order of `starts`.
  Result<std::vector<Tree>> Grow(const std::vector<Start>& starts);

  /// The exponents of slopes and curvatures: guesses at first, as large as was needed afterwards.
  void Guess(std::int64_t slope_exponent, std::int64_t curvature_exponent);

 private:
  struct Node {
    std::size_t tree = 0;
    std::size_t node = 0;
    std::vector<std::uint32_t> features{};
    bool derived = false;     ///< its sums are its parent's less its sibling's
    std::size_t sibling = 0;  ///< index in the level, where derived
    NodeHistogram parent{};   ///< where derived
    NodeHistogram histogram{};
    NodeSums total{};
  };
  struct Growing {
    Start start;
    Tree tree;
    std::vector<std::uint32_t> features;
  };

  bool all_features() const { return settings_.features_per_node == 0; }
  std::vector<std::uint32_t> FeaturesOf(const Growing& growing) const;
  std::vector<std::uint32_t> FeaturesOf(const Growing& growing, std::size_t node) const;
  bool Divisible(const NodeSums& total) const;
  NodeHistogram Shape(const std::vector<std::uint32_t>& features) const;
  GrowingTree Asked(const Growing& growing) const;

  Result<void> SumLevel(std::vector<Node>& level);
  Result<void> SumChunk(std::vector<Node>& level, std::size_t first, std::size_t last);
  Result<std::vector<const SplitCandidate*>> Choose(
      const std::vector<Node>& level, const std::vector<std::vector<SplitCandidate>>& candidates);
  std::vector<Node> Divide(std::vector<Node> level,
                           const std::vector<const SplitCandidate*>& chosen);
  void AddChildren(Node& parent, const SplitCandidate& chosen, std::vector<Node>& next);
  void Finish();

  federation::Federation& federation_;
  const TreeProblem& problem_;
  const TreeClaim& claim_;
  const GrowthSettings& settings_;
  SplitRules rules_;
  std::int64_t slope_exponent_ = 0;
  std::int64_t curvature_exponent_ = 0;
  NodeUnits units_;
  std::vector<Growing> growing_;
};

}  // namespace clinnova::learn
