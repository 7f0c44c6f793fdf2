// SPDX-License-Identifier: Apache-2.0
// The partial likelihood of Cox's model from sums over risk sets, and the steps that carry either.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/linear_algebra.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

enum class Ties : std::uint8_t { kEfron, kBreslow };

/// Logarithm of the partial likelihood, its gradient and minus its second derivatives, at one beta.
struct PartialLikelihood {
  double log_likelihood = 0;
  std::vector<double> score;
  std::vector<double> information;   ///< lower triangle by rows
  double events = 0;
};

struct CoxParameters {
  FrameClaim claim;
  std::vector<double> beta;              ///< standardised scale, without the intercept's column
  Ties ties = Ties::kEfron;
  std::vector<TimeAxis> axes;            ///< event times per stratum; empty when each site has its own
  std::int64_t size_exponent = 0;        ///< of a standardised value
  std::int64_t risk_exponent = 0;        ///< of e^(x'beta), for sums that travel

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(ties);
    a(axes);
    a(size_exponent);
    a(risk_exponent);
  }
};

/// Blocks of the step for strata that each lie within one site: the likelihood itself.
enum CoxSiteBlock { kCoxLogLikelihood, kCoxScore, kCoxInformation, kCoxEvents };
extern const federation::TypedStep<CoxParameters> kCoxSiteStep;

/// The pooled likelihood from a round of kCoxRiskStep, whose blocks are risk-set sums by event time.
extern const federation::TypedStep<CoxParameters> kCoxRiskStep;
PartialLikelihood LikelihoodOf(const CoxParameters& parameters, const federation::PooledSums& sums);

}  // namespace clinnova::stats
