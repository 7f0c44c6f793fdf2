// SPDX-License-Identifier: Apache-2.0
#include "decision/model_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "decision/bedside_fixture.h"

namespace clinnova::decision {
namespace {

TEST(ModelReport, SaysWhatTheDocumentSaysAndWhatItDoesNot) {
  const auto report = ModelReport(SampleModel(), "sample.json");
  ASSERT_TRUE(report) << report.error().message;
  const std::string text = ModelReportText(*report);
  for (const char* expected :
       {"Low disease activity at six months", "basel, freiburg, luxembourg", "800 persons",
        "JAK (240), anti-IL-6 (230), anti-TNF (330)", "crp (mg/L): mean 20, sd 16",
        "anti-IL-6: logit = -2.6 + 1 log(crp) + 0 sexM", "2 regression trees",
        "Choosing by the rule does better"}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
  }
  EXPECT_GT(text.find("5b Dates of the data"), text.find("Not reported"));
}

TEST(ModelReport, ShowsARegisteredModelWithItsVersionAndStudy) {
  const auto hub = federation::SiteIdentity::Create().value();
  nlohmann::json answer = nlohmann::json::parse(SampleResult());
  answer["analyses"][1]["n_missing"] = 170;
  const std::string result = answer.dump();
  const std::string study = SampleStudy();
  const auto registered = RegisterModel({.result = result,
                                         .study = study,
                                         .analysis = "choice",
                                         .name = "c",
                                         .hub = "h",
                                         .time = "2026-11-26T10:00:00Z"},
                                        hub);
  const auto report = *ModelReport(*registered, "c.json");
  EXPECT_EQ(report["title"], "Which drug class") << "the study's";
  const std::string text = ModelReportText(report);
  EXPECT_NE(text.find("c 1, registered 2026-11-26 by h; ledger root 1111111111111111"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("170 persons left out for a missing outcome or input"), std::string::npos);
  // What the document says stands in both.
  const auto items = (*ModelReport(SampleModel(), "sample.json"))["items"];
  for (const auto& item : items) {
    if (item["item"] == "5a") continue;  // with the study's permit
    EXPECT_NE(std::ranges::find(report["items"], item), report["items"].end()) << item;
  }
}

TEST(ModelReport, TellsFairnessBySubgroup) {
  auto document = nlohmann::json::parse(SampleModel());
  document["evaluation"]["subgroups"] = nlohmann::json::parse(R"([
    {"variable": "sex", "level": "F", "estimate": 0.05, "conf_low": -0.01, "conf_high": 0.11,
     "outcome": {"difference": {"estimate": 0.02, "conf_low": -0.03, "conf_high": 0.07},
                 "discrimination": {"auc": 0.7, "conf_low": 0.62, "conf_high": 0.78}}},
    {"variable": "sex", "level": "M", "estimate": null, "conf_low": null, "conf_high": null,
     "outcome": {"difference": null}}])");
  const std::string text = ModelReportText(*ModelReport(document.dump(), "x"));
  EXPECT_NE(text.find("sex F: gain 0.05 (-0.01 to 0.11), observed less predicted outcome 0.02 "
                      "(-0.03 to 0.07), AUC 0.7 (0.62 to 0.78); sex M: gain not known (not known "
                      "to not known)\n"),
            std::string::npos)
      << text;
}

TEST(ModelReport, AnswersQuestionsOfBiasOnlyWhereTheRunKnows) {
  const auto answers = [](const nlohmann::ordered_json& report) {
    std::map<std::string, std::string> found;
    for (const auto& asked : report["risk_of_bias"]) {
      found[asked["question"].get<std::string>()] = asked["answer"].get<std::string>();
    }
    return found;
  };
  auto document = nlohmann::json::parse(SampleModel());
  auto found = answers(*ModelReport(document.dump(), "x"));
  const std::string person = "to be judged by a person";
  EXPECT_GE(found.size(), 16u);
  EXPECT_EQ(found["Was account taken of overfitting?"], "yes");
  EXPECT_EQ(found["Are all predictors known when the model is asked?"], person);
  EXPECT_EQ(found["Is everything that decided the treatment among the predictors?"], person);
  // A document without its study does not know when the outcome was defined.
  EXPECT_EQ(found["Was the outcome defined before the analysis?"], person);
  // Rows without an input were left out.
  for (auto& input : document["inputs"]) input["missing"] = 0;
  EXPECT_EQ(
      answers(*ModelReport(document.dump(), "x"))["Were all persons who were taken in analysed?"],
      person);
  document["inputs"][0]["missing"] = 0.25;
  EXPECT_EQ(
      answers(*ModelReport(document.dump(), "x"))["Were all persons who were taken in analysed?"],
      "no");
  document.erase("calibration");
  EXPECT_EQ(
      answers(*ModelReport(document.dump(),
                           "x"))["Was performance measured as it should be, calibration among it?"],
      person);
  EXPECT_NE(ModelReportHtml(*ModelReport(document.dump(), "x")).find("PROBAST+AI"),
            std::string::npos);
}

TEST(ModelReport, TellsHowWellOutcomesWerePredicted) {
  auto document = nlohmann::json::parse(SampleModel());
  const auto told = [&] {
    const auto report = *ModelReport(document.dump(), "x");
    for (const auto& item : report["items"]) {
      if (item["heading"] == "Discrimination, out of fold") return item["text"].get<std::string>();
    }
    return std::string();
  };
  document["evaluation"]["discrimination"] = {
      {"all", {{"auc", 0.71234}, {"conf_low", 0.68}, {"conf_high", 0.745}, {"brier", 0.2}}},
      {"arms",
       {{{"arm", "JAK"},
         {"auc", 0.7},
         {"conf_low", 0.6},
         {"conf_high", nullptr},
         {"brier", 0.21}}}}};
  EXPECT_EQ(
      told(),
      "JAK: AUC 0.7 (0.6 to not known), Brier 0.21; all: AUC 0.712 (0.68 to 0.745), Brier 0.2");
  document["evaluation"]["discrimination"] = {
      {"all", {{"rmse", 1.5}, {"r_squared", 0.25}}},
      {"arms", {{{"arm", "JAK"}, {"rmse", 1.4}, {"r_squared", 0.3}}}}};
  EXPECT_EQ(told(), "JAK: RMSE 1.4, R squared 0.3; all: RMSE 1.5, R squared 0.25");
  document["evaluation"].erase("discrimination");
  EXPECT_EQ(told(), "");
}

std::string ItemOf(const nlohmann::json& document, const std::string& heading) {
  const auto report = *ModelReport(document.dump(), "x");
  for (const auto& item : report["items"]) {
    if (item["heading"] == heading) return item["text"].get<std::string>();
  }
  return {};
}

TEST(ModelReport, TellsWhetherThereAreEnoughPersons) {
  auto document = nlohmann::json::parse(SampleModel());
  const char* const heading = "Persons that each model needs";
  const auto answer = [&] {
    const auto report = *ModelReport(document.dump(), "x");
    for (const auto& asked : report["risk_of_bias"]) {
      if (asked["question"] == "Are there enough persons, and enough with the outcome?")
        return asked["answer"].get<std::string>();
    }
    return std::string();
  };
  EXPECT_EQ(ItemOf(document, heading), "");
  EXPECT_EQ(answer(), "to be judged by a person");
  document["evaluation"]["sample_size"] = nlohmann::json::parse(R"([
    {"arm": "JAK", "n": 240, "n_events": 98, "parameters": 4, "criteria": [
      {"criterion": "shrinkage", "n_needed": 410, "enough": false},
      {"criterion": "optimism", "n_needed": null, "enough": false},
      {"criterion": "overall_risk", "n_needed": 240, "enough": true}]}])");
  EXPECT_EQ(
      ItemOf(document, heading),
      "JAK: 240 persons, 98 with the outcome, 4 coefficients, a shrinkage factor of 0.9 needs "
      "410: not enough, an optimism of R squared of 0.05 needs more than any number: not "
      "enough, the overall risk to 0.05 needs 240: enough");
  EXPECT_EQ(answer(), "no");
  auto& criteria = document["evaluation"]["sample_size"][0]["criteria"];
  for (auto& criterion : criteria) criterion["enough"] = true;
  EXPECT_EQ(answer(), "yes");
  criteria[0]["enough"] = nullptr;  // of trees
  EXPECT_EQ(answer(), "to be judged by a person");
}

TEST(ModelReport, TellsHowFarPredictionsAreFromTheirCurve) {
  auto document = nlohmann::json::parse(SampleModel());
  document["calibration"] = nlohmann::json::parse(
      R"({"JAK": {"intercept": 0.1, "slope": 0.9, "ici": 0.031, "e_50": 0.02, "e_90": null}})");
  EXPECT_EQ(ItemOf(document, "Calibration, out of fold"),
            "JAK: intercept 0.1, slope 0.9, off its curve by 0.031 on average (ICI), 0.02 in the "
            "median (E50), not known or less for 90 % (E90)");
}

TEST(ModelReport, TellsTheBenefitOfOneDrugOverAnother) {
  auto document = nlohmann::json::parse(SampleModel());
  document["evaluation"]["benefit"] = nlohmann::json::parse(R"([
    {"first": "JAK", "second": "IL-6", "mean": {"estimate": 0.05, "conf_low": 0.01, "conf_high": 0.09},
     "slope": 0.8, "e_average": 0.02,
     "c_for_benefit": {"estimate": 0.57, "conf_low": 0.52, "conf_high": 0.62},
     "brier_for_benefit": 0.3, "cross_entropy_for_benefit": 0.9}])");
  EXPECT_EQ(ItemOf(document, "Benefit, out of fold"),
            "JAK over IL-6: gain 0.05 (0.01 to 0.09), slope on the prediction 0.8, predictions off "
            "by 0.02 on average, c-for-benefit 0.57 (0.52 to 0.62), Brier for benefit 0.3, "
            "cross-entropy for benefit 0.9");
}

TEST(ModelReport, TellsWhereTheRuleIsOfUse) {
  auto document = nlohmann::json::parse(SampleModel());
  const auto told = [&](const nlohmann::json& best) {
    document["evaluation"]["net_benefit"] = {{"reference", "IL-6"}};
    for (std::size_t t = 0; t < best.size(); ++t) {
      document["evaluation"]["net_benefit"]["thresholds"].push_back(
          {{"threshold", 0.1 * static_cast<double>(t)}, {"best", best[t]}});
    }
    const auto report = *ModelReport(document.dump(), "x");
    for (const auto& item : report["items"]) {
      if (item["heading"] == "Net benefit, out of fold") return item["text"].get<std::string>();
    }
    return std::string();
  };
  const std::string text = told({"rule", "rule", nullptr, "IL-6"});
  EXPECT_TRUE(
      text.ends_with("over IL-6 for everybody and every other drug, at thresholds of 0, 0.1"))
      << text;
  EXPECT_EQ(told({"IL-6", "JAK"}),
            "at none of the thresholds does the rule do best over IL-6 for everybody");
  EXPECT_EQ(told({nullptr, nullptr}), "");  // all are withheld
}

TEST(ModelReport, TellsTheRuleThatCanBeRead) {
  auto document = nlohmann::json::parse(SampleModel());
  for (const auto& item : (*ModelReport(document.dump(), "x"))["items"]) {
    EXPECT_NE(item["heading"], "A rule that can be read");  // the study did not ask
  }
  document["evaluation"]["policy_tree"] = nlohmann::json::parse(R"({
    "rule": ["crp <= 9 and sex is F: IL-6", "crp > 9: JAK"],
    "gain": {"estimate": 0.08, "conf_low": 0.01, "conf_high": 0.17, "best_single": "JAK"}})");
  EXPECT_EQ(ItemOf(document, "A rule that can be read"),
            "crp <= 9 and sex is F: IL-6; crp > 9: JAK; trees so learned gain 0.08 (0.01 to 0.17) "
            "over JAK for everybody, out of fold");
}

TEST(ModelReport, TellsWhatDiffersBetweenSites) {
  auto document = nlohmann::json::parse(SampleModel());
  document["evaluation"]["between_sites"] = {
      {"gain",
       {{"estimate", 0.11},
        {"conf_low", 0.03},
        {"conf_high", 0.19},
        {"i2", 12.5},
        {"prediction_low", -0.02},
        {"prediction_high", 0.24}}},
      {"auc", nullptr},
      {"shift",
       {{{"input", "crp"}, {"sites", 4}, {"sites_shifted", 1}},
        {{"input", "age"}, {"sites", 4}, {"sites_shifted", 0}}}}};
  const auto report = *ModelReport(document.dump(), "x");
  const auto item =
      std::ranges::find_if(report["items"], [](const auto& each) { return each["item"] == "23b"; });
  ASSERT_NE(item, report["items"].end());
  EXPECT_EQ(
      (*item)["text"],
      "gain 0.11 (0.03 to 0.19), I2 12.5 %, at a further site -0.02 to 0.24; patients differ in "
      "crp at 1 of 4 sites");
}

TEST(ModelReport, EscapesHtmlAndRefusesWhatIsNoModel) {
  auto document = nlohmann::json::parse(SampleModel());
  document["title"] = "<script>alert(1)</script>";
  const std::string html = ModelReportHtml(*ModelReport(document.dump(), "x"));
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;"), std::string::npos);
  EXPECT_FALSE(ModelReport("{}", "x"));
  EXPECT_FALSE(ModelReport("no json", "x"));
}

}  // namespace
}  // namespace clinnova::decision
