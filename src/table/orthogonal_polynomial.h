// SPDX-License-Identifier: Apache-2.0
// Orthogonal polynomials in the basis of R's poly: of degree 1, 2, … over a set of values, orthogonal to a constant and to one
// another, their squares adding up to 1.
//
// With u = (x - center) * inverse_scale the monic ones are p_0 = 1, p_1 = u - alpha_0,
//   p_{j+1} = (u - alpha_j) p_j - (norm_j / norm_{j-1}) p_{j-1},   alpha_j = sum u p_j^2 / norm_j,   norm_j = sum p_j^2,
// Stieltjes' recurrence (W. Gautschi, "Orthogonal Polynomials", 2004, 2.2.3; W. J. Kennedy, J. E. Gentle, "Statistical
// Computing", 1980, as R cites). A column is p_j / sqrt(norm_j). Sums over sites are all that it needs.
#pragma once

#include <cstddef>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

class OrthogonalPolynomial {
 public:
  /// The polynomials of degree 0 alone, of `count` values: as many as there are coefficients for.
  OrthogonalPolynomial(double center, double inverse_scale, double count)
      : center_(center), inverse_scale_(inverse_scale), norms_{count} {}
  /// Adds degree j + 1 when it has those up to j: alpha_j. Its norm comes by AddNorm, before another degree.
  void AddAlpha(double alpha) { alphas_.push_back(alpha); }
  void AddNorm(double norm) { norms_.push_back(norm); }

  /// The highest degree that Monic can give.
  std::size_t degree() const { return alphas_.size(); }
  double Scaled(double x) const { return (x - center_) * inverse_scale_; }
  /// p_degree at the scaled value u.
  double Monic(double u) const;

  /// center, inverse_scale, the alphas from 0 on, the norms from 0 on: 2 degree + 3 numbers.
  std::vector<double> Coefficients() const;
  /// From those. kInvalidInput unless they are as many, finite, and the scale and norms above 0.
  static Result<OrthogonalPolynomial> FromCoefficients(const std::vector<double>& numbers,
                                                       std::size_t degree);

  /// Writes the columns of degree 1, 2, … at x to result[0], result[stride], …; NaN gives NaN.
  void Evaluate(double x, double* result, std::size_t stride) const;

 private:
  double center_;
  double inverse_scale_;
  std::vector<double> alphas_;
  std::vector<double> norms_;
};

}  // namespace clinnova::table
