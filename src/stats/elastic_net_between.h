// SPDX-License-Identifier: Apache-2.0
// What the log-likelihood is expected to be between two points at which its derivatives are known: the score along the
// way from one to the other is the cubic with the scores and second derivatives of both ends. Pure functions.
//
//   const NetBetween half = Between({left, at_left}, {right, at_right}, 0.5);
#pragma once

#include <vector>

#include "stats/elastic_net_solver.h"

namespace clinnova::stats {

/// A point, and what was found there, its information included.
struct NetKnown {
  const std::vector<double>& beta;  // not owned
  const NetEvaluation& at;          // not owned
};

struct NetBetween {
  std::vector<double> beta;
  std::vector<double> score;
  double deviance = 0;
};

/// `part` of the way from left (0) to right (1).
NetBetween Between(const NetKnown& left, const NetKnown& right, double part);

/// A symmetric matrix, given as its lower triangle by rows, times x.
std::vector<double> TimesPacked(const std::vector<double>& lower, const std::vector<double>& x);

}  // namespace clinnova::stats
