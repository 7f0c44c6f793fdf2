// SPDX-License-Identifier: Apache-2.0
// What an analysis of method "effect" asks for, as the site and the coordinator read it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/analysis.h"
#include "table/design.h"

namespace clinnova::stats {

enum class Estimator { kIpw, kAipw, kGcomp, kOverlap, kTmle };
/// Whom the effect is about: everybody, those on the treatment of interest, those in equipoise.
enum class Estimand { kAte, kAtt, kAto };

struct EffectOptions {
  Estimator estimator = Estimator::kIpw;
  Estimand estimand = Estimand::kAte;
  double trim = 0;  ///< persons with a propensity below it are left out of the means
  std::string
      outcome_family;   ///< "gaussian", "binomial"; "" = binomial when every outcome is 0 or 1
  std::string treated;  ///< of whom the ATT is; "" = the second of two levels
  double confidence_level = 0.95;

  bool weighted() const { return estimator == Estimator::kIpw || estimator == Estimator::kOverlap; }
  bool needs_propensity() const { return estimator != Estimator::kGcomp; }
  bool needs_outcome_models() const { return !weighted(); }
};

/// kInvalidInput names the option, what was found and what was expected.
Result<EffectOptions> EffectOptionsOf(const federation::Analysis& analysis);

/// The arm whose persons the ATT is about; 0 for other estimands.
Result<std::size_t> FocalArm(const EffectOptions& options, const std::vector<std::string>& levels);

}  // namespace clinnova::stats
