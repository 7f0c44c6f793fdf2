// SPDX-License-Identifier: Apache-2.0
// Robust errors of Cox's model: the sandwich of score residuals, as coxph(robust = TRUE) and cluster() give it.
//
//   U_i = d_i (x_i - mean of the risk set at t_i) - e^(x_i'beta) sum over t_k at risk of (x_i - mean_k) hazard_k
//
// with Efron's steps for tied events as in residuals(type = "score"); times the case weight; summed within a cluster, then squared. A
// cluster's rows must lie within one site: the same identity at two sites counts as two clusters.
// Sources: D. Y. Lin, L. J. Wei, J. Am. Stat. Assoc. 84 (1989); T. M. Therneau, P. M. Grambsch, "Modeling
// Survival Data", Springer 2000, chapter 7.
//
// Reveals: to the hub, the sum over all clusters of U U', p (p + 1) / 2 numbers. Stratified by site, nothing more.
// Otherwise the hub tells the sites the mean covariates and hazard at each event time, which it already has; where
// disclosure rules hold these are merged times (privacy.md, rule 9). No residual of one person leaves (rule 12).
#pragma once

#include <span>
#include <vector>

#include "federation/federation.h"
#include "stats/cox_likelihood.h"
#include "stats/round_parts.h"

namespace clinnova::stats {

enum class Clusters : std::uint8_t { kRows, kNamed };

/// Cumulated hazards by event time, all strata one after the other (CellOffsets); vectors of p by time.
struct HazardPath {
  std::vector<double> hazard;  ///< cumulated within the stratum
  std::vector<double> hazard_mean;
  std::vector<double> own_hazard;  ///< of this time only, for those who die at it
  std::vector<double> own_hazard_mean;
  std::vector<double> mean;  ///< average mean covariates that a death is compared with

  template <class A>
  void Fields(A& a) {
    a(hazard);
    a(hazard_mean);
    a(own_hazard);
    a(own_hazard_mean);
    a(mean);
  }
};

/// The path that the event times on `axes`, which for_each goes through, imply for p covariates.
HazardPath HazardPathOf(std::size_t p, const std::vector<TimeAxis>& axes,
                        const std::function<void(const UseEventTime&)>& for_each);

/// Adds a row's or a cluster's residual times its transpose to block 0, the lower triangle by rows.
void AddSquare(const std::vector<double>& residual, federation::ExactSums& sums);

/// Residuals of all rows and whose they are. Sorted by both before they are added, so that the sum of a cluster
/// does not depend on the order of its rows.
class ClusteredResiduals {
 public:
  explicit ClusteredResiduals(std::size_t p) : p_(p) {}
  void Add(std::int64_t cluster, const std::vector<double>& residual);
  /// Of each cluster's sum; flags the block where a residual is no number.
  void AddSquares(federation::ExactSums& sums) const;

 private:
  std::size_t p_;
  bool finite_ = true;
  std::vector<std::int64_t> clusters_;
  std::vector<double> residuals_;
};

struct CoxMeatParameters {
  CoxParameters cox;
  Clusters clusters = Clusters::kRows;
  HazardPath path;  ///< empty when each site has its own

  template <class A>
  void Fields(A& a) {
    a(cox);
    a(clusters);
    a(path);
  }
};
extern const federation::TypedStep<CoxMeatParameters> kCoxMeatStep;

/// How many rows have a case weight that is not whole: coxph's errors are then robust by default.
extern const federation::TypedStep<CoxParameters> kCoxFractionsStep;

/// Where the fit is not stratified by site, the part that tells the sum over clusters of U U' on the standardised scale
/// along a path at `parameters`.
std::size_t AskCoxMeat(const CoxParameters& parameters, Clusters clusters, const HazardPath& path,
                       RoundParts& parts);
HazardPath HazardPathOf(const CoxSolution& solution);
/// The path to be expected once beta has moved by `step`, to an error of the step's square: the meat along it can be
/// asked for beside the sums that tell the path itself.
HazardPath ExpectedPath(const CoxSolution& solution, std::span<const double> step);
/// Whether the two differ by no more than what a meat may: 1e-11 of hazards and of a standard deviation.
bool IsAsGood(const HazardPath& expected, const HazardPath& path);

}  // namespace clinnova::stats
