// SPDX-License-Identifier: Apache-2.0
#include "federation/exact_moments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "federation/exact_sums.h"

namespace clinnova::federation {
namespace {

constexpr int kWeightExponent = 3;
constexpr int kSizeExponent = 2;

struct Records {
  std::size_t p;
  std::vector<double> x;
  std::vector<double> weights;

  std::span<const double> Row(std::size_t r) const { return {x.data() + r * p, p}; }
};

Records Draw(std::size_t count, std::size_t p) {
  std::mt19937_64 random(count + p);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Records records{p, std::vector<double>(count * p), std::vector<double>(count)};
  for (double& x : records.x) x = std::ldexp(uniform(random), 2 - static_cast<int>(random() % 60));
  for (double& w : records.weights) w = 8 * uniform(random);
  return records;
}

std::vector<long double> Read(ExactMoments& moments, std::size_t p) {
  std::vector<long double> numbers(ExactMoments::NumbersOf(p));
  moments.Read(numbers);
  return numbers;
}

/// The same sums by ExactSums, record by record.
std::vector<double> Reference(const Records& records) {
  const std::size_t p = records.p;
  ExactSums sums({{ScaledBlock("zero", 1, kWeightExponent),
                   ScaledBlock("one", p, kWeightExponent + kSizeExponent),
                   ScaledBlock("two", p * (p + 1) / 2, kWeightExponent + 2 * kSizeExponent)}});
  for (std::size_t r = 0; r < records.weights.size(); ++r) {
    sums.AddMoments({0, 1, 2}, 0, records.Row(r), records.weights[r]);
  }
  EXPECT_FALSE(sums.flagged());
  const PooledSums pooled = *PooledSums::Decode(sums.layout(), sums.Seal(core::Hash{}));
  std::vector<double> numbers;
  for (std::size_t block = 0; block < 3; ++block) {
    for (const double number : pooled.Numbers(block)) numbers.push_back(number);
  }
  return numbers;
}

TEST(ExactMoments, AreTheSumsThatExactSumsMakes) {
  for (const std::size_t p : {0, 1, 7, 8, 15, 16, 33}) {
    for (const std::size_t count : {1, 3, 4095, 4096, 4097, 10000}) {
      const Records records = Draw(count, p);
      ExactMoments moments(p, kWeightExponent, kSizeExponent);
      for (std::size_t r = 0; r < count; ++r) moments.Add(records.Row(r), records.weights[r]);
      const std::vector<long double> numbers = Read(moments, p);
      const std::vector<double> reference = Reference(records);
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        // Rounded to 64 bits first, a sum may round to the double next to it.
        EXPECT_DOUBLE_EQ(static_cast<double>(numbers[i]), reference[i])
            << p << ' ' << count << ' ' << i;
      }
    }
  }
}

TEST(ExactMoments, HaveTheSameBitsForEveryOrderAndEveryReadingInBetween) {
  constexpr std::size_t kColumns = 10;
  const Records records = Draw(9000, kColumns);
  std::vector<std::size_t> order(9000);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<long double> reference;
  std::mt19937_64 random(4);
  for (const std::size_t between : {9000, 1, 100, 4096}) {
    ExactMoments moments(kColumns, kWeightExponent, kSizeExponent);
    for (std::size_t i = 0; i < order.size(); ++i) {
      moments.Add(records.Row(order[i]), records.weights[order[i]]);
      if (i % between == 0) Read(moments, kColumns);
    }
    const std::vector<long double> numbers = Read(moments, kColumns);
    if (reference.empty()) reference = numbers;
    EXPECT_EQ(numbers, reference) << between;
    std::shuffle(order.begin(), order.end(), random);
  }
}

TEST(ExactMoments, WhoLeavesLeavesNothingBehind) {
  const Records records = Draw(500, 3);
  ExactMoments moments(3, kWeightExponent, kSizeExponent);
  for (std::size_t r = 0; r < 500; ++r) moments.Add(records.Row(r), records.weights[r]);
  for (std::size_t r = 500; r-- > 0;) moments.Add(records.Row(r), -records.weights[r]);
  for (const long double number : Read(moments, 3)) EXPECT_EQ(number, 0);
  moments.Add(records.Row(0), 1);
  moments.Clear();
  for (const long double number : Read(moments, 3)) EXPECT_EQ(number, 0);
}

}  // namespace
}  // namespace clinnova::federation
