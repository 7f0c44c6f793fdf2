// SPDX-License-Identifier: Apache-2.0
// A site's rows gathered by cluster (a patient's visits, a centre's patients), for methods whose summands
// are functions of a whole cluster and not of one row.
//
//   CLINNOVA_ASSIGN(auto rows, ClusteredRowsOf(site, claim, {.group = "patient", .time = "visit"}));
//   for (std::size_t c = 0; c < rows->clusters(); ++c)
//     for (std::size_t r = rows->first[c]; r < rows->first[c + 1]; ++r) use(rows->row(r), rows->y[r]);
//
// Within a cluster rows stand in the order of time and then of their own numbers, so that whatever is
// computed from them in that order is a function of the set of rows: it has the same bits however the
// table was ordered. The order of the clusters means nothing. All rows of a cluster must be at one site.
// Memory: the site's complete cases, 8 bytes a number; made once per run.
// Reveals: nothing; what leaves the site is for the step that uses it to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

struct ClusterColumns {
  std::string group;   ///< names the cluster: a factor or a numeric column; "site" for whole sites
  std::string time{};  ///< numeric; empty = no order within a cluster
  std::string
      outer{};  ///< names groups of clusters, as "centre" of (1 | centre/patient); empty = none
};

struct ClusteredRows {
  std::size_t columns = 0;         ///< of the design
  std::vector<std::size_t> first;  ///< cluster c's rows are first[c] to first[c + 1] - 1
  std::vector<std::int64_t> key;   ///< per cluster, the same number at every site: a level or bits
  std::vector<std::int64_t> outer_key;  ///< likewise of its outer group; 0 without one
  std::vector<double> x;                ///< standardised design, row by row
  std::vector<double> y;                ///< the outcome; successes under cbind(successes, failures)
  std::vector<double> failures;         ///< under cbind(successes, failures), else empty
  std::vector<double> offset;
  std::vector<double> weight;  ///< of the case; 1 without weights
  std::vector<double> time;    ///< 0 without a time column

  std::size_t clusters() const { return first.size() - 1; }
  std::size_t size(std::size_t cluster) const { return first[cluster + 1] - first[cluster]; }
  const double* row(std::size_t r) const { return x.data() + r * columns; }
};

/// The site's complete cases by cluster, made once per run, claim and columns.
/// kInvalidInput when a column is not there or `time` is not numeric; kRefused as SiteFrameOf.
Result<std::shared_ptr<const ClusteredRows>> ClusteredRowsOf(const federation::SiteView& site,
                                                             const FrameClaim& claim,
                                                             const ClusterColumns& columns);

}  // namespace clinnova::stats
