// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_between.h"

namespace clinnova::stats {
namespace {

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

/// Hermite's cubic on [0, 1]: by how much the values and slopes at its ends count.
struct Weights {
  double left, right, left_slope, right_slope;
};
Weights At(double t) {
  const double u = 1 - t;
  return {u * u * (1 + 2 * t), t * t * (1 + 2 * u), t * u * u, -t * t * u};
}
/// The same for its integral from 0.
Weights IntegralTo(double t) {
  const double square = t * t;
  const double cube = square * t;
  const double fourth = cube * t;
  return {fourth / 2 - cube + t, cube - fourth / 2, fourth / 4 - 2 * cube / 3 + square / 2,
          fourth / 4 - cube / 3};
}

}  // namespace

std::vector<double> TimesPacked(const std::vector<double>& lower, const std::vector<double>& x) {
  std::vector<double> product(x.size());
  const double* cell = lower.data();
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j, ++cell) {
      product[i] += *cell * x[j];
      product[j] += *cell * x[i];
    }
    product[i] += *cell++ * x[i];
  }
  return product;
}

NetBetween Between(const NetKnown& left, const NetKnown& right, double part) {
  const std::size_t p = left.beta.size();
  std::vector<double> way(p);
  for (std::size_t j = 0; j < p; ++j) way[j] = right.beta[j] - left.beta[j];
  // Along the way the score changes by minus these.
  const std::vector<double> left_slope = TimesPacked(left.at.information, way);
  const std::vector<double> right_slope = TimesPacked(right.at.information, way);
  NetBetween between;
  const Weights weights = At(part);
  for (std::size_t j = 0; j < p; ++j) {
    between.beta.push_back(left.beta[j] + part * way[j]);
    between.score.push_back(weights.left * left.at.score[j] + weights.right * right.at.score[j] -
                            weights.left_slope * left_slope[j] -
                            weights.right_slope * right_slope[j]);
  }
  const auto change = [&](double t) {  // of the deviance
    const Weights w = IntegralTo(t);
    return -2 * (w.left * Dot(left.at.score, way) + w.right * Dot(right.at.score, way) -
                 w.left_slope * Dot(left_slope, way) - w.right_slope * Dot(right_slope, way));
  };
  const double missing = right.at.deviance - left.at.deviance - change(1);
  between.deviance = left.at.deviance + change(part) + part * part * (3 - 2 * part) * missing;
  return between;
}

}  // namespace clinnova::stats
