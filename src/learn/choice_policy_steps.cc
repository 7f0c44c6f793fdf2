// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_steps.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "federation/batches.h"
#include "learn/choice_disclosure.h"
#include "learn/choice_forest.h"
#include "learn/choice_options.h"
#include "learn/choice_policy_values.h"
#include "learn/choice_steps.h"
#include "learn/choice_value_steps.h"
#include "learn/tree_steps.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;

namespace {

std::size_t Folds(const ChoiceSplit& split) { return static_cast<std::size_t>(split.folds); }

tl::unexpected<Error> WrongLayout(const char* what) {
  return Fail(ErrorCode::kRefused, what, "wrong_layout");
}

/// The cells that the approved analysis asks for, of these features; what is said by site is no fold of it.
Result<PolicyCells> CellsOf(const Analysis& analysis, const table::Schema& schema,
                            const ChoiceSplit& split, const std::vector<Feature>& features) {
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  CLINNOVA_ASSIGN(const std::vector<Feature> own, PolicyFeatures(analysis, schema));
  const auto bins = static_cast<std::size_t>(options.policy_tree.bins);
  const auto same = [&](const Feature& a, const Feature& b) {
    return a.column == b.column && a.levels == b.levels && b.cuts.size() < bins &&
           (!a.factor() || b.cuts.empty()) && std::ranges::is_sorted(b.cuts, std::less_equal<>());
  };
  if (!options.evaluation.policy_tree || split.by_site || split.folds < 1 || split.folds > 1000 ||
      !std::ranges::equal(own, features, same)) {
    return WrongLayout("a policy tree that the analysis does not ask for");
  }
  PolicyCells cells(features, options.policy_tree.depth);
  if (2 * Folds(split) * cells.size() > kMostPolicyNumbers) {
    return WrongLayout("a round of too many numbers");
  }
  return cells;
}

// --- Counts ------------------------------------------------------------------------------------------

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const PolicyCountParameters& parameters) {
  CLINNOVA_ASSIGN(const PolicyCells cells,
                  CellsOf(analysis, schema, parameters.split, parameters.features));
  const std::size_t numbers = Folds(parameters.split) * cells.size();
  return Layout{{CountBlock("cell_persons", numbers), CountBlock("cell_sites", numbers)}};
}

/// A batch and its rows' bins.
struct BinnedBatch {
  ChoiceBatch batch;
  std::vector<std::uint8_t> bins{};
};

/// Calls work(row, bins, batch, sums) for every row in a fold, read but not predicted.
template <typename Work>
Result<void> ForEachBinned(const SiteView& site, const ChoiceSplit& split,
                           const std::vector<Feature>& features, ExactSums& sums, Work work) {
  CLINNOVA_ASSIGN(const ChoiceRows rows, ChoiceRows::Create(site, split));
  return federation::ForEachBatch<BinnedBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, BinnedBatch& read,
          ExactSums& mine) -> Result<void> {
        rows.Read(first, count, read.batch);
        read.bins.resize(features.size());
        for (std::size_t r = 0; r < read.batch.rows(); ++r) {
          if (read.batch.fold[r] == 0) continue;
          BinRow(site.table, read.batch.design.source_row[r], features, read.bins);
          work(static_cast<std::size_t>(read.batch.fold[r] - 1), read.bins, mine);
        }
        return {};
      });
}

/// This site's counts, of a layout of one block.
template <typename Work>
Result<std::vector<std::int64_t>> OwnCounts(const SiteView& site, const ChoiceSplit& split,
                                            const std::vector<Feature>& features,
                                            std::size_t numbers, Work work) {
  const Layout layout{{CountBlock("own", numbers)}};
  ExactSums own(layout);
  CLINNOVA_TRY(ForEachBinned(site, split, features, own, work));
  CLINNOVA_ASSIGN(const PooledSums total, PooledSums::Decode(layout, own.Seal(core::Hash{})));
  return total.Counts(0);
}

/// Persons here by fold and cell.
Result<std::vector<std::int64_t>> OwnCells(const SiteView& site, const ChoiceSplit& split,
                                           const std::vector<Feature>& features) {
  CLINNOVA_ASSIGN(const PolicyCells cells,
                  CellsOf(site.analysis, site.table.schema, split, features));
  return OwnCounts(site, split, features, Folds(split) * cells.size(),
                   [&](std::size_t fold, std::span<const std::uint8_t> bins, ExactSums& mine) {
                     cells.ForEach(bins, [&](std::size_t cell) {
                       mine.AddCount(0, fold * cells.size() + cell);
                     });
                   });
}

Result<void> CountEvaluate(const SiteView& site, const PolicyCountParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<std::int64_t> persons,
                  OwnCells(site, parameters.split, parameters.features));
  for (std::size_t i = 0; i < persons.size(); ++i) {
    if (persons[i] == 0) continue;
    sums.AddCount(kCellPersons, i, persons[i]);
    sums.AddCount(kCellSites, i);
  }
  return {};
}

// --- Sums of scores ----------------------------------------------------------------------------------

Result<Layout> SumLayout(const Analysis& analysis, const table::Schema& schema,
                         const PolicySumParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const PolicyCells cells,
                  CellsOf(analysis, schema, parameters.split, parameters.features));
  const std::size_t numbers = Folds(parameters.split) * cells.size();
  const PolicyCounts& counts = parameters.counts;
  if (counts.folds != parameters.split.folds || counts.persons.size() != numbers ||
      counts.sites.size() != numbers || !PolicyGrouping::Fits(cells, parameters.groups)) {
    return WrongLayout("groups that do not fit the cells");
  }
  const PolicyGrouping grouping(cells, parameters.groups);
  const std::size_t scores = Folds(parameters.split) * grouping.size() * arms;
  if (scores > kMostPolicyNumbers) return WrongLayout("a round of too many numbers");
  return Layout{{ScaledBlock("cell_scores", scores, static_cast<int>(parameters.exponent))}};
}

/// Rules 11 and 12 on what the hub claims of all sites, which may not be less than this site has. A plane's only group
/// is a fold, whose persons ChoiceGuard judges.
Result<void> HoldGroups(const SiteView& site, const PolicySumParameters& parameters) {
  CLINNOVA_TRY(SumLayout(site.analysis, site.table.schema, parameters));
  CLINNOVA_ASSIGN(const PolicyCells cells,
                  CellsOf(site.analysis, site.table.schema, parameters.split, parameters.features));
  const PolicyGrouping grouping(cells, parameters.groups);
  const PolicyCounts claimed = grouping.Sum(parameters.counts);
  for (std::size_t p = 0; p < cells.planes().size(); ++p) {
    const std::size_t size = parameters.groups[p].rows.size() * parameters.groups[p].columns.size();
    for (std::size_t i = 0; size > 1 && i < size * Folds(parameters.split); ++i) {
      const std::size_t at = i / size * grouping.size() + grouping.first(p) + i % size;
      const std::int64_t persons = claimed.persons[at];
      if (persons != 0 && persons < site.minimum_count) {
        return Fail(ErrorCode::kRefused, "sums of scores of few persons", "scores_of_persons");
      }
      if (persons != 0 && federation::TooFewSites(std::max<std::int64_t>(1, claimed.sites[at]),
                                                  site.table.schema, site.limits)) {
        return Fail(ErrorCode::kRefused, "sums of scores of too few sites", "few_contributors");
      }
    }
  }
  CLINNOVA_ASSIGN(const std::vector<std::int64_t> here,
                  OwnCells(site, parameters.split, parameters.features));
  return HoldClaim(here, parameters.counts.persons);
}

Result<void> SumEvaluate(const SiteView& site, const PolicySumParameters& parameters,
                         ExactSums& sums) {
  CLINNOVA_ASSIGN(const PolicyCells cells,
                  CellsOf(site.analysis, site.table.schema, parameters.split, parameters.features));
  const PolicyGrouping grouping(cells, parameters.groups);
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
        std::vector<std::uint8_t> bins(parameters.features.size());
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          BinRow(site.table, batch.design.source_row[r], parameters.features, bins);
          const std::size_t first = static_cast<std::size_t>(batch.fold[r] - 1) * grouping.size();
          cells.ForEach(bins, [&](std::size_t cell) {
            const std::size_t at = (first + grouping.GroupOf(cell)) * rows.arms();
            for (std::size_t a = 0; a < rows.arms(); ++a) {
              mine.Add(kCellScores, at + a, batch.score[a][r]);
            }
          });
        }
      });
}

// --- Values ------------------------------------------------------------------------------------------

Result<Layout> ValueLayout(const Analysis& analysis, const table::Schema& schema,
                           const PolicyValueParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_TRY(CellsOf(analysis, schema, parameters.split, parameters.features));
  if (parameters.given.size() != arms * arms ||
      parameters.guideline >= static_cast<std::int64_t>(arms)) {
    return WrongLayout("persons or a guideline that fit no arms");
  }
  return Layout{JudgedPolicyLayout(arms, parameters.guideline, parameters.split.claim.center.size(),
                                   parameters.column_exponent, parameters.score_exponent)};
}

Result<Layout> ArmLayout(const Analysis& analysis, const table::Schema& schema,
                         const PolicyArmParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_TRY(CellsOf(analysis, schema, parameters.split, parameters.features));
  return Layout{{CountBlock("arms", arms * arms)}};
}

/// Nodes on the longest way from a node to a leaf.
std::int64_t Depth(const Tree& tree, std::size_t at) {
  const TreeNode& node = tree[at];
  return node.leaf ? 0 : 1 + std::max(Depth(tree, node.left), Depth(tree, node.right()));
}

/// kRefused for trees that are no policies of so many arms, or are deeper than the analysis asks.
template <typename P>
Result<std::vector<Tree>> TreesFrom(const Analysis& analysis, const P& parameters,
                                    std::size_t arms) {
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  const std::size_t folds = Folds(parameters.split);
  std::vector<Tree> trees;
  bool fits = parameters.trees.size() == folds * (folds + 1) / 2;
  for (const core::Bytes& bytes : parameters.trees) {
    CLINNOVA_ASSIGN(Tree tree, UnpackTree(bytes, parameters.features));
    fits = fits && tree.size() < (std::size_t{2} << options.policy_tree.depth) &&
           Depth(tree, 0) <= options.policy_tree.depth;
    for (const TreeNode& node : tree) {
      fits = fits && (!node.leaf || (node.value >= 0 && node.value == std::floor(node.value) &&
                                     node.value < static_cast<double>(arms)));
    }
    trees.push_back(std::move(tree));
  }
  if (!fits) return WrongLayout("trees that are no policies of the analysis");
  return trees;
}

constexpr std::size_t kMostNodes = 7;  // of a tree of depth 2

/// Rule 10, on what the hub claims of the rows that each tree was learned from.
template <typename P>
Result<void> HoldTrees(const SiteView& site, const P& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms,
                  stats::ArmsOf(site.analysis, site.table.schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const std::vector<Tree> trees, TreesFrom(site.analysis, parameters, arms));
  const std::size_t folds = Folds(parameters.split);
  CLINNOVA_ASSIGN(
      const std::vector<std::int64_t> here,
      OwnCounts(site, parameters.split, parameters.features, trees.size() * kMostNodes,
                [&](std::size_t fold, std::span<const std::uint8_t> bins, ExactSums& mine) {
                  for (std::size_t f = 0; f < folds; ++f) {
                    for (std::size_t g = f; g < folds; ++g) {
                      if (fold == f || fold == g) continue;
                      const std::size_t t = SetWithout(folds, f, g) - 1;
                      mine.AddCount(
                          0, t * kMostNodes + LeafOf(trees[t], parameters.features, bins.data()));
                    }
                  }
                }));
  const std::int64_t least = std::max<std::int64_t>(kLeastPersons, site.minimum_count);
  for (std::size_t t = 0; t < trees.size(); ++t) {
    for (std::size_t n = 0; n < trees[t].size(); ++n) {
      const TreeNode& node = trees[t][n];
      if (!node.leaf) continue;
      if (node.persons < here[t * kMostNodes + n]) {
        return Fail(ErrorCode::kRefused, "a leaf is said to have fewer persons than it has here",
                    "false_claim");
      }
      if (n == 0) continue;  // everybody
      if (node.persons < least || federation::TooFewSites(std::max<std::int64_t>(1, node.sites),
                                                          site.table.schema, site.limits)) {
        return Fail(ErrorCode::kRefused, "a leaf of too few persons or of one site", "rare_level");
      }
    }
  }
  return {};
}

Result<void> HoldArms(const SiteView& site, const PolicyArmParameters& parameters) {
  CLINNOVA_TRY(ArmLayout(site.analysis, site.table.schema, parameters));
  return HoldTrees(site, parameters);
}

/// What the tree without two folds names, by row.
class NamingTrees {
 public:
  NamingTrees(const table::Table& table, const ChoiceBatch& batch,
              const std::vector<Feature>& features, const std::vector<Tree>& trees,
              std::size_t folds)
      : table_(table),
        batch_(batch),
        features_(features),
        trees_(trees),
        folds_(folds),
        bins_(features.size()),
        binned_(batch.rows()) {}

  std::size_t operator()(std::size_t r, std::size_t fold, std::size_t other) {
    if (r != binned_) {
      BinRow(table_, batch_.design.source_row[r], features_, bins_);
      binned_ = r;
    }
    const Tree& tree = trees_[SetWithout(folds_, fold, other) - 1];
    return static_cast<std::size_t>(tree[LeafOf(tree, features_, bins_.data())].value);
  }

 private:
  const table::Table& table_;  // not owned, outlives this; so do the next
  const ChoiceBatch& batch_;
  const std::vector<Feature>& features_;
  const std::vector<Tree>& trees_;
  std::size_t folds_;
  std::vector<std::uint8_t> bins_;
  std::size_t binned_;  ///< the row that bins_ are of
};

template <typename P>
Result<void> ArmEvaluate(const SiteView& site, const P& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::size_t arms,
                  stats::ArmsOf(site.analysis, site.table.schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const std::vector<Tree> trees, TreesFrom(site.analysis, parameters, arms));
  return ForEachPredicted(site, parameters.split, parameters.models, sums,
                          [&](const ChoiceRows&, ChoiceBatch& batch, ExactSums& mine) {
                            NamingTrees named(site.table, batch, parameters.features, trees,
                                              Folds(parameters.split));
                            AddPolicyArms(batch, arms, std::ref(named), kTreeArms, mine);
                          });
}

/// The arms that trees and rule are said to give are everybody's, and no fewer than here.
Result<void> HoldValues(const SiteView& site, const PolicyValueParameters& parameters) {
  CLINNOVA_TRY(ValueLayout(site.analysis, site.table.schema, parameters));
  CLINNOVA_TRY(HoldTrees(site, parameters));
  return HoldPolicyArms(site, parameters.given, parameters.split.Everybody(),
                        [&](ExactSums& own) { return ArmEvaluate(site, parameters, own); });
}

Result<void> ValueEvaluate(const SiteView& site, const PolicyValueParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::size_t arms,
                  stats::ArmsOf(site.analysis, site.table.schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const std::vector<Tree> trees, TreesFrom(site.analysis, parameters, arms));
  const std::size_t folds = Folds(parameters.split);
  const TwoPoliciesTold told = PoliciesTold(parameters.given, arms, site.minimum_count);
  if (!told.first) return {};
  return ForEachPredicted(site, parameters.split, parameters.models, sums,
                          [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                            NamingTrees named(site.table, batch, parameters.features, trees, folds);
                            AddJudgedPolicy(rows, batch,
                                            {.trim = parameters.models.trim,
                                             .guideline = parameters.guideline,
                                             .folds = folds,
                                             .rule_told = told.second},
                                            std::ref(named), mine);
                          });
}

/// As ChoiceGuard, and `hold` on the parameters.
template <typename P, Result<void> (*hold)(const SiteView&, const P&)>
struct PolicyGuard {
  static std::vector<federation::Rule> Rules() {
    std::vector<federation::Rule> rules = ChoiceGuard::Rules();
    rules.push_back(federation::Rule::kTrees);
    rules.push_back(federation::Rule::kContributors);
    return rules;
  }
  template <typename Q>
  static Result<void> Check(const SiteView& site, const Q& parameters) {
    CLINNOVA_TRY(ChoiceGuard::Check(site, parameters));
    return hold(site, parameters);
  }
};

}  // namespace

const federation::TypedStep<PolicyCountParameters> kPolicyCountStep{
    "choice.policy_counts", CountLayout, CountEvaluate, ChoiceGuard{}};
const federation::TypedStep<PolicySumParameters> kPolicySumStep{
    "choice.policy_sums", SumLayout, SumEvaluate, PolicyGuard<PolicySumParameters, HoldGroups>{}};
const federation::TypedStep<PolicyArmParameters> kPolicyArmStep{
    "choice.policy_arms", ArmLayout, ArmEvaluate<PolicyArmParameters>,
    PolicyGuard<PolicyArmParameters, HoldArms>{}};
const federation::TypedStep<PolicyValueParameters> kPolicyValueStep{
    "choice.policy_values", ValueLayout, ValueEvaluate,
    PolicyGuard<PolicyValueParameters, HoldValues>{}};

}  // namespace clinnova::learn
