// SPDX-License-Identifier: Apache-2.0
#include "stats/gauss_hermite.h"

#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kPiToMinusQuarter = 0.751125544464942483;

/// The orthonormal Hermite function of this degree at x; `squares` gets the sum of squares of those below.
double HermiteFunction(std::size_t degree, double x, double* squares) {
  double before = 0;
  double here = kPiToMinusQuarter * core::Exp(-x * x / 2);
  double sum = 0;
  for (std::size_t n = 0; n < degree; ++n) {
    sum += here * here;
    const auto next = static_cast<double>(n + 1);
    const double after =
        std::sqrt(2 / next) * x * here - std::sqrt(static_cast<double>(n) / next) * before;
    before = here;
    here = after;
  }
  if (squares != nullptr) *squares = sum;
  return here;
}

double RootBetween(std::size_t degree, double low, double high) {
  const bool rising = HermiteFunction(degree, low, nullptr) < 0;
  for (int halving = 0; halving < 200; ++halving) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    ((HermiteFunction(degree, middle, nullptr) < 0) == rising ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

GaussHermite::GaussHermite(std::size_t points) {
  for (std::size_t degree = 1; degree <= points; ++degree) {
    const double edge = std::sqrt(2 * static_cast<double>(degree) + 1);
    std::vector<double> roots;
    for (std::size_t i = 0; i < degree; ++i) {
      if (2 * i + 1 == degree) {
        roots.push_back(0);
      } else {
        roots.push_back(
            RootBetween(degree, i == 0 ? -edge : nodes[i - 1], i + 1 == degree ? edge : nodes[i]));
      }
    }
    nodes = std::move(roots);
  }
  for (const double node : nodes) {
    double squares = 0;
    HermiteFunction(points, node, &squares);
    lifted_weights.push_back(1 / squares);
  }
}

}  // namespace clinnova::stats
