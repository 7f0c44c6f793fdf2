// SPDX-License-Identifier: Apache-2.0
// The demo as a visitor starts it: from raw exports to what a physician is told.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace clinnova {
namespace {

namespace fs = std::filesystem;

class Demo : public testing::Test {
 protected:
  Demo() : folder_(fs::temp_directory_path() / ("clinnova_demo_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Demo() override { fs::remove_all(folder_); }

  /// The exit code; what it printed is in out().
  int Run(const std::string& patients) {
    const std::string command = "cd '" + folder_.string() +
                                "' && timeout 200 '" CLINNOVA_PROGRAM "' demo --keep kept" +
                                patients + " --patients " + patients + " >out 2>errors </dev/null";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// What is printed of patient A, B, or after the last.
  std::string CardOf(const std::string& patient) const {
    const std::string out = Read("out");
    const std::size_t found = out.find("opens patient " + patient);
    if (found == out.npos) return {};
    return out.substr(found, out.find("opens patient ", found + 1) - found);
  }

  fs::path folder_;
};

TEST_F(Demo, GoesFromExportsToTwoPatients) {
  ASSERT_EQ(Run("300"), 0) << Read("errors");
  EXPECT_TRUE(fs::exists(folder_ / "kept300" / "result.json"));
  EXPECT_NE(Read("kept300/model-card.html").find("lu-chl, de-freiburg, fr-strasbourg, ch-basel"),
            std::string::npos);
  for (const char* patient : {"A", "B"}) {
    const std::string card = CardOf(patient);
    EXPECT_NE(card.find("Research use only"), std::string::npos) << patient << ": " << Read("out");
    EXPECT_NE(card.find("| anti-IL-6 | of 100 such patients, about "), std::string::npos) << card;
    EXPECT_NE(card.find("DAS28-CRP of 3.2 or less at six months"), std::string::npos) << card;
    // So few patients show no benefit of choosing, and the card says so instead of choosing.
    EXPECT_NE(card.find("No recommendation"), std::string::npos) << card;
  }
}

TEST_F(Demo, EndsWellWhereTheRulesLeaveNoModel) {
  ASSERT_EQ(Run("60"), 0) << Read("errors");
  EXPECT_NE(Read("out").find("no model for the bedside"), std::string::npos) << Read("out");
}

}  // namespace
}  // namespace clinnova
