// SPDX-License-Identifier: Apache-2.0
#include "learn/training_rows.h"

#include <bit>

namespace clinnova::learn {

std::uint64_t MixBits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::uint64_t MixNumber(std::uint64_t key, double value) {
  return MixBits(key ^ std::bit_cast<std::uint64_t>(value + 0.0));  // -0 becomes 0
}

std::uint64_t MixText(std::uint64_t key, std::string_view text) {
  key = MixBits(key ^ text.size());
  for (const char c : text) key = MixBits(key ^ static_cast<unsigned char>(c));
  return key;
}

double KeyedUniform(std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(MixBits(a ^ MixBits(b)) >> 11) * 0x1p-53;
}

}  // namespace clinnova::learn
