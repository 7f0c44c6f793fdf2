// SPDX-License-Identifier: Apache-2.0
// A ViewDefinition of SQL on FHIR v2 (https://sql-on-fhir.org): which columns a table has, and how its rows
// come out of resources.
//
//   auto view = ViewDefinition::Parse(*ReadJsonFile("patients.view.json"));   // a Result
//   view->columns()[0].name;                                                  // "id"
//   Arena memory;                                                             // of the rows
//   view->Rows(resource, memory);                                             // a Result of the resource's rows
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "intake/fhirpath.h"
#include "intake/resource_files.h"

namespace clinnova::intake {

struct ViewColumn {
  std::string name;
  std::string type;         ///< FHIR's, such as "integer"; empty when not given
  bool collection = false;  ///< values are arrays
};

/// Values as JSON texts, which another owns; "null" where there is none.
using ViewRow = std::span<const std::string_view>;

/// Immutable; any thread may use it.
class ViewDefinition {
 public:
  /// kInvalidInput naming the element of the definition: no resource, an unknown type, a path that is no FHIRPath, an
  /// undefined constant, columns of the same name, branches of a union with different columns, and the like.
  static Result<ViewDefinition> Parse(const JsonTree& definition);
  ~ViewDefinition();
  ViewDefinition(ViewDefinition&&) noexcept;
  ViewDefinition& operator=(ViewDefinition&&) noexcept;

  const std::vector<ViewColumn>& columns() const;
  const std::string& resource() const;

  /// The rows of a resource, in order; none for a resource of another type. kInvalidInput when a path gives what the
  /// definition does not allow: several values for a column that is no collection, a condition that is no truth value.
  /// The rows are put into `memory`.
  Result<std::vector<ViewRow>> Rows(const JsonTree& resource, Arena& memory) const;

 private:
  struct State;
  explicit ViewDefinition(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clinnova::intake
