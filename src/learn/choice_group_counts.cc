// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_group_counts.h"

#include <algorithm>

#include "learn/choice_disclosure.h"
#include "learn/choice_value_steps.h"

namespace clinnova::learn {

using federation::PooledSums;

std::size_t BinAt(const PooledSums& sums, std::size_t block, std::size_t first, std::size_t bins,
                  double part) {
  std::int64_t total = 0;
  for (std::size_t b = 0; b < bins; ++b) total += sums.Count(block, first + b);
  std::int64_t so_far = 0;
  for (std::size_t b = 0; b < bins; ++b) {
    so_far += sums.Count(block, first + b);
    if (static_cast<double>(so_far) >= part * static_cast<double>(total)) return b;
  }
  return bins - 1;
}

std::vector<std::int64_t> FirstBins(const PooledSums& spread, int minimum_count) {
  std::vector<std::int64_t> first = {0};
  for (std::size_t g = 1; g < kBenefitGroups; ++g) {
    const double part = static_cast<double>(g) / kBenefitGroups;
    const auto next =
        static_cast<std::int64_t>(BinAt(spread, kBenefitHistogram, 0, kBenefitBins, part)) + 1;
    if (next > first.back() && next < static_cast<std::int64_t>(kBenefitBins))
      first.push_back(next);
  }
  const auto few = [&](std::int64_t changed) { return changed > 0 && changed < minimum_count; };
  // Where they are few in all no group can be told, however it is joined.
  const bool few_in_all = few(BenefitCounts(spread, kBenefitChanged, {0}).front());
  while (first.size() > 1 && !few_in_all) {
    const std::vector<std::int64_t> changed = BenefitCounts(spread, kBenefitChanged, first);
    const auto small = std::ranges::find_if(changed, few);
    if (small == changed.end()) break;
    // With the next group; the last with the one before.
    first.erase(first.begin() + std::min(small - changed.begin() + 1,
                                         static_cast<std::ptrdiff_t>(first.size()) - 1));
  }
  return first;
}

std::vector<std::int64_t> BenefitCounts(const PooledSums& spread, std::size_t block,
                                        const std::vector<std::int64_t>& first_bins) {
  std::vector<std::int64_t> persons(first_bins.size());
  for (std::size_t b = 0; !persons.empty() && b < kBenefitBins; ++b) {
    persons[GroupOfBin(first_bins, static_cast<std::int64_t>(b))] += spread.Count(block, b);
  }
  return persons;
}

std::vector<std::size_t> SizesOf(const std::vector<Subgrouping>& subgroupings) {
  std::vector<std::size_t> sizes;
  for (const Subgrouping& subgrouping : subgroupings) sizes.push_back(subgrouping.groups());
  return sizes;
}

Result<std::vector<std::string>> SubgroupsLeftOut(const federation::Analysis& analysis,
                                                  const table::Schema& schema,
                                                  const std::vector<Subgrouping>& subgroupings) {
  CLINNOVA_ASSIGN(const std::vector<Subgrouping> all, SubgroupingsOf(analysis, schema, true));
  std::vector<std::string> warnings;
  for (const Subgrouping& subgrouping : all) {
    const bool told =
        std::ranges::find(subgroupings, subgrouping.name, &Subgrouping::name) != subgroupings.end();
    if (told || subgrouping.name == "site") continue;
    warnings.push_back("no subgroups of " + subgrouping.name +
                       ": a covariate cuts it, and the few between would follow from the lines of "
                       "heterogeneity");
  }
  return warnings;
}

std::vector<std::int64_t> SubgroupPersons(const PooledSums& spread,
                                          const std::vector<std::size_t>& sizes, std::size_t arms) {
  const std::vector<std::int64_t> parts = RowTotals(spread.Counts(kSubgroupGiven), arms);
  std::vector<std::int64_t> persons;
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    for (std::size_t g = 0; g < size; ++g) persons.push_back(parts[at++]);
    ++at;
  }
  return persons;
}

}  // namespace clinnova::learn
