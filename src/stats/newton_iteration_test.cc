// SPDX-License-Identifier: Apache-2.0
#include "stats/newton_iteration.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// The Poisson mean e^x of one count.
NewtonIteration::Sums PoissonAt(double x, double count) {
  return {.log_likelihood = count * x - std::exp(x),
          .score = {count - std::exp(x)},
          .information = {{std::exp(x)}}};
}

TEST(NewtonIteration, FindsTheMaximum) {
  NewtonIteration fit(1);
  while (!fit.done()) fit.Step(PoissonAt(fit.point()[0], 7));
  EXPECT_TRUE(fit.converged());
  EXPECT_NEAR(fit.point()[0], std::log(7.0), 1e-14);
  EXPECT_NEAR(fit.inverse()[0][0], 1 / 7.0, 1e-12);
}

TEST(NewtonIteration, HalvesStepsThatOvershoot) {
  // The first step, to 199, is far too long.
  NewtonIteration fit(1);
  while (!fit.done()) fit.Step(PoissonAt(fit.point()[0], 200));
  EXPECT_TRUE(fit.converged());
  EXPECT_NEAR(fit.point()[0], std::log(200.0), 1e-13);
}

TEST(NewtonIteration, LeavesOutColumnsThatDependOnThoseBefore) {
  NewtonIteration fit(3);
  const Matrix information = {{4, 2, 2}, {2, 3, 3}, {2, 3, 3}};
  while (!fit.done()) {
    std::vector<double> score = {2, 5, 5};
    double value = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      value += score[i] * fit.point()[i];
      for (std::size_t j = 0; j < 3; ++j) {
        value -= fit.point()[i] * information[i][j] * fit.point()[j] / 2;
        score[i] -= information[i][j] * fit.point()[j];
      }
    }
    fit.Step({.log_likelihood = value, .score = score, .information = information});
  }
  EXPECT_TRUE(fit.converged());
  EXPECT_EQ(fit.aliased(), (std::vector<bool>{false, false, true}));
  EXPECT_NEAR(fit.point()[0], -0.5, 1e-14);
  EXPECT_NEAR(fit.point()[1], 2, 1e-14);
  EXPECT_EQ(fit.point()[2], 0);
}

TEST(NewtonIteration, GivesUpOnAMaximumAtInfinity) {
  NewtonIteration fit(1);
  while (!fit.done()) {
    const double x = fit.point()[0];
    fit.Step({.log_likelihood = -std::log1p(std::exp(-x)),
              .score = {1 / (1 + std::exp(x))},
              .information = {{std::exp(-x) / std::pow(1 + std::exp(-x), 2)}},
              .boundary = x > 30});
  }
  EXPECT_FALSE(fit.converged());
  EXPECT_LE(fit.iterations(), 100);
}

TEST(NewtonIteration, IsDoneWithNothing) {
  const NewtonIteration fit(0);
  EXPECT_TRUE(fit.converged());
}

}  // namespace
}  // namespace clinnova::stats
