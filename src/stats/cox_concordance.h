// SPDX-License-Identifier: Apache-2.0
// Concordance of Cox's model as survival's concordance() gives it for a coxph fit: of the pairs of persons of a
// stratum whose order of events is known, the share in which the one with the higher score x'beta had the event
// first, ties of the score counting half; and its error by the infinitesimal jackknife. With case weights a pair counts as
// the product of its two weights. Scores are equal when their doubles are, as in R. Source: T. M. Therneau, E. Atkinson, "Concordance", vignette of R's package survival 3.
//
// Stratified by site all pairs lie within a site. Reveals: to the hub, numbers of concordant, discordant and tied
// pairs and three sums of squares over persons (or clusters), over all sites together.
//
// Otherwise pairs cross sites, and their number can only be had from who is at risk with which score: beside the last
// evaluation of the likelihood sites tell these rows in a sketch (key_sketch.h), from which the coordinator counts the
// pairs of everybody; named clusters take one round more, as only a site knows which rows are one cluster's. Reveals, to
// the hub and, with clusters, to the sites: how many rows have each score, weight and time. That is single persons' data,
// so sites refuse these steps unless disclosure rules are lifted (rule 12), and the concordance is then null.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/concordant_pairs.h"
#include "stats/cox_likelihood.h"
#include "stats/cox_robust.h"
#include "stats/key_sketch.h"
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

/// Not stratified by site: rows of all sites that count alike for pairs, in the order of their scores.
struct PooledRow {
  ScoredRow row;
  double count = 0;
};

/// How its rows are asked for: at most half a million distinct ones.
class PooledRowsQuestion {
 public:
  PooledRowsQuestion(std::int64_t rows, std::size_t strata);
  /// The part's place in the round of an evaluation at `parameters`.
  std::size_t Ask(const CoxParameters& parameters, RoundParts& parts) const;
  /// Those rows; nothing when they cannot be read, and the next question is another, or none any more.
  std::optional<std::vector<PooledRow>> Absorb(const CoxParameters& parameters,
                                               const federation::PooledSums& sums);
  bool GivenUp() const { return tries_ > 1; }

 private:
  KeySketch sketch_;
  int tries_ = 0;
};

/// From these rows, each of which is a person of its own.
Concordance ConcordanceOf(const std::vector<PooledRow>& rows, const CoxParameters& parameters,
                          int weight_exponent);
/// Where clusters are named: the part that tells their squares, to be read as AskConcordance's.
std::size_t AskConcordance(const CoxParameters& parameters, const std::vector<PooledRow>& rows,
                           int weight_exponent, RoundParts& parts);

/// Whether pairs of the one are pairs of the other: the same rows in the same order of scores.
bool HaveSamePairs(const std::vector<PooledRow>& a, const std::vector<PooledRow>& b);

/// Not stratified by site under disclosure rules, and where there were too many rows.
Concordance SuppressedConcordance();
Concordance UntoldConcordance();

/// The steps that these ask for.
std::vector<const federation::Step*> ConcordanceSteps();

}  // namespace clinnova::stats
