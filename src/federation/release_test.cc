// SPDX-License-Identifier: Apache-2.0
#include "federation/release.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace clinnova::federation {
namespace {

Study StudyWith(int minimum_count, const std::string& columns = "") {
  auto study =
      Study::FromToml("[study]\ntitle = \"t\"\npurpose = \"p\"\n[privacy]\nminimum_count = " +
                          std::to_string(minimum_count) + "\n" + columns +
                          "[[analysis]]\nname = \"a\"\nmethod = \"glm\"\nformula = \"y ~ x\"\n",
                      "test.toml");
  if (!study) throw std::runtime_error(study.error().message);
  return std::move(*study);
}

ReleaseGate Gate(int minimum_count) {
  return ReleaseGate(SitePolicy{.minimum_count = minimum_count, .methods = {}});
}

table::SiteSchema Sites(std::uint64_t rows) {
  return {.columns = {{.name = "drug", .numeric = false, .empty = false, .levels = {"a", "b"}},
                      {.name = "age", .numeric = true, .empty = false, .levels = {}}},
          .rows = rows};
}

TEST(ReleaseGate, TakesTheStricterThreshold) {
  EXPECT_EQ(Gate(5).MinimumCount(StudyWith(3)), 5);
  EXPECT_EQ(Gate(5).MinimumCount(StudyWith(10)), 10);
  EXPECT_EQ(Gate(5).MinimumCount(StudyWith(0)), 5);  // a study alone cannot lift the rule
  EXPECT_EQ(Gate(0).MinimumCount(StudyWith(0)), 0);
  EXPECT_EQ(Gate(0).MinimumCount(StudyWith(7)), 7);
}

TEST(ReleaseGate, ChecksMethodAndRounds) {
  const Study study = StudyWith(5);
  const Analysis& analysis = study.analyses()[0];
  const ReleaseGate open(SitePolicy{.rounds_per_study = 3, .methods = {}});
  EXPECT_TRUE(open.CheckRound(study, analysis, 2));
  const auto used = open.CheckRound(study, analysis, 3);
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code, ErrorCode::kRefused);
  EXPECT_EQ(used.error().reason, "round_limit");
  EXPECT_TRUE(ReleaseGate(SitePolicy{.methods = {"cox", "glm"}}).CheckRound(study, analysis, 0));
  const auto refused = ReleaseGate(SitePolicy{.methods = {"cox"}}).CheckRound(study, analysis, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "method_not_allowed");
}

TEST(ReleaseGate, LimitsTheStudiesOfADay) {
  const ReleaseGate gate(SitePolicy{.studies_per_day = 2, .methods = {}});
  EXPECT_TRUE(gate.CheckStart(1));
  const auto refused = gate.CheckStart(2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_EQ(refused.error().reason, "study_limit");
}

TEST(ReleaseGate, DescribesASmallSiteAsEmpty) {
  const auto told = Gate(5).Describe(StudyWith(5), Sites(4), {{2, 2}, {}});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->value().rows, 0u);
  for (const auto& column : told->value().columns) {
    EXPECT_TRUE(column.empty);
    EXPECT_TRUE(column.levels.empty());
  }
  EXPECT_EQ(told->value().columns[0].name, "drug");
}

TEST(ReleaseGate, RefusesARareLevelUnlessTheStudyDeclaresIt) {
  const auto rare = Gate(5).Describe(StudyWith(5), Sites(50), {{46, 4}, {}});
  ASSERT_FALSE(rare);
  EXPECT_EQ(rare.error().code, ErrorCode::kRefused);
  EXPECT_EQ(rare.error().reason, "rare_level");
  const auto common = Gate(5).Describe(StudyWith(5), Sites(50), {{45, 5}, {}});
  ASSERT_TRUE(common);
  EXPECT_EQ(common->value().rows, 50u);
  EXPECT_EQ(common->value().columns[0].levels, (std::vector<std::string>{"a", "b"}));
  const auto declared =
      Gate(5).Describe(StudyWith(5, "[[column]]\nname = \"drug\"\nlevels = [\"a\", \"b\"]\n"),
                       Sites(50), {{46, 4}, {}});
  ASSERT_TRUE(declared);
  EXPECT_TRUE(declared->value().columns[0].levels.empty());
}

TEST(ReleaseGate, RefusalIsACodeAndAFixedWord) {
  const auto refusal =
      Gate(5).Refuse({ErrorCode::kRefused, "patient 17 is 99 years old", "rare_level"});
  EXPECT_EQ(refusal.value().code, ErrorCode::kRefused);
  EXPECT_EQ(refusal.value().reason, "rare_level");
  EXPECT_EQ(Gate(5).Refuse({ErrorCode::kFailed, "age 99", ""}).value().reason, "unspecified");
}

TEST(ReleaseGate, TakesOfEachThresholdTheStricter) {
  const auto study = Study::FromToml(
      "[study]\ntitle = \"t\"\n[privacy]\nleverage = 0.2\nexits_per_time = 5\n"
      "[[analysis]]\nname = \"a\"\nmethod = \"glm\"\n",
      "test.toml");
  ASSERT_TRUE(study) << study.error().message;
  SitePolicy policy;
  policy.limits.dominance_one = 0.05;
  const DisclosureLimits limits = ReleaseGate(policy).Limits(*study);
  EXPECT_EQ(limits.leverage, 0.2);        // the study's
  EXPECT_EQ(limits.dominance_one, 0.05);  // the site's
  EXPECT_EQ(limits.exits_per_time, 10);   // a study cannot make it laxer
  EXPECT_EQ(limits.information_share, 0.1);
}

/// A study that names everything that a policy can ask for.
Study NamedStudy() {
  auto study = Study::FromToml(
      "[study]\ntitle = \"t\"\npurpose = \"response\"\npermit = \"CNER 1\"\n"
      "researcher = \"A. Muster\"\nsites = [\"a\", \"b\", \"c\"]\n"
      "[cohort]\ndisease = \"ra\"\nindex = \"first_biologic\"\n"
      "[[variable]]\nname = \"inflammation\"\nfeature = \"crp_baseline\"\n"
      "[[variable]]\nname = \"drug\"\nfeature = \"drug\"\n"
      "[[analysis]]\nname = \"a\"\nmethod = \"glm\"\nformula = \"inflammation ~ drug\"\n"
      "[[analysis]]\nname = \"b\"\nmethod = \"cox\"\nformula = \"inflammation ~ drug\"\n",
      "test.toml");
  if (!study) throw std::runtime_error(study.error().message);
  return std::move(*study);
}

std::string ReasonUnder(SitePolicy policy, const Study& study = NamedStudy()) {
  const std::vector<std::string> columns = {"inflammation", "drug", "site"};
  const auto allowed = ReleaseGate(std::move(policy)).CheckStudy(study, columns, "2026-11-27");
  if (allowed) return "allowed";
  EXPECT_EQ(allowed.error().code, ErrorCode::kRefused);
  return allowed.error().reason;
}

TEST(ReleaseGate, AllowsAStudyThatThePolicyNames) {
  EXPECT_EQ(ReasonUnder({}), "allowed");
  EXPECT_EQ(ReasonUnder({.methods = {"cox", "glm"},
                         .researchers = {"B. Muster", "A. Muster"},
                         .purposes = {"response"},
                         .permits = {"CNER 1"},
                         .variables = {"crp_baseline", "drug"},
                         .expires = "2026-11-27"}),
            "allowed");
}

TEST(ReleaseGate, RefusesAStudyThatThePolicyDoesNotName) {
  EXPECT_EQ(ReasonUnder({.methods = {"glm"}}), "method_not_allowed");
  EXPECT_EQ(ReasonUnder({.researchers = {"a. muster"}}), "researcher_not_allowed");
  EXPECT_EQ(ReasonUnder({.purposes = {"response "}}), "purpose_not_allowed");
  EXPECT_EQ(ReasonUnder({.permits = {"CNER 12"}}), "permit_not_allowed");
  EXPECT_EQ(ReasonUnder({.minimum_sites = 4}), "too_few_sites");
  EXPECT_EQ(ReasonUnder({.expires = "2026-11-26"}), "policy_expired");
  // A variable is what it is made from: a study cannot give a feature an allowed name.
  EXPECT_EQ(ReasonUnder({.variables = {"inflammation", "drug"}}), "variable_not_allowed");
  EXPECT_EQ(ReasonUnder({.variables = {"crp_baseline"}}), "variable_not_allowed");
}

TEST(ReleaseGate, RefusesAStudyThatDoesNotSayWhoAsks) {
  EXPECT_EQ(ReasonUnder({.researchers = {"A. Muster"}}, StudyWith(5)), "researcher_not_allowed");
  EXPECT_EQ(ReasonUnder({.permits = {"CNER 1"}}, StudyWith(5)), "permit_not_allowed");
}

}  // namespace
}  // namespace clinnova::federation
