// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_negative_binomial.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "stats/glm_steps.h"

namespace clinnova::stats {
namespace {

/// Whole counts up to this size go through finite sums, which keep their digits for large theta.
constexpr double kFewCounts = 64;
/// A step of ln theta is cut to this size.
constexpr double kLargestStep = 3;
/// Where the moment estimate has no finite value.
constexpr double kLargestStart = 1e6;

bool IsFew(double y) { return y <= kFewCounts && y == std::floor(y); }

}  // namespace

double LogNegativeBinomial(double y, double mu, double theta) {
  const double log_mu = y > 0 ? y * core::Log(mu) : 0;
  if (!IsFew(y)) {
    return core::LogGamma(theta + y) - core::LogGamma(theta) - core::LogGamma(y + 1) + log_mu -
           y * core::Log(theta + mu) - theta * core::Log1p(mu / theta);
  }
  double sum = log_mu - theta * core::Log1p(mu / theta) - core::LogGamma(y + 1);
  for (double k = 0; k < y; ++k) sum += core::Log1p((k - mu) / (theta + mu));
  return sum;
}

double NegativeBinomialDeviance(double y, double mu, double weight, double theta) {
  const double own = y > 0 ? y * core::Log(y / mu) : 0;
  return 2 * weight * (own - (y + theta) * core::Log1p((y - mu) / (mu + theta)));
}

ThetaDerivatives DifferentiateTheta(double y, double mu, double theta) {
  double first = 0;   // digamma(theta + y) - digamma(theta)
  double second = 0;  // trigamma(theta) - trigamma(theta + y)
  if (IsFew(y)) {
    for (double k = 0; k < y; ++k) {
      const double inverse = 1 / (theta + k);
      first += inverse;
      second += inverse * inverse;
    }
  } else {
    first = core::Digamma(theta + y) - core::Digamma(theta);
    second = core::Trigamma(theta) - core::Trigamma(theta + y);
  }
  const double sum = theta + mu;
  return {first - core::Log1p(mu / theta) + (mu - y) / sum,
          second - mu / (theta * sum) + (mu - y) / (sum * sum)};
}

void AddTheta(const GlmFamily& family, const GlmBatch& batch, federation::ExactSums& sums) {
  const double theta = family.theta;
  const std::size_t rows = batch.design.rows;
  std::vector<double> cross(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    const double weight = batch.weight[r];
    if (!(weight > 0)) continue;
    const double y = batch.y[r];
    const double mu = batch.mu[r];
    const double slope = batch.mu_eta[r];
    const double excess = y / mu - 1;
    sums.Add(kGlmTheta, kThetaMoment, weight * (excess * excess));
    if (!(theta > 0)) continue;
    const ThetaDerivatives at = DifferentiateTheta(y, mu, theta);
    sums.Add(kGlmTheta, kThetaScore, weight * at.score);
    sums.Add(kGlmTheta, kThetaInformation, weight * at.information);
    cross[r] = -weight * ((y - mu) * slope / ((theta + mu) * (theta + mu)));
  }
  const std::size_t p = batch.design.x.size() / table::kBatchRows;
  sums.AddWeightedColumns(kGlmTheta, kThetaSize, {batch.design.x.data(), table::kBatchRows, p},
                          cross.data(), rows);
}

NegativeBinomialStep StepWithTheta(const federation::PooledSums& sums,
                                   const SymmetricFactor& fisher, const std::vector<bool>& aliased,
                                   double theta) {
  const std::size_t p = aliased.size();
  std::vector<double> score = sums.Numbers(kGlmScore);
  NegativeBinomialStep step;
  step.beta = fisher.Solve(score);
  if (!(theta > 0)) {
    const double start = sums.Number(kGlmFit, kWeight) / sums.Number(kGlmTheta, kThetaMoment);
    step.log_theta = core::Log(std::clamp(start, 1 / kLargestStart, kLargestStart));
    return step;
  }
  // In ln theta, whose curvature does not vanish as theta grows.
  const double information = sums.Number(kGlmTheta, kThetaInformation);
  step.theta_error = 1 / std::sqrt(information);
  const double theta_score = theta * sums.Number(kGlmTheta, kThetaScore);
  const double curvature = theta * theta * information - theta_score;
  Matrix joint = FromLowerTriangle(sums.Numbers(kGlmSecondInformation), p);
  for (std::size_t i = 0; i < p; ++i) {
    joint[i].push_back(theta * sums.Number(kGlmTheta, kThetaSize + i));
  }
  joint.emplace_back();
  for (std::size_t i = 0; i < p; ++i) joint[p].push_back(joint[i][p]);
  joint[p].push_back(curvature);
  for (std::size_t i = 0; i <= p; ++i) {
    for (std::size_t j = 0; j <= p; ++j) {
      if ((i < p && aliased[i]) || (j < p && aliased[j])) joint[i][j] = 0;
    }
  }
  score.push_back(theta_score);
  const SymmetricFactor newton(joint, 1e-14);
  if (newton.rank() == fisher.rank() + 1) {
    step.along_newton = true;
    step.beta = newton.Solve(score);
    step.log_theta = step.beta.back();
    step.beta.pop_back();
  } else {
    step.log_theta = theta_score / std::max(std::fabs(curvature), std::fabs(theta_score));
  }
  step.log_theta = std::clamp(step.log_theta, -kLargestStep, kLargestStep);
  return step;
}

}  // namespace clinnova::stats
