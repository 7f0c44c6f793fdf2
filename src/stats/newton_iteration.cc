// SPDX-License-Identifier: Apache-2.0
#include "stats/newton_iteration.h"

#include <algorithm>
#include <cmath>

namespace clinnova::stats {
namespace {

constexpr int kMaximumIterations = 100;
constexpr int kSeparationIterations = 30;
constexpr int kMaximumHalvings = 10;
/// A column is aliased when it keeps less than this part of its square after those before it.
constexpr double kAliasTolerance = 1e-13;
constexpr double kSingularTolerance = 1e-15;
/// Converged when no coefficient would move by more than this part of itself, or of its error.
constexpr double kTolerance = 1e-12;
/// Near the end rounding keeps steps from shrinking; one that no longer does and is this small is the last.
constexpr double kRoundingTolerance = 1e-9;

}  // namespace

bool NewtonIteration::Halve(double log_likelihood) {
  const double slack = 1e-9 + 1e-7 * std::fabs(best_);
  const bool worse = iterations_ > 1 && !(log_likelihood >= best_ - slack);
  if (!worse || halvings_ >= kMaximumHalvings) return false;
  ++halvings_;
  for (std::size_t j = 0; j < point_.size(); ++j) point_[j] = (point_[j] + before_[j]) / 2;
  return true;
}

double NewtonIteration::RelativeStep(const std::vector<double>& step, double dispersion) const {
  double largest = 0;
  for (std::size_t j = 0; j < point_.size(); ++j) {
    const double size = std::fabs(point_[j]) + 0.1 * std::sqrt(dispersion * inverse_[j][j]);
    if (step[j] != 0) largest = std::max(largest, std::fabs(step[j]) / size);
  }
  return largest;
}

void NewtonIteration::Step(const Sums& sums) {
  if (done()) return;
  ++iterations_;
  if (Halve(sums.log_likelihood)) return;
  halvings_ = 0;
  const bool first = rank_ == 0;
  Matrix information = sums.information;
  for (std::size_t i = 0; i < point_.size(); ++i) {
    for (std::size_t j = 0; j < point_.size(); ++j) {
      if (aliased_[i] || aliased_[j]) information[i][j] = 0;
    }
  }
  const SymmetricFactor factor(information, first ? kAliasTolerance : kSingularTolerance);
  if (first) {
    aliased_ = factor.aliased();
    rank_ = factor.rank();
  }
  failed_ = rank_ == 0 || factor.rank() < rank_ || !std::isfinite(sums.log_likelihood);
  if (failed_) return;
  const std::vector<double> step = factor.Solve(sums.score);
  inverse_ = factor.Inverse();
  const double relative = RelativeStep(step, sums.dispersion);
  converged_ = relative <= kTolerance ||
               (relative <= kRoundingTolerance && relative >= 0.95 * relative_before_);
  relative_before_ = relative;
  best_ = sums.log_likelihood;
  before_ = point_;
  for (std::size_t j = 0; j < point_.size(); ++j) point_[j] += step[j];
  failed_ = !converged_ && (iterations_ >= kMaximumIterations ||
                            (sums.boundary && iterations_ >= kSeparationIterations));
}

}  // namespace clinnova::stats
