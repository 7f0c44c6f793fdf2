// SPDX-License-Identifier: Apache-2.0
#include "learn/joint_arms.h"

namespace clinnova::learn {

std::vector<std::size_t> JointArms::Parts(std::size_t arm, std::size_t column) const {
  if (column == 0) return {Intercept(arm)};
  return {Shared(column), Own(arm, column)};
}

std::vector<double> JointArms::ByArm(const std::vector<double>& joint) const {
  std::vector<double> by_arm;
  for (std::size_t a = 0; a < arms_; ++a) {
    for (std::size_t j = 0; j <= terms_; ++j) {
      double sum = 0;
      for (const std::size_t part : Parts(a, j)) sum += joint[part];
      by_arm.push_back(sum);
    }
  }
  return by_arm;
}

std::vector<double> JointArms::Units(const std::vector<double>& deviations) const {
  std::vector<double> units(size());
  for (std::size_t j = 1; j <= terms_; ++j) {
    units[Shared(j)] = deviations[j];
    for (std::size_t a = 0; a < arms_; ++a) units[Own(a, j)] = deviations[j];
  }
  return units;
}

stats::NetEvaluation JointArms::Evaluation(double deviance,
                                           const std::vector<std::vector<double>>& scores,
                                           const std::vector<stats::Matrix>& information) const {
  const std::size_t d = size();
  std::vector<long double> score(d);
  std::vector<long double> triangle(d * (d + 1) / 2);
  for (std::size_t a = 0; a < arms_; ++a) {
    for (std::size_t i = 0; i <= terms_; ++i) {
      for (const std::size_t u : Parts(a, i)) {
        score[u] += scores[a][i];
        for (std::size_t j = 0; j <= terms_; ++j) {
          for (const std::size_t v : Parts(a, j)) {
            if (v <= u) triangle[u * (u + 1) / 2 + v] += information[a][i][j];
          }
        }
      }
    }
  }
  stats::NetEvaluation evaluation;
  evaluation.deviance = deviance;
  evaluation.score.assign(score.begin(), score.end());
  evaluation.information.assign(triangle.begin(), triangle.end());
  return evaluation;
}

}  // namespace clinnova::learn
