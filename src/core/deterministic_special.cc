// SPDX-License-Identifier: Apache-2.0
// The normal distribution and the gamma family of deterministic_math.h.
//
// Sources: M. J. Wichura, Algorithm AS 241 (Applied Statistics 37, 1988) for the normal quantile;
// M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x (Mathematics
// of Computation 36, 1981) for the idea behind the normal tail; NIST Digital Library of Mathematical
// Functions 5.11 for the asymptotic series.
#include "core/deterministic_math.h"
#include "core/deterministic_math_kernels.h"

namespace clinnova::core {
namespace {

using kernel::kInfinity;
using kernel::kNaN;
using kernel::Polynomial;

constexpr double kOneOverSqrt2Pi = 0x1.9884533d43651p-2;
constexpr double kOneOverSqrt2PiLow = -0x1.cbc0d30ebfd15p-56;
constexpr double kHalfLog2Pi = 0x1.d67f1c864beb5p-1;

/// (Phi(x) - 1/2) / x in z = x^2 for |x| <= 3/4.
inline constexpr double kCentralCdf[] = {
    0x1.9884533d43651p-2,  -0x1.1058377e2cee0p-4,  0x1.46d04297691d7p-7,  -0x1.37403f6ba0e8cp-10,
    0x1.e42b0d51f408ap-14, -0x1.3ce8fab849d81p-17, 0x1.658a1e86473c7p-21, -0x1.6221cd4015dbcp-25,
    0x1.3863a4d83697ep-29, -0x1.ed80933ecc2d6p-34, 0x1.3c8933ea59fe3p-38};
/// (1 + t) (1 - Phi(t)) / phi(t) in u = (t - 5) / (t + 5) for t >= 0.
inline constexpr double kMills[] = {
    0x1.28273b50efa76p+0,   -0x1.d5fd8ffd0f1abp-3, 0x1.3e97eaf5f2eefp-4,   0x1.9ac85788f59cbp-6,
    -0x1.0f103e712d2f0p-4,  0x1.f7d96e0d84e69p-5,  -0x1.37838b3a62f41p-5,  0x1.0bd973acd94b9p-6,
    -0x1.1355f47cb1808p-8,  0x1.47ab71c81e713p-16, 0x1.df3ec430e4109p-12,  -0x1.19cda3199a78bp-13,
    -0x1.a02aaafe407b7p-16, 0x1.7d00f3e8c47fep-16, -0x1.7c9120557d40ap-23, -0x1.b7dd7fdeeab86p-19,
    0x1.59ae9b2463ab7p-22,  0x1.081de3f2479b4p-21, -0x1.2146d219c0c12p-24, -0x1.4d1ab499e5a14p-24,
    0x1.59c0c3b5231d3p-27,  0x1.7aabb8c9f5784p-27, -0x1.2811f0dbe404bp-30, -0x1.06607c47b8d9ap-30,
    0x1.0f0dbe1f82e9bp-34};
/// ln Gamma(2 + z) / z for |z| <= 1/2.
inline constexpr double kLogGamma2[] = {
    0x1.b0ee6072093cep-2,   0x1.4a34cc4a60fa7p-2,  -0x1.13e001a557607p-4,  0x1.51322ac7d7fd2p-6,
    -0x1.e404fc218ecffp-8,  0x1.7add6eae5b8fdp-9,  -0x1.38ac5c2c96006p-10, 0x1.0b36af3424c50p-11,
    -0x1.d3fd4bda4f97bp-13, 0x1.a127dd231f4b2p-14, -0x1.78de85fa0bf74p-15, 0x1.5806d7786fbc2p-16,
    -0x1.3cb5f201754a6p-17, 0x1.2640a5e8ab73ep-18, -0x1.125408d7ee6ebp-19, 0x1.edf317afe0c72p-21,
    -0x1.d06b46182e294p-22, 0x1.2b4bb069ee6a9p-22, -0x1.1be56b7e101c6p-23};
/// B_2n / (2n (2n - 1)), B_2n / 2n and B_2n for n = 1 to 10.
inline constexpr double kStirling[] = {
    0x1.5555555555555p-4,  -0x1.6c16c16c16c17p-9,  0x1.a01a01a01a01ap-11, -0x1.3813813813814p-11,
    0x1.b951e2b18ff23p-11, -0x1.f6ab0d9993c7dp-10, 0x1.a41a41a41a41ap-8,  -0x1.e4286cb0f5398p-6,
    0x1.6fe96381e0680p-3,  -0x1.6476701181f3ap+0};
inline constexpr double kDigammaSeries[] = {
    0x1.5555555555555p-4, -0x1.1111111111111p-7, 0x1.0410410410410p-8, -0x1.1111111111111p-8,
    0x1.f07c1f07c1f08p-8, -0x1.5995995995996p-6, 0x1.5555555555555p-4, -0x1.c5e5e5e5e5e5ep-2,
    0x1.86e7f9b9fe6e8p+1, -0x1.a74ca514ca515p+4};
inline constexpr double kTrigammaSeries[] = {
    0x1.5555555555555p-3, -0x1.1111111111111p-5, 0x1.8618618618618p-6, -0x1.1111111111111p-5,
    0x1.364d9364d9365p-4, -0x1.0330330330330p-2, 0x1.2aaaaaaaaaaabp+0, -0x1.c5e5e5e5e5e5ep+2,
    0x1.b7c4f8f13e3c5p+5, -0x1.088fe72cfe72dp+9};
/// digamma(root + d) / d for |d| <= 0.4.
inline constexpr double kDigammaRoot[] = {
    0x1.ef72bc8ee38acp-1,  -0x1.c563b54aa1a35p-2,  0x1.08b4294d50381p-2,  -0x1.4fc1317257d92p-3,
    0x1.b9a5b6370f38cp-4,  -0x1.27baba261e8b4p-4,  0x1.8fce02b23c3b1p-5,  -0x1.0fa7ec359d3fap-5,
    0x1.723d680681005p-6,  -0x1.f970513acfa16p-7,  0x1.5955cb20beb05p-7,  -0x1.d827e578b957bp-8,
    0x1.42e195a37d682p-8,  -0x1.b9b4175cf33a6p-9,  0x1.2e2627634c87dp-9,  -0x1.9d076cddf7b2cp-10,
    0x1.1a9077bdf2665p-10, -0x1.87d0d9030a7cap-11, 0x1.0c0fdac2df4f7p-11, -0x1.414b6f92b584dp-12,
    0x1.b7a27bbc4750ep-13, -0x1.082379b4ff518p-12, 0x1.696dcee00577bp-13};

// Rational functions of AS 241: the centre |p - 1/2| <= 0.425, then r = sqrt(-ln p) up to 5 and beyond.
constexpr double kCentreTop[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                 3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double kCentreBottom[] = {1.0,
                                    4.2313330701600911252e+1,
                                    6.8718700749205790830e+2,
                                    5.3941960214247511077e+3,
                                    2.1213794301586595867e+4,
                                    3.9307895800092710610e+4,
                                    2.8729085735721942674e+4,
                                    5.2264952788528545610e+3};
constexpr double kNearTop[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                               5.76949722146069140550e0,  3.64784832476320460504e0,
                               1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kNearBottom[] = {1.0,
                                  2.05319162663775882187e0,
                                  1.67638483018380384940e0,
                                  6.89767334985100004550e-1,
                                  1.48103976427480074590e-1,
                                  1.51986665636164571966e-2,
                                  5.47593808499534494600e-4,
                                  1.05075007164441684324e-9};
constexpr double kFarTop[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                              1.78482653991729133580e0,  2.96560571828504891230e-1,
                              2.65321895265761230930e-2, 1.24266094738807843860e-3,
                              2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kFarBottom[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};

double Magnitude(double x) { return x < 0.0 ? -x : x; }

/// e^(-t^2 / 2) before scaling, for 0 <= t <= 40: t^2 is split so that the exponent is exact.
kernel::ScaledPair ExpOfMinusHalfSquare(double t) {
  const double high = kernel::UpperHalf(t);
  const double low = (t - high) * (t + high);
  const kernel::Pair exponent = kernel::FastTwoSum(-0.5 * high * high, -0.5 * low);
  return kernel::ExpPair(exponent.high, exponent.low);
}

/// ln Gamma(x) for x in [1/2, 5/2] without its factor: ln Gamma(2 + z).
double LogGammaNearTwo(double z) { return z * Polynomial(kLogGamma2, z); }

/// Stirling's series for ln Gamma(x), x >= 10.
double LogGammaAsymptotic(double x) {
  const double inverse = 1.0 / x;
  const double series = inverse * Polynomial(kStirling, inverse * inverse);
  return (x - 0.5) * (Log(x) - 1.0) + ((kHalfLog2Pi - 0.5) + series);
}

}  // namespace

double NormalDensity(double x) {
  if (x != x) return kNaN;
  const double t = Magnitude(x);
  if (t > 40.0) return 0.0;
  const kernel::ScaledPair e = ExpOfMinusHalfSquare(t);
  // The low halves matter: the factor's own rounding is half as large as that of the product.
  return kernel::Scale(
      e.high * kOneOverSqrt2Pi + (e.low * kOneOverSqrt2Pi + e.high * kOneOverSqrt2PiLow), e.k);
}

double NormalCdf(double x) {
  if (x != x) return kNaN;
  const double t = Magnitude(x);
  if (t > 40.0) return x < 0.0 ? 0.0 : 1.0;
  if (t <= 0.75) return 0.5 + x * Polynomial(kCentralCdf, x * x);
  const kernel::ScaledPair e = ExpOfMinusHalfSquare(t);
  const double mills = Polynomial(kMills, (t - 5.0) / (t + 5.0)) / (1.0 + t);
  const double tail = kernel::Scale((e.high + e.low) * (mills * kOneOverSqrt2Pi), e.k);
  return x < 0.0 ? tail : 1.0 - tail;
}

double NormalQuantile(double p) {
  if (!(p >= 0.0 && p <= 1.0)) return kNaN;
  if (p == 0.0) return -kInfinity;
  if (p == 1.0) return kInfinity;
  const double q = p - 0.5;
  if (Magnitude(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * (Polynomial(kCentreTop, r) / Polynomial(kCentreBottom, r));
  }
  const double r = __builtin_sqrt(-Log(q < 0.0 ? p : 1.0 - p));
  const double value = r <= 5.0 ? Polynomial(kNearTop, r - 1.6) / Polynomial(kNearBottom, r - 1.6)
                                : Polynomial(kFarTop, r - 5.0) / Polynomial(kFarBottom, r - 5.0);
  return q < 0.0 ? -value : value;
}

double LogGamma(double x) {
  if (!(x > 0.0)) return x == 0.0 ? kInfinity : kNaN;
  if (x == kInfinity) return kInfinity;
  if (x >= 10.0) return LogGammaAsymptotic(x);
  // Gamma(2 + x) = Gamma(x) x (1 + x); each shift is a logarithm, none cancels near 1 and 2.
  if (x < 0.5) return LogGammaNearTwo(x) - Log1p(x) - Log(x);
  if (x < 1.5) return LogGammaNearTwo(x - 1.0) - Log1p(x - 1.0);
  double product = 1.0;
  while (x > 2.5) {
    x -= 1.0;
    product *= x;
  }
  return LogGammaNearTwo(x - 2.0) + (product == 1.0 ? 0.0 : Log(product));
}

double Digamma(double x) {
  if (!(x > 0.0)) return x == 0.0 ? -kInfinity : kNaN;
  constexpr double kRoot = 0x1.762d86356be3fp+0;
  constexpr double kRootLow = 0x1.b86a722197829p-54;
  const double d = (x - kRoot) - kRootLow;
  if (Magnitude(d) <= 0.4) return d * Polynomial(kDigammaRoot, d);
  double shifts = 0.0;
  while (x < 10.0) {
    shifts += 1.0 / x;
    x += 1.0;
  }
  const double inverse = 1.0 / x;
  const double square = inverse * inverse;
  return Log(x) - (0.5 * inverse + square * Polynomial(kDigammaSeries, square)) - shifts;
}

double Trigamma(double x) {
  if (!(x > 0.0)) return x == 0.0 ? kInfinity : kNaN;
  double shifts = 0.0;
  while (x < 10.0) {
    shifts += 1.0 / (x * x);
    x += 1.0;
  }
  const double inverse = 1.0 / x;
  const double square = inverse * inverse;
  return shifts +
         (inverse + (0.5 * square + inverse * square * Polynomial(kTrigammaSeries, square)));
}

}  // namespace clinnova::core
