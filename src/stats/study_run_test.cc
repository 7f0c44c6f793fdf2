// SPDX-License-Identifier: Apache-2.0
#include "stats/study_run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "federation/in_process.h"
#include "stats/method.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

constexpr char kSecond[] =
    "[[analysis]]\nname = \"second\"\nmethod = \"summary\"\nvariables = [\"x\"]\n";

Result<StudyOutcome> RunTwo(const std::string& first, int minimum_count,
                            const StudyProgress& progress = nullptr) {
  const federation::Study study = StudyOf(first + kSecond, minimum_count);
  std::vector<double> x;
  for (int i = 0; i < 30; ++i) x.push_back(i);
  const auto federation =
      federation::InProcessFederation::Create({.study = study,
                                               .site_names = {"basel"},
                                               .tables = {table::MakeTable({{"x", x}, {"y", x}})},
                                               .steps = &Steps(),
                                               .minimum_count = minimum_count,
                                               .threads = 1});
  if (!federation) return Fail(federation);
  return RunStudy(**federation, study, {{"basel", 30}, {"small", -1}}, progress);
}

TEST(RunStudy, WritesTheResultFile) {
  std::vector<std::string> told;
  const auto outcome =
      RunTwo("method = \"summary\"\nvariables = [\"y\"]\n", 5,
             [&](const std::string& analysis, std::size_t done, std::size_t total) {
               told.push_back(analysis + std::to_string(done) + "/" + std::to_string(total));
             });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->errors.empty());
  EXPECT_EQ(told, (std::vector<std::string>{"a0/2", "second1/2"}));
  const auto json = nlohmann::json::parse(outcome->result_json);
  EXPECT_EQ(json["study"]["title"], "Test");
  EXPECT_EQ(json["sites"][0]["rows"], 30);
  EXPECT_TRUE(json["sites"][1]["rows"].is_null());
  EXPECT_EQ(json["analyses"].size(), 2u);
  EXPECT_EQ(json["ledger"]["root"].get<std::string>().size(), 64u);
  EXPECT_FALSE(json.contains("disclosure"));
}

TEST(RunStudy, SaysThatDisclosureIsOff) {
  const auto outcome = RunTwo("method = \"summary\"\nvariables = [\"y\"]\n", 0);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(nlohmann::json::parse(outcome->result_json)["disclosure"], "off");
}

TEST(RunStudy, GoesOnAfterARefusal) {
  const auto outcome = RunTwo("method = \"glm\"\nformula = \"y ~ I(x > 27)\"\n", 5);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->errors.size(), 1u);
  const auto json = nlohmann::json::parse(outcome->result_json);
  EXPECT_EQ(json["analyses"][0]["error"]["code"], "refused");
  EXPECT_EQ(json["analyses"][0]["error"]["reason"], "rare_level");
  EXPECT_EQ(json["analyses"][1]["variables"][0]["mean"], 14.5);
}

TEST(RunStudy, StopsAtAnInvalidAnalysis) {
  const auto outcome = RunTwo("method = \"summary\"\nvariables = [\"z\"]\n", 5);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(RunTwo("method = \"magic\"\n", 5));
}

TEST(RunStudy, RepeatsBitForBit) {
  const auto a = RunTwo("method = \"glm\"\nformula = \"y ~ x\"\n", 5);
  const auto b = RunTwo("method = \"glm\"\nformula = \"y ~ x\"\n", 5);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->result_json, b->result_json);
}

}  // namespace
}  // namespace clinnova::stats
