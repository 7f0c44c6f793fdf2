// SPDX-License-Identifier: Apache-2.0
// Fine and Gray's proportional subdistribution hazards, equal to R's cmprsk::crr on the pooled rows: Breslow's ties,
// one Kaplan-Meier curve G of censoring for all, and standard errors that include G's own error.
//
// At an event time t the risk set holds those still under observation with weight 1 and those who had another event
// at T < t with weight G(t-) / G(T-). G(t-) does not depend on the person, so that risk-set sums are
//   S(t) = sum over T_i >= t of e^(x_i'b) (1, x, xx')  +  G(t-) sum over other events at T_i < t of e^(x_i'b) / G(T_i-) (1, x, xx')
// and both sums come from contributions that each row makes once. One round per Newton step, then two for the
// sandwich of the residuals eta_i + psi_i of equations (7) and (8).
// Source: J. P. Fine, R. J. Gray, J. Am. Stat. Assoc. 94 (1999), 496-509.
//
// Reveals, to the hub: those sums at each event time; once, the sums over other events alone at each time. The
// difference of two consecutive ones is the covariates of those who left in between. Where disclosure rules hold
// times are merged until each has ten exits, none or ten other events, and none or ten of the rest (rule 9).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "federation/federation.h"
#include "stats/cause_counts.h"

namespace clinnova::stats {

/// Fits the model for counts.causes[cause] and adds its fields to `result`: terms (+ hazard_ratio, that of the
/// subdistribution), vcov, log_lik_null, log_lik, iterations, converged, and its warnings to result["warnings"].
Result<void> FitFineGray(federation::Federation& federation, const federation::Analysis& analysis,
                         const ModelFrame& frame, const CauseCounts& counts, std::size_t cause,
                         nlohmann::ordered_json& result);

/// The steps that it may run.
std::vector<const federation::Step*> FineGraySteps();

}  // namespace clinnova::stats
