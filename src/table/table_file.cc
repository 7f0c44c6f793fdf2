// SPDX-License-Identifier: Apache-2.0
// A site's file: described before the sites agree on a schema, then read under it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "table/factor_column.h"
#include "table/number_text.h"
#include "table/record_source.h"
#include "table/table.h"

namespace clinnova::table {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// "1,5": a number with a decimal comma.
bool HasDecimalComma(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  std::string with_point(text);
  with_point[comma] = '.';
  return ParseNumber(with_point).has_value();
}

bool IsDeclaredFactor(std::span<const ColumnDeclaration> declarations, const std::string& name) {
  return std::any_of(declarations.begin(), declarations.end(), [&](const ColumnDeclaration& d) {
    return d.name == name && (d.kind == ColumnKind::kFactor || !d.levels.empty());
  });
}

/// First reading: which columns are numeric.
struct Nature {
  std::size_t numbers = 0;
  std::size_t texts = 0;
  std::size_t decimal_commas = 0;
  std::string first_infinite;  ///< where, empty = nowhere
  std::string first_decimal_comma;

  void See(const Cell& cell, const RecordSource& source) {
    if (cell.kind == Cell::Kind::kText) {
      ++texts;
      if (HasDecimalComma(cell.text) && decimal_commas++ == 0) first_decimal_comma = source.Where();
    } else if (cell.kind == Cell::Kind::kNumber && !std::isnan(cell.number)) {
      ++numbers;
      if (std::isinf(cell.number) && first_infinite.empty()) first_infinite = source.Where();
    }
  }

  Result<void> Check(const std::string& name, bool declared_factor) const {
    if (texts == 0 && !first_infinite.empty()) {
      return FieldError(first_infinite, name, "Inf", "a finite number");
    }
    if (texts > 0 && texts == decimal_commas && !declared_factor) {
      return FieldError(first_decimal_comma, name, "a decimal comma",
                        "a decimal point (or type = \"factor\" in the study)");
    }
    return {};
  }
};

/// Second reading: the distinct values of one column of the file, for one column of the description.
struct LevelList {
  std::size_t file_column = 0;
  std::size_t described_column = 0;
  bool numeric = false;
  std::unordered_set<std::string> levels;

  void See(const Cell& cell) {
    if (cell.kind == Cell::Kind::kMissing) return;
    if (!numeric) {
      levels.insert(LevelOf(cell));
    } else if (!std::isnan(cell.number)) {
      levels.insert(NumberText(cell.number));
    }
  }
};

Result<SiteSchema> FindNatures(const std::string& path,
                               std::span<const ColumnDeclaration> declarations) {
  CLINNOVA_ASSIGN(const auto source, OpenRecords(path));
  std::vector<Nature> natures(source->names().size());
  SiteSchema description;
  while (true) {
    CLINNOVA_ASSIGN(const bool more, source->Next());
    if (!more) break;
    ++description.rows;
    for (std::size_t c = 0; c < natures.size(); ++c) natures[c].See(source->cell(c), *source);
  }
  for (std::size_t c = 0; c < natures.size(); ++c) {
    SiteSchema::Column& column = description.columns.emplace_back();
    column.name = source->names()[c];
    column.numeric = natures[c].texts == 0;
    column.empty = natures[c].texts + natures[c].numbers == 0;
    CLINNOVA_TRY(natures[c].Check(column.name, IsDeclaredFactor(declarations, column.name)));
  }
  return description;
}

/// The lists that the description needs; adds its "factor(x)" columns.
std::vector<LevelList> NeededLists(std::span<const ColumnDeclaration> declarations,
                                   SiteSchema& description) {
  std::vector<LevelList> lists;
  const std::size_t file_columns = description.columns.size();
  for (std::size_t c = 0; c < file_columns; ++c) {
    const SiteSchema::Column column = description.columns[c];
    if (!column.numeric || IsDeclaredFactor(declarations, column.name)) {
      lists.push_back(
          {.file_column = c, .described_column = c, .numeric = column.numeric, .levels = {}});
    }
    const std::string second = FactorColumnName(column.name);
    const bool taken = std::any_of(description.columns.begin(), description.columns.end(),
                                   [&](const SiteSchema::Column& d) { return d.name == second; });
    if (!column.numeric || taken || !IsDeclaredFactor(declarations, second)) continue;
    lists.push_back({.file_column = c,
                     .described_column = description.columns.size(),
                     .numeric = true,
                     .levels = {}});
    SiteSchema::Column& added = description.columns.emplace_back(column);
    added.name = second;
  }
  return lists;
}

/// Reads one column of the schema, value by value.
class ColumnReader {
 public:
  ColumnReader(const ColumnSchema& schema, std::size_t file_column, Column& target)
      : schema_(schema), file_column_(file_column), target_(target) {
    for (std::size_t i = 0; i < schema.levels.size(); ++i) {
      codes_.try_emplace(schema.levels[i], static_cast<std::int32_t>(i));
    }
    for (std::size_t i = 0; i < schema.levels.size(); ++i) {
      if (const auto number = ParseNumber(schema.levels[i])) {
        codes_.try_emplace(NumberText(*number), static_cast<std::int32_t>(i));
      }
    }
  }

  Result<void> Read(const RecordSource& source) {
    const Cell cell = source.cell(file_column_);
    if (schema_.kind == ColumnKind::kNumeric) return ReadNumber(cell, source);
    if (cell.kind == Cell::Kind::kMissing) {
      target_.codes.push_back(-1);
      return {};
    }
    auto code = codes_.find(LevelOf(cell));
    if (code == codes_.end() && cell.kind == Cell::Kind::kNumber) {
      if (std::isnan(cell.number)) {
        target_.codes.push_back(-1);
        return {};
      }
      code = codes_.find(NumberText(cell.number));
    }
    if (code == codes_.end()) {
      return FieldError(source.Where(), schema_.name, LevelOf(cell),
                        "one of its levels: " + Levels());
    }
    target_.codes.push_back(code->second);
    return {};
  }

 private:
  Result<void> ReadNumber(const Cell& cell, const RecordSource& source) {
    if (cell.kind == Cell::Kind::kText) {
      return FieldError(source.Where(), schema_.name, cell.text, "a number");
    }
    if (cell.kind == Cell::Kind::kNumber && std::isinf(cell.number)) {
      return FieldError(source.Where(), schema_.name, LevelOf(cell), "a finite number");
    }
    target_.numbers.push_back(cell.kind == Cell::Kind::kMissing ? kMissing : cell.number);
    return {};
  }

  std::string Levels() const {
    constexpr std::size_t kMost = 20;
    std::string list;
    for (std::size_t i = 0; i < schema_.levels.size() && i < kMost; ++i) {
      list += (i == 0 ? "" : ", ") + schema_.levels[i];
    }
    return schema_.levels.size() > kMost ? list + ", …" : list;
  }

  const ColumnSchema& schema_;  // not owned, outlives this
  std::size_t file_column_;
  Column& target_;  // not owned, outlives this
  std::unordered_map<std::string, std::int32_t> codes_;
};

std::optional<std::size_t> FindName(const std::vector<std::string>& names,
                                    const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

/// The file's column that holds schema column `name`, which may be a second column "factor(x)".
std::optional<std::size_t> FindInFile(const std::vector<std::string>& names,
                                      const std::string& name) {
  if (const auto column = FindName(names, name)) return column;
  const auto base = FactorColumnBase(name);
  return base ? FindName(names, *base) : std::nullopt;
}

Result<std::int32_t> SiteCode(const Schema& schema, std::string_view site) {
  if (!schema.columns.empty() && schema.columns.back().name == "site") {
    const std::vector<std::string>& sites = schema.columns.back().levels;
    const auto found = std::find(sites.begin(), sites.end(), site);
    if (found != sites.end()) return static_cast<std::int32_t>(found - sites.begin());
  }
  return Fail(ErrorCode::kFailed,
              "site: found \"" + std::string(site) + "\", expected one of the sites in the schema");
}

/// What the file does not hold: missing everywhere, and the site.
void FillOtherColumns(const std::vector<std::optional<std::size_t>>& places, std::int32_t site,
                      Table& table) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (places[c]) continue;
    if (table.schema.columns[c].kind == ColumnKind::kNumeric) {
      table.columns[c].numbers.assign(table.rows, kMissing);
    } else {
      table.columns[c].codes.assign(table.rows, c + 1 == table.columns.size() ? site : -1);
    }
  }
}

}  // namespace

Result<SiteSchema> DescribeFile(const std::string& path,
                                std::span<const ColumnDeclaration> declarations) {
  CLINNOVA_ASSIGN(SiteSchema description, FindNatures(path, declarations));
  std::vector<LevelList> lists = NeededLists(declarations, description);
  if (lists.empty()) return description;
  CLINNOVA_ASSIGN(const auto source, OpenRecords(path));
  while (true) {
    CLINNOVA_ASSIGN(const bool more, source->Next());
    if (!more) break;
    for (LevelList& list : lists) list.See(source->cell(list.file_column));
  }
  for (const LevelList& list : lists) {
    std::vector<std::string>& levels = description.columns[list.described_column].levels;
    levels.assign(list.levels.begin(), list.levels.end());
    std::sort(levels.begin(), levels.end());
  }
  return description;
}

Result<Table> ReadFile(const std::string& path, const Schema& schema, std::string_view site) {
  CLINNOVA_ASSIGN(const std::int32_t site_code, SiteCode(schema, site));
  CLINNOVA_ASSIGN(const auto source, OpenRecords(path));
  Table table = EmptyTable(schema);
  std::vector<std::optional<std::size_t>> places(schema.columns.size());
  std::vector<ColumnReader> readers;
  for (std::size_t c = 0; c + 1 < schema.columns.size(); ++c) {
    places[c] = FindInFile(source->names(), schema.columns[c].name);
    if (places[c]) readers.emplace_back(table.schema.columns[c], *places[c], table.columns[c]);
  }
  while (true) {
    CLINNOVA_ASSIGN(const bool more, source->Next());
    if (!more) break;
    for (ColumnReader& reader : readers) CLINNOVA_TRY(reader.Read(*source));
    if (++table.rows > std::numeric_limits<std::uint32_t>::max()) {
      return Fail(ErrorCode::kInvalidInput,
                  path + ": found more than 4294967295 rows, expected fewer");
    }
  }
  FillOtherColumns(places, site_code, table);
  return table;
}

}  // namespace clinnova::table
