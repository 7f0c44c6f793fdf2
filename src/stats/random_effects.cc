// SPDX-License-Identifier: Apache-2.0
#include "stats/random_effects.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kPivotTolerance = 1e-12;

/// Row and column of entry i of a lower triangle by rows.
std::pair<std::size_t, std::size_t> EntryOf(std::size_t i) {
  std::size_t row = 0;
  while (i > row) i -= ++row;
  return {row, i};
}

/// Design columns of the formula's term with this text; empty when no fixed effect is called so.
std::vector<std::size_t> ColumnsOf(const table::Formula& formula, const table::Design& design,
                                   const table::Term& wanted) {
  std::vector<std::size_t> columns;
  for (std::size_t t = 0; t < formula.terms().size(); ++t) {
    if (formula.terms()[t].factors != wanted.factors) continue;
    for (std::size_t j = 0; j < design.assign().size(); ++j) {
      if (design.assign()[j] == static_cast<int>(t) + 1) columns.push_back(j);
    }
  }
  return columns;
}

std::string TermText(const table::Term& term) {
  std::string text;
  for (const table::TermFactor& factor : term.factors) {
    text += (text.empty() ? "" : ":") + factor.text;
  }
  return text;
}

/// b' p^-1 b for a positive definite p, and ln|p|.
SmallMatrix InverseForm(const SmallMatrix& p, const SmallMatrix& b, std::size_t size,
                        double& log_determinant) {
  const SmallMatrix c = CholeskyFactor(p, size);
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

/// Which groups there are, and which is inside which.
Result<RandomEffects> GroupsOf(const federation::Analysis& analysis,
                               const std::vector<table::RandomTerm>& terms) {
  if (terms.empty()) {
    return analysis.Wrong("formula", "found no random effect, expected one such as (1 | site)");
  }
  RandomEffects effects;
  const std::vector<std::string>& groups = terms.front().groups;
  if (terms.size() == 1 && groups.size() <= 2) {
    effects.group = effects.label = groups.back();
    if (groups.size() == 2) {
      effects.outer = groups.front();
      effects.label += ":" + effects.outer;
    }
    return effects;
  }
  if (terms.size() == 2 && groups.size() == 1 && terms[1].groups.size() == 1 &&
      groups.front() != terms[1].groups.front()) {
    const auto plain = [](const table::RandomTerm& term) {
      return term.intercept && term.terms.empty();
    };
    const std::size_t outer = groups.front() == "site" ? 0 : 1;
    effects.group = effects.label = terms[1 - outer].groups.front();
    effects.outer = terms[outer].groups.front();
    effects.crossed = effects.outer != "site";
    if (plain(terms[outer]) && (!effects.crossed || plain(terms[1 - outer]))) return effects;
  }
  return analysis.Wrong("formula",
                        "found random effects that are not there yet, expected (1 | g), (x | g), "
                        "(1 | outer/g) or (1 | g) + (1 | h)");
}

}  // namespace

Result<RandomEffects> RandomEffectsOf(const federation::Analysis& analysis,
                                      const table::Formula& formula, const table::Design& design) {
  CLINNOVA_ASSIGN(RandomEffects effects, GroupsOf(analysis, formula.random()));
  const table::RandomTerm& term = formula.random().back().groups.back() == effects.group
                                      ? formula.random().back()
                                      : formula.random().front();
  effects.intercept = term.intercept;
  if (term.intercept) {
    effects.names.emplace_back("(Intercept)");
    effects.columns.push_back(0);
  }
  for (const table::Term& slope : term.terms) {
    const std::vector<std::size_t> columns = ColumnsOf(formula, design, slope);
    if (columns.empty()) {
      return analysis.Wrong("formula", "found the random slope " + TermText(slope) +
                                           ", expected it as a fixed effect too");
    }
    for (const std::size_t column : columns) {
      effects.names.push_back(design.names()[column]);
      effects.columns.push_back(column);
    }
  }
  if (!effects.outer.empty() && (effects.size() != 1 || !effects.intercept)) {
    return analysis.Wrong("formula", "random slopes in nested groups are not there yet");
  }
  if (effects.size() == 0 || effects.size() > kMaximumEffects) {
    return analysis.Wrong("formula", "found " + std::to_string(effects.size()) +
                                         " random effects per cluster, expected 1 to " +
                                         std::to_string(kMaximumEffects));
  }
  return effects;
}

std::vector<double> EffectShifts(const RandomEffects& effects, const FrameClaim& claim) {
  std::vector<double> shifts(effects.size());
  if (effects.intercept) return shifts;
  for (std::size_t a = 0; a < effects.size(); ++a) {
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
  SmallMatrix factor;
  for (std::size_t j = 0; j < size; ++j) {
    double pivot = a.at(j, j);
    for (std::size_t m = 0; m < j; ++m) pivot -= factor.at(j, m) * factor.at(j, m);
    if (!(pivot > kPivotTolerance * a.at(j, j))) continue;
    const double root = std::sqrt(pivot);
    factor.at(j, j) = root;
    for (std::size_t i = j + 1; i < size; ++i) {
      double sum = a.at(i, j);
      for (std::size_t m = 0; m < j; ++m) sum -= factor.at(i, m) * factor.at(j, m);
      factor.at(i, j) = sum / root;
    }
  }
  return factor;
}

SmallMatrix LowerTriangular(const double* entries, std::size_t size) {
  SmallMatrix matrix;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) matrix.at(i, j) = *entries++;
  }
  return matrix;
}

ClusterShrinkage::ClusterShrinkage(const SmallMatrix& gram_factor, const double* theta,
                                   std::size_t size)
    : size_(size), lambda_(LowerTriangular(theta, size)) {
  const SmallMatrix gram_transposed = Transposed(gram_factor, size);
  const SmallMatrix f = Product(gram_transposed, lambda_, size);
  SmallMatrix p = Product(f, Transposed(f, size), size);
  for (std::size_t i = 0; i < size; ++i) p.at(i, i) += 1;
  k_ = InverseForm(p, gram_transposed, size, log_determinant_);
}

SmallMatrix ClusterShrinkage::EffectCovariance(const SmallMatrix& gram_factor) const {
  const SmallMatrix f = Product(Transposed(gram_factor, size_), lambda_, size_);
  SmallMatrix p = Product(Transposed(f, size_), f, size_);
  for (std::size_t i = 0; i < size_; ++i) p.at(i, i) += 1;
  double unused = 0;
  return InverseForm(p, Transposed(lambda_, size_), size_, unused);
}

SmallMatrix ClusterShrinkage::CovarianceDerivative(std::size_t i) const {
  // d(L L') / dL[a, b]: row a of it gains column b of L, and so does column a.
  const auto [a, b] = EntryOf(i);
  SmallMatrix derivative;
  for (std::size_t m = 0; m < size_; ++m) {
    derivative.at(a, m) += lambda_.at(m, b);
    derivative.at(m, a) += lambda_.at(m, b);
  }
  return derivative;
}

SmallMatrix ClusterShrinkage::CovarianceDerivative(std::size_t i, std::size_t j) const {
  const auto [a, b] = EntryOf(i);
  const auto [c, d] = EntryOf(j);
  SmallMatrix derivative;
  if (b != d) return derivative;
  derivative.at(a, c) += 1;
  derivative.at(c, a) += 1;
  return derivative;
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
  return Trace(Product(k_, CovarianceDerivative(i, j), size_), size_) -
         Trace(Product(left, right, size_), size_);
}

SmallMatrix ClusterShrinkage::K(std::size_t i, std::size_t j) const {
  const SmallMatrix first = Product(k_, CovarianceDerivative(i), size_);
  const SmallMatrix second = Product(k_, CovarianceDerivative(j), size_);
  const SmallMatrix curved = Product(k_, CovarianceDerivative(i, j), size_);
  SmallMatrix inner;
  const SmallMatrix one = Product(first, second, size_);
  const SmallMatrix other = Product(second, first, size_);
  for (std::size_t m = 0; m < inner.values.size(); ++m) {
    inner.values[m] = one.values[m] + other.values[m] - curved.values[m];
  }
  return Product(inner, k_, size_);
}

}  // namespace clinnova::stats
