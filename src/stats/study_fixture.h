// SPDX-License-Identifier: Apache-2.0
// For tests: one analysis over tables in memory, and its answer read by JSON pointers.
//
//   const Answer answer = RunOne(R"(method = "glm"
//                                  formula = "y ~ x")", {MakeTable({{"x", {1, 2}}, {"y", {3, 5}}})});
//   answer.Number("/terms/1/estimate");
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "federation/study.h"
#include "table/table.h"

namespace clinnova::stats {

/// The object that a method gave for the result file, or its error. Reading a field that is not there, or is
/// not of the kind asked for, fails the test and gives NaN, "" or nothing.
class Answer {
 public:
  Answer(std::string text, Error error, bool secure = false)
      : text_(std::move(text)), error_(std::move(error)), secure_(secure) {}

  explicit operator bool() const { return !text_.empty(); }
  const std::string& text() const {
    return text_;
  }  ///< ResultJson of the analysis; empty after an error
  const Error& error() const { return error_; }
  bool secure() const { return secure_; }  ///< the sums travelled masked: three sites or more

  double Number(std::string_view pointer) const;
  std::string Text(std::string_view pointer) const;
  bool True(std::string_view pointer) const;
  bool Has(std::string_view pointer) const;
  bool IsNull(std::string_view pointer) const;
  std::size_t Size(std::string_view pointer) const;
  /// A list of numbers; null becomes NaN.
  std::vector<double> Numbers(std::string_view pointer) const;
  std::vector<std::string> Texts(std::string_view pointer) const;

 private:
  std::string text_;
  Error error_;
  bool secure_;
};

/// A study of one analysis, called "a", with these options as TOML lines.
federation::Study StudyOf(std::string_view analysis, int minimum_count = 0);

/// How RunOne runs: sites' thresholds and threads.
struct RunSetting {
  int minimum_count = 0;
  int threads = 1;
  federation::DisclosureLimits limits{};
};
/// Runs the analysis with tables as sites s1, s2, …; checks its options first, as a study's run does.
Answer RunOne(std::string_view analysis, std::vector<table::Table> tables, RunSetting setting = {});

/// The rows of `table` spread over `sites` sites: row r goes to site_of_row[r]. Site columns say s1, s2, …
std::vector<table::Table> Split(const table::Table& table,
                                const std::vector<std::size_t>& site_of_row, std::size_t sites);
/// The rows of `table` in another order.
table::Table Reordered(const table::Table& table, const std::vector<std::size_t>& order);

}  // namespace clinnova::stats
