// SPDX-License-Identifier: Apache-2.0
#include "federation/information_account.h"

#include <gtest/gtest.h>

namespace clinnova::federation {
namespace {

InformationCharge Round(std::string question, std::uint64_t numbers,
                        std::vector<std::string> variables = {"age", "crp"}) {
  return {.project = "permit 1",
          .question = std::move(question),
          .step = "glm.score",
          .variables = std::move(variables),
          .numbers = numbers};
}

TEST(InformationAccount, RefusesWhatExceedsAVariablesAllowance) {
  InformationAccount account;
  EXPECT_TRUE(account.Charge(Round("one", 6), 4));
  EXPECT_EQ(account.Charged("permit 1", "age"), 3);
  const auto refused = account.Charge(Round("two", 3), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_EQ(refused.error().reason, "information_budget");
  EXPECT_EQ(account.Charged("permit 1", "age"), 3);  // nothing was entered
  EXPECT_TRUE(account.Charge(Round("three", 2), 4));
}

TEST(InformationAccount, HoldsForEverySetOfVariables) {
  InformationAccount account;
  // Three studies of pairs out of three variables: 24 numbers about three variables.
  EXPECT_TRUE(account.Charge(Round("one", 8, {"a", "b"}), 8));
  EXPECT_TRUE(account.Charge(Round("two", 8, {"b", "c"}), 8));
  EXPECT_FALSE(account.Charge(Round("three", 9, {"a", "c"}), 8));
  EXPECT_TRUE(account.Charge(Round("three", 8, {"a", "c"}), 8));
  EXPECT_FALSE(account.Charge(Round("four", 1, {"a", "b", "c"}), 8));
}

TEST(InformationAccount, CountsTheLargestRoundOfAStep) {
  InformationAccount account;
  EXPECT_TRUE(account.Charge(Round("one", 6), 4));
  EXPECT_TRUE(account.Charge(Round("one", 6), 4));  // the next iteration, or the run once more
  EXPECT_TRUE(account.Charge(Round("one", 8), 4));  // two numbers more
  EXPECT_EQ(account.Charged("permit 1", "crp"), 4);
  EXPECT_FALSE(account.Charge(Round("one", 10), 4));
}

TEST(InformationAccount, KeepsProjectsApart) {
  InformationAccount account;
  EXPECT_TRUE(account.Charge(Round("one", 8), 4));
  InformationCharge other = Round("two", 8);
  other.project = "permit 2";
  EXPECT_TRUE(account.Charge(other, 4));
  EXPECT_EQ(account.Charged("permit 3", "age"), 0);
}

TEST(InformationAccount, RestoresWhatTheLedgerSays) {
  InformationAccount account;
  account.Restore(Round("one", 7));
  account.Restore(Round("one", 7));
  EXPECT_EQ(account.Charged("permit 1", "age"), 3.5);
  EXPECT_FALSE(account.Charge(Round("two", 2), 4));
  EXPECT_TRUE(account.Charge(Round("two", 1), 4));
}

TEST(InformationAccount, CountsAloneCostNothing) {
  InformationAccount account;
  EXPECT_TRUE(account.Charge(Round("one", 0), 0));
}

}  // namespace
}  // namespace clinnova::federation
