// SPDX-License-Identifier: Apache-2.0
// One check of a CDM: what it counts, how, and from which share on it fails. In the terms of M. G. Kahn et al.,
// eGEMs 4 (2016) 1244: a category (conformance, completeness, plausibility) and a context (verification: against the
// model and common knowledge; validation: against the source and the disease). Many kinds are those of OHDSI's Data
// Quality Dashboard (https://ohdsi.github.io/DataQualityDashboard, Apache-2.0), which each names as its source.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clinnova::quality {

/// A kind of check, a row of data/quality_types.tsv.
struct CheckType {
  std::string_view kind;  ///< "after_birth"
  std::string_view category, subcategory, context;
  std::string_view source;
  std::string_view what;  ///< what is counted, with {table}, {field}, {argument} and {name}
};

/// How a check counts, in SQL that DuckDB and PostgreSQL share. Checks with the same `base` are counted by one
/// statement over `base` and all their `joins`; those with a `group` by one statement for all of the group.
struct CountSql {
  std::string base;                    ///< "measurement t"; empty: nothing is asked of the engine
  std::vector<std::string> joins;      ///< each keeps the number of rows as it is
  std::string numerator, denominator;  ///< aggregates

  int group = -1;    ///< of Plan::groups
  std::string name;  ///< in the group's rows

  /// Rows that are counted in the numerator: FROM and WHERE for the data manager.
  std::string show_from, show_where;
  std::vector<std::string> show_columns;  ///< as they are written after SELECT
  bool shows_rows =
      false;  ///< a row of `table`: it has a key, and a line of the source where Clinnova imported it
};

struct Check {
  std::string id;  ///< "measurement.measurement_date.after_birth"
  const CheckType* type = nullptr;
  std::string table, field;     ///< the field may be empty
  std::int64_t concept_id = 0;  ///< 0: of none
  std::int64_t unit_id = 0;
  std::string description;  ///< what is counted
  std::string source;       ///< of the rule and its numbers
  double threshold = 0;     ///< in percent: a larger share fails
  CountSql count;
  std::string not_applicable;         ///< why it cannot be asked of this CDM; empty: it can
  std::int64_t known_numerator = -1;  ///< where the CDM's catalogue knows the answer: of one
};

/// All checks of one CDM.
struct Plan {
  std::vector<Check> checks;
  std::vector<std::string> groups;  ///< statements with rows (name, denominator, numerator)
};

enum class Status { kPass, kFail, kNotApplicable, kError };
/// "pass", "fail", "not applicable", "error".
std::string_view StatusName(Status status);

struct Outcome {
  std::int64_t numerator = 0;  ///< rows that are wrong
  std::int64_t denominator = 0;
  Status status = Status::kNotApplicable;
  std::string note;  ///< why it is not applicable or an error; without values of the data

  double SharePercent() const {
    return denominator > 0
               ? 100.0 * static_cast<double>(numerator) / static_cast<double>(denominator)
               : 0.0;
  }
};

}  // namespace clinnova::quality
