// SPDX-License-Identifier: Apache-2.0
// The receiver operating characteristic from counts of cases and controls in ordered groups of equal scores: area,
// DeLong's variance and the curve. Pure functions.
//
//   const RocCurve curve(groups);          // groups in the order from least to most like a case
//   curve.auc(); curve.variance(); curve.points();
//
// Source: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988).
#pragma once

#include <cstdint>
#include <vector>

namespace clinnova::stats {

/// Rows of one score.
struct RocGroup {
  std::int64_t controls = 0;
  std::int64_t cases = 0;
};

class RocCurve {
 public:
  /// At least one case and one control.
  explicit RocCurve(const std::vector<RocGroup>& groups);

  double auc() const { return auc_; }
  /// DeLong's; NaN with a single case or control.
  double variance() const;

  /// Per group: the part of the controls that a case there beats, ties half, less the area; and the part of the cases
  /// that beat a control there.
  const std::vector<double>& case_placements() const { return case_placements_; }
  const std::vector<double>& control_placements() const { return control_placements_; }

  /// When the groups from `first` on count as cases.
  struct Point {
    std::size_t first = 0;
    double sensitivity = 1;
    double specificity = 0;
  };
  /// From all groups to none: one more than there are groups.
  std::vector<Point> points() const;

 private:
  std::vector<RocGroup> groups_;
  std::int64_t cases_ = 0;
  std::int64_t controls_ = 0;
  double auc_ = 0;
  std::vector<double> case_placements_;
  std::vector<double> control_placements_;
};

/// Groups joined, from the last to the first, until each has `minimum` rows and of each kind none or `minimum`: the
/// indices at which joined groups begin, rising; the first is 0.
std::vector<std::size_t> JoinedGroups(const std::vector<RocGroup>& groups, std::int64_t minimum);

}  // namespace clinnova::stats
