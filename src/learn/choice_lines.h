// SPDX-License-Identifier: Apache-2.0
// Which patients gain more from one drug than from another: the best linear predictor of every two arms' effect in the
// covariates, as the DR-learner's last step gives it. Least squares of the difference of AIPW scores out of fold,
// Gamma_a - Gamma_b, on the columns of the design; errors that hold whatever the scores' variances are (HC3), and a test of
// whether any covariate tells who gains.
//
// The line need not be the truth: it is the one closest to it. Terms that `site` is in are left out, whatever their
// columns are called: they would tell a site's gain. A site refuses them, too.
// Sources: E. H. Kennedy, Electron. J. Stat. 17 (2023); V. Semenova, V. Chernozhukov, Econom. J. 24 (2021); J. G.
// MacKinnon, H. White, J. Econometrics 29 (1985).
//
// Reveals: with choice.fold_pairs by arm the sums of columns times scores, from which follow the lines; with choice.spread
// of every two arms the products of the columns weighted by squared errors about the line. Needs rule 6 (leverage) of the
// design, which the frame holds, and of what errors are divided by, which ChoiceLineGuard holds.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/exact_sums.h"
#include "federation/step.h"
#include "learn/choice_rows.h"
#include "stats/linear_algebra.h"

namespace clinnova::learn {

/// Part of a step's parameters.
struct ChoiceLineQuestion {
  std::vector<std::int64_t> columns{};  ///< of the design, rising; none: nothing is asked
  std::vector<std::vector<double>>
      lines{};  ///< by two arms: coefficients of these columns; none: their sums are asked
  std::vector<double> inverse{};  ///< of the columns' products, by rows
  std::int64_t exponent = 0;      ///< of a contribution's size
  template <class A>
  void Fields(A& a) {
    a(columns);
    a(lines);
    a(inverse);
    a(exponent);
  }
};
/// The question's one block. kRefused for a question that cannot be, and for columns of `site` (`single_contributor`).
Result<federation::BlockSpec> LineBlock(const federation::Analysis& analysis,
                                        const table::Schema& schema, const stats::FrameClaim& claim,
                                        std::size_t arms, const ChoiceLineQuestion& question);
/// A batch's contribution; `sign`: -1 where lower outcomes are better.
void AddLines(const ChoiceLineQuestion& question, const ChoiceBatch& batch, double sign,
              std::size_t block, federation::ExactSums& sums);

/// The columns of a formula's design that lines are of: those of terms without the column `site`.
std::vector<std::int64_t> LineColumns(const table::Formula& formula, const table::Design& design);

/// Errors are divided by 1 less a person's leverage, which follows from the hub's `inverse`. kRefused (`leverage`) where one
/// here is not within what rule 6 allows: a hub could weigh one person's error above all others'.
Result<void> CheckLines(const federation::SiteView& site, const ChoiceSplit& split,
                        const ChoiceLineQuestion& question);
/// As ChoiceGuard, of the steps that a question may stand in.
struct ChoiceLineGuard {
  static std::vector<federation::Rule> Rules() { return ChoiceGuard::Rules(); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    CLINNOVA_TRY(ChoiceGuard::Check(site, parameters));
    return CheckLines(site, parameters.split, parameters.lines);
  }
};

/// Sums over n persons of products of these columns, from all columns' covariance (divisor n - 1) and means.
stats::Matrix ProductsOf(const std::vector<std::int64_t>& columns, const stats::Matrix& covariance,
                         const std::vector<double>& means, double n);

/// The line of the effect of arm `first` over `second`, in standardised columns.
struct ContrastLine {
  std::size_t first = 0, second = 0;
  std::vector<double> coefficients{};  ///< by column asked; 0 where aliased
  stats::Matrix covariance{};
  double statistic = 0;  ///< Wald's, of all columns but the first being without effect
  std::int64_t degrees = 0;
};

/// The hub's side.
class FittingLines {
 public:
  struct Setting {
    std::vector<std::int64_t> columns{};
    stats::Matrix gram{};  ///< products of these columns over everybody
    std::size_t arms = 0;
    std::int64_t column_exponent = 0;  ///< of a standardised value
    std::int64_t score_exponent = 0;   ///< of a score
  };
  explicit FittingLines(Setting setting);

  ChoiceLineQuestion First() const;
  void TakeSums(const federation::PooledSums& sums, std::size_t block);
  ChoiceLineQuestion Second() const;
  void TakeErrors(const federation::PooledSums& sums, std::size_t block);

  const std::vector<std::int64_t>& columns() const { return setting_.columns; }
  const std::vector<bool>& aliased() const { return factor_.aliased(); }
  const std::vector<ContrastLine>& lines() const { return lines_; }

 private:
  Setting setting_;
  stats::SymmetricFactor factor_;
  stats::Matrix inverse_;
  std::vector<ContrastLine> lines_{};
};

}  // namespace clinnova::learn
