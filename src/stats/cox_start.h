// SPDX-License-Identifier: Apache-2.0
// A first step for Cox's model that needs no event times: Newton's from beta = 0 for a hazard that is constant in time,
//
//   score = sum over events of (x - m), information = d / T * sum of t (x - m)(x - m)', m = sum of t x / T,
//
// t being a row's time at risk, T its sum, d the number of events; rows count with their case weight, times also by
// e^offset. Where the hazard is constant Cox's own first step is this one, elsewhere it is near; the fit goes on from it
// and ends at the same maximum.
// Source: J. D. Kalbfleisch, R. L. Prentice, "The Statistical Analysis of Failure Time Data", 2nd ed., 2002, chapter 3.
//
// Reveals, to the hub: sums over all rows of t, t x, t x x', and over all events of 1 and x.
#pragma once

#include <vector>

#include "stats/cox_likelihood.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

struct CoxExposureParameters {
  CoxParameters cox;                  ///< beta is not used
  std::int64_t time_exponent = 0;     ///< no time is above 2^time_exponent
  std::int64_t weights_exponent = 0;  ///< nor a case weight above 2^weights_exponent

  template <class A>
  void Fields(A& a) {
    a(cox);
    a(time_exponent);
    a(weights_exponent);
  }
};
extern const federation::TypedStep<CoxExposureParameters> kCoxExposureStep;

/// The step, at most one standard deviation's in each coefficient; 0 where it cannot be told.
std::vector<double> FirstStep(const federation::PooledSums& sums, std::size_t coefficients);

}  // namespace clinnova::stats
