// SPDX-License-Identifier: Apache-2.0
#include "stats/paired_groups.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "stats/own_sums.h"
#include "stats/paired_profile.h"

namespace clinnova::stats {
namespace {

FrameClaim Unscaled() {
  FrameClaim claim;
  claim.center = {0, 0};
  claim.inverse_scale = {1, 1};
  return claim;
}

struct Row {
  std::int64_t a;
  std::int64_t b;
  double x;
  double y;
};
/// Two parts: levels 5, 7, 9 of a with 1, 2 of b, and 20 with 3 alone.
const Row kCrossed[] = {{5, 1, 0.3, 1.1},  {5, 1, -1, 0.4},  {5, 2, 0.8, -0.7}, {7, 2, 2, 1.9},
                        {7, 2, 0.1, 0.6},  {7, 1, 1.4, 2.2}, {9, 1, -.7, -1.5}, {9, 1, 1.9, 0.2},
                        {9, 2, 0.6, -0.9}, {20, 3, 1, 0.3},  {20, 3, -1.3, -2}};
/// Levels of a within those of b; one with a single row, one alone.
const Row kNested[] = {{5, 1, 0.3, 1.1},  {5, 1, -1, 0.4},   {5, 1, 0.8, -0.7}, {7, 1, 2, 1.9},
                       {7, 1, 0.1, 0.6},  {8, 1, 1.4, 2.2},  {5, 2, -.7, -1.5}, {5, 2, 1.9, 0.2},
                       {6, 2, 0.6, -0.9}, {6, 2, 1, 0.3},    {6, 2, -1.3, -2},  {6, 2, 0.2, 0.5},
                       {9, 3, 0.4, 1.2},  {9, 3, -0.9, 0.1}, {9, 3, 1.1, -0.6}};

/// `slope`: (x | g), `apart`: (x || g), else (1 | g).
RandomEffects Effects(const std::string& kind) {
  RandomEffects effects;
  effects.names = {"(Intercept)"};
  effects.columns = {0};
  if (kind != "one") {
    effects.names.emplace_back("x");
    effects.columns.push_back(1);
  }
  if (kind == "apart") effects.term = {0, 1};
  return effects;
}

template <std::size_t n>
ClusteredRows RowsOf(const Row (&rows)[n]) {
  ClusteredRows clustered;
  clustered.columns = 2;
  for (std::size_t r = 0; r < n; ++r) {
    const bool known = r > 0 && rows[r].a == rows[r - 1].a && rows[r].b == rows[r - 1].b;
    if (!known) {
      clustered.first.push_back(r);
      clustered.key.push_back(rows[r].a);
      clustered.outer_key.push_back(rows[r].b);
    }
    clustered.x.push_back(1);
    clustered.x.push_back(rows[r].x);
    clustered.y.push_back(rows[r].y);
  }
  clustered.first.push_back(n);
  clustered.offset.assign(n, 0);
  clustered.weight.assign(n, 1);
  return clustered;
}

struct Case {
  std::string first;
  std::string second;
  bool nested;
  std::vector<double> theta;
};

const std::vector<Case> kCases = {
    {"slope", "one", false, {0.6, 0.3, 0.5, 0.8}},
    {"one", "slope", false, {0.6, 0.8, -0.3, 0.4}},
    {"slope", "slope", false, {0.6, 0.3, 0.5, 0.8, -0.3, 0.4}},
    {"apart", "one", false, {0.6, 0.5, 0.8}},
    {"one", "one", false, {0.6, 0.8}},
    {"slope", "one", true, {0.6, 0.3, 0.5, 0.8}},
    {"slope", "slope", true, {0.6, 0.3, 0.5, 0.8, -0.3, 0.4}},
    {"one", "slope", true, {0.6, 0.8, -0.3, 0.4}},
    {"slope", "slope", true, {0.6, 0.3, 0, 30, -20, 0}},
    {"slope", "apart", true, {0.6, 0.3, 1e-5, 0, 0.7}},
};

/// M = W'V^-1 W (x 6: W = (1, x, y)) and ln|V| with derivatives, less R'R when `whole` is false.
class Sums {
 public:
  Sums(const Case& c, const std::vector<double>& theta) {
    part_.groups = {Effects(c.first), Effects(c.second)};
    part_.nested = c.nested;
    const ClusteredRows rows = c.nested ? RowsOf(kNested) : RowsOf(kCrossed);
    const FrameClaim claim = Unscaled();
    const std::vector<double> beta = {0, 0};
    const ModelRow row(rows, part_, claim, beta, 0);
    k_ = part_.parameters();
    const std::size_t matrices = 1 + k_ + k_ * (k_ + 1) / 2;
    using namespace federation;
    const Layout layout{{ScaledBlock("matrices", matrices * 6, 20), WideBlock("logs", matrices)}};
    ExactSums sums(layout);
    const auto parts = PairedPartsOf(rows, part_, row);
    for (const PairedPart& part : *parts) {
      AddPairedPart(part, part_, theta.data(), {0, 1, 0, true}, sums);
      ForEachResidual(part, row, [&](const double* r) {
        for (std::size_t i = 0, cell = 0; i < 3; ++i) {
          for (std::size_t j = 0; j <= i; ++j) sums.Add(0, cell++, r[i] * r[j]);
        }
      });
    }
    const PooledSums own = OwnSums(sums);
    for (std::size_t which = 0; which < matrices; ++which) {
      for (std::size_t e = 0; e < 6; ++e) numbers_.push_back(own.Number(0, which * 6 + e));
      numbers_.push_back(own.Number(1, which));
    }
  }
  /// Element 0 to 5 of matrix `which`, or 6: the logarithm.
  double At(std::size_t which, std::size_t element) const { return numbers_[which * 7 + element]; }
  std::size_t k() const { return k_; }
  const RandomPart& part() const { return part_; }

 private:
  RandomPart part_;
  std::size_t k_ = 0;
  std::vector<double> numbers_;
};

/// The same from V written out, by Gauss's elimination.
std::vector<double> Dense(const Case& c, const RandomPart& part) {
  const std::vector<Row> rows = c.nested
                                    ? std::vector<Row>(std::begin(kNested), std::end(kNested))
                                    : std::vector<Row>(std::begin(kCrossed), std::end(kCrossed));
  const std::size_t n = rows.size();
  std::vector<std::vector<double>> v(n, std::vector<double>(n + 3));
  for (std::size_t g = 0; g < 2; ++g) {
    const RandomEffects& effects = part.groups[g];
    const SmallMatrix l = LowerTriangular(
        effects.Shape(), c.theta.data() + (g == 0 ? 0 : part.groups[0].parameters()));
    const SmallMatrix s = Product(l, Transposed(l, effects.size()), effects.size());
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const bool same = g == 1 ? rows[i].b == rows[j].b
                                 : rows[i].a == rows[j].a && (!c.nested || rows[i].b == rows[j].b);
        const double zi[] = {1, rows[i].x};
        const double zj[] = {1, rows[j].x};
        for (std::size_t a = 0; same && a < effects.size(); ++a) {
          for (std::size_t b = 0; b < effects.size(); ++b) v[i][j] += zi[a] * s.at(a, b) * zj[b];
        }
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    v[i][i] += 1;
    v[i][n] = 1;
    v[i][n + 1] = rows[i].x;
    v[i][n + 2] = rows[i].y;
  }
  double logarithm = 0;
  for (std::size_t m = 0; m < n; ++m) {
    logarithm += std::log(v[m][m]);
    for (std::size_t i = 0; i < n; ++i) {
      const double factor = v[i][m] / v[m][m];
      for (std::size_t j = m; i != m && j < n + 3; ++j) v[i][j] -= factor * v[m][j];
    }
  }
  std::vector<double> expected;
  for (std::size_t e = 0; e < 3; ++e) {
    for (std::size_t f = 0; f <= e; ++f) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double w[] = {1, rows[i].x, rows[i].y};
        sum += w[f] * v[i][n + e] / v[i][i];
      }
      expected.push_back(sum);
    }
  }
  expected.push_back(logarithm);
  return expected;
}

TEST(PairedGroups, IsTheInverseOfTheDenseCovariance) {
  for (const Case& c : kCases) {
    const Sums sums(c, c.theta);
    const std::vector<double> expected = Dense(c, sums.part());
    for (std::size_t e = 0; e < expected.size(); ++e) {
      EXPECT_NEAR(sums.At(0, e), expected[e], 1e-11) << c.first << c.second << c.nested << e;
    }
  }
}

TEST(PairedGroups, WithoutVarianceIsLeastSquares) {
  const Sums sums(kCases[0], {0, 0, 0, 0});
  EXPECT_NEAR(sums.At(0, 0), 11, 1e-13);
  EXPECT_NEAR(sums.At(0, 6), 0, 1e-13);
}

TEST(PairedGroups, DerivativesAreThoseOfTheValue) {
  constexpr double kStep = 1e-5;
  for (const Case& c : kCases) {
    const Sums at(c, c.theta);
    for (std::size_t i = 0; i < at.k(); ++i) {
      std::vector<double> up = c.theta;
      std::vector<double> down = c.theta;
      up[i] += kStep;
      down[i] -= kStep;
      const Sums above(c, up);
      const Sums below(c, down);
      const auto slope = [&](std::size_t which, std::size_t e) {
        return (above.At(which, e) - below.At(which, e)) / (2 * kStep);
      };
      for (std::size_t e = 0; e < 7; ++e) {
        EXPECT_NEAR(at.At(1 + i, e), slope(0, e), 1e-7)
            << c.first << c.second << c.nested << i << e;
        for (std::size_t j = 0; j <= i; ++j) {
          const std::size_t second = 1 + at.k() + i * (i + 1) / 2 + j;
          EXPECT_NEAR(at.At(second, e), slope(1 + j, e), 1e-7)
              << c.first << c.second << c.nested << i << j << e;
        }
      }
    }
  }
}

TEST(PairedGroups, PartsHaveNoLevelInCommon) {
  const ClusteredRows rows = RowsOf(kCrossed);
  RandomPart part;
  part.groups = {Effects("one"), Effects("slope")};
  const FrameClaim claim = Unscaled();
  const std::vector<double> beta = {0, 0};
  const auto parts = PairedPartsOf(rows, part, ModelRow(rows, part, claim, beta, 0));
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].level_count(0), 3U);
  EXPECT_EQ((*parts)[0].level_count(1), 2U);
  // Two levels with a slope have more effects than three without: those are taken out.
  EXPECT_EQ((*parts)[0].eliminated, 1U);
  EXPECT_EQ((*parts)[1].level_count(0), 1U);
  part.nested = true;
  const auto nested = PairedPartsOf(rows, part, ModelRow(rows, part, claim, beta, 0));
  EXPECT_EQ(nested->size(), 3U);
}

}  // namespace
}  // namespace clinnova::stats
