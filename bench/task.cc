// SPDX-License-Identifier: Apache-2.0
#include "task.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "stats/method.h"
#include "usage.h"

namespace clinnova::bench {
namespace {

table::Schema SchemaOf(const std::vector<std::string>& names, std::size_t sites,
                       const std::vector<FactorColumn>& factors) {
  table::Schema schema;
  for (const std::string& name : names) schema.columns.push_back({.name = name, .levels = {}});
  for (const FactorColumn& factor : factors) {
    schema.columns.push_back({.name = "factor(" + names[factor.column] + ")",
                              .kind = table::ColumnKind::kFactor,
                              .levels = factor.levels});
  }
  table::ColumnSchema site{.name = "site", .kind = table::ColumnKind::kFactor, .levels = {}};
  for (std::size_t s = 1; s <= sites; ++s) site.levels.push_back("s" + std::to_string(s));
  schema.columns.push_back(site);
  return schema;
}

}  // namespace

std::vector<table::Table> Sites(const Columns& columns, const std::vector<std::string>& names,
                                std::size_t sites, const std::vector<FactorColumn>& factors) {
  const std::size_t rows = columns.front().size();
  const table::Schema schema = SchemaOf(names, sites, factors);
  std::vector<table::Table> tables;
  for (std::size_t s = 0; s < sites; ++s) {
    const auto first = static_cast<std::ptrdiff_t>(rows * s / sites);
    const auto last = static_cast<std::ptrdiff_t>(rows * (s + 1) / sites);
    table::Table& mine =
        tables.emplace_back(table::Table{.schema = schema, .columns = {}, .rows = 0});
    mine.rows = static_cast<std::size_t>(last - first);
    for (const auto& column : columns) {
      mine.columns.emplace_back().numbers.assign(column.begin() + first, column.begin() + last);
    }
    for (const FactorColumn& factor : factors) {
      const auto& column = columns[factor.column];
      mine.columns.emplace_back().codes.assign(column.begin() + first, column.begin() + last);
    }
    mine.columns.emplace_back().codes.assign(mine.rows, static_cast<std::int32_t>(s));
  }
  return tables;
}

Task::Task(std::string program, int argc, char** argv) : program_(std::move(program)) {
  if (argc != 4) Fail("expected ROWS COVARIATES DATA_FILE");
  rows_ = static_cast<std::size_t>(std::atoll(argv[1]));
  covariates_ = static_cast<std::size_t>(std::atoll(argv[2]));
  data_file_ = argv[3];
}

void Task::Write(const Columns& columns) const {
  std::ofstream file(data_file_, std::ios::binary);
  for (const auto& column : columns) {
    file.write(reinterpret_cast<const char*>(column.data()),
               static_cast<std::streamsize>(column.size() * sizeof(double)));
  }
  if (!file.flush()) Fail("cannot write " + data_file_);
}

federation::Study Task::StudyOf(const std::string& analyses) const {
  auto study = federation::Study::FromToml(
      "[study]\ntitle = \"bench\"\npurpose = \"bench\"\n" + analyses, "bench");
  if (!study) Fail(study.error().message);
  return std::move(*study);
}

std::unique_ptr<federation::InProcessFederation> Task::Federate(const federation::Study& study,
                                                                std::vector<table::Table> tables,
                                                                int minimum_count) const {
  std::vector<std::string> names;
  for (std::size_t s = 1; s <= tables.size(); ++s) names.push_back("s" + std::to_string(s));
  auto made = federation::InProcessFederation::Create(
      {.study = study,
       .site_names = std::move(names),
       .tables = std::move(tables),
       .steps = &stats::Steps(),
       .minimum_count = minimum_count,
       .threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))});
  if (!made) Fail(made.error().message);
  return std::move(*made);
}

Json Task::Run(federation::InProcessFederation& federation,
               const federation::Analysis& analysis) const {
  const double processor_before = ProcessorSeconds();
  const auto begin = std::chrono::steady_clock::now();
  auto result = stats::RunAnalysis(federation, analysis);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const double processor = ProcessorSeconds() - processor_before;
  if (!result) Fail(result.error().message);
  const char* name = analysis.name().c_str();
  std::printf("%s seconds %.3f\n%s cpu %.3f\n%s rounds %d\n", name, seconds.count(), name,
              processor, name, (*result)["rounds"].get<int>());
  std::printf("%s secure %s\n%s peak_mib %.0f\n", name, federation.secure() ? "on" : "off", name,
              PeakMib());
  return std::move(*result);
}

void Task::PrintNumber(const std::string& name, const Json& number) const {
  if (!number.is_number()) Fail(name + ": found " + number.dump() + ", expected a number");
  std::printf("%s number %.17g\n", name.c_str(), number.get<double>());
}

void Task::Fail(const std::string& message) const {
  std::fprintf(stderr, "%s: %s\n", program_.c_str(), message.c_str());
  std::exit(1);
}

}  // namespace clinnova::bench
