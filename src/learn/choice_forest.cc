// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_forest.h"

#include <algorithm>
#include <cmath>

namespace clinnova::learn {

using federation::Analysis;

Result<std::vector<Feature>> ChoiceFeatures(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs, InputsOf(analysis, schema));
  CLINNOVA_ASSIGN(const std::string treatment, analysis.Text("treatment"));
  std::vector<Feature> features;
  for (const ChoiceInput& input : inputs) {
    if (input.levels.size() > kMostBins) {
      return analysis.Wrong("covariates", input.name + " has " +
                                              std::to_string(input.levels.size()) +
                                              " levels, expected at most " +
                                              std::to_string(kMostBins) + " for boosted_trees");
    }
    features.push_back(
        {.name = input.name, .column = input.column, .levels = input.levels.size(), .cuts = {}});
  }
  const auto column = schema.Find(treatment);
  if (!column || schema.columns[*column].kind != table::ColumnKind::kFactor) {
    return analysis.Wrong("treatment", "found \"" + treatment +
                                           "\", expected a factor for learner = "
                                           "\"boosted_trees\"");
  }
  features.push_back({.name = treatment,
                      .column = *column,
                      .levels = schema.columns[*column].levels.size(),
                      .cuts = {}});
  return features;
}

Result<std::vector<std::uint8_t>> ArmCodes(const std::vector<std::string>& arms,
                                           const table::Schema& schema, const Feature& treatment) {
  const std::vector<std::string>& levels = schema.columns[treatment.column].levels;
  std::vector<std::uint8_t> codes;
  for (const std::string& arm : arms) {
    const auto found = std::ranges::find(levels, arm);
    if (found == levels.end() || levels.size() > kMostBins) {
      return Fail(ErrorCode::kRefused, "an arm that is no level of the treatment", "wrong_layout");
    }
    codes.push_back(static_cast<std::uint8_t>(found - levels.begin()));
  }
  return codes;
}

Result<ChoiceForest> ChoiceForest::Create(const ChoiceTrees& state,
                                          const std::vector<Feature>& features,
                                          const std::vector<std::uint8_t>& arm_codes) {
  ChoiceForest forest;
  forest.arm_base_ = state.arm_base;
  forest.arm_codes_ = arm_codes;
  const bool finite =
      std::ranges::all_of(state.arm_base, [](double base) { return std::isfinite(base); });
  if (!finite || state.arm_base.size() != arm_codes.size() || features.empty()) {
    return Fail(ErrorCode::kRefused, "trees that do not fit the arms", "wrong_layout");
  }
  for (const core::Bytes& bytes : state.trees) {
    CLINNOVA_ASSIGN(Tree tree, UnpackTree(bytes, features));
    forest.trees_.push_back(std::move(tree));
  }
  return forest;
}

double ChoiceForest::Predictor(std::span<std::uint8_t> bins, const std::vector<Feature>& features,
                               std::size_t arm) const {
  double sum = arm_base_[arm];
  ForEachTree(bins, features, arm, [&](double value) { sum += value; });
  return sum;
}

namespace {

/// The first node at or below `at` that does not ask for the arm.
std::size_t BehindArm(const Tree& tree, std::size_t at, std::size_t arm_feature,
                      std::uint8_t code) {
  while (!tree[at].leaf && static_cast<std::size_t>(tree[at].split.feature) == arm_feature) {
    at = tree[at].split.left_levels[code] != 0 ? tree[at].left : tree[at].right();
  }
  return at;
}

Tree TreeOf(const Tree& tree, std::size_t arm_feature, std::uint8_t code) {
  Tree made;
  std::vector<std::size_t> from = {BehindArm(tree, 0, arm_feature, code)};
  for (std::size_t i = 0; i < from.size(); ++i) {
    TreeNode node = tree[from[i]];
    if (!node.leaf) {
      const std::size_t left = node.left;
      node.left = static_cast<std::uint32_t>(from.size());
      from.push_back(BehindArm(tree, left, arm_feature, code));
      from.push_back(BehindArm(tree, left + 1, arm_feature, code));
    }
    made.push_back(std::move(node));
  }
  return made;
}

}  // namespace

std::vector<Tree> ChoiceForest::TreesOf(std::size_t arm,
                                        const std::vector<Feature>& features) const {
  std::vector<Tree> trees;
  for (const Tree& tree : trees_) {
    trees.push_back(TreeOf(tree, features.size() - 1, arm_codes_[arm]));
  }
  return trees;
}

void BinRow(const table::Table& table, std::size_t row, const std::vector<Feature>& features,
            std::span<std::uint8_t> bins) {
  for (std::size_t f = 0; f < features.size(); ++f) {
    bins[f] = BinAt(table.column(features[f].column), row, features[f]);
  }
}

}  // namespace clinnova::learn
