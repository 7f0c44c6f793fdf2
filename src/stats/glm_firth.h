// SPDX-License-Identifier: Apache-2.0
// Firth's penalised likelihood for logistic regression, equal to R's logistf: the log-likelihood plus half the
// logarithm of the information's determinant (Jeffreys' prior), whose maximum is finite also where the outcome is
// separated by the terms.
//
//   a batch:        AddThirdMoments(bread, batch, sums);
//   coordinator:    std::vector<double> step = StepOfFirth(sums, factor, aliased);
//
// With V = sum w x x' the information, its derivatives T_j = sum w (1 - 2 mu) x_j x x' give the penalised score
// U_j + tr(V^-1 T_j) / 2 without a second pass over the rows, and most of its derivative, so that the iteration is
// Newton's: one round for each step, also where outcomes are separated and the usual scoring hardly converges.
// Sources: D. Firth, Biometrika 80 (1993); G. Heinze, M. Schemper, Stat. Med. 21 (2002). The covariance is V^-1 at the
// maximum, as logistf's.
//
// Reveals, beside what every logistic model reveals: the pooled third moments T_j, and sums of w (1 - 6 w) h x x'.
#pragma once

#include <vector>

#include "federation/exact_sums.h"
#include "stats/glm_rows.h"
#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// Numbers of the third moments of p columns: j, k, l with l <= k <= j.
std::size_t ThirdMoments(std::size_t p);

/// Adds kGlmThirdMoments, and sets second_weight to w (1 - 6 mu (1 - mu)) x'Bx. B, the bread, is the inverse
/// information of the round before, row by row, of the standardised columns.
void AddThirdMoments(const std::vector<double>& bread, GlmBatch& batch,
                     federation::ExactSums& sums);

/// A Newton step on the standardised scale; `factor` is that of the information on the estimable columns.
std::vector<double> StepOfFirth(const federation::PooledSums& sums, const SymmetricFactor& factor,
                                const std::vector<bool>& aliased);

/// log_likelihood + ln |I| / 2 on the original columns' scale. `information` is the factor on the standardised
/// columns, `inverse_scale` their factors; aliased columns are left out.
double PenalisedLogLikelihood(double log_likelihood, const SymmetricFactor& information,
                              const std::vector<double>& inverse_scale);

}  // namespace clinnova::stats
