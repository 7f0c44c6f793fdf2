// SPDX-License-Identifier: Apache-2.0
// Calibration and drift at a site equal R's, and a recalibration is used from its approval on.
#include "decision/model_monitor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "decision/bedside_fixture.h"
#include "decision/recalibration.h"

namespace clinnova::decision {
namespace {

using Row = SimilarPatients::Row;

/// Twelve patients of the sample model: arms JAK (0) and anti-IL-6 (1), CRP, sex (0 = F, 1 = M).
std::vector<Row> TwelvePatients() {
  return {{0, true, {5, 0}},   {0, false, {8, 1}}, {0, true, {12, 0}}, {0, true, {20, 0}},
          {0, false, {33, 1}}, {0, true, {60, 0}}, {1, false, {7, 1}}, {1, false, {15, 1}},
          {1, true, {40, 0}},  {1, false, {9, 0}}, {1, true, {25, 1}}, {1, true, {70, 0}}};
}

LearnedModel Sample() { return ReadLearnedModel(SampleModel(), "sample").value(); }

SimilarPatients Of(std::vector<Row> rows) {
  return {{"JAK", "anti-IL-6", "anti-TNF"}, Sample().inputs, std::move(rows)};
}

// crp <- c(5, 8, 12, 20, 33, 60, 7, 15, 40, 9, 25, 70)
// sex <- c("F","M","F","F","M","F","M","M","F","F","M","F"); y <- c(1,0,1,1,0,1,0,0,1,0,1,1)
// lp <- ifelse(1:12 <= 6, 0.2 - 0.4*(sex=="M"), -2.6 + log(crp))
// f <- glm(y ~ 1 + offset(lp), family=binomial, control=glm.control(epsilon=1e-15, maxit=100))
// coef(f); sqrt(vcov(f)); sum(plogis(lp)); mean((y-plogis(lp))^2)
// (mean(crp)-20)/sqrt((var(crp)+16^2)/2); p <- table(sex)/12; q <- c(600,200)/800; sum((p-q)*log(p/q))
TEST(ModelMonitor, EqualsR) {
  std::vector<Row> rows = TwelvePatients();
  rows.push_back({1, true, {std::nullopt, 0}});
  const auto calibration = CalibrationAt(Of(std::move(rows)), Sample());
  ASSERT_TRUE(calibration) << calibration.error().message;
  EXPECT_EQ(calibration->patients, 12);
  EXPECT_EQ(calibration->incomplete, 1);
  EXPECT_EQ(calibration->observed, 7);
  EXPECT_NEAR(calibration->expected, 6.6061895447058552, 1e-12);
  EXPECT_NEAR(calibration->brier, 0.16525872551770249, 1e-13);
  EXPECT_NEAR(calibration->intercept, 0.14410851364829469, 1e-12);
  EXPECT_NEAR(calibration->intercept_error, 0.6073530028604246, 1e-9);
  const auto drift = DriftAt(Of(TwelvePatients()), Sample());
  ASSERT_EQ(drift.size(), 2u);
  EXPECT_NEAR(*drift[0].standardised_difference, 0.28115051846846678, 1e-13);
  EXPECT_NEAR(*drift[1].stability_index, 0.12702334200781612, 1e-13);
}

// p <- tabulate(findInterval(crp, c(10, 20, 40)) + 1, 4) / 12; q <- c(200, 250, 200, 150) / 800
// sum((p - q) * log(p / q)); max(abs(cumsum(p - q)))
TEST(ModelMonitor, OfANumberInGroupsTellsIndexAndLargestDifferenceAsR) {
  auto document = nlohmann::json::parse(SampleModel());
  ASSERT_EQ(document["inputs"][0]["name"], "crp");
  auto& groups = document["inputs"][0]["groups"];
  groups = nlohmann::json::parse(
      R"([{"below": 10, "n": 200}, {"below": 20, "n": 250}, {"below": 40, "n": 200}, {"n": 150}])");
  const LearnedModel model = ReadLearnedModel(document.dump(), "sample").value();
  const SimilarPatients patients({"JAK", "anti-IL-6", "anti-TNF"}, model.inputs, TwelvePatients());
  const auto drift = DriftAt(patients, model);
  EXPECT_NEAR(*drift[0].standardised_difference, 0.28115051846846678, 1e-13);
  EXPECT_NEAR(*drift[0].stability_index, 0.1336257317316476, 1e-13);
  EXPECT_NEAR(*drift[0].largest_difference, 0.083333333333333315, 1e-13);
  EXPECT_FALSE(DriftAt(Of(TwelvePatients()), Sample())[0].stability_index);  // groups not known
  groups[1]["below"] = 10;
  EXPECT_FALSE(ReadLearnedModel(document.dump(), "sample"));
}

TEST(ModelMonitor, SaysWhereThereIsNothingToSay) {
  EXPECT_EQ(CalibrationAt(Of({}), Sample())->patients, 0);
  const auto all = CalibrationAt(Of({{0, true, {5, 0}}, {0, true, {8, 1}}}), Sample());
  EXPECT_TRUE(std::isinf(all->intercept_error));
  EXPECT_FALSE(DriftAt(Of({}), Sample())[0].standardised_difference);
  LearnedModel other = Sample();
  other.arms[0].link = OutcomeLink::kIdentity;
  EXPECT_FALSE(CalibrationAt(Of(TwelvePatients()), other));
}

/// The sample model with `by` added to the intercepts of the twelve patients' arms.
LearnedModel Moved(double by) {
  LearnedModel model = Sample();
  for (const std::size_t arm : {0, 1}) model.arms[arm].coefficients.front() += by;
  return model;
}

TEST(ModelMonitor, CalibratesAModelThatIsQuiteSure) {
  for (const double by : {-800.0, 40.0, 800.0}) {  // expit(40) is 1 in doubles, expit(-800) 0
    const auto sure = CalibrationAt(Of(TwelvePatients()), Moved(by));
    ASSERT_TRUE(sure) << sure.error().message;
    EXPECT_NEAR(sure->expected, by > 0 ? 12 : 0, 1e-9);
    EXPECT_TRUE(std::isfinite(sure->intercept_error)) << by;
    // Every predictor is the logit of 1 - 1e-12 or of 1e-12: 7 of 12 reached the outcome.
    const double bound = std::log((1 - 1e-12) / 1e-12);
    EXPECT_NEAR(sure->intercept, std::log(7.0 / 5) - (by > 0 ? bound : -bound), 1e-3) << by;
  }
}

TEST(ModelMonitor, CountsWhatBecameOfTheAdvice) {
  BedsideSite site("monitor");
  const auto desk = site.Desk();
  const auto ask = [&](double crp) {
    return desk->Ask(SamplePatient{.crp = crp}.Question(), {}).value().at(0).at("uuid");
  };
  const std::string first = ask(40);
  const std::string second = ask(40);
  ask(5e6);
  EXPECT_TRUE(desk->TakeFeedback({.card = first, .outcome = "overridden", .reason = "defer"}));
  EXPECT_TRUE(desk->TakeFeedback({.card = first, .outcome = "overridden", .reason = "reject"}));
  EXPECT_TRUE(desk->TakeFeedback({.card = second, .outcome = "accepted", .reason = ""}));
  EXPECT_TRUE(desk->TakeFeedback({.card = "another's", .outcome = "accepted", .reason = ""}));
  std::vector<federation::LedgerEntry> entries;
  ASSERT_TRUE(site.ledger->ForEach([&](const auto& entry) { entries.push_back(entry); }));
  RegisteredModel model = FindModel(site.folder, "choice", 1).value();
  const ModelUse use = UseOf(entries, model);
  EXPECT_EQ(use.answers, 3);
  EXPECT_EQ(use.recommended, 2);
  EXPECT_EQ(use.withheld, (std::map<std::string, std::int64_t>{{"unusable_record", 1}}));
  EXPECT_EQ(use.feedback, (std::map<std::string, std::int64_t>{{"accepted", 1}, {"reject", 1}}))
      << "the last word on a card counts";
  model.hash[0] ^= 1;
  EXPECT_EQ(UseOf(entries, model).answers, 0) << "another version";
}

TEST(Recalibration, IsUsedFromItsApprovalOn) {
  BedsideSite site("recalibration");
  const RegisteredModel model = FindModel(site.folder, "choice", 1).value();
  const auto few = ProposeRecalibration(site.folder, model, Of(TwelvePatients()), "2026-11-23");
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().reason, "too_few_patients");
  EXPECT_FALSE(ApproveRecalibration(site.folder, model, "x")) << "nothing was proposed";
  std::vector<Row> rows;
  for (int i = 0; i < 5; ++i) {
    for (const Row& row : TwelvePatients()) rows.push_back(row);
  }
  const auto desk = site.Desk();
  const auto detail = [&] {
    return desk->Ask(SamplePatient{}.Question(), {}).value().at(0).at("detail").get<std::string>();
  };
  const auto proposed =
      ProposeRecalibration(site.folder, model, Of(rows), "2026-11-23T10:00:00Z").value();
  EXPECT_NEAR(proposed.intercept, 0.14410851364829469, 1e-12);
  EXPECT_EQ(proposed.patients, 60);
  // anti-IL-6 at a CRP of 40: expit(-2.6 + log 40) = 0.748, and moved by 0.144: 0.774.
  EXPECT_NE(detail().find("| anti-IL-6 | of 100 such patients, about 75 "), std::string::npos);
  EXPECT_EQ(detail().find("Recalibrated"), std::string::npos) << "not approved";
  ASSERT_TRUE(ApproveRecalibration(site.folder, model, "2026-11-24T10:00:00Z"));
  EXPECT_NE(detail().find("| anti-IL-6 | of 100 such patients, about 77 "), std::string::npos);
  EXPECT_NE(detail().find("Recalibrated to this site on 2026-11-23 from 60 of its patients"),
            std::string::npos)
      << detail();
  EXPECT_EQ(site.Noted(federation::LedgerKind::kInference).back()["recalibrated"],
            "2026-11-24T10:00:00Z");
  ASSERT_TRUE(RemoveRecalibration(site.folder, model));
  EXPECT_EQ(detail().find("Recalibrated"), std::string::npos);
  std::ofstream(site.folder / "models" / "recalibrated.json") << "[]";
  EXPECT_EQ(FindRecalibration(site.folder, model).error().code, ErrorCode::kInvalidInput);
}

TEST(Recalibration, KeepsNothingThatIsNoNumber) {
  BedsideSite site("recalibration_nan");
  RegisteredModel model = FindModel(site.folder, "choice", 1).value();
  model.model = Moved(std::nan(""));
  std::vector<Row> rows;
  for (int i = 0; i < 5; ++i) {
    for (const Row& row : TwelvePatients()) rows.push_back(row);
  }
  const auto proposed = ProposeRecalibration(site.folder, model, Of(rows), "2026-11-23T10:00:00Z");
  ASSERT_FALSE(proposed);
  EXPECT_EQ(proposed.error().code, ErrorCode::kRefused);
  EXPECT_EQ(proposed.error().reason, "not_finite");
  EXPECT_FALSE(FindRecalibration(site.folder, model).value());
  EXPECT_EQ(site.Desk()->Ask(SamplePatient{}.Question(), {}).value().size(), 1u);
}

}  // namespace
}  // namespace clinnova::decision
