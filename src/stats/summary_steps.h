// SPDX-License-Identifier: Apache-2.0
// What travels in the rounds of a summary, and the site's side of it.
//
// Under disclosure rules counts come first, then the sum of each variable that they allow, then the moments about its mean.
// A site at which one person would be too large a part of a sum (rule 5) withholds that variable and says so, and the
// variable is suppressed.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {

struct SummaryCountParameters {
  bool guarded = false;  ///< disclosure rules hold: no sum, but what the rules are judged by
  template <class A>
  void Fields(A& a) {
    a(guarded);
  }
};
/// Per variable, but for levels (of each factor in turn) and keys (256 per variable).
enum SummaryCountBlock {
  kSummaryPresent,
  kSummaryAbsent,
  kSummarySum,  ///< nothing in a guarded round; the following are empty in another
  kSummaryLevels,
  kSummaryFirstKeys,
  kSummaryZeros,
  kSummaryOnes,
  kSummarySites,       ///< sites that have any value
  kSummaryLevelSites,  ///< sites that have anybody in a level
  kSummaryMagnitudes,  ///< see Magnitudes::Bound
  kSummaryRows         ///< not by variable: rows with a value in any, and in none
};

/// What the hub claims of one variable whose sums are asked for.
struct SummaryClaim {
  std::uint64_t variable = 0;
  std::int64_t present = 0;
  std::int64_t zeros = 0;
  std::int64_t ones = 0;
  std::int64_t sites = 0;
  double magnitude = 0;
  template <class A>
  void Fields(A& a) {
    a(variable);
    a(present);
    a(zeros);
    a(ones);
    a(sites);
    a(magnitude);
  }
};

struct SummaryRefineParameters {
  enum class Sums : std::uint8_t { kNone, kPlain, kMoments };
  Sums sums = Sums::kNone;
  std::vector<double> centers;  ///< one per variable
  std::vector<KeyInterval> targets;
  std::int64_t shift = 56;
  std::vector<SummaryClaim>
      claims;  ///< where disclosure rules hold: the variables that sums are of
  template <class A>
  void Fields(A& a) {
    a(sums);
    a(centers);
    a(targets);
    a(shift);
    a(claims);
  }
};
/// Then for each claim one block of its variable's sum or moments.
enum SummaryRefineBlock { kSummaryMoments, kSummaryKeys, kSummaryWithheld, kSummaryFirstClaim };

/// The analysis' variables as columns of the schema.
Result<std::vector<std::size_t>> SummaryVariables(const federation::Analysis& analysis,
                                                  const table::Schema& schema);

/// Rules 1, 3 and 11 on a numeric variable's counts; true when its sums may be asked for.
bool MaySum(const SummaryClaim& claim, const table::Schema& schema, int minimum_count,
            const federation::DisclosureLimits& limits);

extern const federation::TypedStep<SummaryCountParameters> kSummaryCountStep;
extern const federation::TypedStep<SummaryRefineParameters> kSummaryRefineStep;

}  // namespace clinnova::stats
