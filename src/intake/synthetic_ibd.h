// SPDX-License-Identifier: Apache-2.0
// Synthetic patients with Crohn's disease and ulcerative colitis who begin a TNF inhibitor, vedolizumab or
// an inhibitor of interleukin 12/23 or 23: remission, steroid-free remission and endoscopic remission at
// weeks 14 and 52 under each of the three. docs/synthetic-data.md has the model, IbdModelParameters() its
// numbers.
//
//   const SyntheticPatient patient = DrawCrohn({.seed = 7, .site = SyntheticSite::kBasel}, 42);
//   patient.outcomes[0].name           // "remission_w14"
//
// Source: our own model. Remission: Harvey-Bradshaw index of at most 4, partial Mayo score of at most 1;
// endoscopic remission: SES-CD of at most 2, Mayo endoscopy of at most 1. Nothing is fitted to real patients.
// Thread rule: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "intake/synthetic_patient.h"

namespace clinnova::intake {

SyntheticPatient DrawCrohn(const CohortOptions& options, std::uint64_t index);
SyntheticPatient DrawColitis(const CohortOptions& options, std::uint64_t index);
/// Crohn's disease with probability 0.58: the patient that DrawCrohn or DrawColitis gives.
SyntheticPatient DrawIbd(const CohortOptions& options, std::uint64_t index);

nlohmann::ordered_json IbdModelParameters(const CohortOptions& options);

}  // namespace clinnova::intake
