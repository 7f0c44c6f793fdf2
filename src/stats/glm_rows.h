// SPDX-License-Identifier: Apache-2.0
// How the steps of a generalised linear model see one batch of a site's rows. Reveals nothing: what leaves is the
// steps' affair.
#pragma once

#include <vector>

#include "federation/analysis.h"
#include "stats/glm_family.h"
#include "table/design.h"

namespace clinnova::stats {

/// One batch's rows as the family sees them.
struct GlmBatch {
  table::DesignBatch design;
  std::vector<double> y = std::vector<double>(table::kBatchRows);       ///< a fraction for counts
  std::vector<double> weight = std::vector<double>(table::kBatchRows);  ///< prior times trials
  std::vector<double> trials = std::vector<double>(table::kBatchRows);
  std::vector<double> eta = std::vector<double>(table::kBatchRows);
  std::vector<double> mu = std::vector<double>(table::kBatchRows);
  std::vector<double> mu_eta = std::vector<double>(table::kBatchRows);
  std::vector<double> working_weight = std::vector<double>(table::kBatchRows);
  std::vector<double> working_score = std::vector<double>(table::kBatchRows);
  /// Weights of the second information: the observed one, or Firth's with the added half observations.
  std::vector<double> second_weight = std::vector<double>(table::kBatchRows);
};

/// The family of a glm analysis, "negative_binomial" among them; kInvalidInput lists the words there are.
Result<GlmFamily> GlmFamilyOf(const federation::Analysis& analysis);

}  // namespace clinnova::stats
