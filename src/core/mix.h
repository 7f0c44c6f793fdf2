// SPDX-License-Identifier: Apache-2.0
// Mixed bits: hashes and counters whose every bit must matter, the same on every machine. Not for secrets.
// Source: SplitMix64, G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#pragma once

#include <cstdint>

namespace clinnova::core {

/// A bijection in which every bit of the result depends on every bit of x; 0 stays 0.
constexpr std::uint64_t MixBits(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// By how much the state of SplitMix64 rises from number to number.
inline constexpr std::uint64_t kMixStep = 0x9e3779b97f4a7c15ULL;

/// The number that SplitMix64 draws at state x; 0 does not stay 0.
constexpr std::uint64_t MixNext(std::uint64_t x) { return MixBits(x + kMixStep); }

}  // namespace clinnova::core
