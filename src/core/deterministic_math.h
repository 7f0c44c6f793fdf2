// SPDX-License-Identifier: Apache-2.0
// Elementary functions whose bits depend on the argument alone: IEEE additions, multiplications,
// divisions and square roots in a fixed order, no libm, no fused operations. A record's contribution to
// a sum goes through these, so that a study gives the same bits on every machine and every partition.
//
// Each function states its largest error as measured against a 128-bit reference (deterministic_math_test).
// Special values follow C99: Exp(-inf) = 0, Log(0) = -inf, Log(-1) = NaN, NaN gives NaN.
#pragma once

#include <span>

namespace clinnova::core {

double Exp(double x);
double Log(double x);
double Log1p(double x);
double Expm1(double x);
double Log2(double x);
double Log10(double x);
double Pow(double x, double y);     ///< exact powers for small integer y by multiplication
double Expit(double x);             ///< 1 / (1 + e^-x), without overflow
double NormalDensity(double x);     ///< phi(x)
double NormalCdf(double x);         ///< Phi(x), relative accuracy kept in the lower tail
double NormalQuantile(double p);    ///< Phi^-1(p)
double Tan(double x);               ///< for the cauchit link
double ArcTan(double x);
double LogGamma(double x);          ///< ln Gamma(x), x > 0
double Digamma(double x);           ///< x > 0
double Trigamma(double x);          ///< x > 0

/// result[i] = Exp(x[i]) etc., the same bits as the scalar function, several at a time.
void Exp(std::span<const double> x, std::span<double> result);
void Log(std::span<const double> x, std::span<double> result);
void Expit(std::span<const double> x, std::span<double> result);

}  // namespace clinnova::core
