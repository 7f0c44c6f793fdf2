// SPDX-License-Identifier: Apache-2.0
// Principal components: R's prcomp, by the eigenvectors of the pooled covariance or correlation matrix.
//
//   method = "pca"
//   variables = ["crp", "esr", "albumin"]
//   scale = true                           # default; components = 2 keeps the first two
//
// Result: `sdev` of all components, `rotation` {"names": variables, "components": ["PC1", …], "values": one row per
// variable}, `center` and `scale` per variable in order (`scale` is false without), `explained`: the part of the
// variance. Each component's sign is such that its largest loading, the first of those equal in size, is positive.
// H. Hotelling, J. Educ. Psychol. 24 (1933). Reveals: what variable_gram.h says.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "pca".
Method PcaMethod();

}  // namespace clinnova::stats
