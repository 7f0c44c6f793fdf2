// SPDX-License-Identifier: Apache-2.0
// Boosted trees that say what outcome to expect under every arm: the `boosted_trees` learner of a treatment choice.
//
// The linear predictor of arm a is alpha_a + f(x, a): the arm's mean in the training rows, and a sum of trees that may
// ask for the arm like for any other column. Trees that do not ask serve all arms, so that few patients make few
// differences, as the elastic net's data-shared form has it (choice_learning.h).
//
//   CLINNOVA_ASSIGN(const ChoiceForest forest, ChoiceForest::Create(state, features, arm_codes));
//   BinRow(table, row, features, bins);
//   forest.Predictor(bins, features, arm);        // alpha_a + f(x, a)
//
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "federation/analysis.h"
#include "learn/choice_inputs.h"
#include "learn/tree.h"
#include "table/table.h"

namespace clinnova::learn {

/// An outcome model as it travels.
struct ChoiceTrees {
  std::vector<double> arm_base{};    ///< alpha, by arm
  std::vector<core::Bytes> trees{};  ///< PackTree

  template <class A>
  void Fields(A& a) {
    a(arm_base);
    a(trees);
  }
};

/// The columns that trees split: those of the covariates, and the treatment as the last. kInvalidInput where the
/// treatment is a number, or a factor has more levels than trees can tell apart.
Result<std::vector<Feature>> ChoiceFeatures(const federation::Analysis& analysis,
                                            const table::Schema& schema);

/// The levels of the treatment's column that the arms are, by arm. kRefused where an arm is none of them.
Result<std::vector<std::uint8_t>> ArmCodes(const std::vector<std::string>& arms,
                                           const table::Schema& schema, const Feature& treatment);

/// An outcome model that can be asked. Thread rule: a value; asking is const.
class ChoiceForest {
 public:
  /// kRefused ("wrong_layout") for trees that do not fit the features, or a base that is not finite or not for each arm.
  static Result<ChoiceForest> Create(const ChoiceTrees& state, const std::vector<Feature>& features,
                                     const std::vector<std::uint8_t>& arm_codes);

  /// Linear predictor for a row whose bins are `bins`; the treatment's own bin is written over.
  double Predictor(std::span<std::uint8_t> bins, const std::vector<Feature>& features,
                   std::size_t arm) const;
  /// What each further tree adds, for the arm `arm`: calls add(value) tree by tree.
  template <typename Add>
  void ForEachTree(std::span<std::uint8_t> bins, const std::vector<Feature>& features,
                   std::size_t arm, Add add) const {
    bins.back() = arm_codes_[arm];
    for (const Tree& tree : trees_) add(tree[LeafOf(tree, features, bins.data())].value);
  }
  double base(std::size_t arm) const { return arm_base_[arm]; }

  /// The trees as they are for one arm: questions for the arm answered.
  std::vector<Tree> TreesOf(std::size_t arm, const std::vector<Feature>& features) const;

 private:
  std::vector<double> arm_base_{};
  std::vector<std::uint8_t> arm_codes_{};
  std::vector<Tree> trees_{};
};

/// A row's bins, feature by feature.
void BinRow(const table::Table& table, std::size_t row, const std::vector<Feature>& features,
            std::span<std::uint8_t> bins);

}  // namespace clinnova::learn
