// SPDX-License-Identifier: Apache-2.0
#include "stats/keyed_random.h"

#include <string>

#include "core/deterministic_math.h"
#include "core/hash.h"
#include "core/mix.h"

namespace clinnova::stats {
namespace {

std::uint64_t Word(const core::Hash& hash, std::size_t first) {
  std::uint64_t word = 0;
  for (std::size_t i = 8; i-- > 0;) word = word << 8 | hash[first + i];
  return word;
}

}  // namespace

KeyedRandom::KeyedRandom(std::int64_t seed, std::string_view content) {
  std::string bytes;
  const auto number = static_cast<std::uint64_t>(seed);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xff);
  bytes += content;
  const core::Hash hash = core::Blake2b(bytes);
  first_ = Word(hash, 0);
  second_ = Word(hash, 8);
}

double KeyedRandom::Uniform(std::uint64_t counter) const {
  const std::uint64_t bits =
      core::MixBits(core::MixBits(first_ + counter * core::kMixStep) ^ second_);
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

double KeyedRandom::Normal(std::uint64_t counter) const {
  return core::NormalQuantile(Uniform(counter));
}

}  // namespace clinnova::stats
