// SPDX-License-Identifier: Apache-2.0
// A file's records, one after the other, whatever its format.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

/// One value of the present record.
struct Cell {
  enum class Kind { kMissing, kNumber, kText };
  Kind kind = Kind::kMissing;
  double number = 0;      ///< kNumber; may be infinite or not a number
  std::string_view text;  ///< as in the file, also of a number; empty where the file holds numbers;
                          ///< valid until Next
};

/// What a text field means: empty and NA are missing, what R's read.csv takes as a number is a number.
Cell ReadCell(std::string_view text);

/// The level that a cell is in a factor: its text, of a number in binary R's text of it.
std::string LevelOf(const Cell& cell);

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  virtual const std::vector<std::string>& names() const = 0;
  /// Moves to the next record; false after the last. kInvalidInput names file and line.
  virtual Result<bool> Next() = 0;
  virtual Cell cell(std::size_t column) const = 0;
  /// "basel.csv, line 7": the present record.
  virtual std::string Where() const = 0;
};

/// Opens a CSV or Parquet file by its content.
Result<std::unique_ptr<RecordSource>> OpenRecords(const std::string& path);

Result<std::unique_ptr<RecordSource>> OpenCsv(const std::string& path);
Result<std::unique_ptr<RecordSource>> OpenParquet(const std::string& path);

/// Fails for a name that is empty or stands twice.
Result<void> CheckColumnNames(const std::string& where, const std::vector<std::string>& names);

/// `basel.csv, line 7, column "sex": found "x", expected …` in kInvalidInput.
tl::unexpected<Error> FieldError(const std::string& where, const std::string& column,
                                 std::string_view found, const std::string& expected);

}  // namespace clinnova::table
