// SPDX-License-Identifier: Apache-2.0
#include "learn/training_rows.h"

#include <bit>

#include "core/mix.h"

namespace clinnova::learn {

std::uint64_t MixNumber(std::uint64_t key, double value) {
  return core::MixNext(key ^ std::bit_cast<std::uint64_t>(value + 0.0));  // -0 becomes 0
}

std::uint64_t MixText(std::uint64_t key, std::string_view text) {
  key = core::MixNext(key ^ text.size());
  for (const char c : text) key = core::MixNext(key ^ static_cast<unsigned char>(c));
  return key;
}

double KeyedUniform(std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(core::MixNext(a ^ core::MixNext(b)) >> 11) * 0x1p-53;
}

}  // namespace clinnova::learn
