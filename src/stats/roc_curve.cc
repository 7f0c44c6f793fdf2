// SPDX-License-Identifier: Apache-2.0
#include "stats/roc_curve.h"

#include <algorithm>
#include <limits>

namespace clinnova::stats {

RocCurve::RocCurve(const std::vector<RocGroup>& groups) : groups_(groups) {
  for (const RocGroup& group : groups_) {
    cases_ += group.cases;
    controls_ += group.controls;
  }
  // Twice the number of controls below, ties counted once: whole numbers, so that the area is exact.
  std::int64_t controls_below = 0;
  std::int64_t cases_below = 0;
  long double wins = 0;
  std::vector<long double> beaten;
  std::vector<long double> beating;
  for (const RocGroup& group : groups_) {
    beaten.push_back(static_cast<long double>(2 * controls_below + group.controls));
    beating.push_back(static_cast<long double>(2 * (cases_ - cases_below) - group.cases));
    wins += beaten.back() * static_cast<long double>(group.cases);
    controls_below += group.controls;
    cases_below += group.cases;
  }
  const auto cases = static_cast<long double>(cases_);
  const auto controls = static_cast<long double>(controls_);
  const long double auc = wins / (2 * cases * controls);
  auc_ = static_cast<double>(auc);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    case_placements_.push_back(static_cast<double>(beaten[g] / (2 * controls) - auc));
    control_placements_.push_back(static_cast<double>(beating[g] / (2 * cases) - auc));
  }
}

double RocCurve::variance() const {
  if (cases_ < 2 || controls_ < 2) return std::numeric_limits<double>::quiet_NaN();
  long double of_cases = 0;
  long double of_controls = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const long double up = case_placements_[g];
    const long double down = control_placements_[g];
    of_cases += static_cast<long double>(groups_[g].cases) * up * up;
    of_controls += static_cast<long double>(groups_[g].controls) * down * down;
  }
  const auto m = static_cast<long double>(cases_);
  const auto n = static_cast<long double>(controls_);
  return static_cast<double>(of_cases / ((m - 1) * m) + of_controls / ((n - 1) * n));
}

std::vector<RocCurve::Point> RocCurve::points() const {
  std::vector<Point> points;
  std::int64_t cases = cases_;
  std::int64_t controls = 0;
  for (std::size_t g = 0; g <= groups_.size(); ++g) {
    points.push_back({g, static_cast<double>(cases) / static_cast<double>(cases_),
                      static_cast<double>(controls) / static_cast<double>(controls_)});
    if (g == groups_.size()) break;
    cases -= groups_[g].cases;
    controls += groups_[g].controls;
  }
  return points;
}

std::vector<std::size_t> JoinedGroups(const std::vector<RocGroup>& groups, std::int64_t minimum) {
  const auto shown = [&](const RocGroup& group) {
    return group.cases + group.controls >= minimum &&
           (group.cases == 0 || group.cases >= minimum) &&
           (group.controls == 0 || group.controls >= minimum);
  };
  std::vector<std::size_t> begins;
  std::vector<RocGroup> joined;
  RocGroup open;
  for (std::size_t g = groups.size(); g-- > 0;) {
    open.cases += groups[g].cases;
    open.controls += groups[g].controls;
    if (!shown(open)) continue;
    begins.push_back(g);
    joined.push_back(open);
    open = {};
  }
  // What is left at the low end joins its neighbours until they can be shown together.
  while (open.cases + open.controls > 0 && !shown(open) && !joined.empty()) {
    open.cases += joined.back().cases;
    open.controls += joined.back().controls;
    joined.pop_back();
    begins.pop_back();
  }
  if (begins.empty() || begins.back() != 0) begins.push_back(0);
  std::reverse(begins.begin(), begins.end());
  return begins;
}

}  // namespace clinnova::stats
