// SPDX-License-Identifier: Apache-2.0
// What one round carries: named blocks of numbers, each with the fixed-point form it travels in.
//
// Every number is one or several 128-bit integers, so that sums over records, threads and sites are
// exact and their bits do not depend on any order (methods.md, section 0).
//
//   kScaled  one integer, unit 2^(exponent - 80). A record's contribution must not exceed 2^exponent in
//            size; 2^47 such contributions fit. For hot loops over bounded summands.
//   kWide    eight integers, the k-th in units of 2^(64 k - 256): holds every double of size below 2^255
//            exactly down to 2^-256. For everything else.
//
// Each block is followed by one integer, its flag: the number of sites at which a contribution was
// outside the block's range. A flagged round is void; see ExactSums::Seal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/archive.h"

namespace clinnova::federation {

using Int128 = __int128;

inline constexpr int kScaledBits = 80;  ///< bits below the bound of a scaled block
inline constexpr int kWideLimbs = 8;
inline constexpr int kWideLimbBits = 64;
inline constexpr int kWideLowestBit = -256;  ///< unit of limb 0 is 2^-256

struct BlockSpec {
  enum class Form { kScaled, kWide };

  std::string name;
  std::uint64_t size = 1;  ///< numbers
  Form form = Form::kWide;
  std::int64_t exponent = 0;  ///< kScaled: each record's contribution is at most 2^exponent in size
  bool count =
      false;  ///< counts of persons or sites; what is not is charged to the information budget

  std::size_t elements_per_number() const { return form == Form::kWide ? kWideLimbs : 1; }
  /// 128-bit integers of the block, its flag included.
  std::size_t elements() const { return size * elements_per_number() + 1; }

  template <class A>
  void Fields(A& a) {
    a(name);
    a(size);
    a(form);
    a(exponent);
    a(count);
  }
  bool operator==(const BlockSpec&) const = default;
};

/// A count, an indicator: contributions of 1, or small integers below 2^20.
inline BlockSpec CountBlock(std::string name, std::uint64_t size) {
  return {std::move(name), size, BlockSpec::Form::kScaled, 20, true};
}
inline BlockSpec WideBlock(std::string name, std::uint64_t size) {
  return {std::move(name), size, BlockSpec::Form::kWide, 0, false};
}
inline BlockSpec ScaledBlock(std::string name, std::uint64_t size, int exponent) {
  return {std::move(name), size, BlockSpec::Form::kScaled, exponent, false};
}

/// The blocks of a round, in order; a block's index is how steps and algorithms name it.
struct Layout {
  std::vector<BlockSpec> blocks;

  /// All 128-bit integers of a contribution.
  std::size_t elements() const {
    std::size_t sum = 0;
    for (const BlockSpec& block : blocks) sum += block.elements();
    return sum;
  }

  template <class A>
  void Fields(A& a) {
    a(blocks);
  }
  bool operator==(const Layout&) const = default;
};

/// True when all blocks with any numbers are counts.
inline bool CountsAlone(const Layout& layout) {
  for (const BlockSpec& block : layout.blocks) {
    if (block.size > 0 && !block.count) return false;
  }
  return true;
}
/// How many numbers of a round are not counts: what the information budget (rule 8) is charged for.
inline std::uint64_t ChargedNumbers(const Layout& layout) {
  std::uint64_t numbers = 0;
  for (const BlockSpec& block : layout.blocks) numbers += block.count ? 0 : block.size;
  return numbers;
}

}  // namespace clinnova::federation
