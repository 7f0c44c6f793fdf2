// SPDX-License-Identifier: Apache-2.0
// A hospital whose trust centre makes the pseudonyms: its list through the program, from the first import to a rotation.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "program_fixture.h"
#include "store/store.h"

namespace clinnova::store {
namespace {

namespace fs = std::filesystem;

class OutsidePseudonymsEndToEnd : public testing::Test {
 protected:
  OutsidePseudonymsEndToEnd() {
    std::string name = (fs::path(testing::TempDir()) / "trust-centre-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~OutsidePseudonymsEndToEnd() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    fs::permissions(folder_ / name, fs::perms::owner_read | fs::perms::owner_write);
  }
  /// The exit code of `clinnova ARGUMENTS` in the folder.
  int Run(const std::string& arguments) {
    const Ending ending = RunProgram(folder_, arguments);
    out_ = ending.out;
    errors_ = ending.errors;
    return ending.code;
  }
  nlohmann::json Answer(const std::string& arguments) {
    EXPECT_EQ(Run(arguments + " --json"), 0) << errors_;
    return nlohmann::json::parse(out_, nullptr, false);
  }
  /// Every row of every table, as text.
  std::string Content() {
    auto store = Store::Open(
        {.path = (folder_ / "site/cdm.duckdb").string(), .access = Store::Access::kReadOnly});
    EXPECT_TRUE(store) << store.error().message;
    std::string content;
    auto tables = store->database().Query(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal");
    while (tables->NextChunk()) {
      for (std::size_t t = 0; t < tables->chunk_size(); ++t) {
        const std::string table(tables->Text(0, t));
        if (table == "main.concept" || table == "main.concept_ancestor") continue;
        auto rows = store->database().Query("SELECT t::VARCHAR FROM " + table + " t");
        while (rows->NextChunk()) {
          for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
            content += std::string(rows->Text(0, r)) + "\n";
          }
        }
      }
    }
    return content;
  }

  fs::path folder_;
  std::string out_, errors_;
};

std::string Patient(const std::string& id) {
  return R"({"resourceType": "Patient", "id": ")" + id +
         R"(", "gender": "female", "birthDate": "1961-07-01"})" + "\n";
}

TEST_F(OutsidePseudonymsEndToEnd, FromTheFirstListToARotation) {
  Write("export.ndjson", Patient("mrn-4711") + Patient("mrn-0815"));
  Write("list.csv", "identifier;pseudonym\nmrn-4711;MS-7K2Q9\n");
  const std::string import = "site import export.ndjson --site site --pseudonyms list.csv";
  ASSERT_EQ(Run(import), 0) << errors_;
  EXPECT_NE(
      out_.find("1 patient is not in the list of pseudonyms: their records are in quarantine"),
      std::string::npos)
      << out_;
  std::string content = Content();
  EXPECT_NE(content.find("MS-7K2Q9"), std::string::npos);
  EXPECT_NE(content.find("pseudonym.unlisted"), std::string::npos);

  Write("list.csv", "identifier;pseudonym\nmrn-4711;MS-7K2Q9\nmrn-0815;MS-1A2B3\n");
  EXPECT_EQ(Answer(import)["persons"], 2);
  EXPECT_EQ(Run("site import export.ndjson --site site"), 2);
  EXPECT_NE(errors_.find("expected its list (--pseudonyms)"), std::string::npos) << errors_;
  Write("other.csv", "identifier,pseudonym\nmrn-4711,MS-CHANGED\n");
  EXPECT_EQ(Run("site import export.ndjson --site site --pseudonyms other.csv"), 2);
  EXPECT_NE(errors_.find("other.csv: line 2: another pseudonym than the patient has"),
            std::string::npos)
      << errors_;
  EXPECT_EQ(errors_.find("4711"), std::string::npos);

  const auto done = Answer("site pseudonyms rotate --site site");
  EXPECT_EQ(done["outside_pseudonyms"], true);
  ASSERT_EQ(Run("site pseudonyms rotate --site site"), 0) << errors_;
  EXPECT_NE(out_.find("The 2 persons keep the outside service's pseudonyms"), std::string::npos)
      << out_;
  ASSERT_EQ(Run("site pseudonyms status --site site"), 0) << errors_;
  EXPECT_NE(out_.find("2 of them with a pseudonym of an outside service"), std::string::npos)
      << out_;
  EXPECT_EQ(Answer(import)["persons"], 2);
  content = Content();
  for (const char* pseudonym : {"MS-7K2Q9", "MS-1A2B3"}) {
    EXPECT_NE(content.find(pseudonym), std::string::npos);
  }
  for (const char* number : {"mrn-4711", "mrn-0815", "MS-CHANGED", "list.csv"}) {
    EXPECT_EQ(content.find(number), std::string::npos) << number;
  }
}

}  // namespace
}  // namespace clinnova::store
