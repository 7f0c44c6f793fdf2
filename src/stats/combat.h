// SPDX-License-Identifier: Apache-2.0
// Harmonises features measured at different sites: ComBat's location and scale adjustment with empirical Bayes, equal
// to R's sva::ComBat with the site as batch.
//
//   method = "combat"
//   variables = ["volume_a", "volume_b", "volume_c"]    # features, two or more
//   covariates = ["age", "sex"]                          # whose effects are kept
//   mean_only = false
//
// A feature is alpha_site + x'beta + error. One round adds the Gram matrix of covariates and features, centred within
// each site: beta, the grand means and the pooled variances follow from it, no site's alpha does. With these each site
// finds its own shift and scale and shrinks them by priors over its features (W. E. Johnson, C. Li, A. Rabinovic,
// Biostatistics 8 (2007)); they stay there. The last round adds the harmonised features and their squares.
// A feature that does not vary at some site is left as it is, and a site of one row makes the adjustment mean-only,
// as in sva.
//
// Reveals, to the hub and the researcher: what model_frame.h says of covariates and features; the pooled within-site
// Gram matrix; how many sites have one row, and per feature how many sites do not vary; sums of the harmonised features
// and of their squares. Needs rules 1 to 4 of privacy.md. The result depends on who is where: that is its purpose.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "combat".
Method CombatMethod();

}  // namespace clinnova::stats
