// SPDX-License-Identifier: Apache-2.0
// Counts of a numeric variable between breaks: R's hist, bins (a, b] and the first [a, b].
// One round with `breaks`; with `bins` first the range on a coarse public scale (two rounds). Reveals: the pooled
// counts. Bins with 1 to minimum_count - 1 persons are suppressed. Never the minimum and maximum: with `bins` the
// breaks are round numbers that cover the data.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "histogram".
Method HistogramMethod();

}  // namespace clinnova::stats
