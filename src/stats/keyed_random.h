// SPDX-License-Identifier: Apache-2.0
// Random numbers that belong to a key and a counter, not to an order of calls: a row draws the same ones at whatever
// site and in whatever thread it stands.
//
//   const KeyedRandom row(seed, bytes_of_the_row);
//   const double u = row.Uniform(3);       // always the same for this seed, row and counter
//
// The key is BLAKE2b-256 of seed and bytes; a counter goes through it by two rounds of the finaliser of SplitMix64 (G. L.
// Steele, D. Lea, C. H. Flood, OOPSLA 2014). For statistics, not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace clinnova::stats {

class KeyedRandom {
 public:
  KeyedRandom() = default;
  /// The key is made of the seed's eight bytes, little-endian, and `content`.
  KeyedRandom(std::int64_t seed, std::string_view content);

  /// One of 2^53 equally likely numbers inside (0, 1).
  double Uniform(std::uint64_t counter) const;
  /// Standard normal: the quantile of Uniform(counter).
  double Normal(std::uint64_t counter) const;

 private:
  std::uint64_t first_ = 0;
  std::uint64_t second_ = 0;
};

}  // namespace clinnova::stats
