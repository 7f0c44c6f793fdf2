// SPDX-License-Identifier: Apache-2.0
#include "core/archive.h"

#include <gtest/gtest.h>

#include "core/hash.h"

namespace clinnova::core {
namespace {

struct Inner {
  std::string name;
  std::optional<double> value;
  template <class A>
  void Fields(A& a) {
    a(name);
    a(value);
  }
  bool operator==(const Inner&) const = default;
};

struct Outer {
  std::vector<Inner> parts;
  std::vector<double> numbers;
  std::map<std::string, std::vector<std::string>> levels;
  __int128 wide = 0;
  int count = 0;
  bool flag = false;
  Hash hash{};
  template <class A>
  void Fields(A& a) {
    a(parts);
    a(numbers);
    a(levels);
    a(wide);
    a(count);
    a(flag);
    a(hash);
  }
  bool operator==(const Outer&) const = default;
};

Outer Example() {
  return {{{"a", 1.5}, {"b", {}}}, {1, -0.0, 1e300}, {{"drug", {"x", "y"}}}, -5, -7, true,
          Blake2b("hash")};
}

TEST(Archive, GivesBackWhatWasWritten) {
  const Outer outer = Example();
  const auto back = Decode<Outer>(Encode(outer));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, outer);
}

TEST(Archive, RefusesEveryTruncationAndATrailingByte) {
  Bytes bytes = Encode(Example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Decode<Outer>(ByteView(bytes.data(), size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(Decode<Outer>(bytes));
}

TEST(Archive, RefusesACountLargerThanTheMessage) {
  Bytes bytes(8, 0xff);
  EXPECT_FALSE(Decode<std::vector<double>>(bytes));
  EXPECT_FALSE(Decode<std::string>(bytes));
}

TEST(Hash, IsBlake2b256) {
  EXPECT_EQ(ToHex(Blake2b("abc")),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(*FromHex("00ff"), (Bytes{0, 255}));
  EXPECT_FALSE(FromHex("0g"));
  EXPECT_FALSE(FromHex("012"));
}

}  // namespace
}  // namespace clinnova::core
