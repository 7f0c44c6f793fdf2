// SPDX-License-Identifier: Apache-2.0
#include "intake/import.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/hash.h"
#include "intake/synthetic_export.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> Content(store::Store& store);

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    std::string pattern = (fs::temp_directory_path() / "clinnova_import_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ImportTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::string Key() const { return (folder_ / "site.key").string(); }
  store::Store Open(const std::string& name = "") {
    auto store = store::Store::Open({.path = name.empty() ? "" : (folder_ / name).string()});
    EXPECT_TRUE(store.has_value()) << store.error().message;
    return std::move(*store);
  }
  ImportReport MustImport(store::Store& store, std::vector<std::string> paths,
                          const std::string& mapping = "",
                          std::int64_t runs_with_room = store::RowRemoval::kRunsWithRoom) {
    auto report = Import(store, {.paths = std::move(paths),
                                 .mapping = mapping,
                                 .key_file = Key(),
                                 .runs_with_room = runs_with_room});
    EXPECT_TRUE(report.has_value()) << report.error().message;
    if (!report) return {};
    for (const auto& [kind, counts] : report->kinds) {
      EXPECT_EQ(counts.read, counts.loaded + counts.quarantined + counts.ignored) << kind;
    }
    return std::move(*report);
  }

  /// The first import's report; the same files once more must change nothing, in whatever way rows are replaced.
  ImportReport MustImportTwice(store::Store& store, const std::vector<std::string>& paths,
                               const std::string& mapping) {
    const ImportReport report = MustImport(store, paths, mapping);
    const auto content = Content(store);
    for (const std::int64_t room : {store::RowRemoval::kRunsWithRoom, std::int64_t{0}}) {
      MustImport(store, paths, mapping, room);
      EXPECT_EQ(Content(store), content);
    }
    return report;
  }

  fs::path folder_;
};

std::vector<std::string> Tables(store::Store& store) {
  auto rows = store.database().Query(
      "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_type = "
      "'BASE "
      "TABLE' AND table_schema IN ('main', 'clinnova') AND table_catalog NOT IN ('system', 'temp') "
      "ORDER BY ALL");
  EXPECT_TRUE(rows.has_value()) << rows.error().message;
  std::vector<std::string> tables;
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r) tables.emplace_back(rows->Text(0, r));
  }
  return tables;
}

/// Every row of the store as text, except when and how often it was imported.
std::map<std::string, std::string> Content(store::Store& store) {
  std::map<std::string, std::string> content;
  for (const std::string& table : Tables(store)) {
    if (table == "clinnova.import_report") continue;
    auto rows = store.database().Query("SELECT t::VARCHAR FROM " + table + " t ORDER BY ALL");
    EXPECT_TRUE(rows.has_value()) << table << rows.error().message;
    std::string& text = content[table];
    while (rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r)
        text += std::string(rows->Text(0, r)) + "\n";
    }
  }
  return content;
}

constexpr const char* kPatients =
    R"({"resourceType": "Patient", "id": "pat-1001", "gender": "female",
  "birthDate": "1961-07-01", "name": [{"family": "Mustermann", "given": ["Erika"]}],
  "identifier": [{"system": "https://x/ahv", "value": "756.1234.5678.97"}]})";
constexpr const char* kObservation =
    R"({"resourceType": "Observation", "id": "o1", "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
  "subject": {"reference": "Patient/pat-1001", "display": "Erika Mustermann"},
  "effectiveDateTime": "2024-02-29", "valueQuantity": {"value": VALUE, "code": "mg/L"}})";

std::string Observation(const std::string& value) {
  std::string text = kObservation;
  return text.replace(text.find("VALUE"), 5, value);
}

TEST_F(ImportTest, ChangesNothingWhenDoneTwiceAndReplacesWhatWasCorrected) {
  store::Store store = Open();
  Write("export/pat-1001.json", kPatients);
  const std::string crp = Write("export/crp.json", Observation("12"));
  const std::string folder = (folder_ / "export").string();
  const ImportReport first = MustImport(store, {folder});
  EXPECT_EQ(first.Total().loaded, 2);
  const auto content = Content(store);
  MustImport(store, {folder});
  EXPECT_EQ(Content(store), content);
  Write("export/crp.json", Observation("14"));
  MustImport(store, {folder});
  EXPECT_EQ(
      store.database().QueryInt64("SELECT sum(value_as_number)::BIGINT FROM measurement").value(),
      14);
  EXPECT_EQ(store.database().QueryInt64("SELECT count(*) FROM clinnova.import_report").value(), 3);
}

TEST_F(ImportTest, LoadsNothingOfATruncatedBundle) {
  store::Store store = Open();
  Write("export/a.json", kPatients);
  MustImport(store, {(folder_ / "export").string()});
  const auto content = Content(store);
  Write("export/b.json", Observation("12"));
  Write("export/c.json",
        R"({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Pat)");
  auto report = Import(store, {.paths = {(folder_ / "export").string()}, .key_file = Key()});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(report.error().message.find("c.json: ends too early, after byte 71, inside entry 1"),
            std::string::npos)
      << report.error().message;
  EXPECT_EQ(Content(store), content);
}

TEST_F(ImportTest, SaysWhatItCannotRead) {
  store::Store store = Open();
  EXPECT_FALSE(Import(store, {.paths = {"/nonexistent"}, .key_file = Key()}).has_value());
  const std::string csv = Write("values.csv", "a;b\n1;2\n");
  auto no_mapping = Import(store, {.paths = {csv}, .key_file = Key()});
  ASSERT_FALSE(no_mapping.has_value());
  EXPECT_NE(no_mapping.error().message.find("without a mapping"), std::string::npos);
  const std::string packed = Write("a.json.gz", "\x1f\x8b rest");
  EXPECT_FALSE(Import(store, {.paths = {packed}, .key_file = Key()}).has_value());
  EXPECT_FALSE(Import(store, {.paths = {}, .key_file = Key()}).has_value());
}

TEST_F(ImportTest, KeepsToTheKeyAndLeavesNoneBehindAfterAFailure) {
  store::Store store = Open();
  const std::string truncated = Write("t.json", "{\"resourceType\": \"Pat");
  ASSERT_FALSE(Import(store, {.paths = {truncated}, .key_file = Key()}).has_value());
  EXPECT_FALSE(fs::exists(Key()));
  const std::string patient = Write("p.json", kPatients);
  MustImport(store, {patient});
  EXPECT_TRUE(fs::exists(Key()));
  ASSERT_FALSE(Import(store, {.paths = {truncated}, .key_file = Key()}).has_value());
  EXPECT_TRUE(fs::exists(Key())) << "the store needs it";
  const std::string lost = (folder_ / "lost.key").string();
  auto refused = Import(store, {.paths = {patient}, .key_file = lost});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(fs::exists(lost));
}

TEST_F(ImportTest, ReadsCsvByItsMapping) {
  store::Store store = Open();
  Write("mapping/values.toml", R"(
[file]
pattern = "values*.csv"
delimiter = ";"
encoding = "UTF-8"
decimal = ","
date = "dd/mm/yyyy"
patient = "nip"
[[record]]
kind = "person"
id = "nip"
sex = "sexe"
birth = { column = "naissance", pattern = "mm/yyyy" }
[[record]]
kind = "measurement"
id = "{nip}/{date}/crp"
code = { system = "LOINC", code = "1988-5" }
value = { column = "crp", unit = "mg/dL" }
start = "date"
)");
  const std::string csv =
      Write("values_2024.csv", "nip;sexe;naissance;date;crp\nP-4711;F;07/1961;29/02/2024;< 0,06\n");
  const ImportReport report = MustImport(store, {csv}, (folder_ / "mapping").string());
  EXPECT_EQ(report.Total().loaded, 2);
  EXPECT_EQ(
      store.database()
          .QueryInt64("SELECT count(*) FROM measurement JOIN person USING (person_id) WHERE "
                      "abs(value_as_number - 0.6) < 1e-12 AND operator_concept_id = 4171756 AND "
                      "gender_concept_id = 8532 AND day_of_birth IS NULL")
          .value(),
      1);
}

/// A file of testdata/.
std::string Testdata(const std::string& name) {
  return std::string(CLINNOVA_SOURCE_DIR) + "/src/intake/testdata/" + name;
}

/// The numbers of a concept's measurements with their comparators, in the order of dates.
std::string Measured(store::Store& store, std::int64_t concept_id) {
  auto rows = store.database().Query(
      "SELECT coalesce(string_agg(coalesce(comparator, '') || coalesce(round(value_as_number, 9), "
      "-1)::VARCHAR, "
      "' ' ORDER BY measurement_date, value_as_number), '') FROM measurement LEFT JOIN "
      "clinnova.value_detail d "
      "ON d.row_id = measurement_id WHERE measurement_concept_id = ?",
      {concept_id});
  EXPECT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_TRUE(rows->NextChunk());
  return std::string(rows->Text(0, 0));
}

constexpr std::int64_t kCrp = 3020460;
constexpr std::int64_t kHaemoglobin = 3000963;
constexpr std::int64_t kLeucocytes = 3000905;
constexpr std::int64_t kHaematocrit = 3023314;

TEST_F(ImportTest, ReadsGermanLaboratoryMessagesByTheirContent) {
  store::Store store = Open();
  const ImportReport report = MustImportTwice(
      store, {Testdata("befunde_ldt2.ldt"), Testdata("befunde_ldt3.ldt")}, "de-ldt");
  EXPECT_EQ(report.Total().quarantined, 0) << report.Text();
  EXPECT_EQ(store.database().QueryInt64("SELECT count(*) FROM person").value(), 2);
  EXPECT_EQ(Measured(store, kCrp), "<0.6 12.0 4.5 >200.0");
  EXPECT_EQ(
      store.database()
          .QueryInt64("SELECT count(*) FROM measurement WHERE range_high = 5 AND range_low = 0 "
                      "AND measurement_concept_id = 3020460")
          .value(),
      3)
      << "0.5 mg/dl and 5 mg/l";
  EXPECT_EQ(Measured(store, kHaemoglobin), "13.8 13.85804") << "8.6 mmol/l times 1.6114";
  EXPECT_EQ(Measured(store, kLeucocytes), "8.4 9.1");
  EXPECT_EQ(Measured(store, kHaematocrit), "40.0");
  auto no_mapping = Import(
      store, {.paths = {Testdata("befunde_ldt3.ldt")}, .mapping = "ch-csv", .key_file = Key()});
  ASSERT_FALSE(no_mapping.has_value());
  EXPECT_NE(no_mapping.error().message.find("found a file of format ldt3"), std::string::npos);
}

TEST_F(ImportTest, ReadsFrenchLaboratoryMessagesByTheirContent) {
  store::Store store = Open();
  const ImportReport report = MustImportTwice(store, {Testdata("resultats.hpr")}, "fr-hprim");
  EXPECT_EQ(report.Total().quarantined, 0) << report.Text();
  EXPECT_EQ(report.Total().loaded, 2 + 10);
  EXPECT_EQ(Measured(store, kCrp), "12.0 <0.6");
  EXPECT_EQ(Measured(store, kHaemoglobin), "13.8");
  EXPECT_EQ(Measured(store, kLeucocytes), "8.4") << "8400 /mm3";
  EXPECT_EQ(Measured(store, kHaematocrit), "40.0");
  EXPECT_EQ(store.database()
                .QueryInt64("SELECT count(*) FROM measurement WHERE value_as_concept_id = 9189 AND "
                            "measurement_source_value = '11572-5'")
                .value(),
            1)
      << "a rheumatoid factor that is negative";
}

TEST_F(ImportTest, ReadsARedcapProjectWithItsDictionary) {
  store::Store store = Open();
  const std::vector<std::string> files = {Testdata("Etude_DATA.csv"),
                                          Testdata("Etude_DataDictionary.csv")};
  const ImportReport report = MustImportTwice(store, files, "lu-redcap");
  const std::map<std::string, std::int64_t> quarantined = {{"redcap.choice", 1}};
  EXPECT_EQ(report.quarantined_by_rule, quarantined) << report.Text();
  EXPECT_EQ(Measured(store, kCrp), "12.0 4.0 <0.6");
  EXPECT_EQ(Measured(store, kHaemoglobin), "13.8");
  EXPECT_EQ(store.database()
                .QueryInt64("SELECT count(*) FROM drug_exposure WHERE drug_concept_id > 0")
                .value(),
            2);
  EXPECT_EQ(store.database().QueryInt64("SELECT count(*) FROM clinnova.research_person").value(),
            1);
  auto alone = Import(store, {.paths = {files[0]}, .mapping = "lu-redcap", .key_file = Key()});
  ASSERT_FALSE(alone.has_value());
  EXPECT_NE(alone.error().message.find("found no data dictionary"), std::string::npos);
}

TEST_F(ImportTest, ReadsAnOpenEhrComposition) {
  store::Store store = Open();
  const ImportReport report =
      MustImportTwice(store, {Testdata("rheumatology_visit.json")}, "de-openehr");
  EXPECT_EQ(report.Total().quarantined, 0) << report.Text();
  EXPECT_EQ(Measured(store, kCrp), "12.0 <0.6");
  EXPECT_EQ(Measured(store, kHaemoglobin), "13.8") << "138 g/L";
  EXPECT_EQ(
      store.database()
          .QueryInt64(
              "SELECT count(*) FROM condition_occurrence JOIN clinnova.provenance ON row_id = "
              "condition_occurrence_id WHERE condition_concept_id > 0 AND date_precision = 'month'")
          .value(),
      1);
}

TEST_F(ImportTest, ReadsSphnTurtle) {
  store::Store store = Open();
  const ImportReport report = MustImportTwice(store, {Testdata("patient_sphn.ttl")}, "ch-sphn");
  EXPECT_EQ(report.Total().quarantined, 0) << report.Text();
  EXPECT_EQ(Measured(store, kCrp), "12.0 <0.6");
  EXPECT_EQ(Measured(store, kHaemoglobin), "13.8") << "138 g/L";
  EXPECT_EQ(Measured(store, kLeucocytes), "8.4");
  EXPECT_EQ(store.database()
                .QueryInt64("SELECT count(*) FROM drug_exposure WHERE drug_concept_id = 1119119")
                .value(),
            1);
  EXPECT_EQ(store.database()
                .QueryInt64(
                    "SELECT count(*) FROM condition_occurrence WHERE condition_concept_id > 0 AND "
                    "visit_occurrence_id IS NOT NULL")
                .value(),
            1);
  EXPECT_EQ(store.database().QueryInt64("SELECT count(*) FROM clinnova.research_person").value(),
            1);
}

TEST_F(ImportTest, LoadsEverythingOrNothingWhenKilled) {
  Write("first/a.json", kPatients);
  std::string lines;
  for (int i = 0; i < 20000; ++i) {
    lines +=
        R"({"resourceType": "Observation", "id": "n)" + std::to_string(i) +
        R"(", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},)"
        R"( "subject": {"reference": "Patient/pat-1001"}, "effectiveDateTime": "2024-02-29",)"
        R"( "valueQuantity": {"value": 5, "code": "mg/L"}})"
        "\n";
  }
  Write("second/b.ndjson", lines);
  std::map<std::string, std::string> before;
  {
    store::Store store = Open("site.duckdb");
    MustImport(store, {(folder_ / "first").string()});
    before = Content(store);
  }
  int killed_before_the_commit = 0;
  for (const int milliseconds : {20, 60, 120, 200, 280, 350, 420}) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = store::Store::Open({.path = (folder_ / "site.duckdb").string()});
      if (!store) ::_exit(2);
      const auto report =
          Import(*store, {.paths = {(folder_ / "second").string()}, .key_file = Key()});
      ::_exit(report ? 0 : 1);
    }
    ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
    store::Store store = Open("site.duckdb");
    const auto count = [&](const char* table) {
      return store.database().QueryInt64(std::string("SELECT count(*) FROM ") + table).value();
    };
    if (count("measurement") == 0) {
      EXPECT_EQ(Content(store), before) << milliseconds << " ms";
      ++killed_before_the_commit;
      continue;
    }
    // The commit was faster than the signal: then everything is there.
    EXPECT_EQ(count("measurement"), 20000) << milliseconds << " ms";
    EXPECT_EQ(count("clinnova.provenance"), 20001) << milliseconds << " ms";
    EXPECT_EQ(count("observation_period"), 1) << milliseconds << " ms";
    EXPECT_EQ(count("clinnova.import_report"), 2) << milliseconds << " ms";
    break;
  }
  EXPECT_GT(killed_before_the_commit, 0);
  store::Store store = Open("site.duckdb");
  MustImport(store, {(folder_ / "second").string()});
  EXPECT_EQ(store.database().QueryInt64("SELECT count(*) FROM measurement").value(), 20000);
}

TEST_F(ImportTest, ReplacesEverythingOrNothingWhenKilled) {
  const auto cohort = WriteSyntheticCohort(
      {.patients = 30, .dialect = "ch-csv", .directory = folder_ / "cohort", .defects = false});
  ASSERT_TRUE(cohort.has_value()) << cohort.error().message;
  const std::vector<std::string> files{cohort->export_directory.string()};
  std::map<std::string, std::string> before;
  {
    store::Store store = Open("site.duckdb");
    MustImport(store, files, "ch-csv");
    before = Content(store);
  }
  bool committed = false;
  int killed = 0;
  for (int milliseconds = 40; !committed && milliseconds < 100000;
       milliseconds += milliseconds / 2) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = store::Store::Open({.path = (folder_ / "site.duckdb").string()});
      if (!store) ::_exit(2);
      const auto report = Import(
          *store, {.paths = files, .mapping = "ch-csv", .key_file = Key(), .runs_with_room = 0});
      // Not as the process ends, which would write the log of the transaction into the store.
      ::kill(::getpid(), report ? SIGKILL : SIGABRT);
    }
    ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    store::Store store = Open("site.duckdb");
    EXPECT_EQ(Content(store), before) << milliseconds << " ms";
    committed =
        store.database().QueryInt64("SELECT count(*) FROM clinnova.import_report").value() == 2;
    ++killed;
  }
  EXPECT_TRUE(committed);
  EXPECT_GT(killed, 1);
}

/// Searches every text of the store.
std::vector<std::string> Find(const std::map<std::string, std::string>& content,
                              const std::set<std::string>& words) {
  std::vector<std::string> found;
  for (const auto& [table, text] : content) {
    for (const std::string& word : words) {
      if (word.size() >= 4 && text.find(word) != text.npos)
        found.push_back(table + " holds " + word);
    }
  }
  return found;
}

TEST_F(ImportTest, LetsNoIdentityIntoTheStore) {
  store::Store store = Open();
  Write("export/Mustermann_Erika_pat-1001.json", kPatients);
  std::string haemolysed = Observation("12");
  haemolysed.insert(1,
                    "\"modifierExtension\": [{\"url\": \"x\", \"valueString\": \"Mustermann\"}], ");
  Write("export/Observation-pat-1001-1.json", haemolysed);
  std::string unknown = Observation("99999999");
  unknown.replace(unknown.find("\"o1\""), 4, "\"pat-1001-o2\"");
  Write("export/o2.json", unknown);
  const ImportReport report = MustImport(store, {(folder_ / "export").string()});
  EXPECT_EQ(report.Total().quarantined, 2);
  auto content = Content(store);
  content["report"] = report.Json();
  for (const std::string& found :
       Find(content, {"pat-1001", "Mustermann", "Erika", "756.1234.5678.97", "1961-07-01"})) {
    ADD_FAILURE() << found;
  }
}

/// Unpacks one of the public archives, or skips the test.
class PublicDataTest : public ImportTest {
 protected:
  bool Unpack(const std::string& name) {
    const char* given = std::getenv("CLINNOVA_SHARED_DATA");
    const fs::path archive =
        fs::path(given ? given : CLINNOVA_SOURCE_DIR "/../shared/data") / "fhir" / name;
    if (!fs::exists(archive)) return false;
    fs::create_directories(folder_ / "export");
    const std::string command = "tar -I zstd -C '" + (folder_ / "export").string() + "' -xf '" +
                                archive.string() + "' 2>/dev/null";
    return std::system(command.c_str()) == 0;
  }
  /// Every resource of a type that has identities, below the folder, in bundles or alone; read once.
  const std::vector<nlohmann::json>& Resources(const std::string& type) {
    if (!resources_.empty()) return resources_[type];
    const std::set<std::string> kept = {"Patient", "Practitioner", "Organization", "Specimen"};
    for (const auto& file : fs::recursive_directory_iterator(folder_ / "export")) {
      if (file.path().extension() != ".json") continue;
      std::ifstream stream(file.path());
      auto json = nlohmann::json::parse(stream, nullptr, false);
      if (!json.is_object()) continue;
      std::vector<nlohmann::json> found;
      if (json.contains("entry")) {
        for (auto& entry : json["entry"]) found.push_back(std::move(entry["resource"]));
      } else {
        found.push_back(std::move(json));
      }
      for (auto& resource : found) {
        if (!resource.is_object()) continue;
        const std::string what = resource.value("resourceType", "");
        if (kept.contains(what)) resources_[what].push_back(std::move(resource));
      }
    }
    return resources_[type];
  }
  /// Family names and numbers that resources of a type have; with them the patients' own identities.
  std::set<std::string> Identities(const std::string& type) {
    std::set<std::string> words;
    for (const auto& resource : Resources(type)) {
      if (type == "Patient") words.insert(resource.value("id", ""));
      for (const auto& name : resource.value("name", nlohmann::json::array())) {
        if (name.is_object()) words.insert(name.value("family", ""));
      }
      for (const auto& identifier : resource.value("identifier", nlohmann::json::array())) {
        words.insert(identifier.value("value", ""));
      }
    }
    EXPECT_FALSE(words.empty()) << type;
    return words;
  }

 private:
  std::map<std::string, std::vector<nlohmann::json>> resources_;
};

TEST_F(PublicDataTest, ImportsSynthea) {
  if (!Unpack("synthea-r4-120-bundles.tar.zst")) GTEST_SKIP() << "no Synthea bundles";
  store::Store store = Open();
  const ImportReport report = MustImport(store, {(folder_ / "export").string()});
  EXPECT_EQ(report.files, 120);
  EXPECT_EQ(report.kinds.at("person").loaded, 120);
  EXPECT_EQ(report.kinds.at("death").loaded, 22);
  EXPECT_EQ(report.kinds.at("visit").loaded, 3400);
  EXPECT_EQ(report.kinds.at("condition").loaded, 867);
  EXPECT_EQ(report.kinds.at("drug").loaded, 887 + 1323) << "1,323 immunizations";
  EXPECT_EQ(report.kinds.at("procedure").loaded, 2819 + 59) << "59 imaging studies";
  EXPECT_EQ(store.database()
                .QueryInt64("SELECT count(DISTINCT person_id) FROM condition_occurrence WHERE "
                            "condition_concept_id = 80809")
                .value(),
            5);
  EXPECT_EQ(report.research_persons, 0) << "nobody gave consent";
  const auto content = Content(store);
  // A family and a town may have one name: "West".
  std::string towns;
  for (const auto& organization : Resources("Organization")) towns += organization.dump();
  std::set<std::string> words = Identities("Patient");
  for (const std::string& word : Identities("Practitioner")) {
    // Synthea's licence numbers are of so few digits that they stand in hashes, too.
    if (word.find_first_not_of("0123456789") != word.npos) words.insert(word);
  }
  for (const std::string& found : Find(content, words)) {
    const std::string word = found.substr(found.rfind(' ') + 1);
    EXPECT_TRUE(found.starts_with("main.location") && towns.find(word) != towns.npos) << found;
  }
  EXPECT_EQ(report.kinds.at("care_site").read, 192);
  EXPECT_EQ(report.kinds.at("provider").read, 192);
  const auto count = [&](const char* from) {
    return store.database().QueryInt64(std::string("SELECT count(*) FROM ") + from).value();
  };
  EXPECT_EQ(
      count(
          "visit_occurrence JOIN care_site USING (care_site_id) JOIN location USING (location_id)"),
      3400);
  EXPECT_EQ(count("visit_occurrence v JOIN provider p ON p.provider_id = v.provider_id"), 3387);
  EXPECT_EQ(count("drug_exposure JOIN provider USING (provider_id)"), 887) << "who prescribed";
  EXPECT_EQ(count("care_site WHERE care_site_name IS NOT NULL"), 0) << "practices bear names";
  EXPECT_EQ(
      count("clinnova.imaging JOIN procedure_occurrence USING (procedure_occurrence_id, person_id) "
            "WHERE instance_count > 0"),
      59);
  MustImport(store, {(folder_ / "export").string()});
  EXPECT_EQ(Content(store), content);
}

TEST_F(PublicDataTest, ImportsTheGermanCoreDataSet) {
  if (!Unpack("mii-testdata.tar.zst")) GTEST_SKIP() << "no MII test data";
  store::Store store = Open();
  const ImportReport report = MustImport(store, {(folder_ / "export").string()});
  EXPECT_GT(report.kinds.at("person").loaded, 20);
  EXPECT_EQ(report.kinds.at("consent").loaded, 10);
  EXPECT_EQ(report.quarantined_by_rule.count("fhir.medication"), 0u);
  EXPECT_GT(report.research_persons, 0);
  EXPECT_LE(report.research_persons, 10);
  EXPECT_EQ(report.kinds.at("specimen").loaded, 27);
  EXPECT_EQ(report.kinds.at("care_site").loaded, 3);
  EXPECT_EQ(report.kinds.at("provider").loaded, 3) << "two physicians and a role";
  EXPECT_EQ(report.kinds.at("device").quarantined, 2)
      << "a ventilator, twice, of which nothing says since when";
  const auto count = [&](const char* from) {
    return store.database().QueryInt64(std::string("SELECT count(*) FROM ") + from).value();
  };
  EXPECT_EQ(count("specimen JOIN clinnova.sample USING (specimen_id, person_id)"), 27);
  EXPECT_EQ(count("specimen WHERE quantity IS NOT NULL AND unit_concept_id = 8587"), 21) << "mL";
  EXPECT_EQ(count("clinnova.specimen_use"), 69)
      << "of 84 values in twenty observations; 14 have no date, one is a range";
  const auto content = Content(store);
  for (const std::string& found : Find(content, Identities("Specimen"))) ADD_FAILURE() << found;
  MustImport(store, {(folder_ / "export").string()});
  EXPECT_EQ(Content(store), content);
  std::cout << report.Text();
}

}  // namespace
}  // namespace clinnova::intake
