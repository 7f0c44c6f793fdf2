// SPDX-License-Identifier: Apache-2.0
#include "federation/exact_sums.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "federation/exact_slices.h"
#include "federation/registers.h"

namespace clinnova::federation {
namespace {

/// Rows between two carries into the integers: small enough for the cache, and for the exactness of the
/// lanes.
constexpr std::size_t kBlockRows = 512;
static_assert(kBlockRows <= kRowsPerCarry);

std::vector<std::size_t> Offsets(const Layout& layout) {
  std::vector<std::size_t> offsets;
  std::size_t at = 0;
  for (const BlockSpec& block : layout.blocks) {
    offsets.push_back(at);
    at += block.elements();
  }
  return offsets;
}

/// Sums of slices in their units.
struct SliceSums {
  std::int64_t high;
  std::int64_t low;

  Int128 Carry() const { return (static_cast<Int128>(high) << Slicer::kLowBits) + low; }
};

/// Slice sums of a[r] * b[r] over `rows`, a multiple of kLanes. The bits of value + high are those of high and the
/// slice's units: added as whole numbers, they leave the units when those of high are taken away, modulo 2^64.
template <std::size_t kWidth>
[[gnu::always_inline]] inline void SliceProductsBy(const double* a, const double* b,
                                                   std::size_t rows, double high, double low,
                                                   SliceSums* out) {
  using Numbers = Register<double, kWidth>;
  using Units = Register<std::uint64_t, kWidth>;
  constexpr std::size_t kParts = kLanes / kWidth;
  Units high_sum[kParts] = {};
  Units low_sum[kParts] = {};
  for (std::size_t r = 0; r < rows; r += kLanes) {
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part) {
      Numbers x;
      Numbers y;
      std::memcpy(&x, a + r + part * kWidth, sizeof x);
      std::memcpy(&y, b + r + part * kWidth, sizeof y);
      const Numbers v = x * y;
      const Numbers shifted = v + high;
      const Numbers rest = (v - (shifted - high)) + low;
      high_sum[part] += reinterpret_cast<Units>(shifted);
      low_sum[part] += reinterpret_cast<Units>(rest);
    }
  }
  std::uint64_t h = 0;
  std::uint64_t l = 0;
#pragma GCC unroll 4
  for (std::size_t part = 0; part < kParts; ++part) {
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < kWidth; ++lane) {
      h += high_sum[part][lane];
      l += low_sum[part][lane];
    }
  }
  out->high = static_cast<std::int64_t>(h - rows * std::bit_cast<std::uint64_t>(high));
  out->low = static_cast<std::int64_t>(l - rows * std::bit_cast<std::uint64_t>(low));
}
CLINNOVA_FOR_REGISTERS(void, SliceProducts,
                       (const double* a, const double* b, std::size_t rows, double high, double low,
                        SliceSums* out),
                       (a, b, rows, high, low, out))

/// Largest size of the values; NaN when one of them is not finite.
template <std::size_t kWidth>
[[gnu::always_inline]] inline double LargestSizeBy(const double* values, std::size_t rows) {
  using Numbers = Register<double, kWidth>;
  constexpr std::size_t kParts = kLanes / kWidth;
  Numbers largest[kParts] = {};
  Numbers finite[kParts] = {};  // 0 * x stays 0 as long as every x is finite
  std::size_t r = 0;
  for (; r + kLanes <= rows; r += kLanes) {
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part) {
      Numbers x;
      std::memcpy(&x, values + r + part * kWidth, sizeof x);
      const Numbers size = x < 0 ? -x : x;
      largest[part] = size <= largest[part] ? largest[part] : size;
      finite[part] += 0.0 * x;
    }
  }
  double result = 0;
  double sum = 0;
#pragma GCC unroll 4
  for (std::size_t part = 0; part < kParts; ++part) {
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < kWidth; ++lane) {
      result = std::max(result, largest[part][lane]);
      sum += finite[part][lane];
    }
  }
  for (; r < rows; ++r) {
    result = std::max(result, std::fabs(values[r]));
    sum += 0.0 * values[r];
  }
  return result + sum;
}
CLINNOVA_FOR_REGISTERS(double, LargestSize, (const double* values, std::size_t rows),
                       (values, rows))

/// A column of at most kBlockRows values, padded with zeros to a multiple of kLanes.
struct Padded {
  alignas(64) std::array<double, kBlockRows> values;

  std::size_t Load(const double* from, std::size_t rows) {
    const std::size_t padded = (rows + kLanes - 1) / kLanes * kLanes;
    std::copy_n(from, rows, values.begin());
    std::fill(values.begin() + rows, values.begin() + padded, 0.0);
    return padded;
  }
};

bool ProductsInRange(const double* a, const double* b, std::size_t rows, double bound) {
  for (std::size_t r = 0; r < rows; ++r) {
    if (!(std::fabs(a[r] * b[r]) <= bound)) return false;
  }
  return true;
}

/// Adds value to the limbs of a wide number; false when it is out of range.
bool AddWide(Int128* limbs, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const int biased = static_cast<int>((bits >> 52) & 0x7ff);
  if (biased == 0x7ff) return false;
  std::int64_t mantissa = static_cast<std::int64_t>(bits & ((1ULL << 52) - 1));
  int exponent = -1074;
  if (biased != 0) {
    mantissa |= 1LL << 52;
    exponent = biased - 1075;
  }
  if (mantissa == 0) return true;
  int shift = exponent - kWideLowestBit;
  if (shift < 0) {  // below the unit: round to nearest, ties away from zero, sign-symmetric
    if (shift < -54) return true;
    mantissa = (mantissa + (1LL << (-shift - 1))) >> -shift;
    shift = 0;
  }
  const int limb = shift / kWideLimbBits;
  const bool spills = shift % kWideLimbBits + 53 > kWideLimbBits;
  if (limb >= kWideLimbs || (limb == kWideLimbs - 1 && spills)) return false;
  // Signed without a branch, which a processor would guess wrong every other time.
  const auto negative = static_cast<std::int64_t>(bits >> 63);
  const Int128 wide = static_cast<Int128>((mantissa ^ -negative) + negative)
                      << (shift % kWideLimbBits);
  if (limb == kWideLimbs - 1) {
    limbs[limb] += wide;
    return true;
  }
  limbs[limb] += static_cast<Int128>(static_cast<std::uint64_t>(wide));
  limbs[limb + 1] += wide >> kWideLimbBits;
  return true;
}

/// The nearest double to a non-negative integer times 2^unit given as 64-bit digits, least first.
double NearestDouble(const std::vector<std::uint64_t>& digits, int unit) {
  int top = static_cast<int>(digits.size()) - 1;
  while (top >= 0 && digits[top] == 0) --top;
  if (top < 0) return 0;
  const int high_bit = 63 - std::countl_zero(digits[top]) + 64 * top;  // of the whole number
  const auto bit_range = [&](int from) {  // 64 bits beginning at bit `from`
    std::uint64_t value = 0;
    for (int i = 0; i < 64; ++i) {
      const int bit = from + i;
      if (bit >= 0 && bit <= high_bit && (digits[bit / 64] >> (bit % 64) & 1) != 0)
        value |= 1ULL << i;
    }
    return value;
  };
  const int lowest = high_bit - 63;
  std::uint64_t leading = bit_range(lowest);
  bool sticky = false;
  for (int bit = 0; bit < lowest && !sticky; ++bit)
    sticky = (digits[bit / 64] >> (bit % 64) & 1) != 0;
  if (sticky) leading |= 1;  // 64 leading bits and a sticky bit round as the whole would
  return std::ldexp(static_cast<double>(leading), lowest + unit);
}

double DecodeWide(const Int128* limbs) {
  // Carry into two's complement digits of 64 bits, two more for the headroom.
  std::vector<std::uint64_t> digits(kWideLimbs + 2);
  Int128 carry = 0;
  for (int i = 0; i < kWideLimbs; ++i) {
    // carry is below 2^64 in size and a limb below 2^126: the sum fits.
    const Int128 sum = limbs[i] + carry;
    digits[i] = static_cast<std::uint64_t>(sum);
    carry = sum >> kWideLimbBits;
  }
  digits[kWideLimbs] = static_cast<std::uint64_t>(carry);
  digits[kWideLimbs + 1] = carry < 0 ? ~0ULL : 0;
  const bool negative = carry < 0;
  if (negative) {
    std::uint64_t add = 1;
    for (std::uint64_t& digit : digits) {
      digit = ~digit + add;
      add = (add != 0 && digit == 0) ? 1 : 0;
    }
  }
  const double size = NearestDouble(digits, kWideLowestBit);
  return negative ? -size : size;
}

}  // namespace

ExactSums::ExactSums(const Layout& layout)
    : layout_(layout),
      offsets_(Offsets(layout)),
      elements_(layout.elements()),
      flags_(layout.blocks.size()),
      withheld_(layout.blocks.size()) {
  for (const BlockSpec& block : layout.blocks) slicers_.emplace_back(block.exponent);
}

Int128* ExactSums::Element(std::size_t block, std::size_t index) {
  CLINNOVA_CHECK(block < layout_.blocks.size() && index < layout_.blocks[block].size);
  return &elements_[offsets_[block] + index * layout_.blocks[block].elements_per_number()];
}

void ExactSums::Add(std::size_t block, std::size_t index, double value) {
  Int128* element = Element(block, index);
  const BlockSpec& spec = layout_.blocks[block];
  if (spec.form == BlockSpec::Form::kWide) {
    if (!AddWide(element, value)) Flag(block);
    return;
  }
  const Slicer& slicer = slicers_[block];
  if (!(std::fabs(value) <= slicer.bound)) return Flag(block);
  *element += slicer.One(value);
}

void ExactSums::AddCount(std::size_t block, std::size_t index, std::int64_t count) {
  const BlockSpec& spec = layout_.blocks[block];
  CLINNOVA_CHECK(spec.form == BlockSpec::Form::kScaled && spec.exponent <= kScaledBits &&
                 spec.exponent >= 0);
  *Element(block, index) += static_cast<Int128>(count) << (kScaledBits - spec.exponent);
}

void ExactSums::AddInteger(std::size_t block, std::size_t index, Int128 integer) {
  AddIntegers(block, index, {&integer, 1});
}

void ExactSums::AddIntegers(std::size_t block, std::size_t first,
                            std::span<const Int128> integers) {
  CLINNOVA_CHECK(layout_.blocks[block].form == BlockSpec::Form::kScaled &&
                 first + integers.size() <= layout_.blocks[block].size);
  Int128* element = &elements_[offsets_[block] + first];
  for (std::size_t i = 0; i < integers.size(); ++i) element[i] += integers[i];
}

void ExactSums::AddAll(std::size_t block, std::size_t index, std::span<const double> values) {
  if (layout_.blocks[block].form == BlockSpec::Form::kScaled) {
    for (const double value : values) Add(block, index, value);
    return;
  }
  Int128* element = Element(block, index);
  bool fits = true;
  for (const double value : values) fits = AddWide(element, value) && fits;
  if (!fits) Flag(block);
}

void ExactSums::AddWeightedColumns(std::size_t block, std::size_t first, const ColumnsView& x,
                                   const double* weights, std::size_t rows) {
  const BlockSpec& spec = layout_.blocks[block];
  CLINNOVA_CHECK(first + x.columns <= spec.size);
  if (spec.form == BlockSpec::Form::kWide) {
    for (std::size_t j = 0; j < x.columns; ++j) {
      Int128* element = Element(block, first + j);
      for (std::size_t r = 0; r < rows; ++r) {
        if (!AddWide(element, weights[r] * x.data[j * x.stride + r])) Flag(block);
      }
    }
    return;
  }
  AddWeightedColumns(block, first, x, ColumnsView{weights, rows, 1}, rows);
}

void ExactSums::AddWeightedColumns(std::size_t block, std::size_t first, const ColumnsView& x,
                                   const ColumnsView& weights, std::size_t rows) {
  const BlockSpec& spec = layout_.blocks[block];
  CLINNOVA_CHECK(spec.form == BlockSpec::Form::kScaled &&
                 first + weights.columns * x.columns <= spec.size);
  const Slicer& slicer = slicers_[block];
  // Whole lanes need zeros after the last row.
  std::vector<Padded> last_weights(rows % kLanes == 0 ? 0 : weights.columns);
  std::vector<const double*> w(weights.columns);
  std::vector<double> largest(weights.columns);
  Padded last;
  for (std::size_t begin = 0; begin < rows; begin += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows - begin);
    std::size_t padded = count;
    for (std::size_t k = 0; k < weights.columns; ++k) {
      w[k] = weights.data + k * weights.stride + begin;
      largest[k] = LargestSize(w[k], count);
      if (count % kLanes == 0) continue;
      padded = last_weights[k].Load(w[k], count);
      w[k] = last_weights[k].values.data();
    }
    for (std::size_t j = 0; j < x.columns; ++j) {
      const double* values = x.data + j * x.stride + begin;
      if (count != padded) {
        last.Load(values, count);
        values = last.values.data();
      }
      const double size = LargestSize(values, count);
      for (std::size_t k = 0; k < weights.columns; ++k) {
        if (!(largest[k] * size <= slicer.bound) &&
            !ProductsInRange(w[k], values, count, slicer.bound)) {
          Flag(block);
          continue;
        }
        SliceSums sums;
        SliceProducts(w[k], values, padded, slicer.high, slicer.low, &sums);
        *Element(block, first + k * x.columns + j) += sums.Carry();
      }
    }
  }
}

void ExactSums::AddWeightedGram(std::size_t block, std::size_t first, const ColumnsView& x,
                                const double* weights, std::size_t rows) {
  const BlockSpec& spec = layout_.blocks[block];
  const std::size_t p = x.columns;
  CLINNOVA_CHECK(spec.form == BlockSpec::Form::kScaled && first + p * (p + 1) / 2 <= spec.size);
  if (p == 0) return;
  const Slicer& slicer = slicers_[block];
  std::vector<Padded> columns(p);
  std::vector<double> sizes(p);
  Padded weighted;
  for (std::size_t begin = 0; begin < rows; begin += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows - begin);
    std::size_t padded = 0;
    for (std::size_t j = 0; j < p; ++j) {
      padded = columns[j].Load(x.data + j * x.stride + begin, count);
      sizes[j] = LargestSize(columns[j].values.data(), count);
    }
    std::fill(weighted.values.begin() + count, weighted.values.begin() + padded, 0.0);
    Int128* element = Element(block, first);
    for (std::size_t i = 0; i < p; ++i) {
      const double* column = columns[i].values.data();
      for (std::size_t r = 0; r < count; ++r) weighted.values[r] = weights[begin + r] * column[r];
      const double largest = LargestSize(weighted.values.data(), count);
      for (std::size_t j = 0; j <= i; ++j, ++element) {
        const double* other = columns[j].values.data();
        if (!(largest * sizes[j] <= slicer.bound) &&
            !ProductsInRange(weighted.values.data(), other, count, slicer.bound)) {
          Flag(block);
          continue;
        }
        SliceSums sums;
        SliceProducts(weighted.values.data(), other, padded, slicer.high, slicer.low, &sums);
        *element += sums.Carry();
      }
    }
  }
}

void ExactSums::AddMoments(const MomentBlocks& blocks, std::size_t index, std::span<const double> x,
                           double weight) {
  const std::size_t p = x.size();
  Add(blocks.weight, index, weight);
  if (p == 0) return;
  const Slicer& first = slicers_[blocks.first];
  const Slicer& second = slicers_[blocks.second];
  Int128* first_element = Element(blocks.first, index * p);
  Int128* second_element = Element(blocks.second, index * p * (p + 1) / 2);
  bool first_fits = true;
  bool second_fits = true;
  for (std::size_t i = 0; i < p; ++i) {
    const double wx = weight * x[i];
    const bool fits = std::fabs(wx) <= first.bound;
    first_fits = first_fits && fits;
    if (fits) first_element[i] += first.One(wx);
    for (std::size_t j = 0; j <= i; ++j, ++second_element) {
      const double value = wx * x[j];
      const bool inside = std::fabs(value) <= second.bound;
      second_fits = second_fits && inside;
      if (inside) *second_element += second.One(value);
    }
  }
  if (!first_fits) Flag(blocks.first);
  if (!second_fits) Flag(blocks.second);
}

void ExactSums::Merge(const ExactSums& other) {
  CLINNOVA_CHECK(other.elements_.size() == elements_.size());
  MergeBlocks(0, other);
}

void ExactSums::MergeBlocks(std::size_t first, const ExactSums& other) {
  if (other.flags_.empty()) return;
  CLINNOVA_CHECK(first + other.flags_.size() <= flags_.size());
  const std::size_t offset = offsets_[first];
  CLINNOVA_CHECK(offset + other.elements_.size() <= elements_.size());
  for (std::size_t i = 0; i < other.elements_.size(); ++i)
    elements_[offset + i] += other.elements_[i];
  for (std::size_t b = 0; b < other.flags_.size(); ++b) {
    flags_[first + b] = flags_[first + b] || other.flags_[b];
    withheld_[first + b] = withheld_[first + b] || other.withheld_[b];
  }
}

bool ExactSums::flagged() const {
  return std::find(flags_.begin(), flags_.end(), true) != flags_.end();
}

std::vector<Int128> ExactSums::Seal(const core::Hash& seed) const {
  std::vector<Int128> sealed = elements_;
  const bool all = flagged();
  if (all || std::find(withheld_.begin(), withheld_.end(), true) != withheld_.end()) {
    static_assert(randombytes_SEEDBYTES == sizeof(core::Hash));
    std::vector<Int128> noise(sealed.size());
    randombytes_buf_deterministic(noise.data(), noise.size() * sizeof(Int128), seed.data());
    for (std::size_t b = 0; b < flags_.size(); ++b) {
      if (!all && !withheld_[b]) continue;
      const auto first = static_cast<std::ptrdiff_t>(offsets_[b]);
      const auto count = static_cast<std::ptrdiff_t>(layout_.blocks[b].elements());
      std::copy_n(noise.begin() + first, count, sealed.begin() + first);
    }
  }
  for (std::size_t b = 0; b < flags_.size(); ++b) {
    sealed[offsets_[b] + layout_.blocks[b].elements() - 1] = flags_[b] ? 1 : 0;
  }
  return sealed;
}

Result<PooledSums> PooledSums::Decode(const Layout& layout, std::vector<Int128> elements) {
  if (elements.size() != layout.elements()) {
    return Fail(ErrorCode::kInvalidInput,
                "round result: found " + std::to_string(elements.size()) + " elements, expected " +
                    std::to_string(layout.elements()),
                "malformed");
  }
  PooledSums sums;
  sums.layout_ = layout;
  sums.offsets_ = Offsets(layout);
  sums.elements_ = std::move(elements);
  return sums;
}

std::vector<std::size_t> PooledSums::FlaggedBlocks() const {
  std::vector<std::size_t> flagged;
  for (std::size_t b = 0; b < offsets_.size(); ++b) {
    if (elements_[offsets_[b] + layout_.blocks[b].elements() - 1] != 0) flagged.push_back(b);
  }
  return flagged;
}

double PooledSums::Number(std::size_t block, std::size_t index) const {
  CLINNOVA_CHECK(block < offsets_.size() && index < layout_.blocks[block].size);
  const BlockSpec& spec = layout_.blocks[block];
  const Int128* element = &elements_[offsets_[block] + index * spec.elements_per_number()];
  if (spec.form == BlockSpec::Form::kWide) return DecodeWide(element);
  return std::ldexp(static_cast<double>(*element), static_cast<int>(spec.exponent) - kScaledBits);
}

std::vector<double> PooledSums::Numbers(std::size_t block) const {
  std::vector<double> numbers(layout_.blocks[block].size);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = Number(block, i);
  return numbers;
}

std::int64_t PooledSums::Count(std::size_t block, std::size_t index) const {
  const BlockSpec& spec = layout_.blocks[block];
  CLINNOVA_CHECK(spec.form == BlockSpec::Form::kScaled && index < spec.size);
  return static_cast<std::int64_t>(elements_[offsets_[block] + index] >>
                                   (kScaledBits - spec.exponent));
}

Int128 PooledSums::Integer(std::size_t block, std::size_t index) const {
  CLINNOVA_CHECK(block < offsets_.size() && index < layout_.blocks[block].size &&
                 layout_.blocks[block].form == BlockSpec::Form::kScaled);
  return elements_[offsets_[block] + index];
}

std::vector<std::int64_t> PooledSums::Counts(std::size_t block) const {
  std::vector<std::int64_t> counts(layout_.blocks[block].size);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = Count(block, i);
  return counts;
}

}  // namespace clinnova::federation
