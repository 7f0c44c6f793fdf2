// SPDX-License-Identifier: Apache-2.0
// Linear mixed models with random effects of one group, or of two, nested or crossed, equal to lme4's lmer on the pooled rows.
//
//   method = "mixed", formula = "das28 ~ drug + age + (1 | site)"       centres differ in level
//   method = "mixed", formula = "edss ~ years + (years | patient)"      patients in level and course
//   method = "mixed", formula = "edss ~ years + (1 | site) + (years | patient)"    courses, and the sites around them
//   method = "mixed", formula = "edss ~ years + (years | site/patient)"            sites differ in course, too
//   method = "mixed", formula = "edss ~ years + (years || patient)"                level and course uncorrelated
//   method = "mixed", formula = "score ~ visit + (1 | patient) + (1 | rater)"   raters who see many patients, at one site
//
// `weights` names case weights: the residual variance of a row is that of the model divided by its weight.
//
// The deviance, profiled over coefficients and residual variance, is minimised in theta (random_effects.h)
// by Newton's method from the best point of a grid; its value, gradient and Hessian at several points come
// from the sums of one round. The last step is taken on the second-order expansion of the sums, so that
// the result is exact to the third order of a step below 1e-7. Rounds: model frame, least squares, grid
// (with derivatives for one effect per cluster), 3 or 4 Newton steps, with two groups about 7, and the sites' effects.
// Source: D. Bates, M. Maechler, B. Bolker, S. Walker, J. Stat. Softw. 67(1), 2015; sums over clusters that
// lie inside sites: C. Luo et al., Nat. Commun. 13, 1678 (2022), here without any site's own sums.
//
// Reveals, to the hub and the researcher: what linear_mixed_steps.h says. Needs rules 1 to 4 of privacy.md;
// refuses fewer clusters than the threshold unless the sites are the clusters.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "federation/federation.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// The result's fields of a linear mixed model. kInvalidInput for a random part that is not there yet.
Result<nlohmann::ordered_json> FitLinearMixed(federation::Federation& federation,
                                              const federation::Analysis& analysis,
                                              const ModelFrame& frame);
/// The steps that it runs, beside those of the model frame.
std::vector<const federation::Step*> LinearMixedSteps();

}  // namespace clinnova::stats
