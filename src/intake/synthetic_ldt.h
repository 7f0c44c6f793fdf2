// SPDX-License-Identifier: Apache-2.0
// Synthetic patients as a German hospital exports them whose laboratories send LDT: the laboratory's values as
// reports in LDT 2 (LDT1014.01) or LDT 3, all else as the hospital's FHIR (synthetic_fhir.h).
//
//   S01LABOR.LDT  LDT 2, field 9106 says DIN 66003      X01LABOR.LDT  CP437      Z01LABOR.LDT  ISO-8859-15
//   Z01BEFUND.LDT LDT 3, always ISO-8859-15, with its SHA-1 sum
//
// A report per patient and visit. Source: as in ldt_reader.h.
#pragma once

#include <memory>

#include "intake/synthetic_export.h"

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeLdt2Writer(const WriterOptions& options);
std::unique_ptr<SyntheticWriter> MakeLdt3Writer(const WriterOptions& options);

}  // namespace clinnova::intake
