// SPDX-License-Identifier: Apache-2.0
// Source: https://sql-on-fhir.org/ig/latest/StructureDefinition-ViewDefinition.html, processing algorithm.
#include "intake/view_select.h"

#include <iterator>

namespace clinnova::intake {
namespace {

using fhirpath::Evaluator;
using fhirpath::Item;
using fhirpath::ItemList;
using fhirpath::Items;

/// A node's descendants along the paths, each before what is below it.
Result<void> AppendRepeated(const ViewSelect& select, const Evaluator& evaluator, Items node,
                            int depth, ItemList& out) {
  if (depth > kDeepestJson)
    return Fail(ErrorCode::kInvalidInput, "repeat: does not come to an end");
  for (const FhirPath& path : select.paths) {
    CLINNOVA_ASSIGN(const Items found, PathValue(path, evaluator, FocusOf(evaluator, node, 0)));
    for (const Item& item : found) {
      out.push_back(item);
      CLINNOVA_TRY(AppendRepeated(select, evaluator, Items(&item, 1), depth + 1, out));
    }
  }
  return {};
}

Result<std::string> Cell(const ViewColumn& column, Items values) {
  if (!column.collection && values.empty()) return std::string("null");
  if (!column.collection && values.size() > 1) {
    return Fail(ErrorCode::kInvalidInput,
                "column " + column.name + ": found " + std::to_string(values.size()) +
                    " values, expected one or none (or \"collection\": true)");
  }
  std::string out;
  if (column.collection) out += '[';
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
  if (column.collection) out += ']';
  return out;
}

/// Every row of `left` with every row of `right`.
std::vector<ViewRow> Product(std::vector<ViewRow> left, std::vector<ViewRow> right) {
  std::vector<ViewRow> rows;
  rows.reserve(left.size() * right.size());
  for (ViewRow& first : left) {
    for (ViewRow& second : right) {
      // Cells that nobody needs any more are moved.
      ViewRow& row = rows.emplace_back();
      row.reserve(first.size() + second.size());
      for (std::string& cell : first)
        row.push_back(&second == &right.back() ? std::move(cell) : cell);
      for (std::string& cell : second)
        row.push_back(&first == &left.back() ? std::move(cell) : cell);
    }
  }
  return rows;
}

void Append(std::vector<ViewRow> more, std::vector<ViewRow>& rows) {
  if (rows.empty()) {
    rows = std::move(more);
  } else {
    std::move(more.begin(), more.end(), std::back_inserter(rows));
  }
}

/// The select's own cells.
Result<ViewRow> OwnCells(const ViewSelect& select, const Evaluator& evaluator, const Focus& focus) {
  ViewRow row;
  row.reserve(select.columns.size());
  for (std::size_t c = 0; c < select.columns.size(); ++c) {
    CLINNOVA_ASSIGN(const Items values, PathValue(select.column_paths[c], evaluator, focus));
    CLINNOVA_ASSIGN(std::string cell, Cell(select.columns[c], values));
    row.push_back(std::move(cell));
  }
  return row;
}

/// The rows for what the select stands on.
Result<std::vector<ViewRow>> RowsAt(const ViewSelect& select, const Evaluator& evaluator,
                                    const Focus& focus) {
  std::vector<ViewRow> rows(1);
  CLINNOVA_ASSIGN(rows.front(), OwnCells(select, evaluator, focus));
  for (const ViewSelect& inner : select.selects) {
    CLINNOVA_ASSIGN(auto more, SelectRows(inner, evaluator, focus));
    rows = Product(std::move(rows), std::move(more));
  }
  if (select.union_all.empty()) return rows;
  std::vector<ViewRow> all;
  for (const ViewSelect& branch : select.union_all) {
    CLINNOVA_ASSIGN(auto more, SelectRows(branch, evaluator, focus));
    Append(std::move(more), all);
  }
  return Product(std::move(rows), std::move(all));
}

Result<Items> Foci(const ViewSelect& select, const Evaluator& evaluator, const Focus& focus) {
  if (select.iteration == ViewSelect::Iteration::kRepeat) {
    ItemList foci(evaluator.environment().memory);
    CLINNOVA_TRY(AppendRepeated(select, evaluator, focus.node, 0, foci));
    return foci.Done();
  }
  return PathValue(select.paths.front(), evaluator, focus);
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

Focus FocusOf(const Evaluator& evaluator, Items node, std::int64_t row_index) {
  const fhirpath::Environment& environment = evaluator.environment();
  return {
      .node = node,
      .defined = environment.memory.New<fhirpath::Defined>("rowIndex", environment.One(row_index))};
}

Result<Items> PathValue(const FhirPath& path, const Evaluator& evaluator, const Focus& focus) {
  return evaluator.Evaluate(path.expression(), {.context = focus.node, .defined = focus.defined});
}

Result<std::vector<ViewRow>> SelectRows(const ViewSelect& select, const Evaluator& evaluator,
                                        const Focus& focus) {
  if (select.iteration == ViewSelect::Iteration::kOnce) return RowsAt(select, evaluator, focus);
  CLINNOVA_ASSIGN(const Items foci, Foci(select, evaluator, focus));
  std::vector<ViewRow> rows;
  for (std::size_t i = 0; i < foci.size(); ++i) {
    const Focus inner = FocusOf(evaluator, foci.subspan(i, 1), static_cast<std::int64_t>(i));
    CLINNOVA_ASSIGN(auto more, RowsAt(select, evaluator, inner));
    Append(std::move(more), rows);
  }
  if (foci.empty() && select.iteration == ViewSelect::Iteration::kForEachOrNull) {
    // Nothing to stand on: one row, in which %rowIndex is 0 and what is inside gives nothing.
    CLINNOVA_ASSIGN(ViewRow row, OwnCells(select, evaluator, FocusOf(evaluator, {}, 0)));
    row.resize(AllColumns(select).size(), "null");
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace clinnova::intake
