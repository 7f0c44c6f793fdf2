// SPDX-License-Identifier: Apache-2.0
// Distribution functions of ordinal models and one row's log-likelihood with its derivatives, with the definitions of
// R's MASS::polr: P(level <= k) = F(threshold_k - eta). Everything here is deterministic arithmetic.
//
//   const OrdinalRow row = DifferentiateLevel(DistributionAt(link, threshold[k] - eta),
//                                             DistributionAt(link, threshold[k - 1] - eta));
#pragma once

#include <string_view>

#include "core/error.h"

namespace clinnova::stats {

/// kLoglog: F(x) = exp(-exp(-x)); kCloglog: 1 - exp(-exp(x)).
enum class OrdinalLink { kLogit, kProbit, kLoglog, kCloglog, kCauchit };

/// "logit" (also "logistic", as polr has it, and "" for the default), "probit", "loglog", "cloglog", "cauchit".
Result<OrdinalLink> ParseOrdinalLink(std::string_view word);

/// F, 1 - F, its density and the density's derivative at x, which may be infinite.
struct DistributionPoint {
  double lower = 0;
  double upper = 1;
  double density = 0;
  double slope = 0;
};
DistributionPoint DistributionAt(OrdinalLink link, double x);
/// F^-1(p), 0 < p < 1.
double DistributionQuantile(OrdinalLink link, double p);

/// F(high) - F(low) with the digits of the nearer tail; high is not below low.
double IntervalProbability(const DistributionPoint& high, const DistributionPoint& low);

/// ln(F(u) - F(l)) with u = upper threshold - eta, l = lower threshold - eta: first derivatives, and minus the second.
struct OrdinalRow {
  double probability = 0;  ///< 0 or less: the rest means nothing
  double eta = 0;
  double upper = 0;
  double lower = 0;
  double eta_eta = 0;
  double eta_upper = 0;
  double eta_lower = 0;
  double upper_upper = 0;
  double lower_lower = 0;
  double upper_lower = 0;
};
OrdinalRow DifferentiateLevel(const DistributionPoint& upper, const DistributionPoint& lower);

}  // namespace clinnova::stats
