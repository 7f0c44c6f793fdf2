// SPDX-License-Identifier: Apache-2.0
// Binary regression trees over features that are cut into bins, and sums of them.
//
//   Tree tree = {root, left, right};
//   double leaf = tree[LeafOf(tree, bins_of_the_row)].value;
//
// A number falls into bin b when cuts[b - 1] < x <= cuts[b]; a factor's bins are its levels; the last bin, index
// bins(), is for what is missing. A node sends bins up to its own left (a factor: the levels named), and what is
// missing to the side that it says. Children stand side by side behind their parent.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/archive.h"
#include "core/error.h"
#include "table/table.h"

namespace clinnova::learn {

/// Bins of a feature at most, so that a bin fits in a byte with one left for what is missing.
inline constexpr std::size_t kMostBins = 255;
inline constexpr std::int64_t kDeepestTree = 14;

/// A column of the table as trees see it.
struct Feature {
  std::string name;
  std::uint64_t column = 0;  ///< index in the schema
  std::uint64_t levels = 0;  ///< of a factor; 0 = a number
  std::vector<double> cuts;  ///< of a number, rising

  bool factor() const { return levels != 0; }
  std::size_t bins() const { return factor() ? levels : cuts.size() + 1; }
  std::size_t missing_bin() const { return bins(); }
  /// Bins with the one for what is missing.
  std::size_t width() const { return bins() + 1; }

  template <class A>
  void Fields(A& a) {
    a(name);
    a(column);
    a(levels);
    a(cuts);
  }
};

/// The bin of a number.
std::uint8_t BinOf(const std::vector<double>& cuts, double value);
/// The bins of many numbers; `missing` for NaN.
void BinsOf(const std::vector<double>& cuts, std::span<const double> values, std::uint8_t missing,
            std::span<std::uint8_t> bins);
/// The bin of a row in the feature's column.
std::uint8_t BinAt(const table::Column& column, std::size_t row, const Feature& feature);

struct Split {
  std::int32_t feature = -1;
  std::int32_t bin = 0;                   ///< of a number: bins up to this go left
  std::vector<std::uint8_t> left_levels;  ///< of a factor, by level: 1 = left
  bool missing_left = false;

  bool GoesLeft(std::uint8_t row_bin, std::size_t missing_bin) const {
    if (row_bin == missing_bin) return missing_left;
    return left_levels.empty() ? row_bin <= bin : left_levels[row_bin] != 0;
  }
  /// GoesLeft of every bin of the feature, by bin; 0 beyond them.
  std::array<std::uint8_t, kMostBins + 1> LeftByBin(const Feature& feature) const;
  bool operator==(const Split&) const = default;
};

struct TreeNode {
  bool leaf = true;
  Split split;
  std::uint32_t left = 0;  ///< the right child is the next
  double value = 0;        ///< of a leaf
  // Of the sums that made the node:
  double gain = 0;           ///< of its split
  double cover = 0;          ///< sum of the curvature (squared error: of the weights)
  std::int64_t persons = 0;  ///< rows of training
  std::int64_t sites = 0;    ///< with such rows; 0 = not asked (disclosure rules lifted)

  std::uint32_t right() const { return left + 1; }
};

using Tree = std::vector<TreeNode>;

/// The leaf of a row, given its bins feature by feature.
std::size_t LeafOf(const Tree& tree, const std::vector<Feature>& features,
                   const std::uint8_t* row_bins);

/// The leaves of many rows: LeafOf without a branch that the bins decide, which a processor would guess wrong.
class LeafFinder {
 public:
  LeafFinder(const Tree& tree, const std::vector<Feature>& features);
  /// The leaf of each row, of which row r's bins begin at bins[r * stride].
  void Find(const std::uint8_t* bins, std::size_t stride, std::span<std::uint32_t> leaves) const;

 private:
  struct Node {
    std::array<std::uint64_t, 4> right{};  ///< bit b: bin b goes right; a leaf goes to itself
    std::uint32_t feature = 0;
    std::uint32_t left = 0;
  };
  std::vector<Node> nodes_;
  int depth_ = 0;
};

/// A tree in few bytes, as rounds carry it; gains and covers are left out. Per node: feature (2 bytes, 0xffff = leaf),
/// bin, flags (1 = missing left, 2 = by levels), left child (2), value (8), persons (4), sites (1); behind a node by
/// levels one byte per level of its feature.
core::Bytes PackTree(const Tree& tree);
/// kRefused ("wrong_layout") for bytes that are no tree over these features: children that do not follow their parent,
/// a bin or level that is not there, a value that is not finite.
Result<Tree> UnpackTree(core::ByteView bytes, const std::vector<Feature>& features);

/// A sum of trees: base + the values of the leaves, on the scale of the link.
struct TreeEnsemble {
  double base = 0;
  std::vector<Tree> trees;
};

/// The sum for a row given its bins.
double ScoreOf(const TreeEnsemble& ensemble, const std::vector<Feature>& features,
               const std::uint8_t* row_bins);

}  // namespace clinnova::learn
