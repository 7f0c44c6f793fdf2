// SPDX-License-Identifier: Apache-2.0
// The demo as a visitor starts it: from raw exports to what a physician is told.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "program_fixture.h"

namespace clinnova {
namespace {

namespace fs = std::filesystem;

class Demo : public testing::Test {
 protected:
  Demo() : folder_(fs::temp_directory_path() / ("clinnova_demo_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Demo() override { fs::remove_all(folder_); }

  Ending Run(const std::string& patients) const {
    return RunProgram(folder_, "demo --keep kept" + patients + " --patients " + patients);
  }
  /// What is printed of patient A, B, or after the last.
  static std::string CardOf(const std::string& patient, const std::string& out) {
    const std::size_t found = out.find("opens patient " + patient);
    if (found == out.npos) return {};
    return out.substr(found, out.find("opens patient ", found + 1) - found);
  }

  fs::path folder_;
};

TEST_F(Demo, GoesFromExportsToTwoPatients) {
  const Ending demo = Run("300");
  ASSERT_EQ(demo.code, 0) << demo.errors;
  EXPECT_TRUE(fs::exists(folder_ / "kept300" / "result.json"));
  EXPECT_NE(ReadAll(folder_ / "kept300/model-card.html")
                .find("lu-chl, de-freiburg, fr-strasbourg, ch-basel"),
            std::string::npos);
  for (const char* patient : {"A", "B"}) {
    const std::string card = CardOf(patient, demo.out);
    EXPECT_NE(card.find("Research use only"), std::string::npos) << patient << ": " << demo.out;
    EXPECT_NE(card.find("| anti-IL-6 | of 100 such patients, about "), std::string::npos) << card;
    EXPECT_NE(card.find("DAS28-CRP of 3.2 or less at six months"), std::string::npos) << card;
    // So few patients show no benefit of choosing, and the card says so instead of choosing.
    EXPECT_NE(card.find("No recommendation"), std::string::npos) << card;
  }
}

TEST_F(Demo, EndsWellWhereTheRulesLeaveNoModel) {
  const Ending demo = Run("60");
  ASSERT_EQ(demo.code, 0) << demo.errors;
  EXPECT_NE(demo.out.find("no model for the bedside"), std::string::npos) << demo.out;
}

}  // namespace
}  // namespace clinnova
