// SPDX-License-Identifier: Apache-2.0
// The catalogue of checks as data (data/*.tsv), not yet of one CDM.
//
//   for (const FieldCheck& check : GetCatalogue().fields) … check.kind, check.table, check.argument …
//
// A check of a field is one line; a limit of a value is the embedded vocabulary's; a rule of a disease is a line of SQL.
#pragma once

#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "quality/check.h"

namespace clinnova::quality {

struct FieldCheck {
  std::string_view kind, table, field, argument;
  double threshold = 0;
};

struct ConceptCheck {
  std::string_view kind, table, field;
  std::vector<std::int64_t> concepts;
  std::string_view argument;
  double threshold = 0;
  std::string_view name;
  std::string_view source;
};

struct Rule {
  std::string_view id, table;
  std::string_view concept_field;  ///< empty: the rule looks at every concept
  std::vector<std::int64_t> concepts;
  bool below = false;  ///< and at what is below them
  std::vector<std::string_view> fields;
  std::string_view when, bad;
  double threshold = 0;
  std::string_view description, source;
};

struct ScoreItem {
  std::int64_t concept_id = 0, unit_id = 0;  ///< unit 0: any
  std::string_view adds;                     ///< SQL of the value v
};
struct ScoreSum {
  std::int64_t concept_id = 0;
  std::string_view name, tolerance, constant;
  std::vector<ScoreItem> items;
  std::string_view source;
};

struct Catalogue {
  std::vector<CheckType> types;
  std::vector<FieldCheck> fields;
  std::vector<ConceptCheck> concepts;
  std::vector<Rule> rules;
  std::vector<ScoreSum> scores;
  std::set<std::pair<std::string_view, std::string_view>> new_in_54;  ///< table and field, or ""

  /// Precondition: there is such a kind.
  const CheckType& Type(std::string_view kind) const;
  /// The field that identifies a table's rows; empty where it has none of its own.
  std::string_view KeyOf(std::string_view table) const;
};

/// Read once from the compiled-in tables. Any thread.
const Catalogue& GetCatalogue();

}  // namespace clinnova::quality
