// SPDX-License-Identifier: Apache-2.0
#include "cohort/sql_dialect.h"

#include <charconv>

#include "core/text.h"

namespace clinnova::cohort {

std::string ValueAt(SqlDialect dialect, Extreme extreme, const std::string& value,
                    const std::vector<std::string>& keys, const std::string& condition) {
  const bool greatest = extreme == Extreme::kGreatest;
  if (dialect == SqlDialect::kDuckDb) {
    // Not FILTER: for each of many in one statement, DuckDB makes room for the columns of all. A row whose value is
    // NULL does not count.
    return std::string(greatest ? "arg_max(" : "arg_min(") + "CASE WHEN " + condition + " THEN " +
           value + " END, (" + core::Joined(keys) + "))";
  }
  std::string list;
  for (const std::string& key : keys) {
    list += (list.empty() ? "" : ", ") + key + (greatest ? " DESC" : "");
  }
  return "(array_agg(" + value + " ORDER BY " + list + ") FILTER (WHERE " + condition + "))[1]";
}

std::string DoubleSql(double number) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return "'" + std::string(text, end) + "'::FLOAT8";
}

}  // namespace clinnova::cohort
