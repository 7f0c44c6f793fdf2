// SPDX-License-Identifier: Apache-2.0
// Natural cubic splines in the basis of R's splines::ns: cubic B-splines (de Boor 1978) without the first,
// projected onto those whose second derivative is 0 at both boundary knots, linear beyond them.
#pragma once

#include <cstddef>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

class NaturalSpline {
 public:
  /// `knots`: first boundary, interior knots, last boundary, ascending. kInvalidInput when they are fewer
  /// than two, not finite, not ascending, or the boundaries are equal.
  static Result<NaturalSpline> Create(const std::vector<double>& knots);

  /// Number of basis functions: interior knots + 1, R's df.
  std::size_t columns() const { return columns_; }

  /// Writes the basis at x to result[0], result[stride], …; NaN gives NaN.
  void Evaluate(double x, double* result, std::size_t stride) const;

 private:
  double Derivative(std::size_t index, int order, double x, int derivative) const;
  std::vector<double> BoundaryRow(double x, int derivative) const;
  void FindProjection();
  std::vector<double> Project(const std::vector<double>& b_splines) const;

  double low_ = 0;
  double high_ = 0;
  std::vector<double> knots_;  ///< boundary knots four times each
  std::size_t b_splines_ = 0;
  std::size_t columns_ = 0;
  std::vector<double> projection_;  ///< columns_ x b_splines_, row-major
  std::vector<double> low_value_, low_slope_, high_value_, high_slope_;
};

}  // namespace clinnova::table
