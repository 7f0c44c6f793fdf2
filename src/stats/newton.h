// SPDX-License-Identifier: Apache-2.0
// Newton's iteration on a log-likelihood whose score and information come back from one round each.
//
//   const auto evaluate = [&](const std::vector<double>& at) -> Result<LikelihoodAt> { … federation.Sum … };
//   CLINNOVA_ASSIGN(const NewtonFit fit, MaximiseLikelihood(start, evaluate));
//
// Steps that lower the likelihood, or lead where it is not defined, are halved. Parameters whose information at the
// start depends on those before them are aliased: they stay where they are and take no part. Where the information
// is not positive definite its diagonal is raised until it is (D. W. Marquardt, 1963).
#pragma once

#include <functional>
#include <vector>

#include "core/error.h"
#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// The log-likelihood at one point. `inside` is false where it is not defined: the rest then means nothing.
struct LikelihoodAt {
  bool inside = true;
  double log_likelihood = 0;
  std::vector<double> score;
  Matrix information;
};

struct NewtonFit {
  std::vector<double> estimate;
  Matrix covariance;  ///< inverse information; 0 in the rows and columns of aliased parameters
  std::vector<bool> aliased;
  std::size_t rank = 0;
  double log_likelihood = 0;
  double log_likelihood_at_start = 0;
  int iterations = 0;
  /// No parameter would move by more than 1e-12 of itself or a tenth of its error. false: after 30 steps some
  /// still do, which for these likelihoods means that the maximum lies at infinity.
  bool converged = false;
};

/// kFailed when the likelihood is not defined at `start`; errors of `evaluate` are passed on.
Result<NewtonFit> MaximiseLikelihood(
    std::vector<double> start,
    const std::function<Result<LikelihoodAt>(const std::vector<double>&)>& evaluate);

/// Parameters and covariance on another scale: transform * parameters, transform * covariance * transform'.
void ApplyTransform(const Matrix& transform, std::vector<double>& parameters, Matrix& covariance);

}  // namespace clinnova::stats
