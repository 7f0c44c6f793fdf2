// SPDX-License-Identifier: Apache-2.0
#include "federation/mask.h"

#include <gtest/gtest.h>

#include <set>

namespace clinnova::federation {
namespace {

SecretKey KeyOf(std::uint8_t byte) {
  SecretKey key;
  std::fill(key.bytes().begin(), key.bytes().end(), byte);
  return key;
}

TEST(Mask, AddedAndTakenAwayLeavesTheNumbers) {
  for (const std::size_t size : {0u, 1u, 3u, 4u, 1023u, 1024u, 1025u, 5000u}) {
    std::vector<RingElement> numbers(size);
    for (std::size_t e = 0; e < size; ++e) numbers[e] = e * e;
    const std::vector<RingElement> before = numbers;
    ApplyMask(KeyOf(1), MaskSign::kAdd, numbers);
    EXPECT_EQ(numbers == before, size == 0);
    ApplyMask(KeyOf(1), MaskSign::kSubtract, numbers);
    EXPECT_EQ(numbers, before);
  }
}

TEST(Mask, IsTheChaCha20StreamOfTheSeedInOnePiece) {
  // RFC 8439, appendix A.1, test vector 1: the first block for a zero key, nonce and counter.
  std::vector<RingElement> mask(4);
  ApplyMask(KeyOf(0), MaskSign::kAdd, mask);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(mask.data());
  EXPECT_EQ(core::ToHex({bytes, 64}),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
  // Chunks must join: a long mask equals the stream.
  std::vector<RingElement> long_mask(3000);
  ApplyMask(KeyOf(7), MaskSign::kAdd, long_mask);
  std::vector<RingElement> stream(3000);
  StretchSeed(KeyOf(7), {reinterpret_cast<std::uint8_t*>(stream.data()), 3000 * 16});
  EXPECT_EQ(long_mask, stream);
}

TEST(Mask, ChecksumIsLinear) {
  const core::Hash header = core::Blake2b("header");
  std::vector<RingElement> a(2000), b(2000), sum(2000);
  ApplyMask(KeyOf(2), MaskSign::kAdd, a);
  ApplyMask(KeyOf(3), MaskSign::kAdd, b);
  for (std::size_t e = 0; e < a.size(); ++e) sum[e] = a[e] + b[e];
  const RingElement both = Checksum(header, a) + Checksum(header, b);
  EXPECT_TRUE(Checksum(header, sum) == both);
  EXPECT_FALSE(Checksum(core::Blake2b("other"), sum) == both);
}

TEST(Mask, ChecksumSeesEveryChangeOfOneElement) {
  const core::Hash header = core::Blake2b("header");
  std::vector<RingElement> numbers(50);
  const RingElement before = Checksum(header, numbers);
  for (std::size_t e = 0; e < numbers.size(); ++e) {
    for (int bit = 0; bit < 128; ++bit) {
      numbers[e] = RingElement{1} << bit;
      EXPECT_FALSE(Checksum(header, numbers) == before);
    }
    numbers[e] = 0;
  }
}

TEST(Mask, DerivedKeysDifferByKeyLabelAndData) {
  std::set<core::Hash> tags;
  const core::Bytes empty;
  const core::Bytes zero = {0};
  for (const std::uint8_t key : {1, 2}) {
    for (const char* label : {"a", "ab", "b"}) {
      tags.insert(DeriveTag(KeyOf(key), label, empty));
      tags.insert(DeriveTag(KeyOf(key), label, zero));
    }
  }
  // A label cannot be continued by data.
  const core::Bytes b = {'b'};
  tags.insert(DeriveTag(KeyOf(1), "a", b));
  EXPECT_EQ(tags.size(), 13u);
  const SecretKey key = DeriveKey(KeyOf(1), "a", zero);
  core::Hash bytes{};
  std::copy(key.bytes().begin(), key.bytes().end(), bytes.begin());
  EXPECT_EQ(bytes, DeriveTag(KeyOf(1), "a", zero));
}

}  // namespace
}  // namespace clinnova::federation
