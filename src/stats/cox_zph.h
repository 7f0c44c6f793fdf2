// SPDX-License-Identifier: Apache-2.0
// The test of proportional hazards that cox.zph(fit, transform = "km", terms = TRUE) of survival >= 3 makes: the score
// test of beta(t) = beta + theta g(t), theta = 0, for each term and for all, with g(t) = 1 - S(t-), S being the
// Kaplan-Meier curve of all persons, centred over events. Case weights enter score and information but, as in survival,
// not the curve.
// Source: P. M. Grambsch, T. M. Therneau, Biometrika 81 (1994), 515-526.
//
// Reveals: to the hub, numbers of events and censored persons at each time over all sites together (stratified by
// site, beside the fit; otherwise it has them), and, near the maximum, score and information of the extended model.
// Where disclosure rules hold g is taken on times merged until each has ten exits (privacy.md, rule 9).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/cox_likelihood.h"
#include "stats/risk_time.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

/// g(t) of an event at any time, centred over events.
struct TimeTransform {
  TimeAxis axis;
  std::vector<double> g;  ///< per time of the axis

  template <class A>
  void Fields(A& a) {
    a(axis);
    a(g);
  }
};

/// g from pooled counts; strata are added up. `exits_per_time` > 0 merges times until each has as many exits.
TimeTransform KaplanMeierTransform(const RiskCounts& counts, std::int64_t exits_per_time);

/// One score test; the statistic is absent when the extended model cannot be told from the fitted one.
struct ProportionalityTest {
  std::string term;  ///< "GLOBAL" for the last
  std::optional<double> statistic;
  std::size_t degrees_of_freedom = 0;
};

/// A term of the model and its columns among the covariates, those aliased left out.
struct TermColumns {
  std::string term;
  std::vector<std::size_t> columns;
};

/// A part of the round of the last iterate: its place.
std::size_t AskProportionality(const CoxParameters& parameters, const TimeTransform& transform,
                               RoundParts& parts);
/// The tests from its sums. `information` is the solution's, lower triangle by rows.
std::vector<ProportionalityTest> ProportionalityOf(const federation::PooledSums& sums,
                                                   const CoxSolution& solution,
                                                   const std::vector<double>& information,
                                                   const TimeTransform& transform,
                                                   const std::vector<TermColumns>& terms);

/// The steps that it asks for.
std::vector<const federation::Step*> ProportionalitySteps();

}  // namespace clinnova::stats
