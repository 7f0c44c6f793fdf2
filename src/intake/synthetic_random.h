// SPDX-License-Identifier: Apache-2.0
// Random numbers for synthetic data only, the same on every machine: SplitMix64 (Steele, Lea and Flood
// 2014) with one stream per (seed, patient, purpose), so that a change of one part of a model leaves
// the draws of the others as they were. Not for secrets.
#pragma once

#include <cstdint>

#include "core/deterministic_math.h"
#include "core/mix.h"

namespace clinnova::intake {

class SyntheticRandom {
 public:
  SyntheticRandom(std::uint64_t seed, std::uint64_t patient, std::uint64_t purpose)
      : state_(core::MixBits(
            seed + core::MixBits(patient * core::kMixStep + core::MixBits(purpose + 1)))) {}

  std::uint64_t Bits() { return core::MixBits(state_ += core::kMixStep); }
  /// Strictly between 0 and 1, in steps of 2^-53.
  double Uniform() { return (static_cast<double>(Bits() >> 11) + 0.5) * 0x1p-53; }
  double Normal() { return core::NormalQuantile(Uniform()); }
  /// Mean 1.
  double Exponential() { return -core::Log(Uniform()); }
  bool Chance(double probability) { return Uniform() < probability; }
  /// A whole number from `low` to `high`.
  int Between(int low, int high) {
    return low + static_cast<int>(Uniform() * static_cast<double>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

}  // namespace clinnova::intake
