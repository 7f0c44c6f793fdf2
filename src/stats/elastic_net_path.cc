// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_path.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

/// glmnet.control(): the path is at least this long before it may end, and ends where the deviance ratio rises by
/// less than kSmallChange, or is above kExplained.
constexpr std::size_t kShortestPath = 5;
constexpr double kSmallChange = 1e-5;
constexpr double kExplained = 0.999;
constexpr double kExplainedCox = 0.99;
constexpr double kSmallestAlpha = 1e-3;

/// True when the path ends after its `length`-th lambda.
bool EndsAt(std::string_view family, const std::vector<double>& ratio, std::size_t length) {
  const double now = ratio[length - 1];
  const bool cox = family == "cox";
  if (now > (cox ? kExplainedCox : kExplained)) return true;
  if (family == "binomial") return now - ratio[length - 2] < kSmallChange;
  if (family == "gaussian") return now != 0 && now - ratio[length - 2] < kSmallChange * now;
  return now - ratio[length - kShortestPath] < (cox ? 100 : 10) * kSmallChange * now;
}

}  // namespace

Penalties PenaltiesOf(const NetProblem& problem, double alpha, double lambda) {
  Penalties penalties;
  for (const double unit : problem.unit) {
    penalties.lasso.push_back(lambda * alpha * unit);
    penalties.ridge.push_back(lambda * (1 - alpha) / problem.response_scale * unit * unit);
  }
  return penalties;
}

double PenaltyOf(const Penalties& penalties, const std::vector<double>& beta) {
  long double sum = 0;
  for (std::size_t j = 0; j < beta.size(); ++j) {
    const long double b = beta[j];
    sum += penalties.lasso[j] * std::fabs(b) + penalties.ridge[j] * b * b / 2;
  }
  return static_cast<double>(sum);
}

double LargestLambda(const NetProblem& problem, double alpha, const std::vector<double>& score) {
  double largest = 0;
  for (std::size_t j = 0; j < score.size(); ++j) {
    if (problem.held[j] || problem.unit[j] == 0) continue;
    largest = std::max(largest, std::fabs(score[j]) / (problem.rows * problem.unit[j]));
  }
  return largest / std::max(alpha, kSmallestAlpha);
}

std::vector<double> LambdaPath(double largest, double rows, std::size_t columns, std::size_t count,
                               double ratio) {
  if (ratio == 0) ratio = rows < static_cast<double>(columns) ? 0.01 : 1e-4;
  std::vector<double> lambdas;
  for (std::size_t k = 0; k < count; ++k) {
    const double part = count > 1 ? static_cast<double>(k) / static_cast<double>(count - 1) : 0;
    lambdas.push_back(largest * core::Exp(part * core::Log(ratio)));
  }
  return lambdas;
}

PathEnd EndOfPath(std::string_view family, const std::vector<double>& deviance_ratio,
                  std::size_t lambdas) {
  const std::size_t first = std::min(kShortestPath, lambdas);
  for (std::size_t length = std::max<std::size_t>(first, 2); length <= deviance_ratio.size();
       ++length) {
    if (first == kShortestPath && EndsAt(family, deviance_ratio, length)) return {length, true};
  }
  return {deviance_ratio.size(), deviance_ratio.size() == lambdas};
}

std::vector<double> InterpolatedPath(const std::vector<double>& lambdas,
                                     const std::vector<std::vector<double>>& betas, double lambda) {
  if (lambda >= lambdas.front()) return betas.front();
  if (lambda <= lambdas.back()) return betas.back();
  std::size_t right = 1;
  while (lambdas[right] > lambda) ++right;
  const double part = (lambda - lambdas[right]) / (lambdas[right - 1] - lambdas[right]);
  std::vector<double> beta(betas[right].size());
  for (std::size_t j = 0; j < beta.size(); ++j) {
    beta[j] = part * betas[right - 1][j] + (1 - part) * betas[right][j];
  }
  return beta;
}

CrossValidation Summarise(const std::vector<std::vector<double>>& loss,
                          const std::vector<double>& weights) {
  CrossValidation result;
  long double total = 0;
  for (const double weight : weights) total += weight;
  const auto folds = static_cast<long double>(weights.size());
  for (std::size_t k = 0; k < loss.front().size(); ++k) {
    long double mean = 0;
    for (std::size_t f = 0; f < weights.size(); ++f) mean += weights[f] * loss[f][k];
    mean /= total;
    long double square = 0;
    for (std::size_t f = 0; f < weights.size(); ++f) {
      const long double off = loss[f][k] - mean;
      square += weights[f] * off * off;
    }
    result.mean.push_back(static_cast<double>(mean));
    result.std_error.push_back(static_cast<double>(std::sqrt(square / total / (folds - 1))));
  }
  const std::vector<double>& mean = result.mean;
  result.minimum =
      static_cast<std::size_t>(std::min_element(mean.begin(), mean.end()) - mean.begin());
  const double within = mean[result.minimum] + result.std_error[result.minimum];
  while (mean[result.one_error] > within) ++result.one_error;
  return result;
}

}  // namespace clinnova::stats
