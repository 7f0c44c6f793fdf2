// SPDX-License-Identifier: Apache-2.0
// Runs `clinnova simulate` on every case folder and compares its answer with R's numbers (README.md).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "comparison.h"

namespace clinnova::golden {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Site {
  std::string name;
  fs::path file;
};

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Quoted(const std::string& argument) {
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string Binary() {
  const char* named = std::getenv("CLINNOVA");
  return named == nullptr ? CLINNOVA_BINARY : named;
}

// A folder of this test process alone: ctest runs many at a time.
fs::path Scratch() {
  std::string name = (fs::path(testing::TempDir()) / "golden-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder " + name);
  return name;
}

// The result, or null after a test failure that says what went wrong.
json Simulate(const fs::path& study, const std::vector<Site>& sites) {
  const fs::path scratch = Scratch();
  std::string command =
      Quoted(Binary()) + " simulate " + Quoted(study) + " --minimum-count 0 --json";
  for (const Site& site : sites)
    command += " --site " + Quoted(site.name + "=" + site.file.string());
  command += " > " + Quoted(scratch / "out") + " 2> " + Quoted(scratch / "err");
  const int status = std::system(command.c_str());
  const std::string out = Read(scratch / "out");
  const std::string err = Read(scratch / "err");
  fs::remove_all(scratch);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    ADD_FAILURE() << "exit " << (WIFEXITED(status) ? WEXITSTATUS(status) : -1) << ": " << err;
    return nullptr;
  }
  json result = json::parse(out, nullptr, false);
  if (result.is_discarded()) {
    ADD_FAILURE() << "no JSON on standard output: " << out.substr(0, 300);
    return nullptr;
  }
  return result;
}

Tolerances TolerancesOf(const json& file) {
  Tolerances tolerances{.tolerance = file.at("tolerance").get<double>()};
  const json by_field = file.value("tolerances", json::object());  // outlives the loop
  for (const auto& [field, value] : by_field.items()) {
    tolerances.by_field[field] = value.get<double>();
  }
  return tolerances;
}

void ExpectAgreement(const json& file, const json& result) {
  if (result.is_null()) return;
  for (const auto& [name, expected] : file.at("analyses").items()) {
    const json analyses = result.value("analyses", json::array());
    const auto found = std::find_if(analyses.begin(), analyses.end(), [&](const json& analysis) {
      return analysis.value("name", "") == name;
    });
    if (found == analyses.end()) {
      ADD_FAILURE() << "no analysis \"" << name << "\" in the result";
      continue;
    }
    const Comparison comparison = Compare(expected, *found, TolerancesOf(file));
    EXPECT_TRUE(comparison.Agrees()) << name << "\n" << comparison.Describe();
    if (comparison.Agrees()) fmt::print("{}\n{}\n", name, comparison.Describe());
  }
}

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(CLINNOVA_GOLDEN) / "cases")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Site> SitesOf(const fs::path& folder) {
  std::vector<Site> sites;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string stem = entry.path().stem().string();
    if (stem.starts_with("site_")) sites.push_back({stem.substr(5), entry.path()});
  }
  std::sort(sites.begin(), sites.end(),
            [](const Site& a, const Site& b) { return a.name < b.name; });
  return sites;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, EqualsR) {
  const fs::path folder = fs::path(CLINNOVA_GOLDEN) / "cases" / GetParam();
  ExpectAgreement(json::parse(Read(folder / "expected.json")),
                  Simulate(folder / "study.toml", SitesOf(folder)));
}

INSTANTIATE_TEST_SUITE_P(Case, Golden, testing::ValuesIn(CaseNames()),
                         [](const auto& info) { return info.param; });

// The UCI heart disease files have no header, write `?` for a missing value and grade the outcome, the last
// column, from 0 to 4; disease is a grade above 0.
void WriteHospital(const fs::path& raw, const fs::path& table) {
  std::ifstream in(raw);
  std::ofstream out(table);
  out << "age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,disease\n";
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const size_t comma = line.rfind(',');
    if (comma == std::string::npos) continue;
    std::string row = line.substr(0, comma);
    row.erase(std::remove(row.begin(), row.end(), '?'), row.end());
    out << row << ',' << (std::stod(line.substr(comma + 1)) > 0 ? 1 : 0) << '\n';
  }
}

TEST(UciHeart, EqualsRAtFourHospitals) {
  const char* named = std::getenv("CLINNOVA_SHARED_DATA");
  const fs::path data = fs::path(named == nullptr ? CLINNOVA_SHARED_DATA_DEFAULT : named) /
                        "multicentre" / "uci-heart-disease";
  if (!fs::exists(data)) GTEST_SKIP() << "the UCI heart disease files are not at " << data;
  const fs::path scratch = Scratch();
  std::vector<Site> sites;
  for (const char* site : {"cleveland", "hungarian", "switzerland", "va"}) {
    sites.push_back({site, scratch / (std::string(site) + ".csv")});
    WriteHospital(data / fmt::format("processed.{}.data", site), sites.back().file);
  }
  const fs::path folder = fs::path(CLINNOVA_GOLDEN) / "uci_heart";
  ExpectAgreement(json::parse(Read(folder / "expected.json")),
                  Simulate(folder / "study.toml", sites));
  fs::remove_all(scratch);
}

}  // namespace
}  // namespace clinnova::golden
