// SPDX-License-Identifier: Apache-2.0
#include "decision/learned_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace clinnova::decision {
namespace {

using nlohmann::json;

json Sample() {
  std::ifstream file(CLINNOVA_SOURCE_DIR "/src/decision/testdata/learned_choice.json");
  return json::parse(file);
}

LearnedModel Read(const json& document) {
  Result<LearnedModel> model = ReadLearnedModel(document.dump(), "choice.json");
  EXPECT_TRUE(model) << model.error().message;
  return model.value_or(LearnedModel{});
}

LearnedPrediction Ask(const LearnedModel& model, const std::vector<std::string>& arguments) {
  const auto patient = ReadPatient(model, arguments);
  EXPECT_TRUE(patient) << patient.error().message;
  Result<LearnedPrediction> answer = PredictLearned(model, patient.value_or(PatientValues{}));
  EXPECT_TRUE(answer) << answer.error().message;
  return answer.value_or(LearnedPrediction{});
}

double Expit(double x) { return 1 / (1 + std::exp(-x)); }

TEST(LearnedModel, GivesEachArmsOutcomeByItsOwnLearner) {
  const LearnedPrediction answer = Ask(Read(Sample()), {"crp=40", "sex=M"});
  ASSERT_EQ(answer.outcomes.size(), 3u);
  EXPECT_NEAR(answer.outcomes[0].estimate, Expit(-0.2), 1e-15);
  EXPECT_NEAR(answer.outcomes[1].estimate, Expit(-2.6 + std::log(40)), 1e-14);
  EXPECT_NEAR(answer.outcomes[2].estimate, Expit(-0.1 - 0.5 + 0.05), 1e-15);
  EXPECT_EQ(answer.best, "anti-IL-6");
}

TEST(LearnedModel, IntervalsAreNormalOnTheLinearPredictor) {
  const LearnedPrediction answer = Ask(Read(Sample()), {"crp=40", "sex=F"});
  const double x = std::log(40);
  const double eta = -2.6 + x;
  const double error = std::sqrt(0.04 - 2 * 0.002 * x + 0.0025 * x * x);
  const double z = 1.9599639845400545;
  EXPECT_NEAR(*answer.outcomes[1].low, Expit(eta - z * error), 1e-14);
  EXPECT_NEAR(*answer.outcomes[1].high, Expit(eta + z * error), 1e-14);
  // anti-IL-6 less JAK, by the delta method.
  const double p = Expit(eta);
  const double q = Expit(0.2);
  EXPECT_EQ(answer.differences[0].first, "anti-IL-6");
  EXPECT_EQ(answer.differences[0].second, "JAK");
  const double jak = std::sqrt(0.04 + 0.0025 * x * x);
  EXPECT_NEAR(*answer.differences[0].high - answer.differences[0].estimate,
              z * std::hypot(error * p * (1 - p), jak * q * (1 - q)), 1e-14);
}

TEST(LearnedModel, TellsWhereOnePatientsOwnOutcomeLies) {
  json document = Sample();
  document["outcome"]["kind"] = "continuous";
  for (json& arm : document["arms"]) arm["link"] = "identity";
  document["intervals"]["outcome"] = {{"half_width", {{"JAK", 2.5}}}};
  const LearnedModel model = Read(document);
  const LearnedPrediction answer = Ask(model, {"crp=40", "sex=F"});
  const auto jak = std::ranges::find(answer.outcomes, "JAK", &ArmOutcome::name);
  EXPECT_EQ(jak->own_low, jak->estimate - 2.5);
  EXPECT_EQ(jak->own_high, jak->estimate + 2.5);
  EXPECT_FALSE(answer.outcomes[1].own_low);
  const auto shown = LearnedPredictionJson(model, answer);
  EXPECT_EQ(shown["outcomes"]["JAK"]["own_high"], jak->estimate + 2.5);
  EXPECT_FALSE(shown["outcomes"]["anti-IL-6"].contains("own_high"));
  document["intervals"]["outcome"]["half_width"]["JAK"] = 0;
  auto wrong = ReadLearnedModel(document.dump(), "choice.json");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "choice.json: intervals.outcome.half_width.JAK: expected a number above 0");
  document = Sample();
  document["intervals"]["outcome"] = {{"half_width", {{"JAK", 2.5}}}};
  wrong = ReadLearnedModel(document.dump(), "choice.json");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "choice.json: intervals.outcome: expected none, since the outcome is binary");
}

TEST(LearnedModel, RecommendsOnlyWhenTheIntervalLeavesOutZero) {
  json document = Sample();
  LearnedPrediction answer = Ask(Read(document), {"crp=70", "sex=M"});
  EXPECT_EQ(answer.best, "anti-IL-6");
  EXPECT_EQ(answer.abstention, Abstention::kNone);
  EXPECT_EQ(answer.recommendation, "anti-IL-6");
  EXPECT_EQ(answer.reasons.front(),
            "anti-IL-6 is expected to do better than JAK: by 39 of 100 such patients (16 to 62)");
  answer = Ask(Read(document), {"crp=20", "sex=F"});
  EXPECT_EQ(answer.abstention, Abstention::kIntervalCoversZero);
  EXPECT_TRUE(answer.recommendation.empty());
  EXPECT_NE(answer.reasons.front().find("covers zero"), std::string::npos);
}

TEST(LearnedModel, ForLowerOutcomesTheBestIsTheLowest) {
  json document = Sample();
  document["outcome"]["better"] = "lower";
  EXPECT_EQ(Ask(Read(document), {"crp=3", "sex=F"}).best, "anti-IL-6");
}

TEST(LearnedModel, DoesNotRecommendWithoutBenefitShown) {
  json document = Sample();
  document["evaluation"]["beats_best_single"] = false;
  const LearnedPrediction answer = Ask(Read(document), {"crp=70", "sex=M"});
  EXPECT_EQ(answer.abstention, Abstention::kNoBenefitShown);
  EXPECT_TRUE(answer.recommendation.empty());
}

TEST(LearnedModel, DoesNotRecommendOutsideWhatItHasSeen) {
  const LearnedPrediction far = Ask(Read(Sample()), {"crp=900", "sex=M"});
  EXPECT_TRUE(far.extrapolated);
  EXPECT_EQ(far.abstention, Abstention::kOutsideSupport);
  // log(0.5) is 3.4 from 2.7: 4.24 standard deviations, though 0.5 itself is near the range's end.
  const LearnedPrediction distant = Ask(Read(Sample()), {"crp=0.5", "sex=M"});
  EXPECT_NEAR(*distant.distance, 1.25 * (2.7 - std::log(0.5)), 1e-14);
  EXPECT_TRUE(distant.extrapolated);
}

TEST(LearnedModel, SaysWhenWhatIsMissingCouldTurnTheAnswer) {
  const LearnedPrediction answer = Ask(Read(Sample()), {"sex=M"});
  ASSERT_EQ(answer.missing.size(), 1u);
  EXPECT_TRUE(answer.missing[0].turns_answer);
  EXPECT_EQ(answer.missing[0].best[0].second, "anti-TNF");   // at 1 mg/L
  EXPECT_EQ(answer.missing[0].best[1].second, "anti-IL-6");  // at 81 mg/L
  EXPECT_EQ(answer.abstention, Abstention::kMissingInput);
  EXPECT_NEAR(answer.outcomes[1].least, Expit(-2.6), 1e-15);
  EXPECT_NEAR(answer.outcomes[1].largest, Expit(-2.6 + std::log(81)), 1e-14);
  // The sex alone does not turn it.
  const LearnedPrediction other = Ask(Read(Sample()), {"crp=78"});
  EXPECT_FALSE(other.missing[0].turns_answer);
  EXPECT_EQ(other.recommendation, "anti-IL-6");
}

TEST(LearnedModel, TreesSendAMissingInputTheirOwnWay) {
  // crp missing goes left, to 0.6, though its mean of 20 would go right.
  EXPECT_NEAR(Ask(Read(Sample()), {"sex=M"}).outcomes[2].estimate, Expit(-0.1 + 0.6 + 0.05), 1e-15);
}

TEST(LearnedModel, ContributionsAreCoefficientTimesDistanceFromTheMean) {
  json document = Sample();
  document["design"] = {{"terms", {"(Intercept)", "crp", "sexM"}}, {"formula", "~ crp + sex"}};
  document["applicability"]["terms"] = {"crp"};
  document["arms"]["JAK"]["coefficients"] = {0.2, 0.05, -0.4};
  const LearnedPrediction answer = Ask(Read(document), {"crp=40", "sex=M"});
  for (const InputContribution& contribution : answer.contributions) {
    if (contribution.arm != "JAK") continue;
    const double expected = contribution.input == "crp" ? 0.05 * (40 - 20) : -0.4 * 0.75;
    EXPECT_NEAR(contribution.value, expected, 1e-14) << contribution.input;
  }
}

TEST(LearnedModel, OfAPredictionHasOneOutcomeAndNoRecommendation) {
  json document = Sample();
  document["kind"] = "prediction";
  document.erase("treatment");
  document["arms"] = {{"low_activity", document["arms"]["JAK"]}};
  const LearnedModel model = Read(document);
  const LearnedPrediction answer = Ask(model, {"crp=40", "sex=M"});
  ASSERT_EQ(answer.outcomes.size(), 1u);
  const auto written = LearnedPredictionJson(model, answer);
  EXPECT_TRUE(written["recommendation"].is_null());
  EXPECT_NEAR(written["outcomes"]["low_activity"]["probability"].get<double>(), Expit(-0.2), 1e-15);
}

TEST(LearnedModel, SplinesHaveTheKnotsOfTraining) {
  json document = Sample();
  document["design"] = {{"terms", {"(Intercept)", "ns(crp, df = 2)1", "ns(crp, df = 2)2"}},
                        {"formula", "~ ns(crp, df = 2)"},
                        {"knots", {{"ns(crp, df = 2)", {1, 10, 80}}}}};
  document.erase("applicability");
  for (const char* arm : {"JAK", "anti-IL-6"}) document["arms"][arm]["coefficients"] = {0, 1, -2};
  // R: predict(ns(c(1, 80), knots = 10, Boundary.knots = c(1, 80)), 20) %*% c(1, -2)
  const LearnedPrediction answer = Ask(Read(document), {"crp=20", "sex=F"});
  EXPECT_NEAR(answer.outcomes[0].estimate, Expit(0.76068545291697687), 1e-12);
  document["design"].erase("knots");
  EXPECT_FALSE(ReadLearnedModel(document.dump(), "choice.json"));
}

TEST(LearnedModel, PolynomialsAndBSplinesAreThoseOfTraining) {
  json document = Sample();
  document["design"] = {{"terms", {"(Intercept)", "poly(crp, 2)1", "poly(crp, 2)2"}},
                        {"formula", "~ poly(crp, 2)"},
                        {"polynomials", {{"poly(crp, 2)", {0, 1, 5, 7, 5, 66, 514.8}}}}};
  document.erase("applicability");
  for (const char* arm : {"JAK", "anti-IL-6"}) document["arms"][arm]["coefficients"] = {0, 1, -2};
  // R: predict(poly(c(1, 2, 4, 7, 11), 2), 3) %*% c(1, -2)
  EXPECT_NEAR(Ask(Read(document), {"crp=3", "sex=F"}).outcomes[0].estimate,
              Expit(0.21218478534288687), 1e-12);
  document["design"].erase("polynomials");
  const auto without = ReadLearnedModel(document.dump(), "choice.json");
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message.find("found no polynomial's coefficients"), std::string::npos);

  document["design"] = {{"terms", {"(Intercept)", "bs(crp, degree = 2)1", "bs(crp, degree = 2)2"}},
                        {"formula", "~ bs(crp, degree = 2)"},
                        {"knots", {{"bs(crp, degree = 2)", {1, 81}}}}};
  // R: predict(bs(c(1, 81), degree = 2, Boundary.knots = c(1, 81)), 21) is 0.375, 0.0625
  EXPECT_NEAR(Ask(Read(document), {"crp=21", "sex=F"}).outcomes[0].estimate, Expit(0.25), 1e-12);
}

TEST(LearnedModel, IsRefusedWhenItIsNotWhole) {
  const auto refused = [](const json& document, const std::string& message) {
    const auto model = ReadLearnedModel(document.dump(), "choice.json");
    ASSERT_FALSE(model) << message;
    EXPECT_EQ(model.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(model.error().message.find(message), std::string::npos) << model.error().message;
  };
  json document = Sample();
  document["format"] = "clinnova-model/2";
  refused(document, "format: found \"clinnova-model/2\"");
  document = Sample();
  document["arms"].erase("JAK");
  refused(document, "arms.JAK: found nothing");
  document = Sample();
  document["arms"]["JAK"]["coefficients"] = {1, 2};
  refused(document, "found 2, expected one for each of 3 terms");
  document = Sample();
  document["design"]["terms"][2] = "sexF";
  refused(document, "design.formula: gives the terms");
  document = Sample();
  document["arms"]["anti-TNF"]["trees"][0][2]["left"] = 1;  // back up: a walk without end
  refused(document, "a later node");
  document = Sample();
  document["applicability"]["inverse_covariance"] = {{1, 2}};
  refused(document, "expected 1 rows of as many numbers");
  EXPECT_FALSE(ReadLearnedModel("{", "choice.json"));
}

TEST(LearnedModel, NamesWhatIsWrongWithAPatient) {
  const LearnedModel model = Read(Sample());
  for (const char* argument : {"sex=X", "crp=high", "age=30", "crp"}) {
    const auto patient = ReadPatient(model, {argument});
    ASSERT_FALSE(patient) << argument;
    EXPECT_EQ(patient.error().code, ErrorCode::kInvalidInput);
  }
  const auto zero = PredictLearned(model, {.numbers = {{"crp", 0}}, .levels = {{"sex", "F"}}});
  ASSERT_FALSE(zero);  // log(0)
  EXPECT_NE(zero.error().message.find("no value for this patient"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::decision
