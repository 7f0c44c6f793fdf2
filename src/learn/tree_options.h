// SPDX-License-Identifier: Apache-2.0
// Options of boosted trees and random forests, by xgboost's names where it has them, checked one by one.
#pragma once

#include "learn/boosting.h"

namespace clinnova::learn {

/// What boosted_trees is asked for; `survival`: the outcome is Surv(). kInvalidInput names the option, what was found
/// and what was expected.
Result<BoostingSettings> BoostingSettingsOf(const federation::Analysis& analysis, bool survival);

/// A number in [low, high], or kInvalidInput.
Result<double> NumberWithin(const federation::Analysis& analysis, const char* key, double otherwise,
                            double low, double high);
Result<std::int64_t> IntegerWithin(const federation::Analysis& analysis, const char* key,
                                   std::int64_t otherwise, std::int64_t low, std::int64_t high);

}  // namespace clinnova::learn
