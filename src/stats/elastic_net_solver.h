// SPDX-License-Identifier: Apache-2.0
// Newton's method for many elastic nets at once: all lambdas of a path, of all training sets of a cross-validation,
// advance together, so that a round serves them all.
//
// At each point the log-likelihood is replaced by the quadratic with its score and information; the penalised
// quadratic is minimised at the coordinator (penalised_quadratic.h) and the minimum is the next point. A step that
// does not lower the objective is halved; a point that another lambda has reached is taken over where it is better.
// Of many columns the information costs far more than the score; it may then be shared: a few lambdas of a path are
// asked for theirs, the others take that of their nearest neighbour, and ask again where this gets them on slowly.
// What a fit's own steps show of the curvature corrects the information that it was not told (BFGS), so that most
// never ask. Where it is shared, a few lambdas of a long path go ahead for two rounds, with roughly rounded information;
// the others begin where the path is then expected between them (elastic_net_between.h), with information in between, too.
// Lambdas beyond the end of a path are not looked at.
// Source: J. D. Lee, Y. Sun, M. A. Saunders, SIAM J. Optim. 24 (2014), proximal Newton methods;
// J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed. 2006, chapter 6.
//
//   NetSolver solver(problems, alpha, evaluate);
//   CLINNOVA_ASSIGN(const std::vector<NetSolution> fits, solver.Solve(targets, enough));
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "core/error.h"
#include "stats/elastic_net_path.h"

namespace clinnova::stats {

/// Coefficients at which the sums of a problem's rows are wanted.
struct NetPoint {
  std::size_t problem = 0;
  std::vector<double> beta;
  bool informed = true;  ///< the second derivatives are wanted, too
  bool roughly = false;  ///< rounded ones will do
};

/// Sums over the problem's rows at a point: of the log-likelihood (half of minus the deviance) the gradient and minus
/// the second derivatives.
struct NetEvaluation {
  bool valid = true;  ///< false: no finite likelihood there
  double deviance = 0;
  std::vector<double> score;
  std::vector<double>
      information;  ///< lower triangle by rows; may be empty where it was not wanted
};
using NetEvaluator =
    std::function<Result<std::vector<NetEvaluation>>(const std::vector<NetPoint>&)>;

/// One fit that is wanted.
struct NetTarget {
  std::size_t problem = 0;
  double lambda = 0;
  bool null = false;  ///< the intercept alone
  std::vector<double> start;
  std::shared_ptr<const NetEvaluation> known = nullptr;  ///< at `start`; empty: not known yet
};

struct NetSolution {
  std::vector<double> beta;  ///< the point evaluated last
  NetEvaluation at;
  double violation =
      0;  ///< of the conditions of the minimum (PenaltyViolation), as a part of `scale`
  bool converged = false;
};

/// Of a problem's targets, how many are wanted.
using NetPathLength =
    std::function<std::size_t(std::size_t problem, const std::vector<double>& deviances)>;

class NetSolver {
 public:
  /// `scales`: per problem, what a gradient is measured against; 0 where nothing is known yet.
  NetSolver(const std::vector<NetProblem>& problems, double alpha, NetEvaluator evaluate)
      : problems_(problems),
        scales_(problems.size(), 0.0),
        alpha_(alpha),
        evaluate_(std::move(evaluate)) {}

  /// Gradients of a problem are measured in units of the largest at its null model.
  void SetScale(std::size_t problem, double scale) { scales_[problem] = scale; }

  /// Asks at most about this many points of a problem and round for their information; 0 = all.
  void ShareInformation(std::size_t points) { informed_points_ = points; }

  /// A problem's targets are a path, lambdas falling; `length` says how many of its first ones are wanted by their
  /// deviances, told for as many as are known. The others may be left out.
  void EndPaths(NetPathLength length) { length_ = std::move(length); }

  /// Solves until all have converged, or do not get any further, or `enough` says that what has is enough.
  Result<std::vector<NetSolution>> Solve(
      const std::vector<NetTarget>& targets,
      const std::function<bool(const std::vector<NetSolution>&)>& enough) const;

 private:
  const std::vector<NetProblem>& problems_;  // not owned, outlives this
  std::vector<double> scales_;
  double alpha_;
  NetEvaluator evaluate_;
  std::size_t informed_points_ = 0;
  NetPathLength length_;
};

}  // namespace clinnova::stats
