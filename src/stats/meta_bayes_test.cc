// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_bayes.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// Nodes filled with the sums of estimates and variances.
std::vector<TauNode> Filled(const MetaPriors& priors, const std::vector<double>& estimates,
                            const std::vector<double>& variances) {
  std::vector<TauNode> nodes = TauNodes(priors);
  for (TauNode& node : nodes) {
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      const double w = 1 / (variances[i] + node.tau * node.tau);
      node.w += w;
      node.wy += w * estimates[i];
      node.wyy += w * estimates[i] * estimates[i];
      node.log_w += std::log(w);
    }
  }
  return nodes;
}

TEST(MetaBayes, NodesIntegrateTheHalfNormalPrior) {
  const MetaPriors priors{.mean = 0, .sd = 2, .tau_scale = 0.7};
  double mass = 0;
  double square = 0;
  for (const TauNode& node : TauNodes(priors)) {
    const double density =
        std::sqrt(2 / std::acos(-1.0)) / 0.7 * std::exp(-0.5 * std::pow(node.tau / 0.7, 2));
    mass += node.weight * density;
    square += node.weight * density * node.tau * node.tau;
  }
  EXPECT_NEAR(mass, 1, 1e-13);
  EXPECT_NEAR(square, 0.49, 1e-13);
}

TEST(MetaBayes, WithoutDataIsThePrior) {
  const MetaPriors priors{.mean = 0.3, .sd = 1.5, .tau_scale = 0.5};
  const MetaPosterior posterior = PosteriorOf(TauNodes(priors), priors, 0, 0.9);
  EXPECT_NEAR(posterior.mu.mean, 0.3, 1e-13);
  EXPECT_NEAR(posterior.mu.sd, 1.5, 1e-12);
  EXPECT_NEAR(posterior.mu.high, 0.3 + 1.5 * 1.6448536269514722, 1e-11);
  EXPECT_NEAR(posterior.tau.median, 0.5 * 0.67448975019608171, 1e-11);
  EXPECT_NEAR(posterior.tau.mean, 0.5 * std::sqrt(2 / std::acos(-1.0)), 1e-12);
}

TEST(MetaBayes, WithATightPriorOnTauIsTheFixedEffect) {
  const MetaPriors priors{.mean = 0, .sd = 1000, .tau_scale = 1e-6};
  const MetaPosterior posterior =
      PosteriorOf(Filled(priors, {1, 2, 4}, {1, 1, 4}), priors, 0, 0.95);
  EXPECT_NEAR(posterior.mu.mean, 4 / 2.25, 1e-5);
  EXPECT_NEAR(posterior.mu.sd, std::sqrt(1 / 2.25), 1e-6);
}

TEST(MetaBayes, DoesNotDependOnTheCentre) {
  const MetaPriors priors;
  const MetaPosterior a =
      PosteriorOf(Filled(priors, {0.1, 0.7, -0.2}, {0.02, 0.1, 0.04}), priors, 0, 0.95);
  const MetaPosterior b =
      PosteriorOf(Filled(priors, {0.1 - 3, 0.7 - 3, -0.2 - 3}, {0.02, 0.1, 0.04}), priors, 3, 0.95);
  EXPECT_NEAR(a.mu.mean, b.mu.mean, 1e-12);
  EXPECT_NEAR(a.tau.high, b.tau.high, 1e-11);
  EXPECT_NEAR(a.prediction.low, b.prediction.low, 1e-11);
  EXPECT_LT(a.prediction.low, a.mu.low);
}

}  // namespace
}  // namespace clinnova::stats
