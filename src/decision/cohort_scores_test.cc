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

/// The bedside's name: "das28-crp-3" is its das28-crp.
std::string BedsideName(const cohort::ScoreFormula& formula) {
  const std::string name(formula.name);
  return name.ends_with("-3") ? name.substr(0, name.size() - 2) : name;
}

/// The CDM has the CDAI's global assessments in millimetres, the bedside on scales from 0 to 10.
double PerItem(const cohort::ScoreInput& input) {
  return input.name == "ptga" || input.name == "phga" ? 10 : 1;
}

TEST(CohortScores, AreThoseOfTheBedside) {
  // Each input from three patients: in between, the least and the most.
  const SqlInputs patients[] = {{{"tjc28", "4"},
                                 {"sjc28", "3"},
                                 {"crp", "15"},
                                 {"esr", "28"},
                                 {"gh", "42"},
                                 {"ptga", "35"},
                                 {"phga", "20"},
                                 {"wellbeing", "2"},
                                 {"pain", "1"},
                                 {"liquid_stools", "5"},
                                 {"mass", "1"},
                                 {"complications", "2"},
                                 {"stool_frequency", "2"},
                                 {"rectal_bleeding", "1"},
                                 {"endoscopy", "2"},
                                 {"physician_global", "1"},
                                 {"vascular", "1"},
                                 {"bleeding", "2"},
                                 {"erosions", "1"}},
                                {{"tjc28", "0"},
                                 {"sjc28", "0"},
                                 {"crp", "0"},
                                 {"esr", "1"},
                                 {"gh", "0"},
                                 {"ptga", "0"},
                                 {"phga", "0"},
                                 {"wellbeing", "0"},
                                 {"pain", "0"},
                                 {"liquid_stools", "0"},
                                 {"mass", "0"},
                                 {"complications", "0"},
                                 {"stool_frequency", "0"},
                                 {"rectal_bleeding", "0"},
                                 {"endoscopy", "0"},
                                 {"physician_global", "0"},
                                 {"vascular", "0"},
                                 {"bleeding", "0"},
                                 {"erosions", "0"}},
                                {{"tjc28", "28"},
                                 {"sjc28", "28"},
                                 {"crp", "312.5"},
                                 {"esr", "140"},
                                 {"gh", "100"},
                                 {"ptga", "100"},
                                 {"phga", "100"},
                                 {"wellbeing", "4"},
                                 {"pain", "3"},
                                 {"liquid_stools", "100"},
                                 {"mass", "3"},
                                 {"complications", "8"},
                                 {"stool_frequency", "3"},
                                 {"rectal_bleeding", "3"},
                                 {"endoscopy", "3"},
                                 {"physician_global", "3"},
                                 {"vascular", "2"},
                                 {"bleeding", "3"},
                                 {"erosions", "3"}}};
  for (const cohort::ScoreFormula& formula : cohort::ScoreFormulas()) {
    const std::string name = BedsideName(formula);
    for (const SqlInputs& patient : patients) {
      std::vector<std::string> arguments;
      SqlInputs used;
      for (const cohort::ScoreInput& input : formula.inputs) {
        const std::string value = patient.find(input.name)->second;
        arguments.push_back(std::string(input.name) + "=" +
                            std::to_string(std::stod(value) / PerItem(input)));
        used.emplace(input.name, value + "::DOUBLE");
      }
      ASSERT_NE(FindScore(name), nullptr) << name;
      const auto here = ComputeScore(*FindScore(name), arguments);
      ASSERT_TRUE(here) << here.error().message;
      EXPECT_NEAR(InSql(formula, used), here->value, 1e-14 * std::abs(here->value)) << formula.name;
    }
  }
}

TEST(CohortScores, TakeTheSameRangesOfInputs) {
  for (const cohort::ScoreFormula& formula : cohort::ScoreFormulas()) {
    const ScoreDefinition* score = FindScore(BedsideName(formula));
    ASSERT_NE(score, nullptr) << formula.name;
    for (const cohort::ScoreInput& input : formula.inputs) {
      bool found = false;
      for (const Field& field : score->fields) {
        if (field.name != input.name) continue;
        found = true;
        if (PerItem(input) == 1) {
          EXPECT_EQ(field.unit, input.unit) << formula.name << ": " << input.name;
        }
        EXPECT_EQ(field.low * PerItem(input), input.low) << formula.name << ": " << input.name;
        EXPECT_EQ(field.high * PerItem(input), input.high) << formula.name << ": " << input.name;
        EXPECT_EQ(field.above_low, input.above_low) << formula.name << ": " << input.name;
      }
      EXPECT_TRUE(found) << formula.name << ": " << input.name;
    }
  }
}

}  // namespace
}  // namespace clinnova::decision
