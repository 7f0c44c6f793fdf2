// SPDX-License-Identifier: Apache-2.0
#include "stats/newton.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace clinnova::stats {
namespace {

constexpr int kMaximumSteps = 30;
constexpr int kMaximumHalvings = 25;
constexpr double kAliasTolerance = 1e-12;
constexpr double kTolerance = 1e-12;
/// Near the end rounding keeps steps from shrinking; one that no longer does and is this small is the last.
constexpr double kRoundingTolerance = 1e-9;

Matrix WithoutAliased(Matrix information, const std::vector<bool>& aliased) {
  for (std::size_t i = 0; i < aliased.size(); ++i) {
    for (std::size_t j = 0; j < aliased.size(); ++j) {
      if (aliased[i] || aliased[j]) information[i][j] = 0;
    }
  }
  return information;
}

/// The step, and whether the information was positive definite without help.
struct Step {
  std::vector<double> by;
  Matrix inverse;
  bool definite = true;
};

Step FindStep(const LikelihoodAt& at, const std::vector<bool>& aliased, std::size_t rank) {
  const Matrix information = WithoutAliased(at.information, aliased);
  const SymmetricFactor factor(information, 1e-15);
  if (factor.rank() == rank) return {factor.Solve(at.score), factor.Inverse(), true};
  for (double raise = 1e-3; raise < 1e12; raise *= 10) {
    Matrix raised = information;
    for (std::size_t j = 0; j < raised.size(); ++j) raised[j][j] += raise * std::fabs(raised[j][j]);
    const SymmetricFactor damped(raised, 1e-15);
    if (damped.rank() == rank) return {damped.Solve(at.score), damped.Inverse(), false};
  }
  return {std::vector<double>(aliased.size()), factor.Inverse(), false};
}

double RelativeSize(const Step& step, const std::vector<double>& estimate) {
  double relative = 0;
  for (std::size_t j = 0; j < estimate.size(); ++j) {
    if (step.by[j] == 0) continue;
    const double size = std::fabs(estimate[j]) + 0.1 * std::sqrt(step.inverse[j][j]);
    relative = std::max(relative, std::fabs(step.by[j]) / size);
  }
  return relative;
}

bool Worse(const LikelihoodAt& at, double before) {
  return !at.inside || !std::isfinite(at.log_likelihood) ||
         at.log_likelihood < before - 1e-9 * std::fabs(before) - 1e-12;
}

void FindAliased(const LikelihoodAt& at, NewtonFit& fit) {
  const SymmetricFactor factor(at.information, kAliasTolerance);
  fit.aliased = factor.aliased();
  fit.rank = factor.rank();
  fit.log_likelihood_at_start = at.log_likelihood;
}

}  // namespace

Result<NewtonFit> MaximiseLikelihood(
    std::vector<double> start,
    const std::function<Result<LikelihoodAt>(const std::vector<double>&)>& evaluate) {
  NewtonFit fit;
  fit.estimate = std::move(start);
  std::vector<double> before = fit.estimate;
  double relative_before = std::numeric_limits<double>::infinity();
  int halvings = 0;
  while (fit.iterations < kMaximumSteps) {
    CLINNOVA_ASSIGN(const LikelihoodAt at, evaluate(fit.estimate));
    const bool first = fit.iterations == 0;
    if (first && (!at.inside || !std::isfinite(at.log_likelihood))) {
      return Fail(ErrorCode::kFailed, "the likelihood is not defined where the iteration begins");
    }
    if (!first && Worse(at, fit.log_likelihood)) {
      if (++halvings > kMaximumHalvings) return fit;
      for (std::size_t j = 0; j < before.size(); ++j) {
        fit.estimate[j] = (fit.estimate[j] + before[j]) / 2;
      }
      continue;
    }
    halvings = 0;
    if (first) FindAliased(at, fit);
    ++fit.iterations;
    const Step step = FindStep(at, fit.aliased, fit.rank);
    const double relative = RelativeSize(step, fit.estimate);
    fit.log_likelihood = at.log_likelihood;
    fit.covariance = step.inverse;
    before = fit.estimate;
    for (std::size_t j = 0; j < before.size(); ++j) fit.estimate[j] += step.by[j];
    if (step.definite && (relative <= kTolerance ||
                          (relative <= kRoundingTolerance && relative >= 0.95 * relative_before))) {
      fit.converged = true;
      return fit;
    }
    relative_before = relative;
  }
  return fit;
}

void ApplyTransform(const Matrix& transform, std::vector<double>& parameters, Matrix& covariance) {
  std::vector<double> result(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    long double sum = 0;
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      sum += static_cast<long double>(transform[i][j]) * parameters[j];
    }
    result[i] = static_cast<double>(sum);
  }
  parameters = std::move(result);
  if (!covariance.empty()) covariance = Congruence(transform, covariance);
}

}  // namespace clinnova::stats
