// SPDX-License-Identifier: Apache-2.0
#include "table/record_source.h"

#include <array>
#include <fstream>
#include <set>

#include "table/number_text.h"

namespace clinnova::table {

Cell ReadCell(std::string_view text) {
  Cell cell{.kind = Cell::Kind::kText, .number = 0, .text = text};
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty() || trimmed == "NA") {
    cell.kind = Cell::Kind::kMissing;
  } else if (const std::optional<double> number = ParseNumber(trimmed)) {
    cell.kind = Cell::Kind::kNumber;
    cell.number = *number;
  }
  return cell;
}

std::string LevelOf(const Cell& cell) {
  if (cell.kind == Cell::Kind::kNumber && cell.text.empty()) return NumberText(cell.number);
  return std::string(cell.text);
}

Result<void> CheckColumnNames(const std::string& where, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) {
      return Fail(ErrorCode::kInvalidInput,
                  where + ": found no name for column " + std::to_string(i + 1) + ", expected one");
    }
    if (!seen.insert(names[i]).second) {
      return Fail(ErrorCode::kInvalidInput,
                  where + ": found column \"" + names[i] + "\" twice, expected it once");
    }
  }
  return {};
}

tl::unexpected<Error> FieldError(const std::string& where, const std::string& column,
                                 std::string_view found, const std::string& expected) {
  constexpr std::size_t kLongest = 60;
  return Fail(ErrorCode::kInvalidInput, where + ", column \"" + column + "\": found \"" +
                                            std::string(found.substr(0, kLongest)) +
                                            "\", expected " + expected);
}

Result<std::unique_ptr<RecordSource>> OpenRecords(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  if (!file || (file.read(magic.data(), magic.size()).bad())) {
    return Fail(ErrorCode::kInvalidInput,
                path + ": cannot be read, expected a CSV or Parquet file");
  }
  if (file.gcount() == 4 && std::string_view(magic.data(), 4) == "PAR1") return OpenParquet(path);
  return OpenCsv(path);
}

}  // namespace clinnova::table
