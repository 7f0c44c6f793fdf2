// SPDX-License-Identifier: Apache-2.0
#include "stats/kmeans_step.h"

#include <algorithm>

#include "federation/batches.h"
#include "stats/variable_gram.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Guard;
using federation::Layout;
using federation::Rule;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

bool Fits(const Matrix& centers, std::size_t clusters, std::size_t p) {
  return centers.size() == clusters &&
         std::all_of(centers.begin(), centers.end(),
                     [&](const std::vector<double>& center) { return center.size() == p; });
}

Result<Layout> ClusterLayout(const Analysis& analysis, const table::Schema& schema,
                             const ClusterParameters& parameters) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, NumericVariables(analysis, schema));
  const std::size_t p = names.size();
  const std::size_t k = parameters.runs.empty() ? 0 : parameters.runs[0].centers.size();
  bool fits = k > 0 && parameters.weights.size() == p;
  bool moves = false;
  for (const ClusterRun& run : parameters.runs) {
    fits = fits && Fits(run.centers, k, p) && (run.previous.empty() || Fits(run.previous, k, p)) &&
           (run.sizes.empty() || run.sizes.size() == k);
    moves = moves || !run.previous.empty();
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the variables", "wrong_layout");
  }
  const std::size_t clusters = parameters.runs.size() * k;
  const std::size_t summed = parameters.sums ? clusters : 0;
  return Layout{{CountBlock("sizes", clusters), CountBlock("moves", moves ? clusters * k : 0),
                 ScaledBlock("sums", summed * p, static_cast<int>(parameters.exponent)),
                 WideBlock("squares", summed)}};
}

/// The nearest center of a row, of equals the first; and the squared distance to it.
struct Nearest {
  std::size_t cluster = 0;
  double distance = 0;
};
Nearest NearestCenter(const Matrix& centers, const std::vector<double>& weights,
                      const std::vector<double>& row) {
  Nearest nearest;
  for (std::size_t c = 0; c < centers.size(); ++c) {
    double distance = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double difference = row[j] - centers[c][j];
      distance += weights[j] * (difference * difference);
    }
    if (c == 0 || distance < nearest.distance) nearest = {c, distance};
  }
  return nearest;
}

/// Where sums are asked for: no cluster from 1 to threshold - 1 persons.
Result<void> HoldClusters(const SiteView& site, const ClusterParameters& parameters) {
  CLINNOVA_TRY(SiteFrameOf(site, parameters.claim));
  if (!parameters.sums) return {};
  for (const ClusterRun& run : parameters.runs) {
    const bool told = run.sizes.size() == run.centers.size();
    for (const std::int64_t size : run.sizes) {
      if (told && (size == 0 || size >= site.minimum_count)) continue;
      return Fail(ErrorCode::kRefused, "a cluster has fewer persons than the threshold",
                  "rare_level");
    }
    if (!told) return Fail(ErrorCode::kRefused, "clusters without their sizes", "wrong_layout");
  }
  return {};
}

void AddRow(const ClusterParameters& parameters, const std::vector<double>& row, ExactSums& sums) {
  const std::size_t p = row.size();
  for (std::size_t r = 0; r < parameters.runs.size(); ++r) {
    const ClusterRun& run = parameters.runs[r];
    const std::size_t k = run.centers.size();
    const Nearest nearest = NearestCenter(run.centers, parameters.weights, row);
    const std::size_t cluster = r * k + nearest.cluster;
    sums.AddCount(kSizes, cluster);
    if (!run.previous.empty()) {
      const Nearest before = NearestCenter(run.previous, parameters.weights, row);
      sums.AddCount(kMoves, (r * k + before.cluster) * k + nearest.cluster);
    }
    if (!parameters.sums) continue;
    for (std::size_t j = 0; j < p; ++j) sums.Add(kSums, cluster * p + j, row[j]);
    sums.Add(kSquares, cluster, nearest.distance);
  }
}

Result<void> ClusterEvaluate(const SiteView& site, const ClusterParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto frame, SiteFrameOf(site, parameters.claim));
  const std::size_t p = frame->design.names().size() - 1;
  return federation::ForEachBatch(site.table.rows, site.threads, sums,
                                  [&](std::size_t first, std::size_t count, DesignBatch& batch,
                                      ExactSums& mine) -> Result<void> {
                                    frame->design.Evaluate(site.table, first, count, batch);
                                    Standardise(parameters.claim, batch);
                                    std::vector<double> row(p);
                                    for (std::size_t r = 0; r < batch.rows; ++r) {
                                      for (std::size_t j = 0; j < p; ++j)
                                        row[j] = batch.x[(j + 1) * kBatchRows + r];
                                      AddRow(parameters, row, mine);
                                    }
                                    return {};
                                  });
}

}  // namespace

const federation::TypedStep<ClusterParameters> kClusterStep{
    "kmeans.assign", ClusterLayout, ClusterEvaluate,
    Guard<ClusterParameters>{{Rule::kLevels, Rule::kDominance, Rule::kContributors}, HoldClusters}};

}  // namespace clinnova::stats
