// SPDX-License-Identifier: Apache-2.0
// OHDSI's GiBleed, a whole CDM that others made: what fails there is wrong there, each looked up by hand.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "intake/import.h"
#include "quality/planted_cdm.h"

namespace clinnova::quality {
namespace {

namespace fs = std::filesystem;

class GiBleedTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("CLINNOVA_SHARED_DATA");
    const fs::path cdm =
        fs::path(given ? given : CLINNOVA_SOURCE_DIR "/../shared/data") / "omop/gibleed-cdm53";
    if (!fs::exists(cdm)) GTEST_SKIP() << "no GiBleed";
    const fs::path key = fs::temp_directory_path() / ("clinnova_key_" + std::to_string(getpid()));
    auto store = store::Store::Open({.threads = 1});
    ASSERT_TRUE(store.has_value());
    const auto imported =
        intake::Import(*store, {.paths = {cdm.string()}, .mapping = {}, .key_file = key.string()});
    fs::remove(key);
    ASSERT_TRUE(imported.has_value()) << imported.error().message;
    report_ = ReportOf(*store);
  }
  /// Numerator and denominator.
  std::pair<std::int64_t, std::int64_t> Of(const std::string& id) const {
    for (std::size_t i = 0; i < report_.checks.size(); ++i) {
      if (report_.checks[i].id == id)
        return {report_.outcomes[i].numerator, report_.outcomes[i].denominator};
    }
    return {-1, -1};
  }
  QualityReport report_;
};

TEST_F(GiBleedTest, FailsWhereItIsWrong) {
  const auto failed = Failed(report_);  // and none is an error
  using Counts = std::pair<std::int64_t, std::int64_t>;
  // One drug begins in June 1970; its patient was born in April 1976.
  EXPECT_EQ(Of("drug_exposure.drug_exposure_start_date.after_birth"), Counts(1, 67707));
  // Of its visits 1,037 were kept, and the records of all others.
  EXPECT_EQ(Of("measurement.visit_occurrence_id.foreign_key"), Counts(44047, 44053));
  // 0 for "no provider" and "no visit detail", which is no key.
  EXPECT_EQ(Of("drug_exposure.provider_id.foreign_key"), Counts(67707, 67707));
  // Gaps down to minus 22,130 days.
  EXPECT_EQ(Of("drug_era.gap_days.low"), Counts(12637, 52508));
  EXPECT_EQ(Of("drug_exposure.quantity.low"), Counts(67707, 67707));
  // Synthea's patients were born from 1908 on.
  EXPECT_EQ(Of("person.year_of_birth.low"), Counts(0, 2694));
  EXPECT_TRUE(failed.contains("condition_occurrence.condition_start_date.date_early"));
  // What it is not: nobody is there twice, no sex is wrong, no date exchanged.
  for (const auto& [id, rows] : failed) {
    for (const char* kind : {".duplicate_person", ".sex", ".swapped_", ".date_pattern", ".domain",
                             ".primary_key", ".required", ".length", ".value_", ".unit"})
      EXPECT_EQ(id.find(kind), id.npos) << id << " " << rows;
  }
  EXPECT_EQ(failed.size(), 61u);
}

}  // namespace
}  // namespace clinnova::quality
