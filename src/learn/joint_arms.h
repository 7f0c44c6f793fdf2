// SPDX-License-Identifier: Apache-2.0
// An outcome model of all arms together as one vector of coefficients: the arms' intercepts, then what all arms share
// (beta), then what each adds to it (delta, arm by arm). Columns begin with the intercept.
#pragma once

#include <cstddef>
#include <vector>

#include "stats/elastic_net_solver.h"
#include "stats/linear_algebra.h"

namespace clinnova::learn {

class JointArms {
 public:
  JointArms(std::size_t arms, std::size_t columns) : arms_(arms), terms_(columns - 1) {}

  std::size_t size() const { return arms_ + terms_ * (arms_ + 1); }
  std::size_t Intercept(std::size_t arm) const { return arm; }
  std::size_t Shared(std::size_t column) const { return arms_ + column - 1; }
  std::size_t Own(std::size_t arm, std::size_t column) const {
    return arms_ + terms_ * (arm + 1) + column - 1;
  }

  /// Each arm's coefficients: arms * columns.
  std::vector<double> ByArm(const std::vector<double>& joint) const;

  /// Units of the penalty from the columns' standard deviations; 0 for the intercepts.
  std::vector<double> Units(const std::vector<double>& deviations) const;

  /// Score and information of the joint coefficients from those of each arm's own.
  stats::NetEvaluation Evaluation(double deviance, const std::vector<std::vector<double>>& scores,
                                  const std::vector<stats::Matrix>& information) const;

 private:
  /// The joint coefficients that arm `arm`'s coefficient of `column` is the sum of.
  std::vector<std::size_t> Parts(std::size_t arm, std::size_t column) const;

  std::size_t arms_;
  std::size_t terms_;
};

}  // namespace clinnova::learn
