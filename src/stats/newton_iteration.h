// SPDX-License-Identifier: Apache-2.0
// Newton's method for a concave log-likelihood whose sums arrive round by round. Several problems can so share
// their rounds: each is asked for its point, told what the sums were there, and asked whether it is done.
//
//   NewtonIteration fit(columns);
//   while (!fit.done()) {
//     … sums at fit.point() …
//     fit.Step({.log_likelihood = l, .score = u, .information = i});
//   }
//   if (fit.converged()) Use(fit.point(), fit.inverse());
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "stats/linear_algebra.h"

namespace clinnova::stats {

class NewtonIteration {
 public:
  /// Starts at 0. An empty problem is converged from the beginning.
  explicit NewtonIteration(std::size_t size)
      : point_(size), aliased_(size), inverse_(size, std::vector<double>(size)) {
    converged_ = size == 0;
  }

  /// The sums at point().
  struct Sums {
    double log_likelihood = 0;
    std::vector<double> score;
    Matrix information;
    double dispersion = 1;  ///< of the estimates' covariance: for the size of a step only
    bool boundary = false;  ///< some fitted probability is numerically 0 or 1
  };
  /// Moves point(). Columns that the first information shows to depend on those before them stay at 0.
  void Step(const Sums& sums);

  const std::vector<double>& point() const { return point_; }
  bool converged() const { return converged_; }
  bool done() const { return converged_ || failed_; }
  int iterations() const { return iterations_; }
  const std::vector<bool>& aliased() const { return aliased_; }
  /// Inverse of the information at the last point but one, which is the last within rounding; 0 in the rows and
  /// columns of aliased ones.
  const Matrix& inverse() const { return inverse_; }

 private:
  bool Halve(double log_likelihood);
  double RelativeStep(const std::vector<double>& step, double dispersion) const;

  std::vector<double> point_;
  std::vector<double> before_;
  std::vector<bool> aliased_;
  Matrix inverse_;
  std::size_t rank_ = 0;
  double best_ = -std::numeric_limits<double>::infinity();
  double relative_before_ = std::numeric_limits<double>::infinity();
  int iterations_ = 0;
  int halvings_ = 0;
  bool converged_ = false;
  bool failed_ = false;
};

}  // namespace clinnova::stats
