// SPDX-License-Identifier: Apache-2.0
// The study document: what a researcher writes, a steward signs and every site checks rounds against.
//
//   CLINNOVA_ASSIGN(Study study, Study::FromToml(text, "response.toml"));
//   study.hash()                      // identity everywhere: BLAKE2b-256 of the canonical JSON
//   study.analyses().front().method()
//
// Thread rule: immutable value.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "federation/analysis.h"
#include "federation/disclosure.h"
#include "table/table.h"

namespace clinnova::federation {

/// `[cohort]`: a disease module's index event, or an OHDSI cohort definition.
struct CohortDeclaration {
  std::string disease;
  std::string index;
  std::string circe;
};

/// `[[variable]]`: a column of the study's table and the feature it is made from.
struct VariableDeclaration {
  std::string name;
  std::string feature;
};

class Study {
 public:
  /// kInvalidInput names the file, line and key: `response.toml:12: analysis.methd: unknown key, expected
  /// one of …`. Checks everything that does not need data or the method table.
  static Result<Study> FromToml(std::string_view text, std::string_view file);
  /// From the canonical JSON that travels; kInvalidInput when it is not canonical.
  static Result<Study> FromCanonicalJson(std::string_view json);

  const std::string& canonical_json() const { return canonical_json_; }
  const core::Hash& hash() const { return hash_; }

  const std::string& title() const { return title_; }
  const std::string& purpose() const { return purpose_; }
  const std::string& permit() const { return permit_; }
  /// Who asks, in the study's own words; empty: it does not say.
  const std::string& researcher() const { return researcher_; }
  const std::vector<std::string>& sites() const {
    return sites_;
  }  ///< empty in `simulate`: those given
  int minimum_sites() const { return minimum_sites_; }
  const std::optional<CohortDeclaration>& cohort() const { return cohort_; }
  const std::vector<VariableDeclaration>& variables() const { return variables_; }
  const std::vector<table::ColumnDeclaration>& columns() const { return columns_; }
  bool secure_sum() const { return secure_sum_; }
  int minimum_count() const { return minimum_count_; }
  double epsilon() const { return epsilon_; }
  /// The thresholds that [privacy] names; the others ask for nothing (Unlimited).
  const DisclosureLimits& limits() const { return limits_; }
  const std::vector<Analysis>& analyses() const { return analyses_; }
  /// The analysis called `name`, or null.
  const Analysis* FindAnalysis(std::string_view name) const;

  /// True when a formula has a `.` for columns that the study does not declare.
  bool NeedsColumns() const;
  /// The same study, of the same hash, with each such `.` written out as the other columns among `names` (table/formula_dot.h). Where
  /// the study declares its variables that has been done. kInvalidInput names the analysis where there is none.
  Result<Study> WithColumns(const std::vector<std::string>& names) const;

 private:
  static Result<Study> FromJson(const nlohmann::json& document,
                                const std::map<std::string, int>& lines, std::string_view file);

  std::string canonical_json_;
  core::Hash hash_{};
  std::string title_;
  std::string purpose_;
  std::string permit_;
  std::string researcher_;
  std::vector<std::string> sites_;
  int minimum_sites_ = 3;
  std::optional<CohortDeclaration> cohort_;
  std::vector<VariableDeclaration> variables_;
  std::vector<table::ColumnDeclaration> columns_;
  bool secure_sum_ = true;
  int minimum_count_ = 5;
  double epsilon_ = 0;
  DisclosureLimits limits_ = Unlimited();
  std::vector<Analysis> analyses_;
};

}  // namespace clinnova::federation
