// SPDX-License-Identifier: Apache-2.0
#include "stats/key_sketch.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/check.h"
#include "core/mix.h"

namespace clinnova::stats {
namespace {

using core::MixNext;
using federation::CountBlock;
using federation::Int128;

constexpr std::size_t kTables = 4;
enum SketchBlock { kTimesAdded, kCheckSums, kWordSums };

/// Four tables are read up to 0.77 keys a cell of all tables; few keys need room against chance, too.
constexpr std::size_t kCellsPerTenKeys = 16;
constexpr std::size_t kFewestCells = 80;

std::uint64_t CheckOf(std::span<const std::uint64_t> key) {
  std::uint64_t check = 0;
  for (const std::uint64_t word : key) check = MixNext(~word ^ check);
  return check;
}

std::array<std::size_t, kTables> CellsOf(const KeySketch& sketch,
                                         std::span<const std::uint64_t> key) {
  std::uint64_t joined = 0;
  for (const std::uint64_t word : key) joined = MixNext(joined) ^ word;
  std::array<std::size_t, kTables> cells{};
  for (std::size_t t = 0; t < kTables; ++t) {
    const std::uint64_t place = MixNext(joined ^ MixNext(sketch.seed * kTables + t)) % sketch.cells;
    cells[t] = static_cast<std::size_t>(t * sketch.cells + place);
  }
  return cells;
}

struct Cell {
  Int128 added = 0;
  Int128 checks = 0;
  std::vector<Int128> words;

  bool Empty() const {
    return added == 0 && checks == 0 &&
           std::ranges::all_of(words, [](Int128 word) { return word == 0; });
  }
  void TakeOut(const Cell& other) {
    added -= other.added;
    checks -= other.checks;
    for (std::size_t w = 0; w < words.size(); ++w) words[w] -= other.words[w];
  }
  /// The one key that was added, as often as it may be; empty where there is none, or are several.
  SketchKey Key() const {
    if (added <= 0) return {};
    SketchKey key;
    for (const Int128 word : words) {
      if (word < 0 || word % added != 0 || (word / added) >> 64 != 0) return {};
      key.push_back(static_cast<std::uint64_t>(word / added));
    }
    return checks == added * static_cast<Int128>(CheckOf(key)) ? key : SketchKey{};
  }
};

}  // namespace

KeySketch KeySketch::For(std::size_t keys, std::uint64_t seed, std::size_t words) {
  return {(keys * kCellsPerTenKeys / 10 + kFewestCells) / kTables, seed, words};
}

std::vector<federation::BlockSpec> SketchBlocks(const KeySketch& sketch) {
  const std::uint64_t cells = kTables * sketch.cells;
  std::vector<federation::BlockSpec> blocks{CountBlock("keys_added", cells),
                                            CountBlock("check_sums", cells)};
  for (std::uint64_t w = 0; w < sketch.words; ++w)
    blocks.push_back(CountBlock("key_sums" + std::to_string(w), cells));
  return blocks;
}

void AddKey(const KeySketch& sketch, std::span<const std::uint64_t> key, std::size_t block,
            federation::ExactSums& sums) {
  CLINNOVA_CHECK(key.size() == sketch.words);
  const auto check = static_cast<Int128>(CheckOf(key));
  for (const std::size_t cell : CellsOf(sketch, key)) {
    sums.AddInteger(block + kTimesAdded, cell, 1);
    sums.AddInteger(block + kCheckSums, cell, check);
    for (std::size_t w = 0; w < key.size(); ++w)
      sums.AddInteger(block + kWordSums + w, cell, static_cast<Int128>(key[w]));
  }
}

std::optional<std::map<SketchKey, std::int64_t>> ReadKeys(const KeySketch& sketch,
                                                          std::size_t block,
                                                          const federation::PooledSums& sums) {
  std::vector<Cell> cells(kTables * sketch.cells);
  std::vector<std::size_t> open;  // cells that may hold one key
  for (std::size_t c = 0; c < cells.size(); ++c) {
    cells[c].added = sums.Integer(block + kTimesAdded, c);
    cells[c].checks = sums.Integer(block + kCheckSums, c);
    for (std::size_t w = 0; w < sketch.words; ++w)
      cells[c].words.push_back(sums.Integer(block + kWordSums + w, c));
    open.push_back(c);
  }
  std::map<SketchKey, std::int64_t> found;
  while (!open.empty()) {
    const std::size_t at = open.back();
    const Cell cell = cells[at];
    open.pop_back();
    const SketchKey key = cell.Key();
    if (key.empty()) continue;
    const auto places = CellsOf(sketch, key);
    if (std::ranges::find(places, at) == places.end()) continue;
    found[key] += static_cast<std::int64_t>(cell.added);
    for (const std::size_t c : places) {
      cells[c].TakeOut(cell);
      open.push_back(c);
    }
  }
  if (!std::ranges::all_of(cells, [](const Cell& cell) { return cell.Empty(); }))
    return std::nullopt;
  return found;
}

std::optional<std::map<std::uint64_t, std::int64_t>> ReadSketch(
    const KeySketch& sketch, std::size_t block, const federation::PooledSums& sums) {
  CLINNOVA_CHECK(sketch.words == 1);
  const auto keys = ReadKeys(sketch, block, sums);
  if (!keys) return std::nullopt;
  std::map<std::uint64_t, std::int64_t> found;
  for (const auto& [key, count] : *keys) found[key[0]] = count;
  return found;
}

}  // namespace clinnova::stats
