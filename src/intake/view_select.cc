// SPDX-License-Identifier: Apache-2.0
// Source: https://sql-on-fhir.org/ig/latest/StructureDefinition-ViewDefinition.html, processing algorithm.
#include "intake/view_select.h"

namespace clinnova::intake {
namespace {

using fhirpath::Collection;
using fhirpath::Evaluator;
using fhirpath::Item;

/// A node and its descendants along the paths, each before what is below it.
Result<void> AppendRepeated(const ViewSelect& select, const Evaluator& evaluator, const Item& node,
                            int depth, Collection& out) {
  if (depth > kDeepestJson)
    return Fail(ErrorCode::kInvalidInput, "repeat: does not come to an end");
  for (const FhirPath& path : select.paths) {
    CLINNOVA_ASSIGN(const Collection found, PathValue(path, evaluator, Collection{node}, 0));
    for (const Item& item : found) {
      out.push_back(item);
      CLINNOVA_TRY(AppendRepeated(select, evaluator, item, depth + 1, out));
    }
  }
  return {};
}

Result<std::string> Cell(const ViewColumn& column, const Collection& values) {
  std::string out;
  if (column.collection) out += '[';
  if (!column.collection && values.empty()) return std::string("null");
  if (!column.collection && values.size() > 1) {
    return Fail(ErrorCode::kInvalidInput,
                "column " + column.name + ": found " + std::to_string(values.size()) +
                    " values, expected one or none (or \"collection\": true)");
  }
  for (const Item& item : values) {
    if (&item != &values.front()) out += ',';
    const bool complex = !item.HasValue() && item.node.json && item.node.json->IsObject();
    if (complex || item.As<fhirpath::TypeInfo>()) {
      return Fail(ErrorCode::kInvalidInput,
                  "column " + column.name +
                      ": found a value with elements of its own, expected a primitive");
    }
    AppendValueJson(item, out);
  }
  return column.collection ? out + "]" : out;
}

/// Every row of `left` with every row of `right`.
std::vector<ViewRow> Product(std::vector<ViewRow> left, const std::vector<ViewRow>& right) {
  std::vector<ViewRow> rows;
  for (ViewRow& first : left) {
    for (const ViewRow& second : right) {
      ViewRow row = first;
      row.insert(row.end(), second.begin(), second.end());
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

/// The select's own cells for a node, or for none.
Result<ViewRow> OwnCells(const ViewSelect& select, const Evaluator& evaluator,
                         const Collection& node, std::int64_t row_index) {
  ViewRow row;
  for (std::size_t c = 0; c < select.columns.size(); ++c) {
    CLINNOVA_ASSIGN(const Collection values,
                    PathValue(select.column_paths[c], evaluator, node, row_index));
    CLINNOVA_ASSIGN(std::string cell, Cell(select.columns[c], values));
    row.push_back(std::move(cell));
  }
  return row;
}

/// The rows for a node that the select stands on.
Result<std::vector<ViewRow>> RowsAt(const ViewSelect& select, const Evaluator& evaluator,
                                    const Item& node, std::int64_t row_index) {
  CLINNOVA_ASSIGN(ViewRow own, OwnCells(select, evaluator, Collection{node}, row_index));
  std::vector<ViewRow> rows = {std::move(own)};
  for (const ViewSelect& inner : select.selects) {
    CLINNOVA_ASSIGN(const auto more, SelectRows(inner, evaluator, node, row_index));
    rows = Product(std::move(rows), more);
  }
  if (select.union_all.empty()) return rows;
  std::vector<ViewRow> all;
  for (const ViewSelect& branch : select.union_all) {
    CLINNOVA_ASSIGN(const auto more, SelectRows(branch, evaluator, node, row_index));
    all.insert(all.end(), more.begin(), more.end());
  }
  return Product(std::move(rows), all);
}

Result<Collection> Foci(const ViewSelect& select, const Evaluator& evaluator, const Item& node,
                        std::int64_t row_index) {
  if (select.iteration == ViewSelect::Iteration::kRepeat) {
    Collection foci;
    CLINNOVA_TRY(AppendRepeated(select, evaluator, node, 0, foci));
    return foci;
  }
  return PathValue(select.paths.front(), evaluator, Collection{node}, row_index);
}

}  // namespace

std::vector<ViewColumn> AllColumns(const ViewSelect& select) {
  std::vector<ViewColumn> all = select.columns;
  const auto add = [&](const ViewSelect& inner) {
    const auto more = AllColumns(inner);
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const ViewSelect& inner : select.selects) add(inner);
  if (!select.union_all.empty()) add(select.union_all.front());
  return all;
}

Result<Collection> PathValue(const FhirPath& path, const Evaluator& evaluator,
                             const Collection& node, std::int64_t row_index) {
  const fhirpath::Scope scope{.context = node, .defined = {{"rowIndex", {Item{row_index}}}}};
  return evaluator.Evaluate(path.expression(), scope);
}

Result<std::vector<ViewRow>> SelectRows(const ViewSelect& select, const Evaluator& evaluator,
                                        const Item& node, std::int64_t row_index) {
  if (select.iteration == ViewSelect::Iteration::kOnce) {
    return RowsAt(select, evaluator, node, row_index);
  }
  CLINNOVA_ASSIGN(const Collection foci, Foci(select, evaluator, node, row_index));
  std::vector<ViewRow> rows;
  for (std::size_t i = 0; i < foci.size(); ++i) {
    CLINNOVA_ASSIGN(auto more, RowsAt(select, evaluator, foci[i], static_cast<std::int64_t>(i)));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  if (foci.empty() && select.iteration == ViewSelect::Iteration::kForEachOrNull) {
    // Nothing to stand on: one row, in which %rowIndex is 0 and what is inside gives nothing.
    CLINNOVA_ASSIGN(ViewRow row, OwnCells(select, evaluator, Collection{}, 0));
    row.resize(AllColumns(select).size(), "null");
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace clinnova::intake
