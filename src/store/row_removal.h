// SPDX-License-Identifier: Apache-2.0
// Takes rows out of a store's tables in memory that does not grow with their number, within a transaction.
//
//   RowRemoval removal(database);
//   CLINNOVA_TRY(removal.Remove("measurement", "measurement_id IN (SELECT row_id FROM earlier_row)"));
//
// For every run of 2,048 rows of which one is deleted DuckDB 1.4 holds 33 kB until the transaction ends, and where
// some of them stay also whenever the table is read later (storage/table/chunk_info.hpp: two numbers of a transaction
// for every row); its memory limit does not count them. A DELETE of eleven million rows so takes hundreds of megabytes.
// So where rows of more runs go than a RowRemoval has room for, those that stay are written into a new table, which
// takes the place of the old one: by the transaction's end either both happened or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/duckdb.h"
#include "core/error.h"

namespace clinnova::store {

/// Fills a new table with the rows of `select`, which may read `table` ("measurement", "clinnova.consent") and gives
/// its columns in their order, and puts it in the place of `table`, whose fields, constraints and indices it has.
/// Within a transaction.
Result<void> ReplaceTable(core::Database& database, const std::string& table,
                          const std::string& select);

/// The removals of one transaction, which share the room. One thread at a time; must not outlive the database.
class RowRemoval {
 public:
  /// 66 MB.
  static constexpr std::int64_t kRunsWithRoom = 2000;

  explicit RowRemoval(core::Database& database, std::int64_t runs = kRunsWithRoom)
      : database_(&database), room_(runs) {}

  /// Takes away the rows of `table` that `condition`, an SQL expression over its columns, is true of. `before`, where
  /// there is such a row, is run first: it may read the temporary table removed_row, which has the columns `columns`
  /// of these rows ("person_id, death_date").
  Result<void> Remove(const std::string& table, const std::string& condition,
                      const std::string& columns = "", const std::string& before = "");

  /// Takes away the rows of `table` whose rowid is one of the column `place` of the temporary table `places`, once
  /// each. Rowids change when rows are taken away.
  Result<void> RemovePlaces(const std::string& table, const std::string& places);

 private:
  core::Database* database_;  // not owned, outlives this
  std::int64_t room_;         ///< for how many runs there is still room
};

}  // namespace clinnova::store
