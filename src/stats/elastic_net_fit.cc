// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_fit.h"

#include <algorithm>
#include <cmath>

#include "stats/elastic_net_between.h"
#include "stats/penalised_quadratic.h"

namespace clinnova::stats {
namespace {

constexpr int kMaximumHalvings = 40;
/// The conditions of the minimum hold to this part of the largest gradient: rounding of the rows' contributions.
constexpr double kTolerance = 1e-13;
/// Where they do not get any better, this much is good enough.
constexpr double kRoundingTolerance = 1e-9;
/// With the information of another point, though, only this: its own may get it on.
constexpr double kSharedTolerance = 1e-12;
/// A step that leaves more than this part of the violation calls for newer information.
constexpr double kSlow = 0.3;
/// Steps remembered for each fit.
constexpr std::size_t kMoves = 12;
/// Below this violation a step's change of the gradient is rounding to too large a part.
constexpr double kLearnable = 1e-11;
/// Along a step that finds less than this part of the curvature expected nothing is learnt.
constexpr double kSmallestCurvature = 1e-3;
/// Objectives that differ by less are told apart by the conditions instead.
constexpr double kObjectiveNoise = 1e-12;

/// The update of Broyden, Fletcher, Goldfarb and Shanno: afterwards hessian * step is the change.
void UpdateSecant(const SecantPair& pair, Matrix& hessian) {
  const std::size_t n = pair.step.size();
  std::vector<double> image(n);
  double expected = 0;
  double curvature = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double step = pair.step[i];
    if (step == 0) continue;
    for (std::size_t j = 0; j < n; ++j) image[j] += step * hessian[i][j];
    curvature += step * pair.change[i];
  }
  for (std::size_t i = 0; i < n; ++i) expected += pair.step[i] * image[i];
  if (!(expected > 0) || !(curvature > kSmallestCurvature * expected)) return;
  const double more = 1 / curvature;
  const double less = 1 / expected;
  for (std::size_t i = 0; i < n; ++i) {
    const double change = pair.change[i];
    const double past = image[i];
    std::vector<double>& row = hessian[i];
    for (std::size_t j = 0; j < n; ++j) {
      row[j] += (change * pair.change[j]) * more - (past * image[j]) * less;
    }
  }
}

}  // namespace

NetFit::NetFit(const NetTarget& target, const NetProblem& problem, double alpha, double scale)
    : target_(target), problem_(problem), penalties_(PenaltiesOf(problem, alpha, target.lambda)) {
  held_ = problem.held;
  for (std::size_t j = 0; j < held_.size(); ++j) {
    if (target.null && problem.unit[j] != 0) held_[j] = true;
    unit_.push_back((problem.unit[j] == 0 ? 1 : problem.unit[j]) * (scale > 0 ? scale : 1));
  }
  candidate_ = target.start;
  if (candidate_.empty()) candidate_.assign(held_.size(), 0.0);
}

void NetFit::Start(const NetFit* other) {
  started_ = true;
  if (!target_.known || !Consider(candidate_, target_.known)) return;
  if (other != nullptr) minimum_ = other->minimum_;
  Move(true);
}

void NetFit::StartBetween(const NetPlace& left, const NetPlace& right, double part) {
  started_ = true;
  waits_ = false;
  const NetPlace& near = part < 0.5 ? left : right;
  best_ = near.at;
  beta_ = near.beta;
  objective_ = ObjectiveAt(beta_, *best_);
  violation_ = ViolationAt(beta_, *best_);
  violation_before_ = std::numeric_limits<double>::infinity();
  from_afar_ = true;
  information_ = left.at;
  other_information_ = right.at;
  other_part_ = part;
  exact_ = false;
  distance_ = 1;
  moves_.clear();
  const NetBetween between = Between({left.beta, *left.at}, {right.beta, *right.at}, part);
  minimum_ = between.beta;
  FindMinimum(between.beta, between.score, between.deviance);
  candidate_ = minimum_;
  step_ = 1;
  wish_ = Wish::kNone;
}

void NetFit::Offer(const std::shared_ptr<const NetEvaluation>& at, std::size_t distance) {
  if (exact_ || (information_ && distance > distance_)) return;
  information_ = at;
  other_information_ = nullptr;
  distance_ = distance;
}

bool NetFit::Consider(const std::vector<double>& beta,
                      const std::shared_ptr<const NetEvaluation>& at) {
  if (!at->valid || !Allowed(beta)) return false;
  if (best_ && beta == beta_) return Inform(at);
  const double objective = ObjectiveAt(beta, *at);
  if (!std::isfinite(objective)) return false;
  const double violation = ViolationAt(beta, *at);
  if (best_) {
    const double noise = kObjectiveNoise * (std::fabs(objective_) + std::fabs(objective));
    const bool same = std::fabs(objective - objective_) <= noise;
    if (same ? violation >= violation_ : objective > objective_) return false;
  }
  if (best_ && violation_ > kLearnable && !from_afar_) RememberMove(beta, at->score);
  from_afar_ = false;
  best_ = at;
  beta_ = beta;
  objective_ = objective;
  violation_ = violation;
  exact_ = false;
  distance_ = std::max<std::size_t>(distance_, 1);
  Inform(at);
  return true;
}

void NetFit::Move(bool improved) {
  if (!best_) return GiveUp();
  if (violation_ <= kTolerance) return Finish();
  if (!improved && violation_ <= (exact_ ? kRoundingTolerance : kSharedTolerance)) return Finish();
  if (!improved && ++halvings_ > kMaximumHalvings) return GiveUp();
  if (!information_ || (!improved && !exact_)) return AskForInformation();
  if (!improved) {
    step_ /= 2;
  } else {
    halvings_ = 0;
    step_ = 1;
    FindMinimum(beta_, best_->score, best_->deviance);
  }
  wish_ = !improved || violation_ > kSlow * violation_before_ ? Wish::kUseful : Wish::kNone;
  violation_before_ = violation_;
  for (std::size_t j = 0; j < beta_.size(); ++j) {
    candidate_[j] = step_ == 1 ? minimum_[j] : beta_[j] + step_ * (minimum_[j] - beta_[j]);
  }
  if (candidate_ == beta_) return violation_ <= kRoundingTolerance ? Finish() : GiveUp();
}

NetSolution NetFit::Solution() const {
  NetSolution solution;
  if (!best_) return solution;
  solution.beta = beta_;
  solution.at = *best_;
  solution.violation = violation_;
  solution.converged = converged_;
  return solution;
}

bool NetFit::Allowed(const std::vector<double>& beta) const {
  for (std::size_t j = 0; j < beta.size(); ++j) {
    if (held_[j] && beta[j] != 0) return false;
  }
  return true;
}

double NetFit::ObjectiveAt(const std::vector<double>& beta, const NetEvaluation& at) const {
  return at.deviance / (2 * problem_.rows) + PenaltyOf(penalties_, beta);
}

double NetFit::ViolationAt(const std::vector<double>& beta, const NetEvaluation& at) const {
  std::vector<double> gradient = at.score;
  for (double& value : gradient) value /= problem_.rows;
  return PenaltyViolation(gradient, penalties_.lasso, penalties_.ridge, held_, unit_, beta);
}

/// Takes the information at the best point; true when it is news.
bool NetFit::Inform(const std::shared_ptr<const NetEvaluation>& at) {
  if (exact_ || at->information.empty()) return false;
  information_ = at;
  other_information_ = nullptr;
  distance_ = 0;
  exact_ = true;
  moves_.clear();
  return true;
}

void NetFit::AskForInformation() {
  candidate_ = beta_;
  wish_ = Wish::kNeeded;
}

/// Keeps how the gradient changes on the way to a new best point.
void NetFit::RememberMove(const std::vector<double>& beta, const std::vector<double>& score) {
  SecantPair move{beta, best_->score};
  for (std::size_t j = 0; j < beta.size(); ++j) {
    move.step[j] -= beta_[j];
    move.change[j] -= score[j];
  }
  moves_.push_back(std::move(move));
  if (moves_.size() > kMoves) moves_.erase(moves_.begin());
}

Matrix NetFit::Curvature() const {
  const std::size_t p = held_.size();
  Matrix hessian = FromLowerTriangle(information_->information, p);
  if (other_information_) {
    const double part = other_part_;
    const double* other = other_information_->information.data();
    for (std::size_t i = 0; i < p; ++i) {
      for (std::size_t j = 0; j <= i; ++j, ++other)
        hessian[i][j] = hessian[j][i] = (1 - part) * hessian[i][j] + part * *other;
    }
  }
  for (const SecantPair& move : moves_) UpdateSecant(move, hessian);
  return hessian;
}

/// The minimum of the quadratic that has this score and deviance at beta, and the deviance expected there.
void NetFit::FindMinimum(const std::vector<double>& beta, const std::vector<double>& score,
                         double deviance) {
  const std::size_t p = beta.size();
  Matrix hessian = Curvature();
  std::vector<double> c(p);
  for (std::size_t i = 0; i < p; ++i) {
    long double sum = score[i];
    for (std::size_t j = 0; j < p; ++j) {
      sum += static_cast<long double>(hessian[i][j]) * beta[j];
    }
    c[i] = static_cast<double>(sum / problem_.rows);
  }
  for (auto& row : hessian) {
    for (double& value : row) value /= problem_.rows;
  }
  minimum_ = MinimisePenalised({hessian, c, penalties_.lasso, penalties_.ridge, held_},
                               minimum_.empty() ? beta : minimum_);
  double gain = 0;
  for (std::size_t i = 0; i < p; ++i) {
    const double step = minimum_[i] - beta[i];
    if (step == 0) continue;
    double image = 0;
    for (std::size_t j = 0; j < p; ++j) image += hessian[i][j] * (minimum_[j] - beta[j]);
    gain += step * (2 * score[i] - problem_.rows * image);
  }
  expected_deviance_ = deviance - gain;
}

void NetFit::Finish() {
  converged_ = true;
  done_ = true;
  expected_deviance_ = best_->deviance;
}

}  // namespace clinnova::stats
