// SPDX-License-Identifier: Apache-2.0
// Synthetic patients as a hospital's openEHR server gives them: compositions in the flat format, one per line.
//
//   compositions.ndjson   per patient one persistent composition, "registration" (person, consent, diagnosis,
//                         medications, procedures, relapses), and one "visit" per visit
//
// Units are UCUM, answers are coded, a result that is no number is a text. Source: as in openehr_reader.h.
#pragma once

#include <memory>

#include "intake/synthetic_export.h"

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeOpenEhrWriter(const WriterOptions& options);

}  // namespace clinnova::intake
