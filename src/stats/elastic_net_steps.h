// SPDX-License-Identifier: Apache-2.0
// What travels in the rounds of an elastic net, and the site's side of it: one pass over the rows each.
//
// A row belongs to a fold by what it says and not by where it stands, so that folds are the same for every
// partition of the rows into sites: by the column `fold_column`, else by a hash of the column `id`, else by a hash
// of the row's predictors, response and offset; `seed` makes other folds.
//
// Reveals, over all sites together: ModelFrame's sums; per fold the sums of the response and of each
// standardised column and its square, and how often a column is 0 and 1; then per fold the cross products (gaussian), or score and
// deviance at each coefficient vector asked for, and the information of some (binomial, poisson), which may be that of rounded rows
// (rounded_gram.h); per fold and lambda the loss.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/glm_family.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// At most as many folds as this can be told by a column without `folds`.
inline constexpr std::int64_t kMaximumFolds = 100;

/// The family of an elastic net; kInvalidInput lists those there are. `cox` is not one of them here.
Result<GlmFamily> ElasticNetFamily(const federation::Analysis& analysis);

/// First round: is the response one of the family, and what the folds hold.
struct ElasticNetResponseParameters {
  FrameClaim claim;
  std::int64_t folds = 1;
  std::int64_t size_exponent = 0;  ///< of a standardised value

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
    a(size_exponent);
  }
};
enum ElasticNetResponseBlock {
  kNetCounts,
  kNetFoldRows,      ///< per fold
  kNetFoldResponse,  ///< per fold, of the response less the offset
  kNetFoldSums,      ///< per fold, of every standardised column
  kNetFoldSquares,   ///< per fold, of every standardised column's square
  kNetFoldZeros,     ///< per fold and column
  kNetFoldOnes
};
enum ElasticNetCount {
  kNetInvalidResponse,
  kNetNoFold,     ///< rows whose fold is not a whole number from 1 to the number of folds
  kNetHasOffset,  ///< rows with an offset that is not 0
  kNetOutcomeZero,
  kNetOutcomeOne,
  kNetCountSize
};

/// Gaussian: per fold the cross products of the standardised columns, and with the response, from which `center` is
/// subtracted.
struct ElasticNetGramParameters {
  FrameClaim claim;
  std::int64_t folds = 1;
  double center = 0;
  std::int64_t size_exponent = 0;      ///< of a standardised value
  std::int64_t response_exponent = 0;  ///< of the centred response

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
    a(center);
    a(size_exponent);
    a(response_exponent);
  }
};
enum ElasticNetGramBlock { kNetGram, kNetCross, kNetSquare };

/// Binomial, poisson: score, information and deviance at many coefficient vectors, each of which leaves out one
/// fold or none.
struct ElasticNetScoreParameters {
  FrameClaim claim;
  std::int64_t folds = 1;
  std::vector<std::vector<double>> betas;  ///< standardised scale
  std::vector<std::int64_t> left_out;      ///< per vector: a fold from 1, or 0
  std::vector<std::int64_t> informed;      ///< the vectors whose information is told, ascending
  std::int64_t rounded = 0;                ///< 1: of rounded rows (rounded_gram.h)
  std::int64_t weight_exponent = 0;        ///< rounded: of most weights, even
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;
  std::int64_t deviance_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
    a(betas);
    a(left_out);
    a(informed);
    a(rounded);
    a(weight_exponent);
    a(score_exponent);
    a(information_exponent);
    a(deviance_exponent);
  }
};
enum ElasticNetScoreBlock { kNetScore, kNetInformation, kNetDeviance, kNetInvalidMeans };

/// Deviance of each fold's rows at coefficient vectors of its own, as many for every fold; a probability closer than
/// 1e-5 to 0 or 1 counts as that, as in cv.glmnet.
struct ElasticNetLossParameters {
  FrameClaim claim;
  std::int64_t folds = 1;
  std::vector<std::vector<double>> betas;  ///< [fold * (betas / folds) + k]

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
    a(betas);
  }
};

extern const federation::TypedStep<ElasticNetResponseParameters> kElasticNetResponseStep;
extern const federation::TypedStep<ElasticNetGramParameters> kElasticNetGramStep;
extern const federation::TypedStep<ElasticNetScoreParameters> kElasticNetScoreStep;
extern const federation::TypedStep<ElasticNetLossParameters> kElasticNetLossStep;

}  // namespace clinnova::stats
