// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_family.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

double Inverse(Link link, double eta) {
  double mu = 0;
  double slope = 0;
  InverseLink(link, &eta, 1, &mu, &slope);
  return mu;
}
double Slope(Link link, double eta) {
  double mu = 0;
  double slope = 0;
  InverseLink(link, &eta, 1, &mu, &slope);
  return slope;
}

constexpr Link kLinks[] = {Link::kIdentity, Link::kLog,     Link::kInverse, Link::kLogit,
                           Link::kProbit,   Link::kCauchit, Link::kCloglog, Link::kSqrt};

TEST(GlmFamily, ReadsWordsWithTheirCanonicalLinks) {
  EXPECT_EQ(ParseFamily("gaussian", "")->link, Link::kIdentity);
  EXPECT_EQ(ParseFamily("binomial", "")->link, Link::kLogit);
  EXPECT_EQ(ParseFamily("poisson", "")->link, Link::kLog);
  EXPECT_EQ(ParseFamily("Gamma", "")->link, Link::kInverse);
  EXPECT_TRUE(ParseFamily("quasipoisson", "")->quasi);
  EXPECT_EQ(ParseFamily("binomial", "cloglog")->link, Link::kCloglog);
  EXPECT_EQ(ParseFamily("normal", "").error().message,
            "family: found \"normal\", expected one of gaussian, binomial, poisson, Gamma, "
            "quasibinomial, "
            "quasipoisson");
  EXPECT_EQ(ParseFamily("poisson", "logit").error().message,
            "link: found \"logit\", expected for family poisson one of log, identity, sqrt");
}

TEST(GlmFamily, LinksInvertTheirInverses) {
  for (const Link link : kLinks) {
    for (const double mu : {0.01, 0.3, 0.5, 0.9}) {
      EXPECT_NEAR(Inverse(link, LinkValue(link, mu)), mu, 1e-14) << LinkName(link) << " " << mu;
    }
  }
}

TEST(GlmFamily, SlopesAreTheDerivatives) {
  for (const Link link : kLinks) {
    for (const double eta : {-0.75, 0.4, 1.5}) {
      const double h = 1e-6;
      const double difference = (Inverse(link, eta + h) - Inverse(link, eta - h)) / (2 * h);
      EXPECT_NEAR(Slope(link, eta), difference, 1e-8) << LinkName(link) << " " << eta;
    }
  }
}

TEST(GlmFamily, StaysInsideTheRangeFarOut) {
  for (const Link link : {Link::kLogit, Link::kProbit, Link::kCauchit, Link::kCloglog}) {
    for (const double eta : {-1e6, -40.0, 40.0, 1e6}) {
      EXPECT_TRUE(ValidMean(Family::kBinomial, Inverse(link, eta))) << LinkName(link) << " " << eta;
      EXPECT_GT(Slope(link, eta), 0) << LinkName(link) << " " << eta;
    }
  }
}

TEST(GlmFamily, DevianceResidualsAreKnownValues) {
  EXPECT_EQ(DevianceResidual(Family::kGaussian, 3, 1, 2), 8);
  EXPECT_NEAR(DevianceResidual(Family::kBinomial, 1, 0.25, 1), -2 * std::log(0.25), 1e-15);
  EXPECT_NEAR(DevianceResidual(Family::kBinomial, 0, 0.25, 1), -2 * std::log(0.75), 1e-15);
  EXPECT_EQ(DevianceResidual(Family::kPoisson, 0, 2, 1), 4);
  EXPECT_NEAR(DevianceResidual(Family::kPoisson, 3, 2, 1), 2 * (3 * std::log(1.5) - 1), 1e-15);
  EXPECT_NEAR(DevianceResidual(Family::kGamma, 1, 2, 1), -2 * (std::log(0.5) + 0.5), 1e-15);
  for (const Family family : {Family::kGaussian, Family::kPoisson, Family::kGamma}) {
    EXPECT_EQ(DevianceResidual(family, 2, 2, 3), 0);
  }
}

TEST(GlmFamily, DevianceResidualsOfManyRowsHaveTheSameBits) {
  const std::vector<double> binary = {0, 1, 1, 0, 0, 1, 0, 1, 1};
  const std::vector<double> parts = {0, 1, 0.25, 0, 0.5, 1, 0, 1, 1};
  const std::vector<double> counts = {0, 3, 1, 7, 0, 2, 40, 1, 0};
  const std::vector<double> mu = {0.5, 0.3, 1e-9, 1 - 1e-9, 0.25, 0.9, 0.1, 0.75, 0.2};
  const std::vector<std::pair<Family, std::vector<double>>> cases = {{Family::kBinomial, binary},
                                                                     {Family::kBinomial, parts},
                                                                     {Family::kPoisson, counts},
                                                                     {Family::kGaussian, counts},
                                                                     {Family::kGamma, mu}};
  for (const auto& [family, y] : cases) {
    std::vector<double> deviances(mu.size());
    DevianceResiduals(family, y.data(), mu.data(), mu.size(), deviances.data());
    for (std::size_t r = 0; r < mu.size(); ++r)
      EXPECT_EQ(deviances[r], DevianceResidual(family, y[r], mu[r], 1)) << r;
  }
}

TEST(GlmFamily, KnowsWhatOutcomesThereAre) {
  EXPECT_TRUE(ValidResponse({Family::kBinomial, Link::kLogit, false}, 0.5));
  EXPECT_FALSE(ValidResponse({Family::kBinomial, Link::kLogit, false}, 1.5));
  EXPECT_FALSE(ValidResponse({Family::kPoisson, Link::kLog, false}, -1));
  EXPECT_TRUE(ValidResponse({Family::kPoisson, Link::kLog, false}, 0));
  EXPECT_FALSE(ValidResponse({Family::kGamma, Link::kInverse, false}, 0));
  EXPECT_TRUE(ValidResponse({Family::kGaussian, Link::kIdentity, false}, -1));
  EXPECT_FALSE(ValidResponse({Family::kGaussian, Link::kLog, false}, -1));
  EXPECT_FALSE(ValidMean(Family::kPoisson, 0));
  EXPECT_FALSE(ValidMean(Family::kGaussian, std::nan("")));
}

TEST(GlmFamily, StartsInsideTheRange) {
  EXPECT_EQ(StartingMean(Family::kBinomial, 1, 1), 0.75);
  EXPECT_EQ(StartingMean(Family::kBinomial, 0, 1), 0.25);
  EXPECT_EQ(StartingMean(Family::kPoisson, 0, 1), 0.1);
  EXPECT_EQ(StartingMean(Family::kGamma, 3, 1), 3);
}

}  // namespace
}  // namespace clinnova::stats
