// SPDX-License-Identifier: Apache-2.0
// Each fold's propensities, from the rows outside it: multinomial logits with a normal prior on every coefficient but
// the intercepts, all folds' Newton steps in the same rounds.
//
//   CLINNOVA_ASSIGN(const auto gammas, FitPropensities(federation, analysis, frame, split, precisions));
//
// Source: S. le Cessie, J. C. van Houwelingen, J. R. Stat. Soc. C 41 (1992), for the prior as a ridge.
// Reveals: the step choice.propensity of choice_steps.h.
#pragma once

#include <vector>

#include "federation/federation.h"
#include "learn/choice_steps.h"
#include "stats/linear_algebra.h"
#include "stats/model_frame.h"

namespace clinnova::learn {

/// By fold the coefficients of arms 1… against the first: (arms - 1) * columns, standardised scale. `precisions` are
/// the prior's, by column. kFailed when a fit does not converge.
Result<std::vector<std::vector<double>>> FitPropensities(federation::Federation& federation,
                                                         const federation::Analysis& analysis,
                                                         const stats::ModelFrame& frame,
                                                         const ChoiceSplit& split,
                                                         const std::vector<double>& precisions);

/// The square matrix over `odds` arms and `columns` columns each, from lower triangles by every two arms, b >= c, that
/// begin with number `first` of them in a block.
stats::Matrix OddsProducts(const federation::PooledSums& sums, std::size_t block, std::size_t first,
                           std::size_t odds, std::size_t columns);

}  // namespace clinnova::learn
