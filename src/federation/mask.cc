// SPDX-License-Identifier: Apache-2.0
#include "federation/mask.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/check.h"

namespace clinnova::federation {
namespace {

static_assert(std::endian::native == std::endian::little, "masks are little-endian on the wire");

constexpr std::size_t kChunkElements = 1024;  // 16 KiB: stays in the first-level cache
constexpr std::size_t kChunkBlocks = kChunkElements * sizeof(RingElement) / 64;
constexpr std::size_t kLongestLabel = 32;

/// The ChaCha20 stream of a seed, chunk by chunk.
class Stream {
 public:
  explicit Stream(const SecretKey& seed) : seed_(seed) {}
  ~Stream() { sodium_memzero(chunk_.data(), sizeof(chunk_)); }

  /// The next `count` <= kChunkElements elements. Only the last call may ask for fewer than a chunk.
  const RingElement* Next(std::size_t count) {
    constexpr std::array<std::uint8_t, 12> kNonce{};
    auto* bytes = reinterpret_cast<unsigned char*>(chunk_.data());
    const std::size_t size = count * sizeof(RingElement);
    std::memset(bytes, 0, size);
    crypto_stream_chacha20_ietf_xor_ic(bytes, bytes, size, kNonce.data(), block_, seed_.data());
    block_ += kChunkBlocks;
    return chunk_.data();
  }

 private:
  const SecretKey& seed_;  // not owned, outlives this
  std::uint32_t block_ = 0;
  std::array<RingElement, kChunkElements> chunk_;
};

void Derive(const SecretKey& key, std::string_view label, core::ByteView data,
            std::span<std::uint8_t> out) {
  CLINNOVA_CHECK(label.size() <= kLongestLabel);
  crypto_generichash_state state;
  crypto_generichash_init(&state, key.data(), SecretKey::size(), out.size());
  // The label is padded to a fixed size, so that (label, data) has one byte form.
  std::array<std::uint8_t, kLongestLabel> padded{};
  std::copy(label.begin(), label.end(), padded.begin());
  crypto_generichash_update(&state, padded.data(), padded.size());
  crypto_generichash_update(&state, data.data(), data.size());
  crypto_generichash_final(&state, out.data(), out.size());
  sodium_memzero(&state, sizeof(state));
}

}  // namespace

SecretKey DeriveKey(const SecretKey& key, std::string_view label, core::ByteView data) {
  SecretKey derived;
  Derive(key, label, data, derived.bytes());
  return derived;
}

core::Hash DeriveTag(const SecretKey& key, std::string_view label, core::ByteView data) {
  core::Hash tag{};
  Derive(key, label, data, tag);
  return tag;
}

bool SameTag(const core::Hash& a, const core::Hash& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void StretchSeed(const SecretKey& seed, std::span<std::uint8_t> out) {
  constexpr std::array<std::uint8_t, 12> kNonce{};
  if (!out.empty()) crypto_stream_chacha20_ietf(out.data(), out.size(), kNonce.data(), seed.data());
}

void ApplyMask(const SecretKey& seed, MaskSign sign, std::span<RingElement> elements) {
  Stream stream(seed);
  while (!elements.empty()) {
    const std::size_t count = std::min(elements.size(), kChunkElements);
    const RingElement* mask = stream.Next(count);
    if (sign == MaskSign::kAdd) {
      for (std::size_t e = 0; e < count; ++e) elements[e] += mask[e];
    } else {
      for (std::size_t e = 0; e < count; ++e) elements[e] -= mask[e];
    }
    elements = elements.subspan(count);
  }
}

RingElement Checksum(const core::Hash& header, std::span<const RingElement> elements) {
  SecretKey seed;  // public here; the type is what the stream wants
  std::copy(header.begin(), header.end(), seed.data());
  seed = DeriveKey(seed, "checksum", {});
  Stream stream(seed);
  RingElement sum = 0;
  while (!elements.empty()) {
    const std::size_t count = std::min(elements.size(), kChunkElements);
    const RingElement* coefficients = stream.Next(count);
    for (std::size_t e = 0; e < count; ++e) sum += (coefficients[e] | 1) * elements[e];
    elements = elements.subspan(count);
  }
  return sum;
}

}  // namespace clinnova::federation
