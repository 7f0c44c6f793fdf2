// SPDX-License-Identifier: Apache-2.0
#include "stats/penalised_quadratic.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "stats/refined_solve.h"

namespace clinnova::stats {
namespace {

constexpr int kMaximumSweeps = 200'000;
/// A coefficient at zero may miss its condition by this part of its penalty: rounding of the sums.
constexpr long double kSlack = 1e-12L;

/// The values of the coefficients in use; empty where their columns depend on each other.
std::optional<std::vector<double>> SolveActive(const Matrix& system,
                                               const std::vector<double>& right) {
  if (auto solved = SolveRefined(system, right)) return solved;
  const SymmetricFactor factor(system, 1e-14);
  if (factor.rank() < right.size()) return std::nullopt;
  return factor.Solve(right);
}

/// Coordinate descent with the gradient of the quadratic kept up to date.
class Descent {
 public:
  Descent(const PenalisedQuadratic& problem, std::vector<double> start)
      : problem_(problem), b_(start.begin(), start.end()), gradient_(start.size()) {
    for (std::size_t j = 0; j < b_.size(); ++j) {
      if (problem_.held[j] || !(problem_.hessian[j][j] > 0)) b_[j] = 0;
    }
    FindGradient();
  }

  /// One pass over the coordinates: the largest gain of the objective in it, and whether a sign has changed.
  struct Pass {
    long double largest_gain = 0;
    bool signs_changed = false;
  };
  Pass Sweep() {
    Pass pass;
    for (std::size_t j = 0; j < b_.size(); ++j) {
      const long double curvature = problem_.hessian[j][j];
      if (problem_.held[j] || !(curvature > 0)) continue;
      const long double pull = gradient_[j] + curvature * b_[j];
      const long double shrunk = std::max(std::fabs(pull) - problem_.lasso[j], 0.0L);
      const long double value = std::copysign(shrunk, pull) / (curvature + problem_.ridge[j]);
      const long double change = value - b_[j];
      if (change == 0) continue;
      pass.signs_changed =
          pass.signs_changed || (value > 0) != (b_[j] > 0) || (value < 0) != (b_[j] < 0);
      b_[j] = value;
      const std::vector<double>& column = problem_.hessian[j];  // symmetric, and rows are in line
      for (std::size_t i = 0; i < b_.size(); ++i) gradient_[i] -= change * column[i];
      pass.largest_gain = std::max(pass.largest_gain, change * change * curvature);
    }
    return pass;
  }

  /// True when the last Finish() has moved the coefficients.
  bool travelled() const { return travelled_; }

  std::vector<double> values() const { return {b_.begin(), b_.end()}; }

  /// The minimum for the present signs; empty when it has other signs or another condition fails.
  /// Then the coefficients have gone towards it as far as the first sign holds, which lowers the objective.
  std::optional<std::vector<double>> Finish() {
    travelled_ = false;
    std::vector<std::size_t> active;
    for (std::size_t j = 0; j < b_.size(); ++j) {
      const bool free = problem_.lasso[j] == 0 && problem_.hessian[j][j] > 0;
      if (!problem_.held[j] && (b_[j] != 0 || free)) active.push_back(j);
    }
    Matrix system(active.size(), std::vector<double>(active.size()));
    std::vector<double> right(active.size());
    for (std::size_t a = 0; a < active.size(); ++a) {
      const std::size_t i = active[a];
      for (std::size_t k = 0; k < active.size(); ++k) system[a][k] = problem_.hessian[i][active[k]];
      system[a][a] += problem_.ridge[i];
      right[a] = problem_.c[i] - std::copysign(problem_.lasso[i], static_cast<double>(b_[i]));
    }
    const std::optional<std::vector<double>> solved = SolveActive(system, right);
    if (!solved) return std::nullopt;
    std::vector<double> full(b_.size());
    for (std::size_t a = 0; a < active.size(); ++a) full[active[a]] = (*solved)[a];
    if (TravelTowards(full)) return std::nullopt;
    return ZerosHold(full) ? std::optional(full) : std::nullopt;
  }

 private:
  /// Goes towards `target` until a penalised coefficient reaches zero; false when none does on the way.
  bool TravelTowards(const std::vector<double>& target) {
    long double part = 1;
    std::size_t first = b_.size();
    for (std::size_t j = 0; j < b_.size(); ++j) {
      if (b_[j] == 0 || problem_.lasso[j] == 0 || target[j] * b_[j] > 0) continue;
      const long double until = b_[j] / (b_[j] - target[j]);
      if (first == b_.size() || until < part) {
        part = until;
        first = j;
      }
    }
    if (first == b_.size()) return false;
    for (std::size_t j = 0; j < b_.size(); ++j) b_[j] += part * (target[j] - b_[j]);
    b_[first] = 0;
    FindGradient();
    travelled_ = true;
    return true;
  }

  void FindGradient() {
    for (std::size_t i = 0; i < b_.size(); ++i) {
      long double sum = problem_.c[i];
      for (std::size_t j = 0; j < b_.size(); ++j) {
        sum -= static_cast<long double>(problem_.hessian[i][j]) * b_[j];
      }
      gradient_[i] = sum;
    }
  }

  bool ZerosHold(const std::vector<double>& b) const {
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (b[i] != 0 || problem_.held[i] || problem_.lasso[i] == 0) continue;
      long double sum = problem_.c[i];
      for (std::size_t j = 0; j < b.size(); ++j) {
        sum -= static_cast<long double>(problem_.hessian[i][j]) * b[j];
      }
      if (std::fabs(sum) > problem_.lasso[i] * (1 + kSlack)) return false;
    }
    return true;
  }

  const PenalisedQuadratic& problem_;
  std::vector<long double> b_;
  std::vector<long double> gradient_;
  bool travelled_ = false;
};

}  // namespace

std::vector<double> MinimisePenalised(const PenalisedQuadratic& problem,
                                      std::vector<double> start) {
  Descent descent(problem, std::move(start));
  long double first_gain = 0;
  int next_try = 2;
  // A coefficient that is zero but for rounding could be sent there and back for ever.
  int travels_left = 50 + 10 * static_cast<int>(problem.c.size());
  for (int sweep = 1; sweep <= kMaximumSweeps; ++sweep) {
    const Descent::Pass pass = descent.Sweep();
    first_gain = std::max(first_gain, pass.largest_gain);
    const bool still = pass.largest_gain <= 1e-36L * first_gain;
    // Signs that have just changed will change again; trying costs a factorisation.
    const bool on_the_way = descent.travelled() && travels_left-- > 0;
    if (still || on_the_way || (sweep >= next_try && !pass.signs_changed)) {
      if (const auto finished = descent.Finish()) return *finished;
      next_try = sweep + sweep / 2 + 1;
    }
    if (still && !(descent.travelled() && travels_left > 0)) break;
  }
  return descent.values();
}

double PenaltyViolation(const std::vector<double>& gradient, const std::vector<double>& lasso,
                        const std::vector<double>& ridge, const std::vector<bool>& held,
                        const std::vector<double>& unit, const std::vector<double>& b) {
  double worst = 0;
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (held[j]) continue;
    const double pull = gradient[j] - ridge[j] * b[j];
    const double off = b[j] == 0 ? std::max(std::fabs(pull) - lasso[j], 0.0)
                                 : std::fabs(pull - std::copysign(lasso[j], b[j]));
    worst = std::max(worst, off / unit[j]);
  }
  return worst;
}

}  // namespace clinnova::stats
