// SPDX-License-Identifier: Apache-2.0
// A causal forest over the arms of a treatment choice: effects of every two arms that need no model of how an effect depends
// on the covariates.
//
// Of arms a and b, among those who received one of them, with e = e_a / (e_a + e_b) and m = e q_a + (1 - e) q_b of models
// that did not see the person's fold (each e_a at least `trim`): a person's residuals are A - e, A = 1 with a, and y - m (an
// R-learner: X. Nie, S. Wager, Biometrika 108, 2021). A tree is grown on one half of the persons, by where effects differ
// (node_splits.h), and its leaves are filled with the other half's means of (A - e) (y - m) and of (A - e)^2: no person
// says both where to divide and what the effect there is (honest: S. Wager, S. Athey, J. Am. Stat. Assoc. 113, 2018). The
// effect for a patient is the ratio of the two, each averaged over the trees' leaves that the patient falls into: the
// forest's weights of S. Athey, J. Tibshirani, S. Wager, Ann. Stat. 47, 2019.
//
// Every tree is without two folds, as many trees without every two. What the trees without fold k say together has not seen
// that fold; what those without k and l say has not seen either; and no tree is grown for that alone.
//
// Effects of every two of three arms or more need not agree. What is told is d_ab = s_a - s_b with s_a = the mean over all arms c of the effect
// of a over c (0 over itself): the arms' scores that fit the effects with the least squares. The forest's rule is the arm
// with the best s.
//
//   CLINNOVA_ASSIGN(const CausalPredictor predictor, CausalPredictor::Create(forest, folds, arms));
//   const CausalRow row = predictor.Ask(bins, fold);
//   predictor.Advantages(row, fold, fold);           // s, by arm, of trees without the fold
//
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/archive.h"
#include "federation/analysis.h"
#include "learn/choice_options.h"
#include "learn/choice_rows.h"
#include "learn/choice_steps.h"
#include "learn/tree.h"

namespace clinnova::learn {

/// Persons on each side of a split in the half that it is found in: twice what a leaf must have of the other half, which
/// is as many on average, so that few leaves fall short.
inline constexpr std::int64_t kGrowingPersons = 20;

inline std::size_t FoldPairs(std::size_t folds) { return folds * (folds - 1) / 2; }
/// The number of two different folds (from 0 on) among all.
inline std::size_t PairOf(std::size_t folds, std::size_t f, std::size_t g) {
  return SetWithout(folds, f, g) - 1 - folds;
}
/// Trees without every two folds, of every two arms.
std::int64_t TreesPerPair(const CausalForestOptions& options, std::size_t folds);

/// The columns that trees may ask, without cuts: those that the covariates name, but for `site`. kInvalidInput where none is
/// left, or a factor has more levels than trees can tell apart.
Result<std::vector<Feature>> CausalFeatures(const federation::Analysis& analysis,
                                            const table::Schema& schema);

/// A tree as it travels.
struct CausalTree {
  core::Bytes nodes{};            ///< PackTree: a leaf's value is its mean of (A - e) (y - m)
  std::vector<double> weights{};  ///< by leaf, in the order of the nodes: its mean of (A - e)^2
  template <class A>
  void Fields(A& a) {
    a(nodes);
    a(weights);
  }
};

struct CausalForest {
  std::vector<Feature> features{};  ///< with cuts
  std::vector<CausalTree> trees{};  ///< by every two arms, every two folds left out, and number
  template <class A>
  void Fields(A& a) {
    a(features);
    a(trees);
  }
};

/// A person's residuals of arms a and b, one of which the person received.
struct CausalResidual {
  double treatment = 0;
  double outcome = 0;
};
CausalResidual ResidualOf(const ChoiceBatch& batch, std::size_t row, std::size_t a, std::size_t b,
                          double trim);

/// What the trees without a row's fold and each other fold say, by every two arms.
struct CausalRow {
  std::vector<double>
      effect{};  ///< sums over trees of the leaves' values, by contrast and other fold
  std::vector<double> weight{};  ///< likewise, of their weights
};

/// A forest that can be asked. Thread rule: a value; asking is const.
class CausalPredictor {
 public:
  /// kRefused ("wrong_layout") for trees that do not fit features, folds and arms, or weights that are none.
  static Result<CausalPredictor> Create(const CausalForest& forest, std::size_t folds,
                                        std::size_t arms);

  /// Of a row in fold `fold` (from 0 on) with these bins.
  CausalRow Ask(std::span<const std::uint8_t> bins, std::size_t fold) const;
  /// By arm, s: how much more of the outcome is to be expected than on average over the arms, by the trees without the row's
  /// fold and `other`, which may be the same.
  std::vector<double> Advantages(const CausalRow& row, std::size_t fold, std::size_t other) const;
  /// The arm with the best s, the first of equal ones.
  static std::size_t BestOf(const std::vector<double>& advantages, bool higher_is_better);

  const std::vector<Feature>& features() const { return features_; }
  /// Calls work(leaf) for every leaf of every tree.
  void ForEachLeaf(const std::function<void(const TreeNode&)>& work) const;

 private:
  struct Asked {
    Tree tree;
    std::vector<double> weights;  ///< by node
  };
  std::vector<Feature> features_{};
  std::vector<Asked> trees_{};
  std::size_t folds_ = 0;
  std::size_t arms_ = 0;
  std::size_t per_pair_ = 0;
};

/// Puts the forest's expectations in place of the outcome models' in a predicted row: m + s_a - sum of e_b s_b, m the sum of
/// e_b q_b, so that what is expected of current practice stays; and its rule's arm in place of the other's.
void TakeCausal(const ChoiceModels& models, const std::vector<double>& advantages,
                ChoiceBatch& batch, std::size_t row);

/// Persons of the filling half in each leaf of a tree, in the order of its nodes, and at how many sites there are any.
struct LeafPersons {
  std::vector<std::int64_t> persons{};
  std::vector<std::int64_t> sites{};
};
/// The tree without splits below which `shown` does not hold of a leaf, its nodes with the filling half's persons; of a node
/// whose leaves are joined, the sites of the leaf that has most.
Tree Pruned(const Tree& tree, const LeafPersons& counted,
            const std::function<bool(std::int64_t persons, std::int64_t sites)>& shown);

/// Calls work(node) for the number of every leaf, rising.
template <typename Work>
void ForEachLeafOf(const Tree& tree, Work work) {
  for (std::size_t n = 0; n < tree.size(); ++n) {
    if (tree[n].leaf) work(n);
  }
}

}  // namespace clinnova::learn
