// SPDX-License-Identifier: Apache-2.0
#include "stats/cluster_moments.h"

#include <cmath>

namespace clinnova::stats {

ModelRow::ModelRow(const ClusteredRows& rows, const RandomPart& part, const FrameClaim& claim,
                   const std::vector<double>& beta, std::int64_t residual_exponent)
    : w(rows.columns + 1),
      rows_(rows),
      part_(part),
      beta_(beta),
      scale_(std::ldexp(1.0, -static_cast<int>(residual_exponent))) {
  for (const RandomEffects& effects : part.groups) {
    z.emplace_back(effects.size());
    shifts_.push_back(EffectShifts(effects, claim));
  }
}

void ModelRow::Read(std::size_t r) {
  const double* x = rows_.row(r);
  double residual = rows_.y[r] - rows_.offset[r];
  const double root = std::sqrt(rows_.weight[r]);
  for (std::size_t j = 0; j < rows_.columns; ++j) {
    w[j] = x[j] * root;
    residual -= beta_[j] * x[j];
  }
  w.back() = residual * scale_ * root;
  for (std::size_t g = 0; g < z.size(); ++g) {
    const RandomEffects& effects = part_.groups[g];
    for (std::size_t a = 0; a < effects.size(); ++a) {
      z[g][a] = (x[effects.columns[a]] + shifts_[g][a]) * root;
    }
    if (effects.intercept) z[g][0] = root;
  }
}

void CompensatedSum::Add(double value) {
  const double next = sum_ + value;
  lost_ += std::fabs(sum_) >= std::fabs(value) ? (sum_ - next) + value : (value - next) + sum_;
  sum_ = next;
}

void ClusterProducts::AddGram(const std::vector<double>& z) {
  for (std::size_t a = 0; a < effects_; ++a) {
    for (std::size_t b = 0; b <= a; ++b) gram_[a * effects_ + b].Add(z[a] * z[b]);
  }
}

SmallMatrix ClusterProducts::GramFactor() const {
  SmallMatrix gram;
  for (std::size_t a = 0; a < effects_; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      gram.at(a, b) = gram.at(b, a) = gram_[a * effects_ + b].Total();
    }
  }
  return CholeskyFactor(gram, effects_);
}

DenseMatrix ClusterProducts::Coefficients(const SmallMatrix& factor) const {
  DenseMatrix result(effects_, columns_);
  for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] = cross_[i].Total();
  DenseMatrix l(effects_, effects_);
  for (std::size_t a = 0; a < effects_; ++a) {
    for (std::size_t b = 0; b <= a; ++b) l.at(a, b) = factor.at(a, b);
  }
  SolveLower(l, result);
  SolveTransposed(l, result);
  return result;
}

ClusterMoments MomentsOf(const ClusteredRows& rows, ModelRow row) {
  ClusterMoments moments;
  moments.clusters = rows.clusters();
  moments.effects = row.z[0].size();
  moments.columns = row.w.size();
  const std::size_t q = moments.effects;
  moments.vectors.assign(q * (q + 1) / 2, std::vector<double>(moments.columns * moments.clusters));
  for (std::size_t c = 0; c < rows.clusters(); ++c) {
    ClusterProducts products(q, moments.columns);
    for (std::size_t r = rows.first[c]; r < rows.first[c + 1]; ++r) {
      row.Read(r);
      products.AddGram(row.z[0]);
      for (std::size_t j = 0; j < row.w.size(); ++j) products.AddCross(row.z[0], j, row.w[j]);
    }
    moments.gram_factors.push_back(products.GramFactor());
    const DenseMatrix b = products.Coefficients(moments.gram_factors.back());
    for (std::size_t j = 0; j < moments.columns; ++j) {
      const std::size_t at = j * moments.clusters + c;
      std::size_t v = q;
      for (std::size_t a = 0; a < q; ++a) {
        moments.vectors[a][at] = b.at(a, j);
        for (std::size_t other = a + 1; other < q; ++other, ++v) {
          moments.vectors[v][at] = b.at(a, j) + b.at(other, j);
        }
      }
    }
  }
  return moments;
}

}  // namespace clinnova::stats
