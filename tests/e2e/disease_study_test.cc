// SPDX-License-Identifier: Apache-2.0
// The whole way per disease, by the program: four countries' synthetic exports, import, a study's tables, one
// federated model. Its log odds are those that can be counted in the four truth files.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "program_fixture.h"

namespace clinnova {
namespace {

namespace fs = std::filesystem;

struct DiseaseCase {
  const char* disease;
  const char* index;
  const char* outcome;  ///< the feature; observed_<outcome> in truth.csv
  const char* truth;    ///< where that column has another name
  std::array<const char*, 3> classes;
};

constexpr std::array kDialects{"lu-ecrf", "de-fhir", "fr-csv", "ch-csv"};

class DiseaseStudy : public testing::TestWithParam<DiseaseCase> {
 protected:
  DiseaseStudy() {
    std::string name = (fs::path(testing::TempDir()) / "disease-study-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~DiseaseStudy() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  /// The standard output of `clinnova ARGUMENTS`, which must end well.
  std::string Run(const std::string& arguments) const {
    const Ending ending = RunProgram(folder_, arguments);
    EXPECT_EQ(ending.code, 0) << arguments << "\n" << ending.errors;
    return ending.out;
  }

  /// Of each class: how many had the outcome and how many did not, as far as it was assessed.
  void CountTruth(const std::string& dialect, std::map<std::string, std::array<int, 2>>& counts) {
    std::ifstream file(folder_ / ("hospital-" + dialect) / "truth.csv");
    std::string line;
    const auto split = [](const std::string& text) {
      std::vector<std::string> fields;
      std::istringstream stream(text + ",");
      for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
      return fields;
    };
    std::getline(file, line);
    const auto names = split(line);
    const auto column = [&](const std::string& name) {
      const auto found = std::find(names.begin(), names.end(), name);
      EXPECT_NE(found, names.end()) << name;
      return static_cast<std::size_t>(found - names.begin());
    };
    const std::size_t assigned = column("assigned_class");
    const std::size_t observed = column(std::string("observed_") + GetParam().truth);
    while (std::getline(file, line)) {
      const auto fields = split(line);
      if (!fields.at(observed).empty()) ++counts[fields[assigned]][fields[observed] == "1"];
    }
  }

  fs::path folder_;
};

TEST_P(DiseaseStudy, GivesTheLogOddsOfTheTruth) {
  const DiseaseCase& c = GetParam();
  const std::string disease = c.disease;
  Write("cohort.toml",
        "[study]\ntitle = \"" + disease + "\"\npurpose = \"test\"\n\n[cohort]\ndisease = \"" +
            disease + "\"\nindex = \"" + c.index +
            "\"\n\n[[variable]]\nname = \"drug\"\nfeature = \"drug\"\n\n[[variable]]\n"
            "name = \"outcome\"\nfeature = \"" +
            c.outcome +
            "\"\n\n[[variable]]\nname = \"age\"\nfeature = \"age\"\n\n[[analysis]]\n"
            "name = \"odds\"\nmethod = \"glm\"\nformula = \"outcome ~ drug\"\n"
            "family = \"binomial\"\n");
  Write("study.toml",
        "[study]\ntitle = \"" + disease +
            "\"\npurpose = \"test\"\n\n[[column]]\nname = \"drug\"\nlevels = [\"" + c.classes[0] +
            "\", \"" + c.classes[1] + "\", \"" + c.classes[2] +
            "\"]\n\n[[analysis]]\nname = \"odds\"\nmethod = \"glm\"\n"
            "formula = \"outcome ~ drug\"\nfamily = \"binomial\"\n\n[[analysis]]\n"
            "name = \"adjusted\"\nmethod = \"glm\"\nformula = \"outcome ~ drug + age\"\n"
            "family = \"binomial\"\n");
  std::map<std::string, std::array<int, 2>> counts;
  std::string simulate = "simulate study.toml --json";
  for (const std::string dialect : kDialects) {
    Run("synth " + disease + " --patients 150 --seed 3 --no-defects --dialect " + dialect +
        " --out hospital-" + dialect);
    Run("site import hospital-" + dialect + "/export --site site-" + dialect +
        (dialect == "de-fhir" ? "" : " --mapping " + dialect));
    const std::string table = "site table cohort.toml --site site-" + dialect;
    const std::string shown = Run(table + " --out " + dialect + ".parquet");
    for (const auto& column : nlohmann::json::parse(Run(table + " --json"))["columns"]) {
      std::string levels;
      for (const auto& level : column["levels"])
        levels += (levels.empty() ? "  " : ", ") + level.get<std::string>();
      EXPECT_NE(shown.find(levels + "\n"), std::string::npos) << column << "\n" << shown;
    }
    simulate += " --site " + dialect + "=" + dialect + ".parquet";
    CountTruth(dialect, counts);
  }
  const auto result = nlohmann::json::parse(Run(simulate));
  const auto& odds = result["analyses"][0];
  ASSERT_EQ(odds["terms"].size(), 3u) << odds.dump();
  int n = 0;
  std::array<double, 3> log_odds{};
  for (std::size_t k = 0; k < 3; ++k) {
    const auto& [without, with] = counts[c.classes[k]];
    ASSERT_GT(without, 0);
    ASSERT_GT(with, 0);
    n += without + with;
    log_odds[k] = std::log(static_cast<double>(with) / without);
  }
  EXPECT_EQ(odds["n"], n);
  EXPECT_EQ(odds["n_missing"], 4 * 150 - n);
  EXPECT_EQ(odds["terms"][1]["term"], std::string("drug") + c.classes[1]);
  EXPECT_NEAR(odds["terms"][0]["estimate"].get<double>(), log_odds[0], 1e-9);
  EXPECT_NEAR(odds["terms"][1]["estimate"].get<double>(), log_odds[1] - log_odds[0], 1e-9);
  EXPECT_NEAR(odds["terms"][2]["estimate"].get<double>(), log_odds[2] - log_odds[0], 1e-9);
  EXPECT_EQ(result["analyses"][1]["converged"], true);
  EXPECT_EQ(result["analyses"][1]["n"], n);
}

// `--site` says whose patients they are, whatever the dialect.
TEST_P(DiseaseStudy, WritesTheSamePatientsInEveryDialect) {
  std::string truth;
  for (const std::string dialect : kDialects) {
    Run(std::string("synth ") + GetParam().disease +
        " --patients 20 --seed 3 --site ch-basel --site-effect 0 --dialect " + dialect +
        " --out same-" + dialect);
    const std::string here = ReadAll(folder_ / ("same-" + dialect) / "truth.csv");
    EXPECT_GT(here.size(), 1000u);
    if (truth.empty()) truth = here;
    EXPECT_EQ(here, truth) << dialect;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Diseases, DiseaseStudy,
    testing::Values(
        DiseaseCase{
            "ra", "first_biologic", "low_activity", "response", {"anti-TNF", "anti-IL-6", "JAK"}},
        DiseaseCase{"cd",
                    "first_biologic",
                    "steroid_free_remission_w52",
                    "steroid_free_remission_w52",
                    {"anti-TNF", "anti-integrin", "anti-IL-23"}},
        DiseaseCase{"uc",
                    "first_biologic",
                    "endoscopic_remission_w52",
                    "endoscopic_remission_w52",
                    {"anti-TNF", "anti-integrin", "anti-IL-23"}},
        DiseaseCase{
            "ms", "first_treatment", "neda3_24m", "neda3_24m", {"platform", "S1P", "anti-CD20"}}),
    [](const auto& info) { return std::string(info.param.disease); });

}  // namespace
}  // namespace clinnova
