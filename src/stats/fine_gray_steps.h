// SPDX-License-Identifier: Apache-2.0
// What travels in a round of Fine and Gray's model, and the site's side of it; fine_gray.h has the equations.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/cox_robust.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

/// Places are those of the strata's axes one after the other (CellOffsets), event times the places that `events` names.
struct FineGrayParameters {
  FrameClaim claim;
  std::vector<double> beta;  ///< standardised scale, without the intercept's column
  std::int64_t cause = 1;
  Ties ties = Ties::kBreslow;
  bool weighted = false;  ///< the analysis names case weights
  std::vector<TimeAxis>
      axes;  ///< per stratum, listed times (or bins' upper edges) at which anybody leaves
  std::vector<double> censoring;      ///< G, under left truncation G H, just before each place
  std::vector<std::uint64_t> events;  ///< places at which the cause occurs, ascending
  std::int64_t size_exponent = 0;     ///< of a standardised value
  std::int64_t risk_exponent = 0;     ///< of weight * e^(x'beta)
  std::int64_t other_exponent = 0;    ///< of weight * e^(x'beta) / G

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(cause);
    a(ties);
    a(weighted);
    a(axes);
    a(censoring);
    a(events);
    a(size_exponent);
    a(risk_exponent);
    a(other_exponent);
  }
};

/// Of each stratum the index of its first event time; their number at the end.
std::vector<std::size_t> EventOffsets(const FineGrayParameters& parameters);

/// The rules on a frame, and rule 9 on the axes.
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

/// Blocks of kFineGrayStep, by event time. Of those under observation what changes from an event time to the next: + at
/// the last at which they are at risk, - at the last before they came; of those with another event, at the first event
/// time after it; of those with an event of the cause, at its time (Efron). p and p (p + 1) / 2 numbers for each of the
/// former's one.
enum FineGrayBlock {
  kExposed0,
  kExposed1,
  kExposed2,
  kOther0,
  kOther1,
  kOther2,
  kDying0,
  kDying1,
  kDying2,
  kCauseWeight,  ///< of those with an event of the cause, where there are case weights
  kCauseTotal    ///< over events of the cause: x'beta, then x
};
extern const federation::TypedStep<FineGrayParameters> kFineGrayStep;

/// e^(x'beta) / G (1, x) of those with another event, by place: blocks 0 and 1.
extern const federation::TypedStep<FineGrayParameters> kFineGrayOtherStep;

/// What a residual is made of: cumulated over event times of the stratum (vectors of p by event time), and by place.
struct FineGrayPath {
  HazardPath hazard;                 ///< of those under observation
  std::vector<double> later_hazard;  ///< from the event time on, times G
  std::vector<double> later_hazard_mean;
  std::vector<double>
      censoring_drift;  ///< by place: of everybody who leaves there; empty where G is taken as known
  std::vector<double> censoring_jump;  ///< by place: of those censored there

  template <class A>
  void Fields(A& a) {
    a(hazard);
    a(later_hazard);
    a(later_hazard_mean);
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
/// The sum over persons of their residuals' squares, (eta + psi)(eta + psi)'.
extern const federation::TypedStep<FineGrayMeatParameters> kFineGrayMeatStep;

}  // namespace clinnova::stats
