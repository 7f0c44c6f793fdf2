// SPDX-License-Identifier: Apache-2.0
#include "stats/nested_levels.h"

#include <algorithm>

namespace clinnova::stats {
namespace {

/// Columns that share no row; the rows that are in none of them are one level more.
struct Partition {
  std::vector<std::size_t> columns;
};

std::vector<Partition> PartitionsOf(const BinaryCounts& counts, std::span<const int> terms) {
  std::vector<Partition> partitions;
  for (std::size_t first = 0; first < terms.size();) {
    std::size_t last = first;
    while (last < terms.size() && terms[last] == terms[first]) ++last;
    bool apart = true;
    for (std::size_t i = first; i < last; ++i) {
      for (std::size_t j = first; j < i; ++j) apart = apart && counts.Both(i, j) == 0;
    }
    Partition whole;
    for (std::size_t i = first; i < last; ++i) {
      whole.columns.push_back(i);
      if (!apart) partitions.push_back({{i}});
    }
    if (apart) partitions.push_back(std::move(whole));
    first = last;
  }
  return partitions;
}

/// Rows in level `a` of one partition and `b` of another; the last level is that of no column.
class Crossing {
 public:
  Crossing(const BinaryCounts& counts, const Partition& rows, const Partition& columns)
      : height_(rows.columns.size() + 1), width_(columns.columns.size() + 1) {
    cells_.resize(height_ * width_);
    std::int64_t in_columns = 0;
    for (std::size_t j = 0; j + 1 < width_; ++j) {
      At(height_ - 1, j) = counts.ones[columns.columns[j]];
      in_columns += counts.ones[columns.columns[j]];
    }
    At(height_ - 1, width_ - 1) = counts.n - in_columns;
    for (std::size_t i = 0; i + 1 < height_; ++i) {
      std::int64_t rest = counts.ones[rows.columns[i]];
      for (std::size_t j = 0; j + 1 < width_; ++j) {
        At(i, j) = counts.Both(rows.columns[i], columns.columns[j]);
        At(height_ - 1, j) -= At(i, j);
        rest -= At(i, j);
      }
      At(i, width_ - 1) = rest;
      At(height_ - 1, width_ - 1) -= rest;
    }
  }
  /// By how many rows a level of the first differs from the closest union of levels of the second.
  std::int64_t Apart(std::size_t level) const {
    std::int64_t apart = 0;
    for (std::size_t j = 0; j < width_; ++j) {
      std::int64_t rows = 0;
      for (std::size_t i = 0; i < height_; ++i) rows += cells_[i * width_ + j];
      const std::int64_t in = cells_[level * width_ + j];
      apart += std::min(in, rows - in);
    }
    return apart;
  }
  std::size_t height() const { return height_; }

 private:
  std::int64_t& At(std::size_t i, std::size_t j) { return cells_[i * width_ + j]; }

  std::size_t height_;
  std::size_t width_;
  std::vector<std::int64_t> cells_;
};

}  // namespace

std::int64_t BinaryCounts::Both(std::size_t i, std::size_t j) const {
  if (i == j) return ones[i];
  const std::size_t high = std::max(i, j);
  return pairs[high * (high - 1) / 2 + std::min(i, j)];
}

std::vector<std::size_t> BinaryColumns(std::int64_t n, std::span<const std::int64_t> zeros,
                                       std::span<const std::int64_t> ones) {
  std::vector<std::size_t> binary;
  for (std::size_t j = 0; j < zeros.size(); ++j) {
    if (zeros[j] + ones[j] == n && zeros[j] > 0 && ones[j] > 0) binary.push_back(j);
  }
  return binary;
}

std::optional<std::pair<std::size_t, std::size_t>> NearlyNested(const BinaryCounts& counts,
                                                                std::span<const int> terms,
                                                                int minimum_count) {
  const std::vector<Partition> partitions = PartitionsOf(counts, terms);
  for (const Partition& of : partitions) {
    for (const Partition& by : partitions) {
      if (&of == &by) continue;
      const Crossing crossing(counts, of, by);
      for (std::size_t level = 0; level < crossing.height(); ++level) {
        const std::int64_t apart = crossing.Apart(level);
        if (apart == 0 || apart >= minimum_count) continue;
        return std::pair(of.columns[std::min(level, of.columns.size() - 1)], by.columns.front());
      }
    }
  }
  return {};
}

}  // namespace clinnova::stats
