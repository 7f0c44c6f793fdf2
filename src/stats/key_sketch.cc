// SPDX-License-Identifier: Apache-2.0
#include "stats/key_sketch.h"

#include <algorithm>
#include <array>

#include "core/mix.h"

namespace clinnova::stats {
namespace {

using core::MixNext;
using federation::CountBlock;
using federation::Int128;

constexpr std::size_t kTables = 4;
enum SketchBlock { kTimesAdded, kKeySums, kCheckSums };

/// Four tables are read up to 0.77 keys a cell of all tables; few keys need room against chance, too.
constexpr std::size_t kCellsPerTenKeys = 16;
constexpr std::size_t kFewestCells = 80;

std::uint64_t CheckOf(std::uint64_t key) { return MixNext(~key); }

std::array<std::size_t, kTables> CellsOf(const KeySketch& sketch, std::uint64_t key) {
  std::array<std::size_t, kTables> cells{};
  for (std::size_t t = 0; t < kTables; ++t) {
    const std::uint64_t place = MixNext(key ^ MixNext(sketch.seed * kTables + t)) % sketch.cells;
    cells[t] = static_cast<std::size_t>(t * sketch.cells + place);
  }
  return cells;
}

struct Cell {
  Int128 added = 0;
  Int128 keys = 0;
  Int128 checks = 0;

  /// The one key that was added, as often as it may be.
  std::optional<std::uint64_t> Key() const {
    if (added <= 0 || keys < 0 || keys % added != 0) return std::nullopt;
    const Int128 key = keys / added;
    if (key >> 64 != 0) return std::nullopt;
    const auto one = static_cast<std::uint64_t>(key);
    if (checks != added * static_cast<Int128>(CheckOf(one))) return std::nullopt;
    return one;
  }
};

}  // namespace

KeySketch KeySketch::For(std::size_t keys, std::uint64_t seed) {
  return {(keys * kCellsPerTenKeys / 10 + kFewestCells) / kTables, seed};
}

std::vector<federation::BlockSpec> SketchBlocks(const KeySketch& sketch) {
  const std::uint64_t cells = kTables * sketch.cells;
  return {CountBlock("keys_added", cells), CountBlock("key_sums", cells),
          CountBlock("check_sums", cells)};
}

void AddKey(const KeySketch& sketch, std::uint64_t key, std::size_t block,
            federation::ExactSums& sums) {
  const auto check = static_cast<Int128>(CheckOf(key));
  for (const std::size_t cell : CellsOf(sketch, key)) {
    sums.AddInteger(block + kTimesAdded, cell, 1);
    sums.AddInteger(block + kKeySums, cell, static_cast<Int128>(key));
    sums.AddInteger(block + kCheckSums, cell, check);
  }
}

std::optional<std::map<std::uint64_t, std::int64_t>> ReadSketch(
    const KeySketch& sketch, std::size_t block, const federation::PooledSums& sums) {
  std::vector<Cell> cells(kTables * sketch.cells);
  std::vector<std::size_t> open;  // cells that may hold one key
  for (std::size_t c = 0; c < cells.size(); ++c) {
    cells[c] = {sums.Integer(block + kTimesAdded, c), sums.Integer(block + kKeySums, c),
                sums.Integer(block + kCheckSums, c)};
    open.push_back(c);
  }
  std::map<std::uint64_t, std::int64_t> found;
  while (!open.empty()) {
    const std::size_t at = open.back();
    const Cell cell = cells[at];
    open.pop_back();
    const std::optional<std::uint64_t> key = cell.Key();
    if (!key) continue;
    const auto places = CellsOf(sketch, *key);
    if (std::ranges::find(places, at) == places.end()) continue;
    found[*key] += static_cast<std::int64_t>(cell.added);
    for (const std::size_t c : places) {
      cells[c].added -= cell.added;
      cells[c].keys -= cell.keys;
      cells[c].checks -= cell.checks;
      open.push_back(c);
    }
  }
  for (const Cell& cell : cells) {
    if (cell.added != 0 || cell.keys != 0 || cell.checks != 0) return std::nullopt;
  }
  return found;
}

}  // namespace clinnova::stats
