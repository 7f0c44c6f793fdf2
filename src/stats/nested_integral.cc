// SPDX-License-Identifier: Apache-2.0
#include "stats/nested_integral.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kRootTwo = 1.41421356237309504880;
constexpr double kHalfLogPi = 0.572364942924700087072;
constexpr int kModeSteps = 100;

void AddScaled(double factor, const std::vector<double>& from, std::vector<double>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}

}  // namespace

ClusteredRows WithShiftColumn(const ClusteredRows& rows) {
  ClusteredRows shifted = rows;
  ++shifted.columns;
  shifted.x.clear();
  for (std::size_t r = 0; r < rows.y.size(); ++r) {
    shifted.x.insert(shifted.x.end(), rows.row(r), rows.row(r) + rows.columns);
    shifted.x.push_back(1);
  }
  return shifted;
}

std::vector<std::vector<std::size_t>> ClustersByOuterGroup(const ClusteredRows& rows) {
  std::map<std::int64_t, std::map<std::int64_t, std::size_t>> by_key;
  for (std::size_t c = 0; c < rows.clusters(); ++c) by_key[rows.outer_key[c]][rows.key[c]] = c;
  std::vector<std::vector<std::size_t>> groups;
  for (const auto& [outer, members] : by_key) {
    std::vector<std::size_t>& group = groups.emplace_back();
    for (const auto& [key, cluster] : members) group.push_back(cluster);
  }
  return groups;
}

NestedIntegral::NestedIntegral(const ClusteredRows& shifted, Family family,
                               const GaussHermite& rule)
    : rule_(rule), inner_(shifted, family, rule), columns_(shifted.columns) {}

bool NestedIntegral::At(const std::vector<std::size_t>& clusters, double u, Sums& sums) {
  const std::size_t size = columns_ + 1;
  sums.value = 0;
  sums.gradient.assign(size, 0.0);
  sums.hessian.assign(size * size, 0.0);
  beta_.back() = sigma_ * u;
  ClusterLikelihood part;
  for (const std::size_t cluster : clusters) {
    if (!inner_.Evaluate(cluster, beta_, tau_, part)) return false;
    sums.value += part.value;
    AddScaled(1, part.gradient, sums.gradient);
    AddScaled(1, part.hessian, sums.hessian);
  }
  return true;
}

bool NestedIntegral::FindMode(const std::vector<std::size_t>& clusters) {
  const std::size_t shift = columns_ - 1;
  double u = 0;
  double slope_before = 0;
  double step = 0;
  Sums sums;
  for (int iteration = 0; iteration < kModeSteps; ++iteration) {
    const bool finite = At(clusters, u, sums);
    const double slope = sigma_ * sums.gradient[shift] - u;
    // The integrand is concave; a step that does not bring its slope nearer to 0 is halved.
    const bool worse = iteration > 0 && !(std::fabs(slope) <= std::fabs(slope_before));
    if (!finite || (worse && std::fabs(step) > 1e-8)) {
      if (iteration == 0) return false;
      step /= 2;
      u -= step;
      continue;
    }
    curvature_ = 1 - sigma_ * sigma_ * sums.hessian[shift * (columns_ + 1) + shift];
    if (!(curvature_ > 0)) return false;
    slope_before = slope;
    step = slope / curvature_;
    // Where exactly the nodes lie makes no difference to what they add up to.
    if (std::fabs(step) <= 1e-9) break;
    u += step;
  }
  mode_ = u;
  return true;
}

ClusterLikelihood NestedIntegral::OverParameters(const Sums& sums, double u) const {
  // (b, shift, tau) to (b, tau, sigma), shift = sigma u: what is over the shift is over sigma, u times.
  const std::size_t size = columns_ + 1;
  const std::size_t shift = columns_ - 1;
  std::vector<std::size_t> from;
  for (std::size_t i = 0; i < size; ++i) {
    if (i != shift) from.push_back(i);
  }
  from.push_back(shift);
  const auto factor = [&](std::size_t i) { return from[i] == shift ? u : 1; };
  ClusterLikelihood over;
  over.value = sums.value;
  over.hessian.resize(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    over.gradient.push_back(factor(i) * sums.gradient[from[i]]);
    for (std::size_t j = 0; j < size; ++j) {
      over.hessian[i * size + j] = factor(i) * factor(j) * sums.hessian[from[i] * size + from[j]];
    }
  }
  return over;
}

bool NestedIntegral::Evaluate(const std::vector<std::size_t>& clusters,
                              const std::vector<double>& point, ClusterLikelihood& result) {
  beta_.assign(point.begin(), point.end() - 1);  // tau's place is the shift's
  tau_ = point[point.size() - 2];
  sigma_ = point.back();
  if (!FindMode(clusters)) return false;
  const double scale = 1 / std::sqrt(curvature_);
  std::vector<ClusterLikelihood> nodes;
  double highest = 0;
  Sums sums;
  for (std::size_t k = 0; k < rule_.nodes.size(); ++k) {
    const double u = mode_ + kRootTwo * scale * rule_.nodes[k];
    if (!At(clusters, u, sums)) return false;
    ClusterLikelihood& node = nodes.emplace_back(OverParameters(sums, u));
    node.value += core::Log(rule_.lifted_weights[k]) - u * u / 2;
    highest = k == 0 ? node.value : std::max(highest, node.value);
  }
  double total = 0;
  for (ClusterLikelihood& node : nodes) total += node.value = core::Exp(node.value - highest);
  const std::size_t size = point.size();
  result.value = highest + core::Log(total) + core::Log(scale) - kHalfLogPi;
  result.gradient.assign(size, 0.0);
  result.hessian.assign(size * size, 0.0);
  for (const ClusterLikelihood& node : nodes) {
    AddScaled(node.value / total, node.gradient, result.gradient);
    AddScaled(node.value / total, node.hessian, result.hessian);
  }
  for (ClusterLikelihood& node : nodes) {
    AddScaled(-1, result.gradient, node.gradient);
    for (std::size_t i = 0; i < size; ++i) {
      const double part = node.value / total * node.gradient[i];
      for (std::size_t j = 0; j < size; ++j)
        result.hessian[i * size + j] += part * node.gradient[j];
    }
  }
  result.mode = mode_;
  result.curvature = curvature_;
  return std::isfinite(result.value);
}

}  // namespace clinnova::stats
