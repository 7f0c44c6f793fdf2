// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "stats/penalised_quadratic.h"

namespace clinnova::stats {
namespace {

constexpr int kMaximumRounds = 200;
constexpr int kMaximumHalvings = 40;
/// The conditions of the minimum hold to this part of the largest gradient: rounding of the rows' contributions.
constexpr double kTolerance = 1e-13;
/// Where they do not get any better, this much is good enough.
constexpr double kRoundingTolerance = 1e-9;
/// Objectives that differ by less are told apart by the conditions instead.
constexpr double kObjectiveNoise = 1e-12;

/// One target on its way.
class Fit {
 public:
  Fit(const NetTarget& target, const NetProblem& problem, double alpha, double scale)
      : target_(target), problem_(problem), penalties_(PenaltiesOf(problem, alpha, target.lambda)) {
    held_ = problem.held;
    for (std::size_t j = 0; j < held_.size(); ++j) {
      if (target.null && problem.unit[j] != 0) held_[j] = true;
      unit_.push_back((problem.unit[j] == 0 ? 1 : problem.unit[j]) * (scale > 0 ? scale : 1));
    }
    candidate_ = target.start;
    if (candidate_.empty()) candidate_.assign(held_.size(), 0.0);
  }

  bool done() const { return done_; }
  std::size_t problem() const { return target_.problem; }
  const std::vector<double>& candidate() const { return candidate_; }

  /// Looks at a point that was evaluated; true when it is better than the best so far.
  bool Consider(const std::vector<double>& beta, const std::shared_ptr<const NetEvaluation>& at) {
    if (!at->valid || !Allowed(beta)) return false;
    const double objective = at->deviance / (2 * problem_.rows) + PenaltyOf(penalties_, beta);
    if (!std::isfinite(objective)) return false;
    const double violation = ViolationAt(beta, *at);
    if (best_) {
      const double noise = kObjectiveNoise * (std::fabs(objective_) + std::fabs(objective));
      const bool same = std::fabs(objective - objective_) <= noise;
      if (same ? violation >= violation_ : objective > objective_) return false;
    }
    best_ = at;
    beta_ = beta;
    objective_ = objective;
    violation_ = violation;
    return true;
  }

  /// Decides where to go next; `improved`: some point of the round was better than the best before.
  void Move(bool improved) {
    if (!best_) return GiveUp();
    if (violation_ <= kTolerance) return Finish();
    if (!improved) {
      if (violation_ <= kRoundingTolerance) return Finish();
      if (++halvings_ > kMaximumHalvings) return GiveUp();
      step_ /= 2;
    } else {
      halvings_ = 0;
      step_ = 1;
      FindDirection();
    }
    for (std::size_t j = 0; j < beta_.size(); ++j) {
      candidate_[j] = step_ == 1 ? minimum_[j] : beta_[j] + step_ * (minimum_[j] - beta_[j]);
    }
    if (candidate_ == beta_) return violation_ <= kRoundingTolerance ? Finish() : GiveUp();
  }

  NetSolution Solution() const {
    NetSolution solution;
    if (!best_) return solution;
    solution.beta = beta_;
    solution.at = *best_;
    solution.violation = violation_;
    solution.converged = converged_;
    return solution;
  }

 private:
  bool Allowed(const std::vector<double>& beta) const {
    for (std::size_t j = 0; j < beta.size(); ++j) {
      if (held_[j] && beta[j] != 0) return false;
    }
    return true;
  }

  double ViolationAt(const std::vector<double>& beta, const NetEvaluation& at) const {
    std::vector<double> gradient = at.score;
    for (double& value : gradient) value /= problem_.rows;
    return PenaltyViolation(gradient, penalties_.lasso, penalties_.ridge, held_, unit_, beta);
  }

  void FindDirection() {
    Matrix hessian = FromLowerTriangle(best_->information, beta_.size());
    std::vector<double> c(beta_.size());
    for (std::size_t i = 0; i < beta_.size(); ++i) {
      long double sum = best_->score[i];
      for (std::size_t j = 0; j < beta_.size(); ++j) {
        sum += static_cast<long double>(hessian[i][j]) * beta_[j];
      }
      c[i] = static_cast<double>(sum / problem_.rows);
    }
    for (auto& row : hessian) {
      for (double& value : row) value /= problem_.rows;
    }
    minimum_ = MinimisePenalised({hessian, c, penalties_.lasso, penalties_.ridge, held_}, beta_);
  }

  void Finish() {
    converged_ = true;
    done_ = true;
  }
  void GiveUp() { done_ = true; }

  const NetTarget& target_;
  const NetProblem& problem_;
  Penalties penalties_;
  std::vector<bool> held_;
  std::vector<double> unit_;
  std::vector<double> candidate_;
  std::vector<double> minimum_;
  std::shared_ptr<const NetEvaluation> best_;  // shared by the fits that took the same point over
  std::vector<double> beta_;
  double objective_ = std::numeric_limits<double>::infinity();
  double violation_ = std::numeric_limits<double>::infinity();
  double step_ = 1;
  int halvings_ = 0;
  bool converged_ = false;
  bool done_ = false;
};

/// The points that one round has to look at: each fit's candidate, the same one once.
std::vector<NetPoint> PointsOf(const std::vector<Fit>& fits) {
  std::vector<NetPoint> points;
  for (const Fit& fit : fits) {
    if (fit.done()) continue;
    const bool known = std::any_of(points.begin(), points.end(), [&](const NetPoint& point) {
      return point.problem == fit.problem() && point.beta == fit.candidate();
    });
    if (!known) points.push_back({fit.problem(), fit.candidate()});
  }
  return points;
}

}  // namespace

Result<std::vector<NetSolution>> NetSolver::Solve(
    const std::vector<NetTarget>& targets,
    const std::function<bool(const std::vector<NetSolution>&)>& enough) const {
  std::vector<Fit> fits;
  fits.reserve(targets.size());
  for (const NetTarget& target : targets) {
    fits.emplace_back(target, problems_[target.problem], alpha_, scales_[target.problem]);
  }
  std::vector<NetSolution> solutions;
  for (int round = 0; round < kMaximumRounds; ++round) {
    const std::vector<NetPoint> points = PointsOf(fits);
    if (points.empty()) break;
    CLINNOVA_ASSIGN(std::vector<NetEvaluation> evaluations, evaluate_(points));
    std::vector<std::shared_ptr<const NetEvaluation>> shared;
    for (NetEvaluation& evaluation : evaluations) {
      shared.push_back(std::make_shared<const NetEvaluation>(std::move(evaluation)));
    }
    for (Fit& fit : fits) {
      if (fit.done()) continue;
      bool improved = false;
      for (std::size_t k = 0; k < points.size(); ++k) {
        if (points[k].problem != fit.problem()) continue;
        improved = fit.Consider(points[k].beta, shared[k]) || improved;
      }
      fit.Move(improved);
    }
    solutions.clear();
    for (const Fit& fit : fits) solutions.push_back(fit.Solution());
    if (enough && enough(solutions)) break;
  }
  return solutions;
}

}  // namespace clinnova::stats
