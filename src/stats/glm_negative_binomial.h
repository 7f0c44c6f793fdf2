// SPDX-License-Identifier: Apache-2.0
// The negative binomial family of a generalised linear model: counts of mean mu and variance mu + mu^2 / theta, with
// theta estimated beside the coefficients by one joint Newton iteration, equal to R's MASS::glm.nb.
//
//   a batch of rows: AddTheta(family, batch, sums);
//   coordinator:     NegativeBinomialStep step = StepWithTheta(sums, fisher, aliased, theta);
//
// Theta is 0 while it is not known yet: the first scoring round is Poisson's and gives the moment estimate that R
// starts from. Source: J. F. Lawless, Can. J. Stat. 15 (1987); W. N. Venables, B. D. Ripley, "Modern Applied
// Statistics with S", 4th ed. 2002, section 7.4. The standard errors are R's: those of the coefficients from the
// expected information at the theta found, that of theta from its observed information alone.
//
// Reveals, beside what every model reveals: the pooled score and information of theta and their cross terms.
#pragma once

#include <vector>

#include "federation/exact_sums.h"
#include "stats/glm_rows.h"
#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// Numbers of the block kGlmTheta; the cross information of theta and the coefficients follows.
enum GlmTheta {
  kThetaScore,
  kThetaInformation,  ///< observed, as in R's theta.ml
  kThetaMoment,       ///< weight (y / mu - 1)^2
  kThetaSize
};

/// ln P(Y = y). y need not be whole.
double LogNegativeBinomial(double y, double mu, double theta);
/// Unit deviance times weight.
double NegativeBinomialDeviance(double y, double mu, double weight, double theta);

/// d and -d^2 of ln P(Y = y) with respect to theta.
struct ThetaDerivatives {
  double score;
  double information;
};
ThetaDerivatives DifferentiateTheta(double y, double mu, double theta);

/// Adds kGlmTheta of every row.
void AddTheta(const GlmFamily& family, const GlmBatch& batch, federation::ExactSums& sums);

/// One joint Newton step at the coordinator, on the standardised scale.
struct NegativeBinomialStep {
  std::vector<double> beta;
  double log_theta = 0;    ///< to be added to ln theta; not yet known: its first value
  double theta_error = 0;  ///< standard error of theta at the present values
  bool along_newton =
      false;  ///< false: a step of Fisher's scoring, where the likelihood is not concave
};
/// `fisher` is the factor of the expected information on the estimable columns.
NegativeBinomialStep StepWithTheta(const federation::PooledSums& sums,
                                   const SymmetricFactor& fisher, const std::vector<bool>& aliased,
                                   double theta);

}  // namespace clinnova::stats
