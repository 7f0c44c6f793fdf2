// SPDX-License-Identifier: Apache-2.0
// Imports with the list of an outside service: whose records are loaded, under which pseudonym, and that no local
// identifier enters the store.
#include "intake/outside_pseudonyms.h"

#include <gtest/gtest.h>

#include "intake/import.h"
#include "intake/loader_fixture.h"
#include "intake/record_keeper.h"
#include "intake/rotation.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMrn = "https://h.example/mrn";

std::string Patient(const std::string& id, const std::string& mrn = "") {
  const std::string identifiers =
      mrn.empty() ? ""
                  : std::string(R"(, "identifier": [{"value": "other"}, {"system": ")") + kMrn +
                        R"(", "value": ")" + mrn + "\"}]";
  return R"({"resourceType": "Patient", "id": ")" + id +
         R"(", "gender": "female", "birthDate": "1961-07-01")" + identifiers + "}\n";
}

std::string Crp(const std::string& id, const std::string& value = "12",
                const std::string& number = "") {
  return R"({"resourceType": "Observation", "id": "o)" + number + id +
         R"(", "status": "final", "effectiveDateTime": "2024-02-16", "subject": {"reference": "Patient/)" +
         id +
         R"("}, "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]}, "valueQuantity": {"value": )" +
         value + R"(, "code": "mg/L"}})" + "\n";
}

class OutsidePseudonymsTest : public LoaderFixture {
 protected:
  std::string List(const std::string& rows, const std::string& header = "identifier,pseudonym") {
    const fs::path path = folder_.Write("list.csv", header + "\n" + rows);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path.string();
  }
  Result<ImportReport> Import(const std::string& ndjson, const std::string& list,
                              const std::string& name = "export.ndjson") {
    return intake::Import(store_, {.paths = {folder_.Write(name, ndjson).string()},
                                   .key_file = KeyFile(),
                                   .pseudonyms = list,
                                   .today = "2026-11-23"});
  }
  ImportReport MustImport(const std::string& ndjson, const std::string& list,
                          const std::string& name = "export.ndjson") {
    auto report = Import(ndjson, list, name);
    EXPECT_TRUE(report.has_value()) << report.error().message;
    if (!report) return {};
    for (const auto& [kind, counts] : report->kinds) {
      EXPECT_EQ(counts.read, counts.loaded + counts.quarantined + counts.ignored) << kind;
    }
    return std::move(*report);
  }
  /// The error, which holds no local identifier; nothing of the store has changed.
  std::string Refused(const std::string& ndjson, const std::string& list) {
    const std::string before = Pseudonyms() + Count("measurement") + Count("clinnova.setting");
    const auto report = Import(ndjson, list);
    EXPECT_FALSE(report.has_value());
    if (report) return {};
    EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput) << report.error().message;
    EXPECT_EQ(report.error().message.find("anna-47"), std::string::npos) << report.error().message;
    EXPECT_EQ(Pseudonyms() + Count("measurement") + Count("clinnova.setting"), before);
    return report.error().message;
  }
  std::string Pseudonyms() {
    return Text(
        "SELECT string_agg(person_source_value, ' ' ORDER BY person_source_value) FROM person");
  }
  /// Pseudonym and value of every measurement.
  std::string Values() {
    return Text(
        "SELECT string_agg(person_source_value || ' ' || value_as_number::INTEGER, ', ' "
        "ORDER BY person_source_value, value_as_number) FROM measurement JOIN person USING "
        "(person_id)");
  }
  std::string KeyFile() const { return (folder_.path() / "site.key").string(); }

  TestFolder folder_;
};

TEST_F(OutsidePseudonymsTest, LoadsWhomTheListNamesAndNobodyElse) {
  const std::string exported = Crp("anna-4711") + Patient("anna-4711") + Crp("bert-0815", "34") +
                               Patient("bert-0815") + Crp("carl-2222");
  const ImportReport report = MustImport(exported, List("anna-4711,MS-7K2Q9\nnobody-1,MS-OTHER\n"));
  EXPECT_EQ(Values(), "MS-7K2Q9 12");
  EXPECT_EQ(report.quarantined_by_rule.at("pseudonym.unlisted"), 3);
  EXPECT_EQ(report.unlisted_patients, 2);
  EXPECT_NE(report.Text().find("2 patients are not in the list of pseudonyms"), std::string::npos);
  EXPECT_EQ(
      Count("clinnova.quarantine JOIN clinnova.source USING (source_id) WHERE rule = "
            "'pseudonym.unlisted' AND ends_with(file, 'export.ndjson') AND message = 'the list of "
            "pseudonyms does not name this patient' AND ((kind = 'measurement' AND line IN (3, 5) "
            "AND "
            "starts_with(raw, '1988-5')) OR (kind = 'person' AND line = 4 AND raw IS NULL))"),
      "3");
  for (const char* word :
       {"anna-4711", "bert-0815", "carl-2222", "nobody-1", "MS-OTHER", "list.csv"}) {
    EXPECT_EQ(TablesWith(word), "") << word;
  }
  const ImportReport later =
      MustImport(exported, List("bert-0815,MS-8\nanna-4711,MS-7K2Q9\ncarl-2222,MS-9\n"));
  EXPECT_EQ(Values(), "MS-7K2Q9 12, MS-8 34");
  EXPECT_EQ(later.quarantined_by_rule.at("person.unknown"), 1) << "named, but not in the export";
  EXPECT_EQ(later.unlisted_patients, 0);
  EXPECT_EQ(Count("clinnova.quarantine"), "1") << "what was there of the file is gone";
  EXPECT_EQ(Text("SELECT DISTINCT person_id FROM person WHERE person_source_value = 'MS-8'"),
            std::to_string(PseudonymKey::Load(KeyFile())->PersonId("bert-0815")))
      << "keyed as ever";
}

TEST_F(OutsidePseudonymsTest, HidesWhatTheListKnowsInTexts) {
  const std::string noted =
      R"({"resourceType": "Observation", "id": "n", "status": "final", "effectiveDateTime": "2024-02-16",
          "subject": {"reference": "Patient/anna-4711"}, "code": {"text": "see emil-3333"}, "valueString": "like emil-3333"})";
  std::string line = noted;
  std::erase(line, '\n');
  MustImport(Patient("anna-4711") + line + "\n", List("anna-4711,A1\nemil-3333,E5\n"),
             "emil-3333.ndjson");
  EXPECT_EQ(Text("SELECT observation_source_value || ', ' || value_as_string FROM observation"),
            "see [hidden], like [hidden]");
  EXPECT_EQ(TablesWith("emil-3333"), "");
}

TEST_F(OutsidePseudonymsTest, LetsAWithdrawalThroughOfWhomTheListNamesNoMore) {
  const auto consent = [](const std::string& id, const std::string& day, const std::string& says) {
    return R"({"resourceType": "Consent", "id": "c)" + id + day +
           R"(", "status": "active", "scope": {"coding": [{"code": "research"}]}, "patient": {"reference": "Patient/)" +
           id + R"("}, "dateTime": ")" + day + R"(", "provision": {"type": ")" + says + "\"}}\n";
  };
  MustImport(Patient("anna-4711") + Crp("anna-4711") + consent("anna-4711", "2024-01-01", "permit"),
             List("anna-4711,A1\n"));
  EXPECT_EQ(Count("clinnova.research_person"), "1");
  const ImportReport report = MustImport(
      consent("anna-4711", "2024-05-01", "deny") + consent("bert", "2024-05-01", "permit"),
      List("carl,C3\n"), "later.ndjson");
  EXPECT_EQ(Count("clinnova.research_person"), "0");
  EXPECT_EQ(Values(), "A1 12") << "what was loaded stays";
  EXPECT_EQ(report.kinds.at("consent").quarantined, 1) << "of somebody whom the CDM does not know";
  EXPECT_EQ(report.unlisted_patients, 1);
}

TEST_F(OutsidePseudonymsTest, FindsAPatientByAnIdentifierOfASystem) {
  const std::string header = "identifier,system,pseudonym";
  const std::string rows = "N4711," + std::string(kMrn) + ",A1\nN4712,urn:other,B2\n";
  // The observation stands before its patient, and N4712 is a number of another system.
  const ImportReport report =
      MustImport(Crp("p1") + Patient("p1", "N4711") + Patient("p2", "N4712") + Patient("N4711"),
                 List(rows, header));
  EXPECT_EQ(Values(), "A1 12");
  EXPECT_EQ(report.unlisted_patients, 2);
  MustImport(Crp("p1", "20", "new") + Crp("p2", "30"), List(rows, header), "later.ndjson");
  EXPECT_EQ(Values(), "A1 12, A1 20") << "known by the pseudonym, without the Patient";
  MustImport(Crp("p1", "40", "newest"), List("1,x,Y\n", header), "latest.ndjson");
  EXPECT_EQ(Values(), "A1 12, A1 20") << "a list that names the patient no more";
  EXPECT_EQ(TablesWith("N4711"), "");
}

TEST_F(OutsidePseudonymsTest, RefusesAListThatContradictsTheExportsOrTheCdm) {
  const std::string anna = Patient("anna-4711");
  MustImport(anna, List("anna-4711,A1\n"));
  const std::string list = (folder_.path() / "list.csv").string();
  EXPECT_EQ(
      Refused(anna, List("x,X\nanna-4711,A2\n")),
      list + ": line 3: another pseudonym than the patient has in the CDM, from an earlier list");
  EXPECT_EQ(Refused(Patient("bert"), List("bert,A1\n")),
            list + ": line 2: a pseudonym that another patient of the CDM has");
  EXPECT_EQ(
      Refused(Patient("bert", "1") + Patient("carl", "2"),
              List("1," + std::string(kMrn) + ",B2\ncarl,,B2\n", "identifier,system,pseudonym")),
      list + ": lines 2 and 3: one pseudonym for two patients of the exports or the CDM");
  EXPECT_EQ(Refused(Patient("bert", "1"), List("1," + std::string(kMrn) + ",B2\nbert,,B3\n",
                                               "identifier,system,pseudonym")),
            list + ": lines 2 and 3: two pseudonyms for one patient of the exports");
  EXPECT_NE(Refused(anna, "").find("expected its list (--pseudonyms)"), std::string::npos);
  EXPECT_NE(Refused(anna, List("name\nanna-4711\n", "")).find("line 1: "), std::string::npos);
}

TEST_F(OutsidePseudonymsTest, TakesTheServicesPseudonymsForAllOrNobody) {
  MustImport(Patient("anna-4711") + Crp("anna-4711"), "");
  MustImport(Patient("bert-0815"), "", "bert.ndjson");
  const std::string keyed = Pseudonyms();
  EXPECT_NE(Refused(Patient("bert-0815"), List("bert-0815,B2\n"))
                .find("does not name 1 of the 2 patients of the CDM"),
            std::string::npos);
  const std::string persons =
      Text("SELECT string_agg(person_id, ' ' ORDER BY person_id) FROM person");
  MustImport(Patient("carl"), List("bert-0815,B2\nanna-4711,A1\ncarl,C3\n"), "carl.ndjson");
  EXPECT_EQ(Pseudonyms(), "A1 B2 C3") << "also of those whose files were not read again";
  EXPECT_EQ(Values(), "A1 12");
  EXPECT_EQ(Text("SELECT string_agg(person_id, ' ' ORDER BY person_id) FROM person WHERE "
                 "person_source_value <> 'C3'"),
            persons);
}

TEST_F(OutsidePseudonymsTest, RefusesTablesOfACdm) {
  folder_.Write("cdm/person.csv",
                "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id\n"
                "1,8532,1960,0,0\n");
  const auto report = intake::Import(store_, {.paths = {(folder_.path() / "cdm").string()},
                                              .key_file = KeyFile(),
                                              .pseudonyms = List("a,b\n")});
  ASSERT_FALSE(report.has_value());
  EXPECT_NE(report.error().message.find("person.csv: a table of a CDM"), std::string::npos)
      << report.error().message;
}

TEST_F(OutsidePseudonymsTest, LeavesTheListOutOfTheFolderThatIsImported) {
  folder_.Write("export/anna.json", Patient("anna-4711"));
  const fs::path list = folder_.Write("export/list.csv", "identifier,pseudonym\nanna-4711,A1\n");
  fs::permissions(list, fs::perms::owner_read | fs::perms::owner_write);
  const auto report = intake::Import(store_, {.paths = {(folder_.path() / "export").string()},
                                              .key_file = KeyFile(),
                                              .pseudonyms = list.string()});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->files, 1);
  EXPECT_EQ(report->Total().ignored, 0) << "not even as a file of no known format";
  EXPECT_EQ(Pseudonyms(), "A1");
}

TEST_F(OutsidePseudonymsTest, KeepsTheServicesPseudonymsThroughARotation) {
  const std::string exported = Patient("anna-4711") + Crp("anna-4711");
  const std::string list = List("anna-4711,A1\n");
  MustImport(exported, list);
  const std::string person = Text("SELECT person_id FROM person");
  const auto done = RotatePseudonyms(store_, KeyFile());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_TRUE(done->outside);
  const std::string rotated = Text("SELECT person_id FROM person");
  EXPECT_NE(rotated, person);
  EXPECT_EQ(Pseudonyms(), "A1");
  const auto status = ReadPseudonymStatus(store_);
  EXPECT_TRUE(status->outside);
  EXPECT_EQ(status->pseudonyms, 1);
  MustImport(exported, list);
  EXPECT_EQ(Text("SELECT person_id FROM person"), rotated);
  EXPECT_EQ(Values(), "A1 12");
}

}  // namespace
}  // namespace clinnova::intake
