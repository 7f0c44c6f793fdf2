// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_firth.h"

#include <algorithm>

#include "core/deterministic_math.h"
#include "stats/glm_steps.h"

namespace clinnova::stats {

using table::kBatchRows;

namespace {

/// x'Bx of every row.
std::vector<double> QuadraticForms(const std::vector<double>& bread, const GlmBatch& batch,
                                   std::size_t p) {
  const std::size_t rows = batch.design.rows;
  std::vector<double> forms(rows);
  std::vector<double> projected(rows);
  for (std::size_t i = 0; i < p; ++i) {
    std::fill(projected.begin(), projected.end(), 0.0);
    for (std::size_t j = 0; j < p; ++j) {
      const double factor = bread[i * p + j];
      if (factor == 0) continue;
      const double* x = batch.design.x.data() + j * kBatchRows;
      for (std::size_t r = 0; r < rows; ++r) projected[r] += factor * x[r];
    }
    const double* x = batch.design.x.data() + i * kBatchRows;
    for (std::size_t r = 0; r < rows; ++r) forms[r] += projected[r] * x[r];
  }
  return forms;
}

/// T_j for every j, symmetric in all three indices.
std::vector<Matrix> Derivatives(const federation::PooledSums& sums, std::size_t p) {
  std::vector<Matrix> third(p, Matrix(p, std::vector<double>(p)));
  std::size_t element = 0;
  for (std::size_t j = 0; j < p; ++j) {
    for (std::size_t k = 0; k <= j; ++k) {
      for (std::size_t l = 0; l <= k; ++l, ++element) {
        const double value = sums.Number(kGlmThirdMoments, element);
        third[j][k][l] = third[j][l][k] = third[k][j][l] = value;
        third[k][l][j] = third[l][j][k] = third[l][k][j] = value;
      }
    }
  }
  return third;
}

Matrix Product(const Matrix& a, const Matrix& b) {
  const std::size_t p = a.size();
  Matrix result(p, std::vector<double>(p));
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t k = 0; k < p; ++k) {
      for (std::size_t j = 0; j < p; ++j) result[i][j] += a[i][k] * b[k][j];
    }
  }
  return result;
}

double TraceOfProduct(const Matrix& a, const Matrix& b) {
  double trace = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) trace += a[i][j] * b[j][i];
  }
  return trace;
}

}  // namespace

std::size_t ThirdMoments(std::size_t p) { return p * (p + 1) * (p + 2) / 6; }

void AddThirdMoments(const std::vector<double>& bread, GlmBatch& batch,
                     federation::ExactSums& sums) {
  const std::size_t rows = batch.design.rows;
  const std::size_t p = batch.design.x.size() / kBatchRows;
  const std::vector<double> forms = QuadraticForms(bread, batch, p);
  for (std::size_t r = 0; r < rows; ++r) {
    const double variance = batch.mu[r] * (1 - batch.mu[r]);
    batch.second_weight[r] = batch.working_weight[r] * (1 - 6 * variance) * forms[r];
  }
  std::vector<double> weight(rows);
  for (std::size_t j = 0; j < p; ++j) {
    const double* x = batch.design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < rows; ++r) {
      weight[r] = batch.working_weight[r] * (1 - 2 * batch.mu[r]) * x[r];
    }
    sums.AddWeightedGram(kGlmThirdMoments, ThirdMoments(j),
                         {batch.design.x.data(), kBatchRows, j + 1}, weight.data(), rows);
  }
}

std::vector<double> StepOfFirth(const federation::PooledSums& sums, const SymmetricFactor& factor,
                                const std::vector<bool>& aliased) {
  const std::size_t p = aliased.size();
  const Matrix inverse = factor.Inverse();
  std::vector<double> score = sums.Numbers(kGlmScore);
  std::vector<Matrix> products;
  for (const Matrix& third : Derivatives(sums, p)) products.push_back(Product(inverse, third));
  Matrix curvature = FromLowerTriangle(sums.Numbers(kGlmInformation), p);
  const Matrix fourth = FromLowerTriangle(sums.Numbers(kGlmSecondInformation), p);
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) {
      curvature[i][j] += (TraceOfProduct(products[i], products[j]) - fourth[i][j]) / 2;
      if (aliased[i] || aliased[j]) curvature[i][j] = 0;
    }
    for (std::size_t k = 0; k < p; ++k) score[i] += products[i][k][k] / 2;
  }
  const SymmetricFactor newton(curvature, 1e-14);
  return newton.rank() == factor.rank() ? newton.Solve(score) : factor.Solve(score);
}

double PenalisedLogLikelihood(double log_likelihood, const SymmetricFactor& information,
                              const std::vector<double>& inverse_scale) {
  double log_determinant = information.LogDeterminant();
  for (std::size_t j = 0; j < inverse_scale.size(); ++j) {
    if (!information.aliased()[j]) log_determinant -= 2 * core::Log(inverse_scale[j]);
  }
  return log_likelihood + log_determinant / 2;
}

}  // namespace clinnova::stats
