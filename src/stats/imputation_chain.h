// SPDX-License-Identifier: Apache-2.0
// The coordinator's side of chained equations: from what is observed to the coefficients of every visit.
//
//   CLINNOVA_ASSIGN(const ImputationChain chain, RunChain(federation, analysis));
//   if (chain.converged) … sums over completed tables with chain.claim …
#pragma once

#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/imputation_rows.h"
#include "stats/linear_algebra.h"

namespace clinnova::stats {

struct ImputationChain {
  ImputationClaim claim;  ///< with every draw
  std::int64_t rows = 0;
  std::int64_t incomplete_rows = 0;
  bool converged = true;
  std::string warning;  ///< why not
};

/// Errors: kRefused by a disclosure rule; kInvalidInput for options or columns that do not fit.
Result<ImputationChain> RunChain(federation::Federation& federation,
                                 const federation::Analysis& analysis);

/// Lower triangle L with L L' = a symmetric non-negative matrix; zero rows stay zero.
Matrix CholeskyRoot(const Matrix& matrix);

}  // namespace clinnova::stats
