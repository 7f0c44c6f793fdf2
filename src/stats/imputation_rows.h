// SPDX-License-Identifier: Apache-2.0
// A site's rows with their missing values filled in: what the chained equations have drawn so far is drawn again, row by
// row, from the coefficients in the round's parameters and from random numbers that belong to the row. Nothing is
// kept between rounds, so a row is completed alike at every site, in every thread and when a run resumes.
//
//   CLINNOVA_ASSIGN(ImputationRows rows, ImputationRows::Create(site, claim, draws));
//   rows.Read(first, count, batch);            // batch.values[m][v][r], standardised
//   rows.Complete(m, batch);                   // batch.table: the batch as a table without missing values
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/step.h"
#include "stats/keyed_random.h"
#include "table/table.h"

namespace clinnova::stats {

/// What an analysis asks for.
struct ImputationOptions {
  std::vector<std::string> variables;  ///< imputed from each other, in the order of their visits
  std::string row_id;                  ///< column that tells rows apart; "" = the variables' values
  std::int64_t imputations = 5;
  std::int64_t cycles = 5;
  std::int64_t seed = 1;
};

/// kInvalidInput names the option. Variables are those of the formula, then `imputation_variables`.
Result<ImputationOptions> ImputationOptionsOf(const federation::Analysis& analysis);

/// What the hub says of one variable, over all sites.
struct VariableFacts {
  bool categorical = false;  ///< a factor, or a number that is 0 or 1
  std::vector<std::int64_t>
      level_counts;  ///< categorical: rows per level of the schema, or of 0 and 1
  std::int64_t observed = 0;
  std::int64_t missing = 0;
  double center = 0;         ///< numeric: subtracted
  double inverse_scale = 1;  ///< numeric: multiplied; a power of two

  template <class A>
  void Fields(A& a) {
    a(categorical);
    a(level_counts);
    a(observed);
    a(missing);
    a(center);
    a(inverse_scale);
  }
  /// Levels in use; 1 for a numeric variable.
  std::size_t categories() const;
  /// Columns of a model that it is a predictor of.
  std::size_t width() const { return categorical ? categories() - 1 : 1; }
};

/// One visit to a variable: the coefficients with which its missing values are drawn.
struct ImputationDraw {
  std::uint64_t variable = 0;
  std::vector<double> coefficients;  ///< by imputation; categorical: by level after the first
  std::vector<double> sigma;         ///< by imputation; empty for a categorical variable

  template <class A>
  void Fields(A& a) {
    a(variable);
    a(coefficients);
    a(sigma);
  }
};

struct ImputationClaim {
  std::vector<VariableFacts> variables;
  std::vector<ImputationDraw> draws;  ///< visits so far, in their order

  template <class A>
  void Fields(A& a) {
    a(variables);
    a(draws);
  }
  /// Columns of the model of one variable: 1 and the other variables'.
  std::size_t columns(std::size_t variable) const;
};

/// Rules 1 to 3 of privacy.md on the claim: kRefused. Also judged by each site.
Result<void> CheckImputation(const ImputationClaim& claim, int minimum_count);

/// The guard of steps that read rows through the imputation that parameters.claim tells of.
struct ImputationGuard {
  static std::vector<federation::Rule> Rules() {
    return {federation::Rule::kCohort, federation::Rule::kParameters, federation::Rule::kLevels};
  }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    return CheckImputation(parameters.claim, site.minimum_count);
  }
};

struct ImputationBatch {
  std::size_t first = 0;
  std::size_t rows = 0;
  /// By imputation, variable and row: standardised numbers, or the index of a category.
  std::vector<std::vector<std::vector<double>>> values;
  std::vector<std::vector<std::uint8_t>> observed;  ///< by variable and row
  std::vector<KeyedRandom> random;                  ///< by row
  std::vector<double> x;    ///< the model's columns, column-major with stride kBatchRows
  table::Table table;       ///< see Complete
  std::vector<double> eta;  ///< linear predictors of one row
};

class ImputationRows {
 public:
  static Result<ImputationRows> Create(const federation::SiteView& site,
                                       const ImputationClaim& claim);

  const ImputationOptions& options() const { return options_; }
  const ImputationClaim& claim() const { return *claim_; }
  std::size_t imputations() const { return static_cast<std::size_t>(options_.imputations); }

  /// Rows [first, first + count) with everything drawn that the claim says.
  void Read(std::size_t first, std::size_t count, ImputationBatch& batch) const;
  /// batch.x: the columns of the model of `variable` in imputation m.
  void Columns(std::size_t variable, std::size_t m, ImputationBatch& batch) const;
  /// batch.table: the rows of imputation m as a table of the site's schema; columns that are no variables are
  /// missing, but `site`.
  void Complete(std::size_t m, ImputationBatch& batch) const;

 private:
  bool BindVariable(std::size_t v);
  bool Fits(const ImputationDraw& draw) const;
  void ReadObserved(std::size_t first, ImputationBatch& batch) const;
  void ReadKeys(std::size_t first, ImputationBatch& batch) const;
  void Start(ImputationBatch& batch) const;
  void Draw(std::size_t index, ImputationBatch& batch) const;
  double NewValue(const ImputationDraw& draw, std::size_t m, std::size_t row, double random,
                  ImputationBatch& batch) const;

  const table::Table* table_ = nullptr;     // not owned, outlives this
  const ImputationClaim* claim_ = nullptr;  // not owned, outlives this
  ImputationOptions options_;
  std::vector<std::size_t> columns_;                 ///< of the table, by variable
  std::vector<std::vector<std::int32_t>> category_;  ///< level of the schema -> category or -1
  std::vector<std::vector<std::int32_t>> level_;     ///< category -> level of the schema
  std::optional<std::size_t> id_;
};

}  // namespace clinnova::stats
