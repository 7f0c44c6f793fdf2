// SPDX-License-Identifier: Apache-2.0
#include "decision/edss.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

#include "core/check.h"

namespace clinnova::decision {
namespace {

constexpr std::array<int, 7> kVisual{0, 1, 2, 2, 3, 3, 4};
constexpr std::array<int, 7> kBowelBladder{0, 1, 2, 3, 3, 4, 5};
/// By ambulation code from 3 on.
constexpr std::array<double, 14> kByWalking{5.0, 5.5, 6.0, 6.0, 6.0, 6.5, 6.5,
                                            7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0};

/// The highest functional system, how many have it, and the same of the next lower value.
struct Highest {
  int value = 0;
  std::ptrdiff_t count = 0;
  int second = 0;
  std::ptrdiff_t second_count = 0;
};

Highest HighestOf(std::array<int, 7> systems) {
  std::ranges::sort(systems, std::greater<>());
  Highest highest{.value = systems[0]};
  highest.count = std::ranges::count(systems, highest.value);
  if (highest.count < 7) {
    highest.second = systems[static_cast<std::size_t>(highest.count)];
    highest.second_count = std::ranges::count(systems, highest.second);
  }
  return highest;
}

/// The highest system is 4.
double FromFour(const Highest& highest, int ambulation) {
  if (highest.count >= 2) return 5.0;
  if (highest.second == 3 && highest.second_count > 2) return 5.0;
  if (highest.second >= 2) return 4.5;
  return ambulation < 2 ? 4.0 : 4.5;
}

/// The highest system is 3, of fewer than six.
double FromThree(const Highest& highest) {
  if (highest.count == 5) return 4.5;
  if (highest.count == 2 && highest.second <= 1) return 3.5;
  if (highest.count >= 2) return 4.0;
  if (highest.second == 2) return highest.second_count >= 3 ? 4.0 : 3.5;
  return 3.0;
}

double FromTwo(const Highest& highest) {
  if (highest.count >= 6) return 4.0;
  if (highest.count == 5) return 3.5;
  if (highest.count >= 3) return 3.0;
  return highest.count == 2 ? 2.5 : 2.0;
}

}  // namespace

double Edss(const FunctionalSystems& systems) {
  const int walking = systems.ambulation;
  CLINNOVA_CHECK(walking >= 0 && walking <= 16);
  if (walking >= 3) return kByWalking[static_cast<std::size_t>(walking) - 3];
  const Highest highest = HighestOf(
      {kVisual.at(static_cast<std::size_t>(systems.visual)), systems.brainstem, systems.pyramidal,
       systems.cerebellar, systems.sensory,
       kBowelBladder.at(static_cast<std::size_t>(systems.bowel_bladder)), systems.cerebral});
  if (highest.value >= 5) return 5.0;
  if (highest.value == 4) return FromFour(highest, walking);
  if (highest.value == 3 && highest.count >= 6) return 5.0;
  if (walking == 2) return 4.5;
  if (highest.value == 3) return FromThree(highest);
  if (highest.value == 2) return FromTwo(highest);
  if (walking == 1) return 2.0;
  if (highest.value == 1) return highest.count >= 2 ? 1.5 : 1.0;
  return 0.0;
}

}  // namespace clinnova::decision
