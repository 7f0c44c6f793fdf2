// SPDX-License-Identifier: Apache-2.0
#include "stats/value_counts.h"

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {
namespace {

/// Numbers of one round at most: 1 MB from each site.
constexpr std::size_t kNumbersPerRound = std::size_t{1} << 16;
/// The first round tells sign, exponent and four bits of a double apart.
constexpr std::int64_t kMostPartBits = 16;

}  // namespace

std::int64_t ValueCell::rows() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

std::size_t ValueQuestion::Numbers(std::size_t classes) const {
  if (part_bits < 1 || part_bits > kMostPartBits || bits < part_bits || bits > 64) return 0;
  std::size_t cells = 0;
  for (const auto& variable : lows) cells += variable.size();
  return (cells * classes) << part_bits;
}

void CountValues(const ValueQuestion& question, std::size_t variable,
                 std::span<const double> values, std::span<const std::int32_t> classes,
                 std::size_t class_count, std::size_t block, federation::ExactSums& sums) {
  const std::vector<std::uint64_t>& lows = question.lows[variable];
  if (lows.empty()) return;
  std::size_t before = 0;
  for (std::size_t v = 0; v < variable; ++v) before += question.lows[v].size();
  const std::int64_t shift = question.bits - question.part_bits;
  const std::size_t parts = std::size_t{1} << question.part_bits;
  for (std::size_t r = 0; r < values.size(); ++r) {
    const std::uint64_t key = OrderedKey(values[r]);
    const auto above = std::upper_bound(lows.begin(), lows.end(), key);
    if (above == lows.begin()) continue;
    const auto cell = static_cast<std::size_t>(above - lows.begin()) - 1;
    const std::uint64_t part = (key - lows[cell]) >> shift;
    if (part >= parts) continue;  // in a cell that is not asked about
    const std::size_t at = ((before + cell) * parts + static_cast<std::size_t>(part)) * class_count;
    sums.AddCount(block, at + static_cast<std::size_t>(classes[r]));
  }
}

ValueSearch::ValueSearch(std::size_t variables, std::size_t classes, std::int64_t divisible)
    : classes_(classes), divisible_(divisible), cells_(variables) {
  // The first cell is open whatever it holds.
  for (auto& variable : cells_) {
    variable.push_back({0, 64, std::vector<std::int64_t>(classes, divisible)});
  }
}

bool ValueSearch::Open(const ValueCell& cell) const {
  return cell.bits > 0 && cell.rows() >= divisible_;
}

std::int64_t ValueSearch::OpenBits() const {
  std::int64_t bits = 0;
  for (const auto& variable : cells_) {
    for (const ValueCell& cell : variable) {
      if (Open(cell)) bits = std::max(bits, cell.bits);
    }
  }
  return bits;
}

bool ValueSearch::Done() const { return OpenBits() == 0; }

ValueQuestion ValueSearch::question() const {
  ValueQuestion question;
  question.bits = OpenBits();
  for (const auto& variable : cells_) {
    question.lows.emplace_back();
    for (const ValueCell& cell : variable) {
      if (Open(cell)) question.lows.back().push_back(cell.low);
    }
  }
  question.part_bits = 1;
  const std::int64_t most = std::min(question.bits, kMostPartBits);
  while (question.part_bits < most) {
    ++question.part_bits;
    if (question.Numbers(classes_) > kNumbersPerRound) {
      --question.part_bits;
      break;
    }
  }
  return question;
}

void ValueSearch::Absorb(const std::vector<std::int64_t>& counts) {
  const ValueQuestion asked = question();
  CLINNOVA_CHECK(counts.size() == asked.Numbers(classes_));
  const std::size_t parts = std::size_t{1} << asked.part_bits;
  const std::int64_t shift = asked.bits - asked.part_bits;
  std::size_t at = 0;
  for (auto& variable : cells_) {
    std::vector<ValueCell> finer;
    for (ValueCell& cell : variable) {
      if (!Open(cell)) {
        finer.push_back(std::move(cell));
        continue;
      }
      for (std::size_t part = 0; part < parts; ++part, at += classes_) {
        const auto first = counts.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = first + static_cast<std::ptrdiff_t>(classes_);
        if (std::all_of(first, last, [](std::int64_t count) { return count == 0; })) continue;
        finer.push_back(
            {cell.low + (static_cast<std::uint64_t>(part) << shift), shift, {first, last}});
      }
    }
    variable = std::move(finer);
  }
}

std::size_t CellOf(std::span<const std::uint64_t> lows, double value) {
  const auto above = std::upper_bound(lows.begin(), lows.end(), OrderedKey(value));
  return above == lows.begin() ? 0 : static_cast<std::size_t>(above - lows.begin()) - 1;
}

}  // namespace clinnova::stats
