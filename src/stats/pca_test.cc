// SPDX-License-Identifier: Apache-2.0
#include "stats/pca.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "stats/symmetric_eigen.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

TEST(SymmetricEigen, KeepsTheDigitsOfSmallValues) {
  // A diagonal of very different scales around a matrix with eigenvalues 1 and 3.
  const SymmetricEigen eigen = EigenOf({{2e12, 1e6 * 1e-6, 0}, {1e6 * 1e-6, 2e-12, 0}, {0, 0, 5}});
  EXPECT_NEAR(eigen.values[0], 2e12, 1e-3);
  EXPECT_EQ(eigen.values[1], 5);
  EXPECT_NEAR(eigen.values[2] / 1.5e-12, 1, 1e-10);  // 2e-12 - 1 / 2e12
}

TEST(SymmetricEigen, GivesUnitVectorsWithAPositiveLead) {
  const SymmetricEigen eigen = EigenOf({{2, -1}, {-1, 2}});
  const double half = std::sqrt(0.5);
  EXPECT_NEAR(eigen.values[0], 3, 1e-15);
  EXPECT_NEAR(eigen.values[1], 1, 1e-15);
  // Loadings of equal size: the first one decides.
  EXPECT_NEAR(eigen.vectors[0][0], half, 1e-15);
  EXPECT_NEAR(eigen.vectors[1][0], -half, 1e-15);
  EXPECT_NEAR(eigen.vectors[0][1], half, 1e-15);
  EXPECT_NEAR(eigen.vectors[1][1], half, 1e-15);
}

const Table kTable =
    MakeTable({{"x", {1, 2, 3, 4, 5}}, {"y", {2, 4, 6, 8, 10}}, {"c", {3, 3, 3, 3, 3}}});

TEST(Pca, FindsTheLineThatDataLieOn) {
  const Answer answer = RunOne("method = \"pca\"\nvariables = [\"x\", \"y\"]\nscale = false\n",
                               Split(kTable, {0, 1, 0, 1, 1}, 2));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/sdev/0"), std::sqrt(12.5), 1e-14);
  EXPECT_NEAR(answer.Number("/sdev/1"), 0, 1e-8);
  EXPECT_NEAR(answer.Number("/rotation/values/0/0"), 1 / std::sqrt(5.0), 1e-15);
  EXPECT_NEAR(answer.Number("/rotation/values/1/0"), 2 / std::sqrt(5.0), 1e-15);
  EXPECT_EQ(answer.Texts("/rotation/components"), (std::vector<std::string>{"PC1", "PC2"}));
  EXPECT_EQ(answer.Numbers("/center"), (std::vector<double>{3, 6}));
  EXPECT_FALSE(answer.True("/scale"));
  EXPECT_NEAR(answer.Number("/explained/0"), 1, 1e-15);
}

TEST(Pca, SaysThatVariablesAreCollinear) {
  const Answer answer = RunOne("method = \"pca\"\nvariables = [\"x\", \"y\"]\n", {kTable});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/sdev/1"), 0);
  EXPECT_NE(answer.Text("/warnings/0").find("only the first 1 "), std::string::npos);
  // Far from collinear, of very different scales: every digit stays.
  const Table scales =
      MakeTable({{"x", {1e12, 2e12, 4e12, 3e12}}, {"z", {1e-9, 5e-9, 2e-9, 4e-9}}});
  const Answer small =
      RunOne("method = \"pca\"\nvariables = [\"x\", \"z\"]\nscale = false\n", {scales});
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small.Size("/warnings"), 0u);
  EXPECT_GT(small.Number("/sdev/1"), 1e-9);
}

TEST(Pca, KeepsAsManyComponentsAsAskedFor) {
  const Answer answer =
      RunOne("method = \"pca\"\nvariables = [\"x\", \"y\"]\ncomponents = 1\n", {kTable});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/rotation/values/0"), 1u);
  EXPECT_EQ(answer.Size("/sdev"), 2u);
  EXPECT_NEAR(answer.Number("/scale/1"), std::sqrt(10.0), 1e-15);
}

TEST(Pca, CannotScaleAConstant) {
  const Answer answer = RunOne("method = \"pca\"\nvariables = [\"x\", \"c\"]\n", {kTable});
  EXPECT_NE(answer.error().message.find("c is constant"), std::string::npos);
  EXPECT_TRUE(RunOne("method = \"pca\"\nvariables = [\"x\", \"c\"]\nscale = false\n", {kTable}));
}

}  // namespace
}  // namespace clinnova::stats
