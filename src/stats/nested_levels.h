// SPDX-License-Identifier: Apache-2.0
// Rule 4 on columns together: two terms that each split the persons into groups of many may differ by a few of them. In
// `y ~ I(z > 20) + I(z > 20.05)` the first coefficient is the mean of those between; in `y ~ drug * sex` that of drug is the
// mean of those with the drug and the first sex. So it is with a factor's level, or several together, that another term's
// level is but for a few.
//
// Of a level of n_l persons, of whom n_jl are in level j of another term, min(n_jl, n_l - n_jl) must be left out or in to make
// j of levels; the sum over levels is by how many persons j differs from the closest union of levels. It must be nobody
// or at least minimum_count. Pure functions of counts.
//
//   NearlyNested({.n = 300, .ones = ones, .pairs = pairs}, terms, 5)     // two columns, or nothing
//
// Combinations of three terms and more, and of columns of other values, are not found.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace clinnova::stats {

/// Design columns that are 0 or 1 in all of n rows, and neither in all; rising.
std::vector<std::size_t> BinaryColumns(std::int64_t n, std::span<const std::int64_t> zeros,
                                       std::span<const std::int64_t> ones);

/// Rows by two columns of 0 and 1.
struct BinaryCounts {
  std::int64_t n = 0;
  std::vector<std::int64_t> ones{};   ///< by binary column
  std::vector<std::int64_t> pairs{};  ///< strictly lower triangle: rows that are 1 in both

  std::int64_t Both(std::size_t i, std::size_t j) const;
};

/// Two binary columns that are, of some terms' levels, 1 to minimum_count - 1 rows apart; none where there are none. `terms`: by
/// binary column, the number of its term. Columns of a term that share no row are levels of one factor, whose other rows
/// are its reference level.
std::optional<std::pair<std::size_t, std::size_t>> NearlyNested(const BinaryCounts& counts,
                                                                std::span<const int> terms,
                                                                int minimum_count);

}  // namespace clinnova::stats
