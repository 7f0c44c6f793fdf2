// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_propensity.h"

#include <algorithm>

#include "stats/newton_iteration.h"

namespace clinnova::learn {
namespace {

using federation::PooledSums;
using Sums = stats::NewtonIteration::Sums;

/// What fold f's training rows and the prior say at `point`.
Sums WithPrior(const PooledSums& sums, std::size_t f, const std::vector<double>& point,
               const std::vector<double>& precisions) {
  const std::size_t p = precisions.size();
  Sums found;
  found.log_likelihood = sums.Number(kChoiceLogLikelihood, f);
  const std::size_t odds = point.size() / p;
  found.information = OddsProducts(sums, kChoiceInformation, f * odds * (odds + 1) / 2, odds, p);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double prior = precisions[i % p];
    found.score.push_back(sums.Number(kChoiceScore, f * point.size() + i) - prior * point[i]);
    found.information[i][i] += prior;
    found.log_likelihood -= prior * point[i] * point[i] / 2;
  }
  return found;
}

}  // namespace

stats::Matrix OddsProducts(const PooledSums& sums, std::size_t block, std::size_t first,
                           std::size_t odds, std::size_t columns) {
  const std::size_t triangle = columns * (columns + 1) / 2;
  stats::Matrix products(odds * columns, std::vector<double>(odds * columns));
  std::size_t pair = first;
  for (std::size_t b = 0; b < odds; ++b) {
    for (std::size_t c = 0; c <= b; ++c, ++pair) {
      for (std::size_t i = 0; i < columns; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          const std::size_t at = i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
          const double value = sums.Number(block, pair * triangle + at);
          products[b * columns + i][c * columns + j] = value;
          products[c * columns + j][b * columns + i] = value;
        }
      }
    }
  }
  return products;
}

Result<std::vector<std::vector<double>>> FitPropensities(federation::Federation& federation,
                                                         const federation::Analysis& analysis,
                                                         const stats::ModelFrame& frame,
                                                         const ChoiceSplit& split,
                                                         const std::vector<double>& precisions) {
  const std::size_t odds = frame.design().strata().front().levels.size() - 1;
  std::vector<stats::NewtonIteration> fits(static_cast<std::size_t>(split.folds),
                                           stats::NewtonIteration(odds * frame.columns()));
  while (!std::ranges::all_of(fits, [](const auto& fit) { return fit.done(); })) {
    ChoicePropensityParameters parameters{.split = split,
                                          .size_exponent = frame.standardised_exponent()};
    for (const auto& fit : fits) parameters.gammas.push_back(fit.point());
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation.Sum(analysis, kChoicePropensityStep, parameters));
    for (std::size_t f = 0; f < fits.size(); ++f) {
      fits[f].Step(WithPrior(sums, f, fits[f].point(), precisions));
    }
  }
  std::vector<std::vector<double>> gammas;
  for (const auto& fit : fits) {
    gammas.push_back(fit.point());
    if (fit.converged()) continue;
    return Fail(ErrorCode::kFailed,
                "analysis \"" + analysis.name() + "\": the propensity model did not converge");
  }
  return gammas;
}

}  // namespace clinnova::learn
