// SPDX-License-Identifier: Apache-2.0
// Records told by patterns become the same rows as whole ones, whatever is wrong with some of them.
#include "intake/pattern_stage.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "intake/csv_reader.h"
#include "intake/fhir_reader.h"
#include "intake/loader.h"
#include "intake/mapping.h"
#include "intake/record_keeper.h"
#include "intake/synthetic_export.h"

namespace clinnova::intake {
namespace {

/// Hands everything on, and keeps no patterns where it is told so.
class Passing final : public RecordSink {
 public:
  Passing(RecordSink& to, bool patterns) : to_(to), patterns_(patterns) {}
  Result<void> Accept(SourceRecord&& record) override { return to_.Accept(std::move(record)); }
  const RecordPattern* KeepPattern(SourceRecord sample) override {
    return patterns_ ? to_.KeepPattern(std::move(sample)) : nullptr;
  }
  Result<void> AcceptPatterned(const PatternedRecord& record) override {
    ++patterned;
    return to_.AcceptPatterned(record);
  }
  Result<void> Reject(RejectedRecord record) override { return to_.Reject(std::move(record)); }
  void Ignore(const SourceReference& source, const std::string& what) override {
    to_.Ignore(source, what);
  }

  int patterned = 0;

 private:
  RecordSink& to_;
  bool patterns_;
};

using Tables = std::map<std::string, std::multiset<std::string>>;

/// Every row of every table, but for the times at which something was done.
Tables RowsOf(store::Store& store) {
  Tables tables;
  auto names = store.database().Query(
      "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary AND NOT "
      "internal AND table_name NOT IN ('import_report', 'pseudonym_key', 'schema_version', "
      "'source')");
  while (names && names->NextChunk()) {
    for (std::size_t r = 0; r < names->chunk_size(); ++r) tables[std::string(names->Text(0, r))];
  }
  for (auto& [name, rows] : tables) {
    auto found = store.database().Query("SELECT t::VARCHAR FROM " + name + " t");
    EXPECT_TRUE(found.has_value()) << name;
    while (found && found->NextChunk()) {
      for (std::size_t r = 0; r < found->chunk_size(); ++r) rows.emplace(found->Text(0, r));
    }
  }
  return tables;
}

struct Imported {
  store::Store store;
  ImportReport report;
  int patterned = 0;
};

class PatternStageTest : public testing::Test {
 protected:
  PatternStageTest() : key_(std::move(*PseudonymKey::ForMemory())) {}

  using Files = std::vector<std::filesystem::path>;
  using ReadFile = std::function<Result<void>(const std::filesystem::path&, RecordSink&)>;

  Imported Import(const Files& files, const ReadFile& read_file, bool patterns, int times) {
    Imported imported{.store = std::move(*store::Store::Open({})), .report = {}};
    for (int time = 0; time < times; ++time) {
      auto loader = Loader::Begin(imported.store, key_, {.today = "2026-11-23"});
      EXPECT_TRUE(loader.has_value()) << loader.error().message;
      Passing sink(**loader, patterns);
      for (const std::filesystem::path& file : files) {
        const auto read = read_file(file, sink);
        EXPECT_TRUE(read.has_value()) << read.error().message;
        (*loader)->AddFile({file.string(), "00", 10});
      }
      auto report = (*loader)->Finish();
      EXPECT_TRUE(report.has_value()) << report.error().message;
      if (report) imported.report = std::move(*report);
      imported.patterned = sink.patterned;
    }
    imported.report.seconds = 0;
    return imported;
  }

  /// Reads by the mapping of its name; a file that has none is not read.
  static ReadFile By(const std::vector<Mapping>& mappings) {
    return [&mappings](const std::filesystem::path& file, RecordSink& sink) -> Result<void> {
      const Mapping* mapping = FindMapping(mappings, file.filename().string());
      return mapping == nullptr ? Result<void>() : ReadCsv(file, *mapping, sink);
    };
  }
  static Result<void> ReadFhir(const std::filesystem::path& file, RecordSink& sink) {
    return FhirReader(sink).Read(file, file.string());
  }

  void ExpectTheSame(const Files& files, const ReadFile& read_file, int least_patterned) {
    // Twice: what is imported again finds its rows.
    Imported with = Import(files, read_file, true, 2);
    Imported without = Import(files, read_file, false, 2);
    EXPECT_GE(with.patterned, least_patterned);
    EXPECT_EQ(without.patterned, 0);
    EXPECT_EQ(with.report.Json(), without.report.Json());
    const Tables found = RowsOf(with.store);
    const Tables expected = RowsOf(without.store);
    EXPECT_GT(expected.size(), 39u);
    for (const auto& [name, rows] : expected) EXPECT_EQ(found.at(name), rows) << name;
  }

  PseudonymKey key_;
  TestFolder folder_;
};

class PatternStageOfDialect : public PatternStageTest,
                              public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Dialects, PatternStageOfDialect,
                         testing::Values("ch-csv", "fr-csv", "lu-ecrf"));

TEST_P(PatternStageOfDialect, StagesWhatWholeRecordsBecome) {
  for (const char* disease : {"ra", "ms"}) {
    const auto cohort = WriteSyntheticCohort({.disease = disease,
                                              .patients = 60,
                                              .dialect = GetParam(),
                                              .directory = folder_.path() / disease});
    ASSERT_TRUE(cohort.has_value()) << cohort.error().message;
    const auto mappings = LoadEmbeddedDialect(GetParam());
    ASSERT_TRUE(mappings.has_value()) << mappings.error().message;
    ExpectTheSame(cohort->files, By(*mappings), 500);
  }
}

TEST_F(PatternStageTest, LeavesWhatIsWrongToTheWholeRecord) {
  const auto patients = Mapping::Parse(R"toml(
[file]
pattern = "patients.csv"
date = "yyyy-mm-dd"
patient = "pid"
[[record]]
kind = "person"
id = "{pid}"
sex = { column = "sex", values = { f = "female" } }
birth = "born"
)toml",
                                       "patients.toml");
  ASSERT_TRUE(patients.has_value()) << patients.error().message;
  const auto values = Mapping::Parse(R"toml(
[file]
pattern = "values.csv"
date = "yyyy-mm-dd"
decimal = ","
patient = "pid"
[[record]]
kind = "measurement"
id = "{pid}/{nr}"
visit = "{visit}"
code = { system = "LOINC", column = "code", display_column = "name" }
value = { column = "value", unit_column = "unit", words = ["n.n."] }
start = "day"
status = "status"
[[record]]
kind = "drug"
id = "{pid}/{nr}/drug"
code = { system = "ATC", column = "atc" }
start = "day"
end = "until"
type = "how"
when = { column = "atc" }
[[record]]
kind = "observation"
id = "{pid}/{nr}/smoking"
code = { system = "Clinnova", code = "SMOKING" }
value = { column = "smoking", type = "code", system = "SNOMED", values = { never = "266919005" } }
start = "day"
)toml",
                                     "values.toml");
  ASSERT_TRUE(values.has_value()) << values.error().message;
  std::string rows = "pid,nr,visit,code,name,value,unit,day,status,atc,until,how,smoking\n";
  int number = 0;
  const auto add = [&](const std::string& rest) {
    ++number;
    rows += "P" + std::to_string(number % 5 + 1) + "," + std::to_string(number) + ",v" +
            std::to_string(number % 7) + "," + rest + "\n";
  };
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i + 1);
    add("1988-5,CRP," + n + ",mg/L,2024-02-29,,L04AB04,2024-03-01,,never");
    add("1988-5,CRP," + n + ",mg/dL,2024-02-28,final,L04AB04,2024-02-28,administration,now");
    add("1988-5,CRP,<0,6,mg/L,2024-02-28,,,,,");          // a field too many
    add("1988-5,CRP,\"<0,6\",mg/L,2024-02-28,,,,,");      // a comparator
    add("1988-5,CRP,\"" + n + ",5\",,2024-02-28,,,,,");   // no unit
    add("1988-5,CRP,n.n.,mg/L,2024-02-28,,,,,");          // a word
    add("1988-5,CRP,0.6,mg/L,2024-02-28,,,,,");           // the other decimal mark
    add("1988-5,CRP,9999999,mg/L,2024-02-28,,,,,");       // implausible
    add("1988-5,CRP," + n + ",furlong,2024-02-28,,,,,");  // an unknown unit
    add("1988-5,CRP," + n + ",mg/L,2027-02-28,,,,,");     // in the future
    add("1988-5,CRP," + n + ",mg/L,2023-02-29,,,,,");     // not on the calendar
    add("1988-5,CRP," + n + ",mg/L,,,,,,");               // no date
    add("2160-0,Krea," + n + ",umol/L,2024-02-28,,,,,");  // by the substance
    add("X-77,lokal," + n + ",mg/L,2024-02-28,,,,,");     // unmapped
    add("X-77,Text " + n + "," + n + ",mg/L,2024-02-28,,,,,");
    add("1988-5,CRP," + n + ",mg/L,2024-02-28,entered-in-error,,,,");
    add(",,,,2024-02-28,,L04AB04,2024-02-01,,");                    // an end before the start
    add(",,,,2024-02-28,,L04AX99,,prescription,");                  // a drug that is unknown
    rows += ",1,v1,1988-5,CRP,3,mg/L,2024-02-28,,,,,\n";            // no patient
    rows += "P1,,v1,1988-5,CRP,3,mg/L,2024-02-28,,,,,\n";           // no identity
    rows += "P9,7,v1,1988-5,CRP,3,mg/L,2024-02-28,,,,,\n";          // a patient whom nobody knows
    rows += "P1,1,v1,1988-5,CRP," + n + ",mg/L,2024-02-28,,,,,\n";  // a later version
  }
  const Files files{folder_.Write("patients.csv",
                                  "pid,sex,born\nP1,f,1980-01-01\nP2,m,1990-05-05\n"
                                  "P3,f,1970-01-01\nP4,f,2024-02-29\nP5,x,1999-09-09\n"),
                    folder_.Write("values.csv", rows)};
  const std::vector<Mapping> mappings{*patients, *values};
  ExpectTheSame(files, By(mappings), 200);
}

TEST_F(PatternStageTest, StagesWhatWholeObservationsBecome) {
  for (const char* disease : {"ra", "ms"}) {
    const auto cohort = WriteSyntheticCohort({.disease = disease,
                                              .patients = 60,
                                              .dialect = "de-fhir",
                                              .directory = folder_.path() / disease});
    ASSERT_TRUE(cohort.has_value()) << cohort.error().message;
    ExpectTheSame(cohort->files, ReadFhir, 500);
  }
}

TEST_F(PatternStageTest, LeavesWhatIsWrongToTheWholeObservation) {
  std::string lines;
  for (int p = 1; p <= 5; ++p) {
    lines += R"({"resourceType":"Patient","id":"P)" + std::to_string(p) +
             R"(","gender":"female","birthDate":"1980-01-0)" + std::to_string(p) + "\"}\n";
    lines += R"({"resourceType":"Encounter","id":"v)" + std::to_string(p) +
             R"(","status":"finished","subject":{"reference":"Patient/P)" + std::to_string(p) +
             R"("},"class":{"code":"AMB"},"period":{"start":"2024-02-28"}})" + "\n";
  }
  int number = 0;
  // `members` may have $P, a patient, $V, a visit, and $N, a number.
  const auto add = [&](std::string members, const std::string& id = "") {
    ++number;
    const auto fill = [&members](std::string_view name, const std::string& by) {
      for (auto at = members.find(name); at != members.npos; at = members.find(name))
        members.replace(at, name.size(), by);
    };
    fill("$P", "\"subject\":{\"reference\":\"Patient/P" + std::to_string(number % 5 + 1) + "\"}");
    fill("$V", "\"encounter\":{\"reference\":\"Encounter/v" + std::to_string(number % 7) + "\"}");
    fill("$N", std::to_string(number % 30 + 1));
    lines += R"({"resourceType":"Observation","id":")" +
             (id.empty() ? "o" + std::to_string(number) : id) + "\"," + members + "}\n";
  };
  const std::string crp = R"("code":{"coding":[{"system":"http://loinc.org","code":"1988-5"}]})";
  const std::string day = R"("effectiveDateTime":"2024-02-28")";
  const std::string whole = R"("status":"final",$P,$V,)" + crp + "," + day;
  for (int i = 0; i < 30; ++i) {
    add(whole + R"(,"valueQuantity":{"value":$N,"unit":"mg/L","code":"mg/L"})");
    add(whole + R"(,"valueQuantity":{"value":$N.50,"unit":"mg/dL"},"meta":{"versionId":"$N"})");
    add(whole +
        R"(,"valueQuantity":{"unit":"mg/L","value":$N},"issued":"2024-02-28T10:00:$NZ",)"
        R"("identifier":[{"value":"$N"}],"note":[{"text":"$N"}],"text":{"div":"<div>$N</div>"})");
    add(R"("status":"final",$P,"effectiveDateTime":"2024-02-2$N",)" + crp +
        R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");  // some days are not on the calendar
    add(R"("status":"final",$P,"effectiveDateTime":"2024-02-28T08:30:00+01:00",)" + crp +
        R"(,"valueQuantity":{"value":0.5,"comparator":"<","unit":"mg/L"})");
    add(R"("status":"final",$P,"effectiveDateTime":"2024-02",)" + crp +
        R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"final",$P,"effectiveDateTime":"2027-02-01",)" + crp +
        R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"final",$P,)" + crp + R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"final",$P,"effectivePeriod":{"start":"2024-02-01","end":"2024-02-2$N"},)" +
        crp + R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"final","subject":{"reference":"Group/$N"},)" + crp + "," + day +
        R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"final","subject":{"reference":"https://x/fhir/Patient/P1/_history/$N"},)" +
        crp + "," + day + R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"final",$P,"subject":{"reference":"Patient/P2"},"id":"twice",)" + crp + "," +
        day + R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(R"("status":"entered-in-error",$P,)" + crp + "," + day +
        R"(,"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(whole + R"(,"valueQuantity":{"value":9999999,"unit":"mg/L"})");
    add(whole + R"(,"valueQuantity":{"value":$N,"unit":"mg/dL"},"interpretation":[{"text":"$N"}],)"
                R"("referenceRange":[{"low":{"value":0.1,"unit":"mg/dL"},"high":{"value":5}}])");
    add(whole + R"(,"valueQuantity":{"value":$N,"unit":"mg/L"},)"
                R"("referenceRange":[{"low":{"value":$N,"unit":"mg/L"}}])");
    add(whole + R"(,"valueQuantity":{"value":$N,"unit":"furlong"})");
    add(whole + R"(,"valueQuantity":{"value":"$N","unit":"mg/L"})");
    add(whole + R"(,"valueQuantity":{"value":$N,"value":2,"unit":"mg/L"})");
    add(whole + R"(,"valueQuantity":{"value":$N,"unit":"mg/L","modifierExtension":[{"url":"x"}]})");
    add(whole + R"(,"modifierExtension":[{"url":"x"}],"valueQuantity":{"value":$N,"unit":"mg/L"})");
    add(whole + R"(,"valueQuantity":{"value":$N,"unit":"furlong","extension":[{"url":)"
                R"("http://hl7.org/fhir/StructureDefinition/quantity-translation",)"
                R"("valueQuantity":{"value":7,"unit":"mg/L"}}]})");
    add(whole + R"(,"dataAbsentReason":{"coding":[{"code":"unknown"}]})");
    add(whole + R"(,"valueString":"haemolytic")");
    add(whole + R"(,"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct",)"
                R"("code":"260385009","display":"Negative"}]})");
    add(R"("status":"final",$P,)" + day + R"(,"code":{"text":"Befund $N"},"valueString":"$N")");
    add(R"("status":"final",$P,)" + day +
        R"(,"code":{"coding":[{"system":"urn:lab","code":"X-77","display":"lokal"}]},)"
        R"("category":[{"coding":[{"code":"laboratory"}]}],"valueString":"positiv")");
    add(R"("status":"final",$P,)" + day +
        R"(,"code":{"coding":[{"system":"http://loinc.org",)"
        R"("code":"85354-9"}]},"component":[{"code":{"coding":[{"system":"http://loinc.org",)"
        R"("code":"8480-6"}]},"valueQuantity":{"value":12$N,"unit":"mm[Hg]"}}])");
    add(whole + R"(,"specimen":{"reference":"Specimen/$N"},"valueInteger":$N)");
    add(whole + R"(,"performer":[{"reference":"Practitioner/$N"}],"valueQuantity":{"value":$N,)"
                R"("unit":"mg/L"})");
    // What was a text is a number in a later version.
    if (i == 15) lines += "this is no JSON\n";
    add(whole + (i < 15 ? R"(,"valueString":"folgt")" : R"(,"valueQuantity":{"value":$N})"),
        "late");
  }
  ExpectTheSame({folder_.Write("resources.ndjson", lines)}, ReadFhir, 200);
}

TEST_F(PatternStageTest, KeepsOnlySoManyPatterns) {
  RecordKeeper kept;
  const RecordPattern* pattern = kept.KeepPattern({});
  for (std::size_t number = 1; pattern != nullptr; ++number) {
    EXPECT_EQ(pattern->number, number - 1);
    ASSERT_LT(number, 100'000u);
    pattern = kept.KeepPattern({});
  }
}

}  // namespace
}  // namespace clinnova::intake
