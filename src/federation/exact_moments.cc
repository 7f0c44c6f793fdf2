// SPDX-License-Identifier: Apache-2.0
#include "federation/exact_moments.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "federation/registers.h"

namespace clinnova::federation {
namespace {

std::size_t LaneGroups(std::size_t numbers) { return (numbers + kLanes - 1) / kLanes; }

/// Row i of the triangle holds weight * z[i] * z[j] for j <= i; its last lanes go past j = i and are never read.
template <std::size_t kWidth>
[[gnu::always_inline]] inline void AddRecordBy(const double* z, std::size_t rows, double weight,
                                               const double* shifts, double* slices) {
  using Numbers = Register<double, kWidth>;
  for (std::size_t i = 0; i < rows; ++i) {
    const double weighted = weight * z[i];
    for (std::size_t j = 0; j <= i; j += kLanes, shifts += 2 * kLanes, slices += 2 * kLanes) {
#pragma GCC unroll 4
      for (std::size_t at = 0; at < kLanes; at += kWidth) {
        Numbers x, high, low, high_sum, low_sum;
        std::memcpy(&x, z + j + at, sizeof x);
        std::memcpy(&high, shifts + at, sizeof high);
        std::memcpy(&low, shifts + kLanes + at, sizeof low);
        std::memcpy(&high_sum, slices + at, sizeof high_sum);
        std::memcpy(&low_sum, slices + kLanes + at, sizeof low_sum);
        const Numbers value = weighted * x;
        const Numbers h = (value + high) - high;
        const Numbers rest = value - h;
        high_sum += h;
        low_sum += (rest + low) - low;
        std::memcpy(slices + at, &high_sum, sizeof high_sum);
        std::memcpy(slices + kLanes + at, &low_sum, sizeof low_sum);
      }
    }
  }
}
CLINNOVA_FOR_REGISTERS(void, AddRecord,
                       (const double* z, std::size_t rows, double weight, const double* shifts,
                        double* slices),
                       (z, rows, weight, shifts, slices))

}  // namespace

ExactMoments::ExactMoments(std::size_t p, std::int64_t weight_exponent, std::int64_t size_exponent)
    : p_(p), record_(LaneGroups(p + 1) * kLanes), totals_(NumbersOf(p)) {
  for (int power = 0; power <= 2; ++power)
    slicers_.emplace_back(weight_exponent + power * size_exponent);
  record_[0] = 1;
  for (std::size_t i = 0; i <= p; ++i) {
    for (std::size_t group = 0; group < LaneGroups(i + 1); ++group) {
      const auto add = [&](double Slicer::* shift) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          const bool with_one = group == 0 && lane == 0;
          shifts_.push_back(slicers_[(i > 0 ? 1 : 0) + (with_one ? 0 : 1)].*shift);
        }
      };
      add(&Slicer::high);
      add(&Slicer::low);
    }
  }
  slices_.resize(shifts_.size());
}

void ExactMoments::Add(std::span<const double> x, double weight) {
  std::copy(x.begin(), x.end(), record_.begin() + 1);
  AddRecord(record_.data(), p_ + 1, weight, shifts_.data(), slices_.data());
  if (++pending_ == kRowsPerCarry) Carry();
}

void ExactMoments::Carry() {
  if (pending_ == 0) return;
  const double* slices = slices_.data();
  std::size_t second = 1 + p_;
  for (std::size_t i = 0; i <= p_; ++i) {
    totals_[i] += slicers_[i > 0 ? 1 : 0].Carry(slices[0], slices[kLanes]);
    for (std::size_t j = 1; j <= i; ++j) {
      const double* at = slices + j / kLanes * 2 * kLanes + j % kLanes;
      totals_[second++] += slicers_[2].Carry(at[0], at[kLanes]);
    }
    slices += LaneGroups(i + 1) * 2 * kLanes;
  }
  std::fill(slices_.begin(), slices_.end(), 0.0);
  pending_ = 0;
}

void ExactMoments::Read(std::span<long double> numbers) {
  CLINNOVA_CHECK(numbers.size() == totals_.size());
  Carry();
  const auto unit = [&](int power) {
    return static_cast<long double>(1) / static_cast<long double>(slicers_[power].to_low_units);
  };
  const long double units[] = {unit(0), unit(1), unit(2)};
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    numbers[i] = static_cast<long double>(totals_[i]) * units[i == 0 ? 0 : i <= p_ ? 1 : 2];
  }
}

void ExactMoments::Clear() {
  std::fill(slices_.begin(), slices_.end(), 0.0);
  std::fill(totals_.begin(), totals_.end(), Int128{0});
  pending_ = 0;
}

}  // namespace clinnova::federation
