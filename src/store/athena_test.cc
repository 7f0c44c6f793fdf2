// SPDX-License-Identifier: Apache-2.0
#include "store/athena.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace clinnova::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConceptHeader =
    "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_"
    "concept\tconcept_code\t"
    "valid_start_date\tvalid_end_date\tinvalid_reason\n";
constexpr const char* kConcepts =
    "45912263\tcertolizumab \"pegol\"\tDrug\tATC\tATC 5th\tC\tL04AB05\t19700101\t20991231\t\n"
    "80809\tRheumatoid arthritis\tCondition\tSNOMED\tDisorder\tS\t69896004\t20020131\t20991231\t\n"
    "45591459\tSeropositive\tCondition\tICD10CM\t4-char billing "
    "code\t\tM05.7\t20020131\t20991231\t\n";

/// A folder with the four files that must be there, which goes with the test.
class AthenaFolder {
 public:
  AthenaFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("clinnova_athena_" + std::to_string(::getpid()) + "_" + test->name());
    fs::create_directories(folder_);
    Write("CONCEPT.csv", std::string(kConceptHeader) + kConcepts);
    Write("CONCEPT_RELATIONSHIP.csv",
          "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_"
          "reason\n"
          "45591459\t80809\tMaps to\t19700101\t20991231\t\n");
    Write("CONCEPT_ANCESTOR.csv",
          "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_"
          "separation\n"
          "80809\t80809\t0\t0\n");
    Write("VOCABULARY.csv",
          "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_"
          "concept_id\n"
          "None\tOMOP Standardized Vocabularies\tOMOP generated\tv5.0 30-AUG-24\t44819096\n");
  }
  ~AthenaFolder() { fs::remove_all(folder_); }
  AthenaFolder(const AthenaFolder&) = delete;
  AthenaFolder& operator=(const AthenaFolder&) = delete;

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  void Remove(const std::string& name) const { fs::remove(folder_ / name); }
  std::string path() const { return folder_.string(); }

 private:
  fs::path folder_;
};

Store InMemory() { return std::move(Store::Open({}).value()); }

std::int64_t Count(Store& store, const std::string& from) {
  return store.database().QueryInt64("SELECT count(*) FROM " + from).value();
}

TEST(Athena, ReplacesConceptsAndKeepsLocalAndEmbeddedOnes) {
  const AthenaFolder folder;
  Store store = InMemory();
  const std::int64_t local = Count(store, "concept WHERE concept_id >= 2000000000");
  const auto loaded = LoadAthena(store, folder.path());
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->version, "v5.0 30-AUG-24");
  EXPECT_EQ(loaded->rows.at("concept_relationship"), 1);
  EXPECT_EQ(loaded->rows.count("drug_strength"), 0u);
  EXPECT_EQ(Count(store,
                  "concept WHERE concept_id = 80809 AND concept_class_id = 'Disorder' AND "
                  "valid_start_date = DATE '2002-01-31'"),
            1);
  EXPECT_EQ(Count(store, "concept WHERE concept_name = 'certolizumab \"pegol\"'"), 1);
  EXPECT_EQ(Count(store, "concept WHERE concept_id >= 2000000000"), local);
  EXPECT_EQ(Count(store, "concept WHERE concept_id = 3020460"), 1)
      << "C-reactive protein, embedded";
  EXPECT_EQ(Count(store, "concept_ancestor WHERE ancestor_concept_id = 80809"), 3)
      << "its own row, and the two below it of the embedded vocabulary";
}

TEST(Athena, LoadsTwiceToTheSameTables) {
  const AthenaFolder folder;
  Store store = InMemory();
  ASSERT_TRUE(LoadAthena(store, folder.path()));
  const std::int64_t concepts = Count(store, "concept");
  const std::int64_t ancestors = Count(store, "concept_ancestor");
  ASSERT_TRUE(LoadAthena(store, folder.path()));
  EXPECT_EQ(Count(store, "concept"), concepts);
  EXPECT_EQ(Count(store, "concept_ancestor"), ancestors);
}

struct Mistake {
  const char* what;
  const char* file;
  std::string text;
  const char* message;
};

TEST(Athena, RefusesAWrongFolderAndKeepsWhatWasThere) {
  const std::vector<Mistake> mistakes = {
      {"a missing file", "CONCEPT_ANCESTOR.csv", "", "found no CONCEPT_ANCESTOR.csv"},
      {"commas", "CONCEPT.csv", "concept_id,concept_name\n1,x\n", "line 1: found column"},
      {"a missing column", "CONCEPT.csv", "concept_id\tconcept_name\n1\tx\n",
       "found no column \"domain_id\""},
      {"a text for a number", "CONCEPT.csv",
       std::string(kConceptHeader) + "x1\tn\tDrug\tATC\tATC 5th\tC\tL04\t19700101\t20991231\t\n",
       "Line: 2"},
      {"a concept twice", "CONCEPT.csv", std::string(kConceptHeader) + kConcepts + kConcepts,
       "found concept 80809 twice"},
      {"a day that is none", "CONCEPT.csv",
       std::string(kConceptHeader) + "7\tn\tDrug\tATC\tATC 5th\tC\tL04\t19701301\t20991231\t\n",
       "Line: 2"},
  };
  for (const Mistake& mistake : mistakes) {
    const AthenaFolder folder;
    Store store = InMemory();
    const std::int64_t before = Count(store, "concept");
    if (mistake.text.empty()) {
      folder.Remove(mistake.file);
    } else {
      folder.Write(mistake.file, mistake.text);
    }
    const auto loaded = LoadAthena(store, folder.path());
    ASSERT_FALSE(loaded.has_value()) << mistake.what;
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalidInput) << mistake.what;
    EXPECT_NE(loaded.error().message.find(mistake.message), std::string::npos)
        << mistake.what << ": " << loaded.error().message;
    EXPECT_EQ(loaded.error().message.find('\n'), std::string::npos) << mistake.what;
    EXPECT_EQ(Count(store, "concept"), before) << mistake.what;
  }
}

}  // namespace
}  // namespace clinnova::store
