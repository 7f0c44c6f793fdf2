// SPDX-License-Identifier: Apache-2.0
// Shamir's secret sharing over GF(2^8), byte by byte: a secret of n bytes becomes shares of n bytes, any
// `threshold` of which give it back while fewer say nothing at all.
//
//   SecretSharing sharing(secret, threshold, randomness);    // randomness: (threshold - 1) n bytes
//   SecretBuffer share = sharing.ShareFor(3);                 // place 3 of 1 to 255
//   SecretBuffer again = RecoverSecret({{1, a}, {3, b}, {7, c}});
//
// Property: perfect secrecy against fewer than `threshold` shares, given uniform randomness; here the
// randomness is a ChaCha20 stream, so computational at 128 bits. Shares carry no proof of being right:
// whoever recovers compares with a commitment. Source: A. Shamir, CACM 22 (1979). Field: x^8+x^4+x^3+x+1.
// Time does not depend on secrets: places are public, and secret bytes meet only shifts and exclusive ors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/archive.h"
#include "federation/secret.h"

namespace clinnova::federation {

/// A share and the place (1 to 255) that it belongs to.
struct PlacedShare {
  std::uint8_t place = 0;
  core::ByteView bytes;  // not owned
};

/// The polynomials of one secret. Secrets have a size that is a multiple of 8 bytes.
class SecretSharing {
 public:
  /// `randomness` has (threshold - 1) times the secret's size; threshold is 1 to 255.
  SecretSharing(core::ByteView secret, std::size_t threshold, core::ByteView randomness);

  /// The share for `place`, 1 to 255.
  SecretBuffer ShareFor(std::uint8_t place) const;

 private:
  std::size_t size_;
  std::size_t threshold_;
  SecretBuffer coefficients_;  ///< threshold rows of size_ bytes and padding; row 0 is the secret
};

/// The values at `place` (0: the secret) of the polynomials of degree shares.size() - 1 through `shares`,
/// which have distinct places and equal sizes. Too few shares, or wrong ones, give a wrong secret.
SecretBuffer InterpolateShares(std::span<const PlacedShare> shares, std::uint8_t place);

inline SecretBuffer RecoverSecret(std::span<const PlacedShare> shares) {
  return InterpolateShares(shares, 0);
}

}  // namespace clinnova::federation
