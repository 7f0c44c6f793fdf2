// SPDX-License-Identifier: Apache-2.0
// Confirmed disability worsening as SQL, so that a study's table has it where the visits are.
//
// The rules are numbers 1 to 4 of decision/progression.h with a fixed baseline and its defaults, over the
// visits of the feature's window; a test holds the two against each other on the same courses. What is
// found here is "CDW at all": relapse-associated or not is a question for decision/.
//
// Source: N. Montobbio et al., Mult. Scler. 30 (2024) 1185-1192 (msprog); the minima of EDSS after
// F. D. Lublin et al., Neurology 83 (2014) 278-286.
// Thread rule: pure function.
#pragma once

#include <string>

#include "cohort/disease_module.h"
#include "cohort/sql_dialect.h"

namespace clinnova::cohort {

/// SELECT person_id, value: 1 where a worsening begins in the window and is confirmed in it, 0 where none
/// does, NULL for a person without a baseline. Precondition: the feature's source is kProgression.
std::string ProgressionSql(const Feature& feature, SqlDialect dialect = SqlDialect::kDuckDb);

}  // namespace clinnova::cohort
