// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_propensity.h"

#include <algorithm>

#include "stats/newton_iteration.h"

namespace clinnova::learn {
namespace {

using federation::PooledSums;
using Sums = stats::NewtonIteration::Sums;

/// The information of fold f's training rows, from the triangles of every two arms.
stats::Matrix InformationOf(const PooledSums& sums, std::size_t f, std::size_t odds,
                            std::size_t p) {
  const std::size_t triangle = p * (p + 1) / 2;
  stats::Matrix information(odds * p, std::vector<double>(odds * p));
  std::size_t pair = f * odds * (odds + 1) / 2;
  for (std::size_t b = 0; b < odds; ++b) {
    for (std::size_t c = 0; c <= b; ++c, ++pair) {
      for (std::size_t i = 0; i < p; ++i) {
        for (std::size_t j = 0; j < p; ++j) {
          const std::size_t at = i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
          const double value = sums.Number(kChoiceInformation, pair * triangle + at);
          information[b * p + i][c * p + j] = value;
          information[c * p + j][b * p + i] = value;
        }
      }
    }
  }
  return information;
}

/// What fold f's training rows and the prior say at `point`.
Sums WithPrior(const PooledSums& sums, std::size_t f, const std::vector<double>& point,
               const std::vector<double>& precisions) {
  const std::size_t p = precisions.size();
  Sums found;
  found.log_likelihood = sums.Number(kChoiceLogLikelihood, f);
  found.information = InformationOf(sums, f, point.size() / p, p);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double prior = precisions[i % p];
    found.score.push_back(sums.Number(kChoiceScore, f * point.size() + i) - prior * point[i]);
    found.information[i][i] += prior;
    found.log_likelihood -= prior * point[i] * point[i] / 2;
  }
  return found;
}

}  // namespace

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
