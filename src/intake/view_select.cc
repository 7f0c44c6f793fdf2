// SPDX-License-Identifier: Apache-2.0
// Source: https://sql-on-fhir.org/ig/latest/StructureDefinition-ViewDefinition.html, processing algorithm.
#include "intake/view_select.h"

#include <algorithm>

namespace clinnova::intake {
using fhirpath::Item;
using fhirpath::ItemList;
using fhirpath::Items;

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

Focus RowMaker::FocusOn(Items node, std::int64_t row_index) {
  const Items index = evaluator_.environment().One(row_index);
  return {.node = node, .defined = memory_.New<fhirpath::Defined>("rowIndex", index)};
}

Result<Items> RowMaker::Value(const FhirPath& path, const Focus& focus) const {
  return evaluator_.Evaluate(path.expression(), {.context = focus.node, .defined = focus.defined});
}

/// A node's descendants along the paths, each before what is below it.
Result<void> RowMaker::AppendRepeated(const ViewSelect& select, Items node, int depth,
                                      ItemList& out) {
  if (depth > kDeepestJson)
    return Fail(ErrorCode::kInvalidInput, "repeat: does not come to an end");
  for (const FhirPath& path : select.paths) {
    CLINNOVA_ASSIGN(const Items found, Value(path, FocusOn(node, 0)));
    for (const Item& item : found) {
      out.push_back(item);
      CLINNOVA_TRY(AppendRepeated(select, Items(&item, 1), depth + 1, out));
    }
  }
  return {};
}

Result<std::string_view> RowMaker::Cell(const ViewColumn& column, Items values) {
  if (!column.collection && values.empty()) return std::string_view("null");
  if (!column.collection && values.size() > 1) {
    return Fail(ErrorCode::kInvalidInput,
                "column " + column.name + ": found " + std::to_string(values.size()) +
                    " values, expected one or none (or \"collection\": true)");
  }
  text_.clear();
  if (column.collection) text_ += '[';
  for (const Item& item : values) {
    if (&item != &values.front()) text_ += ',';
    const bool complex = !item.HasValue() && item.node.json && item.node.json->IsObject();
    if (complex || item.As<fhirpath::TypeInfo>()) {
      return Fail(ErrorCode::kInvalidInput,
                  "column " + column.name +
                      ": found a value with elements of its own, expected a primitive");
    }
    AppendValueJson(item, text_);
  }
  if (column.collection) text_ += ']';
  return memory_.Copy(std::string_view(text_));
}

/// Every row of `left` with every row of `right`.
std::vector<ViewRow> RowMaker::Product(const std::vector<ViewRow>& left,
                                       const std::vector<ViewRow>& right) {
  std::vector<ViewRow> rows;
  rows.reserve(left.size() * right.size());
  for (const ViewRow& first : left) {
    for (const ViewRow& second : right) {
      const std::size_t size = first.size() + second.size();
      auto* cells = memory_.Room<std::string_view>(size);
      std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), cells));
      rows.emplace_back(cells, size);
    }
  }
  return rows;
}

/// The select's own cells.
Result<ViewRow> RowMaker::OwnCells(const ViewSelect& select, const Focus& focus) {
  auto* cells = memory_.Room<std::string_view>(select.columns.size());
  for (std::size_t c = 0; c < select.columns.size(); ++c) {
    CLINNOVA_ASSIGN(const Items values, Value(select.column_paths[c], focus));
    CLINNOVA_ASSIGN(cells[c], Cell(select.columns[c], values));
  }
  return ViewRow(cells, select.columns.size());
}

/// The rows for what the select stands on.
Result<std::vector<ViewRow>> RowMaker::RowsAt(const ViewSelect& select, const Focus& focus) {
  CLINNOVA_ASSIGN(const ViewRow own, OwnCells(select, focus));
  std::vector<ViewRow> rows = {own};
  for (const ViewSelect& inner : select.selects) {
    CLINNOVA_ASSIGN(const auto more, Rows(inner, focus));
    rows = Product(rows, more);
  }
  if (select.union_all.empty()) return rows;
  std::vector<ViewRow> all;
  for (const ViewSelect& branch : select.union_all) {
    CLINNOVA_ASSIGN(const auto more, Rows(branch, focus));
    all.insert(all.end(), more.begin(), more.end());
  }
  return Product(rows, all);
}

Result<Items> RowMaker::Foci(const ViewSelect& select, const Focus& focus) {
  if (select.iteration == ViewSelect::Iteration::kRepeat) {
    ItemList foci(memory_);
    CLINNOVA_TRY(AppendRepeated(select, focus.node, 0, foci));
    return foci.Done();
  }
  return Value(select.paths.front(), focus);
}

Result<std::vector<ViewRow>> RowMaker::Rows(const ViewSelect& select, const Focus& focus) {
  if (select.iteration == ViewSelect::Iteration::kOnce) return RowsAt(select, focus);
  CLINNOVA_ASSIGN(const Items foci, Foci(select, focus));
  std::vector<ViewRow> rows;
  for (std::size_t i = 0; i < foci.size(); ++i) {
    const Focus inner = FocusOn(foci.subspan(i, 1), static_cast<std::int64_t>(i));
    CLINNOVA_ASSIGN(const auto more, RowsAt(select, inner));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  if (foci.empty() && select.iteration == ViewSelect::Iteration::kForEachOrNull) {
    // Nothing to stand on: one row, in which %rowIndex is 0 and what is inside gives nothing.
    CLINNOVA_ASSIGN(const ViewRow own, OwnCells(select, FocusOn({}, 0)));
    const std::vector<std::string_view> inside(AllColumns(select).size() - own.size(), "null");
    const std::span<const std::string_view> nothing(inside);
    rows = Product({own}, {nothing});
  }
  return rows;
}

}  // namespace clinnova::intake
