// SPDX-License-Identifier: Apache-2.0
// FHIRPath over FHIR R4 resources (HL7 FHIRPath N1, http://hl7.org/fhirpath/N1, and
// http://hl7.org/fhir/R4/fhirpath.html).
//
//   auto path = FhirPath::Parse("name.where(use = 'official').given.first()", "Patient");
//   auto resource = ParseJsonTree(text);
//   auto items = path->Evaluate({}, path->Root(*resource));       // a Result of a Collection
//   ItemsJson(*items);                    // [{"type":"string","value":"Peter"}]
//
// What it does not do says so: memberOf(), subsumes() (a terminology server), elementDefinition(), slice(),
// htmlChecks() (structure definitions), conformsTo() of other than FHIR's own types.
#pragma once

#include <memory>

#include "intake/fhirpath_scope.h"

namespace clinnova::intake {

/// A checked expression. Immutable; any thread may use it.
class FhirPath {
 public:
  struct Options {
    std::map<std::string, fhirpath::Collection, std::less<>> variables = {};  ///< %name
    std::function<void(std::string_view, const fhirpath::Collection&)> trace = {};
    std::optional<Temporal> now = {};  ///< the clock's time where not given
  };

  /// kInvalidInput with one line: a syntax error, an unknown function or type, or an element that `root`, the
  /// type the expression is for, does not have (unchecked when empty).
  static Result<FhirPath> Parse(std::string_view text, std::string_view root);
  ~FhirPath();
  FhirPath(FhirPath&&) noexcept;
  FhirPath& operator=(FhirPath&&) noexcept;

  /// A document as what an expression is applied to; the items point into `document`.
  static fhirpath::Collection Root(const JsonTree& document);

  /// The expression's value for `context`, which is also %context and %resource. kInvalidInput where FHIRPath
  /// calls it an error (several items where one is expected, types that do not go together).
  Result<fhirpath::Collection> Evaluate(const Options& options,
                                        const fhirpath::Collection& context) const;
  /// As above, with `root` as %context and %resource, and resolve() looking there.
  Result<fhirpath::Collection> Evaluate(const Options& options, const fhirpath::Collection& context,
                                        const fhirpath::Collection& root) const;

  const fhirpath::Expression& expression() const { return *expression_; }

 private:
  explicit FhirPath(std::unique_ptr<fhirpath::Expression> expression);
  std::unique_ptr<fhirpath::Expression> expression_;
};

/// [{"type":…,"value":…},…]
std::string ItemsJson(const fhirpath::Collection& items);

}  // namespace clinnova::intake
