// SPDX-License-Identifier: Apache-2.0
// What the programs of bench/ share: pooled columns that R gets as a file and sites of this process as tables, and
// analyses run over them with secure sums on.
//
//   Columns columns = …;                                        // drawn from a fixed seed
//   Task task("logistic_bench", argc, argv);                    // ROWS COVARIATES DATA_FILE
//   task.Write(columns);
//   const auto federation = task.Federate(study, Sites(columns, names, 5, {}), 5);
//   Json result = task.Run(*federation, study.analyses()[0]);   // prints its seconds, cpu and rounds
//   task.PrintNumber("logistic", result["terms"][0]["estimate"]);
//
// What is printed is lines NAME KEY VALUE, which race.sh reads: seconds and cpu (seconds of processor, which
// other programs on the machine change less), rounds, secure, peak_mib, and numbers that must be R's.
// Whatever fails ends the program with a message.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "federation/in_process.h"

namespace clinnova::bench {

/// Numbers column by column.
using Columns = std::vector<std::vector<double>>;
using Json = nlohmann::ordered_json;

/// A column that is a factor beside the numbers, called factor(NAME), as Surv() ~ NAME needs: 0, 1, … are its levels.
struct FactorColumn {
  std::size_t column;
  std::vector<std::string> levels;
};

/// Consecutive parts of the rows as tables of the named columns and of "site", whose levels are s1, s2, ….
std::vector<table::Table> Sites(const Columns& columns, const std::vector<std::string>& names,
                                std::size_t sites, const std::vector<FactorColumn>& factors);

class Task {
 public:
  /// Reads ROWS COVARIATES DATA_FILE.
  Task(std::string program, int argc, char** argv);

  std::size_t rows() const { return rows_; }
  std::size_t covariates() const { return covariates_; }

  /// Writes the columns to DATA_FILE, one after the other, doubles in the machine's order.
  void Write(const Columns& columns) const;
  /// `analyses` are [[analysis]] tables in TOML.
  federation::Study StudyOf(const std::string& analyses) const;
  /// Sites on all the machine's threads.
  std::unique_ptr<federation::InProcessFederation> Federate(const federation::Study& study,
                                                            std::vector<table::Table> tables,
                                                            int minimum_count) const;
  /// Runs the analysis and prints what it took, under the analysis' name.
  Json Run(federation::InProcessFederation& federation, const federation::Analysis& analysis) const;
  void PrintNumber(const std::string& name, const Json& number) const;

 private:
  [[noreturn]] void Fail(const std::string& message) const;

  std::string program_;
  std::size_t rows_ = 0;
  std::size_t covariates_ = 0;
  std::string data_file_;
};

}  // namespace clinnova::bench
