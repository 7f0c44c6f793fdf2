// SPDX-License-Identifier: Apache-2.0
// Boosted trees over 5 sites in this process, on rows that it also hands to xgboost.
//
//   boosted_trees_bench ROWS COLUMNS TREES DEPTH BINS DATA_FILE
//
// Writes ROWS rows of training and a fifth as many for the test to DATA_FILE: floats in the machine's order, the
// outcome's column, then the others, first of training, then of the test. Prints lines KEY VALUE: seconds, rounds,
// secure, threads, peak_mib, auc (of the test, by the model's document).

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "federation/in_process.h"
#include "learn/learners.h"
#include "stats/method.h"
#include "usage.h"

namespace {

namespace federation = clinnova::federation;
namespace stats = clinnova::stats;
namespace table = clinnova::table;

constexpr std::size_t kSites = 5;

using Columns = std::vector<std::vector<float>>;

/// Outcome and columns: normal numbers, of which some matter by steps, bends and products.
Columns Draw(std::size_t rows, std::size_t columns, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  Columns drawn(1 + columns, std::vector<float>(rows));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t j = 1; j <= columns; ++j) drawn[j][r] = normal(random);
    const auto x = [&](std::size_t j) { return static_cast<double>(drawn[1 + j % columns][r]); };
    const double eta = 0.8 * x(0) * x(1) + (x(2) > 0.5 ? 1 : -0.4) + 0.5 * std::fabs(x(3)) +
                       0.4 * x(4) - 0.3 * x(5) * x(5) + 0.3 * (x(6) > x(7) ? 1 : -1) +
                       0.2 * std::sin(3 * x(8));
    const double u = std::ldexp(static_cast<double>(random() >> 11), -53);
    drawn[0][r] = u < 1 / (1 + std::exp(-eta)) ? 1 : 0;
  }
  return drawn;
}

void Write(const Columns& columns, std::ofstream& file) {
  for (const auto& column : columns) {
    file.write(reinterpret_cast<const char*>(column.data()),
               static_cast<std::streamsize>(column.size() * sizeof(float)));
  }
}

/// Consecutive fifths of the rows.
std::vector<table::Table> Sites(const Columns& columns) {
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

std::string StudyText(std::size_t columns, char** options) {
  std::string text =
      "[study]\ntitle = \"bench\"\npurpose = \"bench\"\n[[analysis]]\nname = \"trees\"\n"
      "method = \"boosted_trees\"\nfolds = 0\ncross_site = false\ntrees = " +
      std::string(options[0]) + "\ndepth = " + options[1] + "\nbins = " + options[2] +
      "\nformula = \"y ~ x1";
  for (std::size_t j = 2; j <= columns; ++j) text += " + x" + std::to_string(j);
  return text + "\"\n";
}

/// The model's score of one row of `columns`.
double Score(const nlohmann::ordered_json& trees, const Columns& columns, std::size_t row) {
  double score = 0;
  for (const auto& tree : trees) {
    std::size_t at = 0;
    while (!tree[at].contains("leaf")) {
      const auto& node = tree[at];
      const auto column = static_cast<std::size_t>(
          std::atoll(node["input"].get_ref<const std::string&>().c_str() + 1));
      const bool left = columns[column][row] <= node["threshold"].get<double>();
      at = node[left ? "left" : "right"].get<std::size_t>();
    }
    score += tree[at]["leaf"].get<double>();
  }
  return score;
}

double Area(const nlohmann::ordered_json& trees, const Columns& columns) {
  std::vector<std::pair<double, float>> scored;
  for (std::size_t r = 0; r < columns.front().size(); ++r) {
    scored.emplace_back(Score(trees, columns, r), columns[0][r]);
  }
  std::sort(scored.begin(), scored.end());
  double negatives = 0;
  double positives = 0;
  double concordant = 0;
  for (std::size_t first = 0; first < scored.size();) {
    std::size_t last = first;
    double zero = 0;
    double one = 0;
    for (; last < scored.size() && scored[last].first == scored[first].first; ++last) {
      (scored[last].second == 0 ? zero : one) += 1;
    }
    concordant += one * (negatives + zero / 2);
    negatives += zero;
    positives += one;
    first = last;
  }
  return concordant / (positives * negatives);
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "boosted_trees_bench: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return Fail("expected ROWS COLUMNS TREES DEPTH BINS DATA_FILE");
  clinnova::learn::RegisterLearners();
  const auto rows = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto columns = static_cast<std::size_t>(std::atoll(argv[2]));
  const Columns test = Draw(rows / 5, columns, 2);
  const auto study = federation::Study::FromToml(StudyText(columns, argv + 3), "bench.toml");
  if (!study) return Fail(study.error().message);
  std::vector<table::Table> tables;
  {
    const Columns training = Draw(rows, columns, 1);
    std::ofstream file(argv[6], std::ios::binary);
    Write(training, file);
    Write(test, file);
    if (!file.flush()) return Fail(std::string("cannot write ") + argv[6]);
    tables = Sites(training);
  }
  const auto made = federation::InProcessFederation::Create(
      {.study = *study,
       .site_names = {"s1", "s2", "s3", "s4", "s5"},
       .tables = std::move(tables),
       .steps = &stats::Steps(),
       .minimum_count = 5,
       .threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))});
  if (!made) return Fail(made.error().message);
  const std::clock_t cpu_begin = std::clock();
  const auto begin = std::chrono::steady_clock::now();
  const auto result = stats::RunAnalysis(**made, study->analyses().front());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const double cpu = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  if (!result) return Fail(result.error().message);
  std::printf("seconds %.3f\ncpu %.1f\nrounds %d\nsecure %s\nthreads %u\npeak_mib %.0f\n",
              seconds.count(), cpu, (*result)["rounds"].get<int>(),
              (*made)->secure() ? "on" : "off", std::thread::hardware_concurrency(),
              clinnova::bench::PeakMib());
  std::printf("auc %.6f\n", Area((*result)["model"]["arms"]["y"]["trees"], test));
  return 0;
}
