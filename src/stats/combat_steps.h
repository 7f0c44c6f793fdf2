// SPDX-License-Identifier: Apache-2.0
// What travels in the two rounds of ComBat, and the site's side of it: the Gram matrix of covariates and features
// centred within each site, and the sums of the features that the site has harmonised.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// Which design columns are covariates and which are features.
struct CombatRoles {
  std::vector<std::size_t> covariates;
  std::vector<std::size_t> features;  ///< in the order of `variables`
};
/// kInvalidInput when a feature is no numeric column.
Result<CombatRoles> CombatRolesOf(const federation::Analysis& analysis,
                                  const table::Design& design);

struct CombatGramParameters {
  FrameClaim claim;
  std::int64_t exponent = 0;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(exponent);
  }
};
enum CombatGramBlock {
  kCombatGram,    ///< all design columns, centred by the site's means
  kCombatSums,    ///< all design columns
  kSitesOfOne,    ///< sites with one row
  kSitesConstant  ///< per design column, sites with more rows at which it does not vary
};

struct CombatAdjustParameters {
  FrameClaim claim;
  bool mean_only = false;
  std::vector<std::uint64_t> features;  ///< those adjusted, as indices into `variables`
  std::vector<double> means;            ///< per design column, standardised scale
  std::vector<double> coefficients;     ///< per adjusted feature, by covariate
  std::vector<double> errors;           ///< per adjusted feature: pooled standard deviation
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(mean_only);
    a(features);
    a(means);
    a(coefficients);
    a(errors);
  }
};
enum CombatAdjustBlock { kHarmonised, kHarmonisedSquares };

extern const federation::TypedStep<CombatGramParameters> kCombatGramStep;
extern const federation::TypedStep<CombatAdjustParameters> kCombatAdjustStep;

}  // namespace clinnova::stats
