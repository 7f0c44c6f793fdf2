// SPDX-License-Identifier: Apache-2.0
// Mid-ranks of an analysis' numbers over all sites, and what rank tests need of them.
//
//   CLINNOVA_ASSIGN(const Midranks ranks, FindMidranks(federation, analysis));
//   CLINNOVA_ASSIGN(const RankSums sums, SumRanks(federation, analysis, ranks));
//   sums.group_twice_ranks[g] / 2.0                       // the rank sum of group g
//
// Rounds: one for counts and grids, one or more for the values (distinct_values.h: one where they lie on a grid),
// one for the sums. All sums are whole numbers, so results have no rounding but the last.
// Reveals: group sizes; pooled counts of values, not by group; rank sums by group, products of ranks by pair of
// variables. Disclosure rules 1 to 3 of privacy.md hold for groups, and with a threshold no rank is shared by
// fewer than that many persons: unequal neighbours then share one (`merged`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/distinct_values.h"

namespace clinnova::stats {

struct Midranks {
  std::int64_t n = 0;
  std::int64_t n_missing = 0;
  std::vector<std::string> levels;         ///< all levels of the group factor
  std::vector<std::int64_t> group_counts;  ///< per level
  std::vector<RankTable> tables;           ///< per number
  bool merged = false;                     ///< unequal values share ranks, because of the threshold

  /// Sum over ties of t^3 - t, of number `variable`.
  double TieSum(std::size_t variable) const;
};

/// kRefused by a disclosure rule; kFailed when no complete row is left.
Result<Midranks> FindMidranks(federation::Federation& federation,
                              const federation::Analysis& analysis);

struct RankSums {
  std::vector<double> group_twice_ranks;  ///< per level, of number 0: twice the rank sum
  /// Sums of products of (2 rank - n - 1) for pairs i >= j of numbers, by rows of the lower triangle.
  std::vector<double> products;
};
Result<RankSums> SumRanks(federation::Federation& federation, const federation::Analysis& analysis,
                          const Midranks& ranks);

/// What `merged` means, as a warning.
std::string MergedWarning(int minimum_count);

/// The steps of both.
std::vector<const federation::Step*> MidrankSteps();

}  // namespace clinnova::stats
