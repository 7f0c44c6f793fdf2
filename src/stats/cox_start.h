// SPDX-License-Identifier: Apache-2.0
// A first step for Cox's model that needs no times: Newton's from beta = 0 as if everyone were at risk equally long,
//
//   score = sum over events of (x - m), information = d / n * sum of (x - m)(x - m)', m = mean of x,
//
// d being the number of events; rows count with their case weight, at risk also by e^offset. It is near Cox's own first
// step; the fit goes on from it and ends at the same maximum. That no time is in it is for disclosure, too: the longest
// follow-up must not show in a result's last digit.
//
// Reveals, to the hub: sums over all rows of 1, x, x x', and over all events of 1 and x.
#pragma once

#include <vector>

#include "stats/cox_likelihood.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

struct CoxStartParameters {
  CoxParameters cox;                  ///< beta is not used
  std::int64_t weights_exponent = 0;  ///< no case weight is above 2^weights_exponent

  template <class A>
  void Fields(A& a) {
    a(cox);
    a(weights_exponent);
  }
};
extern const federation::TypedStep<CoxStartParameters> kCoxStartStep;

/// The step, at most one standard deviation's in each coefficient; 0 where it cannot be told.
std::vector<double> FirstStep(const federation::PooledSums& sums, std::size_t coefficients);

}  // namespace clinnova::stats
