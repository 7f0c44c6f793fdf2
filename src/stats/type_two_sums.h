// SPDX-License-Identifier: Apache-2.0
// Sums of squares of the terms of a linear model, type II: each term after all others that do not contain it.
//
//   CLINNOVA_ASSIGN(const LinearFit fit, FitLinear(federation, analysis));
//   for (const TermSquares& term : TypeTwoSquares(fit)) …
//
// A preflight round (model_frame.h) and two or three of least squares (glm_steps.h) whatever the number of
// terms: all smaller models follow from the largest one's X'X and coefficients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/linear_algebra.h"
#include "table/formula.h"

namespace clinnova::stats {

/// A linear model fitted by least squares, on standardised columns.
struct LinearFit {
  std::int64_t n = 0;
  std::int64_t n_missing = 0;
  std::vector<table::Term> terms;
  std::vector<int> assign;   ///< per column its term, 0 = intercept
  Matrix gram;               ///< X'X
  std::vector<double> beta;  ///< 0 at columns that depend on those before them
  double residual_squares = 0;
  double residual_df = 0;
};

Result<LinearFit> FitLinear(federation::Federation& federation,
                            const federation::Analysis& analysis);

struct TermSquares {
  std::string term;
  std::int64_t df = 0;
  double squares = 0;
};
/// The sum of the squared fitted values.
double FittedSquares(const LinearFit& fit);
/// One per term, in order; `df` is 0 where nothing of a term can be estimated.
std::vector<TermSquares> TypeTwoSquares(const LinearFit& fit);

/// The steps that FitLinear may run.
std::vector<const federation::Step*> LinearFitSteps();

}  // namespace clinnova::stats
