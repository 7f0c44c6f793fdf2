// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_solver.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// Poisson counts without predictors but one, y = x = 0 … 4, as a problem of two coefficients.
NetEvaluation PoissonAt(const std::vector<double>& beta) {
  NetEvaluation at;
  at.score.resize(2);
  at.information.resize(3);
  for (int i = 0; i < 5; ++i) {
    const double x = i - 2;
    const double y = i;
    const double mu = std::exp(beta[0] + beta[1] * x);
    if (!std::isfinite(mu)) at.valid = false;
    at.deviance += 2 * ((y > 0 ? y * std::log(y / mu) : 0) - (y - mu));
    at.score[0] += y - mu;
    at.score[1] += (y - mu) * x;
    at.information[0] += mu;
    at.information[1] += mu * x;
    at.information[2] += mu * x * x;
  }
  return at;
}

const std::vector<NetProblem>& Problems() {
  static const std::vector<NetProblem> kProblems = {{5, {0, std::sqrt(2.0)}, {false, false}, 1}};
  return kProblems;
}

TEST(ElasticNetSolver, SolvesAllLambdasInTheSameRounds) {
  int rounds = 0;
  const NetSolver solver(Problems(), 1,
                         [&](const auto& points) -> Result<std::vector<NetEvaluation>> {
                           ++rounds;
                           std::vector<NetEvaluation> all;
                           for (const NetPoint& point : points)
                             all.push_back(PoissonAt(point.beta));
                           return all;
                         });
  const std::vector<double> start = {std::log(2.0), 0};
  std::vector<NetTarget> targets;
  for (const double lambda : {2.0, 0.5, 0.1, 0.0}) {
    targets.push_back({.problem = 0, .lambda = lambda, .start = start});
  }
  const auto fits = solver.Solve(targets, nullptr);
  ASSERT_TRUE(fits);
  EXPECT_LE(rounds, 10);
  EXPECT_EQ((*fits)[0].beta, start);  // lambda_max = |sum (y - 2) x| / 5 / sqrt(2) = sqrt(2)
  double before = 0;
  for (const NetSolution& fit : *fits) {
    EXPECT_TRUE(fit.converged);
    EXPECT_LT(fit.violation, 1e-12);
    EXPECT_GE(fit.beta[1], before);
    before = fit.beta[1];
  }
}

TEST(ElasticNetSolver, SharesInformationBetweenNeighbours) {
  std::size_t scores = 0;
  std::size_t informations = 0;
  NetSolver solver(Problems(), 1, [&](const auto& points) -> Result<std::vector<NetEvaluation>> {
    std::vector<NetEvaluation> all;
    for (const NetPoint& point : points) {
      all.push_back(PoissonAt(point.beta));
      ++scores;
      informations += point.informed ? 1 : 0;
      if (!point.informed) all.back().information.clear();
    }
    return all;
  });
  std::vector<NetTarget> targets;
  for (int k = 0; k < 40; ++k) {
    targets.push_back({.problem = 0, .lambda = 1.4 * std::pow(0.9, k), .start = {std::log(2), 0}});
  }
  const auto alone = solver.Solve(targets, nullptr);
  const std::size_t all_scores = scores;
  EXPECT_EQ(informations, scores);
  scores = informations = 0;
  solver.ShareInformation(4);
  const auto shared = solver.Solve(targets, nullptr);
  ASSERT_TRUE(alone && shared);
  for (std::size_t k = 0; k < targets.size(); ++k) {
    EXPECT_TRUE((*shared)[k].converged);
    EXPECT_NEAR((*shared)[k].beta[0], (*alone)[k].beta[0], 1e-11);
    EXPECT_NEAR((*shared)[k].beta[1], (*alone)[k].beta[1], 1e-11);
  }
  EXPECT_LT(informations, all_scores / 3);
}

/// What a solver asked for.
struct Asked {
  int rounds = 0;
  std::size_t points = 0;
  std::size_t informed = 0;
};

NetEvaluator Telling(Asked& asked) {
  return [&asked](const auto& points) -> Result<std::vector<NetEvaluation>> {
    ++asked.rounds;
    std::vector<NetEvaluation> all;
    for (const NetPoint& point : points) {
      ++asked.points;
      asked.informed += point.informed ? 1 : 0;
      all.push_back(PoissonAt(point.beta));
      if (!point.informed) all.back().information.clear();
    }
    return all;
  };
}

/// A path of 60 lambdas whose first has no slope.
std::vector<NetTarget> LongPath(bool known) {
  const std::vector<double> start = {std::log(2.0), 0};
  const auto at = std::make_shared<const NetEvaluation>(PoissonAt(start));
  std::vector<NetTarget> targets;
  for (int k = 0; k < 60; ++k) {
    targets.push_back({.problem = 0,
                       .lambda = std::sqrt(2.0) * std::pow(0.9, k),
                       .null = k == 0,
                       .start = start,
                       .known = known ? at : nullptr});
  }
  return targets;
}

TEST(ElasticNetSolver, SavesTheRoundForAStartThatIsKnown) {
  Asked alone;
  Asked saved;
  const auto first = NetSolver(Problems(), 1, Telling(alone)).Solve(LongPath(false), nullptr);
  const auto second = NetSolver(Problems(), 1, Telling(saved)).Solve(LongPath(true), nullptr);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(saved.rounds, alone.rounds - 1);
  for (std::size_t k = 0; k < first->size(); ++k)
    EXPECT_NEAR((*first)[k].beta[1], (*second)[k].beta[1], 1e-12);
}

TEST(ElasticNetSolver, StartsBetweenTheLambdasThatWentAhead) {
  Asked alone;
  const auto exact = NetSolver(Problems(), 1, Telling(alone)).Solve(LongPath(true), nullptr);
  Asked asked;
  NetSolver solver(Problems(), 1, Telling(asked));
  solver.ShareInformation(5);
  const auto fits = solver.Solve(LongPath(true), nullptr);
  ASSERT_TRUE(exact && fits);
  for (std::size_t k = 0; k < fits->size(); ++k) {
    EXPECT_TRUE((*fits)[k].converged) << k;
    EXPECT_LT((*fits)[k].violation, 1e-12) << k;
    EXPECT_NEAR((*fits)[k].beta[1], (*exact)[k].beta[1], 1e-12) << k;
  }
  EXPECT_LE(asked.informed, 12u);
  EXPECT_LE(asked.points, 60u * 6);
  EXPECT_LE(asked.rounds, 8);
}

TEST(ElasticNetSolver, LeavesOutWhatLiesBeyondTheEndOfAPath) {
  for (const std::size_t informed : {0u, 4u}) {
    Asked whole;
    NetSolver without(Problems(), 1, Telling(whole));
    without.ShareInformation(informed);
    const auto all = without.Solve(LongPath(true), nullptr);
    Asked asked;
    NetSolver solver(Problems(), 1, Telling(asked));
    solver.ShareInformation(informed);
    // The path ends once the deviance falls by less than 0.01.
    solver.EndPaths([](std::size_t, const std::vector<double>& deviances) {
      for (std::size_t k = 1; k < deviances.size(); ++k) {
        if (deviances[k - 1] - deviances[k] < 0.01) return k + 1;
      }
      return std::size_t{60};
    });
    const auto fits = solver.Solve(LongPath(true), nullptr);
    ASSERT_TRUE(all && fits);
    std::size_t end = 1;
    while ((*all)[end - 1].at.deviance - (*all)[end].at.deviance >= 0.01) ++end;
    ASSERT_LT(end, 50u);
    for (std::size_t k = 0; k <= end; ++k) {
      EXPECT_TRUE((*fits)[k].converged) << k;
      EXPECT_NEAR((*fits)[k].beta[1], (*all)[k].beta[1], 1e-12) << k;
    }
    EXPECT_FALSE(fits->back().converged);
    EXPECT_LT(asked.points, whole.points);
    EXPECT_LE(asked.rounds, whole.rounds + 1);
  }
}

// The information of the null model is not that of the end; what the steps show of it makes up for that.
TEST(ElasticNetSolver, LearnsInformationFromItsSteps) {
  int rounds = 0;
  NetSolver solver(Problems(), 1, [&](const auto& points) -> Result<std::vector<NetEvaluation>> {
    std::vector<NetEvaluation> all;
    ++rounds;
    for (const NetPoint& point : points) {
      all.push_back(PoissonAt(point.beta));
      if (rounds > 1) all.back().information.clear();
    }
    return all;
  });
  const auto fits =
      solver.Solve({{.problem = 0, .lambda = 0.8, .start = {std::log(2), 0}}}, nullptr);
  ASSERT_TRUE(fits);
  EXPECT_TRUE((*fits)[0].converged);
  EXPECT_LT((*fits)[0].violation, 1e-12);
  EXPECT_LE(rounds, 9);
}

TEST(ElasticNetSolver, SharedInformationFromFarAwayIsReplaced) {
  NetSolver solver(Problems(), 1, [](const auto& points) -> Result<std::vector<NetEvaluation>> {
    std::vector<NetEvaluation> all;
    for (const NetPoint& point : points) {
      all.push_back(PoissonAt(point.beta));
      if (!point.informed) all.back().information.clear();
    }
    return all;
  });
  solver.ShareInformation(1);
  const auto fits = solver.Solve({{.problem = 0, .lambda = 0.1, .start = {-12, -3}},
                                  {.problem = 0, .lambda = 0.01, .start = {2, 1}},
                                  {.problem = 0, .lambda = 1, .start = {0, 0}}},
                                 nullptr);
  ASSERT_TRUE(fits);
  for (const NetSolution& fit : *fits) {
    EXPECT_TRUE(fit.converged);
    EXPECT_LT(fit.violation, 1e-9);
  }
}

// From far away plain Newton overflows: a step that does not help is halved.
TEST(ElasticNetSolver, HalvesStepsThatDoNotHelp) {
  const NetSolver solver(Problems(), 1,
                         [](const auto& points) -> Result<std::vector<NetEvaluation>> {
                           std::vector<NetEvaluation> all;
                           for (const NetPoint& point : points)
                             all.push_back(PoissonAt(point.beta));
                           return all;
                         });
  const auto fits = solver.Solve({{.problem = 0, .lambda = 0.1, .start = {-12, -3}}}, nullptr);
  ASSERT_TRUE(fits);
  EXPECT_TRUE((*fits)[0].converged);
  EXPECT_LT((*fits)[0].violation, 1e-12);
}

TEST(ElasticNetSolver, StopsWhenItIsTold) {
  int rounds = 0;
  const NetSolver solver(Problems(), 1,
                         [&](const auto& points) -> Result<std::vector<NetEvaluation>> {
                           ++rounds;
                           return std::vector<NetEvaluation>{PoissonAt(points[0].beta)};
                         });
  const auto fits = solver.Solve({{.problem = 0, .lambda = 0.1, .start = {0, 0}}},
                                 [](const auto&) { return true; });
  ASSERT_TRUE(fits);
  EXPECT_EQ(rounds, 1);
  EXPECT_FALSE((*fits)[0].converged);
}

TEST(ElasticNetSolver, PassesOnWhatARoundSays) {
  const NetSolver solver(Problems(), 1, [](const auto&) -> Result<std::vector<NetEvaluation>> {
    return Fail(ErrorCode::kUnreachable, "a site is away");
  });
  const auto fits = solver.Solve({{.problem = 0, .lambda = 0.1, .start = {0, 0}}}, nullptr);
  ASSERT_FALSE(fits);
  EXPECT_EQ(fits.error().code, ErrorCode::kUnreachable);
}

}  // namespace
}  // namespace clinnova::stats
