// SPDX-License-Identifier: Apache-2.0
// What boosting minimises: slopes and curvatures of the loss at each row's score, as xgboost has them.
//
//   logistic  score = log odds of outcome 1          slope w (p - y)        curvature w p (1 - p)
//   squared   score = expected outcome               w (score - y)          w
//   poisson   score = log of the expected count      w (mu - y)             w mu e^max_delta_step
//   cox       score = log hazard ratio; Breslow's partial likelihood of the risk sets within a site and stratum
//
// Bits depend on a row alone, except for cox, whose risk sets are those of one site: sums over a risk set are made in
// integers there, so that the order of the rows does not matter.
// Source: T. Chen, C. Guestrin, KDD 2016; J. H. Friedman, Ann. Stat. 29 (2001).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "learn/training_rows.h"

namespace clinnova::learn {

enum class Objective : std::uint8_t { kLogistic, kSquared, kPoisson, kCox };

/// In the order of Objective; the names that `objective` takes.
inline constexpr std::string_view kObjectives[] = {"logistic", "squared", "poisson", "cox"};

/// Rows first, first + 1, … of `rows`, as many as there are scores.
struct RowSpan {
  std::size_t first = 0;
  const TrainingRows* rows = nullptr;  // not owned
};

/// Fills slope and curvature, one per row, for the rows with use[r] != 0; others get 0. `score` has the offset in it.
/// Cox needs all of a site's rows at once.
void Differentiate(Objective objective, double max_delta_step, const RowSpan& rows,
                   std::span<const double> score, std::span<const std::uint8_t> use,
                   std::span<double> slope, std::span<double> curvature);

/// Mean of the outcome on the response's scale: the probability, the mean, the count; cox: the hazard ratio.
double ResponseOf(Objective objective, double score);
/// The score whose response is `mean`.
double ScoreOfMean(Objective objective, double mean);

/// A row's loss: minus the log-likelihood (logistic, poisson without ln y!), or half the squared error.
double Loss(Objective objective, double score, double outcome);

}  // namespace clinnova::learn
