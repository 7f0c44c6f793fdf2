// SPDX-License-Identifier: Apache-2.0
// A site's exact sums of one round, and the pooled sums that the algorithm gets back.
//
//   ExactSums sums(layout);
//   for each batch of rows: sums.AddWeightedGram(kInformation, {x, stride, p}, weights, rows);
//   sums.Merge(other_thread);                       // order does not matter
//   std::vector<Int128> elements = sums.Seal(seed);
//
// A contribution is computed in doubles, record by record; its rounding to the block's unit is part of
// the record's deterministic function; everything after that is integer addition. Source of the slicing:
// J. Demmel, H. D. Nguyen, "Parallel reproducible summation", IEEE Trans. Comput. 64 (2015).
// Thread rule: one ExactSums per thread; Merge them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "federation/exact_slices.h"
#include "federation/layout.h"

namespace clinnova::federation {

/// Columns of doubles: element (row, column) is data[column * stride + row].
struct ColumnsView {
  const double* data = nullptr;  // not owned
  std::size_t stride = 0;
  std::size_t columns = 0;
};

class ExactSums {
 public:
  explicit ExactSums(const Layout& layout);
  /// An empty accumulator of the same layout.
  ExactSums Zero() const { return ExactSums(layout_); }
  const Layout& layout() const { return layout_; }

  /// Adds one contribution to number `index` of `block`. A contribution outside the block's range, or
  /// not finite, flags the block instead.
  void Add(std::size_t block, std::size_t index, double value);
  /// Adds a whole number of counts to a scaled block.
  void AddCount(std::size_t block, std::size_t index, std::int64_t count = 1);
  /// Adds `integer` as it is to number `index` of a scaled block, whatever the block's unit: for a step that packs
  /// several whole numbers into one and has proven that no field of the sum over all sites runs into the next.
  void AddInteger(std::size_t block, std::size_t index, Int128 integer);
  /// AddInteger of each of `integers`, to the numbers from `first` on.
  void AddIntegers(std::size_t block, std::size_t first, std::span<const Int128> integers);

  /// Adds each of `values` as one contribution.
  void AddAll(std::size_t block, std::size_t index, std::span<const double> values);
  /// Adds weights[r] * x[r, j] to number first + j, for every row r and column j.
  void AddWeightedColumns(std::size_t block, std::size_t first, const ColumnsView& x,
                          const double* weights, std::size_t rows);
  /// The same for many weights at once: adds weights[r, k] * x[r, j] to number first + k * x.columns + j. Scaled
  /// blocks only.
  void AddWeightedColumns(std::size_t block, std::size_t first, const ColumnsView& x,
                          const ColumnsView& weights, std::size_t rows);
  /// Adds (weights[r] * x[r, i]) * x[r, j] to number first + i (i + 1) / 2 + j for j <= i: the lower
  /// triangle of X'WX by rows. Scaled blocks only.
  void AddWeightedGram(std::size_t block, std::size_t first, const ColumnsView& x,
                       const double* weights, std::size_t rows);

  /// Adds weight, weight * x[j] and (weight * x[i]) * x[j], j <= i, of one row to three scaled blocks at the
  /// numbers `index`, `index` * p + j and `index` * p (p + 1) / 2 + i (i + 1) / 2 + j.
  struct MomentBlocks {
    std::size_t weight;
    std::size_t first;
    std::size_t second;
  };
  void AddMoments(const MomentBlocks& blocks, std::size_t index, std::span<const double> x,
                  double weight);

  /// Adds another accumulator of the same layout.
  void Merge(const ExactSums& other);
  /// Adds an accumulator whose layout is that of the blocks from `first` on.
  void MergeBlocks(std::size_t first, const ExactSums& other);

  /// Flags a block by hand: the contribution cannot be made.
  void Flag(std::size_t block) { flags_[block] = true; }
  bool flagged() const;
  /// Holds back what this site would add to a block: Seal puts noise there, so that the pooled numbers of the block
  /// mean nothing, while those of the other blocks stand. The step tells in a count that it was so.
  void Withhold(std::size_t block) { withheld_[block] = true; }

  /// The integers that enter the secure sum. When any block is flagged, every number is replaced by
  /// noise drawn from `seed` and only the flags are true: the pooled sum of a void round then says
  /// nothing about anybody, also not about the sites that were in range.
  std::vector<Int128> Seal(const core::Hash& seed) const;

 private:
  Int128* Element(std::size_t block, std::size_t index);

  Layout layout_;
  std::vector<std::size_t> offsets_;
  std::vector<Slicer> slicers_;  ///< per block
  std::vector<Int128> elements_;
  std::vector<bool> flags_;
  std::vector<bool> withheld_;
};

/// Sums over all sites, as the algorithm receives them.
class PooledSums {
 public:
  /// kInvalidInput when the number of elements is not the layout's.
  static Result<PooledSums> Decode(const Layout& layout, std::vector<Int128> elements);

  /// Blocks that some site flagged, by index; empty for a valid round.
  std::vector<std::size_t> FlaggedBlocks() const;

  /// Number `index` of `block`, rounded once to the nearest double.
  double Number(std::size_t block, std::size_t index = 0) const;
  std::vector<double> Numbers(std::size_t block) const;
  /// A count of a scaled block.
  std::int64_t Count(std::size_t block, std::size_t index = 0) const;
  std::vector<std::int64_t> Counts(std::size_t block) const;
  /// Number `index` of a scaled block as the sum of what AddInteger was given.
  Int128 Integer(std::size_t block, std::size_t index) const;

  const Layout& layout() const { return layout_; }
  const std::vector<Int128>& elements() const { return elements_; }

 private:
  Layout layout_;
  std::vector<std::size_t> offsets_;
  std::vector<Int128> elements_;
};

}  // namespace clinnova::federation
