// SPDX-License-Identifier: Apache-2.0
// The select of a ViewDefinition as it is evaluated; view_definition.h is the door.
//
//   ViewSelect select = …;                           // built by ViewDefinition::Parse
//   SelectRows(select, evaluator, FocusOf(evaluator, node, 0));      // the rows for one node
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
/// `row_index` is put into the evaluator's memory.
Focus FocusOf(const fhirpath::Evaluator& evaluator, fhirpath::Items node, std::int64_t row_index);

/// The value of a path for a focus.
Result<fhirpath::Items> PathValue(const FhirPath& path, const fhirpath::Evaluator& evaluator,
                                  const Focus& focus);

/// The rows for a focus. Errors as ViewDefinition::Rows.
Result<std::vector<ViewRow>> SelectRows(const ViewSelect& select,
                                        const fhirpath::Evaluator& evaluator, const Focus& focus);

}  // namespace clinnova::intake
