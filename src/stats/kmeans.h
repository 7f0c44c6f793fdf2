// SPDX-License-Identifier: Apache-2.0
// k-means clusters by Lloyd's algorithm on sums: R's kmeans(algorithm = "Lloyd").
//
//   method = "kmeans"
//   variables = ["crp", "das28"]
//   centers = 3                            # or: initial = [[5, 2.6], [20, 4.1], [60, 6.0]], in the units of the data
//   scale = true                           # default false: distances in the variables' own units
//
// Without `initial` the first of `starts` (5) begins along the first principal component, the others at points
// drawn with `seed` from the normal distribution that has the data's means and covariances; all run side by side
// and the smallest `tot_withinss` wins. Result: `centers` {"names", "values": one row per cluster} on the scale
// clustered, as kmeans(scale(x)) gives them, with `center` and `scale` to turn them back; `size`, `withinss`,
// `tot_withinss`, `betweenss`, `totss`, `iterations`.
// S. P. Lloyd, IEEE Trans. Inf. Theory 28 (1982).
//
// Reveals: what variable_gram.h says; cluster sizes, sums and squares of every iteration. With a threshold, sums
// are asked for only where no cluster has from 1 to threshold - 1 persons and no fewer than that move between two
// clusters (else two iterations' sums would differ by one person's values): such a run stops before.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "kmeans".
Method KmeansMethod();

}  // namespace clinnova::stats
