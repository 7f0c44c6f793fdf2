// SPDX-License-Identifier: Apache-2.0
// Counts of who left when and why, for competing risks: the status of Surv() is 0 = censored, 1, 2, … = which event.
//
//   CLINNOVA_ASSIGN(auto causes, FindCauses(federation, analysis, frame));
//   CLINNOVA_ASSIGN(CauseCounts counts, CountCauses(federation, analysis, frame, axis, causes));
//   counts.Events(c, stratum, k)      // of causes[c] at axis.Time(k)
//
// Reveals, to the hub: persons by status; persons censored and with each event by group and time, over all sites.
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

  std::int64_t Censored(std::size_t stratum, std::size_t k) const {
    return censored[stratum * axis.size() + k];
  }
  std::int64_t Events(std::size_t cause, std::size_t stratum, std::size_t k) const {
    return events[(cause * strata + stratum) * axis.size() + k];
  }
  /// Events of every cause.
  std::int64_t AllEvents(std::size_t stratum, std::size_t k) const;
  /// Persons at risk at each time of a stratum, just before it.
  std::vector<std::int64_t> AtRisk(std::size_t stratum) const;
  /// All strata as one.
  CauseCounts Together() const;
};

/// The causes that occur, ascending. kRefused (`rare_level`) when one has fewer events than the threshold.
Result<std::vector<std::int64_t>> FindCauses(federation::Federation& federation,
                                             const federation::Analysis& analysis,
                                             const ModelFrame& frame);

/// One round of counts; strata are those of the design, as in CountRisk.
Result<CauseCounts> CountCauses(federation::Federation& federation,
                                const federation::Analysis& analysis, const ModelFrame& frame,
                                TimeAxis axis, std::vector<std::int64_t> causes);

/// The steps that these may run.
std::vector<const federation::Step*> CauseCountSteps();

}  // namespace clinnova::stats
