// SPDX-License-Identifier: Apache-2.0
// Keys derived from keys, masks stretched from seeds, and the checksum of a masked vector.
//
//   SecretKey seed = DeriveKey(pair_key, "mask", header_hash);
//   ApplyMask(seed, MaskSign::kAdd, elements);          // site i
//   ApplyMask(seed, MaskSign::kSubtract, elements);     // site j: the two cancel in the sum
//
// Property: a vector with one mask whose seed is unknown is indistinguishable from random. Assumption:
// BLAKE2b keyed is a pseudo-random function, ChaCha20 a pseudo-random generator (RFC 7693, RFC 8439).
// Security level: 128 bits. A seed is used for one vector only, hence the fixed nonce.
#pragma once

#include <span>
#include <string_view>

#include "core/archive.h"
#include "core/hash.h"
#include "federation/secret.h"

namespace clinnova::federation {

/// An element of the ring of integers modulo 2^128 in which masked vectors live.
using RingElement = unsigned __int128;

/// A key for the purpose `label` and the public `data`, independent of those for any other pair. `label`
/// has at most 32 bytes and no zero byte.
SecretKey DeriveKey(const SecretKey& key, std::string_view label, core::ByteView data);

/// The same derivation where the outcome is a tag or a commitment that may be shown.
core::Hash DeriveTag(const SecretKey& key, std::string_view label, core::ByteView data);

/// Whether two tags are equal, in a time that does not tell where they differ.
bool SameTag(const core::Hash& a, const core::Hash& b);

/// Fills `out` with the stream of `seed`.
void StretchSeed(const SecretKey& seed, std::span<std::uint8_t> out);

enum class MaskSign { kAdd, kSubtract };

/// Adds the stream of `seed` to every element, or takes it away, modulo 2^128.
void ApplyMask(const SecretKey& seed, MaskSign sign, std::span<RingElement> elements);

/// sum over e of r_e x_e modulo 2^128, with odd r_e drawn from the public `header`. It is linear, so that
/// the sum of the sites' checksums must be the checksum of the sum.
/// Detects: masks that do not cancel, except with probability 2^-127; any change of one element, always.
/// Does not detect: a site that lies about its numbers and makes a matching checksum. Anyone can compute
/// it; what keeps a stranger from altering an upload is the site's signature.
RingElement Checksum(const core::Hash& header, std::span<const RingElement> elements);

}  // namespace clinnova::federation
