// SPDX-License-Identifier: Apache-2.0
// Families and links of generalised linear models, row by row, with the definitions (and the clamping near
// the edges) of R's stats::family and stats::make.link. Everything here is deterministic arithmetic.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::stats {

enum class Family { kGaussian, kBinomial, kPoisson, kGamma };
enum class Link { kIdentity, kLog, kInverse, kLogit, kProbit, kCauchit, kCloglog, kSqrt };

/// A family with its link. `quasi` leaves the dispersion free and has no likelihood.
struct GlmFamily {
  Family family = Family::kGaussian;
  Link link = Link::kIdentity;
  bool quasi = false;
  /// The negative binomial is the Poisson family with variance mu + mu^2 / theta; theta is 0 (Poisson's variance)
  /// as long as it is not known. ParseFamily does not give it (see glm_negative_binomial.h).
  bool negative_binomial = false;
  double theta = 0;

  /// True where observed and expected information are the same.
  bool canonical() const;
  bool dispersion_is_free() const {
    return quasi || family == Family::kGaussian || family == Family::kGamma;
  }
};

/// From the options' words ("binomial", "" = canonical link); kInvalidInput lists the words there are.
Result<GlmFamily> ParseFamily(std::string_view family, std::string_view link);

/// The link's word.
std::string_view LinkName(Link link);

/// g(mu).
double LinkValue(Link link, double mu);
/// mu and d mu / d eta for `rows` linear predictors.
void InverseLink(Link link, const double* eta, std::size_t rows, double* mu, double* mu_eta);
/// d^2 mu / d eta^2, from the other two; where R cuts a slope off, that of the cut slope's neighbours.
double SecondSlope(Link link, double eta, double mu, double slope);
/// V(mu).
double Variance(Family family, double mu);
inline double Variance(const GlmFamily& family, double mu) {
  const double variance = Variance(family.family, mu);
  return family.theta > 0 ? variance + mu * mu / family.theta : variance;
}
/// dV / d mu.
double VarianceSlope(const GlmFamily& family, double mu);
/// Minus the second derivative of a row's quasi-log-likelihood in its linear predictor, for weight 1: the observed
/// information, which the canonical links have in common with the expected one.
double ObservedWeight(const GlmFamily& family, double y, double eta, double mu, double slope);
/// Unit deviance times weight, R's dev.resids.
double DevianceResidual(Family family, double y, double mu, double weight);
/// DevianceResidual(family, y[r], mu[r], 1) of `rows` rows, the same bits, several at a time for 0/1 and counts.
void DevianceResiduals(Family family, const double* y, const double* mu, std::size_t rows,
                       double* deviances);
/// Where R starts: a mean near y that lies inside the family's range.
double StartingMean(Family family, double y, double weight);
/// True when y can be an outcome of the family.
bool ValidResponse(const GlmFamily& family, double y);
/// True when mu can be a mean of the family.
bool ValidMean(Family family, double mu);

}  // namespace clinnova::stats
