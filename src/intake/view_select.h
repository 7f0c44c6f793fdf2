// SPDX-License-Identifier: Apache-2.0
// The select of a ViewDefinition as it is evaluated; view_definition.h is the door.
//
//   ViewSelect select = …;                           // built by ViewDefinition::Parse
//   SelectRows(select, evaluator, node, 0);          // the rows for one node
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

/// The rows for `node`; `row_index` is %rowIndex where nothing is gone through. Errors as ViewDefinition::Rows.
Result<std::vector<ViewRow>> SelectRows(const ViewSelect& select,
                                        const fhirpath::Evaluator& evaluator,
                                        const fhirpath::Item& node, std::int64_t row_index);

/// The value of a path for a node, or for none.
Result<fhirpath::Collection> PathValue(const FhirPath& path, const fhirpath::Evaluator& evaluator,
                                       const fhirpath::Collection& node, std::int64_t row_index);

}  // namespace clinnova::intake
