// SPDX-License-Identifier: Apache-2.0
// What travels for curves of competing risks with case weights or left truncation, and the site's side of it;
// weighted_incidence.h has the equations.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/cox_likelihood.h"
#include "stats/model_frame.h"
#include "stats/risk_time.h"

namespace clinnova::stats {

/// The curves' times: of each group those at which somebody leaves.
struct CurveParameters {
  FrameClaim claim;
  std::vector<TimeAxis> axes;  ///< per group
  std::vector<std::int64_t> causes;

  std::size_t cells() const { return CellOffsets(axes).back(); }

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(axes);
    a(causes);
  }
};

/// The curves after each time, as a person's influence needs them; a group's values begin with that before all times,
/// so that group g has those from CellOffsets(axes)[g] + g on.
struct CurvePath {
  std::vector<double> survival;
  std::vector<double> drift;      ///< A
  std::vector<double> share;      ///< at a time: S just before it, over the weight at risk
  std::vector<double> rate;       ///< at a time: of all events
  std::vector<double> incidence;  ///< [cause * size + place]; F_j
  std::vector<double> influence;  ///< likewise: V_j
  std::vector<double> cause_rate;

  template <class A>
  void Fields(A& a) {
    a(survival);
    a(drift);
    a(share);
    a(rate);
    a(incidence);
    a(influence);
    a(cause_rate);
  }
};

struct JackknifeParameters {
  CurveParameters curve;
  CurvePath path;
  template <class A>
  void Fields(A& a) {
    a(curve);
    a(path);
  }
};

/// The rules on a frame, and rule 9 on the curves' times.
Result<void> HoldCurves(const federation::SiteView& site, const CurveParameters& parameters);

/// The guard of steps whose parameters are CurveParameters or have them as `curve`.
struct CurveGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules({federation::Rule::kExits}); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    if constexpr (requires { parameters.curve; }) {
      return HoldCurves(site, parameters.curve);
    } else {
      return HoldCurves(site, parameters);
    }
  }
};

/// Blocks of kWeightStep, by time.
enum WeightBlock { kCensoredWeight, kEventWeight, kEntryWeight };
extern const federation::TypedStep<CurveParameters> kWeightStep;

/// Sums of squares and products, times the square of the weight, by time; those of causes [cause * cells + cell].
enum JackknifeBlock {
  kLeftAlpha2,  ///< of those who left, at the time at which they did
  kLeftAlphaA,
  kLeftA2,
  kRisk,  ///< of those at risk: what changes from a time to the next, as in Cox's risk sets
  kRiskDrift,
  kRiskDrift2,
  kRiskGamma,
  kRiskGammaDrift,
  kRiskGamma2
};
extern const federation::TypedStep<JackknifeParameters> kJackknifeStep;

}  // namespace clinnova::stats
