// SPDX-License-Identifier: Apache-2.0
// A study's table from a CDM on a real PostgreSQL server is, bit for bit, the one from the same CDM in DuckDB.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cohort/study_table.h"
#include "intake/import.h"
#include "intake/synthetic_export.h"
#include "store/attached_cdm.h"
#include "store/postgres_fixture.h"
#include "table/table.h"

namespace clinnova::cohort {
namespace {

namespace fs = std::filesystem;

class AttachedStudyTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!store::TestServer::Installed()) GTEST_SKIP() << store::TestServer::kNotInstalled;
    server_ = std::make_unique<store::TestServer>();
    folder_ = fs::path(testing::TempDir()) / ("clinnova_attached_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  store::Store Imported(const std::string& disease, const std::string& dialect) {
    const fs::path out = folder_ / ("export-" + disease);
    const auto written = intake::WriteSyntheticCohort(
        {.disease = disease, .patients = 120, .seed = 11, .dialect = dialect, .directory = out});
    EXPECT_TRUE(written.has_value());
    auto store = store::Store::Open({});
    intake::ImportOptions import{.paths = {written->export_directory.string()},
                                 .key_file = (folder_ / "key").string()};
    import.mapping = intake::SyntheticMapping(dialect);
    const auto report = intake::Import(*store, import);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    return std::move(*store);
  }

  store::Attachment Attached(const std::string& schema) const {
    return {.connection = server_->Connection("reader"),
            .schema = schema,
            .research_persons = schema + ".clinnova_person"};
  }

  static TableRequest EveryFeature(const DiseaseModule& module, const std::string& index) {
    TableRequest request{.study = {}, .index = index, .variables = {}};
    for (const Feature& feature : module.features()) {
      request.variables.push_back({feature.name, feature.name});
    }
    return request;
  }

  Result<FrozenTable> FreezeAttached(const TableRequest& request, const DiseaseModule& module,
                                     const store::Attachment& attachment) const {
    CLINNOVA_ASSIGN(auto cdm, store::AttachedCdm::Open(attachment));
    return Freeze(cdm, request, module, folder_ / "attached");
  }

  static table::Table Read(const FrozenTable& frozen, const TableRequest& request,
                           const DiseaseModule& module) {
    table::Schema schema{.columns = CompileStudy(request, module)->columns};
    schema.columns.push_back({"site", table::ColumnKind::kFactor, {"here"}});
    auto table = BuildStudyTable(frozen, schema, "here");
    EXPECT_TRUE(table.has_value()) << (table ? "" : table.error().message);
    return table ? std::move(*table) : table::Table{};
  }

  fs::path folder_;
  std::unique_ptr<store::TestServer> server_;
};

/// How many values are known; every one of them is the same bits in both.
std::size_t ExpectSameBits(const table::Table& a, const table::Table& b) {
  EXPECT_EQ(a.rows, b.rows);
  std::size_t known = 0;
  for (std::size_t c = 0; c < a.columns.size(); ++c) {
    const auto& [left, right] = std::pair(a.columns[c], b.columns[c]);
    EXPECT_EQ(left.codes, right.codes) << a.schema.columns[c].name;
    EXPECT_EQ(left.numbers.size(), right.numbers.size());
    for (std::size_t r = 0; r < left.numbers.size() && r < right.numbers.size(); ++r) {
      const bool missing = std::isnan(left.numbers[r]) && std::isnan(right.numbers[r]);
      EXPECT_TRUE(missing || std::memcmp(&left.numbers[r], &right.numbers[r], sizeof(double)) == 0)
          << a.schema.columns[c].name << " row " << r << ": " << left.numbers[r] << " and "
          << right.numbers[r];
      known += missing ? 0 : 1;
    }
  }
  return known;
}

// All features of all disease modules.
TEST_F(AttachedStudyTest, GivesEveryFeatureOfEveryDiseaseToTheBit) {
  for (const auto& [disease, dialect] :
       {std::pair("ra", "ch-csv"), {"cd", "de-fhir"}, {"uc", "fr-csv"}, {"ms", "lu-ecrf"}}) {
    SCOPED_TRACE(disease);
    store::Store store = Imported(disease, dialect);
    server_->PutCdm(store, disease);
    const auto module = DiseaseModule::Load(disease);
    ASSERT_TRUE(module.has_value());
    const TableRequest request = EveryFeature(*module, module->index_events().front().name);
    const auto own = Freeze(store, request, *module, folder_ / "own");
    ASSERT_TRUE(own.has_value()) << own.error().message;
    const auto attached = FreezeAttached(request, *module, Attached(disease));
    ASSERT_TRUE(attached.has_value()) << attached.error().message;
    EXPECT_GT(attached->rows, 80u);
    const std::size_t known =
        ExpectSameBits(Read(*own, request, *module), Read(*attached, request, *module));
    EXPECT_GT(known, attached->rows * request.variables.size() / 4);
    // Built again it is the same table under the same key.
    EXPECT_EQ(FreezeAttached(request, *module, Attached(disease))->key, attached->key);
  }
}

/// A CDM of rheumatoid arthritis on the server, and a few columns of it.
class AttachedArthritisTest : public AttachedStudyTest {
 protected:
  void SetUp() override {
    AttachedStudyTest::SetUp();
    if (IsSkipped()) return;
    std::ifstream file(CLINNOVA_SOURCE_DIR "/diseases/ra.toml");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const std::string summary : {"mean", "last", "first", "max", "min", "count"}) {
      text += "\n[feature.crp_" + summary +
              "]\ntitle = \"CRP\"\nsource = \"measurement\"\nconcept_set = \"crp\"\nwindow = "
              "[-400, 400]\nunit = \"mg/L\"\nsummary = \"" +
              summary + "\"\n";
    }
    auto module = DiseaseModule::FromToml(text, "ra.toml");
    ASSERT_TRUE(module.has_value()) << module.error().message;
    module_.emplace(std::move(*module));
    store_.emplace(Imported("ra", "ch-csv"));
    server_->PutCdm(*store_, "omop");
    request_ = {.study = {},
                .index = "first_biologic",
                .variables = {{"drug", "drug"},
                              {"crp", "crp_baseline"},
                              {"mean", "crp_mean"},
                              {"das28", "das28_crp_baseline"},
                              {"last", "crp_last"},
                              {"first", "crp_first"},
                              {"max", "crp_max"},
                              {"min", "crp_min"},
                              {"count", "crp_count"}}};
  }
  table::Table Own() {
    const auto own = Freeze(*store_, request_, *module_, folder_ / "own");
    EXPECT_TRUE(own.has_value()) << (own ? "" : own.error().message);
    return Read(*own, request_, *module_);
  }
  table::Table OnServer(const std::string& research_persons = "omop.clinnova_person") {
    store::Attachment attachment = Attached("omop");
    attachment.research_persons = research_persons;
    const auto frozen = FreezeAttached(request_, *module_, attachment);
    EXPECT_TRUE(frozen.has_value()) << (frozen ? "" : frozen.error().message);
    return frozen ? Read(*frozen, request_, *module_) : table::Table{};
  }

  std::optional<DiseaseModule> module_;
  std::optional<store::Store> store_;
  TableRequest request_;
};

TEST_F(AttachedArthritisTest, SummarisesManyRowsAlike) {
  const table::Table own = Own();
  EXPECT_GT(ExpectSameBits(own, OnServer()), 700u);
  std::size_t several = 0;
  for (const double count : own.columns[8].numbers) several += count > 1 ? 1 : 0;
  EXPECT_GT(several, 50u);
}

// What 5.4 added to 5.3 or gave another name (https://ohdsi.github.io/CommonDataModel/cdm54Changes.html).
TEST_F(AttachedArthritisTest, ReadsACdm53) {
  server_->Do(
      "ALTER TABLE omop.visit_occurrence RENAME admitted_from_concept_id TO "
      "admitting_source_concept_id;"
      "ALTER TABLE omop.visit_occurrence RENAME discharged_to_concept_id TO "
      "discharge_to_concept_id;"
      "ALTER TABLE omop.visit_detail RENAME parent_visit_detail_id TO visit_detail_parent_id;"
      "ALTER TABLE omop.procedure_occurrence DROP procedure_end_date, DROP procedure_end_datetime;"
      "ALTER TABLE omop.device_exposure DROP production_id, DROP unit_concept_id;"
      "ALTER TABLE omop.measurement DROP unit_source_concept_id, DROP measurement_event_id, "
      "DROP meas_event_field_concept_id;"
      "ALTER TABLE omop.observation DROP value_source_value, DROP observation_event_id, "
      "DROP obs_event_field_concept_id;"
      "ALTER TABLE omop.location DROP country_concept_id, DROP country_source_value, "
      "DROP latitude, DROP longitude;"
      "DROP TABLE omop.episode, omop.episode_event");
  ExpectSameBits(Own(), OnServer());
}

TEST_F(AttachedArthritisTest, ConvertsUnitsAndLeavesOutWhatDoesNotConvert) {
  const table::Table own = Own();
  // Every second value in mg/dL: the same amounts.
  server_->Do(
      "UPDATE omop.measurement SET value_as_number = value_as_number / 10, unit_concept_id = 8840 "
      "WHERE measurement_concept_id = 3020460 AND measurement_id % 2 = 0");
  const table::Table converted = OnServer();
  std::size_t known = 0;
  for (std::size_t r = 0; r < own.rows; ++r) {
    const double expected = own.columns[1].numbers[r], found = converted.columns[1].numbers[r];
    ASSERT_EQ(std::isnan(expected), std::isnan(found)) << r;
    if (std::isnan(expected)) continue;
    EXPECT_NEAR(found, expected, 1e-15 * expected);
    ++known;
  }
  EXPECT_GT(known, 60u);
  // Without a concept the source's word counts if it is UCUM's.
  server_->Do(
      "UPDATE omop.measurement SET unit_concept_id = 0, unit_source_value = CASE unit_concept_id "
      "WHEN 8840 THEN 'mg/dL' ELSE 'mg/L' END WHERE measurement_concept_id = 3020460");
  EXPECT_EQ(ExpectSameBits(OnServer(), converted), ExpectSameBits(converted, converted));
  for (const std::string wrong :
       {"unit_concept_id = 8555", "unit_source_value = 'drops'", "unit_source_value = NULL"}) {
    server_->Do("UPDATE omop.measurement SET " + wrong + " WHERE measurement_concept_id = 3020460");
    const table::Table none = OnServer();
    ASSERT_EQ(none.rows, own.rows);
    for (std::size_t r = 0; r < none.rows; ++r) {
      EXPECT_TRUE(std::isnan(none.columns[1].numbers[r])) << wrong;
      EXPECT_TRUE(std::isnan(none.columns[3].numbers[r])) << "a score without its CRP";
    }
    server_->Do(
        "UPDATE omop.measurement SET unit_concept_id = 0 WHERE measurement_concept_id = 3020460");
  }
}

TEST_F(AttachedArthritisTest, ReadsThoseWhomTheListOfResearchPersonsHas) {
  const std::uint64_t all = OnServer().rows;
  EXPECT_EQ(OnServer("everyone").rows, all + 2) << "two are planted without a consent";
  // A person that a list has twice is one person.
  server_->Do("INSERT INTO omop.clinnova_person SELECT * FROM omop.clinnova_person");
  EXPECT_GT(ExpectSameBits(Own(), OnServer()), 200u);
  server_->Do("DELETE FROM omop.clinnova_person");
  EXPECT_EQ(OnServer().rows, 0u);
}

TEST_F(AttachedArthritisTest, KeepsTheTableWhoseKeyIsItsContent) {
  const store::Attachment attachment = Attached("omop");
  const auto first = FreezeAttached(request_, *module_, attachment);
  server_->Do("INSERT INTO omop.note (note_id, person_id, note_date) VALUES (1, 1, '2024-01-01')");
  EXPECT_EQ(FreezeAttached(request_, *module_, attachment)->key, first->key);
  server_->Do("UPDATE omop.measurement SET value_as_number = value_as_number + 1");
  const auto changed = FreezeAttached(request_, *module_, attachment);
  EXPECT_NE(changed->key, first->key);
  EXPECT_EQ(OpenFrozen(folder_ / "attached", first->key)->rows, first->rows);
  // Nothing is left of a table that could not be fetched.
  server_->Do("ALTER TABLE omop.observation_period RENAME TO hidden");
  EXPECT_EQ(FreezeAttached(request_, *module_, attachment).error().reason, "cdm_not_as_expected");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "attached"), {}), 2);
}

}  // namespace
}  // namespace clinnova::cohort
