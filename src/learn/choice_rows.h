// SPDX-License-Identifier: Apache-2.0
// A site's rows as a treatment choice reads them: the standardised design, the outcome, the arm, and the fold of
// every complete case; and what each is predicted to have by models that did not see its fold.
//
// A person's fold comes from row_folds.h (`id`, or `fold_column`, or what the row says), so that folds are the same
// for every partition of the persons into sites; or it is the site, for learning without a site and judging in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "federation/batches.h"
#include "federation/step.h"
#include "learn/choice_forest.h"
#include "stats/model_frame.h"
#include "stats/row_folds.h"

namespace clinnova::learn {

/// Kinds of outcomes counted in each fold and arm.
enum ChoiceOutcome { kOutcomeZero, kOutcomeOne, kOutcomeOther, kChoiceOutcomes };

/// How the rows are split, as the hub says it: part of every round's parameters.
struct ChoiceSplit {
  stats::FrameClaim claim;
  std::int64_t folds = 1;
  bool by_site = false;
  /// Persons of each fold, arm and ChoiceOutcome; empty before they are counted.
  std::vector<std::int64_t> cells{};

  std::int64_t Cell(std::size_t arms, std::size_t fold, std::size_t arm) const;
  /// Persons of all cells.
  std::int64_t Everybody() const;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
    a(by_site);
    a(cells);
  }
};

/// Rule 2 and rule 3 for everything that is learned: each fold has, of each arm, at least `minimum_count` persons, and
/// a binary outcome that none or as many have; each training set (all but two folds) has in each arm three times as
/// many persons as columns and 10 more. kRefused (`rare_level`, `too_many_parameters`); nothing where minimum_count
/// is 0.
Result<void> CheckCells(const ChoiceSplit& split, std::size_t arms, int minimum_count);

/// Policies: the rule; every arm for everybody; what was given; an arm by lot; the guideline's first arm, if any.
inline std::size_t PolicyCount(std::size_t arms, bool guideline) {
  return arms + 3 + (guideline ? 1 : 0);
}

inline std::size_t Contrasts(std::size_t arms) { return arms * (arms - 1) / 2; }
/// Calls work(contrast, first, second) for every two arms.
template <typename Work>
void ForEachContrast(std::size_t arms, Work work) {
  std::size_t contrast = 0;
  for (std::size_t a = 0; a < arms; ++a) {
    for (std::size_t b = a + 1; b < arms; ++b, ++contrast) work(contrast, a, b);
  }
}

/// Models that did not see a fold, by fold: standardised scale.
struct ChoiceModels {
  bool binary = true;
  bool higher_is_better = true;
  double trim = 0.02;
  std::vector<std::vector<double>> outcome{};     ///< by fold: arms * columns; none with trees
  std::vector<std::vector<double>> propensity{};  ///< by fold: (arms - 1) * columns
  std::vector<Feature> features{};                ///< that trees split; none without
  std::vector<ChoiceTrees> trees{};               ///< by fold

  template <class A>
  void Fields(A& a) {
    a(binary);
    a(higher_is_better);
    a(trim);
    a(outcome);
    a(propensity);
    a(features);
    a(trees);
  }
};

/// Outcome models that are asked only which arm is best: by fold k and other fold l, at k * folds + l, those that saw
/// neither. Coefficients, or trees over ChoiceModels::features; those of k = l are none.
struct ChoicePairRules {
  std::vector<std::vector<double>> outcome{};
  std::vector<ChoiceTrees> trees{};

  template <class A>
  void Fields(A& a) {
    a(outcome);
    a(trees);
  }
};

/// One batch of complete cases.
struct ChoiceBatch {
  table::DesignBatch design;         ///< standardised
  std::vector<std::int32_t> fold{};  ///< 1…, or 0: none
  // Filled by Predict, by arm and row.
  std::vector<std::vector<double>> predicted{};   ///< q_a
  std::vector<std::vector<double>> propensity{};  ///< e_a before trimming
  std::vector<std::vector<double>>
      score{};                         ///< Gamma_a = q_a + [a = own] (y - q_a) / max(e_a, trim)
  std::vector<std::int32_t> chosen{};  ///< the rule's arm
  std::vector<double> buffer{};
  std::vector<std::uint8_t> bins{};  ///< of the row at hand, for trees

  std::size_t rows() const { return design.rows; }
  const std::vector<std::int32_t>& arm() const { return design.strata.front(); }
  const std::vector<double>& y() const { return design.response.front(); }
};

/// A site's reader for one round.
class ChoiceRows {
 public:
  /// kRefused without cells, or with cells that break a rule.
  static Result<ChoiceRows> Create(const federation::SiteView& site, const ChoiceSplit& split);
  /// For the round that counts the cells, and for nothing else.
  static Result<ChoiceRows> CreateToCount(const federation::SiteView& site,
                                          const ChoiceSplit& split);

  std::size_t arms() const { return arms_; }
  std::size_t columns() const { return split_->claim.center.size(); }
  const table::Table& table() const { return *table_; }
  const table::Design& design() const { return frame_->design; }

  /// Reads rows [first, first + count): design, folds.
  void Read(std::size_t first, std::size_t count, ChoiceBatch& batch) const;
  /// Predictions of the rows read, each by its own fold's models; rows without a fold have none and a score of 0.
  /// Needs TakeModels before it, of the same models.
  void Predict(const ChoiceModels& models, ChoiceBatch& batch) const;
  /// kRefused when models do not fit folds, design and the analysis' own columns.
  Result<void> TakeModels(const federation::SiteView& site, const ChoiceModels& models);
  /// kRefused when the rules do not fit folds, design and models.
  Result<void> TakeRules(const federation::SiteView& site, const ChoiceModels& models,
                         const ChoicePairRules& rules);
  /// Linear predictors by arm, but for a number common to all, of the models without the row's fold and `other`, for a
  /// row that was predicted in a fold. Needs TakeRules before it.
  void PredictWithout(const ChoiceModels& models, const ChoicePairRules& rules, ChoiceBatch& batch,
                      std::size_t row, std::size_t other, std::vector<double>& predictors) const;
  /// The arm that the rule without the row's fold and `other` picks, from these.
  static std::size_t ChosenOf(const ChoiceModels& models, const std::vector<double>& predictors);

 private:
  ChoiceRows() = default;
  void PredictRow(const ChoiceModels& models, ChoiceBatch& batch, std::size_t row) const;
  double Linear(const std::vector<double>& beta, const ChoiceBatch& batch, std::size_t row,
                std::size_t arm) const;

  const table::Table* table_ = nullptr;                      // not owned, outlives this
  std::shared_ptr<const stats::SiteFrame> frame_;            // shared with the site's cache
  const ChoiceSplit* split_ = nullptr;                       // not owned, outlives this
  std::optional<stats::RowFolds> folds_{};                   ///< absent where the fold is the site
  std::vector<ChoiceForest> forests_{};                      ///< by fold, where models are trees
  std::vector<std::optional<ChoiceForest>> pair_forests_{};  ///< by fold and other fold
  std::size_t site_column_ = 0;
  std::size_t arms_ = 0;
};

/// Calls work(rows reader, batch, sums) for each batch, predicted by the models.
template <typename Work>
Result<void> ForEachPredicted(const federation::SiteView& site, const ChoiceSplit& split,
                              const ChoiceModels& models, federation::ExactSums& sums, Work work) {
  CLINNOVA_ASSIGN(ChoiceRows rows, ChoiceRows::Create(site, split));
  CLINNOVA_TRY(rows.TakeModels(site, models));
  return federation::ForEachBatch<ChoiceBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, ChoiceBatch& batch,
          federation::ExactSums& mine) -> Result<void> {
        rows.Read(first, count, batch);
        rows.Predict(models, batch);
        work(rows, batch, mine);
        return {};
      });
}

/// The sums of this site alone, of a layout that never leaves it, for judging what a hub claims.
template <typename Work>
Result<federation::PooledSums> SumAlone(const federation::SiteView& site, const ChoiceSplit& split,
                                        const ChoiceModels& models,
                                        const federation::Layout& layout, Work work) {
  federation::ExactSums own(layout);
  CLINNOVA_TRY(ForEachPredicted(site, split, models, own, work));
  return federation::PooledSums::Decode(layout, own.Seal(core::Hash{}));
}
/// kRefused (`false_claim`) where `claimed`, a hub's counts over all sites, is less than a site has `here` alone.
Result<void> HoldClaim(std::span<const std::int64_t> here, std::span<const std::int64_t> claimed);

/// Of groups of bins that begin at `first`, rising from 0, the one that `bin` is in.
std::size_t GroupOfBin(std::span<const std::int64_t> first, std::int64_t bin);

/// Which of `bins` bins, each `width` wide from 0 on; what lies outside is in the first or the last.
std::size_t EvenBin(double value, double width, std::size_t bins);

/// A site's forests from what the hub says of them. kRefused ("wrong_layout") where a feature is none of the analysis'.
Result<std::vector<ChoiceForest>> ForestsOf(const federation::SiteView& site,
                                            const std::vector<std::string>& arms,
                                            const std::vector<Feature>& features,
                                            const std::vector<ChoiceTrees>& trees);

/// The guard of steps that read `split`'s rows through ChoiceRows: the frame's rules, and those on the counts of the cells
/// that the hub claims of all sites.
struct ChoiceGuard {
  static std::vector<federation::Rule> Rules() { return stats::FrameRules(); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    CLINNOVA_TRY(ChoiceRows::Create(site, parameters.split));
    return {};
  }
};
/// As ChoiceGuard, of the step that counts the cells.
struct ChoiceCountGuard {
  static std::vector<federation::Rule> Rules() { return stats::FrameRules(); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    CLINNOVA_TRY(ChoiceRows::CreateToCount(site, parameters.split));
    return {};
  }
};

/// A batch's rows of one arm, one after another, so that sums over an arm touch its rows only.
struct ArmRows {
  std::vector<double> x{};  ///< column-major, stride table::kBatchRows
  std::vector<double> y{};
  std::vector<std::int32_t> fold{};
  std::vector<double> eta, mean, weight, residual;
  std::size_t rows = 0;

  void Gather(const ChoiceBatch& batch, std::size_t columns, std::size_t arm);
};

}  // namespace clinnova::learn
