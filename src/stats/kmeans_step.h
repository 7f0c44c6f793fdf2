// SPDX-License-Identifier: Apache-2.0
// What travels in a round of k-means clustering, and the site's side of it.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/linear_algebra.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// One of several runs side by side. Centers are on the frame's standardised scale, one row per cluster.
struct ClusterRun {
  Matrix centers;
  Matrix previous;                  ///< moves from the clusters of these are counted; empty = not
  std::vector<std::int64_t> sizes;  ///< claimed, where sums are asked for

  template <class A>
  void Fields(A& a) {
    a(centers);
    a(previous);
    a(sizes);
  }
};

struct ClusterParameters {
  FrameClaim claim;
  std::int64_t exponent = 0;    ///< of a standardised value
  std::vector<double> weights;  ///< per variable, of its squared standardised difference
  std::vector<ClusterRun> runs;
  bool sums = false;  ///< ask for sums and squares, not only sizes

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(exponent);
    a(weights);
    a(runs);
    a(sums);
  }
};

/// Numbers of run r, cluster c (k clusters, p variables): sizes at r * k + c; moves from b to c at
/// (r * k + b) * k + c; sums at (r * k + c) * p + j; squares about the center at r * k + c.
enum ClusterBlock { kSizes, kMoves, kSums, kSquares };

extern const federation::TypedStep<ClusterParameters> kClusterStep;

}  // namespace clinnova::stats
