// SPDX-License-Identifier: Apache-2.0
#include "core/deterministic_math.h"

#include "core/check.h"
#include "core/deterministic_math_kernels.h"

namespace clinnova::core {
namespace {

using kernel::kInfinity;
using kernel::kNaN;
using kernel::Pair;

/// (arctan(r) / r - 1) / r^2 in z = r^2 for |r| <= 7/16.
inline constexpr double kArcTanTail[] = {
    -0x1.5555555555555p-2, 0x1.99999999998c5p-3, -0x1.2492492485503p-3, 0x1.c71c71bd2b8bcp-4,
    -0x1.745d154c84f7ap-4, 0x1.3b1375ce5bdc6p-4, -0x1.110c9ce7b0572p-4, 0x1.e170800a46210p-5,
    -0x1.ab59b417b2d3fp-5, 0x1.7001816fd063fp-5, -0x1.0f62bba6a2558p-5, 0x1.e4167464d3de8p-7};
/// (tan(r) / r - 1) / r^2 in z = r^2 for |r| <= pi / 4.
inline constexpr double kTanTail[] = {
    0x1.5555555555555p-2,   0x1.111111111111bp-3,  0x1.ba1ba1ba1a50ep-5,   0x1.664f48834fc3cp-6,
    0x1.226e353ec05efp-7,   0x1.d6d3d95bb5fefp-9,  0x1.7da2a63e3080ep-10,  0x1.356399c9ba224p-11,
    0x1.f482427c83f8ep-13,  0x1.9e45a3a01bd75p-14, 0x1.1c960876a4bfbp-15,  0x1.c6ead8dd6f488p-16,
    -0x1.567206bd64259p-17, 0x1.47e48bd399d5fp-16, -0x1.471d195bd8f33p-17, 0x1.091b095b10820p-18};

double Magnitude(double x) { return x < 0.0 ? -x : x; }

/// (k ln 2 + log_m) * scale with k * unit exact: the logarithm to another base, unit = log_base 2.
double LogToBase(double x, Pair scale, Pair unit) {
  const kernel::LogParts parts = kernel::LogPair(x);
  Pair product = kernel::TwoProduct(parts.log_m.high, scale.high);
  product.low += parts.log_m.high * scale.low + parts.log_m.low * scale.high;
  Pair whole = kernel::TwoProduct(parts.k, unit.high);
  whole.low += parts.k * unit.low;
  const Pair sum = kernel::TwoSum(whole.high, product.high);
  return sum.high + (sum.low + (whole.low + product.low));
}

bool IsPositiveFinite(double x) { return x > 0.0 && x < kInfinity; }

/// Whether a finite number is an integer, and an odd one. From 2^53 on all are even integers.
bool IsInteger(double y) {
  const double magnitude = Magnitude(y);
  return magnitude >= 0x1p52 || (magnitude + 0x1p52) - 0x1p52 == magnitude;
}
bool IsOddInteger(double y) { return Magnitude(y) < 0x1p53 && IsInteger(y) && !IsInteger(0.5 * y); }

/// |x|^y for positive finite x other than 1 and finite y other than 0.
double PowPositive(double x, double y) {
  if (Magnitude(y) > 0x1p66) return (x > 1.0) == (y > 0.0) ? kInfinity : 0.0;
  const kernel::LogParts parts = kernel::LogPair(x);
  const Pair sum = kernel::TwoSum(parts.k * kernel::kLn2High, parts.log_m.high);
  const Pair log =
      kernel::TwoSum(sum.high, sum.low + (parts.k * kernel::kLn2Low + parts.log_m.low));
  Pair exponent = kernel::TwoProduct(y, log.high);
  exponent.low += y * log.low;
  if (exponent.high > 720.0) return kInfinity;
  if (exponent.high < -760.0) return 0.0;
  const Pair argument = kernel::FastTwoSum(exponent.high, exponent.low);
  const kernel::ScaledPair e = kernel::ExpPair(argument.high, argument.low);
  return kernel::Scale(e.high + e.low, e.k);
}

/// x^y where x is 0 or infinite, or y is infinite; none is NaN.
double PowAtLimits(double x, double y) {
  const double magnitude = Magnitude(x);
  if (Magnitude(y) == kInfinity) {
    if (magnitude == 1.0) return 1.0;
    return (magnitude > 1.0) == (y > 0.0) ? kInfinity : 0.0;
  }
  const double value = (magnitude == 0.0) == (y > 0.0) ? 0.0 : kInfinity;
  const bool negative = std::bit_cast<std::uint64_t>(x) >> 63 != 0;
  return negative && IsOddInteger(y) ? -value : value;
}

/// x = n pi/2 + r, |r| <= pi/4, for |x| <= 2^20: r, and whether n is odd.
struct Quadrant {
  Pair r;
  bool odd;
};

Quadrant ReduceQuadrant(double x) {
  constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
  const double shifted = x * kTwoOverPi + kernel::kShift;
  const double n = shifted - kernel::kShift;
  // The first three parts of pi/2 have 33 bits: their products with n are exact.
  const double first = x - n * 0x1.921fb54400000p+0;
  const Pair second = kernel::TwoSum(first, -n * 0x1.0b4611a600000p-34);
  const Pair third = kernel::TwoSum(second.high, -n * 0x1.3198a2e000000p-69);
  const double low = (second.low + third.low) - n * 0x1.b839a252049c1p-104;
  return {kernel::FastTwoSum(third.high, low), (std::bit_cast<std::uint64_t>(shifted) & 1) != 0};
}

/// arctan |x| = centre + arctan(t): the centre as a pair, and t in [-7/16, 7/16].
struct ArcTanParts {
  Pair centre;
  double t;
};

ArcTanParts ReduceArcTan(double magnitude) {
  if (magnitude < 0.4375) return {{0.0, 0.0}, magnitude};
  if (magnitude < 0.6875) {
    return {{0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
            (2.0 * magnitude - 1.0) / (2.0 + magnitude)};
  }
  if (magnitude < 1.1875) {
    return {{0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55}, (magnitude - 1.0) / (magnitude + 1.0)};
  }
  if (magnitude < 2.4375) {
    return {{0x1.f730bd281f69bp-1, 0x1.007887af0cbbdp-56},
            (magnitude - 1.5) / (1.0 + 1.5 * magnitude)};
  }
  return {{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54}, -1.0 / magnitude};
}

}  // namespace

double Exp(double x) { return kernel::Exp(x); }
double Expm1(double x) { return kernel::Expm1(x); }
double Expit(double x) { return kernel::Expit(x); }
double Log(double x) { return kernel::Log(x); }
double Log1p(double x) { return kernel::Log1p(x); }

double Log2(double x) {
  if (!IsPositiveFinite(x)) return kernel::LogSpecial(x, 0.0);
  return LogToBase(x, {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56}, {1.0, 0.0});
}

double Log10(double x) {
  if (!IsPositiveFinite(x)) return kernel::LogSpecial(x, 0.0);
  return LogToBase(x, {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57},
                   {0x1.34413509f79ffp-2, -0x1.9dc1da994fd21p-59});
}

double Pow(double x, double y) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (x != x || y != y) return kNaN;
  if (x == 0.0 || Magnitude(x) == kInfinity || Magnitude(y) == kInfinity) return PowAtLimits(x, y);
  if (y == 1.0) return x;
  if (y == 2.0) return x * x;
  if (y == -1.0) return 1.0 / x;
  if (y == 0.5 && x > 0.0) return __builtin_sqrt(x);
  if (x > 0.0) return PowPositive(x, y);
  if (!IsInteger(y)) return kNaN;
  const double value = x == -1.0 ? 1.0 : PowPositive(-x, y);
  return IsOddInteger(y) ? -value : value;
}

double Tan(double x) {
  if (!(Magnitude(x) <= 0x1p20)) return kNaN;
  if (Magnitude(x) < 0x1p-27) return x;
  const auto [r, odd] = ReduceQuadrant(x);
  const double z = r.high * r.high;
  const double rough = r.high + r.high * z * kernel::Polynomial(kTanTail, z);
  const double w = r.high * z * kernel::Polynomial(kTanTail, z) + r.low * (1.0 + rough * rough);
  const Pair tangent = kernel::FastTwoSum(r.high, w);
  if (!odd) return tangent.high;
  // -1 / tangent, the quotient corrected by its residual.
  const double quotient = -1.0 / tangent.high;
  const Pair back = kernel::TwoProduct(quotient, tangent.high);
  const double residual = ((1.0 + back.high) + back.low) + quotient * tangent.low;
  return quotient + quotient * residual;
}

double ArcTan(double x) {
  if (x != x) return kNaN;
  const double magnitude = Magnitude(x);
  if (magnitude < 0x1p-27) return x;
  const auto [centre, t] = ReduceArcTan(magnitude);
  const double z = t * t;
  const Pair sum = kernel::FastTwoSum(centre.high, t);
  const double value =
      sum.high + (sum.low + (centre.low + t * z * kernel::Polynomial(kArcTanTail, z)));
  return x < 0.0 ? -value : value;
}

}  // namespace clinnova::core
