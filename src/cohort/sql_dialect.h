// SPDX-License-Identifier: Apache-2.0
// Where the engines differ: a study's statement is the same for DuckDB and for PostgreSQL but for what stands
// here and in what a site's attached CDM needs besides (attached_sql.h). Private to this room.
//
// What is written elsewhere in this room keeps to what both understand and compute to the same bits: FLOAT8
// for DOUBLE, a truth value through INTEGER, extract() for year(), sums of numbers in a stated order.
#pragma once

#include <string>
#include <vector>

namespace clinnova::cohort {

enum class SqlDialect { kDuckDb, kPostgres };

enum class Extreme { kLeast, kGreatest };

/// The aggregate that gives the value of the row whose `keys` are the least or greatest, the first key first; of
/// rows where `condition` holds. NULL where there is none.
std::string ValueAt(SqlDialect dialect, Extreme extreme, const std::string& value,
                    const std::vector<std::string>& keys, const std::string& condition);

/// A number as a literal of type FLOAT8: the nearest double, whatever its digits.
std::string DoubleSql(double number);

}  // namespace clinnova::cohort
