// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_solver.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <span>

#include "stats/elastic_net_between.h"
#include "stats/elastic_net_fit.h"

namespace clinnova::stats {
namespace {

constexpr int kMaximumRounds = 200;
/// Rounds in which a few lambdas of a path go ahead of the others.
constexpr int kRoundsAhead = 2;
/// A path of fewer lambdas for each that goes ahead is not worth it.
constexpr std::size_t kWorthIt = 3;
/// Lambdas looked at beyond where the path is expected to end.
constexpr std::size_t kBeyondEnd = 2;

/// Which fits get the information they find useful: of each problem's about `limit`, evenly over its path.
std::vector<bool> Informed(const std::vector<NetFit>& fits, std::size_t limit) {
  std::map<std::size_t, std::vector<std::size_t>> wishes;  // by problem
  std::vector<bool> informed(fits.size());
  for (std::size_t i = 0; i < fits.size(); ++i) {
    if (!fits[i].asks()) continue;
    informed[i] = limit == 0 || fits[i].wish() == NetFit::Wish::kNeeded;
    if (fits[i].wish() == NetFit::Wish::kUseful) wishes[fits[i].problem()].push_back(i);
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

RoundPoints PointsOf(const std::vector<NetFit>& fits, std::size_t limit) {
  const std::vector<bool> informed = Informed(fits, limit);
  RoundPoints round;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const NetFit& fit = fits[i];
    if (!fit.asks()) continue;
    const auto known = std::find_if(round.points.begin(), round.points.end(), [&](const auto& p) {
      return p.problem == fit.problem() && p.beta == fit.candidate();
    });
    if (known == round.points.end()) {
      round.points.push_back(
          {.problem = fit.problem(), .beta = fit.candidate(), .informed = informed[i]});
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
                      std::size_t index, NetFit& fit) {
  for (std::size_t k = 0; k < round.points.size(); ++k) {
    if (round.points[k].problem != fit.problem() || !evaluations[k]->valid ||
        evaluations[k]->information.empty())
      continue;
    const std::size_t owner = round.owners[k];
    fit.Offer(evaluations[k], owner > index ? owner - index : index - owner);
  }
}

/// A problem's fits, whose lambdas fall. A few may go ahead of the others, which begin where the path is then expected.
class PathFits {
 public:
  /// `targets` and `fits` are those of one problem; `length` may be empty.
  PathFits(std::span<const NetTarget> targets, std::span<NetFit> fits, const NetPathLength& length)
      : targets_(targets), fits_(fits), length_(length) {}

  /// Lets about `count` fits go ahead, evenly over the path as the information at its start makes it expected.
  void GoAhead(std::size_t count) {
    const std::size_t end = WantToEnd();
    const bool known = std::all_of(fits_.begin(), fits_.begin() + static_cast<std::ptrdiff_t>(end),
                                   [](const NetFit& fit) { return fit.exact(); });
    if (!known || end < kWorthIt * count) return;
    FindPositions(end);
    for (std::size_t k = 1; k <= count; ++k) {
      const double wanted = position_.back() * static_cast<double>(k) / static_cast<double>(count);
      std::size_t at = 0;
      while (at + 1 < end && position_[at] < wanted * (1 - 1e-12)) ++at;
      if (ahead_.empty() || at > ahead_.back()) ahead_.push_back(at);
    }
    for (NetFit& fit : fits_) fit.Wait(true);
    for (const std::size_t k : ahead_) fits_[k].Wait(false);
  }
  bool any_ahead() const { return !ahead_.empty(); }

  /// Wants the fits to the end of the path, as it is now expected, and no others; starts them where that is to be done.
  /// Returns how many are wanted.
  std::size_t WantToEnd() {
    std::vector<double> deviances;
    std::size_t end = fits_.size();
    for (std::size_t k = 0; k < fits_.size(); ++k) {
      const bool wanted = k < end;
      fits_[k].Want(wanted);
      if (!wanted) continue;
      if (!fits_[k].started()) fits_[k].Start(k > 0 ? &fits_[k - 1] : nullptr);
      if (fits_[k].waits()) StartWaiting(k);
      deviances.push_back(fits_[k].expected_deviance());
      if (length_) end = length_(fits_[k].problem(), deviances) + kBeyondEnd;
    }
    return std::min(end, fits_.size());
  }

 private:
  void FindPositions(std::size_t end) {
    std::vector<double> before = targets_[0].start;
    double position = 0;
    for (std::size_t k = 0; k < end; ++k) {
      std::vector<double> step = fits_[k].candidate();
      for (std::size_t j = 0; j < step.size(); ++j) step[j] -= before[j];
      before = fits_[k].candidate();
      const std::vector<double> image = TimesPacked(targets_[0].known->information, step);
      double square = 0;
      for (std::size_t j = 0; j < step.size(); ++j) square += step[j] * image[j];
      position += std::sqrt(std::max(square, 0.0));
      position_.push_back(position);
    }
  }

  /// Begins between the two that went ahead on either side; the path's start stands before the first.
  void StartWaiting(std::size_t index) {
    if (places_.empty()) {  // they go on, and where they then are their information is not told
      places_.push_back({targets_[0].start, targets_[0].known});
      for (const std::size_t k : ahead_) places_.push_back(fits_[k].best());
    }
    std::size_t right = 1;
    while (right < ahead_.size() && ahead_[right - 1] < index) ++right;
    const double from = right > 1 ? position_[ahead_[right - 2]] : 0;
    const double to = position_[ahead_[right - 1]];
    const double here = index < position_.size() ? position_[index] : to;
    fits_[index].StartBetween(places_[right - 1], places_[right],
                              to > from ? std::clamp((here - from) / (to - from), 0.0, 1.0) : 1);
  }

  std::span<const NetTarget> targets_;
  std::span<NetFit> fits_;
  const NetPathLength& length_;     // not owned
  std::vector<std::size_t> ahead_;  ///< fits that go ahead, ascending
  std::vector<NetPlace> places_;  ///< once they have: the path's start, and where each of them was
  std::vector<double> position_;  ///< per fit to the end, how far along the path
};

std::vector<PathFits> PathsOf(const std::vector<NetTarget>& targets, std::vector<NetFit>& fits,
                              const NetPathLength& length) {
  std::vector<PathFits> paths;
  for (std::size_t first = 0; first < fits.size();) {
    std::size_t last = first;
    while (last < fits.size() && fits[last].problem() == fits[first].problem()) ++last;
    paths.emplace_back(std::span(targets).subspan(first, last - first),
                       std::span(fits).subspan(first, last - first), length);
    first = last;
  }
  return paths;
}

std::vector<NetSolution> SolutionsOf(const std::vector<NetFit>& fits) {
  std::vector<NetSolution> solutions;
  for (const NetFit& fit : fits) solutions.push_back(fit.Solution());
  return solutions;
}

}  // namespace

Result<std::vector<NetSolution>> NetSolver::Solve(
    const std::vector<NetTarget>& targets,
    const std::function<bool(const std::vector<NetSolution>&)>& enough) const {
  std::vector<NetFit> fits;
  fits.reserve(targets.size());
  for (const NetTarget& target : targets) {
    fits.emplace_back(target, problems_[target.problem], alpha_, scales_[target.problem]);
  }
  std::vector<PathFits> paths = PathsOf(targets, fits, length_);
  bool ahead = false;
  for (PathFits& path : paths) {
    if (informed_points_ > 0) path.GoAhead(informed_points_);
    ahead = ahead || path.any_ahead();
  }
  const bool null = std::all_of(targets.begin(), targets.end(),
                                [](const NetTarget& target) { return target.null; });
  for (int round = 0; round < kMaximumRounds; ++round) {
    const bool few = ahead && round < kRoundsAhead;
    for (PathFits& path : paths) {
      if (!few || !path.any_ahead()) path.WantToEnd();
    }
    RoundPoints asked = PointsOf(fits, few ? 0 : informed_points_);
    for (NetPoint& point : asked.points) point.roughly = few || null;
    const std::vector<NetPoint>& points = asked.points;
    if (points.empty()) break;
    CLINNOVA_ASSIGN(std::vector<NetEvaluation> evaluations, evaluate_(points));
    std::vector<std::shared_ptr<const NetEvaluation>> shared;
    for (NetEvaluation& evaluation : evaluations) {
      shared.push_back(std::make_shared<const NetEvaluation>(std::move(evaluation)));
    }
    for (std::size_t i = 0; i < fits.size(); ++i) {
      NetFit& fit = fits[i];
      if (!fit.asks()) continue;
      bool improved = false;
      for (std::size_t k = 0; k < points.size(); ++k) {
        if (points[k].problem != fit.problem()) continue;
        improved = fit.Consider(points[k].beta, shared[k]) || improved;
      }
      OfferInformation(asked, shared, i, fit);
      fit.Move(improved);
    }
    if (enough && enough(SolutionsOf(fits))) break;
  }
  return SolutionsOf(fits);
}

}  // namespace clinnova::stats
