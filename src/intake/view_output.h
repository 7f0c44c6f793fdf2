// SPDX-License-Identifier: Apache-2.0
// A view's rows as a file: a JSON object a line, CSV, or Parquet.
//
//   auto writer = ViewWriter::Create({.format = ViewFormat::kCsv, .columns = view.columns(), .text = print});
//   (*writer)->Add(row);
//   (*writer)->Finish();
//
// Parquet columns are BOOLEAN, BIGINT and DOUBLE for FHIR's booleans, integers and decimals, VARCHAR otherwise
// (dates keep their precision); a column without a type is what its values are; collections are JSON texts. In CSV the first line has the names, a value that is
// absent is an empty field, an empty text is "".
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "intake/view_definition.h"

namespace clinnova::intake {

enum class ViewFormat { kNdjson, kCsv, kParquet };

class ViewWriter {
 public:
  struct Options {
    ViewFormat format = ViewFormat::kNdjson;
    std::vector<ViewColumn> columns = {};
    std::function<Result<void>(std::string_view)> text = {};  ///< takes NDJSON and CSV
    std::filesystem::path parquet = {};                       ///< the file of Parquet
  };

  /// kFailed when Parquet's temporary database cannot be opened.
  static Result<std::unique_ptr<ViewWriter>> Create(Options options);
  virtual ~ViewWriter() = default;

  /// Adds a row, as many cells as there are columns.
  virtual Result<void> Add(const ViewRow& row) = 0;
  /// Writes what is left; must be called once, at the end.
  virtual Result<void> Finish() = 0;
};

}  // namespace clinnova::intake
