// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>

namespace clinnova::core {
namespace {

TEST(Arena, KeepsWhatIsPutIn) {
  Arena arena(16);
  const std::string_view name = arena.Copy(std::string_view("Peter"));
  std::vector<std::int64_t*> numbers;
  for (std::int64_t i = 0; i < 100'000; ++i) numbers.push_back(arena.New<std::int64_t>(i));
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(arena.Copy(std::string_view(large)), large);
  EXPECT_EQ(name, "Peter");
  for (std::int64_t i = 0; i < 100'000; ++i) {
    ASSERT_EQ(*numbers[static_cast<std::size_t>(i)], i);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(numbers[static_cast<std::size_t>(i)]) % 8, 0u);
  }
}

TEST(Arena, UsesMemoryAgainAfterRewinding) {
  Arena arena(64);
  const Arena::Mark empty = arena.Here();
  const std::string_view kept = arena.Copy(std::string_view("kept"));
  const Arena::Mark mark = arena.Here();
  for (int i = 0; i < 1000; ++i) {
    arena.Copy(std::string_view(std::string(10'000, 'a')));
    arena.Rewind(mark);
  }
  EXPECT_LT(arena.size(), 30'000u);
  EXPECT_EQ(kept, "kept");
  arena.Rewind(empty);
  EXPECT_EQ(arena.Copy(std::string_view("other")), "other");
  EXPECT_LT(arena.size(), 30'000u);
}

TEST(Arena, ResizesOnlyWhatCameLast) {
  Arena arena(64);
  std::int64_t* numbers = arena.Room<std::int64_t>(2);
  EXPECT_TRUE(arena.Resize(numbers, 2, 6));
  EXPECT_FALSE(arena.Resize(numbers, 6, 9));  // the block is full
  EXPECT_TRUE(arena.Resize(numbers, 6, 3));
  const auto* next = arena.New<std::int64_t>(1);
  EXPECT_EQ(next, numbers + 3);
  EXPECT_FALSE(arena.Resize(numbers, 3, 4));
}

TEST(Arena, MovesWithoutItsContents) {
  Arena arena;
  const std::string_view name = arena.Copy(std::string_view("Peter"));
  Arena other = std::move(arena);
  other.Copy(std::string_view("James"));
  EXPECT_EQ(name, "Peter");
}

}  // namespace
}  // namespace clinnova::core
