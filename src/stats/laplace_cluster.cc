// SPDX-License-Identifier: Apache-2.0
#include "stats/laplace_cluster.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr int kModeSteps = 200;

/// H^-1 of a positive definite matrix.
SmallMatrix InverseOf(const SmallMatrix& h, std::size_t size) {
  const SmallMatrix c = CholeskyFactor(h, size);
  SmallMatrix inverse;
  for (std::size_t column = 0; column < size; ++column) {
    std::array<double, kMaximumEffects> x{};
    for (std::size_t i = 0; i < size; ++i) {
      double sum = i == column ? 1 : 0;
      for (std::size_t m = 0; m < i; ++m) sum -= c.at(i, m) * x[m];
      x[i] = sum / c.at(i, i);
    }
    for (std::size_t i = size; i-- > 0;) {
      double sum = x[i];
      for (std::size_t m = i + 1; m < size; ++m) sum -= c.at(m, i) * x[m];
      x[i] = sum / c.at(i, i);
      inverse.at(i, column) = x[i];
    }
  }
  return inverse;
}

}  // namespace

/// Sum over rows of a function of the linear predictor.
class LaplaceCluster::RowSum {
 public:
  RowSum(std::size_t size, std::size_t effects)
      : pull_(effects), sum_{0, std::vector<double>(size), std::vector<double>(size * size)} {}

  /// `value` with two derivatives in eta, whose own slope and z are those of the row.
  struct Term {
    double value;
    double first;
    double second;
  };
  void Add(const Term& term, const std::vector<double>& slope, const double* z) {
    const std::size_t n = slope.size();
    sum_.value += term.value;
    for (std::size_t a = 0; a < pull_.size(); ++a) pull_[a] += term.first * z[a];
    for (std::size_t i = 0; i < n; ++i) {
      sum_.slope[i] += term.first * slope[i];
      const double scaled = term.second * slope[i];
      for (std::size_t j = 0; j <= i; ++j) sum_.curve[i * n + j] += scaled * slope[j];
    }
  }
  /// With the curvature of eta, which comes from L v alone.
  Jet Total(const std::vector<Jet>& pull) const {
    Jet total = sum_;
    const std::size_t n = total.slope.size();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) total.curve[j * n + i] = total.curve[i * n + j];
    }
    for (std::size_t a = 0; a < pull_.size(); ++a) {
      for (std::size_t i = 0; i < n * n; ++i) total.curve[i] += pull_[a] * pull[a].curve[i];
    }
    return total;
  }

 private:
  std::vector<double> pull_;
  Jet sum_;
};

LaplaceCluster::LaplaceCluster(const ClusteredRows& rows, Family family,
                               const RandomEffects& effects, std::vector<double> shifts)
    : density_(rows, family),
      rows_(rows),
      columns_(rows.columns),
      effects_(effects.size()),
      size_(rows.columns + effects.parameters()) {
  for (std::size_t r = 0; r < rows.y.size(); ++r) {
    for (std::size_t a = 0; a < effects_; ++a) {
      const bool intercept = a == 0 && effects.intercept;
      z_.push_back(intercept ? 1 : rows.row(r)[effects.columns[a]] + shifts[a]);
    }
  }
}

void LaplaceCluster::Begin(std::size_t cluster, const std::vector<double>& point) {
  first_ = rows_.first[cluster];
  count_ = rows_.size(cluster);
  eta_.assign(count_, 0.0);
  for (std::size_t i = 0; i < count_; ++i) {
    eta_[i] = rows_.offset[first_ + i];
    for (std::size_t j = 0; j < columns_; ++j) eta_[i] += point[j] * rows_.row(first_ + i)[j];
  }
  l_.assign(effects_, {});
  std::size_t entry = columns_;
  for (std::size_t a = 0; a < effects_; ++a) {
    for (std::size_t b = 0; b <= a; ++b, ++entry) {
      l_[a].push_back(Constant(point[entry]));
      l_[a].back().slope[entry] = 1;
    }
  }
  mode_.assign(effects_, 0.0);
}

SmallMatrix LaplaceCluster::Curvature(const std::vector<double>& v,
                                      std::vector<double>& slope) const {
  SmallMatrix h;
  for (std::size_t a = 0; a < effects_; ++a) {
    slope[a] = -v[a];
    h.at(a, a) = 1;
  }
  std::vector<double> turned(effects_);  // L'z
  for (std::size_t i = 0; i < count_; ++i) {
    const double* z = &z_[(first_ + i) * effects_];
    double eta = eta_[i];
    for (std::size_t b = 0; b < effects_; ++b) {
      turned[b] = 0;
      for (std::size_t a = b; a < effects_; ++a) turned[b] += l_[a][b].value * z[a];
      eta += turned[b] * v[b];
    }
    const ClusterRowDensity::Value at = density_.At(first_ + i, eta);
    for (std::size_t a = 0; a < effects_; ++a) {
      slope[a] += at.a * turned[a];
      for (std::size_t b = 0; b < effects_; ++b) h.at(a, b) += at.w * turned[a] * turned[b];
    }
  }
  return h;
}

/// h is concave; a step that does not lower the slope's size is halved.
bool LaplaceCluster::FindMode() {
  std::vector<double> slope(effects_);
  std::vector<double> step(effects_);
  double before = 0;
  for (int iteration = 0; iteration < kModeSteps; ++iteration) {
    const SmallMatrix h = Curvature(mode_, slope);
    double size = 0;
    double moved = 0;
    for (std::size_t a = 0; a < effects_; ++a) {
      size += slope[a] * slope[a];
      moved = std::max(moved, std::fabs(step[a]));
    }
    if (!std::isfinite(size) || !std::isfinite(Trace(h, effects_)) ||
        (iteration > 0 && size > before && moved > 1e-12)) {
      if (iteration == 0) return false;
      for (std::size_t a = 0; a < effects_; ++a) mode_[a] -= step[a] /= 2;
      continue;
    }
    before = size;
    inverse_ = InverseOf(h, effects_);
    bool still = true;
    for (std::size_t a = 0; a < effects_; ++a) {
      step[a] = 0;
      for (std::size_t b = 0; b < effects_; ++b) step[a] += inverse_.at(a, b) * slope[b];
      still = still && std::fabs(step[a]) <= 1e-15 * (1 + std::fabs(mode_[a]));
    }
    if (still) return true;
    for (std::size_t a = 0; a < effects_; ++a) mode_[a] += step[a];
  }
  return true;
}

LaplaceCluster::Jet LaplaceCluster::Constant(double value) const {
  return {value, std::vector<double>(size_), std::vector<double>(size_ * size_)};
}

void LaplaceCluster::AddTo(Jet& to, const Jet& from, double factor) {
  to.value += factor * from.value;
  for (std::size_t i = 0; i < to.slope.size(); ++i) to.slope[i] += factor * from.slope[i];
  for (std::size_t i = 0; i < to.curve.size(); ++i) to.curve[i] += factor * from.curve[i];
}

LaplaceCluster::Jet LaplaceCluster::Times(const Jet& a, const Jet& b) const {
  Jet product = Constant(a.value * b.value);
  for (std::size_t i = 0; i < size_; ++i) {
    product.slope[i] = a.value * b.slope[i] + a.slope[i] * b.value;
    for (std::size_t j = 0; j < size_; ++j) {
      const std::size_t cell = i * size_ + j;
      product.curve[cell] = a.value * b.curve[cell] + a.curve[cell] * b.value +
                            (a.slope[i] * b.slope[j] + a.slope[j] * b.slope[i]);
    }
  }
  return product;
}

LaplaceCluster::Jet LaplaceCluster::Logarithm(const Jet& a) const {
  Jet logarithm = Constant(core::Log(a.value));
  for (std::size_t i = 0; i < size_; ++i) {
    logarithm.slope[i] = a.slope[i] / a.value;
    for (std::size_t j = 0; j < size_; ++j) {
      const std::size_t cell = i * size_ + j;
      logarithm.curve[cell] = (a.curve[cell] - a.slope[i] * a.slope[j] / a.value) / a.value;
    }
  }
  return logarithm;
}

std::vector<LaplaceCluster::Jet> LaplaceCluster::Pull(const std::vector<Jet>& v) const {
  std::vector<Jet> pull;
  for (std::size_t a = 0; a < effects_; ++a) {
    pull.push_back(Constant(0));
    for (std::size_t b = 0; b <= a; ++b) AddTo(pull[a], Times(l_[a][b], v[b]), 1);
  }
  return pull;
}

double LaplaceCluster::Predictor(std::size_t row, const std::vector<Jet>& pull,
                                 std::vector<double>& slope) const {
  const double* z = &z_[(first_ + row) * effects_];
  const double* x = rows_.row(first_ + row);
  double eta = eta_[row];
  slope.assign(size_, 0.0);
  for (std::size_t j = 0; j < columns_; ++j) slope[j] = x[j];
  for (std::size_t a = 0; a < effects_; ++a) {
    eta += z[a] * pull[a].value;
    for (std::size_t i = 0; i < size_; ++i) slope[i] += z[a] * pull[a].slope[i];
  }
  return eta;
}

/// v + H^-1 h'(v), with its derivatives.
void LaplaceCluster::StepModes(std::vector<Jet>& v) const {
  const std::vector<Jet> pull = Pull(v);
  std::vector<RowSum> sums(effects_, RowSum(size_, effects_));
  std::vector<double> slope;
  for (std::size_t i = 0; i < count_; ++i) {
    const double* z = &z_[(first_ + i) * effects_];
    const double eta = Predictor(i, pull, slope);
    const ClusterRowDensity::Value at = density_.At(first_ + i, eta);
    for (std::size_t a = 0; a < effects_; ++a)
      sums[a].Add({at.a * z[a], -at.w * z[a], -at.w1 * z[a]}, slope, z);
  }
  std::vector<Jet> residual;
  for (std::size_t b = 0; b < effects_; ++b) {
    residual.push_back(Constant(0));
    AddTo(residual[b], v[b], -1);
  }
  for (std::size_t a = 0; a < effects_; ++a) {
    const Jet total = sums[a].Total(pull);
    for (std::size_t b = 0; b <= a; ++b) AddTo(residual[b], Times(l_[a][b], total), 1);
  }
  for (std::size_t a = 0; a < effects_; ++a) {
    for (std::size_t b = 0; b < effects_; ++b) AddTo(v[a], residual[b], inverse_.at(a, b));
  }
}

/// Of a positive definite matrix, by elimination.
LaplaceCluster::Jet LaplaceCluster::LogDeterminant(std::vector<std::vector<Jet>> h) const {
  Jet sum = Constant(0);
  for (std::size_t m = 0; m < effects_; ++m) {
    const Jet logarithm = Logarithm(h[m][m]);
    AddTo(sum, logarithm, 1);
    Jet reciprocal = Constant(1 / h[m][m].value);
    for (std::size_t i = 0; i < size_; ++i) {
      reciprocal.slope[i] = -logarithm.slope[i] * reciprocal.value;
      for (std::size_t j = 0; j < size_; ++j) {
        const std::size_t cell = i * size_ + j;
        reciprocal.curve[cell] =
            (logarithm.slope[i] * logarithm.slope[j] - logarithm.curve[cell]) * reciprocal.value;
      }
    }
    for (std::size_t a = m + 1; a < effects_; ++a) {
      const Jet factor = Times(h[a][m], reciprocal);
      for (std::size_t b = m + 1; b <= a; ++b) AddTo(h[a][b], Times(factor, h[b][m]), -1);
    }
  }
  return sum;
}

bool LaplaceCluster::Evaluate(std::size_t cluster, const std::vector<double>& point,
                              ClusterLikelihood& result) {
  Begin(cluster, point);
  if (!FindMode()) return false;
  std::vector<Jet> v;
  for (const double mode : mode_) v.push_back(Constant(mode));
  StepModes(v);
  StepModes(v);
  const std::vector<Jet> pull = Pull(v);
  RowSum density(size_, effects_);
  std::vector<RowSum> gram(effects_ * effects_, RowSum(size_, effects_));
  std::vector<double> slope;
  double constant = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const double* z = &z_[(first_ + i) * effects_];
    const ClusterRowDensity::Value at = density_.At(first_ + i, Predictor(i, pull, slope));
    constant += density_.LogConstant(first_ + i);
    density.Add({at.log_density, at.a, -at.w}, slope, z);
    for (std::size_t a = 0; a < effects_; ++a) {
      for (std::size_t b = 0; b <= a; ++b) {
        const double square = z[a] * z[b];
        gram[a * effects_ + b].Add({at.w * square, at.w1 * square, at.w2 * square}, slope, z);
      }
    }
  }
  // H = I + L' (sum of w z z') L, its lower triangle.
  std::vector<std::vector<Jet>> h(effects_, std::vector<Jet>(effects_, Constant(0)));
  for (std::size_t a = 0; a < effects_; ++a) {
    for (std::size_t b = 0; b < effects_; ++b) {
      const Jet shared = gram[std::max(a, b) * effects_ + std::min(a, b)].Total(pull);
      for (std::size_t m = 0; m <= a; ++m) {
        const Jet left = Times(l_[a][m], shared);
        for (std::size_t n = 0; n <= std::min(b, m); ++n) AddTo(h[m][n], Times(left, l_[b][n]), 1);
      }
    }
  }
  for (std::size_t a = 0; a < effects_; ++a) h[a][a].value += 1;
  Jet total = density.Total(pull);
  for (const Jet& mode : v) AddTo(total, Times(mode, mode), -0.5);
  AddTo(total, LogDeterminant(std::move(h)), -0.5);
  result.value = total.value + constant;
  result.gradient = total.slope;
  result.hessian = total.curve;
  return std::isfinite(result.value);
}

bool LaplaceCluster::Modes(std::size_t cluster, const std::vector<double>& point,
                           ClusterModes& modes) {
  Begin(cluster, point);
  if (!FindMode()) return false;
  modes.mode = mode_;
  modes.covariance = inverse_;
  return true;
}

}  // namespace clinnova::stats
