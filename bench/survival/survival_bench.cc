// SPDX-License-Identifier: Apache-2.0
// Cox's model stratified by site, Kaplan-Meier curves and the log-rank test over 5 sites in this process, on rows
// that it also hands to R.
//
//   survival_bench ROWS COVARIATES DATA_FILE
//
// Writes the pooled table to DATA_FILE for R: doubles in the machine's order, the columns time, status, site, then
// the covariates. Prints lines METHOD KEY VALUE: seconds, rounds, and numbers that must be R's.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "federation/in_process.h"
#include "stats/method.h"

namespace {

namespace federation = clinnova::federation;
namespace stats = clinnova::stats;
namespace table = clinnova::table;

constexpr std::size_t kSites = 5;
constexpr double kLongestDays = 3000;

using Columns = std::vector<std::vector<double>>;

/// time in whole days, status, site, covariates: the first is a group of 0 and 1, the others normal.
Columns Draw(std::size_t rows, std::size_t covariates) {
  std::mt19937_64 random(31);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(1e-12, 1);
  Columns columns(3 + covariates, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    double eta = 0;
    for (std::size_t j = 0; j < covariates; ++j) {
      const double x = j == 0 ? static_cast<double>(random() % 2) : normal(random);
      columns[3 + j][r] = x;
      eta += 0.1 * x * (j % 3 == 2 ? -1 : 1);
    }
    const double event = -std::log(uniform(random)) * 1500 * std::exp(-eta);
    const double censoring = uniform(random) * kLongestDays;
    columns[0][r] = 1 + std::floor(std::min(event, censoring));
    columns[1][r] = event <= censoring ? 1 : 0;
    const std::size_t site = r * kSites / rows;
    columns[2][r] = static_cast<double>(site);
  }
  return columns;
}

bool Write(const Columns& columns, const char* path) {
  std::ofstream file(path, std::ios::binary);
  for (const auto& column : columns) {
    file.write(reinterpret_cast<const char*>(column.data()),
               static_cast<std::streamsize>(column.size() * sizeof(double)));
  }
  return static_cast<bool>(file.flush());
}

table::Schema SchemaOf(std::size_t covariates) {
  table::Schema schema;
  for (const char* name : {"time", "status"})
    schema.columns.push_back({.name = name, .levels = {}});
  for (std::size_t j = 0; j < covariates; ++j) {
    schema.columns.push_back({.name = "x" + std::to_string(j), .levels = {}});
  }
  schema.columns.push_back(
      {.name = "factor(x0)", .kind = table::ColumnKind::kFactor, .levels = {"0", "1"}});
  table::ColumnSchema site{.name = "site", .kind = table::ColumnKind::kFactor, .levels = {}};
  for (std::size_t s = 1; s <= kSites; ++s) site.levels.push_back("s" + std::to_string(s));
  schema.columns.push_back(site);
  return schema;
}

std::vector<table::Table> Sites(const Columns& columns, std::size_t covariates) {
  const std::size_t rows = columns.front().size();
  const table::Schema schema = SchemaOf(covariates);
  std::vector<table::Table> tables(kSites,
                                   table::Table{.schema = schema, .columns = {}, .rows = 0});
  for (std::size_t s = 0; s < kSites; ++s) {
    std::vector<std::size_t> mine;
    for (std::size_t r = 0; r < rows; ++r) {
      if (columns[2][r] == static_cast<double>(s)) mine.push_back(r);
    }
    table::Table& site = tables[s];
    site.rows = mine.size();
    const auto add = [&](const std::vector<double>& column) {
      auto& numbers = site.columns.emplace_back().numbers;
      for (const std::size_t r : mine) numbers.push_back(column[r]);
    };
    add(columns[0]);
    add(columns[1]);
    for (std::size_t j = 0; j < covariates; ++j) add(columns[3 + j]);
    auto& group = site.columns.emplace_back().codes;
    for (const std::size_t r : mine) group.push_back(columns[3][r] == 0 ? 0 : 1);
    site.columns.emplace_back().codes.assign(site.rows, static_cast<std::int32_t>(s));
  }
  return tables;
}

federation::Study StudyOf(std::size_t covariates) {
  std::string text = "[study]\ntitle = \"bench\"\npurpose = \"bench\"\n";
  std::string formula = "Surv(time, status) ~ x0";
  for (std::size_t j = 1; j < covariates; ++j) formula += " + x" + std::to_string(j);
  const auto add = [&](const std::string& method, const std::string& of) {
    text += "[[analysis]]\nname = \"" + method + "\"\nmethod = \"" + method + "\"\nformula = \"" +
            of + "\"\n";
  };
  add("cox", formula);
  add("kaplan_meier", "Surv(time, status) ~ x0");
  add("logrank", "Surv(time, status) ~ x0");
  auto study = federation::Study::FromToml(text, "bench");
  if (!study) {
    std::fprintf(stderr, "%s\n", study.error().message.c_str());
    std::exit(1);
  }
  return std::move(*study);
}

void PrintNumbers(const std::string& method, const nlohmann::ordered_json& result) {
  const auto print = [&](const nlohmann::ordered_json& value) {
    std::printf("%s number %.17g\n", method.c_str(), value.get<double>());
  };
  if (method == "logrank") print(result["statistic"]);
  if (method == "cox") {
    for (const auto& term : result["terms"]) print(term["estimate"]);
  }
  if (method == "kaplan_meier") {
    for (const auto& curve : result["curves"]) print(curve["estimate"].back());
  }
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "survival_bench: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return Fail("expected ROWS COVARIATES DATA_FILE");
  const auto rows = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto covariates = static_cast<std::size_t>(std::atoll(argv[2]));
  const federation::Study study = StudyOf(covariates);
  std::vector<table::Table> tables;
  {
    const Columns columns = Draw(rows, covariates);
    if (!Write(columns, argv[3])) return Fail(std::string("cannot write ") + argv[3]);
    tables = Sites(columns, covariates);
  }
  const auto made = federation::InProcessFederation::Create(
      {.study = study,
       .site_names = {"s1", "s2", "s3", "s4", "s5"},
       .tables = std::move(tables),
       .steps = &stats::Steps(),
       .minimum_count = 0,
       .threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))});
  if (!made) return Fail(made.error().message);
  std::printf("all secure %s\n", (*made)->secure() ? "on" : "off");
  for (const federation::Analysis& analysis : study.analyses()) {
    const auto begin = std::chrono::steady_clock::now();
    const auto result = stats::RunAnalysis(**made, analysis);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (!result) return Fail(result.error().message);
    std::printf("%s seconds %.3f\n%s rounds %d\n", analysis.method().c_str(), seconds.count(),
                analysis.method().c_str(), (*result)["rounds"].get<int>());
    PrintNumbers(analysis.method(), *result);
  }
  return 0;
}
