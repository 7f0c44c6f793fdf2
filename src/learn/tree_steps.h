// SPDX-License-Identifier: Apache-2.0
// What travels when trees are grown, and the sites' side of it. The coordinator's side: boosting.h.
//
// Several ensembles are grown side by side (`runs`): one of all rows, one without each fold of a cross-validation, one
// without each site; every round carries the numbers of all of them. Rounds:
//
//   describe   per feature count, sum, sum of squares, rows of each level; per run rows and mean of the outcome
//   cells      how many values lie where, for the cuts of the features (cell_search.h); of scores, for areas under curves
//   grow       per node, feature and bin: rows, slope, curvature (node_sums.h)
//   sides      per proposed split, at how many sites somebody goes left, and right (rules 10 and 11 of privacy.md)
//   evaluate   losses, squared errors and counts of scores, of training rows or of rows left out
//
// Whoever makes rows makes steps of the engine's for them, so that a site runs them for its own analyses only:
//
//   const TreeSteps kMySteps = MakeTreeSteps<MyRows>({"my.describe", "my.cells", "my.grow", "my.sides", "my.evaluate"});
//
// Reveals, to the hub: what is listed above, summed over the sites; to a site: the trees. With disclosure rules a node
// is only looked into when its parent's split left at least `minimum_persons` rows from two sites or more on each side;
// the cells within such a node may hold fewer. A site's own numbers follow from runs with and without it: such runs need
// the analysis' `release_sites = true` where disclosure rules hold, and every site refuses them without it
// (`sites_not_released`).
#pragma once

#include <optional>
#include <string_view>

#include "federation/step.h"
#include "learn/cell_search.h"
#include "learn/node_sums.h"
#include "learn/training_rows.h"
#include "learn/tree.h"
#include "learn/tree_objective.h"

namespace clinnova::learn {

/// Persons on each side of a split, at least, where disclosure rules hold (rule 10).
inline constexpr std::int64_t kLeastPersons = 10;

/// Which rows an ensemble learns from: all but one or two folds', or all but one site's; of all strata or one.
struct RunScope {
  std::int64_t without_fold = 0;   ///< 0 = none
  std::int64_t without_site = -1;  ///< level of the column `site`; -1 = none
  std::int64_t nor_fold = 0;       ///< a second fold; 0 = none
  std::int64_t only_stratum = -1;  ///< of TrainingRows::stratum; -1 = all

  template <class A>
  void Fields(A& a) {
    a(without_fold);
    a(without_site);
    a(nor_fold);
    a(only_stratum);
  }
  bool operator==(const RunScope&) const = default;
};

/// An ensemble as far as it has grown.
struct RunState {
  RunScope scope;
  double base = 0;
  std::vector<core::Bytes> trees;      ///< PackTree
  std::vector<double> stratum_base{};  ///< by TrainingRows::stratum, beside `base`; empty: none

  template <class A>
  void Fields(A& a) {
    a(scope);
    a(base);
    a(trees);
    a(stratum_base);
  }
};

/// Whose rows a tree is asked about: all that it draws, or one half of them, the one that its splits are found in or the
/// other, whose sums fill its leaves. A forest of halves grows from where scores begin: its runs have no trees.
enum class TreeHalf : std::uint8_t { kWhole, kGrowing, kFilling };

/// What all rounds after the first have in common.
struct TreeClaim {
  core::Bytes source;  ///< of the method's own making; see training_rows.h
  std::vector<Feature> features;
  Objective objective = Objective::kSquared;
  double max_delta_step = 0;
  double subsample = 1;    ///< share of the rows of each tree
  bool bootstrap = false;  ///< instead: each row so often as a Poisson number of mean 1 says
  TreeHalf half = TreeHalf::kWhole;
  std::uint64_t seed = 1;
  std::vector<RunState> runs;

  template <class A>
  void Fields(A& a) {
    a(source);
    a(features);
    a(objective);
    a(max_delta_step);
    a(subsample);
    a(bootstrap);
    a(half);
    a(seed);
    a(runs);
  }
};

struct DescribeParameters {
  core::Bytes source;
  std::vector<Feature> features;  ///< without cuts
  std::vector<RunScope> runs;

  template <class A>
  void Fields(A& a) {
    a(source);
    a(features);
    a(runs);
  }
};
/// Levels: per factor its levels. Values: per number, its rows. Moments: per number, sum and sum of squares. Runs: rows
/// per run. Outcome: per run sums of w, w y, w offset, w e^offset and w y^2. Binary: rows with outcome 0, 1, another. Sizes: per
/// power of two, sites whose largest outcome (then: weight) it is the first to reach.
enum DescribeBlock {
  kLevelRows,
  kValueRows,
  kMoments,
  kRunRows,
  kRunOutcome,
  kBinary,
  kLargestSizes
};
inline constexpr std::size_t kOutcomeSums = 5;
inline constexpr int kLowestSize = -100;
inline constexpr int kHighestSize = 155;
inline constexpr std::size_t kSizeClasses = kHighestSize - kLowestSize + 1;

struct CellParameters {
  TreeClaim claim;  ///< runs: only for the cells of scores
  CellQuestion question;
  double share = 1;  ///< of the rows, by their keys
  /// Cells of scores, one variable per evaluation, instead of those of the features.
  std::vector<std::uint8_t> evaluations;  ///< Evaluation

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(question);
    a(share);
    a(evaluations);
  }
};

/// A tree that grows: its nodes so far, and those whose sums are wanted.
struct GrowingTree {
  std::uint64_t run = 0;
  std::uint64_t number =
      0;              ///< of the tree in its ensemble: subsample and bootstrap are drawn by it
  core::Bytes nodes;  ///< PackTree
  struct Wanted {
    std::uint64_t node = 0;
    core::Bytes features;  ///< PackFeatures of those to sum; empty = all

    template <class A>
    void Fields(A& a) {
      a(node);
      a(features);
    }
  };
  std::vector<Wanted> wanted;

  template <class A>
  void Fields(A& a) {
    a(run);
    a(number);
    a(nodes);
    a(wanted);
  }
};
core::Bytes PackFeatures(const std::vector<std::uint32_t>& features);
std::vector<std::uint32_t> UnpackFeatures(core::ByteView bytes);

struct GrowParameters {
  TreeClaim claim;
  std::vector<GrowingTree> trees;
  std::int64_t rows = 0;  ///< of all sites, at least: packing (NodeUnits::For)
  std::int64_t slope_exponent = 0;
  std::int64_t curvature_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(trees);
    a(rows);
    a(slope_exponent);
    a(curvature_exponent);
  }
};
/// kCurvatureRange has no number; its exponent is that of the curvatures.
enum GrowBlock { kNodeSums, kCurvatureRange };

/// The units of a grow round, whose exponents may have grown.
NodeUnits UnitsOf(std::int64_t rows, const federation::Layout& layout);

struct SidesParameters {
  TreeClaim claim;
  std::vector<GrowingTree> trees;  ///< nodes: as they stand
  struct Proposal {
    std::uint64_t tree = 0;  ///< index into trees
    std::uint64_t node = 0;
    core::Bytes split;  ///< PackTree of the split node and two leaves
    template <class A>
    void Fields(A& a) {
      a(tree);
      a(node);
      a(split);
    }
  };
  std::vector<Proposal> proposals;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(trees);
    a(proposals);
  }
};
/// Per proposal: sites with a row on the left, sites with one on the right.
enum SidesBlock { kSiteSides };

/// Which rows are judged by which run's score.
enum class Evaluation : std::uint8_t {
  kTrain,     ///< by run 0, the rows that it learned from
  kTest,      ///< by run 0, the rows of the fold that it was without
  kFolds,     ///< each row by the run without its fold
  kSites,     ///< each row by the run without its site
  kOutOfBag,  ///< bootstrap: each row by the trees that did not draw it
};

struct EvaluateParameters {
  TreeClaim claim;
  std::vector<std::uint8_t> evaluations;  ///< Evaluation
  /// Per evaluation, lows of the score's cells for the area under the curve; none for outcomes that are not binary.
  std::vector<std::vector<std::uint64_t>> cells;
  bool by_site = false;  ///< kSites: each site's numbers at its own place

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(evaluations);
    a(cells);
    a(by_site);
  }
};
/// Numbers of kJudged, for each evaluation, then (by_site) for each site.
enum JudgedNumber {
  kWeight,
  kLoss,
  kSquaredError,
  kAbsoluteError,
  kOutcome,
  kSquaredOutcome,
  kJudgedNumbers
};
/// Numbers of kJudgedCounts: rows, rows with outcome 1, pairs of a site's rows that can be compared, twice those in the
/// right order plus those with equal scores.
enum JudgedCount { kRows, kPositive, kPairs, kConcordantTwice, kJudgedCountNumbers };
/// Cells: per evaluation and cell, rows with outcome 0, then 1.
enum EvaluateBlock { kJudged, kJudgedCounts, kScoreCells };

/// The engine's steps for one method.
struct TreeSteps {
  const federation::TypedStep<DescribeParameters>* describe;
  const federation::TypedStep<CellParameters>* cells;
  const federation::TypedStep<GrowParameters>* grow;
  const federation::TypedStep<SidesParameters>* sides;
  const federation::TypedStep<EvaluateParameters>* evaluate;

  std::vector<const federation::Step*> all() const {
    return {describe, cells, grow, sides, evaluate};
  }
};

// Layouts and site's sides, for MakeTreeSteps.
Result<federation::Layout> DescribeLayout(const federation::Analysis&, const table::Schema&,
                                          const DescribeParameters&);
Result<federation::Layout> CellLayout(const federation::Analysis&, const table::Schema&,
                                      const CellParameters&);
Result<federation::Layout> GrowLayout(const federation::Analysis&, const table::Schema&,
                                      const GrowParameters&);
Result<federation::Layout> SidesLayout(const federation::Analysis&, const table::Schema&,
                                       const SidesParameters&);
Result<federation::Layout> EvaluateLayout(const federation::Analysis&, const table::Schema&,
                                          const EvaluateParameters&);
Result<void> Describe(RowsFunction, const federation::SiteView&, const DescribeParameters&,
                      federation::ExactSums&);
Result<void> CountSiteCells(RowsFunction, const federation::SiteView&, const CellParameters&,
                            federation::ExactSums&);
Result<void> Grow(RowsFunction, const federation::SiteView&, const GrowParameters&,
                  federation::ExactSums&);
Result<void> FindSides(RowsFunction, const federation::SiteView&, const SidesParameters&,
                       federation::ExactSums&);
Result<void> Evaluate(RowsFunction, const federation::SiteView&, const EvaluateParameters&,
                      federation::ExactSums&);

/// Runs without a site, which the study must ask for.
Result<void> HoldScopes(const federation::SiteView& site, const TreeClaim& claim);
Result<void> HoldScopes(const federation::SiteView& site, const std::vector<RunScope>& runs);
/// Numbers by site, likewise.
Result<void> HoldBySite(const federation::SiteView& site, bool by_site);

/// The guard of the engine's steps. Rule 10, which needs a node's rows, is held when they are at hand (kGrow).
struct TreeGuard {
  static std::vector<federation::Rule> Rules() {
    return {federation::Rule::kTrees, federation::Rule::kContributors};
  }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    if constexpr (requires { parameters.by_site; }) {
      CLINNOVA_TRY(HoldBySite(site, parameters.by_site));
    }
    if constexpr (requires { parameters.claim; }) {
      return HoldScopes(site, parameters.claim);
    } else {
      return HoldScopes(site, parameters.runs);
    }
  }
};

/// The names of a method's steps; texts that outlive them.
struct TreeStepNames {
  std::string_view describe, cells, grow, sides, evaluate;
};

/// The steps of the methods whose rows are made by kRows: one set per RowsFunction, named at the first call. A method that
/// holds more than TreeGuard brings its own guard.
template <RowsFunction kRows, typename Guard = TreeGuard>
TreeSteps MakeTreeSteps(const TreeStepNames& names) {
  using federation::ExactSums;
  using federation::SiteView;
  static const federation::TypedStep<DescribeParameters> describe{
      names.describe, DescribeLayout,
      [](const SiteView& site, const DescribeParameters& parameters, ExactSums& sums) {
        return Describe(kRows, site, parameters, sums);
      },
      Guard{}};
  static const federation::TypedStep<CellParameters> cells{
      names.cells, CellLayout,
      [](const SiteView& site, const CellParameters& parameters, ExactSums& sums) {
        return CountSiteCells(kRows, site, parameters, sums);
      },
      Guard{}};
  static const federation::TypedStep<GrowParameters> grow{
      names.grow, GrowLayout,
      [](const SiteView& site, const GrowParameters& parameters, ExactSums& sums) {
        return Grow(kRows, site, parameters, sums);
      },
      Guard{}};
  static const federation::TypedStep<SidesParameters> sides{
      names.sides, SidesLayout,
      [](const SiteView& site, const SidesParameters& parameters, ExactSums& sums) {
        return FindSides(kRows, site, parameters, sums);
      },
      Guard{}};
  static const federation::TypedStep<EvaluateParameters> evaluate{
      names.evaluate, EvaluateLayout,
      [](const SiteView& site, const EvaluateParameters& parameters, ExactSums& sums) {
        return Evaluate(kRows, site, parameters, sums);
      },
      Guard{}};
  return {&describe, &cells, &grow, &sides, &evaluate};
}

}  // namespace clinnova::learn
