// SPDX-License-Identifier: Apache-2.0
// Counts of who left when and why, for competing risks: the status of Surv() is 0 = censored, 1, 2, … = which event.
//
//   CLINNOVA_ASSIGN(auto causes, FindCauses(federation, analysis, frame));
//   CLINNOVA_ASSIGN(CauseCounts counts, CountCauses(federation, analysis, frame, axis, causes));
//   counts.Events(c, stratum, k)      // of causes[c] at axis.Time(k)
//
// Rows whose case weight is 0 count in nothing; others count as one person each, whatever their weight, as survfit and
// finegray count them; with the option `id` all rows of a person are one.
//
// Reveals, to the hub: persons by status; persons censored, with each event and, under left truncation, coming under
// observation, by group and time, over all sites.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/federation.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

struct CauseCounts {
  TimeAxis axis;
  std::size_t strata = 1;
  std::vector<std::int64_t> causes;    ///< ascending
  std::vector<std::int64_t> censored;  ///< [stratum * axis.size() + k]
  std::vector<std::int64_t> events;    ///< [(cause * strata + stratum) * axis.size() + k]
  std::vector<std::int64_t>
      entries;  ///< as censored, by BeforeEntry index - 1; empty without start times
  // Of persons who have several rows (person_rows.h), else empty: those who go on in another group, where they leave the
  // one as `censored` counts, and where they come into the other, as `entries` does, in which they are counted.
  std::vector<std::int64_t> moved{};
  std::vector<std::int64_t> arrived{};

  std::int64_t Censored(std::size_t stratum, std::size_t k) const {
    return censored[stratum * axis.size() + k];
  }
  std::int64_t Events(std::size_t cause, std::size_t stratum, std::size_t k) const {
    return events[(cause * strata + stratum) * axis.size() + k];
  }
  /// Events of every cause.
  std::int64_t AllEvents(std::size_t stratum, std::size_t k) const;
  /// False for a combination of levels that nobody is in.
  bool Anybody(std::size_t stratum) const;
  /// Persons at risk at each time of a stratum, just before it.
  std::vector<std::int64_t> AtRisk(std::size_t stratum) const;
  std::int64_t Entries(std::size_t stratum, std::size_t k) const {
    return entries.empty() ? 0 : entries[stratum * axis.size() + k];
  }
  /// Strata are combinations of the formula's strata and, varying fastest, of `groups` curve groups: the groups alone,
  /// where whoever moves on leaves the group's curve as if censored, or the formula's strata alone.
  CauseCounts ByGroup(std::size_t groups) const;
  CauseCounts ByStratum(std::size_t groups) const;

 private:
  template <typename Of>
  CauseCounts Joined(std::size_t into, Of of) const;
};

/// The strata columns of a competing_risks design that are curve groups: those after the columns of the formula's
/// strata() and of the option `strata`.
struct GroupColumns {
  std::size_t first = 0;   ///< index of the first
  std::size_t groups = 1;  ///< their combinations
};
Result<GroupColumns> FindGroupColumns(const federation::Analysis& analysis,
                                      const ModelFrame& frame);

/// The causes that occur, ascending. kRefused (`rare_level`) when one has fewer events than the threshold.
Result<std::vector<std::int64_t>> FindCauses(federation::Federation& federation,
                                             const federation::Analysis& analysis,
                                             const ModelFrame& frame);

/// One round of counts; strata are those of the design, as in CountRisk, `groups` of them for each of the formula's.
/// kInvalidInput where rows of a person are not what person_rows.h expects.
Result<CauseCounts> CountCauses(federation::Federation& federation,
                                const federation::Analysis& analysis, const ModelFrame& frame,
                                TimeAxis axis, std::vector<std::int64_t> causes,
                                std::size_t groups);

/// The steps that these may run.
std::vector<const federation::Step*> CauseCountSteps();

}  // namespace clinnova::stats
