// SPDX-License-Identifier: Apache-2.0
// The step of a model frame's first round: what travels in it, and the site's side. ModelFrame::Build (model_frame.h)
// is the other half and says what it reveals.
//
// Under disclosure rules a site whose own rows do not prove rule 5 (magnitudes.h) withholds the sums of values: it puts
// noise there and counts itself in kWithheld. Then the round's sums mean nothing and are asked for again, with the bounds that the
// same round told as a claim. The round before tells nothing of them, so the two cannot be compared.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// The first round of a model frame.
struct PreflightParameters {
  table::DesignFacts facts;
  bool guarded = false;  ///< disclosure rules hold: also what they are judged by
  std::vector<double>
      magnitudes;  ///< what a first round said of the sizes, when a site withheld its sums there
  template <class A>
  void Fields(A& a) {
    a(facts);
    a(guarded);
    a(magnitudes);
  }
};

enum PreflightBlock {
  kCases,
  kLevels,
  kZeros,
  kOnes,
  kSums,
  kSquares,
  kSizes,
  kLargest,  ///< per design column and power of two: sites whose largest size it is the first to reach
  kOffGrid,     ///< per denominator: times that are not a multiple of its reciprocal
  kTimePowers,  ///< per power of two: times whose size it is the first to reach
  // Of a guarded round:
  kLevelSites,   ///< per level: 1 of each site that has anybody
  kLevelOnes,    ///< per level: persons with an outcome of 1
  kColumnSites,  ///< per design column: 1 of each site at which it is not all 0
  kPartZeros,    ///< per response part, weights, offset
  kPartOnes,
  kWithheld,  ///< sites whose rows do not prove rule 5 alone: kSums, kSquares, kSizes, kGram mean nothing
  kMagnitudes,  ///< lower bounds of sums of sizes
  kGram         ///< per pair of design columns the sum of products, where coefficients are released
};
inline constexpr PreflightBlock kMagnitudeSums[] = {kSums, kSquares, kSizes, kGram};
/// Numbers of kCases.
enum CaseKind { kComplete, kMissing, kInfinite, kInvalid, kStatusTwo, kCaseKinds };

/// Times on a common grid are told by counts on it. 365.25 and its like: days told in other units.
inline constexpr double kDenominators[] = {1,    2,     4,      10,  12,      52, 100,
                                           1000, 10000, 365.25, 365, 30.4375, 7,  52.18};
/// A time this far from a whole number of steps is on the grid: what computing with dates leaves.
inline constexpr double kOffGridSteps = 0x1p-24;
inline constexpr int kLowestTimePower = -20;
inline constexpr int kHighestTimePower = 43;
inline constexpr int kLowestSize = -100;
inline constexpr int kHighestSize = 155;
inline constexpr std::size_t kSizeClasses = kHighestSize - kLowestSize + 1;
inline constexpr std::size_t kTimePowerCount = kHighestTimePower - kLowestTimePower + 1;

extern const federation::TypedStep<PreflightParameters> kPreflight;

/// True when the outcome is a time and a status.
bool IsSurvival(const table::Formula& formula);

}  // namespace clinnova::stats
