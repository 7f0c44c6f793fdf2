// SPDX-License-Identifier: Apache-2.0
// What a data steward and a data manager do at a site, through the program: the policy of a site that serves, consents
// that an import changes, and the site's entry in a catalogue.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "network/network_world.h"
#include "program_fixture.h"
#include "program_process.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kSites = 3;

class Steward : public testing::Test {
 protected:
  Steward() : world_(kSites) {
    world_.StartHub();
    world_.InitSites();
  }

  Ending Run(const std::string& arguments) const { return RunProgram(world_.folder(), arguments); }
  json RunJson(const std::string& arguments) const {
    const Ending ending = Run(arguments + " --json");
    EXPECT_EQ(ending.code, 0) << arguments << "\n" << ending.errors;
    return json::parse(ending.out);
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(world_.folder() / name, std::ios::binary) << text;
  }
  void ExpectOneLine(const std::string& arguments, int code, const std::string& words) const {
    const Ending ending = Run(arguments);
    EXPECT_EQ(ending.code, code) << arguments << "\n" << ending.errors;
    EXPECT_EQ(std::count(ending.errors.begin(), ending.errors.end(), '\n'), 1) << ending.errors;
    EXPECT_NE(ending.errors.find(words), std::string::npos) << ending.errors;
  }
  /// Bodies of the first site's entries of one kind, by the program that verifies them.
  std::vector<json> Ledger(const std::string& kind) const {
    std::vector<json> bodies;
    const json log = RunJson("site release-log --dir site0");
    EXPECT_EQ(log["verified"], true);
    for (const auto& entry : log["entries"])
      if (entry["kind"] == kind) bodies.push_back(entry["body"]);
    return bodies;
  }
  std::vector<json> WaitForLedger(const std::string& kind, std::size_t entries) const {
    std::vector<json> bodies;
    for (int i = 0; i < 100 && bodies.size() < entries; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      bodies = Ledger(kind);
    }
    return bodies;
  }

  NetworkWorld world_;
};

TEST_F(Steward, ChangesThePolicyOfASiteThatServes) {
  const json shown = RunJson("site policy show --dir site0");
  std::set<std::string> keys;
  for (const auto& key : shown["keys"]) keys.insert(key["key"]);
  EXPECT_TRUE(keys.contains("researchers") && keys.contains("expires") && keys.size() == 16);
  EXPECT_NE(Run("site policy show --dir site0").out.find("minimum_count      5"),
            std::string::npos);

  Write("wrong.toml", "[policy]\nmethods = [\"glm\"]\nminimun_count = 9\n");
  ExpectOneLine("site policy check wrong.toml --dir site0", 2,
                "wrong.toml:3: policy.minimun_count: unknown key, expected one of");
  ExpectOneLine("site policy set wrong.toml --dir site0 --by B", 2, "wrong.toml:3");
  ExpectOneLine("site policy check none.toml --dir site0", 2, "none.toml");
  ExpectOneLine("site policy show --dir nowhere", 2, "nowhere/site.toml");
  EXPECT_EQ(Run("site policy set wrong.toml --dir site0").code, 2);  // by whom?
  EXPECT_EQ(RunJson("site policy show --dir site0"), shown);

  std::vector<std::unique_ptr<Process>> sites;
  for (std::size_t s = 0; s < kSites; ++s) {
    sites.push_back(std::make_unique<Process>(
        std::vector<std::string>{"site", "serve", "--dir", world_.site_folder(s).string()}));
  }
  std::string study = StudyText(kSites);
  study.insert(study.find("permit = "), "researcher = \"A. Muster\"\n");
  const std::string hash = world_.Submit(study);
  for (std::size_t s = 1; s < kSites; ++s) world_.Approve(s, hash);
  for (int i = 0; i < 100 && Run("site studies --dir site0 --json").out.size() < 10; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));

  // Not this researcher: neither signed nor run.
  Write("strict.toml", "[policy]\nresearchers = [\"B. Muster\"]\n");
  const json set = RunJson("site policy set strict.toml --dir site0 --by 'S. Teward'");
  EXPECT_EQ(set["recorded"], false);  // the serving process has the ledger
  const auto noted = WaitForLedger("policy", 2);
  ASSERT_EQ(noted.size(), 2u);
  EXPECT_EQ(noted[1]["by"], "S. Teward");
  EXPECT_EQ(noted[1]["after"], set["after"]);
  EXPECT_EQ(noted[1]["before"], noted[0]["after"]);
  ExpectOneLine("site approve " + hash + " --dir site0", 3,
                "the site's policy does not allow the study's researcher: \"A. Muster\"");
  const json offered = RunJson("site studies --dir site0");
  EXPECT_EQ(offered[0]["policy"]["allows"], false);
  EXPECT_EQ(offered[0]["policy"]["reason"], "researcher_not_allowed");

  // This one, and it runs without a restart.
  Write("open.toml", "[policy]\nresearchers = [\"A. Muster\"]\nmethods = [\"glm\", \"summary\"]\n");
  EXPECT_EQ(Run("site policy set open.toml --dir site0 --by 'S. Teward'").code, 0);
  EXPECT_EQ(Run("site approve " + hash + " --dir site0").code, 0);
  const auto status = world_.WaitFor(hash);
  EXPECT_EQ(status.state, "finished") << status.error;
  EXPECT_GT(world_.LedgerSays(0, "\"verdict\":\"released\""), 0);
}

TEST_F(Steward, EndsByPolicyWhatWasApproved) {
  std::vector<std::unique_ptr<Process>> sites;
  for (std::size_t s = 0; s < kSites; ++s) {
    sites.push_back(std::make_unique<Process>(
        std::vector<std::string>{"site", "serve", "--dir", world_.site_folder(s).string()}));
  }
  const std::string hash = world_.Submit(StudyText(kSites));
  for (std::size_t s = 0; s + 1 < kSites; ++s) world_.Approve(s, hash);
  Write("closed.toml", "[policy]\nvariables = [\"age\"]\n");
  const json set = RunJson("site policy set closed.toml --dir site0 --by S");
  ASSERT_EQ(set["studies"].size(), 1u);
  EXPECT_EQ(set["studies"][0]["before"]["runs"], true);
  EXPECT_EQ(set["studies"][0]["after"]["reason"], "variable_not_allowed");
  EXPECT_NE(Run("site policy check closed.toml --dir site0").out.find("is refused, as before"),
            std::string::npos);
  world_.Approve(kSites - 1, hash);
  const auto status = world_.WaitFor(hash);
  EXPECT_EQ(status.state, "failed");
  EXPECT_NE(status.error.find("variable_not_allowed"), std::string::npos) << status.error;
  EXPECT_EQ(world_.LedgerSays(0, "\"verdict\":\"released\""), 0);
}

/// The identifiers of a Swiss export's patients.
std::vector<std::string> Patients(const fs::path& file) {
  std::vector<std::string> patients;
  std::ifstream in(file);
  std::string line;
  for (std::getline(in, line); std::getline(in, line);)
    patients.push_back(line.substr(0, line.find(',')));
  std::sort(patients.begin(), patients.end());
  patients.erase(std::unique(patients.begin(), patients.end()), patients.end());
  return patients;
}

TEST_F(Steward, SeesConsentsAndThatAWithdrawalIsOnRecord) {
  ASSERT_EQ(Run("synth ra --patients 80 --seed 7 --dialect ch-csv --out hospital").code, 0);
  ExpectOneLine("site consent --site site0", 2, "site0/cdm.duckdb");
  ASSERT_EQ(Run("site import hospital/export --site site0 --mapping ch-csv").code, 0);
  const json before = RunJson("site consent --site site0");
  EXPECT_EQ(before["studies"], "required");
  EXPECT_EQ(before["bedside"], "required");
  const json& research = before["purposes"][0];
  EXPECT_EQ(research["purpose"], "research");
  EXPECT_EQ(research["given"], before["seen_by_studies"]);
  EXPECT_EQ(research["given"].get<int>() + research["expired"].get<int>() +
                research["withdrawn"].get<int>() + research["refused"].get<int>() +
                research["not_yet"].get<int>() + research["none"].get<int>(),
            before["persons"].get<int>());
  EXPECT_EQ(before["seen_by_studies"], RunJson("site status --site site0")["research_persons"]);
  EXPECT_GE(research["withdrawn"].get<int>() + research["refused"].get<int>(), 2);  // planted
  ASSERT_EQ(Ledger("consent").size(), 1u);
  EXPECT_EQ(Ledger("consent")[0]["entered"], before["seen_by_studies"]);
  // The same files again change nothing, and nothing is entered.
  ASSERT_EQ(Run("site import hospital/export --site site0 --mapping ch-csv").code, 0);
  EXPECT_EQ(Ledger("consent").size(), 1u);

  // All patients withdraw from today on, while the site serves.
  Process serving({"site", "serve", "--dir", world_.site_folder(0).string()});
  ASSERT_FALSE(WaitForLedger("policy", 1).empty());
  const auto patients = Patients(world_.folder() / "hospital/export/patienten.csv");
  std::string csv = "identifier,purpose,status,from,to\n";
  for (const std::string& patient : patients) csv += patient + ",research,withdrawn,2020-01-01,\n";
  csv += patients[0] + ",recontact,given,2020-01-01,\n";
  csv += patients[1] + ",research,perhaps,2020-01-02,\n";
  csv += patients[2] + ",research,withdrawn,,\n";  // since when? it would count as the oldest
  Write("consents.csv", csv);
  const Ending imported = Run("site import consents.csv --site site0 --mapping consents --json");
  ASSERT_EQ(imported.code, 0) << imported.errors;
  EXPECT_EQ(json::parse(imported.out)["quarantined_by_rule"],
            json::parse(R"({"consent.status":1,"id.missing":1})"));
  const json after = RunJson("site consent --site site0");
  // A consent of a later day than the withdrawal stands, as it says.
  EXPECT_EQ(after["purposes"][1]["purpose"], "recontact");
  EXPECT_EQ(after["purposes"][1]["given"], 1);
  EXPECT_GT(after["purposes"][0]["statements"], research["statements"]);
  const auto noted = WaitForLedger("consent", 2);
  ASSERT_EQ(noted.size(), 2u);
  EXPECT_EQ(noted[1]["research_persons"], after["seen_by_studies"]);
  EXPECT_EQ(noted[1]["left"].get<int>() - noted[1]["entered"].get<int>(),
            before["seen_by_studies"].get<int>() - after["seen_by_studies"].get<int>());
  EXPECT_GT(noted[1]["left"], 0);
  const std::string ledger = ReadAll(world_.site_folder(0) / "ledger.jsonl");
  for (const std::string& patient : patients)
    EXPECT_EQ(ledger.find("\"" + patient), std::string::npos);
}

TEST_F(Steward, SeesOnePersonsConsentsByPseudonymOnly) {
  Write("patienten.csv",
        "Patientennummer,Geschlecht,Geburtsdatum,Generalkonsent,Konsentdatum,Widerrufsdatum\n"
        "P-1,weiblich,01.02.1960,akzeptiert,05.01.2021,\n");
  Write("trust.csv", "identifier,pseudonym\nP-1,TC-00001\n");
  fs::permissions(world_.folder() / "trust.csv", fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(
      Run("site import patienten.csv --site site0 --mapping ch-csv --pseudonyms trust.csv").code,
      0);
  const json person = RunJson("site consent --site site0 --person TC-00001");
  EXPECT_EQ(person["seen_by_studies"], true);
  EXPECT_EQ(person["statements"], json::parse(R"([{"purpose":"research","status":"given",
                                                   "from":"2021-01-05","to":null}])"));
  const Ending nobody = Run("site consent --site site0 --person P-1");
  EXPECT_EQ(nobody.code, 2);
  EXPECT_EQ(nobody.errors.find("P-1"), std::string::npos) << nobody.errors;
  Write("consents.csv", "identifier,purpose,status,from,to\nP-1,research,withdrawn,2022-01-01,\n");
  ASSERT_EQ(
      Run("site import consents.csv --site site0 --mapping consents --pseudonyms trust.csv").code,
      0);
  EXPECT_EQ(RunJson("site consent --site site0 --person TC-00001")["seen_by_studies"], false);
  ASSERT_EQ(Ledger("consent").size(), 2u);
  EXPECT_EQ(Ledger("consent")[1]["left"], 1);
}

TEST_F(Steward, DescribesTheSiteForACatalogue) {
  ASSERT_EQ(Run("synth ra --patients 80 --seed 7 --dialect ch-csv --out hospital").code, 0);
  ASSERT_EQ(Run("site import hospital/export --site site0 --mapping ch-csv").code, 0);
  ExpectOneLine("site catalog --site site0", 2, "site0/catalog.toml: no such file");
  const std::string good =
      "[dataset]\ntitle = \"T\"\ndescription = \"D\"\nidentifier = \"https://h.example/ra\"\n"
      "access_url = \"https://h.example/ask\"\nprovenance = \"P\"\n"
      "legislation = [\"http://data.europa.eu/eli/reg/2025/327/oj\"]\ncategories = [\"EHRS\"]\n"
      "keywords = [\"ra\"]\n[publisher]\nname = \"H\"\nemail = \"a@h.example\"\n"
      "[access_body]\nname = \"B\"\nemail = \"b@h.example\"\n[contact]\nemail = \"c@h.example\"\n";
  std::string wrong = good;
  Write("site0/catalog.toml", wrong.erase(wrong.find("provenance"), 17));
  ExpectOneLine("site catalog --site site0", 2,
                "catalog.toml:1: dataset.provenance: found nothing");
  Write("site0/catalog.toml", good);
  ExpectOneLine("site catalog --site site0 --format xml", 2, "--format: found \"xml\"");
  const Ending ending = Run("site catalog --site site0");
  ASSERT_EQ(ending.code, 0) << ending.errors;
  const json dataset = json::parse(ending.out)["@graph"][0];
  const int persons =
      std::stoi(dataset["healthdcatap:numberOfUniqueIndividuals"]["@value"].get<std::string>());
  const int seen = RunJson("site consent --site site0")["seen_by_studies"];
  EXPECT_EQ(persons, seen / 10 * 10);
  EXPECT_EQ(std::stoi(dataset["healthdcatap:numberOfRecords"]["@value"].get<std::string>()) % 10,
            0);
  EXPECT_NE(dataset["healthdcatap:populationCoverage"].dump().find("Rheumatoid arthritis"),
            std::string::npos);
  const Ending turtle = Run("site catalog --site site0 --format turtle --out entry.ttl");
  EXPECT_EQ(turtle.code, 0) << turtle.errors;
  EXPECT_TRUE(turtle.out.empty());
  EXPECT_NE(ReadAll(world_.folder() / "entry.ttl").find("<https://h.example/ra>\n  a dcat:Dataset"),
            std::string::npos);
  // The policy's own threshold is the entry's.
  Write("high.toml", "[policy]\nminimum_count = 60\n");
  ASSERT_EQ(Run("site policy set high.toml --dir site0 --by S").code, 0);
  const json stricter = json::parse(Run("site catalog --site site0").out)["@graph"][0];
  EXPECT_EQ(stricter["healthdcatap:numberOfUniqueIndividuals"]["@value"], "60");
}

}  // namespace
}  // namespace clinnova::network
