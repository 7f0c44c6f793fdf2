// SPDX-License-Identifier: Apache-2.0
// The inner loops of deterministic_math.h: branch-free scalar functions that a compiler turns into vector
// code, in exact IEEE operations. Only deterministic_math.cc, deterministic_special.cc and their test read
// this file; everyone else uses deterministic_math.h.
//
// A value x is reduced to 2^k and a small remainder; a polynomial answers for the remainder; what the
// last additions would round away is carried along as the low half of a Pair. Coefficients come from
// deterministic_math_coefficients.py.
//
// Sources: T. J. Dekker, A floating-point technique for extending the available precision (1971);
// J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd edition (2018), chapters 4, 5 and 11.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#define CLINNOVA_KERNEL [[gnu::always_inline]] inline

namespace clinnova::core::kernel {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// Added to |x| < 2^51 it rounds x to an integer, which then stands in the low bits of the sum.
inline constexpr double kShift = 0x1.8p52;
inline constexpr double kLog2E = 0x1.71547652b82fep+0;
/// ln 2 = high + low; the high part has 32 bits, so that its product with an exponent is exact.
inline constexpr double kLn2High = 0x1.62e42ff000000p-1;
inline constexpr double kLn2Low = -0x1.718432a1b0e26p-35;

/// (e^r - 1 - r) / r^2 for |r| <= 0.3467.
inline constexpr double kExpTail[] = {
    0x1.0000000000000p-1,  0x1.5555555555555p-3,  0x1.5555555555557p-5,  0x1.1111111111111p-7,
    0x1.6c16c16c15a5fp-10, 0x1.a01a01a0196a7p-13, 0x1.a01a01a9ed901p-16, 0x1.71de3a5aa9dc9p-19,
    0x1.27e4d40eb84dfp-22, 0x1.ae642c777eecbp-26, 0x1.1f7f3b37e9a58p-29, 0x1.61bfbf339abc9p-33};
/// (e^r - 1 - r - r^2 / 2) / r^3: the same without its first coefficient.
inline constexpr double kExpRest[] = {
    0x1.5555555555555p-3,  0x1.5555555555557p-5,  0x1.1111111111111p-7,  0x1.6c16c16c15a5fp-10,
    0x1.a01a01a0196a7p-13, 0x1.a01a01a9ed901p-16, 0x1.71de3a5aa9dc9p-19, 0x1.27e4d40eb84dfp-22,
    0x1.ae642c777eecbp-26, 0x1.1f7f3b37e9a58p-29, 0x1.61bfbf339abc9p-33};
/// 2 (atanh(s) / s - 1) / s^2 in z = s^2 for |s| <= 0.1716.
inline constexpr double kLogTail[] = {
    0x1.5555555555555p-1, 0x1.9999999999a38p-2, 0x1.2492492476ba1p-2, 0x1.c71c72017a15cp-3,
    0x1.745cf8f6c9119p-3, 0x1.3b1c38474d3eep-3, 0x1.0fbe478772696p-3, 0x1.0c06cf14c641bp-3};
/// (atanh(s) / s - 1 - z / 3) / z^2 in z = s^2 for |s| <= 0.1716.
inline constexpr double kLogPairTail[] = {
    0x1.999999999999ap-3, 0x1.2492492492522p-3, 0x1.c71c71c6ea871p-4, 0x1.745d177aad02ap-4,
    0x1.3b1395c881220p-4, 0x1.1118c9ee5b8a4p-4, 0x1.df7c5bc7c7563p-5, 0x1.e032e4d8436a1p-5};

/// An unevaluated sum: high is the sum rounded to a double, low what the rounding left.
struct Pair {
  double high;
  double low;
};

/// The polynomial with these coefficients, lowest power first: even and odd powers separately, so that
/// two chains of operations run side by side.
template <std::size_t N>
CLINNOVA_KERNEL double Polynomial(const double (&coefficients)[N], double x) {
  const double square = x * x;
  constexpr std::size_t kEvenTop = (N - 1) / 2 * 2;
  constexpr std::size_t kOddTop = N % 2 == 0 ? N - 1 : N - 2;
  double even = coefficients[kEvenTop];
  double odd = coefficients[kOddTop];
  [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    ((even = even * square + coefficients[kEvenTop - 2 * (I + 1)]), ...);
  }(std::make_index_sequence<kEvenTop / 2>());
  [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
    ((odd = odd * square + coefficients[kOddTop - 2 * (I + 1)]), ...);
  }(std::make_index_sequence<kOddTop / 2>());
  return even + x * odd;
}

/// a + b exactly, for |a| >= |b| or a = 0.
CLINNOVA_KERNEL Pair FastTwoSum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

/// a + b exactly.
CLINNOVA_KERNEL Pair TwoSum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// The upper 26 bits of x, for |x| < 2^995.
CLINNOVA_KERNEL double UpperHalf(double x) {
  const double scaled = x * 0x1.0000002p27;
  return scaled - (scaled - x);
}

/// a * b exactly (Veltkamp and Dekker), unless a part of it overflows or underflows.
CLINNOVA_KERNEL Pair TwoProduct(double a, double b) {
  const double product = a * b;
  const double a_high = UpperHalf(a);
  const double a_low = a - a_high;
  const double b_high = UpperHalf(b);
  const double b_low = b - b_high;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

/// 2^k * v for an integer k in [-2044, 2046], rounded once unless the result is subnormal.
CLINNOVA_KERNEL double Scale(double v, double k) {
  constexpr std::uint64_t kOne = std::uint64_t{1023} << 52;
  const double half_shifted = k * 0.5 + kShift;
  const double rest_shifted = (k - (half_shifted - kShift)) + kShift;
  const auto half =
      std::bit_cast<double>((std::bit_cast<std::uint64_t>(half_shifted) << 52) + kOne);
  const auto rest =
      std::bit_cast<double>((std::bit_cast<std::uint64_t>(rest_shifted) << 52) + kOne);
  return v * half * rest;
}

/// e^(x + x_low) = 2^k (1 + r.high + r.low + tail): the parts, for |x| < 2^20 and x_low below an ulp of x.
struct ExpParts {
  double k;
  Pair r;
  double tail;
};

CLINNOVA_KERNEL ExpParts ReduceExp(double x, double x_low) {
  const double k = (x * kLog2E + kShift) - kShift;
  const double first = x - k * kLn2High;  // exact
  const double second = k * kLn2Low - x_low;
  const double r = first - second;
  const double r_low = (first - r) - second;
  return {k, {r, r_low + r * r_low}, r * r * Polynomial(kExpTail, r)};
}

/// e^(x + x_low) before scaling: 2^k (high + low).
struct ScaledPair {
  double k;
  double high;
  double low;
};

CLINNOVA_KERNEL ScaledPair ExpPair(double x, double x_low) {
  const ExpParts parts = ReduceExp(x, x_low);
  const Pair sum = FastTwoSum(1.0, parts.r.high);
  return {parts.k, sum.high, sum.low + (parts.r.low + parts.tail)};
}

CLINNOVA_KERNEL double Clamp(double x, double low, double high) {
  x = x < low ? low : x;
  return x > high ? high : x;  // NaN stays NaN
}

CLINNOVA_KERNEL double Exp(double x) {
  const ScaledPair e = ExpPair(Clamp(x, -750.0, 720.0), 0.0);
  const double result = Scale(e.high + e.low, e.k);
  return x != x ? kNaN : result;
}

CLINNOVA_KERNEL double Expm1(double x) {
  const ExpParts parts = ReduceExp(Clamp(x, -40.0, 720.0), 0.0);
  // 2^k (1 + p) - 1 = 2^k ((1 - 2^-k) + p); past k = 100 the lost 2^-k is below any rounding.
  const double inverse = Scale(1.0, parts.k > 100.0 ? -100.0 : -parts.k);
  const Pair offset = TwoSum(1.0, -inverse);
  const double r = parts.r.high;
  const Pair sum = TwoSum(offset.high, r);
  // r^2 / 2 in two pieces, the first exact: half of the result may cancel against the offset.
  const double r_high = UpperHalf(r);
  const Pair more = TwoSum(sum.high, 0.5 * r_high * r_high);
  const double rest = 0.5 * (r - r_high) * (r + r_high) + r * r * r * Polynomial(kExpRest, r);
  const double value = more.high + (more.low + (sum.low + (offset.low + (parts.r.low + rest))));
  const double result = Scale(value, parts.k);
  return x != x ? kNaN : (x == 0.0 ? x : result);
}

/// 1 / (1 + e^-x) from u = e^-|x|: 1 / (1 + u) or u / (1 + u), the division corrected by its residual.
CLINNOVA_KERNEL double Expit(double x) {
  const double magnitude = x < 0.0 ? x : -x;
  const ScaledPair e = ExpPair(Clamp(magnitude, -750.0, 0.0), 0.0);
  const double u = Scale(e.high + e.low, e.k);
  const double u_low = Scale((e.high - (e.high + e.low)) + e.low, e.k);
  const Pair sum = FastTwoSum(1.0, u);
  const bool lower = x < 0.0;
  const double numerator = lower ? u : 1.0;
  const double numerator_low = lower ? u_low : 0.0;
  const double reciprocal = 1.0 / sum.high;
  const double quotient = numerator * reciprocal;
  const Pair product = TwoProduct(quotient, sum.high);
  const double residual =
      (((numerator - product.high) - product.low) + numerator_low) - quotient * (sum.low + u_low);
  const double result = quotient + residual * reciprocal;
  return x != x ? kNaN : result;
}

/// x = 2^k m with m in [sqrt(1/2), sqrt(2)), for positive finite x.
struct Decomposed {
  double k;
  double m;
};

CLINNOVA_KERNEL Decomposed Decompose(double x) {
  constexpr std::uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
  constexpr std::uint64_t kOne = std::uint64_t{1023} << 52;
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1;
  const bool subnormal = x < 0x1p-1022;
  const double scaled = subnormal ? x * 0x1p54 : x;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(scaled) + (kOne - kSqrtHalf);
  const auto exponent =
      std::bit_cast<double>((bits >> 52) | 0x4330000000000000) - (0x1p52 + 1023.0);
  return {subnormal ? exponent - 54.0 : exponent,
          std::bit_cast<double>((bits & kMantissa) + kSqrtHalf)};
}

/// k ln 2 + ln(1 + f) + correction, for 1 + f in [sqrt(1/2), sqrt(2)) and a correction below an ulp.
CLINNOVA_KERNEL double LogOf(double k, double f, double correction) {
  const double s = f / (2.0 + f);
  const double z = s * s;
  // f^2 / 2 in two pieces, the first exact.
  const double f_high = UpperHalf(f);
  const double square = 0.5 * f_high * f_high;
  const double square_low = 0.5 * (f - f_high) * (f + f_high);
  const double tail = s * ((square + square_low) + z * Polynomial(kLogTail, z));
  const Pair sum = FastTwoSum(k * kLn2High, f);
  const Pair more = FastTwoSum(sum.high, -square);
  const double low = (more.low + sum.low) + (k * kLn2Low + correction);
  return more.high + (low + (tail - square_low));
}

/// What a logarithm is outside the positive finite numbers; `value` inside.
CLINNOVA_KERNEL double LogSpecial(double x, double value) {
  value = x == kInfinity ? kInfinity : value;
  value = x == 0.0 ? -kInfinity : value;
  return x >= 0.0 ? value : kNaN;
}

CLINNOVA_KERNEL double Log(double x) {
  const Decomposed d = Decompose(x);
  return LogSpecial(x, LogOf(d.k, d.m - 1.0, 0.0));
}

CLINNOVA_KERNEL double Log1p(double x) {
  const Pair u = TwoSum(1.0, x);
  const Decomposed d = Decompose(u.high);
  const bool near_one = d.k == 0.0;
  const double correction = near_one ? 0.0 : u.low / u.high;
  const double value = LogSpecial(u.high, LogOf(d.k, near_one ? x : d.m - 1.0, correction));
  return x == 0.0 ? x : value;
}

/// ln x to about 2^-64, for positive finite x: k ln 2 is left out and returned beside it.
struct LogParts {
  double k;
  Pair log_m;
};

CLINNOVA_KERNEL LogParts LogPair(double x) {
  const Decomposed d = Decompose(x);
  const double f = d.m - 1.0;
  const Pair denominator = FastTwoSum(2.0, f);
  const double s = f / denominator.high;
  const Pair back = TwoProduct(s, denominator.high);
  const double s_low = (((f - back.high) - back.low) - s * denominator.low) / denominator.high;
  Pair z = TwoProduct(s, s);
  z.low += 2.0 * s * s_low;
  constexpr double kThird = 0x1.5555555555555p-2;
  constexpr double kThirdLow = 0x1.5555555555555p-56;
  Pair w = TwoProduct(z.high, kThird);
  w.low += z.high * kThirdLow + z.low * kThird;
  w = FastTwoSum(w.high, w.low + z.high * z.high * Polynomial(kLogPairTail, z.high));
  Pair sw = TwoProduct(s, w.high);
  sw.low += s * w.low + s_low * w.high;
  const Pair sum = FastTwoSum(s, sw.high);
  const Pair half = FastTwoSum(sum.high, sum.low + (sw.low + s_low));
  return {d.k, {2.0 * half.high, 2.0 * half.low}};
}

/// The instruction sets the span functions exist for; all give the same bits.
enum class Path { kBaseline, kAvx2, kAvx512 };

/// Whether this processor can run the path.
bool Supported(Path path);

/// The span functions on a given path, for the test: n values from x into result.
void ExpOn(Path path, const double* x, double* result, std::size_t n);
void LogOn(Path path, const double* x, double* result, std::size_t n);
void ExpitOn(Path path, const double* x, double* result, std::size_t n);

}  // namespace clinnova::core::kernel
