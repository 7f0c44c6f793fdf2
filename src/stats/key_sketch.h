// SPDX-License-Identifier: Apache-2.0
// Which 64-bit keys occur over all sites, and how often each, in one round of sums: an invertible Bloom lookup table.
// A key is added to one cell of each of four tables; a cell sums how many were added, the keys, and their checks. A key
// may have several words, each of which is summed by itself.
// Sums of cells over sites are the cells of everybody's keys. A cell of one key tells it, which then is taken out of
// its other cells, and so on until nothing is left.
//
//   const KeySketch sketch = KeySketch::For(most_distinct_keys, 0);
//   Layout{SketchBlocks(sketch)};                     // the round
//   AddKey(sketch, key, 0, sums);                     // at a site, for each row
//   const auto counts = ReadSketch(sketch, 0, pooled);
//
// With at most `most_distinct_keys` of them, however often each, it is read whole but for one in thousands of cases;
// another seed then reads it. What cannot be read is told, never guessed: a check is of 64 bits.
// Reveals: the keys and how often each occurs, over all sites together.
// Source: M. T. Goodrich, M. Mitzenmacher, "Invertible Bloom lookup tables", 49th Allerton Conference, 2011.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "federation/exact_sums.h"

namespace clinnova::stats {

struct KeySketch {
  std::uint64_t cells = 0;  ///< of each table; 0: no sketch
  std::uint64_t seed = 0;
  std::uint64_t words = 1;  ///< of a key

  /// For up to `keys` distinct keys.
  static KeySketch For(std::size_t keys, std::uint64_t seed, std::size_t words = 1);

  template <class A>
  void Fields(A& a) {
    a(cells);
    a(seed);
    a(words);
  }
};
using SketchKey = std::vector<std::uint64_t>;

/// Two blocks and one for each word. Counted as numbers of persons: keys and checks say no more than how often each key
/// occurs.
std::vector<federation::BlockSpec> SketchBlocks(const KeySketch& sketch);

/// Adds a key of as many words as the sketch's keys have to the sketch whose blocks begin at `block`.
void AddKey(const KeySketch& sketch, std::span<const std::uint64_t> key, std::size_t block,
            federation::ExactSums& sums);
inline void AddKey(const KeySketch& sketch, std::uint64_t key, std::size_t block,
                   federation::ExactSums& sums) {
  AddKey(sketch, {&key, 1}, block, sums);
}

/// How often each key was added; nothing when the sketch holds too many distinct keys to be read.
std::optional<std::map<SketchKey, std::int64_t>> ReadKeys(const KeySketch& sketch,
                                                          std::size_t block,
                                                          const federation::PooledSums& sums);
/// The same where a key has one word.
std::optional<std::map<std::uint64_t, std::int64_t>> ReadSketch(const KeySketch& sketch,
                                                                std::size_t block,
                                                                const federation::PooledSums& sums);

}  // namespace clinnova::stats
