// SPDX-License-Identifier: Apache-2.0
#include "learn/tree_objective.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/deterministic_math.h"
#include "federation/layout.h"

namespace clinnova::learn {
namespace {

using federation::Int128;

/// Hazard ratios are summed in units of 2^-60 after scaling so that the largest is at most 1.
constexpr double kHazardUnits = 0x1p60;

/// Slopes and curvatures of the rows of one stratum, `order` sorted by time, latest first.
class RiskSets {
 public:
  RiskSets(const TrainingRows& rows, std::span<const double> score) : rows_(rows), score_(score) {}

  void Differentiate(std::span<const std::uint32_t> order, std::span<double> slope,
                     std::span<double> curvature) {
    double highest = -HUGE_VAL;
    for (const std::uint32_t r : order) highest = std::max(highest, score_[r]);
    hazard_.clear();
    for (const std::uint32_t r : order) {
      hazard_.push_back(rows_.weight[r] * core::Exp(score_[r] - highest));
    }
    FindIncrements(order);
    Spread(order, slope, curvature);
  }

 private:
  /// Per distinct time, from the latest: sum of events' weights / sum over the risk set, and the same over its square.
  void FindIncrements(std::span<const std::uint32_t> order) {
    groups_.clear();
    Int128 at_risk = 0;
    for (std::size_t first = 0; first < order.size();) {
      std::size_t last = first;
      Int128 events = 0;
      for (; last < order.size() && rows_.outcome[order[last]] == rows_.outcome[order[first]];
           ++last) {
        at_risk += static_cast<Int128>(std::nearbyint(hazard_[last] * kHazardUnits));
        if (rows_.event[order[last]] != 0) {
          events += static_cast<Int128>(std::nearbyint(rows_.weight[order[last]] * kHazardUnits));
        }
      }
      const double sum = static_cast<double>(at_risk);
      const double increment = sum > 0 ? static_cast<double>(events) / sum : 0;
      groups_.push_back({last, increment, sum > 0 ? increment / (sum / kHazardUnits) : 0});
      first = last;
    }
  }

  /// Cumulates the increments from the earliest time on.
  void Spread(std::span<const std::uint32_t> order, std::span<double> slope,
              std::span<double> curvature) const {
    double first_sum = 0;
    double second_sum = 0;
    for (std::size_t g = groups_.size(); g-- > 0;) {
      first_sum += groups_[g].first;
      second_sum += groups_[g].second;
      for (std::size_t i = g == 0 ? 0 : groups_[g - 1].end; i < groups_[g].end; ++i) {
        const std::uint32_t r = order[i];
        const double hazard = hazard_[i];
        slope[r] = hazard * first_sum - rows_.event[r] * rows_.weight[r];
        curvature[r] = std::max(0.0, hazard * first_sum - hazard * (hazard * second_sum));
      }
    }
  }

  struct Group {
    std::size_t end;
    double first;
    double second;
  };
  const TrainingRows& rows_;       // not owned, outlives this
  std::span<const double> score_;  // not owned
  std::vector<double> hazard_;     ///< in the order of `order`
  std::vector<Group> groups_;
};

void DifferentiateCox(const TrainingRows& rows, std::span<const double> score,
                      std::span<const std::uint8_t> use, std::span<double> slope,
                      std::span<double> curvature) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t r = 0; r < rows.rows(); ++r) {
    slope[r] = curvature[r] = 0;
    if (use[r] != 0) order.push_back(r);
  }
  const auto stratum = [&](std::uint32_t r) { return rows.stratum.empty() ? 0 : rows.stratum[r]; };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (stratum(a) != stratum(b)) return stratum(a) < stratum(b);
    return rows.outcome[a] > rows.outcome[b];
  });
  RiskSets sets(rows, score);
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && stratum(order[last]) == stratum(order[first])) ++last;
    sets.Differentiate(std::span(order).subspan(first, last - first), slope, curvature);
    first = last;
  }
}

}  // namespace

void Differentiate(Objective objective, double max_delta_step, const RowSpan& span,
                   std::span<const double> score, std::span<const std::uint8_t> use,
                   std::span<double> slope, std::span<double> curvature) {
  if (objective == Objective::kCox) {
    return DifferentiateCox(*span.rows, score, use, slope, curvature);
  }
  const double* weights = span.rows->weight.data() + span.first;
  const double* outcome = span.rows->outcome.data() + span.first;
  const std::size_t n = score.size();
  if (objective == Objective::kLogistic) core::Expit(score, slope);
  if (objective == Objective::kPoisson) core::Exp(score, slope);
  const double wider = objective == Objective::kPoisson ? core::Exp(max_delta_step) : 1;
  for (std::size_t r = 0; r < n; ++r) {
    const double weight = use[r] != 0 ? weights[r] : 0;
    const double mean = objective == Objective::kSquared ? score[r] : slope[r];
    double curve = 1;
    if (objective == Objective::kLogistic) curve = std::max(mean * (1 - mean), 1e-16);
    if (objective == Objective::kPoisson) curve = mean * wider;
    slope[r] = weight * (mean - outcome[r]);
    curvature[r] = weight * curve;
  }
}

double ResponseOf(Objective objective, double score) {
  switch (objective) {
    case Objective::kLogistic: return core::Expit(score);
    case Objective::kSquared: return score;
    case Objective::kPoisson:
    case Objective::kCox: break;
  }
  return core::Exp(score);
}

double ScoreOfMean(Objective objective, double mean) {
  switch (objective) {
    case Objective::kLogistic: return core::Log(mean / (1 - mean));
    case Objective::kSquared: return mean;
    case Objective::kPoisson:
    case Objective::kCox: break;
  }
  return core::Log(mean);
}

double Loss(Objective objective, double score, double outcome) {
  switch (objective) {
    case Objective::kLogistic:
      return std::max(score, 0.0) - outcome * score + core::Log1p(core::Exp(-std::fabs(score)));
    case Objective::kPoisson: return core::Exp(score) - outcome * score;
    case Objective::kSquared:
    case Objective::kCox: break;
  }
  return (outcome - score) * (outcome - score) / 2;
}

}  // namespace clinnova::learn
