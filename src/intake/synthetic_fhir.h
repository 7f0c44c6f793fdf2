// SPDX-License-Identifier: Apache-2.0
// Synthetic patients as a German data integration centre would export them: FHIR R4 bulk NDJSON, one file
// per resource type, after the core data set of the Medical Informatics Initiative (MII): ICD-10-GM with the
// version of its year, PZN and ATC (codes of before 2024 for what began before 2024), LOINC, UCUM,
// consent by MII provision codes. One laboratory in Freiburg (three patients in ten) reports CRP in mg/dL;
// creatinine carries its value in mg/dL in the quantity-translation extension.
#pragma once

#include <memory>

#include "intake/synthetic_export.h"

namespace clinnova::intake {

/// A writer of "de-fhir".
std::unique_ptr<SyntheticWriter> MakeFhirWriter(const WriterOptions& options);

}  // namespace clinnova::intake
