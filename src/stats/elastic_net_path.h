// SPDX-License-Identifier: Apache-2.0
// The conventions of glmnet around an elastic net: units of the penalty, the list of lambdas and where it ends, how
// coefficients between two lambdas are found, and what a cross-validation says. Pure functions.
//
//   const std::vector<double> lambdas = LambdaPath(largest, rows, columns, {});
//   const Penalties penalties = PenaltiesOf(problem, 0.5, lambdas[3]);
//
// Source: J. Friedman, T. Hastie, R. Tibshirani, J. Stat. Softw. 33(1), 2010, and glmnet 4.1's code.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace clinnova::stats {

/// What the penalty needs to know of the rows that one fit uses.
struct NetProblem {
  double rows = 0;
  std::vector<double>
      unit;  ///< of each coefficient on the standardised scale: lambda times it is the penalty;
             ///< 0 for the intercept, which has none
  std::vector<bool> held;  ///< columns that do not vary in these rows; they stay out
  /// Gaussian: the response's standard deviation (divisor n), in units of which the ridge part is taken; else 1.
  double response_scale = 1;
};

struct Penalties {
  std::vector<double> lasso;
  std::vector<double> ridge;
};
Penalties PenaltiesOf(const NetProblem& problem, double alpha, double lambda);

/// The penalty's value.
double PenaltyOf(const Penalties& penalties, const std::vector<double>& beta);

/// The smallest lambda at which no coefficient but the intercept's is other than 0. `score` is the log-likelihood's
/// gradient there; where alpha < 0.001 it is taken as 0.001.
double LargestLambda(const NetProblem& problem, double alpha, const std::vector<double>& score);

/// `count` values from `largest` down to `ratio` times it, equally spaced in the logarithm; a ratio of 0 stands for
/// 0.0001, or 0.01 with fewer rows than columns.
std::vector<double> LambdaPath(double largest, double rows, std::size_t columns, std::size_t count,
                               double ratio);

/// How many lambdas of a path are given: it ends where the deviance hardly changes any more, or is explained.
/// `deviance_ratio` may be told for the first lambdas only; the answer is then at most that many.
struct PathEnd {
  std::size_t length = 0;
  bool reached = false;  ///< by a rule, not by the end of what was told
};
PathEnd EndOfPath(std::string_view family, const std::vector<double>& deviance_ratio,
                  std::size_t lambdas);

/// Coefficients at `lambda` between those of a path (lambdas falling), linearly; beyond its ends those of the end.
std::vector<double> InterpolatedPath(const std::vector<double>& lambdas,
                                     const std::vector<std::vector<double>>& betas, double lambda);

/// The mean loss over folds at each lambda, weighted by `weights`, its standard error, and which lambdas they choose:
/// the largest with the least mean, and the largest within one standard error of it.
struct CrossValidation {
  std::vector<double> mean;
  std::vector<double> std_error;
  std::size_t minimum = 0;
  std::size_t one_error = 0;
};
/// `loss[fold][k]` is the mean loss of a fold.
CrossValidation Summarise(const std::vector<std::vector<double>>& loss,
                          const std::vector<double>& weights);

}  // namespace clinnova::stats
