// SPDX-License-Identifier: Apache-2.0
// From a country's export to a study's table: what comes out is what was drawn.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cohort/study_table.h"
#include "intake/import.h"
#include "intake/synthetic_export.h"

namespace clinnova::cohort {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

/// The rows of truth.csv by column.
std::vector<std::map<std::string, std::string>> ReadTruth(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  const auto split = [](const std::string& text) {
    Strings fields;
    std::istringstream stream(text + ",");
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    return fields;
  };
  std::getline(file, line);
  const Strings names = split(line);
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(file, line)) {
    const Strings fields = split(line);
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = fields.at(i);
  }
  return rows;
}

class SyntheticStudyTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("clinnova_synthetic_study_" + GetParam() + "_" + std::to_string(::getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  store::Store Imported(intake::SyntheticOptions options) {
    options.dialect = GetParam();
    options.directory = folder_;
    summary_ = intake::WriteSyntheticCohort(options).value();
    auto store = store::Store::Open({});
    intake::ImportOptions import{.paths = {summary_.export_directory.string()},
                                 .key_file = (folder_ / "key").string()};
    import.mapping = intake::SyntheticMapping(GetParam());
    const auto report = intake::Import(*store, import);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    return std::move(*store);
  }

  // One text per person, sorted: the table has no identifiers to match by.
  Strings Table(store::Store& store, const std::string& row) {
    const auto module = DiseaseModule::Load("ra");
    const TableRequest request{.study = {},
                               .index = "first_biologic",
                               .variables = {{"drug", "drug"},
                                             {"age", "age"},
                                             {"sex", "sex"},
                                             {"das28", "das28_crp_baseline"},
                                             {"low_activity", "low_activity"},
                                             {"days", "time_to_discontinuation"},
                                             {"stopped", "discontinued"},
                                             {"seropositive", "seropositive"},
                                             {"smoking", "smoking"},
                                             {"haq", "haq_baseline"},
                                             {"prior", "prior_biologics"},
                                             {"csdmard", "prior_csdmard"}}};
    const auto query = CompileStudy(request, *module);
    EXPECT_TRUE(query.has_value()) << (query ? "" : query.error().message);
    auto rows = store.database().Query("SELECT " + row + " FROM (" + query->sql + "\n)");
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
    Strings texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) texts.emplace_back(rows->Text(0, r));
    }
    std::ranges::sort(texts);
    return texts;
  }

  fs::path folder_;
  intake::SyntheticSummary summary_;
};

TEST_P(SyntheticStudyTest, GivesArmResponseAndDrugSurvivalAsDrawn) {
  store::Store store = Imported({.patients = 60, .seed = 9, .defects = false});
  // Days of the censored end with the last record, which the truth's last contact may be after.
  const Strings found = Table(
      store,
      "concat_ws(' ', drug, age::INTEGER, sex, coalesce(low_activity::INTEGER::VARCHAR, '-'), "
      "stopped::INTEGER, CASE WHEN stopped = 1 THEN days::INTEGER::VARCHAR ELSE '-' END, "
      "CASE WHEN das28 IS NULL THEN '-' ELSE printf('%.4f', das28) END)");
  Strings expected;
  std::size_t scored = 0;
  for (const auto& row : ReadTruth(summary_.truth_csv)) {
    const std::string response = row.at("observed_response");
    char das28[16];
    std::snprintf(das28, sizeof das28, "%.4f", std::stod(row.at("baseline_das28_crp")));
    expected.push_back(row.at("assigned_class") + " " + row.at("age") + " " +
                       (row.at("sex") == "female" ? "F" : "M") + " " +
                       (response.empty() ? "-" : response) + " " + row.at("stopped") + " " +
                       (row.at("stopped") == "1" ? row.at("observed_days") : "-") + " " + das28);
  }
  ASSERT_EQ(found.size(), expected.size());
  // A baseline CRP that was not reported leaves the score missing: those are matched last, without it.
  Strings unscored;
  for (const std::string& row : found) {
    if (row.ends_with(" -")) {
      unscored.push_back(row.substr(0, row.size() - 2));
      continue;
    }
    const auto match = std::ranges::find(expected, row);
    ASSERT_NE(match, expected.end()) << row;
    expected.erase(match);
    ++scored;
  }
  for (std::string& row : expected) row.resize(row.rfind(' '));
  std::ranges::sort(expected);
  EXPECT_EQ(unscored, expected);
  EXPECT_GT(scored, 50u);
}

TEST_P(SyntheticStudyTest, KnowsEveryBaselineFeatureOfMostPatients) {
  store::Store store = Imported({.patients = 60, .seed = 9, .defects = false});
  const auto known = [&](const std::string& column) {
    const Strings values = Table(store, "coalesce(" + column + "::VARCHAR, '-')");
    return values.size() - static_cast<std::size_t>(std::ranges::count(values, "-"));
  };
  EXPECT_EQ(known("seropositive"), 60u);
  EXPECT_EQ(known("smoking"), 60u);
  EXPECT_EQ(known("prior"), 60u);
  EXPECT_GT(known("haq"), 40u);
  const Strings csdmard = Table(store, "csdmard::INTEGER::VARCHAR");
  EXPECT_GT(std::ranges::count(csdmard, "1"), 20);
  EXPECT_GT(std::ranges::count(csdmard, "0"), 10);
}

TEST_P(SyntheticStudyTest, LeavesOutThosePlantedWithoutConsent) {
  store::Store store = Imported({.patients = 80, .seed = 6});
  EXPECT_EQ(Table(store, "drug").size(), 78u);
}

/// A disease in a dialect, and the features that must be what truth.csv says was observed.
struct OutcomeCase {
  const char* disease;
  const char* dialect;
  const char* index;
  const char* baseline;  ///< the feature of truth.csv's baseline column
  const char* baseline_column;
  std::vector<std::string> outcomes;
};

class SyntheticOutcomeTest : public testing::TestWithParam<OutcomeCase> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              (std::string("clinnova_synthetic_outcome_") + GetParam().disease + "_" +
               GetParam().dialect + "_" + std::to_string(::getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

// By class, age, sex, baseline, every outcome and whether the drug was stopped: the same persons.
TEST_P(SyntheticOutcomeTest, AreInTheTableAsTheTruthSaysTheyWereObserved) {
  const OutcomeCase& c = GetParam();
  const auto summary = intake::WriteSyntheticCohort({.disease = c.disease,
                                                     .patients = 150,
                                                     .seed = 9,
                                                     .dialect = c.dialect,
                                                     .directory = folder_,
                                                     .defects = false});
  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  auto store = store::Store::Open({});
  intake::ImportOptions import{.paths = {summary->export_directory.string()},
                               .key_file = (folder_ / "key").string()};
  import.mapping = intake::SyntheticMapping(c.dialect);
  const auto report = intake::Import(*store, import);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->Total().quarantined, 0) << report->Text();

  const auto module = DiseaseModule::Load(c.disease);
  ASSERT_TRUE(module.has_value()) << module.error().message;
  TableRequest request{.study = {},
                       .index = c.index,
                       .variables = {{"drug", "drug"},
                                     {"age", "age"},
                                     {"sex", "sex"},
                                     {"baseline", c.baseline},
                                     {"stopped", "discontinued"}}};
  std::string row =
      "drug || ' ' || age::INTEGER || ' ' || sex || ' ' || printf('%.1f', baseline) "
      "|| ' ' || stopped::INTEGER";
  for (const std::string& outcome : c.outcomes) {
    request.variables.push_back({outcome, outcome});
    row += " || ' ' || coalesce(" + outcome + "::INTEGER::VARCHAR, '-')";
  }
  const auto query = CompileStudy(request, *module);
  ASSERT_TRUE(query.has_value()) << query.error().message;
  auto rows = store->database().Query("SELECT " + row + " FROM (" + query->sql + "\n)");
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  Strings found;
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r) found.emplace_back(rows->Text(0, r));
  }
  Strings expected;
  std::map<std::string, std::map<std::string, int>> seen;
  for (const auto& person : ReadTruth(summary->truth_csv)) {
    char baseline[16];
    std::snprintf(baseline, sizeof baseline, "%.1f", std::stod(person.at(c.baseline_column)));
    std::string text = person.at("assigned_class") + " " + person.at("age") + " " +
                       (person.at("sex") == "female" ? "F" : "M") + " " + baseline + " " +
                       person.at("stopped");
    for (const std::string& outcome : c.outcomes) {
      const std::string observed = person.at("observed_" + outcome);
      text += " " + (observed.empty() ? "-" : observed);
      ++seen[outcome][observed];
    }
    expected.push_back(text);
  }
  std::ranges::sort(found);
  std::ranges::sort(expected);
  EXPECT_EQ(found, expected);
  for (const std::string& outcome : c.outcomes) {
    EXPECT_GT(seen[outcome]["0"], 5) << outcome;
    EXPECT_GT(seen[outcome]["1"], 5) << outcome;
    EXPECT_GT(seen[outcome][""], 5) << outcome;
  }
}

/// Scores that a disease's module computes, which must not depend on how a country writes their inputs.
struct ScoreCase {
  const char* disease;
  const char* index;
  std::vector<std::string> features;
};

class FourTonguesScoreTest : public testing::TestWithParam<ScoreCase> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / (std::string("clinnova_tongues_score_") +
                                           GetParam().disease + "_" + std::to_string(::getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// One row per person; numbers to ten digits, since 1.23 mg/dL are not quite 12.3 mg/L in doubles.
  Strings Table(const std::string& dialect) {
    const auto summary = intake::WriteSyntheticCohort({.disease = GetParam().disease,
                                                       .patients = 80,
                                                       .seed = 4,
                                                       .dialect = dialect,
                                                       .directory = folder_ / dialect,
                                                       .defects = false,
                                                       .site_effect = 0,
                                                       .site = intake::SyntheticSite::kStrasbourg});
    EXPECT_TRUE(summary.has_value());
    auto store = store::Store::Open({});
    intake::ImportOptions import{.paths = {summary->export_directory.string()},
                                 .key_file = (folder_ / "key").string()};
    import.mapping = intake::SyntheticMapping(dialect);
    EXPECT_TRUE(intake::Import(*store, import).has_value());
    const auto module = DiseaseModule::Load(GetParam().disease);
    TableRequest request{.study = {}, .index = GetParam().index, .variables = {}};
    std::string row;
    for (const std::string& feature : GetParam().features) {
      request.variables.push_back({feature, feature});
      row += (row.empty() ? "" : " || ' ' || ") + ("coalesce(printf('%.10g', TRY_CAST(" + feature +
                                                   " AS DOUBLE)), " + feature + "::VARCHAR, '-')");
    }
    const auto query = CompileStudy(request, *module);
    EXPECT_TRUE(query.has_value()) << (query ? "" : query.error().message);
    auto rows = store->database().Query("SELECT " + row + " FROM (" + query->sql + "\n)");
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
    Strings texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) texts.emplace_back(rows->Text(0, r));
    }
    std::ranges::sort(texts);
    return texts;
  }

  fs::path folder_;
};

TEST_P(FourTonguesScoreTest, GiveOnePatientOneScore) {
  const Strings reference = Table("ch-csv");
  ASSERT_EQ(reference.size(), 80u);
  const auto unknown = std::ranges::count_if(
      reference, [](const std::string& row) { return row.starts_with("- "); });
  EXPECT_LT(unknown, 20) << "the first score is hardly ever known";
  for (const std::string& dialect : intake::SyntheticDialects()) {
    if (dialect == "ch-csv") continue;
    EXPECT_EQ(Table(dialect), reference) << dialect;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Diseases, FourTonguesScoreTest,
    testing::Values(
        ScoreCase{"ra",
                  "first_biologic",
                  {"das28_crp_baseline", "das28_esr_baseline", "das28_crp_6m", "low_activity"}},
        ScoreCase{"cd",
                  "first_biologic",
                  {"hbi_baseline", "hbi_w14", "hbi_w52", "ses_cd_baseline", "albumin_baseline",
                   "calprotectin_w14", "ferritin_baseline", "haemoglobin_baseline",
                   "leukocytes_w52", "location", "behaviour"}},
        ScoreCase{"uc",
                  "first_biologic",
                  {"partial_mayo_baseline", "mayo_baseline", "modified_mayo_w52", "uceis_baseline",
                   "partial_mayo_w14", "albumin_w14", "calprotectin_baseline", "extent"}},
        ScoreCase{"ms",
                  "first_treatment",
                  {"edss_baseline", "t25fw_baseline", "nine_hole_peg_baseline", "sdmt_24m",
                   "nfl_baseline", "jcv_index_baseline", "lymphocytes_baseline",
                   "relapses_2y_before", "gadolinium_baseline", "course", "mri_count_24m"}}),
    [](const auto& info) { return std::string(info.param.disease); });

std::vector<OutcomeCase> OutcomeCases() {
  const Strings bowel = {"remission_w14", "steroid_free_remission_w14", "endoscopic_remission_w14",
                         "remission_w52", "steroid_free_remission_w52", "endoscopic_remission_w52"};
  std::vector<OutcomeCase> cases;
  // One dialect for each country; that all give one CDM, another test says.
  for (const char* dialect : {"lu-redcap", "de-ldt", "fr-hprim", "ch-sphn"}) {
    cases.push_back({"cd", dialect, "first_biologic", "hbi_baseline", "baseline_activity", bowel});
    cases.push_back(
        {"uc", dialect, "first_biologic", "partial_mayo_baseline", "baseline_activity", bowel});
    cases.push_back({"ms",
                     dialect,
                     "first_treatment",
                     "edss_baseline",
                     "baseline_edss",
                     {"relapse_24m", "worsening_24m", "mri_activity_24m", "neda3_24m"}});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Diseases, SyntheticOutcomeTest, testing::ValuesIn(OutcomeCases()),
                         [](const auto& info) {
                           std::string name =
                               std::string(info.param.disease) + "_" + info.param.dialect;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

INSTANTIATE_TEST_SUITE_P(Dialects, SyntheticStudyTest,
                         testing::ValuesIn(intake::SyntheticDialects()), [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace clinnova::cohort
