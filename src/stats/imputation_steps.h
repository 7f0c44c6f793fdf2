// SPDX-License-Identifier: Apache-2.0
// What travels in the rounds of multiple imputation, and the site's side of it: what is observed, the sums of one
// variable's imputation model in all imputations at once, and those of the analysis on all completed tables.
#pragma once

#include <cstdint>
#include <vector>

#include "stats/imputation_rows.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

struct ImputationObservedParameters {
  template <class A>
  void Fields(A&) {}
};
enum ObservedBlock {
  kAllRows,         ///< rows; rows with a missing variable
  kObservedRows,    ///< by variable
  kObservedLevels,  ///< by variable: by level of a factor; of a number 0, 1 and others
  kObservedSums,    ///< by variable
  kObservedSquares
};

/// Sums over the rows in which `variable` is observed.
struct ImputationModelParameters {
  ImputationClaim claim;
  std::uint64_t variable = 0;
  std::vector<double>
      points;  ///< categorical: by imputation and level after the first; empty = at 0
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(variable);
    a(points);
    a(score_exponent);
    a(information_exponent);
  }
};
/// Each by imputation. Numeric: X'y, X'X, y'y; categorical: score, information (pairs of levels), log-likelihood.
enum ImputationModelBlock { kModelScore, kModelInformation, kModelValue };

struct ImputationCompletedParameters {
  enum class Mode : std::uint8_t {
    kColumns,  ///< sums of the design's columns
    kStart,    ///< R's first step: weighted least squares from means near the outcomes
    kScore     ///< score and information at `points`
  };
  Mode mode = Mode::kColumns;
  ImputationClaim claim;
  FrameClaim frame;  ///< columns and scales of the analysis' design
  /// Where rules hold: the frame of the rows that nothing is missing from, judged as any regression's.
  FrameClaim complete_cases;
  std::vector<double> points;  ///< by imputation: standardised coefficients
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(mode);
    a(claim);
    a(frame);
    a(complete_cases);
    a(points);
    a(score_exponent);
    a(information_exponent);
  }
};
enum CompletedBlock {
  kCompletedCounts,   ///< by imputation, CompletedCount of them each
  kCompletedColumns,  ///< mode kColumns, by imputation: sums of columns, then squares
  kCompletedZeros,    ///< mode kColumns, by imputation: rows that are 0, then rows that are 1
  kCompletedScore,
  kCompletedInformation,
  kCompletedFit  ///< by imputation, CompletedFit of them each
};
enum CompletedCount {
  kCompletedRows,
  kUnusableRows,  ///< an expression of the formula has no finite value
  kBadOutcome,    ///< outside the family's range
  kBadMean,
  kFittedEdge,  ///< fitted probabilities numerically 0 or 1
  kCompletedCountSize
};
enum CompletedFit { kFitDeviance, kFitPearson, kFitOutcome, kFitOutcomeSquare, kCompletedFitSize };

extern const federation::TypedStep<ImputationObservedParameters> kImputationObservedStep;
extern const federation::TypedStep<ImputationModelParameters> kImputationModelStep;
extern const federation::TypedStep<ImputationCompletedParameters> kImputationCompletedStep;

/// The levels of one variable's counts: a factor's, or 3 of a number.
std::size_t LevelSlots(const table::ColumnSchema& column);

}  // namespace clinnova::stats
