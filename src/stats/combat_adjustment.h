// SPDX-License-Identifier: Apache-2.0
// The two parts of ComBat that are no sums over sites: the formula of covariates and features, and a site's own
// empirical Bayes adjustment.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "federation/analysis.h"
#include "table/formula.h"

namespace clinnova::stats {

/// `~ 1 + covariates + features`. kInvalidInput names the key and what does not fit.
Result<table::Formula> FeatureFormula(const federation::Analysis& analysis);

/// One feature's standardised residuals at one site.
struct FeatureMoments {
  double mean = 0;      ///< gamma hat
  double variance = 0;  ///< delta hat, divided by rows - 1
};
struct FeatureAdjustment {
  double shift = 0;  ///< gamma star
  double scale = 1;  ///< delta star, a variance
};

/// The empirical Bayes estimates of one site of `rows` rows, as sva 3.46 finds them: its iteration with its stopping
/// rule, a relative change of 1e-4. With `SiteScale::kKept` variances stay as they are (sva's mean.only).
/// Two or more features.
enum class SiteScale { kAdjusted, kKept };
std::vector<FeatureAdjustment> AdjustSite(const std::vector<FeatureMoments>& features, double rows,
                                          SiteScale scale);

}  // namespace clinnova::stats
