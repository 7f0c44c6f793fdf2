// SPDX-License-Identifier: Apache-2.0
// Concordance of Cox's model as survival's concordance() gives it for a coxph fit: of the pairs of persons of a
// stratum whose order of events is known, the share in which the one with the higher score x'beta had the event
// first, ties of the score counting half; and its error by the infinitesimal jackknife. With case weights a pair counts as
// the product of its two weights. Scores are equal when their doubles are, as in R. Source: T. M. Therneau, E. Atkinson, "Concordance", vignette of R's package survival 3.
//
// Stratified by site all pairs lie within a site. Reveals: to the hub, numbers of concordant, discordant and tied
// pairs and three sums of squares over persons (or clusters), over all sites together.
//
// Otherwise pairs cross sites, and their number can only be had from who is at risk with which score. Reveals, to
// the hub and the sites: how many persons have each score and time. That is single persons' data, so sites refuse
// these steps unless disclosure rules are lifted (rule 12), and the concordance is then null.
#pragma once

#include <optional>
#include <string>

#include "federation/federation.h"
#include "stats/cox_likelihood.h"
#include "stats/cox_robust.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

struct Concordance {
  std::optional<double> value;  ///< absent when there is no pair, or for the reason told
  std::optional<double> standard_error;
  std::string why_absent;   ///< a warning for the reader, or empty
  bool suppressed = false;  ///< absent under disclosure rules
};

/// Stratified by site, as a part of a round: its place, and what its sums say. `weight_exponent`: no case weight is
/// above 2^weight_exponent.
std::size_t AskConcordance(const CoxParameters& parameters, Clusters clusters, int weight_exponent,
                           RoundParts& parts);
Concordance ConcordanceOf(const federation::PooledSums& sums);

/// Not stratified by site: up to ten rounds, for at most 4 million cells of times and scores.
Result<Concordance> FindConcordance(federation::Federation& federation,
                                    const federation::Analysis& analysis,
                                    const CoxSolution& solution, Clusters clusters,
                                    int weight_exponent);

/// The steps that FindConcordance may run.
std::vector<const federation::Step*> ConcordanceSteps();

}  // namespace clinnova::stats
