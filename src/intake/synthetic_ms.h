// SPDX-License-Identifier: Apache-2.0
// Synthetic patients with multiple sclerosis who begin a platform drug, an S1P modulator or a CD20 antibody:
// relapses, confirmed worsening and MRI activity within 24 months, and NEDA-3 (none of them), under each of
// the three. docs/synthetic-data.md has the model, MsModelParameters() its numbers.
//
//   const SyntheticPatient patient = DrawMs({.seed = 7, .site = SyntheticSite::kBasel}, 42);
//   patient.outcomes[0].name           // "neda3_24m"
//
// Source: our own model; confirmed worsening after decision/progression.h. Nothing is fitted to real patients.
// Thread rule: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "intake/synthetic_patient.h"

namespace clinnova::intake {

SyntheticPatient DrawMs(const CohortOptions& options, std::uint64_t index);

nlohmann::ordered_json MsModelParameters(const CohortOptions& options);

}  // namespace clinnova::intake
