// SPDX-License-Identifier: Apache-2.0
#include "table/b_spline.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "table/number_text.h"

namespace clinnova::table {

std::size_t BSplinesAt(std::span<const double> knots, int degree, double x, double* values) {
  // The last interval of positive length that begins at or before x, or the first one.
  const auto inner = knots.begin() + degree + 1;
  const auto end = knots.end() - degree - 1;
  const double high = *end;
  const double inside = std::max(x, knots.front());
  const auto above =
      inside < high ? std::upper_bound(inner, end, inside) : std::lower_bound(inner, end, high);
  const std::size_t interval = static_cast<std::size_t>(above - knots.begin()) - 1;
  const double* t = knots.data() + interval;
  values[0] = 1;
  for (int k = 1; k <= degree; ++k) {
    double saved = 0;
    for (int r = 0; r < k; ++r) {
      const double to_right = t[r + 1] - x;
      const double to_left = x - t[1 + r - k];
      const double part = values[r] / (to_right + to_left);
      values[r] = saved + to_right * part;
      saved = to_left * part;
    }
    values[k] = saved;
  }
  return interval - static_cast<std::size_t>(degree);
}

Result<void> CheckKnots(const std::vector<double>& knots) {
  const bool finite =
      std::all_of(knots.begin(), knots.end(), [](double k) { return std::isfinite(k); });
  if (knots.size() >= 2 && finite && std::is_sorted(knots.begin(), knots.end()) &&
      knots.front() != knots.back()) {
    return {};
  }
  std::string found;
  for (double k : knots) found += (found.empty() ? "" : ", ") + NumberText(k);
  return Fail(ErrorCode::kInvalidInput,
              "knots: found (" + found + "), expected two or more ascending finite numbers");
}

Result<BSpline> BSpline::Create(const std::vector<double>& knots, int degree) {
  CLINNOVA_TRY(CheckKnots(knots));
  if (degree < 1 || degree > kMaximumSplineDegree) {
    return Fail(ErrorCode::kInvalidInput, "degree: found " + std::to_string(degree) +
                                              ", expected 1 to " +
                                              std::to_string(kMaximumSplineDegree));
  }
  BSpline spline;
  spline.degree_ = degree;
  spline.knots_.assign(static_cast<std::size_t>(degree), knots.front());
  spline.knots_.insert(spline.knots_.end(), knots.begin(), knots.end());
  spline.knots_.insert(spline.knots_.end(), static_cast<std::size_t>(degree), knots.back());
  return spline;
}

void BSpline::Evaluate(double x, double* result, std::size_t stride) const {
  double values[kMaximumSplineDegree + 1];
  const std::size_t first = BSplinesAt(knots_, degree_, x, values);
  if (std::isnan(x)) {
    for (std::size_t c = 0; c < columns(); ++c) result[c * stride] = x;
    return;
  }
  for (std::size_t c = 0; c < columns(); ++c) {
    const std::size_t b_spline = c + 1;  // the first is left out
    const bool here = b_spline >= first && b_spline <= first + static_cast<std::size_t>(degree_);
    result[c * stride] = here ? values[b_spline - first] : 0;
  }
}

}  // namespace clinnova::table
