// SPDX-License-Identifier: Apache-2.0
#include "learn/tree_growth.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/mix.h"

namespace clinnova::learn {
namespace {

using federation::PooledSums;

/// Numbers of a grow round, about: 16 MB from each site.
constexpr std::size_t kNumbersPerRound = std::size_t{1} << 20;
/// The best splits of a node, of different features, whose sides are looked at.
constexpr std::size_t kProposals = 8;

/// `count` of the items, by their keyed numbers; rising.
std::vector<std::uint32_t> Draw(std::vector<std::uint32_t> items, std::size_t count,
                                std::uint64_t key) {
  if (count >= items.size()) return items;
  std::stable_sort(items.begin(), items.end(), [&](std::uint32_t a, std::uint32_t b) {
    return core::MixNext(key ^ core::MixNext(a)) < core::MixNext(key ^ core::MixNext(b));
  });
  items.resize(std::max<std::size_t>(count, 1));
  std::sort(items.begin(), items.end());
  return items;
}

}  // namespace

TreeGrowth::TreeGrowth(federation::Federation& federation, const TreeProblem& problem,
                       const TreeClaim& claim, const GrowthSettings& settings)
    : federation_(federation),
      problem_(problem),
      claim_(claim),
      settings_(settings),
      rules_(settings.rules) {
  if (federation.minimum_count() > 0) {
    rules_.min_rows = std::max(
        {rules_.min_rows, kLeastPersons, static_cast<std::int64_t>(federation.minimum_count())});
  }
}

void TreeGrowth::Guess(std::int64_t slope_exponent, std::int64_t curvature_exponent) {
  slope_exponent_ = slope_exponent;
  curvature_exponent_ = curvature_exponent;
}

std::vector<std::uint32_t> TreeGrowth::FeaturesOf(const Growing& growing) const {
  std::vector<std::uint32_t> all(claim_.features.size());
  std::iota(all.begin(), all.end(), 0U);
  if (settings_.colsample_bytree >= 1) return all;
  const auto count = static_cast<std::size_t>(
      std::max(1.0, std::floor(settings_.colsample_bytree * static_cast<double>(all.size()))));
  return Draw(all, count,
              core::MixNext(claim_.seed ^ core::MixNext(growing.start.number + 0x5151)));
}

std::vector<std::uint32_t> TreeGrowth::FeaturesOf(const Growing& growing, std::size_t node) const {
  if (all_features()) return growing.features;
  return Draw(
      growing.features, static_cast<std::size_t>(settings_.features_per_node),
      core::MixNext(core::MixNext(claim_.seed ^ core::MixNext(growing.start.number)) ^ node));
}

bool TreeGrowth::Divisible(const NodeSums& total) const {
  return total.rows >= 2 * rules_.min_rows &&
         units_.curvature(total.curvature) >= 2 * rules_.min_child_weight;
}

NodeHistogram TreeGrowth::Shape(const std::vector<std::uint32_t>& features) const {
  NodeHistogram shape{.features = features, .first = {}, .bins = {}};
  std::uint32_t size = 0;
  for (const std::uint32_t feature : features) {
    shape.first.push_back(size);
    size += static_cast<std::uint32_t>(claim_.features[feature].width());
  }
  shape.bins.resize(size);
  return shape;
}

GrowingTree TreeGrowth::Asked(const Growing& growing) const {
  return {.run = growing.start.run,
          .number = growing.start.number,
          .nodes = PackTree(growing.tree),
          .wanted = {}};
}

Result<void> TreeGrowth::SumChunk(std::vector<Node>& level, std::size_t first, std::size_t last) {
  GrowParameters parameters;
  parameters.claim = claim_;
  // A bootstrap draws more rows than there are, hardly ever twice as many.
  parameters.rows = claim_.bootstrap ? 2 * problem_.rows + 64 : problem_.rows;
  parameters.slope_exponent = slope_exponent_;
  parameters.curvature_exponent = curvature_exponent_;
  std::vector<std::size_t> order;
  for (std::size_t t = 0; t < growing_.size(); ++t) {
    GrowingTree asked = Asked(growing_[t]);
    for (std::size_t n = first; n < last; ++n) {
      const Node& node = level[n];
      if (node.tree != t || node.derived) continue;
      const bool all = node.features.size() == claim_.features.size();
      asked.wanted.push_back({node.node, all ? core::Bytes{} : PackFeatures(node.features)});
      order.push_back(n);
    }
    if (!asked.wanted.empty()) parameters.trees.push_back(std::move(asked));
  }
  if (order.empty()) return {};
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation_.Sum(*problem_.analysis, *problem_.steps.grow, parameters));
  units_ = UnitsOf(parameters.rows, sums.layout());
  slope_exponent_ = units_.slope_exponent;
  curvature_exponent_ = units_.curvature_exponent;
  std::size_t at = 0;
  for (const std::size_t n : order) {
    level[n].histogram = Shape(level[n].features);
    for (NodeSums& bin : level[n].histogram.bins) {
      bin = Unpack(units_, sums.Integer(kNodeSums, at++));
    }
  }
  return {};
}

Result<void> TreeGrowth::SumLevel(std::vector<Node>& level) {
  for (std::size_t first = 0; first < level.size();) {
    std::size_t last = first;
    for (std::size_t numbers = 0; last < level.size() && numbers < kNumbersPerRound; ++last) {
      if (!level[last].derived) numbers += Shape(level[last].features).bins.size();
    }
    CLINNOVA_TRY(SumChunk(level, first, last));
    first = last;
  }
  for (Node& node : level) {
    if (!node.derived) continue;
    node.histogram = std::move(node.parent);
    const std::vector<NodeSums>& sibling = level[node.sibling].histogram.bins;
    for (std::size_t b = 0; b < sibling.size(); ++b) {
      node.histogram.bins[b] = node.histogram.bins[b] - sibling[b];
    }
  }
  return {};
}

Result<std::vector<const SplitCandidate*>> TreeGrowth::Choose(
    const std::vector<Node>& level, const std::vector<std::vector<SplitCandidate>>& candidates) {
  std::vector<const SplitCandidate*> chosen(level.size());
  if (federation_.minimum_count() == 0) {
    for (std::size_t n = 0; n < level.size(); ++n) {
      if (!candidates[n].empty()) chosen[n] = &candidates[n].front();
    }
    return chosen;
  }
  SidesParameters parameters;
  parameters.claim = claim_;
  for (const Growing& growing : growing_) parameters.trees.push_back(Asked(growing));
  for (std::size_t n = 0; n < level.size(); ++n) {
    for (std::size_t c = 0; c < std::min(candidates[n].size(), kProposals); ++c) {
      Tree split(3);
      split[0].leaf = false;
      split[0].split = candidates[n][c].split;
      split[0].left = 1;
      parameters.proposals.push_back({level[n].tree, level[n].node, PackTree(split)});
    }
  }
  if (parameters.proposals.empty()) return chosen;
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation_.Sum(*problem_.analysis, *problem_.steps.sides, parameters));
  std::size_t at = 0;
  for (std::size_t n = 0; n < level.size(); ++n) {
    for (std::size_t c = 0; c < std::min(candidates[n].size(), kProposals); ++c, ++at) {
      const bool shared =
          sums.Count(kSiteSides, 2 * at) >= 2 && sums.Count(kSiteSides, 2 * at + 1) >= 2;
      if (shared && chosen[n] == nullptr) chosen[n] = &candidates[n][c];
    }
  }
  return chosen;
}

void TreeGrowth::AddChildren(Node& parent, const SplitCandidate& chosen, std::vector<Node>& next) {
  Growing& growing = growing_[parent.tree];
  const std::size_t left = growing.tree.size();
  TreeNode& node = growing.tree[parent.node];
  node.leaf = false;
  node.split = chosen.split;
  node.left = static_cast<std::uint32_t>(left);
  node.gain = chosen.gain;
  for (const NodeSums* sums : {&chosen.left, &chosen.right}) {
    TreeNode child;
    child.value = LeafValue(rules_, units_.slope(sums->slope), units_.curvature(sums->curvature));
    child.cover = units_.curvature(sums->curvature);
    child.persons = sums->rows;
    child.sites = federation_.minimum_count() > 0 ? 2 : 0;
    growing.tree.push_back(child);
  }
  if (!Divisible(chosen.left) && !Divisible(chosen.right)) return;
  const bool left_smaller = chosen.left.rows <= chosen.right.rows;
  if (!all_features()) {
    for (const bool is_left : {true, false}) {
      const NodeSums& total = is_left ? chosen.left : chosen.right;
      if (!Divisible(total)) continue;
      Node child{.tree = parent.tree, .node = is_left ? left : left + 1};
      child.features = FeaturesOf(growing, child.node);
      child.total = total;
      next.push_back(std::move(child));
    }
    return;
  }
  Node small{.tree = parent.tree, .node = left_smaller ? left : left + 1};
  small.features = parent.features;
  small.total = left_smaller ? chosen.left : chosen.right;
  Node large{.tree = parent.tree, .node = left_smaller ? left + 1 : left};
  large.features = parent.features;
  large.total = left_smaller ? chosen.right : chosen.left;
  large.derived = true;
  large.sibling = next.size();
  large.parent = std::move(parent.histogram);
  next.push_back(std::move(small));
  next.push_back(std::move(large));
}

std::vector<TreeGrowth::Node> TreeGrowth::Divide(std::vector<Node> level,
                                                 const std::vector<const SplitCandidate*>& chosen) {
  std::vector<Node> next;
  for (std::size_t n = 0; n < level.size(); ++n) {
    if (chosen[n] != nullptr) AddChildren(level[n], *chosen[n], next);
  }
  return next;
}

void TreeGrowth::Finish() {
  for (Growing& growing : growing_) {
    for (TreeNode& node : growing.tree) {
      node.value = node.leaf ? node.value * settings_.learning_rate : 0;
    }
  }
}

Result<std::vector<Tree>> TreeGrowth::Grow(const std::vector<Start>& starts) {
  growing_.clear();
  std::vector<Node> level;
  for (const Start& start : starts) {
    Growing growing{.start = start, .tree = {TreeNode{}}, .features = {}};
    growing.tree.front().persons = start.persons;
    growing.features = FeaturesOf(growing);
    Node root{.tree = growing_.size(), .node = 0};
    root.features = FeaturesOf(growing, 0);
    growing_.push_back(std::move(growing));
    level.push_back(std::move(root));
  }
  for (std::int64_t depth = 0; depth < settings_.depth && !level.empty(); ++depth) {
    CLINNOVA_TRY(SumLevel(level));
    std::vector<std::vector<SplitCandidate>> candidates;
    for (Node& node : level) {
      if (depth == 0) {
        node.total = node.histogram.Total(claim_.features);
        TreeNode& root = growing_[node.tree].tree.front();
        const double curvature = units_.curvature(node.total.curvature);
        root.cover = curvature;
        root.value = LeafValue(rules_, units_.slope(node.total.slope), curvature);
      }
      candidates.push_back(Divisible(node.total)
                               ? FindSplits(node.histogram, claim_.features, units_, rules_)
                               : std::vector<SplitCandidate>{});
    }
    CLINNOVA_ASSIGN(const std::vector<const SplitCandidate*> chosen, Choose(level, candidates));
    level = Divide(std::move(level), chosen);
  }
  Finish();
  std::vector<Tree> trees;
  for (Growing& growing : growing_) trees.push_back(std::move(growing.tree));
  return trees;
}

}  // namespace clinnova::learn
