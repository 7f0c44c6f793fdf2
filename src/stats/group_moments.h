// SPDX-License-Identifier: Apache-2.0
// Number, mean and spread of a number in each group: all that t tests and one-way analysis of variance need.
//
//   CLINNOVA_ASSIGN(const GroupMoments moments, FindGroupMoments(federation, analysis));
//   moments.groups[0].mean
//
// Three rounds: counts, sums, squares about the mean. Sums are asked for only once the counts have passed.
// Reveals: per group the number of complete rows and of values 0 and 1, the sum and the sum of squares. An outcome
// of 0 and 1 has none or at least minimum_count of either in each group. Disclosure rules 1 to 3 of
// privacy.md hold for groups: none from 1 to minimum_count - 1 persons, at most a third as many groups as
// rows, 10 degrees of freedom; judged by the coordinator and again by each site on what the hub claims.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/federation.h"

namespace clinnova::stats {

struct GroupMoment {
  std::string level;
  std::int64_t n = 0;
  double mean = 0;
  double mean_rest = 0;       ///< what rounding took from the mean
  double sum_of_squares = 0;  ///< about the mean
  /// About the mean over n - 1; NaN for one value.
  double variance() const;
};

struct GroupMoments {
  std::vector<GroupMoment> groups;  ///< levels that occur, in the factor's order
  std::int64_t n = 0;
  std::int64_t n_missing = 0;
};

/// kRefused by a disclosure rule; kFailed when no complete row is left.
Result<GroupMoments> FindGroupMoments(federation::Federation& federation,
                                      const federation::Analysis& analysis);

/// Rules 1 to 3 on the counts of groups: kRefused with `cohort_below_threshold`, `rare_level` or
/// `too_many_parameters`.
Result<void> CheckGroupCounts(const std::vector<std::int64_t>& counts, std::int64_t minimum_count);

/// The steps that FindGroupMoments may run.
std::vector<const federation::Step*> GroupMomentSteps();

}  // namespace clinnova::stats
