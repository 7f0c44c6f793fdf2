// SPDX-License-Identifier: Apache-2.0
#include "cohort/score_formula.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "core/duckdb.h"

namespace clinnova::cohort {
namespace {

using Inputs = std::map<std::string, std::string, std::less<>>;

std::optional<double> Evaluate(std::string_view score, const Inputs& inputs) {
  auto database = core::Database::Open({});
  EXPECT_TRUE(database.has_value());
  auto rows = database->Query("SELECT (" + FindScore(score)->Sql(inputs) + ")::DOUBLE");
  EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
  if (!rows || !rows->NextChunk() || rows->IsNull(0, 0)) return std::nullopt;
  return rows->Double(0, 0);
}

TEST(ScoreFormula, GivesThePublishedValues) {
  const Inputs crp = {{"tjc28", "4"}, {"sjc28", "9"}, {"crp", "20"}, {"gh", "50"}};
  const Inputs esr = {{"tjc28", "4"}, {"sjc28", "9"}, {"esr", "30"}, {"gh", "50"}};
  const double joints = 0.56 * 2 + 0.28 * 3;
  EXPECT_NEAR(*Evaluate("das28-crp", crp), joints + 0.36 * std::log(21.0) + 0.7 + 0.96, 1e-12);
  EXPECT_NEAR(*Evaluate("das28-crp-3", crp), (joints + 0.36 * std::log(21.0)) * 1.1 + 1.15, 1e-12);
  EXPECT_NEAR(*Evaluate("das28-esr", esr), joints + 0.7 * std::log(30.0) + 0.7, 1e-12);
  EXPECT_NEAR(*Evaluate("das28-esr-3", esr), (joints + 0.7 * std::log(30.0)) * 1.08 + 0.16, 1e-12);
}

TEST(ScoreFormula, IsMissingWhereAnInputIsMissingOrImpossible) {
  const Inputs whole = {{"tjc28", "4"}, {"sjc28", "9"}, {"crp", "20"}, {"gh", "50"}};
  for (const char* input : {"tjc28", "sjc28", "crp", "gh"}) {
    for (const char* value : {"NULL::DOUBLE", "-1", "1001"}) {
      Inputs inputs = whole;
      inputs[input] = value;
      EXPECT_FALSE(Evaluate("das28-crp", inputs).has_value()) << input << " " << value;
    }
  }
  EXPECT_TRUE(Evaluate("das28-crp", whole).has_value());
}

TEST(ScoreFormula, AddsTheItemsOfBowelDisease) {
  EXPECT_EQ(Evaluate("hbi", {{"wellbeing", "2"},
                             {"pain", "1"},
                             {"liquid_stools", "6"},
                             {"mass", "0"},
                             {"complications", "1"}}),
            10);
  const Inputs mayo = {{"stool_frequency", "2"},
                       {"rectal_bleeding", "1"},
                       {"endoscopy", "3"},
                       {"physician_global", "2"}};
  EXPECT_EQ(Evaluate("mayo", mayo), 8);
  EXPECT_EQ(Evaluate("modified-mayo", mayo), 6);
  EXPECT_EQ(Evaluate("partial-mayo", mayo), 5);
  Inputs impossible = mayo;
  impossible["endoscopy"] = "4";
  EXPECT_FALSE(Evaluate("mayo", impossible).has_value());
  EXPECT_EQ(Evaluate("uceis", {{"vascular", "2"}, {"bleeding", "1"}, {"erosions", "3"}}), 6);
}

TEST(ScoreFormula, TakesTheCdaisScalesInMillimetres) {
  EXPECT_EQ(Evaluate("cdai-ra", {{"tjc28", "4"}, {"sjc28", "3"}, {"ptga", "55"}, {"phga", "30"}}),
            15.5);
  EXPECT_EQ(Evaluate("cdai-ra", {{"tjc28", "0"}, {"sjc28", "2"}, {"ptga", "1"}, {"phga", "7"}}),
            2.8);
}

TEST(ScoreFormula, HasNoLogarithmOfAnEsrOfZero) {
  EXPECT_FALSE(Evaluate("das28-esr", {{"tjc28", "4"}, {"sjc28", "9"}, {"esr", "0"}, {"gh", "50"}}));
}

TEST(ScoreFormula, IsFoundByName) {
  EXPECT_EQ(FindScore("das28"), nullptr);
  EXPECT_EQ(ScoreFormulas().size(), 10u);
}

}  // namespace
}  // namespace clinnova::cohort
