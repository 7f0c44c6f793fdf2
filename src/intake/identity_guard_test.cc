// SPDX-License-Identifier: Apache-2.0
#include "intake/identity_guard.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

TEST(IdentityGuard, HidesWordsAndRunsOfWords) {
  IdentityGuard guard;
  guard.Add("Tremblay");
  guard.Add("4c875c3c-b4d6-4f6d-aabe-5ddc24892adc");
  guard.Add("van der Berg");
  guard.Add("Müller");
  EXPECT_EQ(guard.Hide("Addie_Tremblay_4c875c3c-b4d6-4f6d-aabe-5ddc24892adc.json"),
            "Addie_[hidden]_[hidden].json");
  EXPECT_EQ(guard.Hide("seen by TREMBLAY; van der Berg."), "seen by [hidden]; [hidden].");
  EXPECT_EQ(guard.Hide("Fr. Müller"), "Fr. [hidden]");
  EXPECT_EQ(guard.Hide("Tremblays"), "Tremblays") << "another word";
  EXPECT_EQ(guard.Hide(""), "");
}

TEST(IdentityGuard, LeavesShortWordsSoThatValuesStayReadable) {
  IdentityGuard guard;
  guard.Add("12");
  guard.Add("");
  EXPECT_EQ(guard.Hide("CRP 12 mg/L"), "CRP 12 mg/L");
}

}  // namespace
}  // namespace clinnova::intake
