// SPDX-License-Identifier: Apache-2.0
// For tests: treatment choices over tables in memory.
//
//   RunOne(ChoiceOf("[\"x\"]", "between_sites"), sites);      // of the columns y, drug and id, in three folds
#pragma once

#include <string>

#include "learn/learners.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::learn {

[[maybe_unused]] inline const bool kWithLearners = (RegisterLearners(), true);

using stats::Answer;
using stats::RunOne;
using table::Table;

/// An analysis with these covariates (a TOML list) and this evaluation alone.
inline std::string ChoiceOf(const std::string& covariates, const std::string& evaluation) {
  return "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\ncovariates = " +
         covariates + "\nid = \"id\"\nfolds = 3\nevaluation = [\"" + evaluation + "\"]\n";
}

}  // namespace clinnova::learn
