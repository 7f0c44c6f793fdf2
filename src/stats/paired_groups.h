// SPDX-License-Identifier: Apache-2.0
// Random effects of two groups, nested or crossed, `(x | a) + (1 | b)`: the rows that hang together, and what a site keeps
// of them whatever theta is. Rows hang together that share a level of a or b, directly or over others; all of
// them must be at one site.
//
// One group is taken out cluster by cluster, the one with more effects in the part (its levels are the clusters); the other one's Z_2
// is left. With B_c, Z_c the least-squares coefficients of W and Z_2 on the cluster's own columns, and R_w, R_z what is
// left, R_w = R_z D + R: R'R depends on no theta, and everything else on D, Q = R_z'R_z, B_c and Z_c
// (paired_profile.h). Nothing is subtracted that is large beside what is left.
// Source: the elimination of D. Bates et al., J. Stat. Softw. 67(1), 2015.
// Reveals nothing by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "stats/cluster_moments.h"
#include "stats/clustered_rows.h"
#include "stats/dense_matrix.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// Rows [first, end) of ClusteredRows, all of one level of the group that is left.
struct RowSpan {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t touched = 0;  ///< place of that level among the cluster's
};

/// One level of the group that is taken out.
struct PairedCluster {
  std::vector<RowSpan> spans;
  std::vector<std::size_t> levels;  ///< of the other group that its rows have
  SmallMatrix gram_factor;
  DenseMatrix b;  ///< B_c
  DenseMatrix z;  ///< Z_c: for each of `levels`, the columns of Z_2 there
};

/// Rows that hang together.
struct PairedPart {
  std::size_t eliminated = 0;  ///< number of the group that is taken out, 0 or 1
  std::size_t columns = 0;     ///< of W
  std::size_t effects = 0;     ///< per level of the group that is left
  std::size_t levels = 0;      ///< of that group
  std::vector<PairedCluster> clusters;
  DenseMatrix left_gram;          ///< Q
  DenseMatrix left_coefficients;  ///< D

  std::size_t level_count(std::size_t group) const {
    return group == eliminated ? clusters.size() : levels;
  }
};

/// The parts of a site's rows, gathered by (outer = level of the second group, level of the first). The order of clusters and
/// levels is that of their names, so that a part's numbers do not depend on the table's order.
/// kInvalidInput (`too_many_levels`) for a part whose smaller group has more than 3,000 effects.
Result<std::vector<PairedPart>> PairedPartsOf(const ClusteredRows& rows, const RandomPart& part,
                                              ModelRow row);

/// Row `row` (just read) of R_w and of R_z at the cluster's levels.
void ReadLeft(const PairedPart& part, const PairedCluster& cluster, const RowSpan& span,
              const ModelRow& row, std::vector<double>& w, std::vector<double>& z);

/// Hands each row of R to `use(const double*)`.
template <typename Use>
void ForEachResidual(const PairedPart& part, ModelRow row, Use use) {
  std::vector<double> w;
  std::vector<double> z;
  for (const PairedCluster& cluster : part.clusters) {
    for (const RowSpan& span : cluster.spans) {
      for (std::size_t r = span.first; r < span.end; ++r) {
        row.Read(r);
        ReadLeft(part, cluster, span, row, w, z);
        for (std::size_t m = 0; m < z.size(); ++m) {
          const std::size_t level = cluster.levels[m / part.effects];
          const double* d = part.left_coefficients.row(level * part.effects + m % part.effects);
          for (std::size_t j = 0; j < part.columns; ++j) w[j] -= z[m] * d[j];
        }
        use(w.data());
      }
    }
  }
}

}  // namespace clinnova::stats
