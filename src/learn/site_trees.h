// SPDX-License-Identifier: Apache-2.0
// What a site remembers while trees are grown: rows cut into bins, each run's scores, and in which node of a growing
// tree each row is. All of it follows from the table and from the parameters of the round at hand: a site that has
// forgotten, or that is asked about another state, makes it anew. Reveals nothing; it never leaves the site.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "learn/tree_steps.h"

namespace clinnova::learn {

/// A site's rows, and their bins.
struct BinnedRows {
  std::shared_ptr<const TrainingRows> rows;
  std::vector<std::uint8_t> bins;  ///< row by row
  std::size_t features = 0;

  const std::uint8_t* row(std::size_t r) const { return bins.data() + r * features; }
};

/// The site's rows, made once. Errors as the method's function has them.
RowsResult RowsOf(RowsFunction make, const federation::SiteView& site, core::ByteView source);

/// kRefused ("wrong_layout") when a feature is none of the analysis' columns or not what the schema says it is.
Result<void> CheckFeatures(const federation::SiteView& site, const TrainingRows& rows,
                           const std::vector<Feature>& features);

/// The values of a feature that is a number, on rows first … first + count - 1.
void ReadNumbers(const federation::SiteView& site, const TrainingRows& rows, const Feature& feature,
                 std::size_t first, std::size_t count, std::vector<double>& values);

/// kRefused ("sites_not_released") for runs without a site that the site does not allow; see tree_steps.h.
Result<void> HoldScopes(const federation::SiteView& site, const std::vector<RunScope>& runs);

/// 1 for the rows that a run learns from.
std::vector<std::uint8_t> RowsInScope(const federation::SiteView& site, const TrainingRows& rows,
                                      const RunScope& scope);
/// The level of the column `site` of each row.
std::int32_t SiteOfRow(const federation::SiteView& site, const TrainingRows& rows, std::size_t row);

/// How often tree `number` of a claim draws a row: 0 or 1, or with bootstrap a Poisson number of mean 1; of halves, whether
/// the row is in the one that is asked about.
int Draws(const TreeClaim& claim, std::uint64_t number, std::uint64_t key);

/// The memory itself. Thread rule: a round holds `mutex`.
class SiteTrees {
 public:
  static Result<std::shared_ptr<const SiteTrees>> Of(RowsFunction make,
                                                     const federation::SiteView& site,
                                                     const TreeClaim& claim);

  const BinnedRows& binned() const { return binned_; }
  std::mutex& mutex() const { return mutex_; }

  /// Every row's score under run `run` of the claim, offset included.
  Result<const std::vector<double>*> Scores(const federation::SiteView& site,
                                            const TreeClaim& claim, std::size_t run) const;

  struct Gradients {
    const RowSums* rows = nullptr;
    RowRange range;
  };
  /// Slopes and curvatures of run `run` in units.
  Result<Gradients> GradientsOf(const federation::SiteView& site, const TreeClaim& claim,
                                std::size_t run, const NodeUnits& units) const;

  /// The rows of a growing tree, node by node.
  struct Placement {
    RunScope scope;
    TreeHalf half = TreeHalf::kWhole;
    Tree tree;  ///< as far as the rows have been sent down it
    std::vector<std::uint32_t> rows;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> range;  ///< per node: of `rows`

    std::span<const std::uint32_t> at(std::size_t node) const {
      return std::span(rows).subspan(range[node].first, range[node].second - range[node].first);
    }
  };
  Result<const Placement*> PlaceRows(const federation::SiteView& site, const TreeClaim& claim,
                                     const GrowingTree& growing) const;

  explicit SiteTrees(BinnedRows binned) : binned_(std::move(binned)) {}

 private:
  struct Run {
    RunScope scope;
    double base = 0;
    std::vector<core::Bytes> trees;
    std::vector<double> stratum_base;
    std::vector<double> score;
    // Of the gradients, and what they were made for.
    bool current = false;
    NodeUnits units{};
    std::vector<RowSums> gradients{};
    RowRange range{};
  };
  RowRange DifferentiateParts(const federation::SiteView& site, const TreeClaim& claim,
                              std::span<const std::uint8_t> use, std::span<const double> score,
                              const NodeUnits& units, std::vector<RowSums>& gradients) const;
  /// Puts the rows that go left before the others, each in their order; how many they are.
  std::size_t LeftFirst(const Split& split, const TreeClaim& claim,
                        std::span<std::uint32_t> sample) const;
  void SendDown(const federation::SiteView& site, const TreeClaim& claim, const Tree& tree,
                Placement& placement) const;

  BinnedRows binned_;
  // What was found for the last round's state: a function of the parameters, kept because the next round's is near it.
  mutable std::mutex mutex_;
  mutable std::vector<Run> runs_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, Placement>
      placements_;  ///< by run, number
};

}  // namespace clinnova::learn
