// SPDX-License-Identifier: Apache-2.0
// Every function against a 113-bit reference over its range, its special values, and the span functions
// on every instruction set against the scalar ones.
#include "core/deterministic_math.h"

#include <gtest/gtest.h>
#include <quadmath.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/deterministic_math_kernels.h"

namespace clinnova::core {
namespace {

using Quad = __float128;

constexpr int kPoints = 20'000;
constexpr double kInfinity = kernel::kInfinity;

std::uint64_t Bits(double x) { return std::bit_cast<std::uint64_t>(x); }

/// The distance between neighbouring doubles at |value|.
double Ulp(Quad value) {
  const double rounded = std::fabs(static_cast<double>(value));
  if (rounded == kInfinity) return 0x1p971;
  return std::max(std::ldexp(1.0, std::ilogb(std::max(rounded, 0x1p-1022)) - 52), 0x1p-1074);
}

double UlpError(double found, Quad expected) {
  return static_cast<double>(fabsq(static_cast<Quad>(found) - expected) / Ulp(expected));
}

/// Points over [low, high]: evenly spread at random, and in addition, where both ends are positive,
/// evenly spread in the logarithm.
std::vector<double> PointsBetween(double low, double high) {
  std::mt19937_64 random(20240611);
  std::uniform_real_distribution<double> even(low, high);
  std::vector<double> points = {low, high};
  for (int i = 0; i < kPoints; ++i) points.push_back(even(random));
  if (low > 0.0) {
    std::uniform_real_distribution<double> exponent(std::log(low), std::log(high));
    for (int i = 0; i < kPoints; ++i) {
      points.push_back(std::clamp(std::exp(exponent(random)), low, high));
    }
  }
  return points;
}

struct Worst {
  double error = 0.0;
  double at = 0.0;
};

Worst LargestUlpError(double (*function)(double), const std::function<Quad(Quad)>& reference,
                      const std::vector<double>& points, double sign = 1.0) {
  Worst worst;
  for (double x : points) {
    const double error = UlpError(function(sign * x), reference(static_cast<Quad>(sign * x)));
    if (!(error <= worst.error)) worst = {error, sign * x};
  }
  return worst;
}

Quad ExpitReference(Quad x) { return x < 0 ? expq(x) / (1 + expq(x)) : 1 / (1 + expq(-x)); }
Quad DensityReference(Quad x) { return expq(-x * x / 2) / sqrtq(2 * M_PIq); }
Quad CdfReference(Quad x) { return erfcq(-x * M_SQRT1_2q) / 2; }

/// The asymptotic series at x + 40, carried back by the recurrence (DLMF 5.11.2, 5.15.8).
constexpr double kBernoulliTop[] = {1, -1, 1, -1, 5, -691, 7, -3617, 43867, -174611, 854513};
constexpr double kBernoulliBottom[] = {6, 30, 42, 30, 66, 2730, 6, 510, 798, 330, 138};

Quad DigammaReference(Quad x) {
  Quad shifts = 0;
  for (; x < 60; x += 1) shifts += 1 / x;
  Quad value = logq(x) - 1 / (2 * x);
  for (int n = 1; n <= 11; ++n) {
    value -= Quad(kBernoulliTop[n - 1]) / kBernoulliBottom[n - 1] / (2 * n) / powq(x, 2 * n);
  }
  return value - shifts;
}

Quad TrigammaReference(Quad x) {
  Quad shifts = 0;
  for (; x < 60; x += 1) shifts += 1 / (x * x);
  Quad value = 1 / x + 1 / (2 * x * x);
  for (int n = 1; n <= 11; ++n) {
    value += Quad(kBernoulliTop[n - 1]) / kBernoulliBottom[n - 1] / powq(x, 2 * n + 1);
  }
  return value + shifts;
}

struct AccuracyCase {
  const char* name;
  double (*function)(double);
  Quad (*reference)(Quad);
  double low;
  double high;
  double sign;  ///< -1: the points are negated, so that small magnitudes are spread by logarithm
  double limit_ulp;  ///< the bound stated in the header
};

const AccuracyCase kAccuracyCases[] = {
    {"Exp", Exp, expq, 1e-300, 709.78, 1, 0.7},
    {"Exp", Exp, expq, 1e-20, 708.3, -1, 0.7},
    {"Exp subnormal", Exp, expq, 708.3, 745.2, -1, 1.0},
    {"Log", Log, logq, 0x1p-1074, 1.7e308, 1, 0.65},
    {"Log", Log, logq, 0.5, 2.0, 1, 0.65},
    {"Log1p", Log1p, log1pq, 1e-300, 1e300, 1, 0.65},
    {"Log1p", Log1p, log1pq, 1e-20, 0.99999, -1, 0.65},
    {"Log1p", Log1p, log1pq, 0.1, 2.0, 1, 0.65},
    {"Expm1", Expm1, expm1q, 1e-300, 709.78, 1, 0.65},
    {"Expm1", Expm1, expm1q, 1e-20, 50.0, -1, 0.65},
    {"Expm1", Expm1, expm1q, 0.1, 3.0, 1, 0.65},
    {"Expm1", Expm1, expm1q, 0.1, 3.0, -1, 0.65},
    {"Log2", Log2, log2q, 0x1p-1074, 1.7e308, 1, 0.51},
    {"Log2", Log2, log2q, 0.5, 2.0, 1, 0.51},
    {"Log10", Log10, log10q, 0x1p-1074, 1.7e308, 1, 0.51},
    {"Log10", Log10, log10q, 0.5, 2.0, 1, 0.51},
    {"Expit", Expit, ExpitReference, 1e-20, 745.0, 1, 0.65},
    {"Expit", Expit, ExpitReference, 1e-20, 708.3, -1, 0.8},
    {"Expit", Expit, ExpitReference, 1e-3, 10.0, 1, 0.65},
    {"Expit", Expit, ExpitReference, 1e-3, 10.0, -1, 0.65},
    {"Expit subnormal", Expit, ExpitReference, 708.3, 745.0, -1, 1.0},
    {"NormalDensity", NormalDensity, DensityReference, 1e-10, 37.5, 1, 1.2},
    {"NormalDensity subnormal", NormalDensity, DensityReference, 37.5, 38.6, 1, 1.2},
    {"NormalCdf", NormalCdf, CdfReference, 1e-10, 37.5, -1, 5.0},
    {"NormalCdf", NormalCdf, CdfReference, 1e-10, 8.5, 1, 5.0},
    {"NormalCdf", NormalCdf, CdfReference, 1e-2, 3.0, -1, 5.0},
    {"NormalCdf subnormal", NormalCdf, CdfReference, 37.5, 38.4, -1, 5.0},
    {"Tan", Tan, tanq, 1e-300, 1.5707963267948966, 1, 1.3},
    {"Tan", Tan, tanq, 1.0, 0x1p20, -1, 1.3},
    {"ArcTan", ArcTan, atanq, 1e-300, 1e300, 1, 0.75},
    {"ArcTan", ArcTan, atanq, 1e-3, 5.0, -1, 0.75},
    {"LogGamma", LogGamma, lgammaq, 1e-300, 2e305, 1, 5.0},
    {"LogGamma", LogGamma, lgammaq, 1e-2, 15.0, 1, 5.0},
    {"Digamma", Digamma, DigammaReference, 1e-100, 1e100, 1, 10.0},
    {"Digamma", Digamma, DigammaReference, 1e-2, 12.0, 1, 10.0},
    {"Trigamma", Trigamma, TrigammaReference, 1e-100, 1e100, 1, 6.0},
    {"Trigamma", Trigamma, TrigammaReference, 1e-2, 12.0, 1, 6.0},
};

TEST(DeterministicMath, StaysWithinItsStatedError) {
  for (const AccuracyCase& c : kAccuracyCases) {
    const Worst worst =
        LargestUlpError(c.function, c.reference, PointsBetween(c.low, c.high), c.sign);
    EXPECT_LE(worst.error, c.limit_ulp)
        << c.name << " on " << c.sign * c.low << ".." << c.sign * c.high << " at " << worst.at;
    RecordProperty(std::string(c.name) + " largest error in ulp", std::to_string(worst.error));
    if (std::getenv("CLINNOVA_SHOW_ERRORS") != nullptr) {
      std::printf("%-24s %12g .. %-12g %8.3f ulp at %.17g\n", c.name, c.sign * c.low,
                  c.sign * c.high, worst.error, worst.at);
    }
  }
}

TEST(DeterministicMath, PowStaysWithinItsStatedError) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> base_log(-20.0, 20.0);
  std::uniform_real_distribution<double> result_log(-708.0, 709.0);
  Worst worst;
  for (int i = 0; i < 2 * kPoints; ++i) {
    const double x = std::exp(base_log(random));
    const double y = i % 2 == 0 ? result_log(random) / std::log(x) : std::round(base_log(random));
    const Quad expected = powq(x, y);
    if (expected > 1.7e308Q || expected < 2.3e-308Q) continue;
    const double error = UlpError(Pow(x, y), expected);
    if (!(error <= worst.error)) worst = {error, x};
  }
  EXPECT_LE(worst.error, 1.0) << "at base " << worst.at;
  if (std::getenv("CLINNOVA_SHOW_ERRORS") != nullptr) std::printf("Pow %.3f ulp\n", worst.error);
}

TEST(DeterministicMath, GivesTheSpecialValuesOfC99) {
  const double nan = kernel::kNaN;
  for (double (*f)(double) :
       {static_cast<double (*)(double)>(Exp), static_cast<double (*)(double)>(Log),
        static_cast<double (*)(double)>(Expit), Log1p, Expm1, Log2, Log10, NormalDensity, NormalCdf,
        NormalQuantile, Tan, ArcTan, LogGamma, Digamma, Trigamma}) {
    EXPECT_TRUE(std::isnan(f(nan)));
  }
  struct Case {
    double found;
    double expected;
  };
  const Case cases[] = {{Exp(0.0), 1.0},
                        {Exp(-kInfinity), 0.0},
                        {Exp(kInfinity), kInfinity},
                        {Exp(709.79), kInfinity},
                        {Exp(-745.2), 0.0},
                        {Exp(1e300), kInfinity},
                        {Exp(-1e300), 0.0},
                        {Expm1(0.0), 0.0},
                        {Expm1(-0.0), -0.0},
                        {Expm1(-kInfinity), -1.0},
                        {Expm1(kInfinity), kInfinity},
                        {Expm1(0x1p-1074), 0x1p-1074},
                        {Log(1.0), 0.0},
                        {Log(0.0), -kInfinity},
                        {Log(-0.0), -kInfinity},
                        {Log(kInfinity), kInfinity},
                        {Log1p(0.0), 0.0},
                        {Log1p(-0.0), -0.0},
                        {Log1p(-1.0), -kInfinity},
                        {Log1p(kInfinity), kInfinity},
                        {Log1p(0x1p-1074), 0x1p-1074},
                        {Log2(0.0), -kInfinity},
                        {Log2(kInfinity), kInfinity},
                        {Log2(1.0), 0.0},
                        {Log10(0.0), -kInfinity},
                        {Log10(kInfinity), kInfinity},
                        {Log10(1.0), 0.0},
                        {Expit(0.0), 0.5},
                        {Expit(-kInfinity), 0.0},
                        {Expit(kInfinity), 1.0},
                        {Expit(-800.0), 0.0},
                        {NormalDensity(kInfinity), 0.0},
                        {NormalDensity(-1e300), 0.0},
                        {NormalCdf(-kInfinity), 0.0},
                        {NormalCdf(kInfinity), 1.0},
                        {NormalCdf(0.0), 0.5},
                        {NormalQuantile(0.0), -kInfinity},
                        {NormalQuantile(1.0), kInfinity},
                        {NormalQuantile(0.5), 0.0},
                        {Tan(0.0), 0.0},
                        {Tan(-0.0), -0.0},
                        {ArcTan(-0.0), -0.0},
                        {ArcTan(kInfinity), M_PI_2},
                        {ArcTan(-kInfinity), -M_PI_2},
                        {ArcTan(1.0), M_PI_4},
                        {LogGamma(1.0), 0.0},
                        {LogGamma(2.0), 0.0},
                        {LogGamma(0.0), kInfinity},
                        {LogGamma(kInfinity), kInfinity},
                        {LogGamma(2.6e305), kInfinity},
                        {Digamma(0.0), -kInfinity},
                        {Digamma(kInfinity), kInfinity},
                        {Trigamma(0.0), kInfinity},
                        {Trigamma(kInfinity), 0.0},
                        {Trigamma(1e-200), kInfinity}};
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(Bits(cases[i].found), Bits(cases[i].expected))
        << "case " << i << ": " << cases[i].found << " for " << cases[i].expected;
  }
  for (double value : {Log(-1.0), Log(-kInfinity), Log1p(-1.5), Log2(-1.0), Log10(-1.0),
                       NormalQuantile(-0.1), NormalQuantile(1.1), Tan(kInfinity), Tan(1e300),
                       LogGamma(-1.5), Digamma(-1.0), Trigamma(-1.0)}) {
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST(DeterministicMath, PowGivesTheSpecialValuesOfC99) {
  const double limits[] = {
      0.0, -0.0,  1.0,    -1.0,   2.0,        -2.0,      0.5,        -0.5,         3.0,      -3.0,
      2.5, 1e300, -1e300, 0x1p53, 0x1p53 - 1, kInfinity, -kInfinity, kernel::kNaN, 0x1p-1074};
  for (double x : limits) {
    for (double y : limits) {
      const double expected = std::pow(x, y);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(Pow(x, y))) << x << " ^ " << y;
      } else {
        EXPECT_EQ(Bits(Pow(x, y)), Bits(expected)) << x << " ^ " << y;
      }
    }
  }
}

TEST(DeterministicMath, PowersAndLogarithmsThatAreExactComeOutExact) {
  for (int base = 2; base <= 20; ++base) {
    double power = 1.0;
    for (int n = 1; power * base < 0x1p53; ++n) {
      power *= base;
      EXPECT_EQ(Pow(base, n), power) << base << " ^ " << n;
      EXPECT_EQ(Pow(-base, n), n % 2 == 0 ? power : -power);
    }
  }
  for (int n = -1074; n <= 1023; ++n) EXPECT_EQ(Log2(std::ldexp(1.0, n)), n);
  double power = 1.0;
  for (int n = 0; n <= 22; ++n, power *= 10.0) EXPECT_EQ(Log10(power), n);
}

TEST(DeterministicMath, NormalQuantileInvertsTheCdf) {
  // Compared through the reference distribution: p(1 + e) has a quantile that is off by e p / density.
  Worst worst;
  for (double p : PointsBetween(0x1p-1022, 0.5)) {
    for (double side : {p, 1.0 - p}) {
      if (side == 1.0) continue;
      const double z = NormalQuantile(side);
      const Quad residual =
          side < 0.5 ? CdfReference(z) - side : (1 - Quad(side)) - CdfReference(-Quad(z));
      const Quad off = residual / DensityReference(z);
      const double error = z == 0.0 ? 0.0 : static_cast<double>(fabsq(off / z));
      if (!(error <= worst.error)) worst = {error, side};
    }
  }
  EXPECT_LE(worst.error, 2e-15) << "at " << worst.at;
  if (std::getenv("CLINNOVA_SHOW_ERRORS") != nullptr) {
    std::printf("NormalQuantile relative error %.3g at %.17g\n", worst.error, worst.at);
  }
}

struct SpanCase {
  const char* name;
  double (*scalar)(double);
  void (*span)(std::span<const double>, std::span<double>);
  void (*on_path)(kernel::Path, const double*, double*, std::size_t);
};

const SpanCase kSpanCases[] = {{"Exp", Exp, Exp, kernel::ExpOn},
                               {"Log", Log, Log, kernel::LogOn},
                               {"Expit", Expit, Expit, kernel::ExpitOn}};

/// Ordinary arguments, every kind of special one, and random bit patterns; an odd number of them.
std::vector<double> SpanArguments() {
  std::vector<double> x = {0.0,        -0.0,  kInfinity, -kInfinity, kernel::kNaN, 0x1p-1074,
                           -0x1p-1074, 710.0, -746.0,    1.0,        0x1p1023};
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> even(-50.0, 50.0);
  std::uniform_real_distribution<double> wide(-800.0, 800.0);
  for (int i = 0; i < 200'000; ++i) {
    x.push_back(even(random));
    x.push_back(wide(random));
    x.push_back(std::bit_cast<double>(random()));
  }
  return x;
}

TEST(DeterministicMath, SpansGiveTheScalarBitsOnEveryInstructionSet) {
  const std::vector<double> x = SpanArguments();
  int paths = 0;
  for (kernel::Path path : {kernel::Path::kBaseline, kernel::Path::kAvx2, kernel::Path::kAvx512}) {
    if (!kernel::Supported(path)) continue;
    ++paths;
    for (const SpanCase& c : kSpanCases) {
      std::vector<double> found(x.size());
      c.on_path(path, x.data(), found.data(), x.size());
      std::size_t different = 0;
      for (std::size_t i = 0; i < x.size(); ++i)
        different += Bits(found[i]) != Bits(c.scalar(x[i]));
      EXPECT_EQ(different, 0u) << c.name << " on path " << static_cast<int>(path);
    }
  }
  EXPECT_GE(paths, 1);
}

TEST(DeterministicMath, SpansMayOverwriteTheirArgument) {
  const std::vector<double> x = SpanArguments();
  for (const SpanCase& c : kSpanCases) {
    for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{1001}}) {
      std::vector<double> values(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n));
      c.span(values, values);
      for (std::size_t i = 0; i < n; ++i)
        EXPECT_EQ(Bits(values[i]), Bits(c.scalar(x[i]))) << c.name;
    }
  }
  std::vector<double> shorter(1);
  EXPECT_THROW(Exp(std::span<const double>(x), shorter), CheckFailure);
}

/// FNV-1a over the bits of all functions at fixed arguments: a change of one bit anywhere, or a compiler
/// or processor that rounds differently, changes it.
TEST(DeterministicMath, KeepsItsBits) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](double value) {
    for (int byte = 0; byte < 8; ++byte) {
      hash = (hash ^ ((Bits(value) >> (8 * byte)) & 0xff)) * 0x100000001b3;
    }
  };
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double unit = static_cast<double>(state >> 11) * 0x1p-53;  // in [0, 1)
    const double centred = 40.0 * (unit - 0.5);
    const double positive = 200.0 * unit * unit + 0x1p-20;
    for (double value :
         {Exp(centred), Expm1(centred), Expit(centred), NormalDensity(centred), NormalCdf(centred),
          Tan(centred), ArcTan(centred), Log(positive), Log1p(positive), Log2(positive),
          Log10(positive), Pow(positive, centred), LogGamma(positive), Digamma(positive),
          Trigamma(positive), NormalQuantile(unit)}) {
      add(value);
    }
  }
  EXPECT_EQ(hash, 0x1098ab6d8a654345u) << std::hex << hash;
}

}  // namespace
}  // namespace clinnova::core
