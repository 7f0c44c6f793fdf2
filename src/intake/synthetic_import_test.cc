// SPDX-License-Identifier: Apache-2.0
// Four tongues, one patient: the same synthetic patients exported in every dialect give the same CDM.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "intake/import.h"
#include "intake/synthetic_export.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;
using Rows = std::vector<std::string>;

class FourTonguesTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("clinnova_tongues_" + GetParam() + "_" + std::to_string(getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The CDM of Basel's patients as `dialect` tells them. One key: one pseudonym per patient.
  store::Store ImportDialect(const std::string& dialect, SyntheticOptions options) {
    options.disease = GetParam();
    options.dialect = dialect;
    options.directory = folder_ / dialect;
    options.site = SyntheticSite::kBasel;
    const auto summary = WriteSyntheticCohort(options);
    EXPECT_TRUE(summary.has_value());
    auto store = store::Store::Open({});
    EXPECT_TRUE(store.has_value());
    ImportOptions import{.paths = {summary->export_directory.string()},
                         .key_file = (folder_ / "key").string()};
    if (dialect != "de-fhir")
      import.mapping = std::string(CLINNOVA_SOURCE_DIR "/mappings/") + dialect;
    const auto report = Import(*store, import);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    if (report) reports_[dialect] = *report;
    return std::move(*store);
  }

  // The rows of a query, each as one text.
  static Rows Query(store::Store& store, const std::string& sql) {
    auto rows = store.database().Query("SELECT coalesce(t, '') FROM (" + sql + ") ORDER BY 1");
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
    Rows texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
        texts.emplace_back(rows->Text(0, r));
        EXPECT_FALSE(texts.back().empty()) << sql;  // a NULL would make all rows alike
      }
    }
    return texts;
  }

  fs::path folder_;
  std::map<std::string, ImportReport> reports_;
};

// One text per row: what a study can see, without the row's own identity and the source's spelling.
const std::map<std::string, std::string> kContents = {
    {"person",
     "SELECT person_source_value || '|' || gender_concept_id || '|' || year_of_birth || '|' || "
     "month_of_birth || '|' || "
     "day_of_birth AS t FROM person"},
    {"visit",
     "SELECT person_source_value || '|' || visit_concept_id || '|' || visit_start_date || '|' || "
     "visit_end_date AS t "
     "FROM visit_occurrence JOIN person USING (person_id)"},
    {"condition",
     "SELECT person_source_value || '|' || condition_concept_id || '|' || condition_start_date AS "
     "t "
     "FROM condition_occurrence JOIN person USING (person_id)"},
    {"drug",
     "SELECT person_source_value || '|' || drug_concept_id || '|' || drug_exposure_start_date || "
     "'|' || "
     "coalesce(verbatim_end_date::VARCHAR, 'goes on') AS t FROM drug_exposure JOIN person USING "
     "(person_id)"},
    {"measurement",
     "SELECT person_source_value || '|' || measurement_concept_id || '|' || measurement_date || "
     "'|' || "
     "coalesce(operator_concept_id, 0) || '|' || CASE WHEN measurement_concept_id = 3016723 THEN "
     "'creatinine' "
     "ELSE printf('%.6f', value_as_number) END || '|' || unit_concept_id || '|' || "
     "(visit_occurrence_id IS NOT NULL) AS t "
     "FROM measurement JOIN person USING (person_id)"},
    {"procedure",
     "SELECT person_source_value || '|' || procedure_concept_id || '|' || procedure_date AS t FROM "
     "procedure_occurrence JOIN person USING (person_id)"},
    {"observation",
     "SELECT person_source_value || '|' || observation_concept_id || '|' || observation_date || "
     "'|' || "
     "coalesce(printf('%.6f', value_as_number), '') || '|' || coalesce(value_as_concept_id, 0) AS "
     "t "
     "FROM observation JOIN person USING (person_id)"},
    {"consent",
     "SELECT person_source_value || '|' || purpose || '|' || status || '|' || valid_from AS t "
     "FROM clinnova.consent JOIN person USING (person_id)"}};

TEST_P(FourTonguesTest, EveryDialectGivesTheSameCdm) {
  const SyntheticOptions options{.patients = 60, .seed = 9, .defects = false, .site_effect = 0};
  std::map<std::string, std::map<std::string, Rows>> contents;
  std::map<std::string, Rows> creatinine;
  for (const std::string& dialect : SyntheticDialects()) {
    store::Store store = ImportDialect(dialect, options);
    EXPECT_EQ(reports_[dialect].Total().quarantined, 0) << dialect << reports_[dialect].Text();
    for (const auto& [table, sql] : kContents) contents[dialect][table] = Query(store, sql);
    creatinine[dialect] = Query(
        store,
        "SELECT person_source_value || '|' || measurement_date || '|' || value_as_number AS t FROM "
        "measurement JOIN person USING (person_id) WHERE measurement_concept_id = 3016723");
  }
  const auto& reference = contents["ch-csv"];
  EXPECT_EQ(reference.at("person").size(), 60u);
  EXPECT_GT(reference.at("measurement").size(), 60u * 20);
  EXPECT_EQ(reference.at("procedure").empty(), GetParam() == "ra");
  for (const auto& [dialect, tables] : contents) {
    for (const auto& [table, rows] : tables)
      EXPECT_EQ(rows, reference.at(table)) << dialect << " " << table;
    ASSERT_EQ(creatinine[dialect].size(), creatinine["ch-csv"].size()) << dialect;
    for (std::size_t i = 0; i < creatinine[dialect].size(); ++i) {
      const std::string& mine = creatinine[dialect][i];
      const std::string& other = creatinine["ch-csv"][i];
      const std::size_t bar = mine.rfind('|');
      ASSERT_EQ(mine.substr(0, bar), other.substr(0, bar));
      // Two decimals of a mg/dL are good to 0.44 umol/L.
      EXPECT_NEAR(std::stod(mine.substr(bar + 1)), std::stod(other.substr(bar + 1)), 0.45)
          << dialect;
    }
  }
}

TEST_P(FourTonguesTest, EveryPlantedDefectEndsAsListed) {
  for (const std::string& dialect : SyntheticDialects()) {
    store::Store store = ImportDialect(dialect, {.patients = 120, .seed = 6});
    const ImportReport& report = reports_[dialect];
    EXPECT_EQ(report.persons, 120) << dialect;
    EXPECT_EQ(report.research_persons, 118) << dialect;
    const Rows rules =
        Query(store, "SELECT rule AS t FROM clinnova.quarantine WHERE rule NOT LIKE 'value.%'");
    const Rows expected = dialect == "de-fhir"
                              ? Rows{"fhir.json", "fhir.modifier_extension"}
                              : Rows{"csv.field_count", "csv.field_count", "number.invalid"};
    EXPECT_EQ(rules, expected) << dialect;
    const auto implausible = store.database().QueryInt64(
        "SELECT count(*) FROM clinnova.quarantine WHERE rule = 'value.implausible'");
    EXPECT_EQ(implausible.value_or(-1), 1) << dialect << ": the haemoglobin in the wrong unit";
    // The swapped date is loaded as it stands: a visit before the drug, in a place of its own.
    const auto persons = store.database().QueryInt64("SELECT count(*) FROM person");
    EXPECT_EQ(persons.value_or(-1), 120) << dialect << ": the duplicate is one person";
    // Nobody's CRP is ten times too low or high, and no "n.n." became a number.
    const auto odd = store.database().QueryInt64(
        "SELECT count(*) FROM measurement WHERE measurement_concept_id = 3020460 AND "
        "(unit_concept_id <> 8751 OR "
        "value_as_number < 0.6)");
    EXPECT_EQ(odd.value_or(-1), 0) << dialect;
    const auto unknown =
        store.database().QueryInt64("SELECT count(*) FROM drug_exposure WHERE drug_concept_id = 0");
    EXPECT_EQ(unknown.value_or(-1), 0) << dialect;
  }
}

TEST_P(FourTonguesTest, ATruncatedFileOfResourcesIsRefusedWhole) {
  ImportDialect("de-fhir", {.patients = 40, .seed = 6});
  auto store = store::Store::Open({});
  const auto report = Import(*store, {.paths = {(folder_ / "de-fhir" / "truncated").string()},
                                      .key_file = (folder_ / "other-key").string()});
  ASSERT_FALSE(report.has_value());
  EXPECT_NE(report.error().message.find("ends too early"), std::string::npos);
  EXPECT_EQ(store->database().QueryInt64("SELECT count(*) FROM measurement").value_or(-1), 0);
}

INSTANTIATE_TEST_SUITE_P(Diseases, FourTonguesTest, testing::Values("ra", "ibd", "ms"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace clinnova::intake
