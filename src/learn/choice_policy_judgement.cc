// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_judgement.h"

#include <algorithm>

#include "learn/choice_disclosure.h"
#include "learn/choice_policy_steps.h"
#include "learn/choice_steps.h"
#include "learn/tree_steps.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

namespace {

class FindingTree {
 public:
  FindingTree(Federation& federation, const Analysis& analysis, const PolicyQuestion& question,
              std::vector<Feature> features)
      : federation_(federation),
        analysis_(analysis),
        question_(question),
        features_(std::move(features)),
        cells_(features_, question.options.policy_tree.depth),
        folds_(static_cast<std::size_t>(question.split.folds)) {}

  Result<PolicyTreeJudgement> Run() {
    CLINNOVA_TRY(Count());
    CLINNOVA_TRY(SumScores());
    Search();
    CLINNOVA_TRY(Value());
    tree_.features = features_;
    return std::move(tree_);
  }

 private:
  Result<void> Count() {
    const PolicyCountParameters parameters{.split = question_.split, .features = features_};
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kPolicyCountStep, parameters));
    counts_ = {.folds = question_.split.folds,
               .persons = sums.Counts(kCellPersons),
               .sites = sums.Counts(kCellSites)};
    for (std::size_t f = 0; f < features_.size(); ++f) {
      const std::size_t at =
          cells_.planes()[cells_.PlaneOf(f, f)].offset + features_[f].missing_bin();
      std::int64_t persons = 0;
      for (std::size_t k = 0; k < folds_; ++k) persons += counts_.persons[k * cells_.size() + at];
      tree_.missing.push_back(persons > 0);
    }
    groups_ = federation_.minimum_count() == 0 ? SingleBins(cells_) : Joined();
    grouping_ = PolicyGrouping(cells_, groups_);
    return {};
  }

  std::vector<PolicyGroups> Joined() {
    const PolicyShown shown = [&](std::int64_t persons, std::int64_t sites) {
      return persons == 0 ||
             (persons >= federation_.minimum_count() &&
              !federation::TooFewSites(sites, federation_.schema(), federation_.limits()));
    };
    std::vector<PolicyGroups> groups = JoinCells(cells_, counts_, shown);
    std::string none;
    for (std::size_t f = 0; f < features_.size(); ++f) {
      if (features_[f].bins() < 2 || groups[cells_.PlaneOf(f, f)].rows.size() > 1) continue;
      none += (none.empty() ? "" : ", ") + features_[f].name;
    }
    if (!none.empty()) {
      tree_.warnings.push_back("policy_tree asks nothing about " + none +
                               ": too few persons, or of too few sites, on one side");
    }
    return groups;
  }

  Result<void> SumScores() {
    const PolicySumParameters parameters{.split = question_.split,
                                         .models = question_.models,
                                         .features = features_,
                                         .counts = counts_,
                                         .groups = groups_,
                                         .exponent = question_.score_exponent};
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kPolicySumStep, parameters));
    const std::size_t numbers = folds_ * grouping_.size() * question_.arms;
    for (std::size_t i = 0; i < numbers; ++i) {
      const federation::Int128 score = sums.Integer(kCellScores, i);
      scores_.push_back(question_.options.higher_is_better ? score : -score);
    }
    grouped_ = grouping_.Sum(counts_);
    return {};
  }

  /// Of all folds but two, which may be the same; of all folds where they are `folds_`.
  PolicySums Without(std::size_t first, std::size_t second) const {
    const std::size_t size = grouping_.size();
    PolicySums sums{.scores = std::vector<federation::Int128>(size * question_.arms),
                    .persons = std::vector<std::int64_t>(size),
                    .sites = std::vector<std::int64_t>(size)};
    for (std::size_t k = 0; k < folds_; ++k) {
      if (k == first || k == second) continue;
      for (std::size_t g = 0; g < size; ++g) {
        sums.persons[g] += grouped_.persons[k * size + g];
        sums.sites[g] = std::max(sums.sites[g], grouped_.sites[k * size + g]);
      }
      for (std::size_t i = 0; i < sums.scores.size(); ++i) {
        sums.scores[i] += scores_[k * sums.scores.size() + i];
      }
    }
    return sums;
  }

  void Search() {
    const PolicySearch search(features_, cells_, groups_, grouping_, tree_.missing, question_.arms);
    tree_.least = std::max<std::int64_t>(kLeastPersons, federation_.minimum_count());
    const auto find = [&](std::size_t first, std::size_t second) {
      return search.Find(Without(first, second), question_.options.policy_tree.depth, tree_.least);
    };
    tree_.tree = find(folds_, folds_);
    packed_.resize(folds_ * (folds_ + 1) / 2);
    for (std::size_t k = 0; k < folds_; ++k) {
      for (std::size_t l = k; l < folds_; ++l) {
        Tree tree = find(k, l);
        packed_[SetWithout(folds_, k, l) - 1] = PackTree(tree);
        if (l == k) tree_.by_fold.push_back(std::move(tree));
      }
    }
  }

  /// Persons by the arm that their fold's tree gives, and by the rule's.
  Result<std::vector<std::int64_t>> Given() {
    const PolicyArmParameters parameters{.split = question_.split,
                                         .models = question_.models,
                                         .features = features_,
                                         .trees = packed_};
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kPolicyArmStep, parameters));
    return sums.Counts(kTreeArms);
  }

  Result<void> Value() {
    CLINNOVA_ASSIGN(const std::vector<std::int64_t> given, Given());
    const PolicyValueParameters parameters{.split = question_.split,
                                           .models = question_.models,
                                           .guideline = question_.guideline,
                                           .features = features_,
                                           .trees = packed_,
                                           .given = given,
                                           .column_exponent = question_.column_exponent,
                                           .score_exponent = question_.score_exponent};
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kPolicyValueStep, parameters));
    tree_.judged = JudgedPolicyFrom(sums, 0);
    tree_.judged.recommended = RowTotals(given, question_.arms);
    tree_.judged.told = PoliciesTold(given, question_.arms, federation_.minimum_count()).first;
    return {};
  }

  Federation& federation_;          // not owned, outlives this
  const Analysis& analysis_;        // not owned, outlives this
  const PolicyQuestion& question_;  // not owned, outlives this
  std::vector<Feature> features_;
  PolicyCells cells_;
  std::size_t folds_;
  PolicyCounts counts_{};
  std::vector<PolicyGroups> groups_{};
  PolicyGrouping grouping_{};
  PolicyCounts grouped_{};                    ///< by fold and group
  std::vector<federation::Int128> scores_{};  ///< by fold, group and arm, towards the better
  std::vector<core::Bytes> packed_{};
  PolicyTreeJudgement tree_{};
};

}  // namespace

Result<void> CheckPolicyTree(const Analysis& analysis, const table::Schema& schema,
                             const ChoiceOptions& options, std::size_t arms) {
  CLINNOVA_ASSIGN(std::vector<Feature> features, PolicyFeatures(analysis, schema));
  const auto bins = static_cast<std::size_t>(options.policy_tree.bins);
  for (Feature& feature : features) {
    if (!feature.factor()) feature.cuts.resize(bins - 1);
  }
  const PolicyCells cells(features, options.policy_tree.depth);
  const std::size_t numbers =
      static_cast<std::size_t>(options.folds) * cells.size() * std::max<std::size_t>(arms, 2);
  if (numbers <= kMostPolicyNumbers) return {};
  return analysis.Wrong(
      "policy_tree_columns",
      "found " + std::to_string(features.size()) + " columns, of which each site would send " +
          std::to_string(numbers) + " numbers, expected at most " +
          std::to_string(kMostPolicyNumbers) +
          ": name fewer columns, or ask for fewer policy_tree_bins or policy_tree_depth = 1");
}

Result<PolicyTreeJudgement> FindPolicyTree(Federation& federation, const Analysis& analysis,
                                           const PolicyQuestion& question) {
  CLINNOVA_ASSIGN(std::vector<Feature> features, PolicyFeatures(analysis, federation.schema()));
  for (Feature& feature : features) {
    if (feature.factor()) continue;
    const auto input = std::ranges::find(question.inputs, feature.name, &PolicyInput::name);
    feature.cuts = CutsOfHistogram(input->histogram, input->center, input->scale,
                                   question.options.policy_tree.bins);
    DropCutsNear(input->subgroup_cuts, input->histogram, input->center, input->scale,
                 federation.minimum_count(), feature.cuts);
  }
  return FindingTree(federation, analysis, question, std::move(features)).Run();
}

}  // namespace clinnova::learn
