// SPDX-License-Identifier: Apache-2.0
// What is wrong with an expression before any data is seen: functions that do not exist, wrong numbers of
// arguments, types that FHIR R4 does not have, and elements that their type does not have.
//
//   CheckFhirPath(model, *tree, "Patient");     // "found no element given1 in HumanName, expected …"
#pragma once

#include "intake/fhir_model.h"
#include "intake/fhirpath_syntax.h"

namespace clinnova::intake::fhirpath {

/// `root` is the type of what the expression is applied to; empty when unknown, and nothing is said of
/// elements then. Where an expression's type cannot be told (a union, a variable, a resource in a Bundle),
/// its elements are not checked. kInvalidInput with one line. Notes the types that the expression names, once
/// instead of at every evaluation (Expression::named).
Result<void> CheckFhirPath(const FhirModel& model, Expression& expression, std::string_view root);

}  // namespace clinnova::intake::fhirpath
