// SPDX-License-Identifier: Apache-2.0
#include "intake/sha1.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

std::string Of(std::string_view text) {
  Sha1 sum;
  sum.Update(text);
  return sum.Hex();
}

TEST(Sha1, GivesTheVectorsOfItsStandard) {
  // RFC 3174 §7.3 and FIPS 180-4's examples.
  EXPECT_EQ(Of(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(Of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(Of(std::string(1000000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, TakesItsBytesInAnyPieces) {
  Sha1 sum;
  for (int i = 0; i < 100; ++i) sum.Update(std::string(static_cast<std::size_t>(i), 'x'));
  EXPECT_EQ(sum.Hex(), Of(std::string(4950, 'x')));
  EXPECT_EQ(sum.Hex(), sum.Hex());
}

}  // namespace
}  // namespace clinnova::intake
