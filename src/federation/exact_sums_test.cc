// SPDX-License-Identifier: Apache-2.0
#include "federation/exact_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "core/check.h"
#include "federation/batches.h"

namespace clinnova::federation {
namespace {

PooledSums Pool(const Layout& layout, const std::vector<ExactSums>& sites) {
  std::vector<Int128> total(layout.elements());
  for (const ExactSums& site : sites) {
    const std::vector<Int128> sealed = site.Seal(core::Hash{});
    for (std::size_t i = 0; i < total.size(); ++i) {
      total[i] = static_cast<Int128>(static_cast<unsigned __int128>(total[i]) +
                                     static_cast<unsigned __int128>(sealed[i]));
    }
  }
  return *PooledSums::Decode(layout, total);
}

std::vector<double> RandomValues(std::size_t count, int lowest_exponent, int highest_exponent,
                                 unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<double> values(count);
  for (double& value : values) {
    const int span = highest_exponent - lowest_exponent;
    const int exponent = lowest_exponent + static_cast<int>(random() % static_cast<unsigned>(span));
    value = std::ldexp(std::uniform_real_distribution<double>(-1, 1)(random), exponent);
  }
  return values;
}

TEST(ExactSums, WideSumIsTheNearestDoubleOfTheExactSum) {
  const Layout layout{{WideBlock("sum", 1)}};
  ExactSums sums(layout);
  // 2^200 + 1 - 2^200 + 2^-250 - 2^-250 is exactly 1; doubles alone give 0.
  for (const double v : {0x1p200, 1.0, -0x1p200, 0x1p-250, -0x1p-250}) sums.Add(0, 0, v);
  EXPECT_EQ(Pool(layout, {sums}).Number(0), 1.0);
}

TEST(ExactSums, WideSumAgreesWithLongDoubleOnManyValues) {
  const Layout layout{{WideBlock("sum", 1)}};
  const std::vector<double> values = RandomValues(20000, -20, 20, 7);
  ExactSums sums(layout);
  long double reference = 0;
  for (const double v : values) {
    sums.Add(0, 0, v);
    reference += v;
  }
  const double got = Pool(layout, {sums}).Number(0);
  EXPECT_NEAR(got, static_cast<double>(reference), 1e-13 * std::fabs(got) + 1e-12);
}

TEST(ExactSums, WideHoldsEverySizeAndSign) {
  const Layout layout{{WideBlock("sum", 1)}};
  for (const double v : {0x1.fffffffffffffp-204, -0x1.0000000000001p-204, 0x1p-256, 3.5, -3.5, 1e70,
                         -1e70, 0x1.fffffffffffffp254, 0.0}) {
    ExactSums sums(layout);
    sums.Add(0, 0, v);
    EXPECT_EQ(Pool(layout, {sums}).Number(0), v);
    sums.Add(0, 0, -v);
    EXPECT_EQ(Pool(layout, {sums}).Number(0), 0.0);
  }
}

TEST(ExactSums, FlagsWhatIsOutOfRangeOrNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double v : {0x1p256, -0x1p300, infinity, -infinity, std::nan("")}) {
    const Layout layout{{WideBlock("sum", 1)}};
    ExactSums sums(layout);
    sums.Add(0, 0, v);
    EXPECT_TRUE(sums.flagged()) << v;
  }
  const Layout layout{{ScaledBlock("gram", 1, 3), CountBlock("n", 1)}};
  ExactSums sums(layout);
  const std::vector<double> x = {1, 2, 3, 4};
  const std::vector<double> w = {1, 1, 1, 0.5};
  sums.AddWeightedGram(0, 0, {x.data(), 4, 1}, w.data(), 4);  // 3 * 3 = 9 > 8
  EXPECT_EQ(Pool(layout, {sums}).FlaggedBlocks(), std::vector<std::size_t>{0});
  ExactSums fits(layout);
  fits.AddWeightedGram(0, 0, {x.data(), 4, 1}, std::vector<double>{1, 1, 0.5, 0.5}.data(), 4);
  EXPECT_EQ(Pool(layout, {fits}).Number(0), 1 + 4 + 4.5 + 8);
}

TEST(ExactSums, AVoidRoundSaysNothingAboutTheSitesInRange) {
  const Layout layout{{ScaledBlock("sum", 2, 0)}};
  ExactSums in_range(layout);
  in_range.Add(0, 0, 0.5);
  ExactSums outside(layout);
  outside.Add(0, 1, 3.0);
  const std::vector<Int128> noise = outside.Seal(core::Blake2b("seed"));
  EXPECT_NE(noise[0], 0);
  EXPECT_NE(noise[1], 0);
  EXPECT_EQ(noise[2], 1);
  EXPECT_EQ(outside.Seal(core::Blake2b("seed")), noise);
  EXPECT_NE(outside.Seal(core::Blake2b("other")), noise);
}

TEST(ExactSums, GramAgreesWithLongDouble) {
  constexpr std::size_t kRows = 5000;
  constexpr std::size_t kColumns = 4;
  const std::vector<double> x = RandomValues(kRows * kColumns, -6, 1, 3);
  const std::vector<double> w = RandomValues(kRows, -3, 1, 4);
  const Layout layout{{ScaledBlock("gram", 10, 4), ScaledBlock("columns", 4, 4)}};
  ExactSums sums(layout);
  sums.AddWeightedGram(0, 0, {x.data(), kRows, kColumns}, w.data(), kRows);
  sums.AddWeightedColumns(1, 0, {x.data(), kRows, kColumns}, w.data(), kRows);
  const PooledSums pooled = Pool(layout, {sums});
  std::size_t at = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    long double column = 0;
    for (std::size_t r = 0; r < kRows; ++r) column += w[r] * x[i * kRows + r];
    EXPECT_NEAR(pooled.Number(1, i), static_cast<double>(column), 1e-13);
    for (std::size_t j = 0; j <= i; ++j, ++at) {
      long double sum = 0;
      for (std::size_t r = 0; r < kRows; ++r) {
        sum += (w[r] * x[i * kRows + r]) * x[j * kRows + r];
      }
      EXPECT_NEAR(pooled.Number(0, at), static_cast<double>(sum), 1e-13);
    }
  }
}

TEST(ExactSums, TakeManyWeightsAtOnceAsOneByOne) {
  constexpr std::size_t kColumns = 3;
  constexpr std::size_t kWeights = 5;
  for (const std::size_t rows : {1, 8, 511, 512, 1300}) {
    const std::vector<double> x = RandomValues(rows * kColumns, -30, 1, 31);
    const std::vector<double> w = RandomValues(rows * kWeights, -30, 1, 32);
    const Layout layout{{ScaledBlock("columns", kColumns * kWeights, 4)}};
    ExactSums together(layout);
    together.AddWeightedColumns(0, 0, {x.data(), rows, kColumns}, {w.data(), rows, kWeights}, rows);
    ExactSums one_by_one(layout);
    for (std::size_t k = 0; k < kWeights; ++k) {
      one_by_one.AddWeightedColumns(0, k * kColumns, {x.data(), rows, kColumns},
                                    w.data() + k * rows, rows);
    }
    EXPECT_EQ(together.Seal(core::Hash{}), one_by_one.Seal(core::Hash{})) << rows;
    const PooledSums pooled = Pool(layout, {together});
    long double last = 0;
    for (std::size_t r = 0; r < rows; ++r) last += w[4 * rows + r] * x[2 * rows + r];
    EXPECT_NEAR(pooled.Number(0, 14), static_cast<double>(last), 1e-12);
  }
}

/// Sums of the rows given by `order`, in batches of `batch` rows.
std::vector<Int128> GramOf(const Layout& layout, const std::vector<double>& x,
                           const std::vector<double>& w, const std::vector<std::size_t>& order,
                           std::size_t columns, std::size_t batch) {
  const std::size_t rows = w.size();
  ExactSums sums(layout);
  for (std::size_t first = 0; first < order.size(); first += batch) {
    const std::size_t count = std::min(batch, order.size() - first);
    std::vector<double> bx(count * columns);
    std::vector<double> bw(count);
    for (std::size_t r = 0; r < count; ++r) {
      bw[r] = w[order[first + r]];
      for (std::size_t j = 0; j < columns; ++j) bx[j * count + r] = x[j * rows + order[first + r]];
    }
    sums.AddWeightedGram(0, 0, {bx.data(), count, columns}, bw.data(), count);
    sums.AddWeightedColumns(1, 0, {bx.data(), count, columns}, bw.data(), count);
    sums.AddAll(2, 0, bw);
  }
  return sums.Seal(core::Hash{});
}

TEST(ExactSums, HaveTheSameBitsForEveryOrderAndBatchSize) {
  constexpr std::size_t kRows = 3000;
  constexpr std::size_t kColumns = 3;
  const std::vector<double> x = RandomValues(kRows * kColumns, -30, 1, 11);
  const std::vector<double> w = RandomValues(kRows, -30, 1, 12);
  const Layout layout{
      {ScaledBlock("gram", 6, 3), ScaledBlock("columns", 3, 2), WideBlock("sum", 1)}};
  std::vector<std::size_t> order(kRows);
  for (std::size_t i = 0; i < kRows; ++i) order[i] = i;
  const std::vector<Int128> reference = GramOf(layout, x, w, order, kColumns, 4096);
  std::mt19937_64 random(5);
  for (const std::size_t batch : {1, 7, 64, 511, 512, 513, 3000}) {
    std::shuffle(order.begin(), order.end(), random);
    EXPECT_EQ(GramOf(layout, x, w, order, kColumns, batch), reference) << batch;
  }
}

TEST(ForEachBatch, HasTheSameBitsForEveryNumberOfThreads) {
  const std::vector<double> values = RandomValues(50000, -40, 10, 21);
  const Layout layout{{WideBlock("sum", 1), CountBlock("n", 1)}};
  std::vector<Int128> reference;
  for (const int threads : {1, 2, 3, 8}) {
    ExactSums sums(layout);
    struct Nothing {};
    ASSERT_TRUE(ForEachBatch<Nothing>(
        values.size(), threads, sums,
        [&](std::size_t first, std::size_t count, Nothing&, ExactSums& mine) -> Result<void> {
          mine.AddAll(0, 0, {values.data() + first, count});
          mine.AddCount(1, 0, static_cast<std::int64_t>(count));
          return {};
        }));
    const std::vector<Int128> sealed = sums.Seal(core::Hash{});
    if (reference.empty()) reference = sealed;
    EXPECT_EQ(sealed, reference) << threads;
    EXPECT_EQ(PooledSums::Decode(layout, sealed)->Count(1), 50000);
  }
}

TEST(ExactSums, IntegersArePooledAsTheyAre) {
  const Layout layout{{ScaledBlock("packed", 2, 10)}};
  ExactSums a(layout);
  ExactSums b(layout);
  // A signed field above bit 40, an unsigned one below.
  const auto pack = [](Int128 high, Int128 low) { return (high << 40) + low; };
  a.AddInteger(0, 1, pack(-7, 3));
  a.AddInteger(0, 1, pack(5, 4));
  const Int128 both[] = {-5, pack(-(Int128{1} << 80), (Int128{1} << 39))};
  b.AddIntegers(0, 0, both);
  EXPECT_THROW(b.AddIntegers(0, 1, both), core::CheckFailure);
  const PooledSums pooled = Pool(layout, {a, b});
  EXPECT_TRUE(pooled.Integer(0, 0) == -5);
  EXPECT_TRUE(pooled.Integer(0, 1) == pack(-2 - (Int128{1} << 80), 7 + (Int128{1} << 39)));
  EXPECT_THROW((void)pooled.Integer(0, 2), core::CheckFailure);
}

TEST(PooledSums, RefuseAnotherLength) {
  EXPECT_FALSE(PooledSums::Decode(Layout{{WideBlock("sum", 1)}}, std::vector<Int128>(3)));
}

TEST(ExactSums, WithholdsOneBlockAndTellsTheOthers) {
  const Layout layout{{CountBlock("rows", 1), WideBlock("told", 1), WideBlock("withheld", 2)}};
  ExactSums sums(layout);
  sums.AddCount(0, 0, 7);
  sums.Add(1, 0, 2.5);
  sums.Add(2, 1, 99);
  ExactSums other = sums.Zero();
  other.Withhold(2);
  sums.Merge(other);
  const auto sealed = sums.Seal(core::Blake2b(core::Bytes(1)));
  const auto again = sums.Seal(core::Blake2b(core::Bytes(2)));
  EXPECT_NE(sealed, again);  // noise
  const PooledSums pooled = *PooledSums::Decode(layout, sealed);
  EXPECT_TRUE(pooled.FlaggedBlocks().empty());  // the round stands
  EXPECT_EQ(pooled.Count(0), 7);
  EXPECT_EQ(pooled.Number(1), 2.5);
  EXPECT_NE(pooled.Number(2, 1), 99);
}

TEST(ExactSums, MergesTheBlocksOfAPart) {
  const Layout layout{{CountBlock("rows", 1), WideBlock("sum", 2), ScaledBlock("score", 1, 4)}};
  ExactSums sums(layout);
  sums.AddCount(0, 0, 7);
  sums.Add(1, 0, 1e-30);
  ExactSums part(Layout{{layout.blocks[1], layout.blocks[2]}});
  part.Add(0, 0, -1e40);
  part.Add(0, 1, 0.1);
  part.Add(1, 0, 2.5);
  sums.MergeBlocks(1, part);
  sums.MergeBlocks(3, ExactSums(Layout{}));
  ExactSums alone(layout);
  alone.AddCount(0, 0, 7);
  for (const double number : {1e-30, -1e40}) alone.Add(1, 0, number);
  alone.Add(1, 1, 0.1);
  alone.Add(2, 0, 2.5);
  EXPECT_EQ(sums.Seal({}), alone.Seal({}));
  part.Flag(1);
  sums.MergeBlocks(1, part);
  EXPECT_EQ(PooledSums::Decode(layout, sums.Seal({}))->FlaggedBlocks(),
            (std::vector<std::size_t>{2}));
  EXPECT_THROW(sums.MergeBlocks(2, part), core::CheckFailure);
}

TEST(Layout, ChargesWhatIsNoCount) {
  const Layout layout{{CountBlock("rows", 9), WideBlock("sum", 2), ScaledBlock("gram", 3, 20)}};
  EXPECT_EQ(ChargedNumbers(layout), 5u);  // also where the exponent happens to be a count's
  EXPECT_FALSE(CountsAlone(layout));
  EXPECT_TRUE(CountsAlone(Layout{{CountBlock("rows", 9), WideBlock("none", 0)}}));
}

}  // namespace
}  // namespace clinnova::federation
