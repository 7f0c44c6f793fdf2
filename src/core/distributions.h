// SPDX-License-Identifier: Apache-2.0
// Tail probabilities and quantiles for the coordinator: what turns estimates into p-values and intervals.
// They run once per number in a result, after the sums, so they need not have the same bits on every
// machine; what a record contributes to a sum uses deterministic_math.h and log_densities.h instead.
//
//   double p = NormalTwoSidedP(estimate / standard_error);
//   double half_width = StudentTQuantile(0.975, residual_df) * standard_error;
//
// Small probabilities keep their digits: NormalTwoSidedP(20) = 5.5e-89. Largest relative difference from R
// 4.2 over distributions_reference.R: 1e-13, down to the smallest normal double (2.2e-308).
// A NaN argument or a parameter outside its range (degrees of freedom <= 0, a probability outside [0, 1])
// gives NaN, as in R; nothing throws. Degrees of freedom need not be integers and may be infinite.
// All functions are thread-safe.
#pragma once

namespace clinnova::core {

double NormalUpperTail(double z);  ///< P(Z > z)
double NormalTwoSidedP(double z);  ///< P(|Z| > |z|), as 2 * pnorm(-abs(z))

double StudentTUpperTail(double t, double degrees_of_freedom);  ///< P(T > t)
double StudentTTwoSidedP(double t, double degrees_of_freedom);  ///< P(|T| > |t|)
double StudentTQuantile(double p, double degrees_of_freedom);   ///< t with P(T <= t) = p

double ChiSquaredUpperTail(double x, double degrees_of_freedom);  ///< P(X > x); 1 for x <= 0
double ChiSquaredQuantile(double p, double degrees_of_freedom);   ///< x with P(X <= x) = p

/// P(F > x) with numerator and denominator degrees of freedom; 1 for x <= 0.
double FUpperTail(double x, double numerator_df, double denominator_df);

/// Gamma(shape, x) / Gamma(shape): the upper tail of the gamma distribution with scale 1; and 1 minus it.
double GammaUpperTail(double x, double shape);
double GammaLowerTail(double x, double shape);

/// The beta distribution's P(X <= x), and x with P(X <= x) = p (Clopper-Pearson limits).
double BetaLowerTail(double x, double a, double b);
double BetaQuantile(double p, double a, double b);

}  // namespace clinnova::core
