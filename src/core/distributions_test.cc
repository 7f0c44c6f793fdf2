// SPDX-License-Identifier: Apache-2.0
// Every function of distributions.h and log_densities.h against R over a grid that reaches into the tails.
#include "core/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/deterministic_math.h"
#include "core/log_densities.h"

namespace clinnova::core {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Row {
  const char* function;
  double arguments[3];
  double value;
};

const Row kRows[] = {
#include "core/distributions_reference.inc"
};

struct Function {
  std::function<double(const double*)> call;
  double relative_limit;
  double absolute_limit = 0.0;  ///< for functions that pass through 0
};

const std::map<std::string, Function>& Functions() {
  using Arguments = const double*;
  static const std::map<std::string, Function> kFunctions = {
      {"NormalUpperTail", {[](Arguments a) { return NormalUpperTail(a[0]); }, 1e-13}},
      {"NormalTwoSidedP", {[](Arguments a) { return NormalTwoSidedP(a[0]); }, 1e-13}},
      {"NormalQuantile", {[](Arguments a) { return NormalQuantile(a[0]); }, 1e-13}},
      {"StudentTTwoSidedP", {[](Arguments a) { return StudentTTwoSidedP(a[0], a[1]); }, 1e-13}},
      {"StudentTUpperTail", {[](Arguments a) { return StudentTUpperTail(a[0], a[1]); }, 1e-13}},
      {"StudentTQuantile", {[](Arguments a) { return StudentTQuantile(a[0], a[1]); }, 1e-13}},
      {"ChiSquaredUpperTail", {[](Arguments a) { return ChiSquaredUpperTail(a[0], a[1]); }, 1e-13}},
      {"ChiSquaredQuantile", {[](Arguments a) { return ChiSquaredQuantile(a[0], a[1]); }, 1e-13}},
      {"FUpperTail", {[](Arguments a) { return FUpperTail(a[0], a[1], a[2]); }, 1e-13}},
      {"GammaUpperTail", {[](Arguments a) { return GammaUpperTail(a[0], a[1]); }, 1e-13}},
      {"GammaLowerTail", {[](Arguments a) { return GammaLowerTail(a[0], a[1]); }, 1e-13}},
      {"BetaLowerTail", {[](Arguments a) { return BetaLowerTail(a[0], a[1], a[2]); }, 1e-13}},
      {"BetaQuantile", {[](Arguments a) { return BetaQuantile(a[0], a[1], a[2]); }, 1e-13}},
      {"LogPoissonDensity",
       {[](Arguments a) { return LogPoissonDensity(a[0], a[1]); }, 1e-13, 1e-14}},
      {"LogBinomialDensity",
       {[](Arguments a) { return LogBinomialDensity(a[0], a[1], a[2]); }, 1e-13, 1e-14}},
      {"LogGammaDensity",
       {[](Arguments a) { return LogGammaDensity(a[0], a[1], a[2]); }, 1e-13, 1e-14}},
  };
  return kFunctions;
}

/// |found - expected| / |expected|; 0 for equal infinities.
double RelativeError(double found, double expected) {
  if (found == expected) return 0.0;
  return std::fabs(found - expected) / std::fabs(expected);
}

TEST(Distributions, EqualROverTheGrid) {
  std::map<std::string, double> worst;
  for (const Row& row : kRows) {
    const Function& function = Functions().at(row.function);
    const double found = function.call(row.arguments);
    const double error = RelativeError(found, row.value);
    if (!(std::fabs(found - row.value) <= function.absolute_limit)) {
      EXPECT_LE(error, function.relative_limit)
          << row.function << "(" << row.arguments[0] << ", " << row.arguments[1] << ", "
          << row.arguments[2] << ") = " << found << ", R: " << row.value;
      worst[row.function] = std::max(worst[row.function], error);
    }
  }
  if (std::getenv("CLINNOVA_SHOW_ERRORS") == nullptr) return;
  for (const auto& [name, error] : worst) std::printf("%-20s %.2g\n", name.c_str(), error);
}

TEST(Distributions, TheGridReachesEveryFunction) {
  std::map<std::string, int> rows;
  for (const Row& row : kRows) ++rows[row.function];
  for (const auto& [name, function] : Functions()) EXPECT_GE(rows[name], 10) << name;
}

TEST(Distributions, KeepTheDigitsOfTinyProbabilities) {
  // 2 * pnorm(-20) in R; 2 / (pi t) is the Cauchy tail.
  EXPECT_LE(RelativeError(NormalTwoSidedP(20.0), 5.5072482372124904e-89), 1e-14);
  EXPECT_GT(StudentTTwoSidedP(1e200, 1.0), 0.0);
  EXPECT_LE(RelativeError(StudentTTwoSidedP(1e200, 1.0), 2.0 / M_PI * 1e-200), 1e-14);
  EXPECT_GT(ChiSquaredUpperTail(1400.0, 1.0), 1e-307);
}

TEST(Distributions, AnswerArgumentsOutOfRangeWithNaN) {
  for (double value : {StudentTTwoSidedP(1.0, 0.0),
                       StudentTTwoSidedP(kNaN, 3.0),
                       StudentTTwoSidedP(1.0, kNaN),
                       StudentTUpperTail(1.0, -1.0),
                       StudentTQuantile(1.5, 3.0),
                       StudentTQuantile(0.5, 0.0),
                       ChiSquaredUpperTail(1.0, 0.0),
                       ChiSquaredUpperTail(kNaN, 1.0),
                       ChiSquaredQuantile(-0.1, 1.0),
                       ChiSquaredQuantile(0.5, -1.0),
                       FUpperTail(1.0, 0.0, 1.0),
                       FUpperTail(1.0, 1.0, kNaN),
                       GammaUpperTail(1.0, 0.0),
                       GammaLowerTail(kNaN, 1.0),
                       BetaLowerTail(0.5, 0.0, 1.0),
                       BetaQuantile(2.0, 1.0, 1.0),
                       NormalTwoSidedP(kNaN),
                       LogPoissonDensity(1.0, -1.0),
                       LogPoissonDensity(kNaN, 1.0),
                       LogBinomialDensity(1.0, 2.0, 1.5),
                       LogBinomialDensity(1.0, -2.0, 0.5),
                       LogGammaDensity(1.0, 0.0, 1.0),
                       LogGammaDensity(1.0, 1.0, -1.0)}) {
    EXPECT_TRUE(std::isnan(value)) << value;
  }
}

TEST(Distributions, AnswerInfiniteArgumentsWithTheLimit) {
  EXPECT_EQ(NormalTwoSidedP(-kInfinity), 0.0);
  EXPECT_EQ(StudentTTwoSidedP(kInfinity, 3.0), 0.0);
  EXPECT_EQ(StudentTUpperTail(-kInfinity, 3.0), 1.0);
  EXPECT_EQ(StudentTQuantile(0.0, 3.0), -kInfinity);
  EXPECT_EQ(StudentTQuantile(1.0, 3.0), kInfinity);
  EXPECT_EQ(ChiSquaredUpperTail(kInfinity, 3.0), 0.0);
  EXPECT_EQ(FUpperTail(kInfinity, 3.0, 4.0), 0.0);
  EXPECT_EQ(GammaLowerTail(kInfinity, 3.0), 1.0);
}

TEST(LogDensities, VanishOutsideTheSupport) {
  for (double value : {LogPoissonDensity(-1.0, 2.0), LogPoissonDensity(1.0, 0.0),
                       LogBinomialDensity(3.0, 2.0, 0.5), LogBinomialDensity(-1.0, 2.0, 0.5),
                       LogBinomialDensity(1.0, 2.0, 0.0), LogGammaDensity(-1.0, 2.0, 1.0)}) {
    EXPECT_EQ(value, -kInfinity);
  }
}

TEST(LogDensities, AddUpToOne) {
  double binomial = 0.0;
  for (int k = 0; k <= 40; ++k) binomial += Exp(LogBinomialDensity(k, 40.0, 0.37));
  EXPECT_NEAR(binomial, 1.0, 1e-14);
  double poisson = 0.0;
  for (int k = 0; k <= 200; ++k) poisson += Exp(LogPoissonDensity(k, 33.3));
  EXPECT_NEAR(poisson, 1.0, 1e-13);
}

}  // namespace
}  // namespace clinnova::core
