// SPDX-License-Identifier: Apache-2.0
#include "decision/site_consents.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "cohort/site_files.h"
#include "intake/import.h"
#include "intake/rotation.h"

namespace clinnova::decision {
namespace {

namespace fs = std::filesystem;

class SiteConsentsTest : public testing::Test {
 protected:
  SiteConsentsTest() {
    std::string pattern = (fs::temp_directory_path() / "clinnova_consents_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SiteConsentsTest() override { fs::remove_all(folder_); }

  store::Store Open() {
    auto store = store::Store::Open({.path = cohort::SiteFiles(folder_).store.string()});
    EXPECT_TRUE(store.has_value()) << store.error().message;
    return std::move(*store);
  }
  void Import(const std::string& json) {
    const fs::path file = folder_ / "export.json";
    std::ofstream(file) << json;
    store::Store store = Open();
    const auto report = intake::Import(
        store,
        {.paths = {file.string()}, .key_file = cohort::SiteFiles(folder_).pseudonym_key.string()});
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  /// Makes the file look newer than a moment ago: a file system's clock may be coarse.
  void Later() {
    const fs::path store = cohort::SiteFiles(folder_).store;
    fs::last_write_time(store, fs::last_write_time(store) + std::chrono::seconds(++seconds_));
  }

  fs::path folder_;
  int seconds_ = 0;
};

std::string Consent(const std::string& patient, const std::string& day, const std::string& says) {
  return R"({"resourceType": "Consent", "id": "c)" + patient + day +
         R"(", "status": "active", "scope": {"coding": [{"code": "research"}]}, "patient": {"reference": "Patient/)" +
         patient + R"("}, "dateTime": ")" + day + R"(", "provision": {"type": ")" + says + "\"}}\n";
}

std::string Patient(const std::string& id) {
  return R"({"resourceType": "Patient", "id": ")" + id +
         R"(", "gender": "female", "birthDate": "1961-07-01"})" + "\n";
}

TEST_F(SiteConsentsTest, KnowsThemAfterARotationToo) {
  SiteConsents consents(folder_);
  EXPECT_FALSE(consents.Has("p1")) << "a site without a CDM";
  Import(Patient("p1") + Patient("p2") + Consent("p1", "2024-01-01", "permit"));
  EXPECT_TRUE(consents.Has("p1"));
  EXPECT_FALSE(consents.Has("p2"));
  {
    store::Store store = Open();
    ASSERT_TRUE(intake::RotatePseudonyms(store, cohort::SiteFiles(folder_).pseudonym_key.string()));
  }
  Later();
  EXPECT_TRUE(consents.Has("p1"));
  EXPECT_FALSE(consents.Has("p2"));
  Import(Consent("p1", "2024-02-01", "deny"));
  Later();
  EXPECT_FALSE(consents.Has("p1")) << "withdrawn";
}

TEST_F(SiteConsentsTest, LooksAnewOnAnotherDay) {
  Import(Patient("p1") + Consent("p1", "2024-01-01", "permit"));
  const fs::path store = cohort::SiteFiles(folder_).store;
  const auto written = fs::last_write_time(store);
  std::string today = "2026-11-23";
  SiteConsents consents(folder_, [&today] { return today; });
  EXPECT_TRUE(consents.Has("p1"));
  fs::rename(store, folder_ / "away");
  std::ofstream(store) << "in use";
  EXPECT_TRUE(consents.Has("p1")) << "what was known before counts while the file cannot be read";
  today = "2026-11-24";
  EXPECT_FALSE(consents.Has("p1")) << "but not on another day";
  fs::rename(folder_ / "away", store);
  EXPECT_TRUE(consents.Has("p1"));
  // As if the consent had ended with the day: the file is as old as before.
  ASSERT_TRUE(Open().database().Execute("UPDATE clinnova.consent SET valid_to = '2024-12-31'"));
  fs::last_write_time(store, written);
  EXPECT_TRUE(consents.Has("p1")) << "as read";
  today = "2026-11-25";
  EXPECT_FALSE(consents.Has("p1")) << "expired";
}

TEST_F(SiteConsentsTest, LooksAgainWhenItCouldNotRead) {
  Import(Patient("p1") + Consent("p1", "2024-01-01", "permit"));
  const fs::path key = cohort::SiteFiles(folder_).pseudonym_key;
  fs::rename(key, folder_ / "away");
  SiteConsents consents(folder_);
  EXPECT_FALSE(consents.Has("p1"));
  fs::rename(folder_ / "away", key);
  EXPECT_TRUE(consents.Has("p1")) << "the store has not changed, but its key is there";
}

TEST_F(SiteConsentsTest, KnowsNoneWithoutTheKey) {
  Import(Patient("p1") + Consent("p1", "2024-01-01", "permit"));
  fs::remove(cohort::SiteFiles(folder_).pseudonym_key);
  SiteConsents consents(folder_);
  EXPECT_FALSE(consents.Has("p1"));
  EXPECT_FALSE(fs::exists(cohort::SiteFiles(folder_).pseudonym_key)) << "none is made";
}

}  // namespace
}  // namespace clinnova::decision
