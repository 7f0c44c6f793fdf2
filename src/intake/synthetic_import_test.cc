// SPDX-License-Identifier: Apache-2.0
// Four tongues, one patient: the same synthetic patients exported in every dialect give the same CDM, and the
// defects that are planted in the exports are found.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "intake/import.h"
#include "intake/pseudonym.h"
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
    import.mapping = SyntheticMapping(dialect);
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
     "ELSE coalesce(printf('%.6f', value_as_number), 'text') END || '|' || "
     "coalesce(unit_concept_id, 0) AS t "
     "FROM measurement JOIN person USING (person_id)"},
    {"measurement of a visit",
     "SELECT person_source_value || '|' || measurement_concept_id || '|' || visit_start_date AS t "
     "FROM measurement JOIN visit_occurrence USING (visit_occurrence_id) JOIN person ON "
     "measurement.person_id = person.person_id"},
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

/// A laboratory's message says of which patient and day a result is, and not of which visit.
bool HasLaboratoryMessages(const std::string& dialect) {
  return dialect == "de-ldt" || dialect == "de-ldt3" || dialect == "fr-hprim";
}

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
    for (const auto& [table, rows] : tables) {
      if (table == "measurement of a visit" && HasLaboratoryMessages(dialect)) continue;
      EXPECT_EQ(rows, reference.at(table)) << dialect << " " << table;
    }
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

// ---- Planted defects: each is found where the answer file says, and no value is wrong.

struct Planted {
  std::string kind, patient, file, expected;
  std::int64_t line = 0;
};

std::vector<Planted> ReadAnswers(const fs::path& path) {
  std::ifstream stream(path);
  std::vector<Planted> planted;
  const auto answers = nlohmann::json::parse(stream);
  for (const auto& defect : answers["defects"])
    planted.push_back({defect["kind"], defect["patient"], defect["file"], defect["expected"],
                       defect["line"].get<std::int64_t>()});
  return planted;
}

class PlantedDefectsTest : public FourTonguesTest {
 protected:
  static inline const SyntheticOptions kOptions{.patients = 100, .seed = 6};

  std::int64_t Count(store::Store& store, const std::string& sql) {
    const auto count = store.database().QueryInt64("SELECT count(*) FROM " + sql);
    EXPECT_TRUE(count.has_value()) << sql << (count ? "" : count.error().message);
    return count.value_or(-1);
  }

  /// Rows of a table that came from the planted line and are so.
  std::int64_t At(store::Store& store, const std::string& table, const Planted& planted,
                  const std::string& so) {
    return Count(store, table + " JOIN clinnova.provenance p ON p.row_id = " + table +
                            "_id AND p.table_name = '" + table +
                            "' JOIN clinnova.source USING (source_id) LEFT JOIN "
                            "clinnova.value_detail d ON d.row_id = p.row_id AND d.table_name = "
                            "p.table_name WHERE file LIKE '%/" +
                            planted.file + "' AND p.line = " + std::to_string(planted.line) +
                            " AND person_id = " + std::to_string(PersonOf(planted)) + " AND " + so);
  }

  std::int64_t Quarantined(store::Store& store, const Planted& planted, const std::string& rule) {
    return Count(
        store, "clinnova.quarantine JOIN clinnova.source USING (source_id) WHERE rule = '" + rule +
                   "' AND file LIKE '%/" + planted.file +
                   "' AND line = " + std::to_string(planted.line));
  }

  std::int64_t PersonOf(const Planted& planted) {
    return PseudonymKey::LoadOrCreate((folder_ / "key").string())->PersonId(planted.patient);
  }

  SyntheticPatient PatientOf(const Planted& planted) const {
    const std::uint64_t number = std::stoull(planted.patient.substr(3));
    return FindSyntheticDisease(GetParam())
        ->draw({.seed = kOptions.seed, .site = SyntheticSite::kBasel}, number - 1);
  }

  /// The true CRP of the visit on which defects are planted.
  std::string TrueCrp(const Planted& planted) const {
    const SyntheticPatient patient = PatientOf(planted);
    const std::string is = std::to_string(DefectVisit(patient)->Find(kDefectItem)->value);
    return "measurement_concept_id = 3020460 AND unit_concept_id = 8751 AND abs(value_as_number "
           "- " +
           is + " / 10.0) < 1e-9";
  }

  /// A visit before that on whose day a drug was begun first: who plans visits from the drug's start has none.
  const std::string kBeforeBaseline =
      "visit_occurrence v JOIN (SELECT d.person_id, min(drug_exposure_start_date) AS start FROM "
      "drug_exposure d JOIN visit_occurrence w ON w.person_id = d.person_id AND w.visit_start_date "
      "= drug_exposure_start_date GROUP BY d.person_id) b ON b.person_id = v.person_id AND "
      "visit_start_date < start";

  void ExpectTruncatedIsRefused(const std::string& dialect, const Planted& planted) {
    auto store = store::Store::Open({});
    const auto report = Import(*store, {.paths = {(folder_ / dialect / "truncated").string()},
                                        .mapping = std::string(SyntheticMapping(dialect)),
                                        .key_file = (folder_ / "other-key").string()});
    ASSERT_FALSE(report.has_value()) << dialect;
    const std::string name = fs::path(planted.file).filename().string();
    EXPECT_NE(report.error().message.find(name), std::string::npos) << report.error().message;
    EXPECT_NE(report.error().message.find("ends too early"), std::string::npos)
        << report.error().message;
    EXPECT_EQ(Count(*store, "measurement"), 0) << dialect;
  }

  void ExpectFound(store::Store& store, const std::string& dialect, const Planted& planted) {
    const std::string& expected = planted.expected;
    const std::string rule = expected.substr(expected.rfind(' ') + 1);
    if (expected.starts_with("quarantined: ")) {
      const std::string known = rule == "resource" ? "fhir.json" : rule;
      EXPECT_EQ(Quarantined(store, planted, known), 1);
    } else if (expected.starts_with("quarantined at the load: ")) {
      EXPECT_EQ(Quarantined(store, planted, rule), 1);
    } else if (expected.starts_with("refused whole")) {
      ExpectTruncatedIsRefused(dialect, planted);
    } else if (planted.kind == "withdrawn_consent" || planted.kind == "refused_consent") {
      const std::string person = " WHERE person_id = " + std::to_string(PersonOf(planted));
      EXPECT_EQ(
          Count(store, "clinnova.consent" + person + " AND status = '" +
                           (planted.kind == "refused_consent" ? "refused" : "withdrawn") + "'"),
          1);
      EXPECT_EQ(Count(store, "clinnova.research_person" + person), 0);
    } else if (planted.kind == "duplicate_patient") {
      EXPECT_EQ(Count(store, "person WHERE person_id = " + std::to_string(PersonOf(planted))), 1);
      EXPECT_GE(reports_[dialect].ignored_by_reason["person: repeated in this import"], 1);
    } else if (planted.kind == "comparator") {
      EXPECT_EQ(At(store, "measurement", planted,
                   "measurement_concept_id = 3020460 AND operator_concept_id = 4171756 AND "
                   "value_as_number = 0.6"),
                1);
    } else if (planted.kind == "unit") {
      EXPECT_EQ(At(store, "measurement", planted,
                   TrueCrp(planted) + " AND original_number < value_as_number / 9"),
                1);
    } else if (expected.starts_with("kept as text")) {
      EXPECT_EQ(At(store, "measurement", planted,
                   "value_as_number IS NULL AND value_source_value LIKE 'n.n.%'"),
                1);
    } else if (planted.kind == "decimal_mark") {
      EXPECT_EQ(At(store, "measurement", planted, TrueCrp(planted)), 1);
    } else if (planted.kind == "retired_atc" || planted.kind == "pzn") {
      EXPECT_GE(At(store, "drug_exposure", planted, "drug_concept_id <> 0"), 1);
    } else if (planted.kind == "swapped_date") {
      EXPECT_EQ(Count(store, kBeforeBaseline), 1);
      EXPECT_EQ(
          Count(store, kBeforeBaseline + " AND v.person_id = " + std::to_string(PersonOf(planted))),
          1);
      EXPECT_GE(At(store, "visit_occurrence", planted, "true") +
                    At(store, "measurement", planted, "true"),
                1);
    } else {
      ADD_FAILURE() << "no check of " << planted.kind << ": " << expected;
    }
  }
};

TEST_P(PlantedDefectsTest, AreFoundAtTheirLine) {
  for (const std::string& dialect : SyntheticDialects()) {
    store::Store store = ImportDialect(dialect, kOptions);
    const std::vector<Planted> answers = ReadAnswers(folder_ / dialect / "defects.json");
    EXPECT_GE(answers.size(), 11u) << dialect;
    std::int64_t quarantined = 0;
    for (const Planted& planted : answers) {
      SCOPED_TRACE(dialect + " " + planted.kind + " " + planted.file + ":" +
                   std::to_string(planted.line));
      ExpectFound(store, dialect, planted);
      quarantined += planted.expected.starts_with("quarantined");
    }
    EXPECT_EQ(Count(store, "clinnova.quarantine"), quarantined) << dialect << ": and nothing else";
    EXPECT_EQ(Count(store, "person"), 100) << dialect;
    EXPECT_EQ(Count(store, "clinnova.research_person"), 98) << dialect;
  }
}

// What is loaded from an export with defects is in the one without, but for what the answer file names.
TEST_P(PlantedDefectsTest, MakeNoValueWrongInSilence) {
  for (const std::string& dialect : SyntheticDialects()) {
    store::Store store = ImportDialect(dialect, kOptions);
    const std::vector<Planted> answers = ReadAnswers(folder_ / dialect / "defects.json");
    std::map<std::string, std::string> pseudonyms;  // by kind of defect
    std::set<std::string> planted_persons;
    for (const Planted& planted : answers) {
      const auto key = PseudonymKey::LoadOrCreate((folder_ / "key").string());
      pseudonyms[planted.kind] = key->Pseudonym(planted.patient);
      planted_persons.insert(pseudonyms[planted.kind]);
    }
    SyntheticOptions clean = kOptions;
    clean.defects = false;
    fs::remove_all(folder_ / dialect);
    store::Store without = ImportDialect(dialect, clean);
    for (const auto& [table, sql] : kContents) {
      const Rows with_defects = Query(store, sql);
      const Rows true_rows = Query(without, sql);
      Rows added, missing;
      std::ranges::set_difference(with_defects, true_rows, std::back_inserter(added));
      std::ranges::set_difference(true_rows, with_defects, std::back_inserter(missing));
      for (const std::string& row : missing)
        EXPECT_TRUE(planted_persons.contains(row.substr(0, 32))) << dialect << " lost " << row;
      for (const std::string& row : added) {
        const std::string person = row.substr(0, 32);
        const bool known =
            person == pseudonyms["swapped_date"] || row.find("|text|") != std::string::npos ||
            (person == pseudonyms["comparator"] && row.find("|4171756|0.600000|") != row.npos) ||
            (table == "consent" && (person == pseudonyms["withdrawn_consent"] ||
                                    person == pseudonyms["refused_consent"]));
        EXPECT_TRUE(known) << dialect << " " << table << " has " << row;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Diseases, FourTonguesTest, testing::Values("ra", "ibd", "ms"),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Diseases, PlantedDefectsTest, testing::Values("ra", "ibd", "ms"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace clinnova::intake
