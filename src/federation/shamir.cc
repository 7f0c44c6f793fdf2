// SPDX-License-Identifier: Apache-2.0
#include "federation/shamir.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"

namespace clinnova::federation {
namespace {

/// Eight field elements, each times x.
std::uint64_t TimesX(std::uint64_t lanes) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  return ((lanes & kLow) << 1) ^ (((lanes >> 7) & kOnes) * 0x1b);
}

/// Eight field elements times the public `factor`.
std::uint64_t TimesPublic(std::uint64_t lanes, std::uint8_t factor) {
  std::uint64_t product = 0;
  for (; factor != 0; factor >>= 1) {
    if ((factor & 1) != 0) product ^= lanes;
    lanes = TimesX(lanes);
  }
  return product;
}

std::uint64_t Load(const std::uint8_t* bytes) {
  std::uint64_t lanes = 0;
  std::memcpy(&lanes, bytes, sizeof(lanes));
  return lanes;
}

void Store(std::uint8_t* bytes, std::uint64_t lanes) { std::memcpy(bytes, &lanes, sizeof(lanes)); }

std::uint8_t Times(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>(TimesPublic(a, b));
}

/// The inverse of a public element: a^254 = a^2 a^4 ... a^128.
std::uint8_t Inverse(std::uint8_t a) {
  std::uint8_t inverse = 1;
  for (int i = 0; i < 7; ++i) {
    a = Times(a, a);
    inverse = Times(inverse, a);
  }
  return inverse;
}

/// Lagrange's coefficient of share `index` at `place`.
std::uint8_t LagrangeCoefficient(std::span<const PlacedShare> shares, std::size_t index,
                                 std::uint8_t place) {
  std::uint8_t numerator = 1;
  std::uint8_t denominator = 1;
  for (std::size_t other = 0; other < shares.size(); ++other) {
    if (other == index) continue;
    numerator = Times(numerator, shares[other].place ^ place);
    denominator = Times(denominator, shares[other].place ^ shares[index].place);
  }
  return Times(numerator, Inverse(denominator));
}

}  // namespace

SecretSharing::SecretSharing(core::ByteView secret, std::size_t threshold,
                             core::ByteView randomness)
    : size_(secret.size()), threshold_(threshold), coefficients_(secret.size() * threshold) {
  CLINNOVA_CHECK(size_ % 8 == 0 && threshold >= 1 && threshold <= 255);
  CLINNOVA_CHECK(randomness.size() == size_ * (threshold - 1));
  std::copy(secret.begin(), secret.end(), coefficients_.bytes().begin());
  std::copy(randomness.begin(), randomness.end(),
            coefficients_.bytes().begin() + static_cast<std::ptrdiff_t>(size_));
}

SecretBuffer SecretSharing::ShareFor(std::uint8_t place) const {
  CLINNOVA_CHECK(place != 0);
  SecretBuffer share(size_);
  const std::uint8_t* coefficients = coefficients_.bytes().data();
  for (std::size_t at = 0; at < size_; at += 8) {
    std::uint64_t value = 0;
    for (std::size_t degree = threshold_; degree-- > 0;) {
      value = TimesPublic(value, place) ^ Load(coefficients + degree * size_ + at);
    }
    Store(share.bytes().data() + at, value);
  }
  return share;
}

SecretBuffer InterpolateShares(std::span<const PlacedShare> shares, std::uint8_t place) {
  CLINNOVA_CHECK(!shares.empty() && shares.front().bytes.size() % 8 == 0);
  SecretBuffer value(shares.front().bytes.size());
  for (std::size_t index = 0; index < shares.size(); ++index) {
    CLINNOVA_CHECK(shares[index].bytes.size() == value.bytes().size());
    const std::uint8_t factor = LagrangeCoefficient(shares, index, place);
    for (std::size_t at = 0; at < value.bytes().size(); at += 8) {
      std::uint8_t* out = value.bytes().data() + at;
      Store(out, Load(out) ^ TimesPublic(Load(shares[index].bytes.data() + at), factor));
    }
  }
  return value;
}

}  // namespace clinnova::federation
