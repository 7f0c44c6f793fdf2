// SPDX-License-Identifier: Apache-2.0
#include "table/natural_spline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "table/b_spline.h"

namespace clinnova::table {
namespace {

/// Householder's QR of two columns with LINPACK's (dqrdc2) choice of signs, which decides the signs of
/// R's basis. Kept as the reflections' vectors.
class TwoColumnQr {
 public:
  TwoColumnQr(std::vector<double> first, std::vector<double> second)
      : reflections_{std::move(first), std::move(second)} {
    Reflect(0);
    Apply(0, reflections_[1]);
    Reflect(1);
  }

  /// y becomes Q'y.
  void Transform(std::vector<double>& y) const {
    Apply(0, y);
    Apply(1, y);
  }

 private:
  void Reflect(std::size_t k) {
    std::vector<double>& v = reflections_[k];
    double squares = 0;
    for (std::size_t i = k; i < v.size(); ++i) squares += v[i] * v[i];
    double norm = std::sqrt(squares);
    if (norm == 0) return;
    if (v[k] < 0) norm = -norm;
    for (std::size_t i = k; i < v.size(); ++i) v[i] /= norm;
    v[k] += 1;
  }

  void Apply(std::size_t k, std::vector<double>& y) const {
    const std::vector<double>& v = reflections_[k];
    if (v[k] == 0) return;
    double dot = 0;
    for (std::size_t i = k; i < v.size(); ++i) dot += v[i] * y[i];
    for (std::size_t i = k; i < v.size(); ++i) y[i] -= dot / v[k] * v[i];
  }

  std::vector<double> reflections_[2];
};

}  // namespace

Result<NaturalSpline> NaturalSpline::Create(const std::vector<double>& knots) {
  CLINNOVA_TRY(CheckKnots(knots));
  NaturalSpline spline;
  spline.low_ = knots.front();
  spline.high_ = knots.back();
  spline.knots_.assign(3, spline.low_);
  spline.knots_.insert(spline.knots_.end(), knots.begin(), knots.end());
  spline.knots_.insert(spline.knots_.end(), 3, spline.high_);
  spline.b_splines_ = spline.knots_.size() - 4;
  spline.columns_ = knots.size() - 1;
  spline.FindProjection();
  spline.low_value_ = spline.Project(spline.BoundaryRow(spline.low_, 0));
  spline.low_slope_ = spline.Project(spline.BoundaryRow(spline.low_, 1));
  spline.high_value_ = spline.Project(spline.BoundaryRow(spline.high_, 0));
  spline.high_slope_ = spline.Project(spline.BoundaryRow(spline.high_, 1));
  return spline;
}

/// De Boor's recursion, for the derivatives at the boundary knots only.
double NaturalSpline::Derivative(std::size_t index, int order, double x, int derivative) const {
  const double* t = knots_.data() + index;
  if (order == 1) {
    if (derivative > 0) return 0;
    const bool last = x == high_ && t[0] < x && t[1] == x;
    return (t[0] <= x && x < t[1]) || last ? 1 : 0;
  }
  const double left = t[order - 1] - t[0];
  const double right = t[order] - t[1];
  double value = 0;
  if (left > 0) {
    const double factor = derivative > 0 ? order - 1 : x - t[0];
    value += factor / left * Derivative(index, order - 1, x, std::max(derivative - 1, 0));
  }
  if (right > 0) {
    const double factor = derivative > 0 ? -(order - 1) : t[order] - x;
    value += factor / right * Derivative(index + 1, order - 1, x, std::max(derivative - 1, 0));
  }
  return value;
}

std::vector<double> NaturalSpline::BoundaryRow(double x, int derivative) const {
  std::vector<double> row(b_splines_);
  for (std::size_t i = 0; i < b_splines_; ++i) row[i] = Derivative(i, 4, x, derivative);
  return row;
}

void NaturalSpline::FindProjection() {
  std::vector<double> low = BoundaryRow(low_, 2);
  std::vector<double> high = BoundaryRow(high_, 2);
  low.erase(low.begin());
  high.erase(high.begin());
  const TwoColumnQr qr(std::move(low), std::move(high));
  projection_.assign(columns_ * b_splines_, 0);
  for (std::size_t b = 1; b < b_splines_; ++b) {
    std::vector<double> unit(b_splines_ - 1, 0);
    unit[b - 1] = 1;
    qr.Transform(unit);
    for (std::size_t c = 0; c < columns_; ++c) projection_[c * b_splines_ + b] = unit[c + 2];
  }
}

std::vector<double> NaturalSpline::Project(const std::vector<double>& b_splines) const {
  std::vector<double> result(columns_, 0);
  for (std::size_t c = 0; c < columns_; ++c) {
    for (std::size_t b = 0; b < b_splines_; ++b) {
      result[c] += projection_[c * b_splines_ + b] * b_splines[b];
    }
  }
  return result;
}

void NaturalSpline::Evaluate(double x, double* result, std::size_t stride) const {
  if (x < low_ || x > high_ || std::isnan(x)) {
    const bool below = x < low_;
    const std::vector<double>& value = below ? low_value_ : high_value_;
    const std::vector<double>& slope = below ? low_slope_ : high_slope_;
    const double distance = x - (below ? low_ : high_);
    for (std::size_t c = 0; c < columns_; ++c) result[c * stride] = value[c] + distance * slope[c];
    return;
  }
  double b_splines[4];
  const std::size_t first = BSplinesAt(knots_, 3, x, b_splines);
  for (std::size_t c = 0; c < columns_; ++c) {
    const double* row = projection_.data() + c * b_splines_ + first;
    double sum = 0;
    for (int k = 0; k < 4; ++k) sum += row[k] * b_splines[k];
    result[c * stride] = sum;
  }
}

}  // namespace clinnova::table
