// SPDX-License-Identifier: Apache-2.0
#include "stats/cluster_integral.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kRootTwo = 1.41421356237309504880;
constexpr double kHalfLogPi = 0.572364942924700087072;
constexpr int kModeSteps = 200;

/// ln(1 + e^x) without overflow.
double LogOnePlusExp(double x) { return (x > 0 ? x : 0) + core::Log1p(core::Exp(x > 0 ? -x : x)); }

/// to[i, j] += factor (a_i b_j + b_i a_j).
void AddSymmetric(double factor, const std::vector<double>& a, const std::vector<double>& b,
                  std::vector<double>& to) {
  const std::size_t n = a.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) to[i * n + j] += factor * (a[i] * b[j] + b[i] * a[j]);
  }
}

void AddScaled(double factor, const std::vector<double>& from, std::vector<double>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}

}  // namespace

ClusterIntegral::ClusterIntegral(const ClusteredRows& rows, Family family, const GaussHermite& rule)
    : rows_(rows), density_(rows, family), rule_(rule), size_(rows.columns + 1) {}

ClusterRowDensity::Value ClusterRowDensity::At(std::size_t r, double eta) const {
  const double y = rows_.y[r];
  const double times = rows_.weight[r];
  if (family_ == Family::kPoisson) {
    const double mu = times * core::Exp(eta);
    return {times * y * eta - mu, times * y - mu, mu, mu, mu};
  }
  const double trials = rows_.failures.empty() ? 1 : y + rows_.failures[r];
  const double mu = core::Expit(eta);
  const double spread = mu * core::Expit(-eta);
  const double weight = times * trials;
  return {times * y * eta - weight * LogOnePlusExp(eta), times * y - weight * mu, weight * spread,
          weight * spread * (1 - 2 * mu), weight * spread * (1 - 6 * spread)};
}

double ClusterRowDensity::LogConstant(std::size_t r) const {
  const double y = rows_.y[r];
  if (family_ == Family::kPoisson) return -rows_.weight[r] * core::LogGamma(y + 1);
  if (rows_.failures.empty()) return 0;
  const double failures = rows_.failures[r];
  return rows_.weight[r] *
         (core::LogGamma(y + failures + 1) - core::LogGamma(y + 1) - core::LogGamma(failures + 1));
}

bool ClusterIntegral::FindMode(double tau) {
  double v = 0;
  // h is concave; a step that does not raise h' towards 0 is halved.
  double slope_before = 0;
  double step = 0;
  for (int iteration = 0; iteration < kModeSteps; ++iteration) {
    double residuals = 0;
    double weights = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const RowValue value = At(i, eta_[i] + tau * v);
      residuals += value.a;
      weights += value.w;
    }
    const double slope = tau * residuals - v;
    curvature_ = 1 + tau * tau * weights;
    if (!std::isfinite(slope) || !std::isfinite(curvature_) ||
        (iteration > 0 && std::fabs(slope) > std::fabs(slope_before) && std::fabs(step) > 1e-12)) {
      if (iteration == 0) return false;
      step /= 2;
      v -= step;
      continue;
    }
    slope_before = slope;
    step = slope / curvature_;
    if (std::fabs(step) <= 1e-15 * (1 + std::fabs(v))) break;
    v += step;
  }
  mode_.value = v;
  return true;
}

ClusterIntegral::RowSums ClusterIntegral::SumsAtMode(double tau) const {
  RowSums sums;
  sums.x_w.resize(size_);
  sums.x_w1.resize(size_);
  sums.x_w2.resize(size_);
  sums.gram_w1.resize(size_ * size_);
  sums.gram_w2.resize(size_ * size_);
  for (std::size_t i = 0; i < count_; ++i) {
    const RowValue value = At(i, eta_[i] + tau * mode_.value);
    const double* x = rows_.row(first_ + i);
    sums.a += value.a;
    sums.w += value.w;
    sums.w1 += value.w1;
    sums.w2 += value.w2;
    for (std::size_t a = 0; a + 1 < size_; ++a) {
      sums.x_w[a] += value.w * x[a];
      sums.x_w1[a] += value.w1 * x[a];
      sums.x_w2[a] += value.w2 * x[a];
      for (std::size_t b = 0; b + 1 < size_; ++b) {
        sums.gram_w1[a * size_ + b] += value.w1 * x[a] * x[b];
        sums.gram_w2[a * size_ + b] += value.w2 * x[a] * x[b];
      }
    }
  }
  return sums;
}

std::vector<double> ClusterIntegral::Outer(double c, const std::vector<double>& x_c,
                                           const std::vector<double>& gram,
                                           const std::vector<double>& turn) const {
  std::vector<double> outer = gram;
  AddSymmetric(1, x_c, turn, outer);
  AddSymmetric(c / 2, turn, turn, outer);
  return outer;
}

void ClusterIntegral::DifferentiateMode(const RowSums& sums, double tau) {
  // tau sum a(eta) - m = 0, differentiated once and twice; deta/d(b, tau) of a row is (x, 0) + turn.
  const std::size_t last = size_ - 1;
  const double m = mode_.value;
  for (std::size_t i = 0; i < size_; ++i) mode_.slope[i] = -tau * sums.x_w[i] / curvature_;
  mode_.slope[last] += (sums.a - tau * m * sums.w) / curvature_;
  std::vector<double> turn(size_);
  for (std::size_t i = 0; i < size_; ++i) turn[i] = tau * mode_.slope[i];
  turn[last] += m;
  std::vector<double> residual_slope(size_);
  for (std::size_t i = 0; i < size_; ++i) residual_slope[i] = -(sums.x_w[i] + turn[i] * sums.w);
  std::vector<double> unit(size_);
  unit[last] = 1;
  std::fill(mode_.curve.begin(), mode_.curve.end(), 0.0);
  AddScaled(-tau, Outer(sums.w1, sums.x_w1, sums.gram_w1, turn), mode_.curve);
  AddSymmetric(1, unit, residual_slope, mode_.curve);
  AddSymmetric(-tau * sums.w, unit, mode_.slope, mode_.curve);
  for (double& value : mode_.curve) value /= curvature_;
}

void ClusterIntegral::DifferentiateScale(const RowSums& sums, double tau) {
  // ln s = -ln(1 + tau^2 sum w) / 2.
  const std::size_t last = size_ - 1;
  std::vector<double> turn(size_);
  for (std::size_t i = 0; i < size_; ++i) turn[i] = tau * mode_.slope[i];
  turn[last] += mode_.value;
  std::vector<double> weight_slope(size_);
  for (std::size_t i = 0; i < size_; ++i) weight_slope[i] = sums.x_w1[i] + turn[i] * sums.w1;
  std::vector<double> unit(size_);
  unit[last] = 1;
  std::vector<double> slope(size_);
  for (std::size_t i = 0; i < size_; ++i) slope[i] = tau * tau * weight_slope[i];
  slope[last] += 2 * tau * sums.w;
  std::vector<double> curve = Outer(sums.w2, sums.x_w2, sums.gram_w2, turn);
  AddSymmetric(sums.w1, unit, mode_.slope, curve);
  AddScaled(sums.w1 * tau, mode_.curve, curve);
  for (double& value : curve) value *= tau * tau;
  AddSymmetric(sums.w, unit, unit, curve);
  AddSymmetric(2 * tau, unit, weight_slope, curve);
  for (std::size_t i = 0; i < size_; ++i) {
    log_scale_.slope[i] = -slope[i] / (2 * curvature_);
    for (std::size_t j = 0; j < size_; ++j) {
      log_scale_.curve[i * size_ + j] =
          -(curve[i * size_ + j] - slope[i] * slope[j] / curvature_) / (2 * curvature_);
    }
  }
  log_scale_.value = -core::Log(curvature_) / 2;
}

ClusterIntegral::Node ClusterIntegral::AtNode(std::size_t k, double tau) const {
  Node node;
  node.away = kRootTwo * rule_.nodes[k] * core::Exp(log_scale_.value);
  node.v = mode_.value + node.away;
  node.sums.x_a.resize(size_);
  node.sums.x_w.resize(size_);
  for (std::size_t i = 0; i < count_; ++i) {
    const RowValue value = At(i, eta_[i] + tau * node.v);
    const double* x = rows_.row(first_ + i);
    node.height += value.log_density;
    node.sums.a += value.a;
    node.sums.w += value.w;
    node.row_weights.push_back(value.w);
    for (std::size_t a = 0; a + 1 < size_; ++a) {
      node.sums.x_a[a] += value.a * x[a];
      node.sums.x_w[a] += value.w * x[a];
    }
  }
  node.height += core::Log(rule_.lifted_weights[k]) - node.v * node.v / 2;
  // Slopes of v_k, of a row's eta (turn, beside its x), and of the exponent.
  node.v_slope = mode_.slope;
  AddScaled(node.away, log_scale_.slope, node.v_slope);
  node.turn.resize(size_);
  AddScaled(tau, node.v_slope, node.turn);
  node.turn.back() += node.v;
  node.slope = node.sums.x_a;
  AddScaled(node.sums.a, node.turn, node.slope);
  AddScaled(-node.v, node.v_slope, node.slope);
  return node;
}

void ClusterIntegral::AddCurvature(const Node& node, double part, double tau,
                                   std::vector<double>& row_weights,
                                   std::vector<double>& hessian) const {
  std::vector<double> unit(size_);
  unit.back() = 1;
  AddSymmetric(-part, node.sums.x_w, node.turn, hessian);
  AddSymmetric(-part * node.sums.w / 2, node.turn, node.turn, hessian);
  AddSymmetric(part * node.sums.a, unit, node.v_slope, hessian);
  AddSymmetric(-part / 2, node.v_slope, node.v_slope, hessian);
  // v_k'' = m'' + away (s'' / s).
  const double pull = part * (tau * node.sums.a - node.v);
  AddScaled(pull, mode_.curve, hessian);
  AddScaled(pull * node.away, log_scale_.curve, hessian);
  AddSymmetric(pull * node.away / 2, log_scale_.slope, log_scale_.slope, hessian);
  AddScaled(part, node.row_weights, row_weights);
}

void ClusterIntegral::Combine(double tau, ClusterLikelihood& result) const {
  std::vector<Node> nodes;
  for (std::size_t k = 0; k < rule_.nodes.size(); ++k) nodes.push_back(AtNode(k, tau));
  double highest = nodes.front().height;
  for (const Node& node : nodes) highest = std::max(highest, node.height);
  double total = 0;
  for (Node& node : nodes) total += node.height = core::Exp(node.height - highest);
  result.value = constant_ + log_scale_.value + highest + core::Log(total) - kHalfLogPi;

  std::vector<double> mean(size_);
  std::vector<double> row_weights(count_);
  result.hessian = log_scale_.curve;
  for (const Node& node : nodes) {
    AddScaled(node.height / total, node.slope, mean);
    AddCurvature(node, node.height / total, tau, row_weights, result.hessian);
  }
  for (Node& node : nodes) {
    AddScaled(-1, mean, node.slope);
    AddSymmetric(node.height / total / 2, node.slope, node.slope, result.hessian);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    const double* x = rows_.row(first_ + i);
    for (std::size_t a = 0; a + 1 < size_; ++a) {
      const double weighted = row_weights[i] * x[a];
      for (std::size_t b = 0; b + 1 < size_; ++b) result.hessian[a * size_ + b] -= weighted * x[b];
    }
  }
  result.gradient = log_scale_.slope;
  AddScaled(1, mean, result.gradient);
}

bool ClusterIntegral::Evaluate(std::size_t cluster, const std::vector<double>& beta, double tau,
                               ClusterLikelihood& result) {
  first_ = rows_.first[cluster];
  count_ = rows_.size(cluster);
  eta_.assign(count_, 0.0);
  constant_ = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const double* x = rows_.row(first_ + i);
    double eta = rows_.offset[first_ + i];
    for (std::size_t j = 0; j + 1 < size_; ++j) eta += beta[j] * x[j];
    eta_[i] = eta;
    constant_ += density_.LogConstant(first_ + i);
  }
  for (Jet* jet : {&mode_, &log_scale_}) {
    jet->slope.assign(size_, 0.0);
    jet->curve.assign(size_ * size_, 0.0);
  }
  if (!FindMode(tau)) return false;
  const RowSums sums = SumsAtMode(tau);
  DifferentiateMode(sums, tau);
  DifferentiateScale(sums, tau);
  Combine(tau, result);
  result.mode = mode_.value;
  result.curvature = curvature_;
  return std::isfinite(result.value);
}

}  // namespace clinnova::stats
