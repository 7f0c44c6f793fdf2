// SPDX-License-Identifier: Apache-2.0
// The risk sets of strata that each lie within one site. Nothing of them leaves the site.
//
//   CLINNOVA_ASSIGN(const auto rows, OwnRowsOf(site, frame, claim));
//   const bool usable = ForEachOwnEventTime(*rows, parameters, [&](const EventTime& at) { … });
//
// The site's rows are put in the order in which people leave the risk set, once per run; each evaluation then walks
// time backwards with running sums, so that it needs memory for two risk sets, however many event times there are.
// Sums are exact (federation/exact_moments.h), so the bits do not depend on the order of the table's rows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "federation/step.h"
#include "stats/cox_event_time.h"
#include "stats/cox_likelihood.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

/// A site's rows that are ever at risk at an event. Event times of all strata are numbered one after the other.
struct OwnRows {
  struct Entry {
    std::uint32_t time;  ///< the last event time before the row came under observation
    std::uint32_t row;
  };

  std::vector<TimeAxis> axes;       ///< the site's own event times, per stratum
  std::size_t p = 0;                ///< covariates
  std::vector<std::uint32_t> last;  ///< number of the last event time at risk, ascending
  std::vector<std::uint8_t> event;  ///< dies at it
  std::vector<double> x;            ///< standardised, row after row
  std::vector<double> weights;      ///< above 0
  std::vector<double> offsets;
  std::vector<Entry> entries;  ///< of rows that came after their stratum's first event, ascending
  double largest_size = 0;     ///< of x
  std::vector<long double> death_sum;  ///< weight * offset, then weight * x over all events
};

/// Made once per run and claim, the last analysis' rows are kept. kRefused (`not_stratified_by_site`) when strata
/// cross sites.
Result<std::shared_ptr<const OwnRows>> OwnRowsOf(const federation::SiteView& site,
                                                 const SiteFrame& frame, const FrameClaim& claim);

/// Calls use for every event time, strata in order, times from the last to the first. False, with nothing called,
/// when e^(x'beta) has no usable range.
bool ForEachOwnEventTime(const OwnRows& rows, const CoxParameters& parameters,
                         const UseEventTime& use);

}  // namespace clinnova::stats
