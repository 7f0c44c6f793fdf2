// SPDX-License-Identifier: Apache-2.0
// What is planted in synthetic exports is found: the import quarantines, converts or keeps what the answer file says
// (src/intake/synthetic_import_test.cc), and what it must load as written, the checks find.
#include <unistd.h>

#include <algorithm>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "intake/import.h"
#include "intake/pseudonym.h"
#include "intake/synthetic_export.h"
#include "quality/planted_cdm.h"

namespace clinnova::quality {
namespace {

namespace fs = std::filesystem;
using intake::SyntheticOptions;

struct Defect {
  std::string kind, patient, expected;
};

class DefectsTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("clinnova_quality_" + GetParam() + "_" + std::to_string(getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// The CDM of a dialect's export.
  store::Store ImportDialect(const std::string& dialect, bool defects, std::uint64_t seed) {
    SyntheticOptions options{.patients = 100, .seed = seed};
    options.disease = GetParam();
    options.dialect = dialect;
    options.directory = folder_ / dialect;
    options.defects = defects;
    fs::remove_all(options.directory);
    const auto summary = WriteSyntheticCohort(options);
    EXPECT_TRUE(summary.has_value());
    auto store = store::Store::Open({.threads = 1});
    intake::ImportOptions import{.paths = {summary->export_directory.string()},
                                 .key_file = (folder_ / "key").string()};
    import.mapping = intake::SyntheticMapping(dialect);
    const auto report = intake::Import(*store, import);
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
    return std::move(*store);
  }

  std::vector<Defect> Answers(const std::string& dialect) const {
    std::ifstream stream(folder_ / dialect / "defects.json");
    const auto json = nlohmann::json::parse(stream);
    std::vector<Defect> answers;
    for (const auto& defect : json["defects"])
      answers.push_back({defect["kind"], defect["patient"], defect["expected"]});
    return answers;
  }

  std::int64_t PersonOf(const Defect& defect) const {
    return intake::PseudonymKey::LoadOrCreate((folder_ / "key").string())->PersonId(defect.patient);
  }

  fs::path folder_;
};

/// The checks of exchanged dates, which no other planted defect has to do with.
bool IsSwap(const std::string& id) { return id.find(".swapped_") != id.npos; }

/// Persons in the rows that the failed checks of exchanged dates show.
std::set<std::string> Suspected(store::Store& store, const QualityReport& report) {
  OwnCdm cdm(store);
  std::set<std::string> persons;
  for (const auto& [id, rows] : Failed(report)) {
    if (!IsSwap(id)) continue;
    const auto shown = ShowRows(cdm, id, 100);
    EXPECT_TRUE(shown.has_value());
    const auto column = std::ranges::find(shown->columns, "person_id") - shown->columns.begin();
    for (const auto& row : shown->rows) persons.insert(row[static_cast<std::size_t>(column)]);
  }
  return persons;
}

TEST_P(DefectsTest, AreFoundByTheImportOrByTheChecks) {
  for (const std::string& dialect : intake::SyntheticDialects()) {
    SCOPED_TRACE(dialect);
    store::Store store = ImportDialect(dialect, true, 6);
    const QualityReport report = ReportOf(store);
    bool swapped = false;
    for (const Defect& defect : Answers(dialect)) {
      if (!defect.expected.ends_with("found by the checks of quality")) continue;
      ASSERT_EQ(defect.kind, "swapped_date") << "no check is known of it";
      swapped = true;
      EXPECT_EQ(Suspected(store, report), std::set{std::to_string(PersonOf(defect))});
    }
    EXPECT_TRUE(swapped) << "the answer file has one";
    for (const auto& [id, rows] : Failed(report)) {
      const bool empty_table =
          id.ends_with(".person_completeness");  // what an export does not have
      EXPECT_TRUE(IsSwap(id) || empty_table) << id << " " << rows;
    }
  }
}

TEST_P(DefectsTest, AreNotSeenWhereNoneIsPlanted) {
  for (const std::string& dialect : intake::SyntheticDialects()) {
    SCOPED_TRACE(dialect);
    store::Store store = ImportDialect(dialect, false, 6);
    for (const auto& [id, rows] : Failed(ReportOf(store)))
      EXPECT_TRUE(id.ends_with(".person_completeness")) << id << " " << rows;
  }
}

INSTANTIATE_TEST_SUITE_P(Diseases, DefectsTest, testing::Values("ra", "ibd", "ms"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace clinnova::quality
