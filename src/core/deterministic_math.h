// SPDX-License-Identifier: Apache-2.0
// Elementary functions whose bits depend on the argument alone: IEEE additions, multiplications,
// divisions and square roots in a fixed order, no libm, no fused operations. A record's contribution to
// a sum goes through these, so that a study gives the same bits on every machine and every partition.
//
// Each function states its largest error in units in the last place (ulp, 2^-52 of the result at most), as
// measured against a 113-bit reference by deterministic_math_test; 0.5 is the least possible.
// Special values follow C99: Exp(-inf) = 0, Log(0) = -inf, Log(-1) = NaN, NaN gives NaN. Results that
// overflow are infinite; subnormal results may be off by 1 ulp more. All functions are thread-safe and
// assume round-to-nearest.
#pragma once

#include <span>

namespace clinnova::core {

double Exp(double x);            ///< 0.7 ulp
double Log(double x);            ///< 0.65 ulp
double Log1p(double x);          ///< ln(1 + x), 0.65 ulp
double Expm1(double x);          ///< e^x - 1, 0.65 ulp
double Log2(double x);           ///< 0.51 ulp; exact for powers of 2
double Log10(double x);          ///< 0.51 ulp; exact for powers of 10
double Pow(double x, double y);  ///< 1 ulp; exact where the power is a double
double Expit(
    double x);  ///< 1 / (1 + e^-x), without overflow, 0.7 ulp; 0.8 for results below 1e-300
double NormalDensity(double x);   ///< phi(x), 1.2 ulp
double NormalCdf(double x);       ///< Phi(x), 5 ulp, kept in the lower tail down to underflow
double NormalQuantile(double p);  ///< Phi^-1(p), relative 2e-15; NaN outside [0, 1]
double Tan(double x);             ///< for the cauchit link: 1.3 ulp for |x| <= 2^20, NaN beyond
double ArcTan(double x);          ///< 0.75 ulp
double LogGamma(double x);        ///< ln Gamma(x), 5 ulp; NaN for x < 0
double Digamma(double x);         ///< 10 ulp; -inf at 0, NaN for x < 0
double Trigamma(double x);        ///< 6 ulp; NaN for x < 0

/// result[i] = Exp(x[i]) etc., the same bits as the scalar function, several at a time. The spans have
/// the same length; result may be x itself, but must not overlap it otherwise.
void Exp(std::span<const double> x, std::span<double> result);
void Log(std::span<const double> x, std::span<double> result);
void Expit(std::span<const double> x, std::span<double> result);

}  // namespace clinnova::core
