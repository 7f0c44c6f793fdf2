// SPDX-License-Identifier: Apache-2.0
// The numbers of a whole analysis are held against R by tests/golden (choice_*), and what a hub sees by tests/disclosure.
#include "learn/choice_benefit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::learn {
namespace {

/// A pair of a person with the first and one with the second arm: predictions and outcomes.
struct Pair {
  double first, second;
  int first_outcome, second_outcome;
};

BenefitBin BinOf(const Pair& pair) {
  BenefitBin bin{.n = 1,
                 .predicted = pair.first - pair.second,
                 .gain = static_cast<double>(pair.first_outcome - pair.second_outcome),
                 .first = pair.first,
                 .second = pair.second};
  bin.gain_squared = bin.gain * bin.gain;
  const int outcomes[] = {pair.first_outcome, pair.second_outcome};
  for (int s = 0; s < 2; ++s) {
    const double y = outcomes[s];
    const double cell[] = {1, y, 1, y};
    std::copy(std::begin(cell), std::end(cell), bin.cell[s]);
  }
  return bin;
}

/// Bins of one pair each are the published definitions: C. C. H. M. Maas et al., BMC Med. Res. Methodol. 23 (2023), of whose
/// table 1 these are the pairs (there p1, p0 and E, I). Expected, in R, with M = E - I and as the paper has its formulas:
///   b <- J * (1 - K); w <- (1 - J) * K; n <- 1 - b - w
///   c(sum((b - (M == 1))^2 + (n - (M == 0))^2 + (w - (M == -1))^2) / 2,
///     -sum((M == 1) * log(b) + (M == 0) * log(n) + (M == -1) * log(w))) / 8
TEST(Benefit, OfSinglePairsIsAsPublished) {
  const std::vector<Pair> pairs = {{0.283, 0.162, 1, 1}, {0.343, 0.218, 0, 1}, {0.219, 0.142, 1, 0},
                                   {0.083, 0.098, 0, 0}, {0.212, 0.299, 1, 0}, {0.390, 0.561, 1, 1},
                                   {0.201, 0.243, 1, 1}, {0.199, 0.345, 0, 1}};
  std::vector<BenefitBin> bins;
  for (const Pair& pair : pairs) bins.push_back(BinOf(pair));
  const ContrastBenefit benefit = BenefitFrom(bins, true);
  ASSERT_TRUE(benefit.brier && benefit.cross_entropy);
  EXPECT_NEAR(*benefit.brier, 0.324643257001250, 1e-14);
  EXPECT_NEAR(*benefit.cross_entropy, 1.071132212532681, 1e-14);
  EXPECT_FALSE(BenefitFrom(bins, false).cross_entropy);
}

TEST(Benefit, WorsePredictionsHaveALargerCrossEntropy) {
  const auto of = [](double better) {
    std::vector<BenefitBin> bins;
    for (int i = 0; i < 4; ++i) bins.push_back(BinOf({better, 1 - better, i % 4 != 0, i % 4 == 0}));
    return *BenefitFrom(bins, true).cross_entropy;
  };
  EXPECT_LT(of(0.75), of(0.55));
  EXPECT_LT(of(0.75), of(0.25));
}

using Bins = std::vector<std::int64_t>;
/// Counts of bins of so many persons of either arm, half of them with the outcome.
Bins Counts(const std::vector<std::array<std::int64_t, 4>>& bins) {
  Bins counts;
  for (const auto& bin : bins) {
    counts.push_back(bin[0] + bin[1] + bin[2] + bin[3]);
    counts.insert(counts.end(), bin.begin(), bin.end());
  }
  return counts;
}

TEST(JoinedBins, LeaveBinsOfManyPersonsAlone) {
  const Bins counts = Counts({{5, 5, 5, 5}, {0, 0, 0, 0}, {5, 0, 9, 5}});
  EXPECT_EQ(JoinedBins(counts, 5), (Bins{0, 1, 2}));
  EXPECT_EQ(JoinedBins(Counts({{1, 0, 0, 1}, {0, 1, 0, 0}}), 0), (Bins{0, 1}));
}

TEST(JoinedBins, JoinNeighboursUntilEveryKindIsNobodyOrEnough) {
  // One alone at the lower end; a bin of whose second arm two have the outcome; one alone at the upper end.
  EXPECT_EQ(
      JoinedBins(Counts({{1, 0, 0, 0}, {9, 9, 9, 2}, {9, 9, 9, 9}, {7, 7, 7, 7}, {0, 0, 1, 0}}), 5),
      (Bins{0, 0, 0, 3, 3}));
  // What cannot be shown together is in one bin.
  EXPECT_EQ(JoinedBins(Counts({{2, 0, 0, 0}, {1, 9, 0, 0}}), 5), (Bins{0, 0}));
}

TEST(BinsAround, AreOfMeanAndStandardDeviation) {
  const ChoiceBinQuestion bins = BinsAround({2, 5, -4, 4}, 4);
  EXPECT_EQ(bins.centers, (std::vector<double>{0.5, -1}));
  EXPECT_EQ(bins.scales, (std::vector<double>{1, 1}));  // nothing varies in the second
  // The same of an outcome whose unit is 2^-40.
  const double unit = std::ldexp(1.0, -40);
  const ChoiceBinQuestion small =
      BinsAround({2 * unit, 5 * unit * unit, -4 * unit, 4 * unit * unit}, 4, unit);
  EXPECT_EQ(small.scales, (std::vector<double>{unit, unit}));
}

}  // namespace
}  // namespace clinnova::learn
