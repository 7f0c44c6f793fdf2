// SPDX-License-Identifier: Apache-2.0
// The columnar analysis table of one site, and the schema that all sites of a study share.
//
// A study's sites first describe their tables (SiteSchema); UnifySchemas makes the one Schema that
// every site's table is then read under, so that a factor's codes mean the same at every site.
//
//   CLINNOVA_ASSIGN(SiteSchema mine, DescribeFile("basel.csv"));
//   CLINNOVA_ASSIGN(Schema schema, UnifySchemas(all, declarations, site_names));
//   CLINNOVA_ASSIGN(Table table, ReadFile("basel.csv", schema, "basel"));
//
// Thread rule: values; const use from any number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

enum class ColumnKind { kNumeric, kFactor };

/// A column as all sites agree on it.
struct ColumnSchema {
  std::string name;
  ColumnKind kind = ColumnKind::kNumeric;
  std::vector<std::string> levels;  ///< kFactor: in order, the first is the reference

  template <class A>
  void Fields(A& a) {
    a(name);
    a(kind);
    a(levels);
  }
  bool operator==(const ColumnSchema&) const = default;
};

/// The columns of a study's table, the same at every site. The last column is always `site`, a
/// factor of the sites' names in the order of the study.
struct Schema {
  std::vector<ColumnSchema> columns;

  /// Index of the column called `name`.
  std::optional<std::size_t> Find(std::string_view name) const;

  template <class A>
  void Fields(A& a) {
    a(columns);
  }
  bool operator==(const Schema&) const = default;
};

/// What one site says of its own file: names, and whether every value present is a number.
struct SiteSchema {
  struct Column {
    std::string name;
    bool numeric = true;              ///< a column without any value counts as numeric
    bool empty = false;               ///< no value present at this site
    std::vector<std::string> levels;  ///< distinct texts, sorted by bytes; empty for numeric
                                      ///< columns that no declaration makes a factor
    template <class A>
    void Fields(A& a) {
      a(name);
      a(numeric);
      a(empty);
      a(levels);
    }
  };
  std::vector<Column> columns;
  std::uint64_t rows = 0;

  template <class A>
  void Fields(A& a) {
    a(columns);
    a(rows);
  }
};

/// A `[[column]]` of the study file, or, under a name "factor(x)", the wish for a second column of that
/// name beside a numeric column x: a factor of x's distinct numbers. So one schema serves formulas that
/// use x as a number and as a factor.
struct ColumnDeclaration {
  std::string name;
  std::optional<ColumnKind> kind;   ///< `type`
  std::vector<std::string> levels;  ///< `levels`; implies a factor

  template <class A>
  void Fields(A& a) {
    a(name);
    a(kind);
    a(levels);
  }
};

/// One column's values at one site. Exactly one of the two vectors is in use.
struct Column {
  std::vector<double> numbers;      ///< kNumeric; missing = quiet NaN; infinities do not occur
  std::vector<std::int32_t> codes;  ///< kFactor: index into the schema's levels; missing = -1
};

/// One site's rows under the shared schema; columns stand in the schema's order.
struct Table {
  Schema schema;
  std::vector<Column> columns;
  std::size_t rows = 0;

  const Column& column(std::size_t index) const { return columns[index]; }
};

/// Describes a CSV or Parquet file (by its content: Parquet begins with "PAR1"). Declarations decide
/// which numeric columns need their levels listed: as R's factor() names them ("4.0" is the level "4").
/// CSV: one delimiter `,` `;` or tab, found in the header line, quotes doubled inside quotes, UTF-8 with or
/// without BOM, LF or CR LF, empty lines skipped; blank fields, `NA`, and `NaN` among numbers are missing;
/// numbers are what R's read.csv takes, hexadecimal apart; other text, TRUE and FALSE too, is a factor.
/// Parquet: numbers, dates (as days since 1970-01-01), text, truth values (as TRUE and FALSE).
/// kInvalidInput names file, line (Parquet: row) and what is wrong: a line with another number of fields,
/// an unclosed quote, a column name that is empty or stands twice, bytes that are not UTF-8, an infinite
/// number, a column of decimal commas.
Result<SiteSchema> DescribeFile(const std::string& path,
                                std::span<const ColumnDeclaration> declarations);

/// Reads the file under the schema. A column that the file lacks is missing in every row (it exists at
/// another site). kInvalidInput as DescribeFile, and for a text that is not one of the declared levels
/// (file, line, column, found, expected).
Result<Table> ReadFile(const std::string& path, const Schema& schema, std::string_view site);

/// Columns that are numeric at one site and text at another, for which the numeric sites listed no levels:
/// the sites describe their files once more, with these declared as factors, before UnifySchemas.
std::vector<std::string> MixedColumns(std::span<const SiteSchema> sites);

/// Joins the sites' descriptions: a column is numeric when it is numeric at every site, otherwise a
/// factor whose levels are the union, sorted by bytes, unless a declaration says otherwise. Columns stand
/// in the order of first appearance over the sites in the order given; `site` is appended. Levels that
/// are all numbers are sorted as numbers; a factor(x) whose x is a factor itself is left out.
/// kInvalidInput: a declaration of a column no site has; a column called `site` in a file; type
/// "numeric" where a site has text; a level outside the declared ones; a column of MixedColumns.
Result<Schema> UnifySchemas(std::span<const SiteSchema> sites,
                            std::span<const ColumnDeclaration> declarations,
                            std::span<const std::string> site_names);

/// An empty table under `schema`: what a site contributes that has no rows or may not say how many.
Table EmptyTable(const Schema& schema);

}  // namespace clinnova::table
