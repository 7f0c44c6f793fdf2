// SPDX-License-Identifier: Apache-2.0
// B-splines (de Boor 1978) in the basis of R's splines::bs: all but the first, of any degree. Beyond a boundary knot each is
// the polynomial of the interval beside it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

inline constexpr int kMaximumSplineDegree = 20;

/// Of the B-splines of `degree` over `knots` (ascending, each boundary knot degree + 1 times) writes the degree + 1 that are
/// not 0 in the interval of x to `values`, and gives the index of the first. x beyond the boundary knots counts into the interval beside
/// them.
std::size_t BSplinesAt(std::span<const double> knots, int degree, double x, double* values);

/// Fails unless `knots` are two or more ascending finite numbers of which the first is not the last: kInvalidInput.
Result<void> CheckKnots(const std::vector<double>& knots);

class BSpline {
 public:
  /// `knots`: first boundary, interior knots, last boundary. kInvalidInput as CheckKnots, or for a degree that is not 1 to
  /// kMaximumSplineDegree.
  static Result<BSpline> Create(const std::vector<double>& knots, int degree);

  /// Number of basis functions: interior knots + degree, R's df.
  std::size_t columns() const { return knots_.size() - static_cast<std::size_t>(degree_) - 2; }

  /// Writes the basis at x to result[0], result[stride], …; NaN gives NaN.
  void Evaluate(double x, double* result, std::size_t stride) const;

 private:
  int degree_ = 3;
  std::vector<double> knots_;  ///< boundary knots degree + 1 times each
};

}  // namespace clinnova::table
