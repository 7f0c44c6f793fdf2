// SPDX-License-Identifier: Apache-2.0
// Lasso, ridge and elastic net for gaussian, binomial and poisson outcomes and survival times: R's glmnet, and
// cv.glmnet where folds are asked for.
//
//   minimise  -loglik / n + lambda * sum_j (alpha |b_j s_j| + (1 - alpha) / 2 (b_j s_j)^2)
//
// s_j is the standard deviation (divisor n) of column j, or 1 with `standardize = false`; gaussian: the
// loss is RSS / (2 n), and the ridge part is divided by the response's standard deviation, as glmnet does.
// Rounds: one for the model frame, one for the response; gaussian one more for any number of lambdas and folds;
// binomial and poisson about eight for a whole path with its folds (ten to twenty of many columns), since all lambdas
// advance together (elastic_net_solver.h), and one more for the folds' losses.
// A Cox model takes as many, times what its risk sets need where strata cross sites (elastic_net_cox.h).
// Source: J. Friedman, T. Hastie, R. Tibshirani, J. Stat. Softw. 33(1), 2010. The conditions of the minimum hold to
// 1e-9 of the largest gradient or better, as `kkt_violation` says; usually to 1e-14.
//
// Reveals, to the hub and the researcher: what elastic_net_steps.h and elastic_net_cox.h say. Needs rules 1 to 4 of privacy.md; rules 2
// and 3 hold for each fold, too.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "elastic_net".
Method ElasticNetMethod();

}  // namespace clinnova::stats
