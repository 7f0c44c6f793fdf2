// SPDX-License-Identifier: Apache-2.0
#include "learn/joint_arms.h"

#include <gtest/gtest.h>

namespace clinnova::learn {
namespace {

TEST(JointArms, AnArmsCoefficientIsTheSharedOnePlusItsOwn) {
  const JointArms joint(2, 3);
  ASSERT_EQ(joint.size(), 8u);  // two intercepts, two shared, two own of each arm
  const std::vector<double> by_arm = joint.ByArm({1, 2, 10, 20, 0.1, 0.2, -0.3, -0.4});
  EXPECT_EQ(by_arm, (std::vector<double>{1, 10.1, 20.2, 2, 9.7, 19.6}));
}

TEST(JointArms, UnitsLeaveTheInterceptsWithoutPenalty) {
  const JointArms joint(2, 2);
  EXPECT_EQ(joint.Units({0, 3}), (std::vector<double>{0, 0, 3, 3, 3}));
}

TEST(JointArms, ScoreAndInformationFollowTheChainRule) {
  const JointArms joint(2, 2);
  const auto at = joint.Evaluation(7, {{1, 2}, {3, 4}}, {{{5, 6}, {6, 8}}, {{9, 10}, {10, 12}}});
  EXPECT_EQ(at.deviance, 7);
  EXPECT_EQ(at.score, (std::vector<double>{1, 3, 6, 2, 4}));
  // Rows: both intercepts, the shared slope, the own slopes.
  EXPECT_EQ(at.information,
            (std::vector<double>{5, 0, 9, 6, 10, 20, 6, 0, 8, 8, 0, 10, 12, 0, 12}));
}

}  // namespace
}  // namespace clinnova::learn
