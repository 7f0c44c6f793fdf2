// SPDX-License-Identifier: Apache-2.0
#include "learn/node_sums.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace clinnova::learn {
namespace {

using federation::Int128;

TEST(NodeSums, FieldsOfASumDoNotRunIntoEachOther) {
  for (const std::int64_t rows : {1, 10, 1000, 1 << 20, 1 << 24}) {
    const NodeUnits units = NodeUnits::For(rows, 3, -2);
    EXPECT_LE(3 * units.count_bits + 2 * units.fraction_bits, 126);
    EXPECT_GE(units.fraction_bits, 25);
    const std::int64_t most = std::int64_t{1} << units.fraction_bits;
    // Every row at its bound, on either side.
    for (const std::int64_t sign : {-1, 1}) {
      const NodeSums all{sign * most * rows, most * rows, rows};
      const NodeSums back = Unpack(units, Pack(units, all));
      EXPECT_EQ(back.slope, all.slope);
      EXPECT_EQ(back.curvature, all.curvature);
      EXPECT_EQ(back.rows, all.rows);
      EXPECT_EQ(units.slope(back.slope), static_cast<double>(sign * rows) * 8);
      EXPECT_EQ(units.curvature(back.curvature), static_cast<double>(rows) / 4);
    }
  }
}

TEST(NodeSums, ScaleAsLdexpDoes) {
  for (std::int64_t exponent = -600; exponent <= 600; exponent += 25) {
    const NodeUnits units = NodeUnits::For(1 << 20, exponent, -exponent);
    const std::int64_t wholes[] = {0, 1, -3, (std::int64_t{1} << 62) + 12345};
    for (const std::int64_t whole : wholes) {
      const int f = static_cast<int>(units.fraction_bits);
      EXPECT_EQ(units.slope(whole),
                std::ldexp(static_cast<double>(whole), static_cast<int>(exponent) - f));
      EXPECT_EQ(units.curvature(whole),
                std::ldexp(static_cast<double>(whole), static_cast<int>(-exponent) - f));
    }
  }
}

// As many features as are read at once, and more.
class NodeSumsOf : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Features, NodeSumsOf, testing::Values(3, 8, 9, 21));

TEST_P(NodeSumsOf, AddUpBinByBin) {
  std::mt19937_64 random(7);
  const std::size_t rows = 20000;
  const std::size_t features = GetParam();
  std::vector<std::uint8_t> bins(rows * features);
  for (auto& bin : bins) bin = static_cast<std::uint8_t>(random() % 5);
  std::vector<double> slope(rows);
  std::vector<double> curvature(rows);
  std::vector<std::uint32_t> sample;
  for (std::uint32_t r = 0; r < rows; ++r) {
    slope[r] = std::uniform_real_distribution<double>(-1, 1)(random);
    curvature[r] = std::uniform_real_distribution<double>(0, 1)(random);
    if (random() % 3 == 0) continue;
    sample.push_back(r);
    if (random() % 4 == 0) sample.push_back(r | kAgain);
  }
  const NodeUnits units = NodeUnits::For(2 * rows, 0, 0);
  std::vector<RowSums> row_sums(rows);
  const RowRange range = QuantiseRows(units, slope, curvature, row_sums.data());
  ASSERT_TRUE(range.slopes && range.curvatures);
  for (const bool some : {false, true}) {
    const std::vector<std::uint32_t> chosen = {2, 0};
    std::vector<std::uint32_t> first;
    for (std::uint32_t f = 0; f < (some ? chosen.size() : features); ++f) first.push_back(5 * f);
    std::vector<Int128> sums(5 * first.size());
    std::vector<RowSums> scratch;
    SumNode(
        units,
        {bins.data(), features, some ? std::span(chosen) : std::span<const std::uint32_t>(), first},
        row_sums.data(), sample, scratch, sums);
    for (std::size_t f = 0; f < first.size(); ++f) {
      const std::size_t feature = some ? chosen[f] : f;
      for (std::size_t b = 0; b < 5; ++b) {
        NodeSums expected;
        for (const std::uint32_t entry : sample) {
          const std::uint32_t r = entry & ~kAgain;
          if (bins[r * features + feature] != b) continue;
          expected += {std::llrint(std::ldexp(slope[r], static_cast<int>(units.fraction_bits))),
                       std::llrint(std::ldexp(curvature[r], static_cast<int>(units.fraction_bits))),
                       entry < kAgain ? 1 : 0};
        }
        const NodeSums got = Unpack(units, sums[first[f] + b]);
        EXPECT_EQ(got.slope, expected.slope);
        EXPECT_EQ(got.curvature, expected.curvature);
        EXPECT_EQ(got.rows, expected.rows);
      }
    }
  }
}

TEST(NodeSums, TellWhatIsOutOfRange) {
  const NodeUnits units = NodeUnits::For(100, 1, 0);
  RowSums out[1];
  const double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(QuantiseRows(units, std::vector{2.0}, std::vector{1.0}, out).slopes);
  EXPECT_FALSE(QuantiseRows(units, std::vector{2.1}, std::vector{1.0}, out).slopes);
  EXPECT_FALSE(QuantiseRows(units, std::vector{kInfinity}, std::vector{1.0}, out).slopes);
  EXPECT_FALSE(QuantiseRows(units, std::vector{0.0}, std::vector{1.1}, out).curvatures);
  EXPECT_FALSE(QuantiseRows(units, std::vector{0.0}, std::vector{std::nan("")}, out).curvatures);
}

}  // namespace
}  // namespace clinnova::learn
