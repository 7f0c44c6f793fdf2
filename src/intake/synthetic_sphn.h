// SPDX-License-Identifier: Apache-2.0
// Synthetic patients as a Swiss hospital delivers them to SPHN: RDF in Turtle, a file per patient.
//
//   patient_000042.ttl   person, consent, diagnosis, cases, laboratory tests, assessments, drugs, procedures
//
// What SPHN's schema has no class of its own for (questionnaires, relapses, the reason for stopping a drug) is an
// AssessmentEvent with the project's code. Units are UCUM's IRIs; haemoglobin g/L, calprotectin mg/kg,
// neurofilament ng/L. Source: as in sphn_graph.h.
#pragma once

#include <memory>

#include "intake/synthetic_export.h"

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeSphnWriter(const WriterOptions& options);

}  // namespace clinnova::intake
