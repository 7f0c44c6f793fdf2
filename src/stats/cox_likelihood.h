// SPDX-License-Identifier: Apache-2.0
// The partial likelihood of Cox's model from sums over risk sets, and the steps that carry either.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "federation/step.h"
#include "stats/cox_event_time.h"
#include "stats/linear_algebra.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

/// Logarithm of the partial likelihood, its gradient and minus its second derivatives, at one beta.
struct PartialLikelihood {
  double log_likelihood = 0;
  std::vector<double> score;
  std::vector<double> information;  ///< lower triangle by rows
  double events = 0;
};

/// Sums of e^(x'beta) that travel begin with room for 2^10: a range that is too small costs a round.
inline constexpr std::int64_t kRiskRange = 10;

struct CoxParameters {
  FrameClaim claim;
  std::vector<double> beta;  ///< standardised scale, without the intercept's column
  Ties ties = Ties::kEfron;
  std::vector<TimeAxis> axes;      ///< event times per stratum; empty when each site has its own
  std::int64_t size_exponent = 0;  ///< of a standardised value
  std::int64_t risk_exponent = 0;  ///< of weight * e^(x'beta), for sums that travel
  bool weighted = false;           ///< the analysis names case weights

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(ties);
    a(axes);
    a(size_exponent);
    a(risk_exponent);
    a(weighted);
  }
};

/// Blocks of the step for strata that each lie within one site: the likelihood itself.
enum CoxSiteBlock { kCoxLogLikelihood, kCoxScore, kCoxInformation, kCoxEvents };
extern const federation::TypedStep<CoxParameters> kCoxSiteStep;

/// The pooled likelihood from a round of kCoxRiskStep, whose blocks are risk-set sums by event time.
extern const federation::TypedStep<CoxParameters> kCoxRiskStep;
PartialLikelihood LikelihoodOf(const CoxParameters& parameters, const federation::PooledSums& sums);

/// The weighted mean of the offsets, from a round of kCoxRiskStep.
double MeanOffset(const federation::PooledSums& sums);

/// Calls use for every event time of every stratum, strata in order, times from the last to the first. `sums` are
/// risk-set sums on `axes` at `parameters`. With `step`, as they are to be expected at beta + step: hazards and means
/// to an error of the step's square; variances stay those at beta.
void ForEachEventTime(const CoxParameters& parameters, const std::vector<TimeAxis>& axes,
                      const federation::PooledSums& sums, const UseEventTime& use,
                      std::span<const double> step = {});

/// A site's own likelihood, for strata that each lie within one site; nothing when e^(x'beta) has no usable range.
Result<std::optional<PartialLikelihood>> OwnLikelihood(const federation::SiteView& site,
                                                       const SiteFrame& frame,
                                                       const CoxParameters& parameters);

/// Whether the hub may ask for a range of 2^exponent.
bool IsRangeExponent(std::int64_t exponent);

/// kRefused (`wrong_layout`) when the parameters do not fit the design.
Result<void> CheckCoxParameters(const SiteFrame& frame, const CoxParameters& parameters);

/// The rules on a frame, and rule 9 on the axes of risk sets that cross sites.
Result<void> HoldCox(const federation::SiteView& site, const CoxParameters& parameters);

/// The guard of steps whose parameters are CoxParameters or have them as `cox`.
struct CoxGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules({federation::Rule::kExits}); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    if constexpr (requires { parameters.cox; }) {
      return HoldCox(site, parameters.cox);
    } else {
      return HoldCox(site, parameters);
    }
  }
};

/// Where each stratum's times begin when they are numbered one after the other, and their number at the end.
std::vector<std::size_t> CellOffsets(const std::vector<TimeAxis>& axes);

/// A fitted model, as what is computed after the fit needs it.
struct CoxSolution {
  CoxParameters parameters;  ///< at the maximum
  std::optional<federation::PooledSums>
      sums;  ///< its risk-set sums; absent when stratified by site
};

}  // namespace clinnova::stats
