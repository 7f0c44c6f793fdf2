// SPDX-License-Identifier: Apache-2.0
#include "learn/node_splits.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace clinnova::learn {
namespace {

double Shrunk(double slope, double alpha) {
  if (slope > alpha) return slope - alpha;
  if (slope < -alpha) return slope + alpha;
  return 0;
}

/// How much a leaf of these sums lowers twice the loss.
double LeafGain(const SplitRules& rules, double slope, double curvature) {
  if (!(curvature > 0)) return 0;
  if (rules.max_delta_step == 0) {
    const double shrunk = Shrunk(slope, rules.alpha);
    return shrunk * shrunk / (curvature + rules.lambda);
  }
  const double value = LeafValue(rules, slope, curvature);
  return -(2 * slope * value + (curvature + rules.lambda) * (value * value)) -
         2 * rules.alpha * std::fabs(value);
}

/// The search over the divisions of one feature.
class FeatureSearch {
 public:
  FeatureSearch(const NodeUnits& units, const SplitRules& rules, const NodeSums& total)
      : units_(units),
        rules_(rules),
        total_(total),
        parent_gain_(LeafGain(rules, units.slope(total.slope), units.curvature(total.curvature))) {}

  std::optional<SplitCandidate> Find(std::size_t index, const Feature& feature,
                                     const NodeSums* bins) {
    best_.reset();
    index_ = index;
    missing_ = bins[feature.missing_bin()];
    if (feature.factor()) {
      FindLevels(feature, bins);
    } else {
      FindCut(feature, bins);
    }
    return best_;
  }

 private:
  /// Tries `left`, the sums of what is present on the left, with what is missing on either side.
  void Try(const NodeSums& left, const auto& make_split) {
    if (missing_.rows == 0) {
      const NodeSums right = total_ - left;
      Offer(left, left.rows >= right.rows, make_split);
      return;
    }
    Offer(left, false, make_split);
    NodeSums with_missing = left;
    with_missing += missing_;
    Offer(with_missing, true, make_split);
  }

  void Offer(const NodeSums& left, bool missing_left, const auto& make_split) {
    const NodeSums right = total_ - left;
    if (left.rows < rules_.min_rows || right.rows < rules_.min_rows) return;
    const double left_curvature = units_.curvature(left.curvature);
    const double right_curvature = units_.curvature(right.curvature);
    if (!(left_curvature > 0) || !(right_curvature > 0) ||
        left_curvature < rules_.min_child_weight || right_curvature < rules_.min_child_weight) {
      return;
    }
    const double least = rules_.min_curvature_share * units_.curvature(total_.curvature);
    if (left_curvature < least || right_curvature < least) return;
    const bool effects = rules_.criterion == SplitCriterion::kEffects;
    const double gain = effects ? EffectGain(left, right)
                                : LeafGain(rules_, units_.slope(left.slope), left_curvature) +
                                      LeafGain(rules_, units_.slope(right.slope), right_curvature) -
                                      parent_gain_;
    if (!(gain > (effects ? 0 : rules_.least_gain)) || gain < rules_.gamma) return;
    if (best_ && !(gain > best_->gain)) return;
    Split split = make_split();
    split.feature = static_cast<std::int32_t>(index_);
    split.missing_left = missing_left;
    best_ = SplitCandidate{gain, std::move(split), left, right};
  }

  /// The sums of rho on the two sides are the same but for the sign, here to the bit: a division gains the same whichever
  /// side is called left, so that the first of equal ones is taken.
  double EffectGain(const NodeSums& left, const NodeSums& right) const {
    const double curvature = units_.curvature(total_.curvature);
    const double apart = units_.slope(right.slope) * units_.curvature(left.curvature) -
                         units_.slope(left.slope) * units_.curvature(right.curvature);
    const double pull = apart / curvature / (curvature / static_cast<double>(total_.rows));
    return pull * pull * (1 / static_cast<double>(left.rows) + 1 / static_cast<double>(right.rows));
  }

  void FindCut(const Feature& feature, const NodeSums* bins) {
    NodeSums left;
    for (std::size_t b = 0; b < feature.bins(); ++b) {
      left += bins[b];
      if (bins[b].rows == 0) continue;  // divides as the bin before does
      Try(left, [&] { return Split{.bin = static_cast<std::int32_t>(b), .left_levels = {}}; });
    }
  }

  void FindLevels(const Feature& feature, const NodeSums* bins) {
    std::vector<std::size_t> levels;
    for (std::size_t l = 0; l < feature.levels; ++l) {
      if (bins[l].rows != 0) levels.push_back(l);
    }
    if (static_cast<std::int64_t>(levels.size()) < rules_.max_cat_to_onehot) {
      for (const std::size_t level : levels) {
        Try(bins[level], [&] { return Levels(feature, {level}); });
      }
      return;
    }
    std::vector<double> value(feature.levels);
    for (const std::size_t l : levels) {
      value[l] =
          LeafValue(rules_, units_.slope(bins[l].slope), units_.curvature(bins[l].curvature));
    }
    std::stable_sort(levels.begin(), levels.end(),
                     [&](std::size_t a, std::size_t b) { return value[a] < value[b]; });
    NodeSums left;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      left += bins[levels[i]];
      Try(left, [&] {
        return Levels(feature,
                      {levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(i) + 1});
      });
    }
  }

  static Split Levels(const Feature& feature, const std::vector<std::size_t>& left) {
    Split split{.bin = 0, .left_levels = std::vector<std::uint8_t>(feature.levels)};
    for (const std::size_t level : left) split.left_levels[level] = 1;
    return split;
  }

  const NodeUnits& units_;   // not owned
  const SplitRules& rules_;  // not owned
  NodeSums total_;
  double parent_gain_;
  NodeSums missing_;
  std::size_t index_ = 0;
  std::optional<SplitCandidate> best_;
};

}  // namespace

double LeafValue(const SplitRules& rules, double slope, double curvature) {
  if (!(curvature > 0)) return 0;
  const double value = -Shrunk(slope, rules.alpha) / (curvature + rules.lambda);
  if (rules.max_delta_step == 0 || std::fabs(value) <= rules.max_delta_step) return value;
  return std::copysign(rules.max_delta_step, value);
}

NodeSums NodeHistogram::Total(const std::vector<Feature>& all) const {
  NodeSums total;
  if (features.empty()) return total;
  const std::size_t width = all[features.front()].width();
  for (std::size_t b = 0; b < width; ++b) total += bins[first.front() + b];
  return total;
}

std::vector<SplitCandidate> FindSplits(const NodeHistogram& histogram,
                                       const std::vector<Feature>& features, const NodeUnits& units,
                                       const SplitRules& rules) {
  FeatureSearch search(units, rules, histogram.Total(features));
  std::vector<SplitCandidate> found;
  for (std::size_t i = 0; i < histogram.features.size(); ++i) {
    const std::uint32_t feature = histogram.features[i];
    auto best = search.Find(feature, features[feature], histogram.bins.data() + histogram.first[i]);
    if (best) found.push_back(std::move(*best));
  }
  std::stable_sort(
      found.begin(), found.end(),
      [](const SplitCandidate& a, const SplitCandidate& b) { return a.gain > b.gain; });
  return found;
}

}  // namespace clinnova::learn
