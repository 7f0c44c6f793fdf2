// SPDX-License-Identifier: Apache-2.0
// Fine and Gray's proportional subdistribution hazards on the pooled rows.
//
// At an event time t the risk set holds those still under observation with weight 1 and those who had another event
// at T < t with weight G(t-) / G(T-). G(t-) does not depend on the person, so that risk-set sums are
//   S(t) = sum over start < t <= T_i of e^(x_i'b) (1, x, xx')  +  G(t-) sum over other events at T_i < t of e^(x_i'b) / G(T_i-) (1, x, xx')
// and both sums come from contributions that each row makes once. G is the Kaplan-Meier curve of censoring; under left
// truncation G H, with H the probability to have come under observation by t.
//
// Equal to one of two: cmprsk::crr, Breslow's ties and errors that include G's own error, from the residuals eta_i + psi_i of
// equations (7) and (8); or survival's coxph of the rows and weights of finegray, a person being one cluster: with left
// truncation, case weights and strata, which have their own G and baseline; G is that of persons, whatever their weights or rows.
// One round per Newton step, then one or two for the sandwich.
// Sources: J. P. Fine, R. J. Gray, J. Am. Stat. Assoc. 94 (1999), 496-509; R. B. Geskus, Biometrics 67 (2011), 39-49.
//
// Reveals, to the hub: those sums at each event time; once, the sums over other events alone at each time. The
// difference of two consecutive ones is the covariates of those who left in between. Where disclosure rules hold
// times are merged until each has ten exits, none or ten other events, and none or ten of the rest (rule 9).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "federation/federation.h"
#include "stats/cause_counts.h"
#include "stats/cox_event_time.h"

namespace clinnova::stats {

/// Whose errors: crr()'s, which allow for the estimate of G, or those of coxph() on finegray()'s rows.
enum class FineGrayErrors : std::uint8_t { kEstimatedCensoring, kKnownCensoring };

struct FineGrayModel {
  const CauseCounts& counts;  // not owned; of the formula's strata (CauseCounts::ByStratum)
  std::size_t cause = 0;      ///< index into counts.causes
  Ties ties = Ties::kBreslow;
  FineGrayErrors errors =
      FineGrayErrors::kEstimatedCensoring;  ///< needs one stratum, no weights, no start times
};

/// Fits the model and adds its fields to `result`: terms (+ hazard_ratio, that of the subdistribution), vcov, log_lik_null,
/// log_lik, iterations, converged, and its warnings to result["warnings"]. kFailed where a competing event's weight has
/// no value.
Result<void> FitFineGray(federation::Federation& federation, const federation::Analysis& analysis,
                         const ModelFrame& frame, const FineGrayModel& model,
                         nlohmann::ordered_json& result);

/// The steps that it may run.
std::vector<const federation::Step*> FineGraySteps();

}  // namespace clinnova::stats
