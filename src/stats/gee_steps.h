// SPDX-License-Identifier: Apache-2.0
// What travels in a round of generalised estimating equations, and the site's side of it.
//
// With e = (y - mu) / sqrt V and D = dmu/deta x / sqrt V row by row, every working correlation here makes
// D'R^-1 D and D'R^-1 e of a cluster sums over a few weighted rows: independence, the rows themselves;
// exchangeable, the rows and their sum; ar1, each row less what the one before says of it.
//
// Reveals, over all sites together: score and information at each iterate, the squares of the residuals and
// their products within clusters; at the end the clusters' scores' products. Sizes of clusters only where the
// disclosure rules are lifted.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

enum class WorkingCorrelation { kIndependence, kExchangeable, kAr1 };

/// The analysis' options beside formula and family.
struct GeeOptions {
  WorkingCorrelation correlation = WorkingCorrelation::kIndependence;
  std::string id;
  std::string time;  ///< may be empty unless ar1
  bool lag_in_order =
      false;  ///< ar1: the lag is the number of rows between, not the difference in time
};
Result<GeeOptions> GeeOptionsOf(const federation::Analysis& analysis);

struct GeeParameters {
  enum class Mode : std::uint8_t {
    kStart,      ///< R's first step of a glm, independence
    kScore,      ///< score, information and moments at `beta`, `alpha`
    kVariances,  ///< also the clusters' scores
  };
  Mode mode = Mode::kStart;
  FrameClaim claim;
  std::vector<double> beta;  ///< standardised scale
  double alpha = 0;
  double scale = 1;  ///< phi, which the scores of kVariances are divided by
  double slope =
      1;  ///< a power of two of the size of D, by which the scores U1 of kVariances are divided too
  bool sizes = false;  ///< count clusters by size
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;
  std::int64_t meat_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(mode);
    a(claim);
    a(beta);
    a(alpha);
    a(scale);
    a(slope);
    a(sizes);
    a(score_exponent);
    a(information_exponent);
    a(meat_exponent);
  }
};

enum GeeBlock {
  kGeeScore,
  kGeeInformation,
  kGeeMoments,
  kGeeCounts,
  kGeeMeat,   ///< products of (U1 / slope, U2, U3), lower triangle by rows
  kGeeCross,  ///< derivatives of U2 and of U3 in beta
  kGeeSizes   ///< clusters of 1, 2, … rows; the last: that many or more
};
/// Numbers of kGeeMoments: sums over rows and over pairs of a cluster, rho the pair's correlation, E its
/// derivative in alpha, E' the second one.
enum GeeMoment {
  kSquares,         ///< e^2
  kPairProducts,    ///< E e_j e_k
  kPairExpected,    ///< E rho
  kPairWeights,     ///< E^2
  kCurvedProducts,  ///< E' e_j e_k
  kCurvedExpected,  ///< E' rho
  kGeeMomentSize
};
enum GeeCount {
  kGeeRows,
  kGeeClusters,
  kGeePairs,
  kGeeInvalidMean,
  kGeeInvalidResponse,
  kGeeTied,           ///< rows at the time of the row before
  kGeeFractionalLag,  ///< lags that are no whole number
  kGeeIndefinite,     ///< clusters whose working correlation is not positive definite
  kGeeZero,
  kGeeOne,
  kGeeCountSize
};
inline constexpr std::size_t kLargestClusterSize = 4096;

extern const federation::TypedStep<GeeParameters> kGeeStep;

}  // namespace clinnova::stats
