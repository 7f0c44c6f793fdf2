// SPDX-License-Identifier: Apache-2.0
// One elastic net on its way to its minimum (elastic_net_solver.h): where it is, what it knows of the curvature there,
// and where it looks next.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include "stats/elastic_net_solver.h"
#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// A step, and by how much minus the gradient of the log-likelihood has changed with it.
struct SecantPair {
  std::vector<double> step;
  std::vector<double> change;
};

/// A point that was evaluated.
struct NetPlace {
  std::vector<double> beta;
  std::shared_ptr<const NetEvaluation> at;
};

class NetFit {
 public:
  /// `target` and `problem` must outlive this; `scale` is what a gradient is measured against.
  NetFit(const NetTarget& target, const NetProblem& problem, double alpha, double scale);

  std::size_t problem() const { return target_.problem; }
  bool done() const { return done_; }
  /// True when it wants its candidate evaluated.
  bool asks() const { return !done_ && wanted_ && !waits_; }
  const std::vector<double>& candidate() const { return candidate_; }
  /// The deviance expected at the minimum; NaN when nothing is known yet.
  double expected_deviance() const { return expected_deviance_; }
  /// The information at the best point is known.
  bool exact() const { return exact_; }

  /// A fit that is not wanted, or waits for others to go ahead, asks for nothing.
  void Want(bool wanted) { wanted_ = wanted; }
  bool wanted() const { return wanted_; }
  void Wait(bool waits) { waits_ = waits; }
  bool waits() const { return waits_; }

  /// Begins at the target's start, once; the minimum of another fit, where there is one, only saves time.
  void Start(const NetFit* other);
  bool started() const { return started_; }
  /// Begins anew at where the path is expected `part` of the way between two places whose information is known.
  void StartBetween(const NetPlace& left, const NetPlace& right, double part);
  NetPlace best() const { return {beta_, best_}; }

  /// How much this fit wants the information at its candidate.
  enum class Wish { kNone, kUseful, kNeeded };
  Wish wish() const { return wish_; }

  /// Takes the information of a fit this many targets away, unless its own is nearer.
  void Offer(const std::shared_ptr<const NetEvaluation>& at, std::size_t distance);
  /// Looks at a point that was evaluated; true when it is better than the best so far.
  bool Consider(const std::vector<double>& beta, const std::shared_ptr<const NetEvaluation>& at);
  /// Decides where to go next; `improved`: some point of the round was better than the best before, or told the
  /// best one's information.
  void Move(bool improved);

  NetSolution Solution() const;

 private:
  bool Allowed(const std::vector<double>& beta) const;
  double ObjectiveAt(const std::vector<double>& beta, const NetEvaluation& at) const;
  double ViolationAt(const std::vector<double>& beta, const NetEvaluation& at) const;
  bool Inform(const std::shared_ptr<const NetEvaluation>& at);
  void AskForInformation();
  void RememberMove(const std::vector<double>& beta, const std::vector<double>& score);
  Matrix Curvature() const;
  void FindMinimum(const std::vector<double>& beta, const std::vector<double>& score,
                   double deviance);
  void Finish();
  void GiveUp() { done_ = true; }

  const NetTarget& target_;    // not owned
  const NetProblem& problem_;  // not owned
  Penalties penalties_;
  std::vector<bool> held_;
  std::vector<double> unit_;
  std::vector<double> candidate_;
  std::vector<double> minimum_;                ///< of the quadratic
  std::shared_ptr<const NetEvaluation> best_;  // shared by the fits that took the same point over
  std::vector<double> beta_;                   ///< the best point
  double objective_ = std::numeric_limits<double>::infinity();
  double violation_ = std::numeric_limits<double>::infinity();
  double violation_before_ = std::numeric_limits<double>::infinity();
  double expected_deviance_ = std::numeric_limits<double>::quiet_NaN();
  std::shared_ptr<const NetEvaluation> information_;        // shared likewise
  std::shared_ptr<const NetEvaluation> other_information_;  // shared likewise; empty or …
  double other_part_ = 0;          ///< … this part of the curvature, the rest information_'s
  std::vector<SecantPair> moves_;  ///< since the information was told at the best point
  bool exact_ = false;             ///< information_ is that of the best point
  std::size_t distance_ = 0;       ///< targets between this and the one information_ was told for
  Wish wish_ = Wish::kUseful;
  double step_ = 1;
  int halvings_ = 0;
  bool started_ = false;
  bool wanted_ = true;
  bool waits_ = false;
  bool from_afar_ = false;  ///< the best point is another fit's, too far to learn from the way
  bool converged_ = false;
  bool done_ = false;
};

}  // namespace clinnova::stats
