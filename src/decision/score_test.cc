// SPDX-License-Identifier: Apache-2.0
#include "decision/score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

namespace clinnova::decision {
namespace {

Result<ScoreResult> Compute(const char* name, const std::vector<std::string>& arguments) {
  const ScoreDefinition* score = FindScore(name);
  if (score == nullptr) return UnknownScore(name);
  return ComputeScore(*score, arguments);
}

TEST(Score, IsToldWithItsInputsBandVersionAndSource) {
  const auto result = Compute("das28-crp", {"tjc28=4", "sjc28=3", "crp=1.5mg/dL"});
  ASSERT_TRUE(result) << result.error().message;
  const nlohmann::json json = ScoreJson(*result);
  EXPECT_EQ(json["score"], "das28-crp");
  EXPECT_EQ(json["band"], "moderate");
  EXPECT_EQ(json["version"], "DAS28-CRP(3)");
  EXPECT_EQ(json["missing"], nlohmann::json({"gh"}));
  EXPECT_EQ(json["inputs"]["crp"]["value"], 15.0);
  EXPECT_EQ(json["inputs"]["crp"]["unit"], "mg/L");
  EXPECT_NE(json["source"].get<std::string>().find("Wells"), std::string::npos);
}

TEST(Score, WithoutBandsSaysNull) {
  const auto result = Compute("msss", {"edss=3", "duration=5"});
  ASSERT_TRUE(result);
  const nlohmann::json json = ScoreJson(*result);
  EXPECT_TRUE(json["band"].is_null());
  EXPECT_EQ(json["missing"], nlohmann::json::array());
}

TEST(Score, NamesWhatIsMissing) {
  const auto result = Compute("sdai", {"tjc28=1", "sjc28=1", "ptga=1"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(result.error().message.find("phga"), std::string::npos);
  EXPECT_NE(result.error().message.find("crp"), std::string::npos);
}

TEST(Score, OfAnUnknownNameListsThoseNearIt) {
  const auto result = Compute("das28", {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            "score: found \"das28\", expected one of: das28-crp, das28-esr");
}

TEST(Score, BandsAreThoseOfTheDecimalValue) {
  // 1 + 1 + 0.3 + 0.5 + 0.5 is a little more than 3.3 in binary.
  const auto result = Compute("sdai", {"tjc28=1", "sjc28=1", "ptga=0.3", "phga=0.5", "crp=5"});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->band, "remission");
  const auto above = Compute("sdai", {"tjc28=1", "sjc28=1", "ptga=0.3", "phga=0.5", "crp=5.0001"});
  ASSERT_TRUE(above);
  EXPECT_EQ(above->band, "low");
}

TEST(Score, CountsALowCrpAsTwoInAsdas) {
  const std::vector<std::string> arguments{"back_pain=1", "morning_stiffness=1", "patient_global=1",
                                           "peripheral_pain=1", "crp=0.5"};
  const auto result = Compute("asdas-crp", arguments);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->notes.size(), 1u);
  EXPECT_EQ(result->inputs.Number("crp"), 0.5);
}

TEST(Score, OfAHaqNeedsSixCategories) {
  std::vector<std::string> arguments{"dressing=1", "arising=1", "eating=1", "walking=1", "grip=1"};
  ASSERT_FALSE(Compute("haq-di", arguments));
  arguments.push_back("reach=1");
  const auto result = Compute("haq-di", arguments);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->inputs.missing(), (std::vector<std::string>{"hygiene", "activities"}));
}

TEST(Score, RefusesVersionsAndYearsThatAreNotThere) {
  EXPECT_FALSE(
      Compute("boolean-remission", {"tjc28=0", "sjc28=0", "crp=1", "ptga=1", "version=2015"}));
  EXPECT_FALSE(Compute("msss-2017", {"edss=3", "duration=0.5"}));
  EXPECT_FALSE(Compute("msss", {"edss=3", "duration=31"}));
  EXPECT_FALSE(Compute("armss", {"edss=10", "age=40"}));
  EXPECT_FALSE(Compute("truelove-witts",
                       {"bloody_stools=6", "temperature=37", "pulse=80", "haemoglobin=12"}));
  EXPECT_FALSE(Compute(
      "cdeis", {"segments=2", "deep_ulceration=3", "superficial_ulceration=0", "surface_involved=1",
                "ulcerated_surface=1", "ulcerated_stenosis=0", "nonulcerated_stenosis=0"}));
  EXPECT_FALSE(
      Compute("mda", {"tjc=0", "sjc=0", "pain=0", "patient_global=0", "haq=0", "entheses=0"}));
  EXPECT_FALSE(Compute("ses-cd-response", {"before=0", "after=0"}));
}

TEST(Scores, AreAllThere) {
  for (const char* name :
       {"das28-esr",      "das28-crp", "sdai",      "cdai-ra",   "boolean-remission",
        "eular-response", "asdas-crp", "asdas-esr", "basdai",    "basfi",
        "haq-di",         "dapsa",     "pasi",      "rapid3",    "acr-eular-2010",
        "cdai-crohn",     "hbi",       "ses-cd",    "mayo",      "partial-mayo",
        "modified-mayo",  "uceis",     "sccai",     "lichtiger", "truelove-witts",
        "edss",           "msss",      "msss-2017", "armss"}) {
    EXPECT_NE(FindScore(name), nullptr) << name;
    EXPECT_NE(ScoreList().find(name), std::string::npos) << name;
  }
}

/// A possible value of a field: an end of its range, or something in between.
std::string RandomValue(const Field& field, std::mt19937& random) {
  std::uniform_real_distribution<double> share(0, 1);
  const auto number = [&] {
    const double x = field.low + (field.high - field.low) *
                                     std::min(1.0, std::max(0.0, 1.4 * share(random) - 0.2));
    return field.kind == FieldKind::kNumber ? x : std::floor(x);
  };
  switch (field.kind) {
    case FieldKind::kSex: return random() % 2 == 0 ? "m" : "f";
    case FieldKind::kNames: return field.names[random() % field.names.size()];
    case FieldKind::kSegments: {
      std::string list = PlainNumber(number());
      for (int i = 0; i < 4; ++i) list += "," + PlainNumber(number());
      return list;
    }
    default: return PlainNumber(number());
  }
}

TEST(Scores, OfPossibleInputsAreFiniteAndInABand) {
  std::mt19937 random(11);
  for (const ScoreDefinition& score : Scores()) {
    int computed = 0;
    for (int i = 0; i < 200; ++i) {
      std::vector<std::string> arguments;
      for (const Field& field : score.fields) {
        if (field.presence != Presence::kRequired && random() % 2 == 0) continue;
        arguments.push_back(field.name + "=" + RandomValue(field, random));
      }
      const auto result = ComputeScore(score, arguments);
      if (!result) continue;  // a rule among inputs, such as three values of a mass
      ++computed;
      EXPECT_TRUE(std::isfinite(result->value)) << score.name;
      EXPECT_TRUE(score.bands.empty() || !result->band.empty()) << score.name;
    }
    EXPECT_GT(computed, 10) << score.name;
  }
}

TEST(Scores, AreWholeEntries) {
  std::set<std::string> names;
  for (const ScoreDefinition& score : Scores()) {
    EXPECT_TRUE(names.insert(score.name).second) << score.name;
    EXPECT_FALSE(score.title.empty() || score.version.empty() || score.source.empty())
        << score.name;
    ASSERT_NE(score.compute, nullptr) << score.name;
    bool optional = false;
    for (const Field& field : score.fields) {
      optional = optional || field.presence == Presence::kOptional;
      if (field.kind == FieldKind::kNumber || field.kind == FieldKind::kWhole) {
        EXPECT_LT(field.low, field.high) << score.name << ": " << field.name;
      }
      EXPECT_NE(ScoreHelp(score).find(field.name), std::string::npos) << score.name;
    }
    EXPECT_TRUE(!optional || !score.missing_rule.empty()) << score.name;
    for (std::size_t i = 1; i < score.bands.size(); ++i) {
      EXPECT_LT(score.bands[i - 1].cut, score.bands[i].cut) << score.name;
    }
  }
}

}  // namespace
}  // namespace clinnova::decision
