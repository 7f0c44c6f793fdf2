// SPDX-License-Identifier: Apache-2.0
// What a policy tree (choice_policy_tree.h) may ask, and the cells in which persons and their scores are summed for it:
// the columns that the covariates name, cut into a few bins; of each column its bins, and of every two columns the
// pairs of their bins.
//
// A factor is asked for one level against the others. `site` is never asked: it would tell a site's gain. Cuts lie
// between bins of the histograms of choice.inputs, so that they need no round of their own.
//
// Where disclosure rules hold, neighbouring bins are joined until the persons of each fold that are in a cell are none, or
// minimum_count from two sites: first of each column (rule 10, and 12 for the scores), then of every two columns, as
// coarse as the columns' own or coarser, so that differences of sums are again sums over as many persons.
//
//   const PolicyCells cells(features, 2);
//   cells.ForEach(row_bins, [&](std::size_t cell) { … });
//   const std::vector<PolicyGroups> groups = JoinCells(cells, counts, [](…) { return …; });
//
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "federation/analysis.h"
#include "learn/tree.h"
#include "table/table.h"

namespace clinnova::learn {

/// Numbers of a round that a site sends for a policy tree, at most: 16 MB.
inline constexpr std::size_t kMostPolicyNumbers = std::size_t{1} << 20;

/// The columns that a policy tree may ask, without cuts, in the order of the covariates. kInvalidInput for a column of
/// `policy_tree_columns` that the covariates do not name, for `site`, and where no column is left.
Result<std::vector<Feature>> PolicyFeatures(const federation::Analysis& analysis,
                                            const table::Schema& schema);

/// Cuts of a number into at most `bins` bins of about like size, from its histogram (choice_inputs.h: kInputBins) around
/// `center`: the shortest decimals between two bins that hold somebody.
std::vector<double> CutsOfHistogram(const std::vector<std::int64_t>& histogram, double center,
                                    double scale, std::int64_t bins);

/// Drops the cuts between which and one of `others` lie fewer than `minimum` persons, as far as the histogram's whole bins
/// tell: sums of scores on either side of both, of which the others are told elsewhere (a subgroup's), would tell theirs.
void DropCutsNear(const std::vector<double>& others, const std::vector<std::int64_t>& histogram,
                  double center, double scale, std::int64_t minimum, std::vector<double>& cuts);

/// The cells of the features' bins (the one for what is missing among them) and, for trees of depth 2, of their pairs.
class PolicyCells {
 public:
  /// A feature alone (columns = 1), or two: cell offset + bin of the first * columns + bin of the second.
  struct Plane {
    std::size_t first = 0, second = 0;  ///< features, the same for a feature alone
    std::size_t offset = 0;
    std::size_t rows = 1, columns = 1;
  };
  PolicyCells(const std::vector<Feature>& features, std::int64_t depth);

  const std::vector<Plane>& planes() const { return planes_; }
  std::size_t size() const { return size_; }
  /// The number of the plane of two features, first <= second.
  std::size_t PlaneOf(std::size_t first, std::size_t second) const;
  /// Calls work(cell) for the cell of each plane that a row with these bins is in.
  template <typename Work>
  void ForEach(std::span<const std::uint8_t> bins, Work work) const {
    for (const Plane& plane : planes_) {
      const std::size_t column = plane.columns == 1 ? 0 : bins[plane.second];
      work(plane.offset + bins[plane.first] * plane.columns + column);
    }
  }

 private:
  std::vector<Plane> planes_{};
  std::size_t features_ = 0;
  std::size_t size_ = 0;
};

/// Persons, and sites that have any, by fold and cell.
struct PolicyCounts {
  std::int64_t folds = 1;
  std::vector<std::int64_t> persons{};
  std::vector<std::int64_t> sites{};
  template <class A>
  void Fields(A& a) {
    a(folds);
    a(persons);
    a(sites);
  }
};

/// The bins at which groups of a plane's bins begin, rising from 0.
struct PolicyGroups {
  std::vector<std::int64_t> rows{};
  std::vector<std::int64_t> columns{};
  template <class A>
  void Fields(A& a) {
    a(rows);
    a(columns);
  }
  bool operator==(const PolicyGroups&) const = default;
};
/// The groups that every bin alone is.
std::vector<PolicyGroups> SingleBins(const PolicyCells& cells);

/// Whether sums over so many persons of so many sites may be told.
using PolicyShown = std::function<bool(std::int64_t persons, std::int64_t sites)>;

/// Joins what nobody lacks with the last bin, and neighbouring bins of each plane until every group of cells, in every fold, may be told, or one group is left. The
/// group of cells with the fewest persons that may not goes to the neighbour that costs least: fewest persons over all.
/// The sites of a group are those of its cell that has most.
std::vector<PolicyGroups> JoinCells(const PolicyCells& cells, const PolicyCounts& counts,
                                    const PolicyShown& shown);

/// Groups of cells, numbered plane by plane, by rows.
class PolicyGrouping {
 public:
  PolicyGrouping() = default;
  /// The groups must fit: Fits.
  PolicyGrouping(const PolicyCells& cells, const std::vector<PolicyGroups>& groups);
  /// Whether there are groups for each plane that begin at bin 0, rise, and are no finer than their features' own.
  static bool Fits(const PolicyCells& cells, const std::vector<PolicyGroups>& groups);

  std::size_t size() const { return size_; }
  std::size_t GroupOf(std::size_t cell) const { return group_of_cell_[cell]; }
  std::size_t first(std::size_t plane) const { return first_[plane]; }
  /// Persons by fold and group, and the sites of the group's cell that has most.
  PolicyCounts Sum(const PolicyCounts& counts) const;

 private:
  std::vector<std::size_t> group_of_cell_{};
  std::vector<std::size_t> first_{};
  std::size_t size_ = 0;
};

}  // namespace clinnova::learn
