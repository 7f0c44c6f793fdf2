// SPDX-License-Identifier: Apache-2.0
#include "decision/published_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace clinnova::decision {
namespace {

Result<Prediction> PredictNamed(const char* name, const std::vector<std::string>& arguments,
                                const std::map<std::string, double>& thresholds = {}) {
  const PublishedModel* model = FindPublishedModel(name);
  if (model == nullptr) return UnknownModel(name);
  return Predict(*model, arguments, thresholds);
}

double Probability(const Prediction& prediction, const std::string& name) {
  for (const OutcomeProbability& outcome : prediction.outcomes) {
    if (outcome.name == name) return outcome.probability.value_or(-1);
  }
  return -1;
}

const std::vector<std::string> kPatient{
    "age=30",        "disease_duration=2",     "edss=1.5",          "gd_lesions=1",
    "relapses_2y=2", "months_since_relapse=3", "treatment_naive=1", "sex=f"};

TEST(PublishedModels, GiveTheRelapseRiskOfChalkou) {
  std::vector<std::string> patient = kPatient;
  patient.push_back("on_treatment=0");
  const auto prediction = PredictNamed("ms-relapse-chalkou-2021", patient);
  ASSERT_TRUE(prediction) << prediction.error().message;
  EXPECT_NEAR(prediction->linear, -0.355641, 5e-7);
  EXPECT_NEAR(Probability(*prediction, "risk"), 0.412015, 5e-7);
  EXPECT_TRUE(prediction->recommendation.empty());
}

TEST(PublishedModels, GiveTheThreeStageChoice) {
  const auto prediction = PredictNamed("ms-choice-chalkou-threestage", kPatient);
  ASSERT_TRUE(prediction) << prediction.error().message;
  EXPECT_NEAR(*prediction->baseline_risk, 0.276226, 5e-7);
  EXPECT_NEAR(Probability(*prediction, "dimethyl fumarate"), 0.243503, 5e-7);
  EXPECT_NEAR(Probability(*prediction, "glatiramer acetate"), 0.306686, 5e-7);
  EXPECT_NEAR(Probability(*prediction, "natalizumab"), 0.192090, 5e-7);
  EXPECT_NEAR(Probability(*prediction, "placebo"), 0.409858, 5e-7);
  EXPECT_FALSE(prediction->extrapolated);
  // Advantages 0.1664, 0.1032 and 0.2178 less thresholds 0.10, 0.10 and 0.20.
  EXPECT_EQ(prediction->recommendation, "dimethyl fumarate");
}

TEST(PublishedModels, OfTheThirdStageEqualThePublishedTable) {
  const PublishedModel* model = FindPublishedModel("ms-choice-chalkou-threestage");
  ASSERT_NE(model, nullptr);
  const double table[2][5] = {{0.20, 0.292556565, 0.171044803, 0.241699449, 0.149906928},
                              {0.50, 0.693376177, 0.469776750, 0.482652370, 0.319511618}};
  for (const auto& row : table) {
    const double logit = std::log(row[0] / (1 - row[0]));
    ASSERT_EQ(model->treatments.size(), 4u);
    for (std::size_t t = 0; t < 4; ++t) {
      const Treatment& treatment = model->treatments[t];
      const double p = 1 / (1 + std::exp(-(treatment.intercept + treatment.slope * logit)));
      EXPECT_NEAR(p, row[t + 1], 2e-7)  // the constants have six decimals
          << treatment.name;
    }
  }
}

const std::vector<std::string> kTrialPatient{"age=36",
                                             "sex=f",
                                             "edss=2.5",
                                             "years_since_onset=5",
                                             "white=1",
                                             "relapses_1y=1",
                                             "months_since_relapse=4",
                                             "prior_treatment=0",
                                             "t25fw=5.5",
                                             "9hpt=21",
                                             "pasat=50",
                                             "vft=35",
                                             "sf36_pcs=45",
                                             "sf36_mcs=48"};

TEST(PublishedModels, GiveTheTwoStageChoice) {
  const auto prediction = PredictNamed("ms-choice-chalkou-twostage", kTrialPatient);
  ASSERT_TRUE(prediction) << prediction.error().message;
  EXPECT_NEAR(*prediction->baseline_risk, 0.347939, 1e-6);
  EXPECT_NEAR(Probability(*prediction, "placebo"), 0.718944, 2e-6);
  EXPECT_NEAR(Probability(*prediction, "dimethyl fumarate"), 0.507113, 2e-6);
  EXPECT_NEAR(Probability(*prediction, "glatiramer acetate"), 0.552337, 2e-6);
  EXPECT_NEAR(Probability(*prediction, "natalizumab"), 0.435570, 2e-6);
}

TEST(PublishedModels, RecommendByThresholdsThatTheCallerCanSet) {
  const auto natalizumab =
      PredictNamed("ms-choice-chalkou-threestage", kPatient, {{"natalizumab", 0.10}});
  ASSERT_TRUE(natalizumab);
  EXPECT_EQ(natalizumab->recommendation, "natalizumab");
  const auto none =
      PredictNamed("ms-choice-chalkou-threestage", kPatient,
                   {{"natalizumab", 0.5}, {"dimethyl fumarate", 0.5}, {"glatiramer acetate", 0.5}});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->recommendation, "no treatment");
  EXPECT_FALSE(PredictNamed("ms-choice-chalkou-threestage", kPatient, {{"aspirin", 0.1}}));
  EXPECT_FALSE(PredictNamed("modified-rio", {"relapses=0", "new_t2=0"}, {{"aspirin", 0.1}}));
}

TEST(PublishedModels, SayWhenTheyExtrapolate) {
  std::vector<std::string> old = kPatient;
  old[0] = "age=90";
  old[5] = "months_since_relapse=200";
  const auto prediction = PredictNamed("ms-choice-chalkou-threestage", old);
  ASSERT_TRUE(prediction);
  EXPECT_LT(*prediction->baseline_risk, 0.1265625);
  EXPECT_TRUE(prediction->extrapolated);
  EXPECT_EQ(prediction->reasons.front().rfind("extrapolated", 0), 0u);
}

struct PointsCase {
  const char* model;
  std::vector<std::string> arguments;
  double score;
  const char* band;
  double probability;  ///< -1 = none published
};

TEST(PublishedModels, OfPointsGiveScoreBandAndProbability) {
  const char* vedolizumab = "cd-vedolizumab-dulai-2018";
  const auto patient = [](const char* surgery, const char* tnf, const char* fistula,
                          const char* albumin, const char* crp) {
    return std::vector<std::string>{std::string("prior_surgery=") + surgery,
                                    std::string("prior_anti_tnf=") + tnf,
                                    std::string("prior_fistula=") + fistula,
                                    std::string("albumin=") + albumin, std::string("crp=") + crp};
  };
  const PointsCase cases[] = {
      {vedolizumab, patient("0", "0", "0", "42", "2"), 23.8, "high", -1},
      {vedolizumab, patient("0", "0", "0", "4.2g/dL", "2"), 23.8, "high", -1},
      {vedolizumab, patient("0", "1", "0", "38", "8"), 18.7, "intermediate", -1},
      {vedolizumab, patient("0", "1", "0", "3.8g/dL", "0.8mg/dL"), 18.7, "intermediate", -1},
      {vedolizumab, patient("1", "0", "1", "40", "2.9"), 19, "intermediate", -1},
      {vedolizumab, patient("1", "0", "1", "40.1", "2.9"), 19.04, "high", -1},
      {vedolizumab, patient("1", "1", "1", "40", "10.1"), 13, "low", -1},
      {vedolizumab, patient("1", "1", "1", "40", "10"), 15.5, "intermediate", -1},
      {vedolizumab, patient("1", "1", "1", "40", "3"), 15.5, "intermediate", -1},
      {"modified-rio", {"relapses=0", "new_t2=5"}, 0, "low", 0.24},
      {"modified-rio", {"relapses=0", "new_t2=6"}, 1, "intermediate", 0.33},
      {"modified-rio", {"relapses=1", "new_t2=0"}, 1, "intermediate", 0.33},
      {"modified-rio", {"relapses=2", "new_t2=0"}, 2, "high", 0.65},
      {"modified-rio", {"relapses=3", "new_t2=9"}, 3, "high", 0.65},
      {"magnims", {"relapses=0", "new_t2=2"}, 0, "low", -1},
      {"magnims", {"relapses=0", "new_t2=3"}, 1, "intermediate", -1},
      {"magnims", {"relapses=1", "new_t2=2"}, 1, "intermediate", -1},
      {"magnims", {"relapses=1", "new_t2=3"}, 2, "high", -1},
      {"magnims", {"relapses=2", "new_t2=0"}, 2, "high", -1},
      {"magnims", {"relapses=2", "new_t2=9"}, 2, "high", -1},
      {"rio", {"edss_worse=1", "relapses=1", "active_lesions=3"}, 3, "high", -1},
      {"uc-lindgren", {"stools=8", "crp=40"}, 13.6, "high", 0.72},
      {"uc-lindgren", {"stools=4", "crp=25"}, 7.5, "not high", -1},
      {"uc-travis", {"stools=8", "crp=45"}, 0, "not met", -1},
      {"uc-travis", {"stools=3", "crp=46"}, 1, "met", 0.85},
      {"uc-travis", {"stools=9", "crp=1"}, 1, "met", 0.85},
      {"uc-oxford-acute-severe",
       {"extensive=1", "crp=11", "haemoglobin=11.9", "sex=f"},
       3,
       "high",
       0.70},
      {"uc-oxford-acute-severe",
       {"extensive=1", "crp=10", "haemoglobin=139g/L", "sex=m"},
       2,
       "not high",
       -1},
      {"uc-vedolizumab-dulai-2020",
       {"prior_anti_tnf=0", "disease_duration=2", "endoscopic_severity=2", "albumin=40"},
       34,
       "high",
       -1},
  };
  for (const PointsCase& one : cases) {
    const auto prediction = PredictNamed(one.model, one.arguments);
    ASSERT_TRUE(prediction) << one.model << ": " << prediction.error().message;
    EXPECT_NEAR(prediction->linear, one.score, 1e-9) << one.model;
    EXPECT_EQ(prediction->band, one.band) << one.model << " at " << one.score;
    EXPECT_EQ(prediction->outcomes.front().probability.value_or(-1), one.probability) << one.model;
  }
}

TEST(PublishedModels, GiveTheRiskOfPml) {
  const auto per_1000 = [](std::vector<std::string> arguments) {
    const auto prediction = PredictNamed("natalizumab-pml", arguments);
    return prediction ? 1000 * *prediction->outcomes.front().probability : -1;
  };
  EXPECT_NEAR(
      per_1000({"jcv_positive=1", "jcv_index=1.5", "prior_immunosuppressant=0", "months=24"}), 0.2,
      1e-9);
  EXPECT_NEAR(
      per_1000({"jcv_positive=1", "jcv_index=1.6", "prior_immunosuppressant=0", "months=25"}), 8.8,
      1e-9);
  EXPECT_NEAR(per_1000({"jcv_positive=1", "prior_immunosuppressant=0", "months=49"}), 6, 1e-9);
  EXPECT_NEAR(per_1000({"jcv_positive=1", "jcv_index=1", "prior_immunosuppressant=1", "months=60"}),
              13, 1e-9);
  EXPECT_NEAR(per_1000({"jcv_positive=0", "prior_immunosuppressant=0", "months=60"}), 0.2, 1e-9);
  // No estimate was published for immunosuppressants before and no antibodies.
  const auto none =
      PredictNamed("natalizumab-pml", {"jcv_positive=0", "prior_immunosuppressant=1", "months=12"});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->outcomes.front().probability);
  EXPECT_FALSE(none->reasons.empty());
}

TEST(PublishedModels, AreToldAsTheInterfaceSays) {
  const auto prediction = PredictNamed("ms-choice-chalkou-threestage", kPatient);
  ASSERT_TRUE(prediction);
  const nlohmann::json json = PredictionJson(*prediction);
  EXPECT_EQ(json["model"], "ms-choice-chalkou-threestage");
  EXPECT_EQ(json["outcomes"].size(), 4u);
  EXPECT_TRUE(json["outcomes"]["placebo"]["low"].is_null());
  EXPECT_EQ(json["recommendation"], "dimethyl fumarate");
  EXPECT_EQ(json["extrapolated"], false);
  EXPECT_FALSE(json["reasons"].empty());
  EXPECT_TRUE(json.contains("unverified"));
  const auto rio = PredictNamed("modified-rio", {"relapses=0", "new_t2=0"});
  ASSERT_TRUE(rio);
  EXPECT_TRUE(PredictionJson(*rio)["recommendation"].is_null());
  EXPECT_FALSE(PredictNamed("modified-rio", {"relapses=0"}));
  EXPECT_EQ(PredictNamed("modified-rios", {}).error().message,
            "model: found \"modified-rios\", expected one of: modified-rio, rio");
}

TEST(PublishedModels, HaveACardWithEquationAndSource) {
  for (const PublishedModel& model : PublishedModels()) {
    const std::string card = ModelCard(model);
    EXPECT_NE(card.find(model.source), std::string::npos) << model.name;
    EXPECT_NE(card.find("Range of validity"), std::string::npos) << model.name;
    for (const Field& field : model.fields) {
      EXPECT_NE(card.find(field.name), std::string::npos) << model.name;
    }
    EXPECT_NE(ModelList().find(model.name), std::string::npos);
    EXPECT_FALSE(ModelCardJson(model)["equation"].empty());
  }
}

std::string ErrorOf(const std::string& toml) {
  const auto model = ReadPublishedModel(toml, "m.toml");
  return model ? "no error" : model.error().message;
}

TEST(PublishedModels, AreReadWithTheLineOfWhatIsWrong) {
  const std::string head =
      "name = \"m\"\ntitle = \"t\"\ndisease = \"d\"\nkind = \"points\"\nversion = \"v\"\n"
      "outcome = \"o\"\npopulation = \"p\"\nsource = \"s\"\nperformance = \"f\"\n"
      "validity = \"r\"\n";
  EXPECT_EQ(ErrorOf(head), "no error");
  EXPECT_EQ(ErrorOf(head + "colour = 1\n").rfind("m.toml:11: colour: found an unknown key", 0), 0u);
  EXPECT_NE(ErrorOf(head + "[[linear.term]]\ncoefficient = 1\nfield = \"age\"\n")
                .find("expected one of the model's fields"),
            std::string::npos);
  EXPECT_NE(ErrorOf(head + "[[linear.term]]\nfield = \"age\"\n").find("coefficient"),
            std::string::npos);
  EXPECT_NE(ErrorOf(head + "[choice]\nreference = \"x\"\nnone = \"n\"\n").find("reference"),
            std::string::npos);
  EXPECT_NE(ErrorOf(head + "[risk]\nvalid = [1]\n").find("expected two numbers"),
            std::string::npos);
  EXPECT_NE(ErrorOf("name = 1\n").find("m.toml"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::decision
