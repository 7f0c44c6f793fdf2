// SPDX-License-Identifier: Apache-2.0
#include "federation/shamir.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <random>

namespace clinnova::federation {
namespace {

core::Bytes RandomBytes(std::mt19937_64& random, std::size_t size) {
  core::Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

core::Bytes Copy(const SecretBuffer& buffer) {
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

/// Every set of `size` places out of `places`, as masks.
std::vector<std::uint32_t> Subsets(std::size_t places, std::size_t size) {
  std::vector<std::uint32_t> subsets;
  for (std::uint32_t mask = 0; mask < (1u << places); ++mask) {
    if (static_cast<std::size_t>(std::popcount(mask)) == size) subsets.push_back(mask);
  }
  return subsets;
}

std::vector<PlacedShare> Choose(const std::vector<core::Bytes>& shares, std::uint32_t mask) {
  std::vector<PlacedShare> chosen;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if ((mask >> i & 1) != 0) chosen.push_back({static_cast<std::uint8_t>(i + 1), shares[i]});
  }
  return chosen;
}

TEST(Shamir, EverySetOfThresholdSharesRecoversAndNoSmallerOneDoes) {
  std::mt19937_64 random(7);
  for (std::size_t places = 1; places <= 10; ++places) {
    const std::size_t threshold = 2 * places / 3 + 1;
    const core::Bytes secret = RandomBytes(random, 32);
    const SecretSharing sharing(secret, threshold, RandomBytes(random, 32 * (threshold - 1)));
    std::vector<core::Bytes> shares;
    for (std::size_t p = 1; p <= places; ++p) {
      shares.push_back(Copy(sharing.ShareFor(static_cast<std::uint8_t>(p))));
    }
    for (const std::uint32_t mask : Subsets(places, threshold)) {
      EXPECT_EQ(Copy(RecoverSecret(Choose(shares, mask))), secret);
    }
    if (threshold == 1) continue;
    for (const std::uint32_t mask : Subsets(places, threshold - 1)) {
      EXPECT_NE(Copy(RecoverSecret(Choose(shares, mask))), secret);
    }
  }
}

TEST(Shamir, FieldArithmeticAgreesWithAKnownSharing) {
  // f(x) = 0x53 + 0xca x over the AES field: 0x53 * 0xca = 1 (FIPS 197), so f(0x53) = 0x53 + 1.
  core::Bytes secret(8, 0x53);
  const core::Bytes coefficient(8, 0xca);
  const SecretSharing sharing(secret, 2, coefficient);
  EXPECT_EQ(Copy(sharing.ShareFor(0x53)), core::Bytes(8, 0x52));
  EXPECT_EQ(Copy(sharing.ShareFor(1)), core::Bytes(8, 0x53 ^ 0xca));
  // 0x57 * 0x83 = 0xc1 is the worked example of FIPS 197, section 4.2.
  const SecretSharing other(core::Bytes(8, 0), 2, core::Bytes(8, 0x57));
  EXPECT_EQ(Copy(other.ShareFor(0x83)), core::Bytes(8, 0xc1));
}

TEST(Shamir, FewerThanThresholdSharesHaveOneDistributionForAllSecrets) {
  // Over all 256 x 256 coefficients of a threshold of 3, any two shares take each pair of values once,
  // whatever the secret: the joint distribution is exactly uniform. Eight coefficients go at a time.
  for (const std::uint8_t secret : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{0xb7}}) {
    std::vector<int> seen(256 * 256);
    for (int first = 0; first < 256; ++first) {
      for (int second = 0; second < 256; second += 8) {
        core::Bytes coefficients(16, static_cast<std::uint8_t>(first));
        for (int lane = 0; lane < 8; ++lane) {
          coefficients[static_cast<std::size_t>(8 + lane)] =
              static_cast<std::uint8_t>(second + lane);
        }
        const SecretSharing sharing(core::Bytes(8, secret), 3, coefficients);
        const core::Bytes a = Copy(sharing.ShareFor(2));
        const core::Bytes b = Copy(sharing.ShareFor(9));
        for (std::size_t lane = 0; lane < 8; ++lane) ++seen[256u * a[lane] + b[lane]];
      }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 256 * 256);
  }
}

TEST(Shamir, InterpolatesTheShareOfAnyOtherPlace) {
  std::mt19937_64 random(8);
  const SecretSharing sharing(RandomBytes(random, 16), 4, RandomBytes(random, 48));
  const std::vector<core::Bytes> shares = {Copy(sharing.ShareFor(1)), Copy(sharing.ShareFor(2)),
                                           Copy(sharing.ShareFor(200)),
                                           Copy(sharing.ShareFor(255))};
  const std::vector<PlacedShare> placed = {
      {1, shares[0]}, {2, shares[1]}, {200, shares[2]}, {255, shares[3]}};
  for (int place = 1; place <= 255; ++place) {
    EXPECT_EQ(Copy(InterpolateShares(placed, static_cast<std::uint8_t>(place))),
              Copy(sharing.ShareFor(static_cast<std::uint8_t>(place))));
  }
}

}  // namespace
}  // namespace clinnova::federation
