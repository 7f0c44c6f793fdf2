// SPDX-License-Identifier: Apache-2.0
// One score, two places: a study's table computes it in SQL, the bedside here. They must be the same number.
#include <gtest/gtest.h>

#include <cmath>

#include "cohort/score_formula.h"
#include "core/duckdb.h"
#include "decision/score.h"

namespace clinnova::decision {
namespace {

using SqlInputs = std::map<std::string, std::string, std::less<>>;

double InSql(const cohort::ScoreFormula& formula, const SqlInputs& inputs) {
  auto database = core::Database::Open({});
  if (!database) return std::nan("");
  auto rows = database->Query("SELECT (" + formula.Sql(inputs) + ")::DOUBLE");
  if (!rows || !rows->NextChunk() || rows->IsNull(0, 0)) return std::nan("");
  return rows->Double(0, 0);
}

TEST(CohortScores, AreThoseOfTheBedside) {
  const SqlInputs patients[] = {
      {{"tjc28", "4"}, {"sjc28", "3"}, {"crp", "15"}, {"esr", "28"}, {"gh", "42"}},
      {{"tjc28", "0"}, {"sjc28", "0"}, {"crp", "0"}, {"esr", "1"}, {"gh", "0"}},
      {{"tjc28", "28"}, {"sjc28", "28"}, {"crp", "312.5"}, {"esr", "140"}, {"gh", "100"}}};
  for (const cohort::ScoreFormula& formula : cohort::ScoreFormulas()) {
    const std::string name = std::string(formula.name).substr(0, 9);  // "das28-crp-3" is das28-crp
    for (const SqlInputs& patient : patients) {
      std::vector<std::string> arguments;
      SqlInputs used;
      for (const cohort::ScoreInput& input : formula.inputs) {
        const std::string value = patient.find(input.name)->second;
        arguments.push_back(std::string(input.name) + "=" + value);
        used.emplace(input.name, value + "::DOUBLE");
      }
      const auto here = ComputeScore(*FindScore(name), arguments);
      ASSERT_TRUE(here) << here.error().message;
      EXPECT_NEAR(InSql(formula, used), here->value, 1e-14 * std::abs(here->value)) << formula.name;
    }
  }
}

TEST(CohortScores, TakeTheSameRangesOfInputs) {
  for (const cohort::ScoreFormula& formula : cohort::ScoreFormulas()) {
    const ScoreDefinition* score = FindScore(std::string(formula.name).substr(0, 9));
    ASSERT_NE(score, nullptr) << formula.name;
    for (const cohort::ScoreInput& input : formula.inputs) {
      bool found = false;
      for (const Field& field : score->fields) {
        if (field.name != input.name) continue;
        found = true;
        EXPECT_EQ(field.unit, input.unit) << formula.name << ": " << input.name;
        EXPECT_EQ(field.low, input.low) << formula.name << ": " << input.name;
        EXPECT_EQ(field.high, input.high) << formula.name << ": " << input.name;
        EXPECT_EQ(field.above_low, input.above_low) << formula.name << ": " << input.name;
      }
      EXPECT_TRUE(found) << formula.name << ": " << input.name;
    }
  }
}

}  // namespace
}  // namespace clinnova::decision
