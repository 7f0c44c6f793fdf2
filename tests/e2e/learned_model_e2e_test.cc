// SPDX-License-Identifier: Apache-2.0
// The model that a treatment choice writes into a result file, read and asked as the bedside does.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "decision/learned_model.h"

namespace clinnova {
namespace {

using nlohmann::json;

/// The result of the golden case of three drugs.
json Simulate() {
  const std::string folder = CLINNOVA_SOURCE_DIR "/tests/golden/cases/choice_three_drugs/";
  std::string command =
      CLINNOVA_PROGRAM " simulate " + folder + "study.toml --json --minimum-count 0";
  for (const char* site : {"s1", "s2", "s3", "s4", "s9"}) {
    command += std::string(" --site ") + site + "=" + folder + "site_" + site + ".csv";
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>/dev/null").c_str(), "r"),
                                                   pclose);
  std::string text;
  char part[4096];
  while (const std::size_t size = std::fread(part, 1, sizeof part, pipe.get()))
    text.append(part, size);
  return json::parse(text, nullptr, false);
}

const json& Analysis(const std::string& name) {
  static const json kResult = Simulate();
  for (const json& analysis : kResult.at("analyses")) {
    if (analysis.at("name") == name) return analysis;
  }
  throw std::runtime_error("no analysis " + name);
}

decision::LearnedModel Model(const std::string& name) {
  auto model = decision::ReadLearnedModel(Analysis(name).at("model").dump(), name);
  EXPECT_TRUE(model) << model.error().message;
  return model.value_or(decision::LearnedModel{});
}

decision::LearnedPrediction Ask(const decision::LearnedModel& model) {
  auto answer = decision::PredictLearned(
      model, {.numbers = {{"x", 1.5}, {"crp", 9}, {"age", 60}}, .levels = {{"sex", "M"}}});
  EXPECT_TRUE(answer) << answer.error().message;
  return answer.value_or(decision::LearnedPrediction{});
}

TEST(LearnedModelOfAStudy, PredictsWithItsOwnCoefficients) {
  const decision::LearnedModel model = Model("response");
  EXPECT_EQ(model.terms, (std::vector<std::string>{"(Intercept)", "x", "log(crp)", "sexM", "age"}));
  const decision::LearnedPrediction answer = Ask(model);
  ASSERT_EQ(answer.outcomes.size(), 3u);
  for (std::size_t a = 0; a < 3; ++a) {
    const std::vector<double>& b = model.arms[a].coefficients;
    const double eta = b[0] + 1.5 * b[1] + std::log(9) * b[2] + b[3] + 60 * b[4];
    EXPECT_NEAR(answer.outcomes[a].estimate, 1 / (1 + std::exp(-eta)), 1e-12);
    EXPECT_LT(*answer.outcomes[a].low, answer.outcomes[a].estimate);
    EXPECT_GT(*answer.outcomes[a].high, answer.outcomes[a].estimate);
  }
  EXPECT_FALSE(answer.extrapolated);
}

TEST(LearnedModelOfAStudy, RecommendsOnlyWhatItsEvaluationHasShown) {
  for (const char* name : {"response", "sparse", "change"}) {
    const bool shown = Analysis(name).at("beats_best_single").get<bool>();
    const decision::LearnedModel model = Model(name);
    EXPECT_EQ(model.beats_best_single, shown) << name;
    EXPECT_EQ(model.higher_is_better, name != std::string("change"));
    if (name == std::string("sparse")) continue;  // without age
    EXPECT_EQ(Ask(model).abstention == decision::Abstention::kNoBenefitShown, !shown) << name;
  }
}

TEST(LearnedModelOfAStudy, OfAContinuousOutcomePredictsIt) {
  const decision::LearnedModel model = Model("change");
  EXPECT_FALSE(model.binary);
  const decision::LearnedPrediction answer = Ask(model);
  // IL-6 rises with x by about 1.65, JAK falls by about 1.35: lower is better here.
  EXPECT_EQ(answer.best, "JAK");
  EXPECT_LT(answer.outcomes[1].estimate + 2, answer.outcomes[0].estimate);
}

}  // namespace
}  // namespace clinnova
