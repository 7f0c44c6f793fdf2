// SPDX-License-Identifier: Apache-2.0
#include "table/orthogonal_polynomial.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace clinnova::table {

double OrthogonalPolynomial::Monic(double u) const {
  double before = 0;
  double value = 1;
  for (std::size_t j = 0; j < alphas_.size(); ++j) {
    const double beta = j == 0 ? 0 : norms_[j] / norms_[j - 1];
    const double next = (u - alphas_[j]) * value - beta * before;
    before = value;
    value = next;
  }
  return value;
}

std::vector<double> OrthogonalPolynomial::Coefficients() const {
  std::vector<double> numbers = {center_, inverse_scale_};
  numbers.insert(numbers.end(), alphas_.begin(), alphas_.end());
  numbers.insert(numbers.end(), norms_.begin(), norms_.end());
  return numbers;
}

Result<OrthogonalPolynomial> OrthogonalPolynomial::FromCoefficients(
    const std::vector<double>& numbers, std::size_t degree) {
  const bool fits =
      numbers.size() == 2 * degree + 3 && numbers[1] > 0 &&
      std::all_of(numbers.begin(), numbers.end(), [](double v) { return std::isfinite(v); }) &&
      std::all_of(numbers.begin() + static_cast<std::ptrdiff_t>(degree) + 2, numbers.end(),
                  [](double norm) { return norm > 0; });
  if (!fits) {
    return Fail(ErrorCode::kInvalidInput,
                "found " + std::to_string(numbers.size()) + " numbers, expected " +
                    std::to_string(2 * degree + 3) + ": a center, a scale above 0, " +
                    std::to_string(degree) + " shifts and the norms above 0 of degree 0 to " +
                    std::to_string(degree));
  }
  OrthogonalPolynomial made(numbers[0], numbers[1], numbers[degree + 2]);
  made.alphas_.assign(numbers.begin() + 2,
                      numbers.begin() + 2 + static_cast<std::ptrdiff_t>(degree));
  made.norms_.assign(numbers.begin() + 2 + static_cast<std::ptrdiff_t>(degree), numbers.end());
  return made;
}

void OrthogonalPolynomial::Evaluate(double x, double* result, std::size_t stride) const {
  const double u = Scaled(x);
  double before = 0;
  double value = 1;
  for (std::size_t j = 0; j < alphas_.size(); ++j) {
    const double beta = j == 0 ? 0 : norms_[j] / norms_[j - 1];
    const double next = (u - alphas_[j]) * value - beta * before;
    before = value;
    value = next;
    result[j * stride] = value / std::sqrt(norms_[j + 1]);
  }
}

}  // namespace clinnova::table
