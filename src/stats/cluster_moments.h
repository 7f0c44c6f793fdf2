// SPDX-License-Identifier: Apache-2.0
// What a site keeps of the rows of each cluster of a linear mixed model: the least-squares coefficients B of W = (X, residual)
// on the cluster's random-effect columns Z, and the Cholesky factor of Z'Z. Sums that run over a cluster's rows are
// compensated and in the rows' own order (clustered_rows.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stats/clustered_rows.h"
#include "stats/dense_matrix.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// Row r of W and, group by group of the random part, of Z, times the root of its case weight.
class ModelRow {
 public:
  /// All references outlive this. The residual is that of `beta` divided by 2^residual_exponent.
  ModelRow(const ClusteredRows& rows, const RandomPart& part, const FrameClaim& claim,
           const std::vector<double>& beta, std::int64_t residual_exponent);

  void Read(std::size_t r);

  std::vector<double> w;
  std::vector<std::vector<double>> z;

 private:
  const ClusteredRows& rows_;  // not owned
  const RandomPart& part_;     // not owned
  std::vector<std::vector<double>> shifts_;
  const std::vector<double>& beta_;  // not owned
  double scale_;
};

/// A sum that keeps what rounding drops (Neumaier 1974).
class CompensatedSum {
 public:
  void Add(double value);
  double Total() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

/// Z'Z and Z' of some columns, of one cluster.
class ClusterProducts {
 public:
  ClusterProducts(std::size_t effects, std::size_t columns)
      : effects_(effects), columns_(columns), gram_(effects * effects), cross_(effects * columns) {}

  void AddGram(const std::vector<double>& z);
  void AddCross(const std::vector<double>& z, std::size_t column, double value) {
    for (std::size_t a = 0; a < effects_; ++a) cross_[a * columns_ + column].Add(z[a] * value);
  }
  /// CholeskyFactor of Z'Z.
  SmallMatrix GramFactor() const;
  /// Least-squares coefficients of the columns on Z, effect by effect; 0 where Z is deficient.
  DenseMatrix Coefficients(const SmallMatrix& gram_factor) const;

 private:
  std::size_t effects_;
  std::size_t columns_;
  std::vector<CompensatedSum> gram_;
  std::vector<CompensatedSum> cross_;
};

/// Of the clusters of a model with one group. Column j of vector v of cluster c is vectors[v][j * clusters + c];
/// vectors are the effects' coefficients B_a, then the sums B_a + B_b, a < b: a quadratic form in the B_a
/// is a sum of squares of these.
struct ClusterMoments {
  std::size_t clusters = 0;
  std::size_t effects = 0;
  std::size_t columns = 0;  ///< of W
  std::vector<SmallMatrix> gram_factors;
  std::vector<std::vector<double>> vectors;
};

ClusterMoments MomentsOf(const ClusteredRows& rows, ModelRow row);

}  // namespace clinnova::stats
