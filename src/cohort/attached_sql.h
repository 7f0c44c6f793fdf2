// SPDX-License-Identifier: Apache-2.0
// What a study's statement needs besides over a CDM that was made elsewhere (store/attached_cdm.h). Private to
// this room.
//
// The rows of the cohort's persons and of the study's concepts are read once, under the names of their tables;
// the features then are the same expressions as over Clinnova's own CDM. Measurements there are in the units of
// their concepts because Clinnova's import made them so; here the statement does: a value in another unit of
// the same dimension is converted, one whose unit is unknown or measures something else is missing.
#pragma once

#include <string>
#include <vector>

#include "cohort/disease_module.h"

namespace clinnova::cohort {

/// ",\n"-separated common table expressions that follow `set_member` and `cohort`: unit, unit_factor and one per
/// CDM table that `features` read. kInvalidInput: a feature's unit is none that Clinnova knows.
Result<std::string> AttachedRowsSql(const DiseaseModule& module,
                                    const std::vector<const Feature*>& features);

}  // namespace clinnova::cohort
