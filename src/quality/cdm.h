// SPDX-License-Identifier: Apache-2.0
// The CDM that is checked, Clinnova's own or one on a PostgreSQL server, as the checks see it: its tables, and rows
// of a statement as texts.
//
//   OwnCdm cdm(store);
//   CLINNOVA_ASSIGN(const Shape shape, ReadShape(cdm));
//   CLINNOVA_TRY(cdm.ForEachRow("SELECT count(*) FROM person", [](TextRow row) -> Result<void> { … *row[0] … }));
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "store/attached_cdm.h"
#include "store/store.h"

namespace clinnova::quality {

/// A row's values; nothing for NULL. Lives until the function that gets it returns.
using TextRow = std::span<const std::optional<std::string_view>>;

/// Thread rule: one thread at a time.
class Cdm {
 public:
  virtual ~Cdm() = default;
  /// Columns are integers or texts: others are cast in the statement. After an error the next statement runs as if the
  /// failed one had not been.
  virtual Result<void> ForEachRow(const std::string& sql,
                                  const std::function<Result<void>(TextRow)>& row) = 0;
  /// An integer that is the same for the same values and hardly ever for others.
  virtual std::string HashSql(const std::vector<std::string>& values) const = 0;
  /// Rows (table, column, type).
  virtual std::string ColumnsSql() const = 0;
  /// Whether each row's source file and line are known (clinnova.provenance).
  virtual bool HasProvenance() const = 0;
  /// Whether the engine answers nothing more after this error.
  virtual bool IsClosed(const Error& error) const = 0;
  /// What may be told of an engine's error: no value of the data.
  virtual std::string Told(const Error& error) const = 0;
};

/// Clinnova's own. `store` is not owned and outlives this.
class OwnCdm : public Cdm {
 public:
  explicit OwnCdm(store::Store& store) : store_(store) {}
  Result<void> ForEachRow(const std::string& sql,
                          const std::function<Result<void>(TextRow)>& row) override;
  std::string HashSql(const std::vector<std::string>& values) const override;
  std::string ColumnsSql() const override;
  bool HasProvenance() const override { return true; }
  bool IsClosed(const Error& error) const override;
  std::string Told(const Error& error) const override;

 private:
  store::Store& store_;
};

/// The hospital's, only read. `cdm` is not owned and outlives this.
class ServerCdm : public Cdm {
 public:
  explicit ServerCdm(store::AttachedCdm& cdm) : cdm_(cdm) {}
  Result<void> ForEachRow(const std::string& sql,
                          const std::function<Result<void>(TextRow)>& row) override;
  std::string HashSql(const std::vector<std::string>& values) const override;
  std::string ColumnsSql() const override;
  bool HasProvenance() const override { return false; }
  bool IsClosed(const Error&) const override { return false; }
  std::string Told(const Error& error) const override { return error.message; }

 private:
  store::AttachedCdm& cdm_;
};

/// Which tables and columns there are.
struct Shape {
  std::map<std::string, std::map<std::string, std::string>> tables;  ///< table, column, type
  bool has_concepts = false;                                         ///< the table concept has rows
  bool is_53 = false;  ///< as the table cdm_source says

  bool Has(std::string_view table) const { return tables.contains(std::string(table)); }
  bool Has(std::string_view table, std::string_view column) const;
};
Result<Shape> ReadShape(Cdm& cdm);

}  // namespace clinnova::quality
