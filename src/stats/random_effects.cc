// SPDX-License-Identifier: Apache-2.0
#include "stats/random_effects.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kPivotTolerance = 1e-12;

/// L of `a`; root_of(j, pivot) is L's entry j of the diagonal, 0 for a column of 0.
template <typename RootOf>
SmallMatrix FactorOf(const SmallMatrix& a, std::size_t size, RootOf root_of) {
  SmallMatrix factor;
  for (std::size_t j = 0; j < size; ++j) {
    double pivot = a.at(j, j);
    for (std::size_t m = 0; m < j; ++m) pivot -= factor.at(j, m) * factor.at(j, m);
    const double root = root_of(j, pivot);
    if (root == 0) continue;
    factor.at(j, j) = root;
    for (std::size_t i = j + 1; i < size; ++i) {
      double sum = a.at(i, j);
      for (std::size_t m = 0; m < j; ++m) sum -= factor.at(i, m) * factor.at(j, m);
      factor.at(i, j) = sum / root;
    }
  }
  return factor;
}

/// b' p^-1 b and ln|p| for p = I + F F'. Its pivots are 1 at least, however small beside F's entries.
SmallMatrix InverseForm(const SmallMatrix& p, const SmallMatrix& b, std::size_t size,
                        double& log_determinant) {
  const SmallMatrix c =
      FactorOf(p, size, [](std::size_t, double pivot) { return std::sqrt(std::max(pivot, 1.0)); });
  double determinant = 1;
  for (std::size_t i = 0; i < size; ++i) determinant *= c.at(i, i);
  log_determinant = 2 * core::Log(determinant);
  SmallMatrix h;  // c^-1 b
  for (std::size_t column = 0; column < size; ++column) {
    for (std::size_t i = 0; i < size; ++i) {
      double sum = b.at(i, column);
      for (std::size_t m = 0; m < i; ++m) sum -= c.at(i, m) * h.at(m, column);
      h.at(i, column) = sum / c.at(i, i);
    }
  }
  return Product(Transposed(h, size), h, size);
}

}  // namespace

CovarianceShape RandomEffects::Shape() const {
  CovarianceShape shape{.size = size(), .entries = {}};
  for (std::size_t a = 0; a < size(); ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      if (Correlated(a, b)) shape.entries.emplace_back(a, b);
    }
  }
  return shape;
}

std::size_t RandomPart::parameters() const {
  std::size_t count = 0;
  for (const RandomEffects& effects : groups) count += effects.parameters();
  return count;
}

std::vector<double> EffectShifts(const RandomEffects& effects, const FrameClaim& claim) {
  std::vector<double> shifts(effects.size());
  for (std::size_t a = 0; a < effects.size(); ++a) {
    if (effects.Shiftable(a)) continue;
    const std::size_t j = effects.columns[a];
    shifts[a] = claim.center[j] * claim.inverse_scale[j];
  }
  return shifts;
}

SmallMatrix Product(const SmallMatrix& a, const SmallMatrix& b, std::size_t size) {
  SmallMatrix product;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      double sum = 0;
      for (std::size_t m = 0; m < size; ++m) sum += a.at(i, m) * b.at(m, j);
      product.at(i, j) = sum;
    }
  }
  return product;
}

SmallMatrix Transposed(const SmallMatrix& a, std::size_t size) {
  SmallMatrix transposed;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) transposed.at(j, i) = a.at(i, j);
  }
  return transposed;
}

double Trace(const SmallMatrix& a, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += a.at(i, i);
  return sum;
}

SmallMatrix CholeskyFactor(const SmallMatrix& a, std::size_t size) {
  return FactorOf(a, size, [&](std::size_t j, double pivot) {
    return pivot > kPivotTolerance * a.at(j, j) ? std::sqrt(pivot) : 0;
  });
}

SmallMatrix LowerTriangular(const CovarianceShape& shape, const double* theta) {
  SmallMatrix matrix;
  for (const auto& [row, column] : shape.entries) matrix.at(row, column) = *theta++;
  return matrix;
}

SmallMatrix CovarianceDerivative(const CovarianceShape& shape, const SmallMatrix& lambda,
                                 std::size_t i) {
  // d(L L') / dL[a, b]: row a of it gains column b of L, and so does column a.
  const auto [a, b] = shape.entries[i];
  SmallMatrix derivative;
  for (std::size_t m = 0; m < shape.size; ++m) {
    derivative.at(a, m) += lambda.at(m, b);
    derivative.at(m, a) += lambda.at(m, b);
  }
  return derivative;
}

SmallMatrix CovarianceCurvature(const CovarianceShape& shape, std::size_t i, std::size_t j) {
  const auto [a, b] = shape.entries[i];
  const auto [c, d] = shape.entries[j];
  SmallMatrix derivative;
  if (b != d) return derivative;
  derivative.at(a, c) += 1;
  derivative.at(c, a) += 1;
  return derivative;
}

ClusterShrinkage::ClusterShrinkage(const SmallMatrix& gram_factor, const CovarianceShape& shape,
                                   const double* theta)
    : shape_(shape), size_(shape.size), lambda_(LowerTriangular(shape, theta)) {
  const SmallMatrix gram_transposed = Transposed(gram_factor, size_);
  const SmallMatrix f = Product(gram_transposed, lambda_, size_);
  SmallMatrix p = Product(f, Transposed(f, size_), size_);
  for (std::size_t i = 0; i < size_; ++i) p.at(i, i) += 1;
  k_ = InverseForm(p, gram_transposed, size_, log_determinant_);
}

SmallMatrix ClusterShrinkage::EffectCovariance(const SmallMatrix& gram_factor) const {
  const SmallMatrix f = Product(Transposed(gram_factor, size_), lambda_, size_);
  SmallMatrix p = Product(Transposed(f, size_), f, size_);
  for (std::size_t i = 0; i < size_; ++i) p.at(i, i) += 1;
  double unused = 0;
  return InverseForm(p, Transposed(lambda_, size_), size_, unused);
}

double ClusterShrinkage::LogDeterminant(std::size_t i) const {
  return Trace(Product(k_, CovarianceDerivative(i), size_), size_);
}

SmallMatrix ClusterShrinkage::K(std::size_t i) const {
  SmallMatrix derivative = Product(Product(k_, CovarianceDerivative(i), size_), k_, size_);
  for (double& value : derivative.values) value = -value;
  return derivative;
}

double ClusterShrinkage::LogDeterminant(std::size_t i, std::size_t j) const {
  const SmallMatrix left = Product(k_, CovarianceDerivative(j), size_);
  const SmallMatrix right = Product(k_, CovarianceDerivative(i), size_);
  return Trace(Product(k_, CovarianceCurvature(shape_, i, j), size_), size_) -
         Trace(Product(left, right, size_), size_);
}

SmallMatrix ClusterShrinkage::K(std::size_t i, std::size_t j) const {
  const SmallMatrix first = Product(k_, CovarianceDerivative(i), size_);
  const SmallMatrix second = Product(k_, CovarianceDerivative(j), size_);
  const SmallMatrix curved = Product(k_, CovarianceCurvature(shape_, i, j), size_);
  SmallMatrix inner;
  const SmallMatrix one = Product(first, second, size_);
  const SmallMatrix other = Product(second, first, size_);
  for (std::size_t m = 0; m < inner.values.size(); ++m) {
    inner.values[m] = one.values[m] + other.values[m] - curved.values[m];
  }
  return Product(inner, k_, size_);
}

}  // namespace clinnova::stats
