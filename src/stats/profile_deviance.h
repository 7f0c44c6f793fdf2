// SPDX-License-Identifier: Apache-2.0
// The deviance of a linear mixed model at one theta, profiled over coefficients and residual variance,
// with its gradient and Hessian, from pooled sums.
//
//   d = ln|V| + m (1 + ln(2 pi rss / m)) [+ ln|X'V^-1 X| for REML],   m = n, or n - p for REML
//
// Source: D. Bates et al., J. Stat. Softw. 67(1), 2015, equations 34 and 39; the derivatives follow from
// rss = min over b of (-b, 1) M (-b, 1)'.
#pragma once

#include <vector>

#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// M = W'V^-1 W, W = (X, r), and ln|V| at one theta, with derivatives: the value, then k first ones, then
/// the second ones (i, j <= i). Without derivatives only the value.
struct ProfileSums {
  std::vector<Matrix> products;
  std::vector<double> log_determinants;

  /// The second-order expansion at a distance of `step`.
  ProfileSums At(const std::vector<double>& step) const;
};

/// How many matrices these are for k parameters.
std::size_t DerivativeCount(std::size_t k, bool derivatives);
/// Number of the second derivative (i, j) among all of k parameters.
std::size_t SecondDerivativeAt(std::size_t k, std::size_t i, std::size_t j);

enum class Criterion { kMaximumLikelihood, kRestricted };

struct ProfileProblem {
  Criterion criterion = Criterion::kRestricted;
  double n = 0;               ///< rows
  std::size_t rank = 0;       ///< columns of X that are not aliased
  std::vector<bool> aliased;  ///< columns of X
};

struct ProfileDeviance {
  double deviance = 0;
  std::vector<double> gradient;
  Matrix hessian;
  std::vector<double> beta;
  Matrix unscaled;  ///< (X'V^-1 X)^-1 on the kept columns
  double residual_sum = 0;
  double log_information = 0;  ///< ln|X'V^-1 X|

  /// False when the sums do not make a model (rss not positive).
  bool valid = false;
};

ProfileDeviance DevianceOf(const ProfileSums& sums, const ProfileProblem& problem);

/// The step that lowers the deviance: Newton's where the Hessian is positive, else damped until it is.
std::vector<double> DescentStep(const ProfileDeviance& at);

}  // namespace clinnova::stats
