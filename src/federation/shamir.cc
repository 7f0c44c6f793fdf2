// SPDX-License-Identifier: Apache-2.0
#include "federation/shamir.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "federation/registers.h"

namespace clinnova::federation {
namespace {

constexpr std::size_t kBytes = kLanes * sizeof(std::uint64_t);

/// Each element times x: field elements in the bytes of one word, or of a register of words.
template <typename Elements>
[[gnu::always_inline]] inline void MultiplyByX(Elements& elements) {
  const Elements carry = (elements >> 7) & 0x0101010101010101U;
  elements = ((elements & 0x7f7f7f7f7f7f7f7fU) << 1) ^ carry ^ (carry << 1) ^ (carry << 3) ^
             (carry << 4);  // x^8 = x^4 + x^3 + x + 1
}

/// Each element times the public `factor`.
template <typename Elements>
[[gnu::always_inline]] inline void MultiplyByPublic(Elements& elements, std::uint8_t factor) {
  Elements power = elements;
  elements ^= elements;
  for (; factor != 0; factor >>= 1) {
    if ((factor & 1) != 0) elements ^= power;
    MultiplyByX(power);
  }
}

std::uint64_t TimesPublic(std::uint64_t elements, std::uint8_t factor) {
  MultiplyByPublic(elements, factor);
  return elements;
}

/// The polynomials' values at `place`, of coefficients in rows of `size` bytes, a multiple of kBytes.
template <std::size_t kWidth>
[[gnu::always_inline]] inline void EvaluateBy(const std::uint8_t* coefficients, std::size_t size,
                                              std::size_t rows, std::uint8_t place,
                                              std::uint8_t* values) {
  using Words = Register<std::uint64_t, kWidth>;
  for (std::size_t at = 0; at < size; at += sizeof(Words)) {
    Words value = {};
    for (std::size_t row = rows; row-- > 0;) {
      Words coefficient;
      std::memcpy(&coefficient, coefficients + row * size + at, sizeof coefficient);
      MultiplyByPublic(value, place);
      value ^= coefficient;
    }
    std::memcpy(values + at, &value, sizeof value);
  }
}
CLINNOVA_FOR_REGISTERS(void, Evaluate,
                       (const std::uint8_t* coefficients, std::size_t size, std::size_t rows,
                        std::uint8_t place, std::uint8_t* values),
                       (coefficients, size, rows, place, values))

std::size_t Padded(std::size_t size) { return (size + kBytes - 1) / kBytes * kBytes; }

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
    : size_(secret.size()), threshold_(threshold), coefficients_(Padded(size_) * threshold) {
  CLINNOVA_CHECK(size_ % 8 == 0 && threshold >= 1 && threshold <= 255);
  CLINNOVA_CHECK(randomness.size() == size_ * (threshold - 1));
  for (std::size_t row = 0; row < threshold; ++row) {
    const core::ByteView from = row == 0 ? secret : randomness.subspan((row - 1) * size_, size_);
    std::copy(from.begin(), from.end(),
              coefficients_.bytes().begin() + static_cast<std::ptrdiff_t>(row * Padded(size_)));
  }
}

SecretBuffer SecretSharing::ShareFor(std::uint8_t place) const {
  CLINNOVA_CHECK(place != 0);
  SecretBuffer padded(Padded(size_));
  Evaluate(coefficients_.bytes().data(), Padded(size_), threshold_, place, padded.bytes().data());
  SecretBuffer share(size_);
  std::copy_n(padded.bytes().begin(), size_, share.bytes().begin());
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
