// SPDX-License-Identifier: Apache-2.0
// What a mistaken user meets: one clear line on standard error, the exit code of the interfaces, and nothing
// changed on disk.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "network/network_world.h"
#include "program_fixture.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;

/// Every file below a folder, with its content.
std::map<std::string, std::string> Snapshot(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    files[fs::relative(entry.path(), folder)] = entry.is_regular_file() ? ReadAll(entry) : "";
  }
  return files;
}

/// A folder with a good study, a good table and a hub; the mistakes are made in it.
class BadInput : public testing::Test {
 protected:
  BadInput() {
    std::string name = (fs::path(testing::TempDir()) / "bad-input-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    Write("study.toml", kStudy);
    Write("table.csv", "y,x\n1,2\n2,3\n3,5\n5,6\n");
  }
  ~BadInput() override { fs::remove_all(folder_); }

  static constexpr const char* kStudy =
      "[study]\ntitle = \"t\"\npurpose = \"p\"\n\n[[analysis]]\nname = \"a\"\nmethod = \"glm\"\n"
      "formula = \"y ~ x\"\n";

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  /// Runs `clinnova ARGUMENTS` in the folder.
  Ending Run(const std::string& arguments) const { return RunProgram(folder_, arguments); }

  /// One line that contains each of `words`, this exit code, and a folder as it was.
  void ExpectRefusal(const std::string& arguments, int code,
                     const std::vector<std::string>& words) {
    const auto before = Snapshot(folder_);
    const Ending ending = Run(arguments);
    EXPECT_EQ(ending.code, code) << arguments << "\n" << ending.errors;
    std::string errors = ending.errors;
    if (errors.starts_with("[1/1]")) errors.erase(0, errors.find('\n') + 1);  // progress
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << arguments << "\n" << errors;
    EXPECT_TRUE(errors.starts_with("clinnova: ")) << errors;
    for (const std::string& word : words) {
      EXPECT_NE(errors.find(word), std::string::npos) << arguments << ": no " << word << " in\n"
                                                      << errors;
    }
    EXPECT_TRUE(Snapshot(folder_) == before) << arguments << " changed the folder";
  }

  fs::path folder_;
};

TEST_F(BadInput, OfModelExport) {
  ExpectRefusal("model export uc-travis --format pmml", 2,
                {"--format: found \"pmml\"", "expected one of: document, onnx"});
  ExpectRefusal("model export ms-choice-chalkou-twostage --format onnx", 2, {"--out: expected"});
  ExpectRefusal("model export uc-travis --format onnx --out travis.onnx", 2,
                {"uc-travis: ONNX: found a point score"});
}

TEST_F(BadInput, OfSimulate) {
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = kStudy;
    const std::size_t at = text.find(from);
    text.replace(at, from.size(), to);
    Write("wrong.toml", text);
  };
  const std::string run = "simulate wrong.toml --minimum-count 0 --site a=table.csv";
  with("title", "titel");
  ExpectRefusal(run, 2, {"wrong.toml:2", "study.titel", "unknown key", "title"});
  with("formula", "formla");
  ExpectRefusal(run, 2, {"wrong.toml", "formla", "unknown option", "formula"});
  with("[study]", "[study");
  ExpectRefusal(run, 2, {"wrong.toml:1"});
  with("y ~ x", "y ~ z");
  ExpectRefusal(run, 2, {"wrong.toml", "\"z\"", "y, x, site"});
  with("y ~ x", "y ~ log(x");
  ExpectRefusal(run, 2, {"wrong.toml", "formula"});
  with("\"glm\"", "\"gml\"");
  ExpectRefusal(run, 2, {"wrong.toml", "\"gml\"", "there are", "glm"});
  ExpectRefusal("simulate study.toml --site a=none.csv", 2, {"none.csv"});
  ExpectRefusal("simulate none.toml --site a=table.csv", 2, {"none.toml"});
  ExpectRefusal("simulate study.toml --site a=table.csv --minimum-count x", 2,
                {"--minimum-count: found \"x\"", "expected a whole number from 0"});
  ExpectRefusal("simulate study.toml --site a=table.csv --minimum-count -1", 2,
                {"--minimum-count: found \"-1\", expected a whole number from 0\n"});
  ExpectRefusal("simulate study.toml --site a=table.csv --threads 0", 2,
                {"--threads: found \"0\", expected a whole number from 1 to 256"});
  Write("empty.toml", "");
  ExpectRefusal("simulate empty.toml --site a=table.csv", 2, {"empty.toml", "study", "expected"});
  ExpectRefusal("simulate study.toml --json --site a=table.csv", 3, {"at least 5 persons"});
}

TEST_F(BadInput, OfTables) {
  const std::string run = "simulate study.toml --minimum-count 0 --site a=wrong.csv";
  Write("wrong.csv", "y,x\n1,2\n2,3,4\n");
  ExpectRefusal(run, 2, {"wrong.csv", "line 3", "found 3 fields", "expected 2"});
  Write("wrong.csv", "y,x\n1,2\n2,\"3\n");
  ExpectRefusal(run, 2, {"wrong.csv", "line 3", "quote"});
  Write("wrong.csv", "y,y\n1,2\n");
  ExpectRefusal(run, 2, {"wrong.csv", "y"});
  Write("wrong.csv", "");
  ExpectRefusal(run, 2, {"wrong.csv"});
  Write("wrong.parquet", "PAR1 and no more");
  ExpectRefusal("simulate study.toml --minimum-count 0 --site a=wrong.parquet", 2,
                {"wrong.parquet"});
}

TEST_F(BadInput, OfSyntheticCohorts) {
  ExpectRefusal("synth ra --dialect xx --out synth", 2,
                {"\"xx\"", "ch-csv", "ch-sphn", "de-ldt3", "de-openehr", "fr-hprim", "lu-redcap"});
  ExpectRefusal("synth gout --out synth", 2, {"\"gout\"", "cd, ibd, ms, ra, uc"});
  ExpectRefusal("synth ra --patients -1 --out synth", 2,
                {"--patients: found \"-1\", expected a whole number from 1 to 10000000"});
  ExpectRefusal("synth ra --seed -1 --out synth", 2, {"--seed: found \"-1\"", "from 0"});
  ExpectRefusal("synth ra --site-effect x --out synth", 2,
                {"--site-effect: found \"x\", expected a number from 0 to 10"});
}

TEST_F(BadInput, OfImports) {
  ASSERT_EQ(Run("synth ra --patients 60 --seed 3 --dialect de-fhir --out synth").code, 0);
  ASSERT_EQ(Run("site import synth/export --site site").code, 0);
  const std::string patients = ReadAll(folder_ / "synth/export/Patient.ndjson");
  Write("cut.ndjson", patients.substr(0, patients.size() / 2));
  ExpectRefusal("site import cut.ndjson --site site", 2, {"cut.ndjson:", "nothing was loaded"});
  Write("cut.json",
        R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resour)");
  ExpectRefusal("site import cut.json --site site", 2, {"cut.json", "nothing was loaded"});
  ExpectRefusal("site import none --site site", 2, {"none"});
  ExpectRefusal("site import cut.json --site fresh", 2, {"cut.json"});
  ExpectRefusal("site import synth/export --site site --mapping nowhere", 2, {"nowhere"});
}

TEST_F(BadInput, OfPseudonyms) {
  ExpectRefusal("site pseudonyms", 2, {"subcommand"});
  ExpectRefusal("site pseudonyms rotate --site nowhere", 2, {"nowhere/cdm.duckdb", "import data"});
  ExpectRefusal("site pseudonyms status --site nowhere", 2, {"nowhere/cdm.duckdb"});
  fs::create_directory(folder_ / "attached");
  Write("attached/postgresql.toml", "connection = \"dbname=cdm\"\n");
  ExpectRefusal("site pseudonyms rotate --site attached", 2, {"PostgreSQL", "the hospital's"});

  ASSERT_EQ(Run("synth ra --patients 20 --seed 3 --dialect de-fhir --out synth").code, 0);
  ASSERT_EQ(Run("site import synth/export --site site").code, 0);
  const fs::path key = folder_ / "site/pseudonym.key";
  fs::copy_file(key, folder_ / "old.key");
  const Ending rotated = Run("site pseudonyms rotate --site site");
  ASSERT_EQ(rotated.code, 0) << rotated.errors;
  EXPECT_NE(rotated.out.find("New pseudonyms for 20 persons"), std::string::npos) << rotated.out;
  fs::rename(key, folder_ / "new.key");
  ExpectRefusal("site pseudonyms rotate --site site", 2, {"pseudonym.key", "not found"});
  fs::copy_file(folder_ / "old.key", key);
  ExpectRefusal("site pseudonyms rotate --site site", 2, {"from before a rotation"});
  ExpectRefusal("site import synth/export --site site", 2, {"from before a rotation"});
  fs::remove(key);
  fs::copy_file(folder_ / "new.key", key);
  fs::permissions(key, fs::perms::group_read, fs::perm_options::add);
  ExpectRefusal("site pseudonyms rotate --site site", 2, {"others can read it", "0600"});
  fs::permissions(key, fs::perms::group_read, fs::perm_options::remove);
  EXPECT_EQ(Run("site import synth/export --site site").code, 0);
}

TEST_F(BadInput, OfAHubThatIsNotThere) {
  ExpectRefusal("study list --hub nowhere", 2, {"nowhere/hub.toml"});
  ExpectRefusal("site serve --dir nowhere", 2, {"nowhere/site.toml"});
  ExpectRefusal("site init s --invite clinnova-invite-1.abc", 2, {"invite"});
  ExpectRefusal("hub init h --name H --listen nonsense", 2, {"nonsense", "host:port"});
  ExpectRefusal("frobnicate", 2, {"frobnicate", "no such command"});
  ExpectRefusal("site frobnicate", 2, {"frobnicate", "no such command"});
  ASSERT_EQ(Run("hub init hub --name H --listen 127.0.0.1:1").code, 0);
  ExpectRefusal("study list --hub hub", 4, {"127.0.0.1:1", "cannot be reached"});
  ExpectRefusal("study submit study.toml --hub hub", 4, {"cannot be reached"});
  ExpectRefusal("hub init hub --name H", 2, {"hub"});
}

TEST_F(BadInput, OfPasswords) {
  Write("right", "correct horse\n");
  Write("wrong", "battery staple\n");
  ASSERT_EQ(Run("hub init hub --name H --listen 127.0.0.1:1 --password-file right").code, 0);
  ExpectRefusal("hub serve --dir hub --password-file wrong", 2, {"wrong password"});
  ExpectRefusal("hub serve --dir hub --password-file none", 2, {"none"});
}

TEST(BadInputAtADoor, ExpiredAndForeignInvites) {
  NetworkWorld world(3);
  world.StartHub();
  const std::string invite = Must(
      MakeInvite({.folder = world.hub_folder(), .site = "late", .valid = std::chrono::seconds(0)}));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string folder = (world.folder() / "late").string();
  const Ending late =
      RunProgram(world.folder(), "site init '" + folder + "' --invite '" + invite + "'");
  EXPECT_EQ(late.code, 2);
  EXPECT_NE(late.errors.find("the invite expired on"), std::string::npos) << late.errors;
  EXPECT_FALSE(fs::exists(folder));
}

TEST(BadInputAtADoor, AnotherHubsCertificate) {
  NetworkWorld world(3);
  NetworkWorld other(3);
  world.StartHub();
  other.StartHub();
  world.InitSites();
  other.InitSites();
  // A site of one consortium at the door of another's hub.
  fs::copy_file(other.site_folder(0) / "tls.pem", world.site_folder(0) / "tls.pem",
                fs::copy_options::overwrite_existing);
  fs::copy_file(other.site_folder(0) / "authority.pem", world.site_folder(0) / "authority.pem",
                fs::copy_options::overwrite_existing);
  fs::copy_file(other.site_folder(0) / "tls.key", world.site_folder(0) / "tls.key",
                fs::copy_options::overwrite_existing);
  const Ending refused =
      RunProgram(world.folder(), "site serve --dir '" + world.site_folder(0).string() + "'");
  EXPECT_EQ(refused.code, 4);
  EXPECT_EQ(std::ranges::count(refused.errors, '\n'), 1) << refused.errors;
  EXPECT_NE(refused.errors.find("certificate"), std::string::npos) << refused.errors;
}

}  // namespace
}  // namespace clinnova::network
