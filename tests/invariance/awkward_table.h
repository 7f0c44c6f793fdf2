// SPDX-License-Identifier: Apache-2.0
// A table that is hard on sums: columns of very different scales and of a distant mean, values missing here and
// there, ties, weights of zero, a rare level. Over two batches of rows, so that threads share them.
#pragma once

#include "table/table.h"

namespace clinnova::invariance {

/// Columns: y (number), b (0, 1), count, g (positive), x, far (mean 1e6), tiny (1e-9), stage (1, 2, 3) with
/// factor(stage), arm (3 levels, "rare" for the last ids only), sex, w (weights, some 0), years (offset), id,
/// t (days), s (fractional times), entry (before t), d (0, 1), two (1, 2), wins, losses, chance (prediction of b); of each id begin,
/// until and fate (0, 1, 2; in the last), rows without a gap, loyal (weight) and ward, which are the person's.
table::Table AwkwardTable();

}  // namespace clinnova::invariance
