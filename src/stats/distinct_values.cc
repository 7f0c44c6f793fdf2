// SPDX-License-Identifier: Apache-2.0
#include "stats/distinct_values.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/check.h"

namespace clinnova::stats {
namespace {

/// Counts of one round without a threshold, about: 16 bytes each travel.
constexpr std::size_t kFewestCells = std::size_t{1} << 16;
constexpr std::size_t kMostCells = std::size_t{1} << 20;
constexpr std::size_t kCellsPerValue = 16;
constexpr std::int64_t kLongestGridBits = 31;
constexpr double kGridReach = 0x1p30;

}  // namespace

std::uint64_t KeyGrid::Key(double value) const {
  if (denominator == 0) return OrderedKey(value);
  const double place =
      std::nearbyint(value * denominator) + std::ldexp(1.0, static_cast<int>(bits - 1));
  return place >= 0 ? static_cast<std::uint64_t>(place) : 0;
}

std::int64_t CountOffGrid(std::span<const double> values, double denominator) {
  std::int64_t off = 0;
  for (const double value : values) {
    const double steps = std::nearbyint(value * denominator);
    off += !(std::fabs(steps) < kGridReach && steps / denominator == value);
  }
  return off;
}

KeyGrid ChooseGrid(std::span<const std::int64_t> off_grid, int size_exponent) {
  for (std::size_t d = 0; d < off_grid.size(); ++d) {
    if (off_grid[d] != 0) continue;
    KeyGrid grid;
    grid.denominator = kGridDenominators[d];
    const double reach = std::ldexp(grid.denominator, std::clamp(size_exponent, 0, 40));
    grid.bits = std::min<std::int64_t>(
        kLongestGridBits, std::bit_width(static_cast<std::uint64_t>(std::ceil(reach))) + 1);
    return grid;
  }
  return {};
}

void CountParts(std::span<const double> values, std::uint64_t variable, const SplitRequest& request,
                std::size_t block, federation::ExactSums& sums) {
  const std::vector<KeyInterval>& intervals = request.intervals;
  for (const double value : values) {
    const KeyInterval key{variable, request.grids[variable].Key(value)};
    const auto after = std::upper_bound(intervals.begin(), intervals.end(), key);
    if (after == intervals.begin()) continue;
    const auto at = static_cast<std::size_t>(after - intervals.begin()) - 1;
    if (intervals[at].variable != variable) continue;
    const std::uint64_t place = key.low - intervals[at].low;
    const std::int64_t width = request.widths[at];
    if (width < 64 && (place >> width) != 0) continue;  // in no open interval
    const std::uint64_t part = place >> std::max<std::int64_t>(0, width - request.part_bits);
    sums.AddCount(block, (at << request.part_bits) + part);
  }
}

std::vector<std::int64_t> RankTable::TwiceRanks() const {
  std::vector<std::int64_t> twice;
  std::int64_t below = 0;
  for (const std::int64_t count : counts) {
    twice.push_back(2 * below + count + 1);
    below += count;
  }
  return twice;
}

std::size_t RankTable::BinOf(double value) const {
  const auto after = std::upper_bound(lows.begin(), lows.end(), grid.Key(value));
  return after == lows.begin() ? 0 : static_cast<std::size_t>(after - lows.begin()) - 1;
}

DistinctValues::DistinctValues(std::vector<KeyGrid> grids, std::int64_t n,
                               std::int64_t minimum_count)
    : grids_(std::move(grids)), n_(n), minimum_count_(minimum_count) {
  for (std::size_t v = 0; v < grids_.size(); ++v) {
    Node root{.interval = {v, 0}, .width_bits = grids_[v].bits, .count = n};
    (Splits(root) ? open_ : closed_).push_back(root);
  }
}

bool DistinctValues::Splits(const Node& node) const {
  return node.width_bits > 0 && node.count >= std::max<std::int64_t>(2, 2 * minimum_count_);
}

std::int64_t DistinctValues::PartBits() const {
  std::int64_t widest = 0;
  for (const Node& node : open_) widest = std::max(widest, node.width_bits);
  const std::size_t cells =
      std::clamp(kCellsPerValue * static_cast<std::size_t>(n_), kFewestCells, kMostCells);
  const auto share =
      static_cast<std::int64_t>(std::bit_width(std::max<std::size_t>(1, cells / open_.size())) - 1);
  const std::int64_t most = minimum_count_ > 0 ? kGuardedPartBits : 20;
  return std::min(widest, std::clamp<std::int64_t>(share, 3, most));
}

SplitRequest DistinctValues::Request() const {
  CLINNOVA_CHECK(!Done());
  SplitRequest request;
  request.grids = grids_;
  request.part_bits = PartBits();
  for (const Node& node : open_) {
    request.intervals.push_back(node.interval);
    request.widths.push_back(node.width_bits);
  }
  return request;
}

void DistinctValues::Absorb(const std::vector<std::int64_t>& counts) {
  const std::int64_t part_bits = PartBits();
  CLINNOVA_CHECK(counts.size() == open_.size() << part_bits);
  std::vector<Node> next;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const std::int64_t width = std::max<std::int64_t>(0, open_[i].width_bits - part_bits);
    for (std::size_t part = 0; part < std::size_t{1} << part_bits; ++part) {
      const std::int64_t count = counts[(i << part_bits) + part];
      if (count == 0) continue;
      Node node = open_[i];
      node.interval.low += static_cast<std::uint64_t>(part) << width;
      node.width_bits = width;
      node.count = count;
      (Splits(node) ? next : closed_).push_back(node);
    }
  }
  open_ = std::move(next);
}

std::vector<DistinctValues::Node> DistinctValues::Bins(std::size_t variable) const {
  CLINNOVA_CHECK(Done());
  std::vector<Node> nodes;
  for (const Node& node : closed_) {
    if (node.interval.variable == variable) nodes.push_back(node);
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const Node& a, const Node& b) { return a.interval < b.interval; });
  if (minimum_count_ == 0) return nodes;
  std::vector<Node> bins;
  const auto join = [](Node& bin, const Node& node) {
    bin.count += node.count;
    bin.width_bits = 64;  // more than one key
  };
  for (const Node& node : nodes) {
    if (!bins.empty() && bins.back().count < minimum_count_) {
      join(bins.back(), node);
    } else {
      bins.push_back(node);
    }
  }
  if (bins.size() > 1 && bins.back().count < minimum_count_) {
    const Node last = bins.back();
    bins.pop_back();
    join(bins.back(), last);
  }
  return bins;
}

RankTable DistinctValues::Ranks(std::size_t variable) const {
  RankTable table;
  table.grid = grids_[variable];
  for (const Node& node : Bins(variable)) {
    table.lows.push_back(node.interval.low);
    table.counts.push_back(node.count);
  }
  return table;
}

bool DistinctValues::Merged(std::size_t variable) const {
  const std::vector<Node> bins = Bins(variable);
  return std::any_of(bins.begin(), bins.end(),
                     [](const Node& bin) { return bin.width_bits > 0 && bin.count > 1; });
}

}  // namespace clinnova::stats
