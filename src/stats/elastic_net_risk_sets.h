// SPDX-License-Identifier: Apache-2.0
// Breslow's partial likelihood at many coefficient vectors at once, each for all rows or for all but one fold, from sums
// over risk sets. An elastic net's Cox model asks for whole paths of them.
//
//   site:         AddNetRisk(site, *frame, points, axes, sums);          // sums of NetRiskLayout(points, axes)
//   coordinator:  const NetEvaluation at = NetLikelihood(points, axes, sums, k);
//
// A linear predictor beyond +-60 makes its vector's evaluation invalid instead of taking the range of the others.
// Source: N. E. Breslow, Biometrics 30 (1974). Reveals nothing by itself; what of it leaves a site is the steps' affair.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/exact_sums.h"
#include "federation/step.h"
#include "stats/elastic_net_solver.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

/// What to evaluate. Coefficients are on the standardised scale without the intercept's column.
struct NetRiskPoints {
  FrameClaim claim;
  std::int64_t folds = 1;
  std::vector<std::vector<double>> betas;
  std::vector<std::int64_t> left_out;  ///< per vector: a fold from 1, or 0
  std::int64_t derivatives = 1;        ///< 0: the likelihood alone
  std::int64_t size_exponent = 0;      ///< of a standardised value
  std::int64_t risk_exponent = 10;     ///< of e^(x'beta)

  std::size_t columns() const { return claim.center.size() - 1; }
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
    a(betas);
    a(left_out);
    a(derivatives);
    a(size_exponent);
    a(risk_exponent);
  }
};

/// Numbers that one vector takes on axes of so many cells.
std::size_t NetRiskNumbers(std::size_t cells, std::size_t columns, bool derivatives);

/// Per vector a run of blocks of its own, so that each finds its own range.
federation::Layout NetRiskLayout(const NetRiskPoints& points, const std::vector<TimeAxis>& axes);

/// One pass over the site's rows. kRefused (`wrong_layout`) when the vectors do not fit the design.
Result<void> AddNetRisk(const federation::SiteView& site, const SiteFrame& frame,
                        const NetRiskPoints& points, const std::vector<TimeAxis>& axes,
                        federation::ExactSums& sums);

/// The likelihood of vector `k`; its deviance is against a saturated model, whose ties are those of the rows used.
struct NetRiskLikelihood {
  NetEvaluation at;
  double events = 0;
};
NetRiskLikelihood NetLikelihood(const NetRiskPoints& points, const std::vector<TimeAxis>& axes,
                                const federation::PooledSums& sums, std::size_t k);

}  // namespace clinnova::stats
