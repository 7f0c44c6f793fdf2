// SPDX-License-Identifier: Apache-2.0
#include "decision/edss.h"

#include <gtest/gtest.h>

namespace clinnova::decision {
namespace {

struct Case {
  const char* name;
  FunctionalSystems systems;
  double edss;
};

TEST(Edss, FollowsTheRulesOfNeurostatus) {
  const Case cases[] = {
      {"nothing", {}, 0},
      {"one 1", {.brainstem = 1}, 1},
      {"two 1", {.brainstem = 1, .sensory = 1}, 1.5},
      {"one 2", {.pyramidal = 2}, 2},
      {"two 2", {.pyramidal = 2, .sensory = 2}, 2.5},
      {"three 2", {.brainstem = 2, .pyramidal = 2, .sensory = 2}, 3},
      {"one 3", {.pyramidal = 3, .sensory = 1}, 3},
      {"one 3 and one 2", {.pyramidal = 3, .sensory = 2}, 3.5},
      {"two 3", {.pyramidal = 3, .sensory = 3}, 3.5},
      {"two 3 and one 2", {.pyramidal = 3, .cerebellar = 2, .sensory = 3}, 4},
      {"one 4", {.pyramidal = 4, .sensory = 1}, 4},
      {"one 4 and one 2", {.pyramidal = 4, .sensory = 2}, 4.5},
      {"two 4", {.pyramidal = 4, .sensory = 4}, 5},
      {"limited walking alone", {.ambulation = 1}, 2},
      {"300 to 500 m", {.sensory = 2, .ambulation = 2}, 4.5},
      {"200 to 300 m", {.ambulation = 3}, 5},
      {"100 to 200 m", {.ambulation = 4}, 5.5},
      {"one stick", {.ambulation = 6}, 6},
      {"two sticks, short", {.ambulation = 9}, 6.5},
      {"wheelchair", {.ambulation = 10}, 7},
      {"bed", {.ambulation = 14}, 9},
      {"death", {.ambulation = 16}, 10},
      // The raw visual 6 counts as 4, the raw bowel and bladder 3 as 3 and 4 as 3.
      {"visual 6", {.visual = 6}, 4},
      {"visual 1", {.visual = 1}, 1},
      {"bowel and bladder 4", {.bowel_bladder = 4}, 3},
      {"bowel and bladder 6", {.bowel_bladder = 6}, 5},
  };
  for (const Case& one : cases) EXPECT_EQ(Edss(one.systems), one.edss) << one.name;
}

}  // namespace
}  // namespace clinnova::decision
