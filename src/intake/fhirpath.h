// SPDX-License-Identifier: Apache-2.0
// FHIRPath over FHIR R4 resources (HL7 FHIRPath N1, http://hl7.org/fhirpath/N1, and
// http://hl7.org/fhir/R4/fhirpath.html).
//
//   auto path = FhirPath::Parse("name.where(use = 'official').given.first()", "Patient");
//   auto resource = ParseJsonTree(text);
//   Arena memory;                                                 // of the items
//   auto items = path->Evaluate({}, path->Root(resource->root()), memory);   // a Result of Items
//   ItemsJson(*items);                    // [{"type":"string","value":"Peter"}]
//
// What it does not do says so: memberOf(), subsumes() of different codes (a terminology server), elementDefinition(),
// slice() (structure definitions), conformsTo() of other than FHIR's own types.
#pragma once

#include <memory>

#include "intake/fhirpath_scope.h"

namespace clinnova::intake {

/// A checked expression. Immutable; any thread may use it.
class FhirPath {
 public:
  struct Options {
    fhirpath::Variables variables = {};  ///< %name
    fhirpath::TraceFunction trace = {};
    std::optional<Temporal> now = {};  ///< the clock's time where not given
  };

  /// kInvalidInput with one line: a syntax error, an unknown function or type, or an element that `root`, the
  /// type the expression is for, does not have (unchecked when empty).
  static Result<FhirPath> Parse(std::string_view text, std::string_view root);
  ~FhirPath();
  FhirPath(FhirPath&&) noexcept;
  FhirPath& operator=(FhirPath&&) noexcept;

  /// A resource as what an expression is applied to; the item points into the tree.
  static fhirpath::Item Root(const JsonTree& resource);

  /// The expression's value for `root`, which is also %context and %resource. kInvalidInput where FHIRPath calls it
  /// an error (several items where one is expected, types that do not go together). The items point into the
  /// resource, this expression, `options` and `memory`.
  Result<fhirpath::Items> Evaluate(const Options& options, const fhirpath::Item& root,
                                   Arena& memory) const;

  const fhirpath::Expression& expression() const { return *expression_; }

 private:
  FhirPath(std::unique_ptr<fhirpath::Expression> expression, Arena memory);
  std::unique_ptr<fhirpath::Expression> expression_;
  Arena memory_;  ///< of its names and literals
};

/// [{"type":…,"value":…},…]
std::string ItemsJson(fhirpath::Items items);

}  // namespace clinnova::intake
