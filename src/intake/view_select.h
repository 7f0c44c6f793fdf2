// SPDX-License-Identifier: Apache-2.0
// The select of a ViewDefinition as it is evaluated; view_definition.h is the door.
//
//   ViewSelect select = …;                           // built by ViewDefinition::Parse
//   RowMaker maker(evaluator);
//   maker.Rows(select, maker.FocusOn(node, 0));      // the rows for one node
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intake/view_definition.h"

namespace clinnova::intake {

/// One select: what it goes through, its own columns, and what stands inside it.
struct ViewSelect {
  enum class Iteration { kOnce, kForEach, kForEachOrNull, kRepeat };

  Iteration iteration = Iteration::kOnce;
  std::vector<FhirPath> paths;  ///< one for forEach, one or more for repeat
  std::vector<ViewColumn> columns;
  std::vector<FhirPath> column_paths;
  std::vector<ViewSelect> selects;
  std::vector<ViewSelect> union_all;
};

/// The columns of a select and of all in it, in the order of its rows: its own, its selects', its union's.
std::vector<ViewColumn> AllColumns(const ViewSelect& select);

/// What paths are evaluated for: a node, or nothing, and %rowIndex.
struct Focus {
  fhirpath::Items node;                        // not owned, outlives this
  const fhirpath::Defined* defined = nullptr;  // not owned, outlives this
};

/// Makes rows in the evaluator's memory. Errors as ViewDefinition::Rows. One thread at a time.
class RowMaker {
 public:
  /// `evaluator` is not owned and outlives this.
  explicit RowMaker(const fhirpath::Evaluator& evaluator)
      : evaluator_(evaluator), memory_(evaluator.environment().memory) {}

  Focus FocusOn(fhirpath::Items node, std::int64_t row_index);
  /// The value of a path for a focus.
  Result<fhirpath::Items> Value(const FhirPath& path, const Focus& focus) const;
  /// The rows for a focus.
  Result<std::vector<ViewRow>> Rows(const ViewSelect& select, const Focus& focus);

 private:
  Result<std::vector<ViewRow>> RowsAt(const ViewSelect& select, const Focus& focus);
  Result<ViewRow> OwnCells(const ViewSelect& select, const Focus& focus);
  Result<std::string_view> Cell(const ViewColumn& column, fhirpath::Items values);
  Result<fhirpath::Items> Foci(const ViewSelect& select, const Focus& focus);
  Result<void> AppendRepeated(const ViewSelect& select, fhirpath::Items node, int depth,
                              fhirpath::ItemList& out);
  std::vector<ViewRow> Product(const std::vector<ViewRow>& left, const std::vector<ViewRow>& right);

  const fhirpath::Evaluator& evaluator_;
  Arena& memory_;
  std::string text_;  ///< of the cell that is being made
};

}  // namespace clinnova::intake
