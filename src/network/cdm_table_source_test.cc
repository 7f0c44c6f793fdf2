// SPDX-License-Identifier: Apache-2.0
#include "network/cdm_table_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "intake/import.h"
#include "intake/rotation.h"
#include "intake/synthetic_export.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr const char* kStudy = R"toml(
[study]
title = "Response to the first biologic"
[cohort]
disease = "ra"
index = "first_biologic"
[[variable]]
name = "drug"
feature = "drug"
[[variable]]
name = "age"
feature = "age"
[[variable]]
name = "low_activity"
feature = "low_activity"
[[analysis]]
name = "response"
method = "glm"
formula = "low_activity ~ drug + age"
family = "binomial"
[[analysis]]
name = "classes"
method = "table"
variables = ["drug", "low_activity"]
)toml";

federation::Study StudyOf(const std::string& text) {
  auto study = federation::Study::FromToml(text, "study.toml");
  EXPECT_TRUE(study.has_value()) << (study ? "" : study.error().message);
  return std::move(*study);
}

class CdmTableSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("clinnova_cdm_source_") + info->name() +
                                           "_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void ImportPatients(std::uint64_t patients) {
    const cohort::SiteFiles files(folder_);
    const auto written = intake::WriteSyntheticCohort({.patients = patients,
                                                       .seed = 9,
                                                       .dialect = "de-fhir",
                                                       .directory = folder_ / "synthetic",
                                                       .defects = false});
    ASSERT_TRUE(written.has_value());
    auto store = store::Store::Open({.path = files.store.string()});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    const auto report = intake::Import(*store, {.paths = {written->export_directory.string()},
                                                .key_file = files.pseudonym_key.string()});
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }

  fs::path folder_;
};

TEST_F(CdmTableSourceTest, DescribesAndReadsWhatTheStudyDeclares) {
  ImportPatients(40);
  SiteTableSource source({.fallback = "", .files = {}}, cohort::SiteFiles(folder_));
  const federation::Study study = StudyOf(kStudy);
  const auto mine = source.Describe(study, {});
  ASSERT_TRUE(mine.has_value()) << mine.error().message;
  EXPECT_EQ(mine->schema.rows, 40u);
  ASSERT_EQ(mine->schema.columns.size(), 4u);  // drug, age, low_activity, factor(low_activity)
  EXPECT_EQ(mine->schema.columns[0].levels, (Strings{"anti-TNF", "anti-IL-6", "JAK"}));
  EXPECT_EQ(mine->schema.columns[3].levels, (Strings{"0", "1"}));
  const auto& persons = mine->persons_per_level[0];
  ASSERT_EQ(persons.size(), 3u);
  EXPECT_EQ(persons[0] + persons[1] + persons[2], 40u);
  EXPECT_TRUE(mine->persons_per_level[1].empty());

  const auto declarations = StudyDeclarations(study);
  ASSERT_TRUE(declarations.has_value()) << declarations.error().message;
  const std::vector<table::SiteSchema> sites = {mine->schema};
  const std::vector<std::string> names = {"freiburg"};
  const auto schema = table::UnifySchemas(sites, *declarations, names);
  ASSERT_TRUE(schema.has_value()) << schema.error().message;
  const auto table = source.Read(study, *schema, "freiburg");
  ASSERT_TRUE(table.has_value()) << table.error().message;
  EXPECT_EQ(table->rows, 40u);
  EXPECT_EQ(table->schema.columns[0].levels.front(), "anti-TNF");
}

TEST_F(CdmTableSourceTest, KeepsAStudysTableWhenTheCdmChanges) {
  ImportPatients(20);
  const federation::Study study = StudyOf(kStudy);
  EXPECT_EQ(CdmTableSource(cohort::SiteFiles(folder_)).Describe(study, {})->schema.rows, 20u);
  ImportPatients(30);
  EXPECT_EQ(CdmTableSource(cohort::SiteFiles(folder_)).Describe(study, {})->schema.rows, 20u);
  std::string next = kStudy;
  next.replace(next.find("Response"), 8, "Answer");
  EXPECT_EQ(CdmTableSource(cohort::SiteFiles(folder_)).Describe(StudyOf(next), {})->schema.rows,
            30u);
}

TEST_F(CdmTableSourceTest, KeepsAStudysTableWhenThePseudonymsAreRotated) {
  ImportPatients(40);
  const auto rows_of = [this](const federation::Study& study) {
    CdmTableSource source{cohort::SiteFiles(folder_)};
    const auto mine = source.Describe(study, {});
    EXPECT_TRUE(mine.has_value()) << mine.error().message;
    const std::vector<table::SiteSchema> sites = {mine->schema};
    const std::vector<std::string> names = {"freiburg"};
    const auto schema = table::UnifySchemas(sites, *StudyDeclarations(study), names);
    const auto table = source.Read(study, *schema, "freiburg");
    EXPECT_TRUE(table.has_value()) << table.error().message;
    std::vector<std::string> rows;  // in the table's order: drug, age, low_activity
    for (std::size_t r = 0; r < table->rows; ++r) {
      rows.push_back(std::to_string(table->columns[0].codes[r]) + " " +
                     std::to_string(table->columns[1].numbers[r]) + " " +
                     std::to_string(table->columns[2].numbers[r]));
    }
    return rows;
  };
  const federation::Study running = StudyOf(kStudy);
  auto before = rows_of(running);
  ASSERT_EQ(before.size(), 40u);
  {
    const cohort::SiteFiles files(folder_);
    auto store = store::Store::Open({.path = files.store.string()});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    ASSERT_TRUE(intake::RotatePseudonyms(*store, files.pseudonym_key.string()));
  }
  EXPECT_EQ(rows_of(running), before) << "a study that runs goes on with its table";
  std::string next = kStudy;
  next.replace(next.find("Response"), 8, "Answer");
  auto after = rows_of(StudyOf(next));
  EXPECT_NE(after, before) << "in the order of the new identifiers";
  std::ranges::sort(before);
  std::ranges::sort(after);
  EXPECT_EQ(after, before) << "the same persons and values";
}

TEST_F(CdmTableSourceTest, SaysWhatIsMissing) {
  CdmTableSource source{cohort::SiteFiles(folder_)};
  const auto nothing = source.Describe(StudyOf(kStudy), {});
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().reason, "no_cdm");
  std::string wrong = kStudy;
  wrong.replace(wrong.find("feature = \"age\""), 15, "feature = \"agee\"");
  const auto declarations = StudyDeclarations(StudyOf(wrong));
  ASSERT_FALSE(declarations.has_value());
  EXPECT_EQ(declarations.error().message.substr(0, 48),
            "variable \"age\": feature: found \"agee\", expected ");
  const std::string file_study =
      "[study]\ntitle = \"t\"\n[[analysis]]\nname = \"s\"\nmethod = \"summary\"\nvariables = "
      "[\"age\"]\n";
  EXPECT_EQ(source.Describe(StudyOf(file_study), {}).error().reason, "no_cohort");
  EXPECT_TRUE(StudyDeclarations(StudyOf(file_study)).has_value());
}

TEST_F(CdmTableSourceTest, ShowsTheStewardTheStatement) {
  const auto sql = StudySql(StudyOf(kStudy));
  ASSERT_TRUE(sql.has_value());
  EXPECT_NE(sql->find("clinnova.research_person"), sql->npos);
  EXPECT_NE(sql->find("AS \"low_activity\""), sql->npos);
}

}  // namespace
}  // namespace clinnova::network
