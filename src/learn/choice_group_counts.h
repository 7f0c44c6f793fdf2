// SPDX-License-Identifier: Apache-2.0
// The groups by which a treatment choice tells gains, from the counts of choice.spread (choice_value_steps.h): which bins of
// predicted benefit make a group, and how many persons are in each. Pure functions of pooled counts.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/exact_sums.h"
#include "learn/choice_inputs.h"

namespace clinnova::learn {

/// Of `bins` numbers of a block from `first` on, the one in which the cumulative share reaches `part`; the last where none does.
std::size_t BinAt(const federation::PooledSums& sums, std::size_t block, std::size_t first,
                  std::size_t bins, double part);

/// The first bin of each group of predicted benefit: fifths, as far as the bins tell them apart, and none in which the
/// rule gives 1 to minimum_count - 1 persons another arm than the best, whose gain would be the group's.
std::vector<std::int64_t> FirstBins(const federation::PooledSums& spread, int minimum_count);

/// Persons of a block of benefit's bins, by group.
std::vector<std::int64_t> BenefitCounts(const federation::PooledSums& spread, std::size_t block,
                                        const std::vector<std::int64_t>& first_bins);

/// Subgroups by subgrouping.
std::vector<std::size_t> SizesOf(const std::vector<Subgrouping>& subgroupings);

/// Warnings of the columns whose subgroups are not told where disclosure rules hold (SubgroupingsOf).
Result<std::vector<std::string>> SubgroupsLeftOut(const federation::Analysis& analysis,
                                                  const table::Schema& schema,
                                                  const std::vector<Subgrouping>& subgroupings);

/// Persons by subgroup, of kSubgroupGiven; whoever is in none is left out.
std::vector<std::int64_t> SubgroupPersons(const federation::PooledSums& spread,
                                          const std::vector<std::size_t>& sizes, std::size_t arms);

}  // namespace clinnova::learn
