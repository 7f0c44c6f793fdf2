// SPDX-License-Identifier: Apache-2.0
// Logistic regression over 5 sites in this process, on rows that it also hands to R.
//
//   logistic_bench ROWS COVARIATES DATA_FILE
//
// Writes the pooled table to DATA_FILE for R: doubles in the machine's order, the outcome's column, then those of
// the covariates. Prints lines KEY VALUE: seconds, rounds, secure, peak_mib, then the coefficients.
#include <sys/resource.h>

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

using clinnova::Result;
namespace federation = clinnova::federation;
namespace stats = clinnova::stats;
namespace table = clinnova::table;

constexpr std::size_t kSites = 5;

/// Outcome and covariates, column by column: half of the covariates are 0 or 1, the others normal.
std::vector<std::vector<double>> Draw(std::size_t rows, std::size_t covariates) {
  std::mt19937_64 random(20);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> columns(1 + covariates, std::vector<double>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    double eta = -0.5;
    for (std::size_t j = 1; j <= covariates; ++j) {
      const double x = j % 2 == 0 ? static_cast<double>(random() % 2) : normal(random);
      columns[j][r] = x;
      eta += 0.1 * x * (j % 3 == 0 ? -1 : 1);
    }
    const double u = std::ldexp(static_cast<double>(random() >> 11), -53);
    columns[0][r] = u < 1 / (1 + std::exp(-eta)) ? 1 : 0;
  }
  return columns;
}

bool Write(const std::vector<std::vector<double>>& columns, const char* path) {
  std::ofstream file(path, std::ios::binary);
  for (const auto& column : columns) {
    file.write(reinterpret_cast<const char*>(column.data()),
               static_cast<std::streamsize>(column.size() * sizeof(double)));
  }
  return static_cast<bool>(file.flush());
}

/// Consecutive fifths of the rows.
std::vector<table::Table> Sites(const std::vector<std::vector<double>>& columns) {
  const std::size_t rows = columns.front().size();
  table::Schema schema;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    schema.columns.push_back({.name = j == 0 ? "y" : "x" + std::to_string(j), .levels = {}});
  }
  table::ColumnSchema site{.name = "site", .kind = table::ColumnKind::kFactor, .levels = {}};
  for (std::size_t s = 1; s <= kSites; ++s) site.levels.push_back("s" + std::to_string(s));
  schema.columns.push_back(site);
  std::vector<table::Table> tables;
  for (std::size_t s = 0; s < kSites; ++s) {
    const auto first = static_cast<std::ptrdiff_t>(rows * s / kSites);
    const auto last = static_cast<std::ptrdiff_t>(rows * (s + 1) / kSites);
    table::Table& mine =
        tables.emplace_back(table::Table{.schema = schema, .columns = {}, .rows = 0});
    mine.rows = static_cast<std::size_t>(last - first);
    for (const auto& column : columns) {
      mine.columns.emplace_back().numbers.assign(column.begin() + first, column.begin() + last);
    }
    mine.columns.emplace_back().codes.assign(mine.rows, static_cast<std::int32_t>(s));
  }
  return tables;
}

federation::Study Logistic(std::size_t covariates) {
  std::string text =
      "[study]\ntitle = \"bench\"\npurpose = \"bench\"\n[[analysis]]\nname = \"logistic\"\n"
      "method = \"glm\"\nfamily = \"binomial\"\nformula = \"y ~ x1";
  for (std::size_t j = 2; j <= covariates; ++j) text += " + x" + std::to_string(j);
  auto study = federation::Study::FromToml(text + "\"\n", "bench");
  if (!study) {
    std::fprintf(stderr, "%s\n", study.error().message.c_str());
    std::exit(1);
  }
  return std::move(*study);
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "logistic_bench: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return Fail("expected ROWS COVARIATES DATA_FILE");
  const auto rows = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto covariates = static_cast<std::size_t>(std::atoll(argv[2]));
  const federation::Study study = Logistic(covariates);
  std::vector<table::Table> tables;
  {
    const auto columns = Draw(rows, covariates);
    if (!Write(columns, argv[3])) return Fail(std::string("cannot write ") + argv[3]);
    tables = Sites(columns);
  }
  const auto made = federation::InProcessFederation::Create(
      {.study = study,
       .site_names = {"s1", "s2", "s3", "s4", "s5"},
       .tables = std::move(tables),
       .steps = &stats::Steps(),
       .minimum_count = 5,
       .threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))});
  if (!made) return Fail(made.error().message);
  const auto begin = std::chrono::steady_clock::now();
  const auto result = stats::RunAnalysis(**made, study.analyses().front());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!result) return Fail(result.error().message);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("seconds %.3f\nrounds %d\nsecure %s\nthreads %u\npeak_mib %.0f\n", seconds.count(),
              (*result)["rounds"].get<int>(), (*made)->secure() ? "on" : "off",
              std::thread::hardware_concurrency(), static_cast<double>(usage.ru_maxrss) / 1024);
  for (const auto& term : (*result)["terms"]) {
    std::printf("coefficient %.17g\n", term["estimate"].get<double>());
  }
  return 0;
}
