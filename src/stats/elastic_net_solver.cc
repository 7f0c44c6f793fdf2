// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
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

/// A step, and by how much minus the gradient of the log-likelihood has changed with it.
struct SecantPair {
  std::vector<double> step;
  std::vector<double> change;
};

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

  /// How much this fit wants the information at its candidate.
  enum class Wish { kNone, kUseful, kNeeded };
  Wish wish() const { return wish_; }

  /// Takes the information of a fit this many targets away, unless its own is nearer.
  void Offer(const std::shared_ptr<const NetEvaluation>& at, std::size_t distance) {
    if (exact_ || (information_ && distance > distance_)) return;
    information_ = at;
    distance_ = distance;
  }

  /// Looks at a point that was evaluated; true when it is better than the best so far.
  bool Consider(const std::vector<double>& beta, const std::shared_ptr<const NetEvaluation>& at) {
    if (!at->valid || !Allowed(beta)) return false;
    if (best_ && beta == beta_) return Inform(at);
    const double objective = at->deviance / (2 * problem_.rows) + PenaltyOf(penalties_, beta);
    if (!std::isfinite(objective)) return false;
    const double violation = ViolationAt(beta, *at);
    if (best_) {
      const double noise = kObjectiveNoise * (std::fabs(objective_) + std::fabs(objective));
      const bool same = std::fabs(objective - objective_) <= noise;
      if (same ? violation >= violation_ : objective > objective_) return false;
    }
    if (best_ && violation_ > kLearnable) RememberMove(beta, at->score);
    best_ = at;
    beta_ = beta;
    objective_ = objective;
    violation_ = violation;
    exact_ = false;
    distance_ = std::max<std::size_t>(distance_, 1);
    Inform(at);
    return true;
  }

  /// Decides where to go next; `improved`: some point of the round was better than the best before, or told the
  /// best one's information.
  void Move(bool improved) {
    if (!best_) return GiveUp();
    if (violation_ <= kTolerance) return Finish();
    if (!improved && violation_ <= kRoundingTolerance) return Finish();
    if (!improved && ++halvings_ > kMaximumHalvings) return GiveUp();
    if (!information_ || (!improved && !exact_)) return AskForInformation();
    if (!improved) {
      step_ /= 2;
    } else {
      halvings_ = 0;
      step_ = 1;
      FindDirection();
    }
    wish_ = !improved || violation_ > kSlow * violation_before_ ? Wish::kUseful : Wish::kNone;
    violation_before_ = violation_;
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

  /// Takes the information at the best point; true when it is news.
  bool Inform(const std::shared_ptr<const NetEvaluation>& at) {
    if (exact_ || at->information.empty()) return false;
    information_ = at;
    distance_ = 0;
    exact_ = true;
    moves_.clear();
    return true;
  }

  void AskForInformation() {
    candidate_ = beta_;
    wish_ = Wish::kNeeded;
  }

  /// Keeps how the gradient changes on the way to a new best point.
  void RememberMove(const std::vector<double>& beta, const std::vector<double>& score) {
    SecantPair move{beta, best_->score};
    for (std::size_t j = 0; j < beta.size(); ++j) {
      move.step[j] -= beta_[j];
      move.change[j] -= score[j];
    }
    moves_.push_back(std::move(move));
    if (moves_.size() > kMoves) moves_.erase(moves_.begin());
  }

  void FindDirection() {
    Matrix hessian = FromLowerTriangle(information_->information, beta_.size());
    for (const SecantPair& move : moves_) UpdateSecant(move, hessian);
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
  std::vector<SecantPair> moves_;  ///< since the information was told at the best point
  Penalties penalties_;
  std::vector<bool> held_;
  std::vector<double> unit_;
  std::vector<double> candidate_;
  std::vector<double> minimum_;
  std::shared_ptr<const NetEvaluation> best_;  // shared by the fits that took the same point over
  std::shared_ptr<const NetEvaluation> information_;  // shared likewise
  bool exact_ = false;                                ///< information_ is that of the best point
  std::size_t distance_ = 0;  ///< targets between this and the one information_ was told for
  Wish wish_ = Wish::kUseful;
  std::vector<double> beta_;
  double objective_ = std::numeric_limits<double>::infinity();
  double violation_ = std::numeric_limits<double>::infinity();
  double violation_before_ = std::numeric_limits<double>::infinity();
  double step_ = 1;
  int halvings_ = 0;
  bool converged_ = false;
  bool done_ = false;
};

/// Which fits get the information they find useful: of each problem's about `limit`, evenly over its path.
std::vector<bool> Informed(const std::vector<Fit>& fits, std::size_t limit) {
  std::map<std::size_t, std::vector<std::size_t>> wishes;  // by problem
  std::vector<bool> informed(fits.size());
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (fits[i].done()) continue;
    informed[i] = limit == 0 || fits[i].wish() == Fit::Wish::kNeeded;
    if (fits[i].wish() == Fit::Wish::kUseful) wishes[fits[i].problem()].push_back(i);
  }
  if (limit == 0) return informed;
  for (const auto& [problem, indices] : wishes) {
    const std::size_t stride = (indices.size() + limit - 1) / limit;
    for (std::size_t k = stride / 2; k < indices.size(); k += stride) informed[indices[k]] = true;
  }
  return informed;
}

/// The points that one round has to look at: each fit's candidate, the same one once.
struct RoundPoints {
  std::vector<NetPoint> points;
  std::vector<std::size_t> owners;  ///< per point, the fit it is for
};

RoundPoints PointsOf(const std::vector<Fit>& fits, std::size_t limit) {
  const std::vector<bool> informed = Informed(fits, limit);
  RoundPoints round;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const Fit& fit = fits[i];
    if (fit.done()) continue;
    const auto known = std::find_if(round.points.begin(), round.points.end(), [&](const auto& p) {
      return p.problem == fit.problem() && p.beta == fit.candidate();
    });
    if (known == round.points.end()) {
      round.points.push_back({fit.problem(), fit.candidate(), informed[i]});
      round.owners.push_back(i);
    } else if (informed[i] && !known->informed) {
      known->informed = true;
      round.owners[static_cast<std::size_t>(known - round.points.begin())] = i;
    }
  }
  return round;
}

/// Offers a fit the information of the points of its problem.
void OfferInformation(const RoundPoints& round,
                      const std::vector<std::shared_ptr<const NetEvaluation>>& evaluations,
                      std::size_t index, Fit& fit) {
  for (std::size_t k = 0; k < round.points.size(); ++k) {
    if (round.points[k].problem != fit.problem() || !evaluations[k]->valid ||
        evaluations[k]->information.empty())
      continue;
    const std::size_t owner = round.owners[k];
    fit.Offer(evaluations[k], owner > index ? owner - index : index - owner);
  }
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
    const RoundPoints asked = PointsOf(fits, informed_points_);
    const std::vector<NetPoint>& points = asked.points;
    if (points.empty()) break;
    CLINNOVA_ASSIGN(std::vector<NetEvaluation> evaluations, evaluate_(points));
    std::vector<std::shared_ptr<const NetEvaluation>> shared;
    for (NetEvaluation& evaluation : evaluations) {
      shared.push_back(std::make_shared<const NetEvaluation>(std::move(evaluation)));
    }
    for (std::size_t i = 0; i < fits.size(); ++i) {
      Fit& fit = fits[i];
      if (fit.done()) continue;
      bool improved = false;
      for (std::size_t k = 0; k < points.size(); ++k) {
        if (points[k].problem != fit.problem()) continue;
        improved = fit.Consider(points[k].beta, shared[k]) || improved;
      }
      OfferInformation(asked, shared, i, fit);
      fit.Move(improved);
    }
    solutions.clear();
    for (const Fit& fit : fits) solutions.push_back(fit.Solution());
    if (enough && enough(solutions)) break;
  }
  return solutions;
}

}  // namespace clinnova::stats
