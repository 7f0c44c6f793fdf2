// SPDX-License-Identifier: Apache-2.0
// The best split of a node from its pooled sums by feature and bin. Pure functions of whole numbers: the same sums give
// the same tree on every machine.
//
// With G the sum of the slopes and H that of the curvatures of a node's rows, a leaf's value is -T(G) / (H + lambda), T
// shrinking G by alpha, and a split gains T(G_L)^2 / (H_L + lambda) + T(G_R)^2 / (H_R + lambda) - T(G)^2 / (H + lambda),
// without the factor 1/2, as xgboost reports it and compares it with gamma.
// What is missing is tried on both sides. Factors of fewer than max_cat_to_onehot levels: one level against the others;
// of more: levels in the order of their leaf values, cut in two (W. D. Fisher, J. Am. Stat. Assoc. 53, 1958, finds the
// best of all divisions so where the curvatures are counts).
// Equal gains: the first feature, then the first bin, then what is missing on the right.
// Source: T. Chen, C. Guestrin, "XGBoost", KDD 2016.
//
// Of effects, with slopes -a y and curvatures a^2 of a treatment a and an outcome y from which their expectations are
// subtracted (choice_causal_forest.h): the node's effect is t = -G / H, a row's pull on it rho = a (y - a t) / (H / n), and a
// split gains (sum of rho on the left)^2 / n_L + (on the right)^2 / n_R, which is large where the sides' effects are apart;
// it needs no more than the same sums. Source: S. Athey, J. Tibshirani, S. Wager, Ann. Stat. 47, 2019, section 2.3.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "learn/node_sums.h"
#include "learn/tree.h"

namespace clinnova::learn {

/// What a split gains.
enum class SplitCriterion : std::uint8_t { kLoss, kEffects };

/// What bounds a split; names and defaults are xgboost's, where it has them.
struct SplitRules {
  double lambda = 1;
  double alpha = 0;
  double gamma = 0;             ///< a split must gain at least this
  double least_gain = 1e-6;     ///< and more than this; xgboost's number
  double min_child_weight = 1;  ///< of curvature on each side
  double max_delta_step = 0;    ///< bound of a leaf's value; 0 = none
  std::int64_t max_cat_to_onehot = 4;
  std::int64_t min_rows = 1;  ///< on each side
  SplitCriterion criterion = SplitCriterion::kLoss;
  double min_curvature_share = 0;  ///< of the node's curvature, on each side
};

/// A leaf's value, without the learning rate.
double LeafValue(const SplitRules& rules, double slope, double curvature);

/// A node's sums, of some features: bins of feature i begin at first[i].
struct NodeHistogram {
  std::vector<std::uint32_t> features;
  std::vector<std::uint32_t> first;
  std::vector<NodeSums> bins;

  /// Of all rows.
  NodeSums Total(const std::vector<Feature>& all) const;
};

struct SplitCandidate {
  double gain = 0;
  Split split;
  NodeSums left;
  NodeSums right;
};

/// The best split of each feature that has one that the rules allow, the best first.
std::vector<SplitCandidate> FindSplits(const NodeHistogram& histogram,
                                       const std::vector<Feature>& features, const NodeUnits& units,
                                       const SplitRules& rules);

}  // namespace clinnova::learn
