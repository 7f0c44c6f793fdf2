// SPDX-License-Identifier: Apache-2.0
// What a data steward and a data manager do at a site, through the program: the policy of a site that serves.
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

}  // namespace
}  // namespace clinnova::network
