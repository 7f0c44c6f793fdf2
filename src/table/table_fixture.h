// SPDX-License-Identifier: Apache-2.0
// Small tables for tests, written down column by column.
//
//   Table table = MakeTable({{"x", {1, 2, kNa}}, {"sex", {"F", "", "M"}}});   // "" and kNa are missing
#pragma once

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"
#include "table/number_text.h"
#include "table/table.h"

namespace clinnova::table {

inline constexpr double kNa = std::numeric_limits<double>::quiet_NaN();

struct FixtureColumn {
  FixtureColumn(std::string n, std::vector<double> v) : name(std::move(n)), numbers(std::move(v)) {}
  FixtureColumn(std::string n, std::initializer_list<double> v) : name(std::move(n)), numbers(v) {}
  FixtureColumn(std::string n, std::initializer_list<const char*> v)
      : name(std::move(n)), is_text(true) {
    texts.assign(v.begin(), v.end());
  }
  FixtureColumn(std::string n, std::vector<std::string> v)
      : name(std::move(n)), texts(std::move(v)), is_text(true) {}
  std::string name;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  bool is_text = false;
};

/// Factor levels sorted by bytes, or as numbers when all are; `site` is one level, "here".
inline Table MakeTable(std::vector<FixtureColumn> columns) {
  Table table;
  for (FixtureColumn& source : columns) {
    Column column;
    ColumnSchema schema;
    schema.name = source.name;
    table.rows = std::max(source.numbers.size(), source.texts.size());
    if (source.is_text) {
      schema.kind = ColumnKind::kFactor;
      for (const std::string& text : source.texts) {
        const auto& levels = schema.levels;
        const bool known = std::find(levels.begin(), levels.end(), text) != levels.end();
        if (!text.empty() && !known) schema.levels.push_back(text);
      }
      std::sort(schema.levels.begin(), schema.levels.end(), [](const auto& a, const auto& b) {
        const auto x = ParseNumber(a);
        const auto y = ParseNumber(b);
        return x && y ? *x < *y : a < b;
      });
      for (const std::string& text : source.texts) {
        const auto at = std::find(schema.levels.begin(), schema.levels.end(), text);
        column.codes.push_back(
            at == schema.levels.end() ? -1 : static_cast<std::int32_t>(at - schema.levels.begin()));
      }
    } else {
      column.numbers = std::move(source.numbers);
    }
    table.schema.columns.push_back(std::move(schema));
    table.columns.push_back(std::move(column));
  }
  table.schema.columns.push_back({.name = "site", .kind = ColumnKind::kFactor, .levels = {"here"}});
  table.columns.emplace_back().codes.assign(table.rows, 0);
  return table;
}

}  // namespace clinnova::table
