// SPDX-License-Identifier: Apache-2.0
#include "intake/keyed_blake2b.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/check.h"

namespace clinnova::intake {
namespace {

constexpr std::size_t kBlock = 128;
constexpr std::size_t kSize = 32;  ///< of the key and of the hash

using Chain = std::array<std::uint64_t, 8>;
using Block = std::array<std::uint8_t, kBlock>;

constexpr Chain kInitial{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                         0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                         0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/// The order in which a round takes the message's words.
constexpr std::uint8_t kSigma[12][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
                                         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

/// The words are the block's bytes, the lowest first.
static_assert(std::endian::native == std::endian::little);

inline void Mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d,
                std::uint64_t x, std::uint64_t y) {
  a += b + x;
  d = std::rotr(d ^ a, 32);
  c += d;
  b = std::rotr(b ^ c, 24);
  a += b + y;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 63);
}

/// `bytes`: of the message, the key's block and this one included. Section 3.2's F.
void Compress(Chain& chain, const Block& block, std::uint64_t bytes, bool last) {
  std::uint64_t m[16];
  std::memcpy(m, block.data(), sizeof m);
  std::uint64_t v[16];
  std::copy(chain.begin(), chain.end(), v);
  std::copy(kInitial.begin(), kInitial.end(), v + 8);
  v[12] ^= bytes;
  if (last) v[14] = ~v[14];
#pragma GCC unroll 12
  for (const auto& s : kSigma) {
    Mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    Mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    Mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    Mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    Mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    Mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    Mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    Mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (std::size_t i = 0; i < 8; ++i) chain[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

KeyedBlake2b::KeyedBlake2b(std::span<const std::uint8_t, kSize> key) : after_key_(kInitial) {
  // The parameter block's first word: one leaf, depth one, the sizes of the key and of the hash.
  after_key_[0] ^= 0x01010000 | (kSize << 8) | kSize;
  Block block{};
  std::ranges::copy(key, block.begin());
  Compress(after_key_, block, kBlock, false);
  sodium_memzero(block.data(), block.size());
}

KeyedBlake2b::~KeyedBlake2b() { sodium_memzero(after_key_.data(), sizeof after_key_); }

std::array<std::uint8_t, kSize> KeyedBlake2b::Of(
    std::initializer_list<std::string_view> pieces) const {
  Chain chain = after_key_;
  Block block;
  std::size_t filled = 0;
  std::uint64_t bytes = kBlock;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      if (filled == kBlock) {  // and more follows: it is not the last block
        Compress(chain, block, bytes, false);
        filled = 0;
      }
      const std::size_t taken = std::min(kBlock - filled, piece.size());
      std::memcpy(block.data() + filled, piece.data(), taken);
      filled += taken;
      bytes += taken;
      piece.remove_prefix(taken);
    }
  }
  CLINNOVA_CHECK(filled > 0);
  std::fill(block.begin() + static_cast<std::ptrdiff_t>(filled), block.end(), std::uint8_t{0});
  Compress(chain, block, bytes, true);
  std::array<std::uint8_t, kSize> hash;
  std::memcpy(hash.data(), chain.data(), kSize);
  return hash;
}

}  // namespace clinnova::intake
