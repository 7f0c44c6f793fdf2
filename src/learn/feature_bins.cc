// SPDX-License-Identifier: Apache-2.0
#include "learn/feature_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace clinnova::learn {
namespace {

using federation::Federation;
using federation::PooledSums;

/// 2^e of the highest class that a site told; 0 where all are 0.
int HighestPower(const PooledSums& sums, std::size_t which) {
  for (std::size_t c = kSizeClasses; c-- > 0;) {
    if (sums.Count(kLargestSizes, which * kSizeClasses + c) != 0) {
      return static_cast<int>(c) + kLowestSize;
    }
  }
  return 0;
}

Result<void> CheckLevels(const Federation& federation, const TreeProblem& problem,
                         const Description& description) {
  const std::int64_t k = federation.minimum_count();
  for (std::size_t f = 0; f < problem.features.size(); ++f) {
    for (const std::int64_t rows : description.features[f].level_rows) {
      if (rows == 0 || rows >= k) continue;
      return Fail(ErrorCode::kRefused,
                  "analysis \"" + problem.analysis->name() + "\": " + problem.features[f].name +
                      " has a level with fewer than " + std::to_string(k) + " persons",
                  "rare_level");
    }
  }
  return {};
}

void ReadFeatures(const PooledSums& sums, const std::vector<Feature>& features,
                  Description& description) {
  std::size_t level = 0;
  std::size_t number = 0;
  for (const Feature& feature : features) {
    FeatureSummary summary;
    for (std::size_t l = 0; l < feature.levels; ++l) {
      summary.level_rows.push_back(sums.Count(kLevelRows, level++));
      summary.present += summary.level_rows.back();
    }
    if (!feature.factor()) {
      summary.present = sums.Count(kValueRows, number);
      const auto n = static_cast<double>(summary.present);
      const double sum = sums.Number(kMoments, 2 * number);
      const double squares = sums.Number(kMoments, 2 * number + 1);
      summary.mean = n > 0 ? sum / n : 0;
      summary.sd = n > 1 ? std::sqrt(std::max(0.0, (squares - sum * (sum / n)) / (n - 1))) : 0;
      ++number;
    }
    description.features.push_back(std::move(summary));
  }
}

}  // namespace

Result<Description> Describe(Federation& federation, const TreeProblem& problem,
                             const std::vector<RunScope>& runs) {
  const DescribeParameters parameters{problem.source, problem.features, runs};
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation.Sum(*problem.analysis, *problem.steps.describe, parameters));
  Description description;
  ReadFeatures(sums, problem.features, description);
  for (std::size_t run = 0; run < runs.size(); ++run) {
    OutcomeSummary outcome;
    outcome.rows = sums.Count(kRunRows, run);
    outcome.weight = sums.Number(kRunOutcome, kOutcomeSums * run);
    if (outcome.weight > 0) {
      outcome.mean = sums.Number(kRunOutcome, kOutcomeSums * run + 1) / outcome.weight;
      outcome.offset = sums.Number(kRunOutcome, kOutcomeSums * run + 2) / outcome.weight;
      outcome.exposure = sums.Number(kRunOutcome, kOutcomeSums * run + 3) / outcome.weight;
      const double square = sums.Number(kRunOutcome, kOutcomeSums * run + 4) / outcome.weight;
      outcome.sd = std::sqrt(std::max(0.0, square - outcome.mean * outcome.mean));
    }
    description.runs.push_back(outcome);
  }
  for (std::size_t b = 0; b < 3; ++b) description.outcome_rows[b] = sums.Count(kBinary, b);
  description.outcome_exponent = HighestPower(sums, 0);
  description.weight_exponent = HighestPower(sums, 1);
  CLINNOVA_TRY(CheckLevels(federation, problem, description));
  return description;
}

Result<void> FindCuts(Federation& federation, TreeProblem& problem, std::int64_t bins,
                      Description& description) {
  CellParameters parameters;
  parameters.claim.source = problem.source;
  parameters.claim.features = problem.features;
  std::int64_t counted = problem.rows;
  if (counted > kRowsForCuts) {
    parameters.share = static_cast<double>(kRowsForCuts) / static_cast<double>(counted);
    counted = kRowsForCuts;
  }
  const std::int64_t k = federation.minimum_count();
  CellSearch search(problem.features.size(), problem.rows,
                    std::max({counted / (8 * bins) + 1, 2 * k, std::int64_t{2}}));
  const bool numbers = std::any_of(problem.features.begin(), problem.features.end(),
                                   [](const Feature& feature) { return !feature.factor(); });
  while (numbers && !search.Done()) {
    parameters.question = search.question();
    for (std::size_t f = 0; f < problem.features.size(); ++f) {
      if (problem.features[f].factor()) parameters.question.variables[f].clear();
    }
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation.Sum(*problem.analysis, *problem.steps.cells, parameters));
    search.Absorb(parameters.question, sums, 0);
  }
  for (std::size_t f = 0; f < problem.features.size(); ++f) {
    Feature& feature = problem.features[f];
    FeatureSummary& summary = description.features[f];
    if (feature.factor()) continue;
    feature.cuts = CutsBetween(search.cells(f), bins);
    if (summary.present >= 100 * k) {
      summary.low = QuantileBound(search.cells(f), 0.01);
      summary.high = QuantileBound(search.cells(f), 0.99);
    }
  }
  return {};
}

}  // namespace clinnova::learn
