// SPDX-License-Identifier: Apache-2.0
#include "stats/dense_matrix.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

DenseMatrix Of(std::size_t rows, std::size_t columns, std::vector<double> values) {
  DenseMatrix matrix(rows, columns);
  matrix.values = std::move(values);
  return matrix;
}

TEST(DenseMatrix, Multiplies) {
  const DenseMatrix a = Of(2, 3, {1, 2, 3, 4, 5, 6});
  const DenseMatrix b = Of(3, 2, {1, 0, 0, 1, 2, -1});
  EXPECT_EQ(Multiply(a, b).values, (std::vector<double>{7, -1, 16, -1}));
  EXPECT_EQ(MultiplyTransposed(Transposed(a), b).values, Multiply(a, b).values);
  EXPECT_EQ(TraceOfProduct(a, b), 6);
}

TEST(DenseMatrix, SolvesByItsFactor) {
  const DenseMatrix l = Of(3, 3, {2, 0, 0, 1, 3, 0, -1, 0.5, 1});
  const DenseMatrix a = Multiply(l, Transposed(l));
  const DenseMatrix factor = CholeskyFactor(a);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(factor.values[i], l.values[i], 1e-15);
  EXPECT_NEAR(LogDeterminant(factor), std::log(36.0), 1e-15);
  DenseMatrix b = Multiply(a, Of(3, 1, {1, -2, 3}));
  SolveLower(factor, b);
  SolveTransposed(factor, b);
  EXPECT_NEAR(b.values[0], 1, 1e-13);
  EXPECT_NEAR(b.values[1], -2, 1e-13);
  EXPECT_NEAR(b.values[2], 3, 1e-13);
}

TEST(DenseMatrix, LeavesOutWhatDependsOnOthers) {
  // The second column is twice the first; the third is there, but below its floor.
  const DenseMatrix a = Of(3, 3, {1, 2, 0, 2, 4, 0, 0, 0, 1e-30});
  const DenseMatrix factor = CholeskyFactor(a, {0, 0, 1e-24});
  EXPECT_EQ(factor.values, (std::vector<double>{1, 0, 0, 2, 0, 0, 0, 0, 0}));
  DenseMatrix b = Of(3, 1, {3, 6, 1});
  SolveLower(factor, b);
  SolveTransposed(factor, b);
  EXPECT_EQ(b.values, (std::vector<double>{3, 0, 0}));
}

TEST(DenseMatrix, KeepsTheIdentityBesideWhatIsLarge) {
  // I + 1e14 v v' with v = (1, 1): the second pivot, 2, is 2e-14 of its diagonal. I + 1e20 v v' leaves nothing of it.
  for (const double large : {1e14, 1e20}) {
    const DenseMatrix a = Of(2, 2, {1 + large, large, large, 1 + large});
    EXPECT_EQ(CholeskyFactor(a).at(1, 1), 0);
    const DenseMatrix factor = CholeskyFactorAboveIdentity(a);
    EXPECT_NEAR(factor.at(1, 1), large == 1e14 ? std::sqrt(2.0) : 1, 0.02);
    EXPECT_NEAR(LogDeterminant(factor), std::log(large), 0.7);
  }
}

}  // namespace
}  // namespace clinnova::stats
