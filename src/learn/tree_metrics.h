// SPDX-License-Identifier: Apache-2.0
// How good an ensemble's scores are, pooled over the sites by sums: on the rows that it learned from, and on rows that it
// did not see.
//
//   CLINNOVA_ASSIGN(auto metrics, Measure(federation, problem, fit.claim, {Evaluation::kTrain, Evaluation::kFolds}));
//   metrics[1].json;            // {"n", "events", "auc", "log_loss", "brier"}
//
// logistic: auc (exact for up to about 16,000 rows; with more, or under disclosure rules, scores of one cell of
// cell_search.h count as tied), log_loss, brier. squared: rmse, mae, r_squared. poisson: rmse, mae, loss (mean of
// mu - y log mu). cox: concordance of pairs within a site and stratum (O'Quigley's C, as survival::concordance).
// Left-out sites: pairs within a site only, since a score's scale may differ between sites.
//
// Reveals, to the hub: how many rows of either outcome have scores in which range; to the researcher: the numbers above.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "learn/tree_growth.h"

namespace clinnova::learn {

/// One object per evaluation, or null where disclosure rules do not let it be told (fewer than minimum_count of either
/// outcome).
Result<std::vector<nlohmann::ordered_json>> Measure(federation::Federation& federation,
                                                    const TreeProblem& problem,
                                                    const TreeClaim& claim,
                                                    const std::vector<Evaluation>& evaluations,
                                                    bool binary);

/// The same of each site left out, by the names of the sites: one {"site", …} each.
Result<std::vector<nlohmann::ordered_json>> MeasureSites(federation::Federation& federation,
                                                         const TreeProblem& problem,
                                                         const TreeClaim& claim, bool binary);

}  // namespace clinnova::learn
