// SPDX-License-Identifier: Apache-2.0
// The coordinator's rounds of a treatment effect: from the model frame to means and their covariance.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/effect_rows.h"
#include "stats/newton_iteration.h"

namespace clinnova::stats {

/// What the rounds found; numbers mean something when `converged`.
struct EffectFit {
  bool converged = false;
  bool binary = false;
  std::vector<std::string> warnings;
  std::vector<std::int64_t> arm_counts;
  std::int64_t trimmed = 0;
  std::optional<NewtonIteration> propensity;  ///< on the standardised scale
  std::vector<double> means;
  Matrix covariance;                   ///< of the means, stacked
  Matrix plain;                        ///< of the means, as if the models were known
  std::vector<double> weight_sums;     ///< by arm
  std::vector<double> weight_squares;  ///< by arm
  Matrix column_means;                 ///< by arm and column, standardised scale
  Matrix column_variances;
  Matrix weighted_means;  ///< by arm and column; empty without weights
};

/// Errors: kRefused by a disclosure rule; kInvalidInput when the outcome does not fit the options.
Result<EffectFit> FitEffect(federation::Federation& federation,
                            const federation::Analysis& analysis, const EffectOptions& options,
                            const ModelFrame& frame);

}  // namespace clinnova::stats
