// SPDX-License-Identifier: Apache-2.0
// The counts of similar patients are those that one counts by hand in the site's own table.
#include "decision/similar_patients.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cohort/site_files.h"
#include "cohort/study_table.h"
#include "decision/bedside_fixture.h"
#include "intake/import.h"
#include "intake/synthetic_export.h"

namespace clinnova::decision {
namespace {

TEST(SimilarText, SaysSmallCountsAsFew) {
  const auto text = [](std::size_t patients, std::size_t reached) {
    return SimilarText({.arm = "JAK", .patients = patients, .reached = reached}, "remission");
  };
  EXPECT_EQ(text(41, 12), "of 41 similar patients here, 12 reached remission");
  EXPECT_EQ(text(41, 4), "of 41 similar patients here, fewer than 5 reached remission");
  EXPECT_EQ(text(41, 0), text(41, 4));
  EXPECT_EQ(text(41, 37), "of 41 similar patients here, all but fewer than 5 reached remission");
  EXPECT_EQ(text(10, 5), "of 10 similar patients here, 5 reached remission");
  EXPECT_EQ(text(4, 4), "fewer than 5 similar patients here");
  EXPECT_EQ(text(0, 0), text(4, 4));
}

class SimilarPatientsTest : public testing::Test {
 protected:
  SimilarPatientsTest()
      : site_("similar"),
        module_(cohort::DiseaseModule::Load("ra").value()),
        model_(StoredModels(site_.folder).value().front().model) {}

  void ImportPatients() {
    const auto summary = intake::WriteSyntheticCohort({.patients = 120,
                                                       .seed = 7,
                                                       .dialect = "de-fhir",
                                                       .directory = site_.folder / "raw",
                                                       .defects = false})
                             .value();
    auto store = store::Store::Open({.path = cohort::SiteFiles(site_.folder).store.string()});
    ASSERT_TRUE(store);
    const auto report = intake::Import(
        *store, {.paths = {summary.export_directory.string()},
                 .key_file = cohort::SiteFiles(site_.folder).pseudonym_key.string()});
    ASSERT_TRUE(report) << report.error().message;
  }

  SimilarPatients Read() {
    auto read = SimilarPatients::Read(site_.folder, model_, module_);
    EXPECT_TRUE(read) << read.error().message;
    return std::move(*read);
  }

  BedsideSite site_;
  cohort::DiseaseModule module_;
  RegisteredModel model_;
};

TEST_F(SimilarPatientsTest, CountsAsOneDoesByHand) {
  ImportPatients();
  const SimilarPatients here = Read();
  ASSERT_GT(here.size(), 50u);
  auto store = store::Store::Open({.path = cohort::SiteFiles(site_.folder).store.string(),
                                   .access = store::Store::Access::kReadOnly})
                   .value();
  const auto query = cohort::CompileStudy({.study = {},
                                           .index = "first_biologic",
                                           .variables = {{"drug", "drug"},
                                                         {"low", "low_activity"},
                                                         {"crp", "crp_baseline"},
                                                         {"sex", "sex"}}},
                                          module_)
                         .value();
  std::size_t all = 0;
  for (const SimilarCount& count :
       here.Find({.numbers = {{"crp", 20}}, .levels = {{"sex", "F"}}})) {
    const std::string of_arm = "FROM (" + query.sql + ") WHERE drug = '" + count.arm +
                               "' AND low IS NOT NULL AND sex = 'F' AND crp BETWEEN 4 AND 36";
    EXPECT_EQ(count.patients, store.database().QueryInt64("SELECT count(*) " + of_arm).value());
    EXPECT_EQ(count.reached,
              store.database().QueryInt64("SELECT count(*) " + of_arm + " AND low = 1").value());
    all += count.patients;
  }
  EXPECT_GT(all, 10u);
  std::size_t without_crp = 0;
  for (const auto& count : here.Find({.levels = {{"sex", "F"}}})) without_crp += count.patients;
  EXPECT_GT(without_crp, all) << "what is not known of the patient keeps nobody out";
  for (const auto& count : here.Find({.numbers = {{"crp", 1e4}}})) EXPECT_EQ(count.patients, 0u);
}

TEST_F(SimilarPatientsTest, CountsNobodyWhereThereIsNothingToCount) {
  EXPECT_TRUE(Read().Find({}).empty()) << "a site without a CDM";
  ImportPatients();
  model_.feature_of.erase("low_activity");
  EXPECT_TRUE(Read().Find({}).empty()) << "a study without the outcome";
}

TEST_F(SimilarPatientsTest, StandsOnTheCard) {
  const auto detail = [&] {
    return site_.Desk()
        ->Ask(SamplePatient{.crp = 20}.Question(), {})
        .value()
        .at(0)
        .at("detail")
        .get<std::string>();
  };
  EXPECT_EQ(detail().find("similar patients"), std::string::npos);
  ImportPatients();
  EXPECT_NE(detail().find("**Similar patients at this site** (as they were treated, not adjusted)"),
            std::string::npos);
  EXPECT_NE(detail().find(" similar patients here"), std::string::npos) << detail();
}

TEST_F(SimilarPatientsTest, FollowsTheStoreOnADeskThatStaysOpen) {
  const auto desk = site_.Desk();
  const auto tells_counts = [&] {
    const std::string detail =
        desk->Ask(SamplePatient{.crp = 20}.Question(), {}).value().at(0).at("detail");
    return detail.find("**Similar patients at this site**") != std::string::npos;
  };
  EXPECT_FALSE(tells_counts());
  ImportPatients();
  EXPECT_TRUE(tells_counts()) << "after an import";
  {
    auto store = store::Store::Open({.path = cohort::SiteFiles(site_.folder).store.string()});
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->database().Execute("UPDATE clinnova.consent SET status = 'withdrawn'"));
  }
  EXPECT_EQ(Read().size(), 0u);
  EXPECT_FALSE(tells_counts()) << "of patients who have withdrawn";
}

TEST_F(SimilarPatientsTest, CountsAgainWhenTheStoreIsFree) {
  ImportPatients();
  const std::filesystem::path file = cohort::SiteFiles(site_.folder).store;
  const auto written = std::filesystem::last_write_time(file);
  std::unique_ptr<BedsideDesk> desk;
  const auto tells_counts = [&] {
    const std::string detail =
        desk->Ask(SamplePatient{.crp = 20}.Question(), {}).value().at(0).at("detail");
    return detail.find("**Similar patients at this site**") != std::string::npos;
  };
  const std::filesystem::path away = site_.folder / "away";
  std::filesystem::rename(file, away);
  std::ofstream(file) << "in use";
  std::filesystem::last_write_time(file, written);
  desk = site_.Desk();
  EXPECT_FALSE(tells_counts()) << "nobody to count, and advice all the same";
  std::filesystem::rename(away, file);
  EXPECT_TRUE(tells_counts()) << "as old as when it could not be read";

  std::filesystem::rename(file, away);
  std::ofstream(file) << "in use";
  desk = site_.Desk(BedsideMode::kResearch, std::chrono::hours(1));
  std::filesystem::rename(away, file);
  EXPECT_FALSE(tells_counts()) << "not at every question";
}

TEST_F(SimilarPatientsTest, KeepsItsModelsWhenTheStoreChanges) {
  const auto desk = site_.Desk();
  // A model that cannot be loaded a second time tells whether it was.
  std::ofstream(site_.folder / "models" / "choice-1.json") << "{}";
  ImportPatients();
  const auto cards = desk->Ask(SamplePatient{.crp = 20}.Question(), {}).value();
  ASSERT_EQ(cards.size(), 1u);
  EXPECT_NE(cards.at(0).at("detail").get<std::string>().find("similar patients here"),
            std::string::npos);
}

}  // namespace
}  // namespace clinnova::decision
