// SPDX-License-Identifier: Apache-2.0
#include "learn/cell_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "core/check.h"
#include "core/mix.h"
#include "stats/order_statistics.h"

namespace clinnova::learn {
namespace {

using federation::Int128;

/// Sign and exponent of a double: what the first round tells apart.
constexpr std::int64_t kFirstBits = 12;
/// Numbers of one round at most: 4 MB from each site.
constexpr std::size_t kMostNumbers = std::size_t{1} << 18;

std::uint64_t KeyOf(double value) { return stats::OrderedKey(value) - 1; }

/// Bits of a fingerprint, so that count, sum and sum of squares of all rows fit in 127 bits.
std::int64_t FingerprintBits(std::int64_t count_bits) {
  return std::clamp<std::int64_t>((126 - 3 * count_bits) / 3, 1, 20);
}

/// Where the fields of a packed number begin.
struct Packing {
  explicit Packing(std::int64_t count_bits)
      : fingerprint_bits(FingerprintBits(count_bits)),
        first(static_cast<int>(count_bits)),
        second(static_cast<int>(2 * count_bits + fingerprint_bits)) {}

  Int128 One(std::uint64_t key) const {
    const Int128 mark = static_cast<Int128>(core::MixNext(key) >> (64 - fingerprint_bits));
    return 1 + (mark << first) + ((mark * mark) << second);
  }

  std::int64_t fingerprint_bits;
  int first;
  int second;
};

}  // namespace

double ShortestBetween(double low, double high, double middle) {
  for (int digits = 0; digits < 17; ++digits) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*e", digits, middle);
    const double value = std::strtod(text, nullptr);
    if (value >= low && value <= high) return value;
  }
  return middle;
}

double Cell::Above() const { return low == 0 ? -HUGE_VAL : stats::ValueOfKey(low); }

double Cell::Upto() const {
  // The last key of the cell is that of the value just above, less one.
  const std::uint64_t last = bits >= 64 ? ~std::uint64_t{0} : low + (std::uint64_t{1} << bits) - 1;
  return stats::ValueOfKey(last + 1);
}

std::size_t CellQuestion::Numbers() const {
  if (count_bits < 1 || count_bits > 40) return 0;
  std::size_t numbers = 0;
  for (const auto& asked : variables) {
    std::uint64_t end = 0;
    for (const Asked& cell : asked) {
      if (cell.part_bits < 1 || cell.part_bits > kFirstBits || cell.bits < cell.part_bits ||
          cell.bits > 64 || cell.low < end) {
        return 0;
      }
      end = cell.bits == 64 ? ~std::uint64_t{0} : cell.low + (std::uint64_t{1} << cell.bits);
      numbers += std::size_t{1} << cell.part_bits;
      if (numbers > 2 * kMostNumbers) return 0;
    }
  }
  return numbers;
}

void CountCells(const CellQuestion& question, std::size_t variable, std::span<const double> values,
                std::size_t block, federation::ExactSums& sums) {
  const std::vector<CellQuestion::Asked>& asked = question.variables[variable];
  if (asked.empty()) return;
  std::size_t before = 0;
  for (std::size_t v = 0; v < variable; ++v) {
    for (const auto& cell : question.variables[v]) before += std::size_t{1} << cell.part_bits;
  }
  std::vector<std::size_t> first;  // number of each cell's first part
  for (const auto& cell : asked) {
    first.push_back(before);
    before += std::size_t{1} << cell.part_bits;
  }
  const Packing packing(question.count_bits);
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const std::uint64_t key = KeyOf(value);
    const auto above =
        std::upper_bound(asked.begin(), asked.end(), key,
                         [](std::uint64_t k, const auto& cell) { return k < cell.low; });
    if (above == asked.begin()) continue;
    const auto cell = static_cast<std::size_t>(above - asked.begin()) - 1;
    const std::uint64_t part =
        (key - asked[cell].low) >> (asked[cell].bits - asked[cell].part_bits);
    if (part >> asked[cell].part_bits != 0) continue;  // between cells asked about
    sums.AddInteger(block, first[cell] + static_cast<std::size_t>(part), packing.One(key));
  }
}

CellSearch::CellSearch(std::size_t variables, std::int64_t rows, std::int64_t divisible)
    : count_bits_(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 1)))),
      divisible_(std::max<std::int64_t>(divisible, 2)),
      cells_(variables) {
  // The first cell is open whatever it holds.
  for (auto& variable : cells_) variable.push_back({0, 64, divisible_, false});
}

bool CellSearch::Open(const Cell& cell) const {
  return cell.bits > 0 && !cell.tied && cell.count >= divisible_;
}

bool CellSearch::Done() const {
  if (rounds_ >= kMostCellRounds) return true;
  for (const auto& variable : cells_) {
    for (const Cell& cell : variable) {
      if (Open(cell)) return false;
    }
  }
  return true;
}

CellQuestion CellSearch::question() const {
  CellQuestion question;
  question.count_bits = count_bits_;
  for (std::int64_t spare = 3;; --spare) {  // parts of a cell: 2^spare times what evenness needs
    question.variables.clear();
    for (const auto& variable : cells_) {
      question.variables.emplace_back();
      for (const Cell& cell : variable) {
        if (!Open(cell)) continue;
        const auto share = static_cast<std::uint64_t>(cell.count / divisible_);
        std::int64_t bits = std::bit_width(share) + spare;
        if (rounds_ == 0) bits = kFirstBits + std::min<std::int64_t>(spare, 0);
        bits = std::clamp<std::int64_t>(bits, 1, std::min(cell.bits, kFirstBits));
        question.variables.back().push_back({cell.low, cell.bits, bits});
      }
    }
    const std::size_t numbers = question.Numbers();  // 0: far too many to be asked
    if ((numbers != 0 && numbers <= kMostNumbers) || spare < -kFirstBits) return question;
  }
}

void CellSearch::Absorb(const CellQuestion& asked, const federation::PooledSums& sums,
                        std::size_t block) {
  const Packing packing(count_bits_);
  const auto field = [&](Int128 packed, int from, std::int64_t bits) {
    return (packed >> from) & ((Int128{1} << bits) - 1);
  };
  std::size_t at = 0;
  for (std::size_t v = 0; v < cells_.size(); ++v) {
    std::vector<Cell> finer;
    std::size_t question_cell = 0;
    if (asked.variables[v].empty()) {
      std::erase_if(cells_[v], [&](const Cell& cell) { return Open(cell); });
      continue;
    }
    for (const Cell& cell : cells_[v]) {
      if (!Open(cell)) {
        finer.push_back(cell);
        continue;
      }
      const auto& of = asked.variables[v][question_cell++];
      for (std::size_t part = 0; part < std::size_t{1} << of.part_bits; ++part, ++at) {
        const Int128 packed = sums.Integer(block, at);
        const Int128 count = field(packed, 0, count_bits_);
        if (count == 0) continue;
        const Int128 sum = field(packed, packing.first, count_bits_ + packing.fingerprint_bits);
        const Int128 squares = packed >> packing.second;
        const std::int64_t bits = of.bits - of.part_bits;
        finer.push_back({cell.low + (static_cast<std::uint64_t>(part) << bits), bits,
                         static_cast<std::int64_t>(count), count * squares == sum * sum});
      }
    }
    cells_[v] = std::move(finer);
  }
  ++rounds_;
}

std::vector<double> CutsBetween(const std::vector<Cell>& cells, std::int64_t bins) {
  std::int64_t left = 0;
  for (const Cell& cell : cells) left += cell.count;
  std::vector<double> cuts;
  std::int64_t gathered = 0;
  for (std::size_t c = 0; c + 1 < cells.size(); ++c) {
    gathered += cells[c].count;
    const std::int64_t bins_left = bins - static_cast<std::int64_t>(cuts.size());
    const auto cells_left = static_cast<std::int64_t>(cells.size() - c);
    // A bin is full when what it would still lack is less than half of what the next cell brings too much.
    const double fair =
        static_cast<double>(left) / static_cast<double>(std::max<std::int64_t>(bins_left, 1));
    const double next = static_cast<double>(gathered) + static_cast<double>(cells[c + 1].count) / 2;
    if (bins_left <= 1 || (next < fair && cells_left > bins_left)) continue;
    const double low = cells[c].Upto();
    const double high = cells[c + 1].Above();
    const double width = high - low;
    cuts.push_back(width > 0 && std::isfinite(width)
                       ? ShortestBetween(low + width / 4, high - width / 4, low + width / 2)
                       : low);
    left -= gathered;
    gathered = 0;
  }
  return cuts;
}

double QuantileBound(const std::vector<Cell>& cells, double probability) {
  std::int64_t total = 0;
  for (const Cell& cell : cells) total += cell.count;
  double seen = 0;
  for (const Cell& cell : cells) {
    seen += static_cast<double>(cell.count);
    if (seen >= probability * static_cast<double>(total)) {
      const double above = cell.Above();
      const double upto = cell.Upto();
      const double width = upto - above;
      if (!(width > 0) || !std::isfinite(width)) return upto;
      return ShortestBetween(above + width / 4, upto, above + 0.75 * width);
    }
  }
  return cells.empty() ? std::nan("") : cells.back().Upto();
}

std::size_t CellIndex(std::span<const std::uint64_t> lows, double value) {
  const auto above = std::upper_bound(lows.begin(), lows.end(), KeyOf(value));
  return above == lows.begin() ? 0 : static_cast<std::size_t>(above - lows.begin()) - 1;
}

}  // namespace clinnova::learn
