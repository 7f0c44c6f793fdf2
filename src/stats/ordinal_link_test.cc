// SPDX-License-Identifier: Apache-2.0
#include "stats/ordinal_link.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace clinnova::stats {
namespace {

constexpr OrdinalLink kLinks[] = {OrdinalLink::kLogit, OrdinalLink::kProbit, OrdinalLink::kLoglog,
                                  OrdinalLink::kCloglog, OrdinalLink::kCauchit};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(OrdinalLink, DensityAndSlopeAreDerivatives) {
  const double h = 1e-5;
  for (const OrdinalLink link : kLinks) {
    for (const double x : {-3.0, -0.4, 0.0, 0.7, 1.9}) {
      const DistributionPoint at = DistributionAt(link, x);
      const DistributionPoint above = DistributionAt(link, x + h);
      const DistributionPoint below = DistributionAt(link, x - h);
      EXPECT_NEAR(at.lower + at.upper, 1, 1e-15);
      EXPECT_NEAR(at.density, (above.lower - below.lower) / (2 * h), 1e-9);
      EXPECT_NEAR(at.slope, (above.density - below.density) / (2 * h), 1e-9);
      EXPECT_NEAR(DistributionQuantile(link, at.lower), x, 1e-12);
    }
  }
}

TEST(OrdinalLink, HasAllOfItsMassBetweenTheEnds) {
  for (const OrdinalLink link : kLinks) {
    EXPECT_EQ(
        IntervalProbability(DistributionAt(link, kInfinity), DistributionAt(link, -kInfinity)), 1);
    for (const double x : {-800.0, 800.0}) {
      const DistributionPoint far = DistributionAt(link, x);
      EXPECT_TRUE(std::isfinite(far.density) && std::isfinite(far.slope));
    }
  }
}

TEST(OrdinalLink, KeepsTheDigitsOfTheUpperTail) {
  const double expected = std::exp(-40.0) - std::exp(-41.0);  // up to e^-80
  EXPECT_NEAR(IntervalProbability(DistributionAt(OrdinalLink::kLogit, 41),
                                  DistributionAt(OrdinalLink::kLogit, 40)) /
                  expected,
              1, 1e-14);
}

double LogProbability(OrdinalLink link, double u, double l) {
  return std::log(IntervalProbability(DistributionAt(link, u), DistributionAt(link, l)));
}

TEST(OrdinalLink, DerivativesAreThoseOfTheLikelihood) {
  const double h = 1e-4;
  for (const OrdinalLink link : kLinks) {
    for (const auto& [upper, lower] : {std::pair{0.8, -0.3}, {2.5, 1.1}, {-0.5, -2.0}}) {
      const auto at = [&, u = upper, l = lower](double eta, double du, double dl) {
        return LogProbability(link, u + du - eta, l + dl - eta);
      };
      const OrdinalRow row =
          DifferentiateLevel(DistributionAt(link, upper), DistributionAt(link, lower));
      EXPECT_NEAR(row.eta, (at(h, 0, 0) - at(-h, 0, 0)) / (2 * h), 1e-6);
      EXPECT_NEAR(row.upper, (at(0, h, 0) - at(0, -h, 0)) / (2 * h), 1e-6);
      EXPECT_NEAR(row.lower, (at(0, 0, h) - at(0, 0, -h)) / (2 * h), 1e-6);
      const double centre = at(0, 0, 0);
      EXPECT_NEAR(row.eta_eta, -(at(h, 0, 0) - 2 * centre + at(-h, 0, 0)) / (h * h), 1e-5);
      EXPECT_NEAR(row.upper_upper, -(at(0, h, 0) - 2 * centre + at(0, -h, 0)) / (h * h), 1e-5);
      EXPECT_NEAR(row.lower_lower, -(at(0, 0, h) - 2 * centre + at(0, 0, -h)) / (h * h), 1e-5);
      const auto mixed = [&](auto f) {
        return -(f(h, h) - f(h, -h) - f(-h, h) + f(-h, -h)) / (4 * h * h);
      };
      EXPECT_NEAR(row.eta_upper, mixed([&](double a, double b) { return at(a, b, 0); }), 1e-5);
      EXPECT_NEAR(row.eta_lower, mixed([&](double a, double b) { return at(a, 0, b); }), 1e-5);
      EXPECT_NEAR(row.upper_lower, mixed([&](double a, double b) { return at(0, a, b); }), 1e-5);
    }
  }
}

TEST(OrdinalLink, ListsTheWordsThereAre) {
  EXPECT_EQ(*ParseOrdinalLink("logistic"), OrdinalLink::kLogit);
  EXPECT_EQ(ParseOrdinalLink("log").error().message,
            "link: found \"log\", expected one of logit, probit, loglog, cloglog, cauchit");
}

}  // namespace
}  // namespace clinnova::stats
