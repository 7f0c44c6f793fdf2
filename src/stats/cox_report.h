// SPDX-License-Identifier: Apache-2.0
// What a result says of a fitted Cox model beside its terms (interfaces.md). Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "stats/cox_baseline.h"
#include "stats/cox_concordance.h"
#include "stats/cox_prediction.h"
#include "stats/cox_zph.h"

namespace clinnova::stats {

/// What is computed at the maximum. Empty or absent is told as null.
struct CoxAfterFit {
  Concordance concordance;
  std::vector<ProportionalityTest> tests;
  std::vector<BaselinePoint> baseline;
  std::vector<std::vector<PredictedSurvival>> predictions;  ///< of each profile of newdata
};

/// Adds concordance, baseline, the test of proportional hazards and what is suppressed.
void ReportAfterFit(const CoxAfterFit& after, nlohmann::ordered_json& result);

/// Adds the predictions, with limits at `level`, one for each of `newdata`.
void ReportPredictions(const CoxAfterFit& after, const nlohmann::json& newdata, double level,
                       nlohmann::ordered_json& result);

}  // namespace clinnova::stats
