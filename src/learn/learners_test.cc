// SPDX-License-Identifier: Apache-2.0
// A learner is a method like any other once it is registered: known by name, with its steps and options.
#include "learn/learners.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "stats/study_fixture.h"

namespace clinnova::learn {
namespace {

constexpr std::string_view kOptions[] = {"depth"};

Result<nlohmann::ordered_json> RunNothing(federation::Federation&, const federation::Analysis&) {
  return nlohmann::ordered_json{{"n", 0}};
}

const bool kRegistered = [] {
  RegisterLearners();
  stats::RegisterMethods({{"aaa_learner", "a learner of this test", kOptions, {}, RunNothing}});
  return true;
}();

TEST(Learners, AreFoundBesideTheStatistics) {
  ASSERT_TRUE(kRegistered);
  ASSERT_NE(stats::FindMethod("aaa_learner"), nullptr);
  EXPECT_NE(stats::FindMethod("glm"), nullptr);
  EXPECT_EQ(stats::Methods().front().name, "aaa_learner");
  for (const stats::Method& learner : Learners()) {
    EXPECT_NE(stats::FindMethod(learner.name), nullptr) << learner.name;
    EXPECT_TRUE(stats::Steps().Knows(learner.name)) << learner.name;
  }
  EXPECT_TRUE(stats::Steps().Knows("aaa_learner"));
}

TEST(Learners, HaveTheirOptionsChecked) {
  EXPECT_TRUE(stats::CheckAnalyses(stats::StudyOf("method = \"aaa_learner\"\ndepth = 3")));
  const auto wrong = stats::CheckAnalyses(stats::StudyOf("method = \"aaa_learner\"\ndeep = 3"));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("deep"), std::string::npos) << wrong.error().message;
}

TEST(Learners, CannotComeAfterTheRegistryIsInUse) {
  ASSERT_FALSE(stats::Methods().empty());
  EXPECT_THROW(stats::RegisterMethods({}), core::CheckFailure);
}

}  // namespace
}  // namespace clinnova::learn
