// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_export.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "intake/csv_reader.h"
#include "intake/record_keeper.h"
#include "intake/synthetic_ra.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

std::string Slurp(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class SyntheticExportTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              (std::string("clinnova_synth_") + info->name() + "_" + std::to_string(getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  SyntheticSummary Write(SyntheticOptions options) {
    options.directory = folder_ / options.disease / options.dialect;
    auto summary = WriteSyntheticCohort(options);
    EXPECT_TRUE(summary.has_value()) << (summary ? "" : summary.error().message);
    return summary ? *summary : SyntheticSummary{};
  }

  // The export as a site would read it.
  RecordKeeper ReadBack(const std::string& dialect, const SyntheticSummary& summary) {
    RecordKeeper keeper;
    const auto mappings = LoadDialect(fs::path(CLINNOVA_SOURCE_DIR) / "mappings" / dialect);
    EXPECT_TRUE(mappings.has_value()) << (mappings ? "" : mappings.error().message);
    for (const fs::path& file : summary.files) {
      const Mapping* mapping = FindMapping(*mappings, file.filename().string());
      EXPECT_NE(mapping, nullptr) << file;
      if (mapping == nullptr) continue;
      const auto done = ReadCsv(file, *mapping, keeper);
      EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
    }
    return keeper;
  }

  fs::path folder_;
};

TEST_F(SyntheticExportTest, RefusesWhatItCannotMake) {
  for (const SyntheticOptions& options :
       {SyntheticOptions{.disease = "gout", .directory = folder_},
        SyntheticOptions{.dialect = "xx", .directory = folder_},
        SyntheticOptions{.patients = 0, .directory = folder_},
        SyntheticOptions{.directory = folder_, .site_effect = -1}}) {
    const auto summary = WriteSyntheticCohort(options);
    ASSERT_FALSE(summary.has_value());
    EXPECT_EQ(summary.error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(SyntheticExportTest, WritesTheSameBytesEveryTime) {
  for (const auto& [disease, dialect] :
       {std::pair("ra", "lu-ecrf"), std::pair("ra", "de-fhir"), std::pair("ra", "fr-csv"),
        std::pair("ra", "ch-csv"), std::pair("ibd", "lu-ecrf"), std::pair("ibd", "ch-csv"),
        std::pair("ms", "de-fhir"), std::pair("ms", "fr-csv"), std::pair("ra", "de-ldt"),
        std::pair("ms", "de-ldt3"), std::pair("ibd", "fr-hprim"), std::pair("ms", "lu-redcap"),
        std::pair("ibd", "de-openehr"), std::pair("ra", "ch-sphn")}) {
    const SyntheticOptions options{
        .disease = disease, .patients = 30, .seed = 4, .dialect = dialect};
    const SyntheticSummary first = Write(options);
    std::map<std::string, std::string> bytes;
    for (const fs::path& file : first.files) bytes[file.string()] = Slurp(file);
    bytes["truth"] = Slurp(first.truth_csv) + Slurp(first.truth_json) + Slurp(first.defects_json);
    const SyntheticSummary again = Write(options);
    for (const fs::path& file : again.files) EXPECT_EQ(bytes[file.string()], Slurp(file)) << file;
    EXPECT_EQ(bytes["truth"],
              Slurp(again.truth_csv) + Slurp(again.truth_json) + Slurp(again.defects_json));
    EXPECT_EQ(first.patients, 30u);
    EXPECT_EQ(first.by_class[0] + first.by_class[1] + first.by_class[2], 30u);
  }
}

TEST_F(SyntheticExportTest, TruthNamesEveryOutcomeUnderEveryClass) {
  const SyntheticSummary summary = Write({.disease = "ms", .patients = 25, .dialect = "ch-csv"});
  const std::string truth = Slurp(summary.truth_csv);
  const std::string header = truth.substr(0, truth.find('\n'));
  for (const char* column :
       {"baseline_edss", "propensity_s1p", "probability_neda3_24m_anti_cd20",
        "relapse_24m_platform", "probability_worsening_24m_s1p", "mri_activity_24m_anti_cd20",
        "observed_neda3_24m", "stop_days_platform"})
    EXPECT_NE(header.find(column), std::string::npos) << column;
  const auto columns = std::ranges::count(header, ',');
  std::istringstream lines(truth);
  int rows = 0;
  for (std::string line; std::getline(lines, line); ++rows)
    EXPECT_EQ(std::ranges::count(line, ','), columns) << line;
  EXPECT_EQ(rows, 26);
  const auto json = nlohmann::json::parse(Slurp(summary.truth_json));
  EXPECT_EQ(json["disease"], "ms");
  EXPECT_EQ(json["model"]["relapse_log_rate_per_year"]["anti-CD20"]["intercept"], -2.10);
}

TEST_F(SyntheticExportTest, TruthHasOneRowPerPatient) {
  const SyntheticSummary summary = Write({.patients = 25, .dialect = "ch-csv"});
  const std::string truth = Slurp(summary.truth_csv);
  EXPECT_EQ(std::ranges::count(truth, '\n'), 26);
  EXPECT_TRUE(truth.starts_with("patient,site,age,sex,"));
  EXPECT_NE(truth.find("\nCH-000025,ch-basel,"), std::string::npos);
  const auto json = nlohmann::json::parse(Slurp(summary.truth_json));
  EXPECT_EQ(json["patients"], 25);
  EXPECT_EQ(json["model"]["discontinuation_shape"], 0.9);
}

// Every line of LDT says its own length, and each laboratory writes its own code page.
TEST_F(SyntheticExportTest, WritesLdtLinesOfTheirLengthInTheirCodePage) {
  for (const char* dialect : {"de-ldt", "de-ldt3"}) {
    const SyntheticSummary summary =
        Write({.patients = 30, .seed = 4, .dialect = dialect, .defects = false});
    std::map<std::string, std::string> names;
    for (const fs::path& file : summary.files) {
      if (file.extension() != ".LDT") continue;
      std::istringstream lines(Slurp(file));
      for (std::string line; std::getline(lines, line);) {
        ASSERT_GE(line.size(), 8u) << file;
        ASSERT_EQ(line.back(), '\r') << file;
        EXPECT_EQ(std::stoul(line.substr(0, 3)), line.size() + 1) << file << " " << line;
        line.pop_back();
        if (line.substr(3, 4) == "3101") names[file.filename().string()] = line.substr(7);
      }
    }
    if (std::string(dialect) == "de-ldt") {
      EXPECT_EQ(names["S01LABOR.LDT"], "M}ller");     // DIN 66003
      EXPECT_EQ(names["X01LABOR.LDT"], "M\x81ller");  // CP437
      EXPECT_EQ(names["Z01LABOR.LDT"], "M\xFCller");  // ISO-8859-15
    } else {
      EXPECT_EQ(names["Z01BEFUND.LDT"], "M\xFCller");
    }
  }
}

TEST_F(SyntheticExportTest, WritesNothingBesideAnotherExport) {
  const SyntheticOptions basel{
      .disease = "ra", .patients = 5, .dialect = "ch-csv", .directory = folder_};
  ASSERT_TRUE(WriteSyntheticCohort(basel));
  for (const auto& [disease, dialect] : {std::pair("ra", "de-fhir"), std::pair("ms", "ch-csv")}) {
    const auto other = WriteSyntheticCohort(
        {.disease = disease, .patients = 5, .dialect = dialect, .directory = folder_});
    ASSERT_FALSE(other.has_value()) << dialect;
    EXPECT_NE(other.error().message.find("export: found "), std::string::npos)
        << other.error().message;
  }
  EXPECT_FALSE(fs::exists(folder_ / "export" / "Observation.ndjson"));
  EXPECT_TRUE(WriteSyntheticCohort(basel)) << "the same again";
  // Without its truth it may be a hospital's.
  fs::remove(folder_ / "truth.json");
  EXPECT_FALSE(WriteSyntheticCohort(basel));
}

TEST_F(SyntheticExportTest, LeavesNoPatientOfALargerCohortBehind) {
  Write({.patients = 30, .seed = 4, .dialect = "ch-sphn"});
  const SyntheticSummary smaller = Write({.patients = 3, .seed = 5, .dialect = "ch-sphn"});
  EXPECT_EQ(
      std::distance(fs::directory_iterator(smaller.export_directory), fs::directory_iterator()),
      static_cast<std::ptrdiff_t>(smaller.files.size()));
}

TEST_F(SyntheticExportTest, KeepsHprimLinesWithinTheirLength) {
  const SyntheticSummary summary = Write({.patients = 30, .seed = 4, .dialect = "fr-hprim"});
  std::istringstream lines(Slurp(summary.export_directory / "RESULTATS.HPR"));
  int continued = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 221u) << line;
    continued += line.starts_with("A|");
  }
  EXPECT_GT(continued, 10);
  EXPECT_FALSE(fs::exists(summary.export_directory / "BIOLOGIE.csv")) << "the messages alone";
}

// ---- Four tongues, one patient: each export, read back by its mapping, says the same.

// Canonical units for what the four dialects write differently.
double Canonical(const std::string& code, const SourceValue& value) {
  const double number = *value.number;
  if (code == "1988-5" && value.unit == "mg/dL") return number * 10;
  if (code == "718-7" && value.unit == "g/L") return number / 10;
  if (code == "2160-0" && value.unit == "mg/dL") return number * 88.42;
  return number;
}

// "P17 measurement 1988-5 2021-03-04" -> number, with what cannot be a number in the key.
std::multimap<std::string, double> Content(const std::vector<SourceRecord>& records) {
  std::multimap<std::string, double> content;
  for (const SourceRecord& record : records) {
    std::string key = record.patient_id + " " + std::to_string(static_cast<int>(record.kind));
    double number = 0;
    const auto add = [&](const std::string& text) { key += " " + text; };
    const auto date = [&](const std::optional<SourceTime>& time) {
      add(time ? std::to_string(time->year) + "-" + std::to_string(time->month) + "-" +
                     std::to_string(time->day)
               : "-");
    };
    add(record.sex);
    date(record.birth);
    date(record.start);
    date(record.end);
    add(record.status);
    add(record.type);
    if (!record.codes.empty()) {
      // Every ICD-10 says seropositive or not; of several codes the last is the ATC code.
      const std::string& code = record.codes.back().code;
      add(record.kind == RecordKind::kCondition ? code.substr(0, 3)
          : code == "14682-9"                   ? "2160-0"
                                                : code);
    }
    if (record.value) {
      add(record.value->comparator);
      if (record.value->coded) add(record.value->coded->code);
      if (record.value->number)
        number = Canonical(record.codes.back().code, *record.value);
      else if (!record.value->coded)
        add("text " + record.value->text);
    }
    content.emplace(key, number);
  }
  return content;
}

TEST_F(SyntheticExportTest, FourTonguesOnePatient) {
  std::map<std::string, std::multimap<std::string, double>> contents;
  for (const char* dialect : {"lu-ecrf", "fr-csv", "ch-csv"}) {
    const SyntheticSummary summary = Write({.patients = 60,
                                            .seed = 9,
                                            .dialect = dialect,
                                            .defects = false,
                                            .site = SyntheticSite::kBasel});
    const RecordKeeper keeper = ReadBack(dialect, summary);
    EXPECT_TRUE(keeper.rejected.empty()) << keeper.rejected[0].message << keeper.rejected[0].raw;
    contents[dialect] = Content(keeper.records);
  }
  const auto& reference = contents["ch-csv"];
  EXPECT_GT(reference.size(), 60u * 30);
  for (const char* dialect : {"lu-ecrf", "fr-csv"}) {
    ASSERT_EQ(contents[dialect].size(), reference.size()) << dialect;
    auto other = contents[dialect].begin();
    for (const auto& [key, number] : reference) {
      ASSERT_EQ(other->first, key) << dialect;
      // Creatinine in mg/dL with two decimals is good to half of 0.01 mg/dL.
      const double tolerance = key.find(" 2160-0 ") != std::string::npos ? 0.45 : 1e-9;
      ASSERT_NEAR(other->second, number, tolerance) << dialect << " " << key;
      ++other;
    }
  }
}

// What DAS28-CRP at six months says in the files is what truth.csv says.
TEST_F(SyntheticExportTest, TheResponseCanBeReadFromTheExport) {
  const SyntheticSummary summary = Write({.patients = 150, .seed = 2, .dialect = "fr-csv"});
  const RecordKeeper keeper = ReadBack("fr-csv", summary);
  std::map<std::string, std::map<std::string, double>> months;
  for (const SourceRecord& record : keeper.records) {
    if (record.kind != RecordKind::kMeasurement || !record.value->number ||
        !record.visit_id.ends_with("/M6"))
      continue;
    months[record.patient_id][record.codes.back().code] = *record.value->number;
  }
  std::istringstream truth(Slurp(summary.truth_csv));
  std::string line;
  std::getline(truth, line);
  int checked = 0;
  while (std::getline(truth, line)) {
    std::vector<std::string> fields;
    std::istringstream row(line);
    for (std::string field; std::getline(row, field, ',');) fields.push_back(field);
    const std::string& response = fields[20];
    const auto& month = months[fields[0]];
    ASSERT_EQ(response.empty(), !month.contains("1988-5")) << line;
    if (response.empty()) continue;
    const double das28 =
        Das28Crp(static_cast<int>(month.at("TJC28")), static_cast<int>(month.at("SJC28")),
                 month.at("1988-5"), static_cast<int>(month.at("PATIENT-GLOBAL")));
    EXPECT_EQ(das28 <= 3.2, response == "1") << line;
    ++checked;
  }
  EXPECT_GT(checked, 100);
}

TEST_F(SyntheticExportTest, PlantsTheDefectsThatItLists) {
  for (const char* dialect : {"lu-ecrf", "fr-csv", "ch-csv"}) {
    const SyntheticSummary summary = Write({.patients = 80, .seed = 6, .dialect = dialect});
    const RecordKeeper keeper = ReadBack(dialect, summary);
    const auto defects = nlohmann::json::parse(Slurp(summary.defects_json))["defects"];
    EXPECT_EQ(defects.size(), 12u) << dialect;
    std::set<std::pair<std::string, std::uint64_t>> expected;
    for (const auto& defect : defects) {
      const std::string expectation = defect["expected"];
      if (!expectation.starts_with("quarantined: ")) continue;
      expected.emplace(expectation.substr(13), defect["line"].get<std::uint64_t>());
    }
    std::set<std::pair<std::string, std::uint64_t>> found;
    for (const RejectedRecord& rejected : keeper.rejected)
      found.emplace(rejected.rule, rejected.source.line);
    EXPECT_EQ(found, expected) << dialect;
    int converted = 0, withdrawn = 0, refused = 0, texts = 0, retired = 0;
    for (const SourceRecord& record : keeper.records) {
      converted +=
          record.value && record.value->unit == "mg/dL" && record.codes[0].code == "1988-5";
      withdrawn += record.kind == RecordKind::kConsent && record.status == "inactive" && record.end;
      refused += record.kind == RecordKind::kConsent && record.status == "rejected";
      texts += record.value && record.value->text == "n.n.";
      retired += record.kind == RecordKind::kDrug && record.codes.back().code.starts_with("L04AA");
    }
    EXPECT_EQ(converted, 1) << dialect;
    EXPECT_EQ(withdrawn, 1) << dialect;
    EXPECT_EQ(refused, 1) << dialect;
    EXPECT_EQ(texts, 1) << dialect;
    EXPECT_EQ(retired, 1) << dialect;
  }
}

// The five that the first nine do not have, each where it can be.
TEST_F(SyntheticExportTest, PlantsUnitDateSpecimenPackageAndFileDefects) {
  for (const char* disease : {"ra", "ibd", "ms"}) {
    for (const std::string& dialect : SyntheticDialects()) {
      const SyntheticSummary summary =
          Write({.disease = disease, .patients = 120, .seed = 6, .dialect = dialect});
      const auto defects = nlohmann::json::parse(Slurp(summary.defects_json))["defects"];
      std::set<std::string> kinds;
      std::set<std::string> patients;
      for (const auto& defect : defects) {
        kinds.insert(defect["kind"].get<std::string>());
        patients.insert(defect["patient"].get<std::string>());
        EXPECT_GT(defect["line"].get<int>(), 0);
      }
      std::set<std::string> expected = {
          "withdrawn_consent", "refused_consent", "duplicate_patient", "decimal_mark", "unit",
          "comparator",        "not_detected",    "malformed_line",    "retired_atc",  "wrong_unit",
          "swapped_date",      "truncated_file"};
      if (dialect == "de-fhir") expected.insert("haemolysed");
      // The hospitals whose laboratory sends LDT export all else as FHIR.
      if (dialect == "de-fhir" || dialect.starts_with("de-ldt")) expected.insert("pzn");
      if (dialect == "de-ldt") expected.insert("din_umlauts");
      // A graph is read whole or not at all.
      if (dialect == "ch-sphn") expected.erase("malformed_line");
      EXPECT_EQ(kinds, expected) << disease << " " << dialect;
      EXPECT_GE(patients.size(), kinds.size() - 1) << "a patient of its own for each";
    }
  }
}

TEST_F(SyntheticExportTest, GermanResourcesAreJsonButForTheOneCutOff) {
  const SyntheticSummary summary = Write({.patients = 40, .seed = 6, .dialect = "de-fhir"});
  int broken = 0, in_mg_per_dl = 0, retired = 0;
  for (const fs::path& file : summary.files) {
    std::istringstream lines(Slurp(file));
    for (std::string line; std::getline(lines, line);) {
      const auto resource = nlohmann::json::parse(line, nullptr, false);
      if (resource.is_discarded()) {
        ++broken;
        continue;
      }
      EXPECT_EQ(resource["resourceType"], file.stem().string());
      in_mg_per_dl += line.find("\"1988-5\"") != std::string::npos &&
                      line.find("\"mg/dL\"") != std::string::npos;
      retired += line.find("L04AA") != std::string::npos;
    }
  }
  EXPECT_EQ(broken, 1);
  EXPECT_GT(in_mg_per_dl, 20);
  EXPECT_GT(retired, 0);
}

}  // namespace
}  // namespace clinnova::intake
