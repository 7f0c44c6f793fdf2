// SPDX-License-Identifier: Apache-2.0
// Slopes and curvatures against differences of the loss that they are of.
#include "learn/tree_objective.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace clinnova::learn {
namespace {

constexpr double kStep = 1e-5;

struct Derivatives {
  std::vector<double> slope, curvature;
};

Derivatives Of(Objective objective, const TrainingRows& rows, const std::vector<double>& score,
               double max_delta_step = 0) {
  Derivatives found{std::vector<double>(score.size()), std::vector<double>(score.size())};
  const std::vector<std::uint8_t> use(score.size(), 1);
  Differentiate(objective, max_delta_step, {.first = 0, .rows = &rows}, score, use, found.slope,
                found.curvature);
  return found;
}

TEST(TreeObjective, SlopesAreThoseOfTheLoss) {
  TrainingRows rows;
  rows.source_row = {0, 1, 2};
  rows.outcome = {0, 1, 1};
  rows.weight = {1, 2.5, 0};
  const std::vector<double> score = {-0.3, 1.7, 0.4};
  for (const Objective objective :
       {Objective::kLogistic, Objective::kSquared, Objective::kPoisson}) {
    const Derivatives found = Of(objective, rows, score);
    for (std::size_t r = 0; r < 3; ++r) {
      const double y = rows.outcome[r];
      const double above = Loss(objective, score[r] + kStep, y);
      const double at = Loss(objective, score[r], y);
      const double below = Loss(objective, score[r] - kStep, y);
      EXPECT_NEAR(found.slope[r], rows.weight[r] * (above - below) / (2 * kStep), 1e-8);
      EXPECT_NEAR(found.curvature[r], rows.weight[r] * (above - 2 * at + below) / (kStep * kStep),
                  1e-4);
    }
  }
}

/// Minus Breslow's partial log-likelihood, by its definition.
double PartialLoss(const TrainingRows& rows, const std::vector<double>& score) {
  double loss = 0;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (rows.event[i] == 0) continue;
    double at_risk = 0;
    for (std::size_t j = 0; j < score.size(); ++j) {
      if (rows.stratum[j] == rows.stratum[i] && rows.outcome[j] >= rows.outcome[i]) {
        at_risk += rows.weight[j] * std::exp(score[j]);
      }
    }
    loss += rows.weight[i] * (std::log(at_risk) - score[i]);
  }
  return loss;
}

TEST(TreeObjective, CoxHasThoseOfThePartialLikelihoodWithTiesAndStrata) {
  std::mt19937_64 random(3);
  TrainingRows rows;
  std::vector<double> score;
  for (std::uint32_t r = 0; r < 40; ++r) {
    rows.source_row.push_back(r);
    rows.outcome.push_back(static_cast<double>(1 + random() % 8));
    rows.event.push_back(random() % 2 == 0 ? 1 : 0);
    rows.weight.push_back(r % 5 == 0 ? 2 : 1);
    rows.stratum.push_back(static_cast<std::int32_t>(random() % 2));
    score.push_back(static_cast<double>(random() % 100) / 50 - 1);
  }
  const Derivatives found = Of(Objective::kCox, rows, score);
  for (std::size_t r = 0; r < score.size(); ++r) {
    std::vector<double> above = score;
    std::vector<double> below = score;
    above[r] += kStep;
    below[r] -= kStep;
    const double high = PartialLoss(rows, above);
    const double low = PartialLoss(rows, below);
    EXPECT_NEAR(found.slope[r], (high - low) / (2 * kStep), 1e-7);
    EXPECT_NEAR(found.curvature[r], (high - 2 * PartialLoss(rows, score) + low) / (kStep * kStep),
                1e-3);
  }
}

TEST(TreeObjective, CoxDoesNotDependOnTheOrderOfRows) {
  std::mt19937_64 random(4);
  TrainingRows rows;
  std::vector<double> score;
  std::vector<std::uint32_t> order;
  for (std::uint32_t r = 0; r < 200; ++r) {
    order.push_back(r);
    rows.source_row.push_back(r);
    rows.outcome.push_back(static_cast<double>(random() % 20));
    rows.event.push_back(random() % 3 == 0 ? 1 : 0);
    rows.weight.push_back(1);
    score.push_back(std::normal_distribution<double>()(random));
  }
  const Derivatives found = Of(Objective::kCox, rows, score);
  std::shuffle(order.begin(), order.end(), random);
  TrainingRows shuffled = rows;
  std::vector<double> shuffled_score = score;
  for (std::size_t r = 0; r < order.size(); ++r) {
    shuffled.outcome[r] = rows.outcome[order[r]];
    shuffled.event[r] = rows.event[order[r]];
    shuffled_score[r] = score[order[r]];
  }
  const Derivatives again = Of(Objective::kCox, shuffled, shuffled_score);
  for (std::size_t r = 0; r < order.size(); ++r) {
    EXPECT_EQ(again.slope[r], found.slope[order[r]]);
    EXPECT_EQ(again.curvature[r], found.curvature[order[r]]);
  }
}

}  // namespace
}  // namespace clinnova::learn
