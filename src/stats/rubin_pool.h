// SPDX-License-Identifier: Apache-2.0
// Rubin's rules for one number estimated on several completed tables, as R's mice::pool.
//
//   const RubinPool pooled = PoolByRubin(estimates, variances, residual_df);
//   pooled.estimate ± StudentTQuantile(0.975, pooled.df) * sqrt(pooled.total)
//
// Sources: D. B. Rubin, "Multiple Imputation for Nonresponse in Surveys", 1987; J. Barnard, D. B. Rubin, Biometrika 86
// (1999) for the degrees of freedom.
#pragma once

#include <span>

namespace clinnova::stats {

struct RubinPool {
  double estimate = 0;
  double within = 0;   ///< mean variance (mice's ubar)
  double between = 0;  ///< variance of the estimates (b)
  double total = 0;    ///< within + (1 + 1/m) between (t)
  double df = 0;       ///< Barnard and Rubin's
  double riv = 0;      ///< relative increase in variance
  double lambda = 0;   ///< part of the variance that is due to missing values
  double fmi = 0;      ///< fraction of missing information
};

/// Two or more estimates with their variances; `complete_df` are those of the complete table.
RubinPool PoolByRubin(std::span<const double> estimates, std::span<const double> variances,
                      double complete_df);

}  // namespace clinnova::stats
