// SPDX-License-Identifier: Apache-2.0
#include "stats/type_two_sums.h"

#include <algorithm>
#include <cmath>

#include "stats/glm_steps.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

/// A column is aliased when it keeps less than this part of its square after those before it; as in glm.
constexpr double kAliasTolerance = 1e-13;
/// A step smaller than this part of the residual sum of squares moves nothing that is printed.
constexpr double kSmallStep = 1e-13;
constexpr int kMaximumRounds = 6;

GlmParameters ParametersOf(const ModelFrame& frame, GlmParameters::Mode mode) {
  const int z = frame.standardised_exponent();
  GlmParameters parameters;
  parameters.mode = mode;
  parameters.claim = frame.claim();
  parameters.score_exponent = z + frame.response_exponents().front() + 2;
  parameters.information_exponent = 2 * z;
  return parameters;
}

/// Newton steps until one moves the residual sum of squares no more: the first solves, the others refine. `factor` is
/// that of X'X.
Result<void> Refine(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
                    const SymmetricFactor& factor, LinearFit& fit) {
  for (int round = 0; round < kMaximumRounds; ++round) {
    GlmParameters parameters = ParametersOf(frame, GlmParameters::Mode::kScore);
    parameters.beta = fit.beta;
    CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kGlmStep, parameters));
    const std::vector<double> score = sums.Numbers(kGlmScore);
    const std::vector<double> step = factor.Solve(score);
    long double moved = 0;
    for (std::size_t j = 0; j < step.size(); ++j) {
      moved += static_cast<long double>(step[j]) * score[j];
      fit.beta[j] += step[j];
    }
    fit.residual_squares =
        std::max(0.0, sums.Number(kGlmFit, kDeviance) - static_cast<double>(moved));
    if (static_cast<double>(moved) <= kSmallStep * fit.residual_squares) break;
  }
  return {};
}

/// True when `outer` has every factor of `inner`.
bool Contains(const table::Term& outer, const table::Term& inner) {
  return std::all_of(inner.factors.begin(), inner.factors.end(), [&](const auto& factor) {
    return std::find(outer.factors.begin(), outer.factors.end(), factor) != outer.factors.end();
  });
}

/// What the columns `tested` add to the columns `base`, of either those that do not depend on the ones before: the
/// quadratic form of their coefficients in the model
/// of both, with the inverse of their covariance.
TermSquares Added(const LinearFit& fit, const std::vector<std::size_t>& base,
                  const std::vector<std::size_t>& tested) {
  std::vector<std::size_t> columns = base;
  columns.insert(columns.end(), tested.begin(), tested.end());
  const std::size_t size = columns.size();
  Matrix gram(size, std::vector<double>(size));
  std::vector<double> fitted(size);  // X' times the full model's fitted values
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) gram[i][j] = fit.gram[columns[i]][columns[j]];
    long double sum = 0;
    for (std::size_t j = 0; j < fit.beta.size(); ++j) {
      sum += static_cast<long double>(fit.gram[columns[i]][j]) * fit.beta[j];
    }
    fitted[i] = static_cast<double>(sum);
  }
  const SymmetricFactor factor(gram, kAliasTolerance);
  const std::vector<double> beta = factor.Solve(fitted);
  const Matrix inverse = factor.Inverse();
  std::vector<std::size_t> kept;
  for (std::size_t i = base.size(); i < size; ++i) {
    if (!factor.aliased()[i]) kept.push_back(i);
  }
  Matrix covariance(kept.size(), std::vector<double>(kept.size()));
  std::vector<double> estimates;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (std::size_t j = 0; j < kept.size(); ++j) covariance[i][j] = inverse[kept[i]][kept[j]];
    estimates.push_back(beta[kept[i]]);
  }
  const std::vector<double> weighted = SymmetricFactor(covariance, 0).Solve(estimates);
  long double squares = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    squares += static_cast<long double>(estimates[i]) * weighted[i];
  }
  return {.term = {},
          .df = static_cast<std::int64_t>(kept.size()),
          .squares = static_cast<double>(squares)};
}

}  // namespace

Result<LinearFit> FitLinear(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  if (frame.formula().response().kind != table::Response::Kind::kNumeric ||
      !frame.design().response_levels().empty()) {
    return analysis.Wrong("formula", "expected one numeric outcome on the left of ~");
  }
  LinearFit fit;
  fit.n = frame.n();
  fit.n_missing = frame.n_missing();
  fit.terms = frame.formula().terms();
  fit.assign = frame.design().assign();
  GlmParameters parameters = ParametersOf(frame, GlmParameters::Mode::kStart);
  parameters.beta.assign(frame.columns(), 0.0);
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kGlmStep, parameters));
  fit.gram = FromLowerTriangle(sums.Numbers(kGlmInformation), frame.columns());
  const SymmetricFactor factor(fit.gram, kAliasTolerance);
  fit.beta = factor.Solve(sums.Numbers(kGlmScore));
  fit.residual_df = static_cast<double>(fit.n) - static_cast<double>(factor.rank());
  CLINNOVA_TRY(Refine(federation, analysis, frame, factor, fit));
  return fit;
}

double FittedSquares(const LinearFit& fit) {
  long double sum = 0;
  for (std::size_t i = 0; i < fit.beta.size(); ++i) {
    for (std::size_t j = 0; j < fit.beta.size(); ++j) {
      sum += static_cast<long double>(fit.beta[i]) * fit.gram[i][j] * fit.beta[j];
    }
  }
  return static_cast<double>(sum);
}

std::vector<TermSquares> TypeTwoSquares(const LinearFit& fit) {
  std::vector<TermSquares> all;
  for (std::size_t t = 0; t < fit.terms.size(); ++t) {
    std::vector<std::size_t> base;
    std::vector<std::size_t> tested;
    for (std::size_t j = 0; j < fit.assign.size(); ++j) {
      const auto term = static_cast<std::size_t>(fit.assign[j]);
      if (term == t + 1) {
        tested.push_back(j);
      } else if (term == 0 || !Contains(fit.terms[term - 1], fit.terms[t])) {
        base.push_back(j);
      }
    }
    TermSquares squares = Added(fit, base, tested);
    squares.term = fit.terms[t].Text();
    all.push_back(std::move(squares));
  }
  return all;
}

std::vector<const federation::Step*> LinearFitSteps() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kGlmStep);
  return steps;
}

}  // namespace clinnova::stats
