// SPDX-License-Identifier: Apache-2.0
// What travels in a round of Fine and Gray's model, and the site's side of it; fine_gray.h has the equations.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

struct FineGrayParameters {
  FrameClaim claim;
  std::vector<double> beta;  ///< standardised scale, without the intercept's column
  std::int64_t cause = 1;
  TimeAxis axis;                  ///< listed times (or bins' upper edges) at which anybody leaves
  std::vector<double> censoring;  ///< G just before each time of the axis
  std::vector<std::uint64_t> events;  ///< places on the axis at which the cause occurs, ascending
  std::int64_t size_exponent = 0;     ///< of a standardised value
  std::int64_t risk_exponent = 0;     ///< of e^(x'beta)
  std::int64_t other_exponent = 0;    ///< of e^(x'beta) / G

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(cause);
    a(axis);
    a(censoring);
    a(events);
    a(size_exponent);
    a(risk_exponent);
    a(other_exponent);
  }
};

/// The rules on a frame, and rule 9 on the axis.
Result<void> HoldFineGray(const federation::SiteView& site, const FineGrayParameters& parameters);

/// The guard of steps whose parameters are FineGrayParameters or have them as `model`.
struct FineGrayGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules({federation::Rule::kExits}); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    if constexpr (requires { parameters.model; }) {
      return HoldFineGray(site, parameters.model);
    } else {
      return HoldFineGray(site, parameters);
    }
  }
};

/// Blocks of kFineGrayStep. Of those who leave, at the last event time at which they are at risk; of those with
/// another event, at the first event time after it; p and p (p + 1) / 2 numbers for each of the former's one.
enum FineGrayBlock {
  kExposed0,
  kExposed1,
  kExposed2,
  kOther0,
  kOther1,
  kOther2,
  kCauseTotal  ///< over events of the cause: x'beta, then x
};
extern const federation::TypedStep<FineGrayParameters> kFineGrayStep;

/// e^(x'beta) / G (1, x) of those with another event, by place on the axis: blocks 0 and 1.
extern const federation::TypedStep<FineGrayParameters> kFineGrayOtherStep;

/// What a residual is made of: cumulated over event times (vectors of p by event time), and by place on the axis.
struct FineGrayPath {
  std::vector<double> hazard;        ///< up to and with the event time
  std::vector<double> hazard_mean;   ///< times the risk set's mean covariates
  std::vector<double> later_hazard;  ///< from the event time on, times G
  std::vector<double> later_hazard_mean;
  std::vector<double> mean;             ///< the risk set's mean covariates
  std::vector<double> censoring_drift;  ///< by place on the axis: of everybody who leaves there
  std::vector<double> censoring_jump;   ///< by place on the axis: of those censored there

  template <class A>
  void Fields(A& a) {
    a(hazard);
    a(hazard_mean);
    a(later_hazard);
    a(later_hazard_mean);
    a(mean);
    a(censoring_drift);
    a(censoring_jump);
  }
};

struct FineGrayMeatParameters {
  FineGrayParameters model;
  FineGrayPath path;
  template <class A>
  void Fields(A& a) {
    a(model);
    a(path);
  }
};
/// The sum over persons of (eta + psi)(eta + psi)'.
extern const federation::TypedStep<FineGrayMeatParameters> kFineGrayMeatStep;

}  // namespace clinnova::stats
