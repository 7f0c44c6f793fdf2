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
/// (1 + t) (1 - Phi(t)) e^(t^2 / 2) in u = (t - 5) / (t + 5) for t >= 0.
inline constexpr double kMills[] = {
    0x1.d8979b0f2b39dp-2,   -0x1.76ff86859eb1cp-4, 0x1.fc66cc64a13e5p-6,   0x1.47c1d03056299p-7,
    -0x1.b08e0007b4d81p-6,  0x1.92037bab2e753p-6,  -0x1.f11aab030a4e7p-7,  0x1.ab6d0392b945bp-8,
    -0x1.b75f4f7f8d6c2p-10, 0x1.05714e244ddaap-17, 0x1.7e61e06f8f35ap-13,  -0x1.c1b1659a03754p-15,
    -0x1.4c0d8eeb67845p-17, 0x1.2fff3a8d9ce6bp-17, -0x1.2fa6010d85fa1p-24, -0x1.5ef63083a4882p-20,
    0x1.13d07ad829c2cp-23,  0x1.a5782894909b5p-23, -0x1.cd9e656c90a15p-26, -0x1.09c75ef4e277ep-25,
    0x1.13def7dceb627p-28,  0x1.2e22b516b96f9p-28, -0x1.d875a16350184p-32, -0x1.a2b1652275f1dp-32,
    0x1.b08a023a932a1p-36};
/// ln Gamma(2 + z) / z for z from -3/4 to 1/2.
inline constexpr double kLogGamma2[] = {
    0x1.b0ee6072093cep-2,   0x1.4a34cc4a60fa6p-2,  -0x1.13e001a55760dp-4,  0x1.51322ac7d8931p-6,
    -0x1.e404fc218c557p-8,  0x1.7add6ead24b2fp-9,  -0x1.38ac5c2e528f1p-10, 0x1.0b36afc6a0b9ap-11,
    -0x1.d3fd4a7d4f970p-13, 0x1.a127927d22adfp-14, -0x1.78ded94b1e5dep-15, 0x1.5811f1440bedcp-16,
    -0x1.3ca988a7346b2p-17, 0x1.254590089761cp-18, -0x1.137ac24392c4ep-19, 0x1.03957c5bfffebp-20,
    -0x1.af770681c449dp-22, 0x1.bdcb694fe824dp-23, -0x1.9db0f678cb211p-23, 0x1.acfd7c347fbb1p-28,
    0x1.afb50278530d2p-25,  0x1.44a2494351c70p-24};
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
/// digamma(root + d) / d for |d| <= 0.55: x from 0.92 to 2.01.
inline constexpr double kDigammaRoot[] = {
    0x1.ef72bc8ee38acp-1,  -0x1.c563b54aa1a35p-2,  0x1.08b4294d5037ap-2,  -0x1.4fc1317257d9fp-3,
    0x1.b9a5b6371077ap-4,  -0x1.27baba261d9b9p-4,  0x1.8fce02b18677ap-5,  -0x1.0fa7ec362d290p-5,
    0x1.723d683c865c8p-6,  -0x1.f97050d6136cep-7,  0x1.5955c182918e8p-7,  -0x1.d827fb0b1d16ep-8,
    0x1.42e2b2033ec00p-8,  -0x1.b9b12d00b079ap-9,  0x1.2e0fd006faa66p-9,  -0x1.9d47e690c8ab3p-10,
    0x1.1bc9870f5043bp-10, -0x1.844d5fc1adf07p-11, 0x1.0020baad5981fp-11, -0x1.5e76c26562b87p-12,
    0x1.2a1e9f5cd3b76p-12, -0x1.97ecf1e0c6bc4p-13, 0x1.85c33aae521c7p-16, -0x1.0aa92a412e955p-16,
    0x1.1f984502922f1p-13, -0x1.898683d5406fdp-14};

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

/// ln Gamma(2 + z) for z from -3/4 to 1/2.
double LogGammaNearTwo(double z) { return z * Polynomial(kLogGamma2, z); }

/// Stirling's series for ln Gamma(x), x >= 10.
double LogGammaAsymptotic(double x) {
  const double inverse = 1.0 / x;
  const double series = inverse * Polynomial(kStirling, inverse * inverse);
  return (x - 0.5) * (Log(x) - 1.0) + ((kHalfLog2Pi - 0.5) + series);
}

/// digamma(x) for x in [1, 2], with relative accuracy about its root.
double DigammaNearRoot(double x) {
  constexpr double kRoot = 0x1.762d86356be3fp+0;
  constexpr double kRootLow = 0x1.b86a722197829p-54;
  const double d = (x - kRoot) - kRootLow;
  return d * Polynomial(kDigammaRoot, d);
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
  const double tail = kernel::Scale(e.high * mills + e.low * mills, e.k);
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
  if (x < 1.25) return LogGammaNearTwo(x - 1.0) - Log1p(x - 1.0);
  double product = 1.0;
  while (x > 2.5) {
    x -= 1.0;
    product *= x;
  }
  return LogGammaNearTwo(x - 2.0) + (product == 1.0 ? 0.0 : Log(product));
}

double Digamma(double x) {
  if (!(x > 0.0)) return x == 0.0 ? -kInfinity : kNaN;
  if (x < 1.0) return DigammaNearRoot(x + 1.0) - 1.0 / x;
  if (x <= 2.0) return DigammaNearRoot(x);
  if (x <= 3.0) return DigammaNearRoot(x - 1.0) + 1.0 / (x - 1.0);
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
