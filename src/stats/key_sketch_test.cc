// SPDX-License-Identifier: Apache-2.0
#include "stats/key_sketch.h"

#include <gtest/gtest.h>

#include "core/mix.h"

namespace clinnova::stats {
namespace {

using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using Counts = std::map<std::uint64_t, std::int64_t>;

class KeySketchTest : public ::testing::Test {
 protected:
  /// What the sites' sums tell together.
  std::optional<Counts> Read(const KeySketch& sketch, const std::vector<Counts>& sites) const {
    const Layout layout{SketchBlocks(sketch)};
    ExactSums sums(layout);
    for (const Counts& site : sites) {
      ExactSums own(layout);
      for (const auto& [key, count] : site) {
        for (std::int64_t i = 0; i < count; ++i) AddKey(sketch, key, 0, own);
      }
      sums.Merge(own);
    }
    return ReadSketch(sketch, 0, PooledSums::Decode(layout, sums.Seal({})).value());
  }
  static Counts Keys(std::size_t number, std::uint64_t salt = 0) {
    Counts keys;
    for (std::size_t i = 0; i < number; ++i) keys[core::MixNext(i + salt)] = 1 + i % 3 * 2;
    return keys;
  }
};

TEST_F(KeySketchTest, TellsTheKeysOfAllSitesAndHowOftenEachOccurs) {
  const Counts one{{0, 2}, {1, 1}, {~0ULL, 1000}};
  const Counts two{{1, 4}, {1ULL << 63, 1}, {~0ULL, 1}};
  const Counts both{{0, 2}, {1, 5}, {1ULL << 63, 1}, {~0ULL, 1001}};
  EXPECT_EQ(Read(KeySketch::For(4, 0), {one, two}), both);
  EXPECT_EQ(Read(KeySketch::For(4, 9), {two, {}, one}), both);
  EXPECT_EQ(Read(KeySketch::For(0, 0), {{}, {}}), Counts{});
}

TEST_F(KeySketchTest, HoldsAsManyAsItIsMadeFor) {
  for (const std::size_t number : {1u, 10u, 100u, 1000u, 20'000u}) {
    const Counts keys = Keys(number);
    EXPECT_EQ(Read(KeySketch::For(number, 0), {keys}), keys) << number;
  }
  int read = 0;  // a sketch of few cells meets chance most often
  for (std::uint64_t salt = 0; salt < 300; ++salt) {
    const Counts keys = Keys(30, salt * 1000);
    const auto found = Read(KeySketch::For(30, 0), {keys});
    EXPECT_EQ(found.value_or(keys), keys);
    read += found ? 1 : 0;
  }
  EXPECT_GE(read, 299);
}

TEST_F(KeySketchTest, SaysWhenItCannotBeRead) {
  EXPECT_EQ(Read(KeySketch::For(100, 0), {Keys(400)}), std::nullopt);
  const KeySketch sketch = KeySketch::For(3, 0);
  const Layout layout{SketchBlocks(sketch)};
  for (const std::size_t block : {0u, 1u, 2u}) {
    ExactSums sums(layout);
    AddKey(sketch, 5, 0, sums);
    sums.AddInteger(block, 7, 1);  // from a site that does not keep to the sketch
    EXPECT_EQ(ReadSketch(sketch, 0, PooledSums::Decode(layout, sums.Seal({})).value()),
              std::nullopt);
  }
}

TEST_F(KeySketchTest, TellsKeysOfSeveralWords) {
  std::map<SketchKey, std::int64_t> keys;
  for (std::uint64_t i = 0; i < 500; ++i)
    keys[{i % 7, core::MixNext(i), i % 2 == 0 ? ~0ULL : 0}] = static_cast<std::int64_t>(1 + i % 3);
  keys[{1, 2, 3}] = 5;
  keys[{3, 2, 1}] = 7;  // the same words
  const KeySketch sketch = KeySketch::For(keys.size(), 0, 3);
  const Layout layout{SketchBlocks(sketch)};
  ExactSums sums(layout);
  for (const auto& [key, count] : keys) {
    for (std::int64_t i = 0; i < count; ++i) AddKey(sketch, key, 0, sums);
  }
  EXPECT_EQ(ReadKeys(sketch, 0, PooledSums::Decode(layout, sums.Seal({})).value()), keys);
}

}  // namespace
}  // namespace clinnova::stats
