// SPDX-License-Identifier: Apache-2.0
#include "intake/rotation.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "intake/import.h"
#include "intake/record_keeper.h"
#include "intake/store_key.h"
#include "intake/synthetic_export.h"
#include "store/cdm54.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;
using Content = std::map<std::string, std::multiset<std::string>>;

class RotationTest : public testing::Test {
 protected:
  std::string Key() const { return (folder_.path() / "pseudonym.key").string(); }
  std::string StorePath() const { return (folder_.path() / "cdm.duckdb").string(); }

  store::Store Open(const std::string& path = "") {
    auto store = store::Store::Open({.path = path});
    EXPECT_TRUE(store.has_value()) << store.error().message;
    return std::move(*store);
  }
  void MustImport(store::Store& store, const fs::path& path, const std::string& mapping = "") {
    const auto report =
        Import(store, {.paths = {path.string()}, .mapping = mapping, .key_file = Key()});
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  Rotation MustRotate(store::Store& store) {
    auto done = RotatePseudonyms(store, Key());
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return done ? *done : Rotation{};
  }
  std::int64_t Number(store::Store& store, const std::string& sql) {
    const auto number = store.database().QueryInt64(sql);
    EXPECT_TRUE(number.has_value()) << sql << ": " << (number ? "" : number.error().message);
    return number.value_or(-1);
  }
  std::vector<std::string> Texts(store::Store& store, const std::string& sql) {
    auto rows = store.database().Query(sql);
    EXPECT_TRUE(rows.has_value()) << sql << ": " << (rows ? "" : rows.error().message);
    std::vector<std::string> texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
        texts.emplace_back(rows->IsNull(0, r) ? "" : rows->Text(0, r));
      }
    }
    return texts;
  }
  std::vector<std::string> Tables(store::Store& store) {
    return Texts(store,
                 "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE "
                 "database_name = current_database() ORDER BY 1");
  }

  /// Every row as text, but for when it was imported and which keys there were.
  Content ContentOf(store::Store& store) {
    Content content;
    for (const std::string& table : Tables(store)) {
      if (table == "clinnova.import_report" || table == "clinnova.pseudonym_key") continue;
      if (table == "clinnova.schema_version") continue;
      if (table.starts_with("main.concept")) continue;
      const std::string row = table == "clinnova.source"
                                  ? "SELECT {a: source_id, b: file, c: hash}::VARCHAR FROM "
                                  : "SELECT t::VARCHAR FROM ";
      const auto rows = Texts(store, row + table + " t");
      content[table] = {rows.begin(), rows.end()};
    }
    return content;
  }

  /// What stands in columns of integers that are no concepts, and every text, by table and column: an identifier
  /// that a rotation forgot is among them whatever its column is called.
  std::map<std::string, std::set<std::string>> ValuesOf(store::Store& store) {
    std::map<std::string, std::set<std::string>> values;
    for (const std::string& column : Texts(
             store,
             "SELECT schema_name || '.' || table_name || '|' || column_name FROM duckdb_columns() "
             "WHERE database_name = current_database() AND NOT internal AND data_type IN "
             "('BIGINT', 'INTEGER', 'HUGEINT', 'VARCHAR') AND column_name NOT LIKE "
             "'%concept_id%'")) {
      const std::string table = column.substr(0, column.find('|'));
      const std::string name = column.substr(column.find('|') + 1);
      const auto found = Texts(store, "SELECT DISTINCT \"" + name + "\"::VARCHAR FROM " + table +
                                          " WHERE \"" + name + "\" IS NOT NULL");
      if (!found.empty()) values[table + "." + name] = {found.begin(), found.end()};
    }
    return values;
  }

  /// The same tables with the same rows; names those that differ.
  static void ExpectSame(const Content& found, const Content& expected, const std::string& why) {
    for (const auto& [table, rows] : expected) {
      const auto& mine = found.at(table);
      if (mine == rows) continue;
      std::vector<std::string> only_found, only_expected;
      std::ranges::set_difference(mine, rows, std::back_inserter(only_found));
      std::ranges::set_difference(rows, mine, std::back_inserter(only_expected));
      ADD_FAILURE() << why << ": " << table << ": " << only_found.size() << " other rows, such as "
                    << (only_found.empty() ? "" : only_found.front()) << ", in place of "
                    << only_expected.size() << ", such as "
                    << (only_expected.empty() ? "" : only_expected.front());
    }
  }

  fs::path WriteCohort(const std::string& dialect, std::uint64_t patients = 20) {
    const auto summary = WriteSyntheticCohort({.disease = "ra",
                                               .patients = patients,
                                               .seed = 7,
                                               .dialect = dialect,
                                               .directory = folder_.path() / dialect});
    EXPECT_TRUE(summary.has_value()) << summary.error().message;
    return summary->export_directory;
  }
  fs::path WriteWholeCdm();

  TestFolder folder_;
};

/// What identifies, by the CDM's own names; not by the rule that the rotation goes by, which is under test.
bool Identifies(const std::string& column) {
  return column.find("_id") != column.npos && column.find("concept_id") == column.npos &&
         column != "cohort_definition_id" && column != "import_id" && column != "run_id";
}

/// Likewise, what a source knows somebody or something by.
const std::set<std::string>& Pseudonymous() {
  static const std::set<std::string> columns{"person_source_value", "provider_source_value",
                                             "care_site_source_value", "location_source_value",
                                             "specimen_source_id"};
  return columns;
}

/// A row in every table of the CDM that has identifiers, with something in every field: numbers that occur nowhere
/// else stand for identifiers, and person 60000001 is whom they are about.
fs::path RotationTest::WriteWholeCdm() {
  std::map<std::string, std::pair<std::string, std::string>> files;
  std::set<std::string> with_identifiers;
  std::int64_t next = 70000001;
  for (const store::CdmField& field : store::Cdm54Fields()) {
    const std::string name(field.name);
    std::string value = "text";
    if (field.type == "integer" && Identifies(name)) {
      value = name == "person_id" || name == "subject_id" ? "60000001" : std::to_string(++next);
      with_identifiers.insert(std::string(field.table));
    } else if (field.type == "integer") {
      value = name.find("concept") != name.npos ? "0" : name == "year_of_birth" ? "1960" : "1";
    } else if (field.type == "float") {
      value = "1.5";
    } else if (field.type.starts_with("date")) {
      value = "2020-01-05";
    }
    auto& [head, row] = files[std::string(field.table)];
    head += (head.empty() ? "" : ",") + name;
    row += (row.empty() ? "" : ",") + value;
  }
  for (const std::string& table : with_identifiers) {
    folder_.Write("cdm/" + table + ".csv", files[table].first + "\n" + files[table].second + "\n");
  }
  EXPECT_GT(with_identifiers.size(), 25u);
  return folder_.path() / "cdm";
}

TEST_F(RotationTest, LeavesNoOldIdentifierInAnyTable) {
  store::Store store = Open();
  MustImport(store, WriteCohort("ch-csv"), "ch-csv");
  MustImport(store, WriteWholeCdm());
  // Tables that nothing fills here, and a table of the site's own.
  ASSERT_TRUE(store.database().Execute(
      "CREATE TABLE ours AS SELECT person_id, row_number() OVER () AS sort, measurement_id FROM "
      "measurement"));
  const auto before = ValuesOf(store);
  const std::int64_t persons = Number(store, "SELECT count(*) FROM person");
  const Rotation done = MustRotate(store);
  EXPECT_EQ(done.persons, persons);
  EXPECT_EQ(done.generation, 2u);
  EXPECT_NE(done.before, done.after);

  std::set<std::string> old;
  std::size_t columns = 0;
  for (const auto& [column, values] : before) {
    const std::string name = column.substr(column.rfind('.') + 1);
    // Names of concepts' classes and such are texts.
    const bool number = Identifies(name) && std::isdigit(values.begin()->front()) != 0;
    if (!number && !Pseudonymous().contains(name)) continue;
    ++columns;
    for (const std::string& value : values) {
      if (value.size() > 5) old.insert(value);
    }
  }
  EXPECT_GT(columns, 90u) << "every table has a row";
  EXPECT_GT(old.size(), 1000u);
  for (const auto& [column, values] : ValuesOf(store)) {
    if (column.starts_with("clinnova.pseudonym_key.")) continue;
    EXPECT_EQ(values.size(), before.at(column).size()) << column << ": none lost, none merged";
    for (const std::string& value : values) {
      ASSERT_FALSE(old.contains(value)) << column << " still holds " << value;
    }
  }
}

TEST_F(RotationTest, EveryTableWithAPersonIsOneThatRotates) {
  store::Store store = Open();
  // A column that says whose or which row something is must be called so: the rotation goes by names.
  const auto odd = Texts(
      store,
      "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE NOT internal AND "
      "database_name = current_database() AND data_type IN ('BIGINT', 'INTEGER', 'HUGEINT') AND "
      "column_name NOT LIKE '%concept_id' AND "
      "(column_name LIKE '%person%' OR column_name LIKE '%subject%' OR column_name LIKE '%row%')");
  for (const std::string& column : odd) {
    EXPECT_TRUE(store::IsRowIdentifier(column.substr(column.find('.') + 1))) << column;
  }
  EXPECT_GT(odd.size(), 20u);
}

TEST_F(RotationTest, ArrivesWhereAnImportWithTheNewKeyDoes) {
  const fs::path export_folder = WriteCohort("de-fhir");
  const fs::path cdm = WriteWholeCdm();
  store::Store store = Open();
  MustImport(store, export_folder);
  MustImport(store, cdm);
  const Content before = ContentOf(store);
  MustRotate(store);
  MustRotate(store);
  const Content rotated = ContentOf(store);
  EXPECT_NE(rotated.at("main.measurement"), before.at("main.measurement"));
  MustImport(store, export_folder);
  MustImport(store, cdm);
  ExpectSame(ContentOf(store), rotated, "the same files again change nothing");

  store::Store fresh = Open();
  MustImport(fresh, export_folder);
  MustImport(fresh, cdm);
  ExpectSame(ContentOf(fresh), rotated, "as if the new key had been there from the beginning");
}

// An era's identifier is made of the person's: the next import must find the same one.
TEST_F(RotationTest, TakesDoseErasAlong) {
  const fs::path cdm = folder_.path() / "doses";
  folder_.Write("doses/person.csv", "person_id,year_of_birth\n6,1963\n7,1950\n");
  folder_.Write("doses/drug_exposure.csv",
                "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,"
                "drug_exposure_end_date,quantity\n1,6,1,2020-01-01,2020-01-10,30\n"
                "2,7,1,2020-01-01,2020-01-10,20\n");
  const auto open = [&] {
    store::Store store = Open();
    EXPECT_TRUE(store.database().Execute(
        "INSERT INTO drug_strength (drug_concept_id, ingredient_concept_id, amount_value, "
        "amount_unit_concept_id, valid_start_date, valid_end_date) VALUES (1, 1305058, 2.5, 8576, "
        "'1970-01-01', '2099-12-31')"));
    MustImport(store, cdm);
    return store;
  };
  store::Store store = open();
  const Content before = ContentOf(store);
  ASSERT_EQ(before.at("main.dose_era").size(), 2u);
  MustRotate(store);
  MustRotate(store);
  const Content rotated = ContentOf(store);
  EXPECT_NE(rotated.at("main.dose_era"), before.at("main.dose_era"));
  MustImport(store, cdm);
  ExpectSame(ContentOf(store), rotated, "the same files again change nothing");
  store::Store fresh = open();
  ExpectSame(ContentOf(fresh), rotated, "as if the new key had been there from the beginning");
}

constexpr const char* kPatient =
    R"({"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1961-07-01"})";

std::string Crp(const std::string& value) {
  return R"({"resourceType": "Observation", "id": "o1", "status": "final", "code": {"coding": [{"system":
    "http://loinc.org", "code": "1988-5"}]}, "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2024-02-29", "valueQuantity": {"value": )" +
         value + R"(, "code": "mg/L"}})";
}

std::string Consent(const std::string& decision, const std::string& day) {
  return R"({"resourceType": "Consent", "id": "c-)" + day +
         R"(", "status": "active", "scope": {"coding": [{"system":
    "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]}, "category": [{"coding": [{"system":
    "http://loinc.org", "code": "59284-0"}]}], "patient": {"reference": "Patient/p1"}, "dateTime": ")" +
         day + R"(", "provision": {"type": ")" + decision + R"("}})";
}

TEST_F(RotationTest, LetsCorrectionsAndWithdrawalsReachTheRowsTheyAreAbout) {
  store::Store store = Open();
  folder_.Write("first/p1.json", kPatient);
  folder_.Write("first/crp.json", Crp("12"));
  folder_.Write("first/consent.json", Consent("permit", "2024-01-01"));
  MustImport(store, folder_.path() / "first");
  ASSERT_EQ(Number(store, "SELECT count(*) FROM clinnova.research_person"), 1);
  MustRotate(store);
  EXPECT_EQ(Number(store, "SELECT count(*) FROM clinnova.research_person"), 1);
  EXPECT_EQ(Number(store, "SELECT count(*) FROM measurement JOIN person USING (person_id)"), 1);

  folder_.Write("second/crp.json", Crp("14"));
  folder_.Write("second/consent.json", Consent("deny", "2024-02-01"));
  MustImport(store, folder_.path() / "second");
  EXPECT_EQ(Number(store, "SELECT count(*) FROM measurement"), 1) << "replaced";
  EXPECT_EQ(Number(store, "SELECT sum(value_as_number)::BIGINT FROM measurement"), 14);
  EXPECT_EQ(Number(store, "SELECT count(*) FROM clinnova.research_person"), 0) << "withdrawn";
  MustRotate(store);
  EXPECT_EQ(Number(store, "SELECT count(*) FROM clinnova.research_person"), 0);
}

TEST_F(RotationTest, TakesSamplesPlacesAndProfessionalsAlong) {
  store::Store store = Open();
  const fs::path file = folder_.Write("hospital.json", std::string(R"({"resourceType": "Bundle",
    "type": "collection", "entry": [{"resource": )") + kPatient +
                                                           R"(},
    {"resource": {"resourceType": "Organization", "id": "o", "address": [{"city": "Basel"}],
      "type": [{"coding": [{"code": "dept"}]}]}},
    {"resource": {"resourceType": "Practitioner", "id": "d"}},
    {"resource": {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"},
      "subject": {"reference": "Patient/p1"}, "period": {"start": "2024-02-01"},
      "participant": [{"individual": {"reference": "Practitioner/d"}}],
      "serviceProvider": {"reference": "Organization/o"}}},
    {"resource": {"resourceType": "Specimen", "id": "s", "identifier": [{"value": "B-17"}],
      "type": {"coding": [{"system": "http://snomed.info/sct", "code": "119364003"}]},
      "subject": {"reference": "Patient/p1"}, "collection": {"collectedDateTime": "2024-02-01"}}},
    {"resource": {"resourceType": "Observation", "id": "r", "status": "final", "code": {"coding":
      [{"system": "http://loinc.org", "code": "1988-5"}]}, "subject": {"reference": "Patient/p1"},
      "specimen": {"reference": "Specimen/s"}, "effectiveDateTime": "2024-02-01",
      "valueQuantity": {"value": 3, "code": "mg/L"}}}]})");
  constexpr const char* kTogether =
      "SELECT count(*) FROM visit_occurrence JOIN care_site USING (care_site_id) JOIN location "
      "USING (location_id) JOIN provider ON provider.provider_id = visit_occurrence.provider_id "
      "JOIN clinnova.specimen_use ON table_name = 'measurement' JOIN measurement ON row_id = "
      "measurement_id JOIN specimen USING (specimen_id) JOIN clinnova.sample USING (specimen_id)";
  MustImport(store, file);
  EXPECT_EQ(Number(store, kTogether), 1);
  const Content before = ContentOf(store);
  MustRotate(store);
  EXPECT_EQ(Number(store, kTogether), 1);
  const Content rotated = ContentOf(store);
  for (const char* table : {"main.care_site", "main.location", "main.provider", "main.specimen",
                            "clinnova.sample", "clinnova.specimen_use"}) {
    EXPECT_NE(rotated.at(table), before.at(table)) << table;
  }
  MustImport(store, file);
  ExpectSame(ContentOf(store), rotated, "the same file again changes nothing");
}

TEST_F(RotationTest, OrdersRowsByNothingOld) {
  store::Store store = Open();
  MustImport(store, WriteCohort("ch-csv", 60), "ch-csv");
  MustRotate(store);
  EXPECT_EQ(
      Number(store,
             "SELECT count(*) FROM (SELECT person_id < lag(person_id) OVER (ORDER BY rowid) AS "
             "back FROM measurement) WHERE back"),
      0);
}

/// Rotates in a child that kills itself by the time `at` says so, and is waited for; true when it was killed.
bool KilledWhileRotating(const std::string& store_path, const std::string& key_file,
                         const std::function<void(int step, const std::string& what)>& at) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = store::Store::Open({.path = store_path});
    int steps = 0;
    const auto done =
        RotatePseudonyms(*store, key_file, [&](const std::string& what) { at(++steps, what); });
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

TEST_F(RotationTest, KeepsKeyAndStoreTogetherWhenKilledAtAnyStep) {
  const fs::path export_folder = WriteCohort("ch-csv", 4);
  Content before;
  {
    store::Store store = Open(StorePath());
    MustImport(store, export_folder, "ch-csv");
    before = ContentOf(store);
  }
  int taken_back = 0;
  for (bool committed = false; !committed;) {
    const int step = taken_back + 1;
    ASSERT_TRUE(KilledWhileRotating(StorePath(), Key(),
                                    [step](int now, const std::string&) {
                                      if (now == step) ::kill(::getpid(), SIGKILL);
                                    }))
        << "step " << step << " was never reached";
    store::Store store = Open(StorePath());
    const auto key = LoadStoreKey(store.database(), Key());
    ASSERT_TRUE(key.has_value()) << "after step " << step << ": " << key.error().message;
    Content now = ContentOf(store);
    committed = now != before;
    if (!committed) ++taken_back;
    if (!committed && step % 5 != 0) continue;
    MustImport(store, export_folder, "ch-csv");
    ExpectSame(ContentOf(store), now, "after step " + std::to_string(step));
  }
  EXPECT_GT(taken_back, 8) << "each table, and the key's file before the commit";
  store::Store store = Open(StorePath());
  EXPECT_EQ(MustRotate(store).generation, 3u);
  EXPECT_EQ(fs::file_size(Key()), 96u) << "the generation of the rotations that failed was used";
}

TEST_F(RotationTest, KeepsKeyAndStoreTogetherWhenKilledInTheCommit) {
  const fs::path export_folder = WriteCohort("ch-csv", 4);
  {
    store::Store store = Open(StorePath());
    MustImport(store, export_folder, "ch-csv");
  }
  for (const int microseconds : {0, 200, 1000, 3000, 8000, 20000, 60000}) {
    const bool killed =
        KilledWhileRotating(StorePath(), Key(), [microseconds](int, const std::string& what) {
          if (!what.starts_with("new key")) return;
          std::thread([microseconds] {
            ::usleep(static_cast<useconds_t>(microseconds));
            ::kill(::getpid(), SIGKILL);
          }).detach();
        });
    EXPECT_TRUE(killed || microseconds > 0);
    store::Store store = Open(StorePath());
    const auto key = LoadStoreKey(store.database(), Key());
    ASSERT_TRUE(key.has_value()) << microseconds << " us: " << key.error().message;
    const Content now = ContentOf(store);
    MustImport(store, export_folder, "ch-csv");
    ExpectSame(ContentOf(store), now, std::to_string(microseconds) + " us");
  }
}

TEST_F(RotationTest, FindsTheGenerationOfAnOlderCopyOfTheStore) {
  const fs::path export_folder = WriteCohort("ch-csv", 5);
  {
    store::Store store = Open(StorePath());
    MustImport(store, export_folder, "ch-csv");
  }
  fs::copy_file(StorePath(), StorePath() + ".copy");
  const std::string old_key = Key() + ".copy";
  fs::copy_file(Key(), old_key);
  Content rotated;
  {
    store::Store store = Open(StorePath());
    MustRotate(store);
    rotated = ContentOf(store);
    // The other way round it cannot be, and the message says so.
    const auto refused = Import(
        store, {.paths = {export_folder.string()}, .mapping = "ch-csv", .key_file = old_key});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(refused.error().message.find("from before a rotation"), std::string::npos)
        << refused.error().message;
  }
  store::Store copy = Open(StorePath() + ".copy");
  const Content before = ContentOf(copy);
  MustImport(copy, export_folder, "ch-csv");
  ExpectSame(ContentOf(copy), before, "the generation of the copy");
  MustRotate(copy);
  ExpectSame(ContentOf(copy), rotated, "the generation that is there is used, and kept");
  EXPECT_EQ(fs::file_size(Key()), 64u);
}

TEST_F(RotationTest, ChangesNothingWithoutPseudonymsOrWithAnotherKey) {
  store::Store store = Open();
  auto refused = RotatePseudonyms(store, Key());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(refused.error().message.find("import data first"), std::string::npos);
  EXPECT_FALSE(fs::exists(Key()));

  MustImport(store, WriteCohort("ch-csv", 5), "ch-csv");
  const Content before = ContentOf(store);
  const auto other = PseudonymKey::LoadOrCreate(Key() + ".other");
  ASSERT_TRUE(other.has_value());
  refused = RotatePseudonyms(store, Key() + ".other");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find(other->Fingerprint()), std::string::npos);
  EXPECT_EQ(fs::file_size(Key() + ".other"), 32u);
  refused = RotatePseudonyms(store, Key() + ".lost");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("not found"), std::string::npos);
  ExpectSame(ContentOf(store), before, "nothing changed");
}

TEST_F(RotationTest, RollsBackWhenTheKeyCannotBeWritten) {
  store::Store store = Open();
  MustImport(store, WriteCohort("ch-csv", 5), "ch-csv");
  fs::create_directories(Key() + ".part");  // in the place of the file that is written first
  const Content before = ContentOf(store);
  const auto failed = RotatePseudonyms(store, Key());
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().message.find("key file"), std::string::npos) << failed.error().message;
  ExpectSame(ContentOf(store), before, "nothing changed");
  fs::remove(Key() + ".part");
  EXPECT_EQ(MustRotate(store).generation, 2u);
}

TEST_F(RotationTest, SaysWhichKeysThereWere) {
  store::Store store = Open();
  auto status = ReadPseudonymStatus(store);
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_TRUE(status->keys.empty());
  MustImport(store, WriteCohort("ch-csv", 5), "ch-csv");
  const Rotation done = MustRotate(store);
  status = ReadPseudonymStatus(store);
  ASSERT_EQ(status->keys.size(), 2u);
  EXPECT_EQ(status->keys[0].fingerprint, done.before);
  EXPECT_EQ(status->keys[1].fingerprint, done.after);
  EXPECT_EQ(status->keys[1].since.size(), 19u);
  EXPECT_EQ(status->persons, done.persons);
  EXPECT_EQ(status->pseudonyms, done.persons);
}

}  // namespace
}  // namespace clinnova::intake
