// SPDX-License-Identifier: Apache-2.0
// The pooled model frame: what every regression needs to know of the data before its first step, found
// in one round (more with ns(), bs() or poly() terms: spline_knots.h, polynomial_moments.h), and the site's half of it.
//
//   coordinator:  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
//                 step parameters carry frame.claim();
//   site:         CLINNOVA_ASSIGN(auto mine, SiteFrameOf(site, parameters.claim));
//                 mine->design.Evaluate(site.table, first, count, batch);
//
// Reveals, to the hub and the researcher's algorithm, over all sites together: complete and incomplete
// cases, counts per factor level, per design column the sum, the sum of squares and how many rows are 0
// and 1. Where disclosure rules hold (frame_rules.h) also: at how many sites a level or column occurs, about how large
// the values are together, and the columns' sums of products.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/federation.h"
#include "table/design.h"

namespace clinnova::stats {

/// What the hub says of the pooled data; part of the parameters of every later step.
struct FrameClaim {
  table::DesignFacts facts;
  std::int64_t n = 0;               ///< complete cases
  std::vector<std::int64_t> zeros;  ///< per design column, rows that are 0
  std::vector<std::int64_t> ones;   ///< per design column, rows that are 1
  std::vector<std::vector<std::int64_t>>
      level_counts;                   ///< per factor of the design, of its levels in use
  std::vector<double> center;         ///< per design column, subtracted; 0 without an intercept
  std::vector<double> inverse_scale;  ///< per design column, multiplied; a power of two

  // Where disclosure rules hold, what they are judged by (frame_rules.h); else empty.
  std::vector<std::vector<std::int64_t>> level_sites;  ///< sites that have anybody, as level_counts
  std::vector<std::vector<std::int64_t>> level_ones;   ///< persons with an outcome of 1, likewise
  std::vector<std::int64_t> column_sites;  ///< per design column, sites at which it is not all 0
  std::vector<std::int64_t> part_zeros;  ///< per response part, weights and offset, rows that are 0
  std::vector<std::int64_t> part_ones;
  std::vector<double> precision;  ///< lower triangle of (X'X)^-1 of the standardised columns

  template <class A>
  void Fields(A& a) {
    a(facts);
    a(n);
    a(zeros);
    a(ones);
    a(level_counts);
    a(center);
    a(inverse_scale);
    a(level_sites);
    a(level_ones);
    a(column_sites);
    a(part_zeros);
    a(part_ones);
    a(precision);
  }
};

/// A site's half: the design under the claim.
struct SiteFrame {
  table::Design design;
};

/// The design options that an analysis asks for by its keys: `weights`, `cluster`, `strata` (for cox and
/// logrank; cox is stratified by site by default), `id`, `groups` (for competing_risks, whose strata they are; by
/// default the column that stands alone on the right, unless it is a number of many values).
Result<table::DesignOptions> DesignOptionsOf(const federation::Analysis& analysis);

/// The formula that the design is made of. For kaplan_meier, logrank and rmst the variables on the right are groups,
/// so that `y ~ a + b + strata(c)` becomes `y ~ strata(a) + strata(b) + strata(c)`. An analysis without a formula
/// but with `variables` has the design `~ a + b` of those columns. For ordinal and multinomial
/// the outcome is read as a factor; for conditional_logistic strata(set) is read as cluster(set), since the sets'
/// identities stay at their sites.
/// An analysis with `treatment` has the formula of treatment_formula.h, a combat that of combat_adjustment.h, trees
/// have that of split_columns.h.
/// kInvalidInput names the analysis and what does not parse.
Result<table::Formula> FormulaOf(const federation::Analysis& analysis);
/// True when the analysis is about a formula, in one key or in several.
bool HasFormula(const federation::Analysis& analysis);
/// The design of that formula under the schema. kInvalidInput names the analysis.
Result<table::Design> DesignOf(const federation::Analysis& analysis, const table::Schema& schema,
                               const table::DesignFacts& facts);
/// How many of the strata columns of FormulaOf's design are groups; 0 for other methods.
Result<std::size_t> GroupCount(const federation::Analysis& analysis);

/// The site's frame, made once per run and claim, and not without the disclosure rules of frame_rules.h: kRefused with the
/// reason code of the one that does not hold.
Result<std::shared_ptr<const SiteFrame>> SiteFrameOf(const federation::SiteView& site,
                                                     const FrameClaim& claim);

/// Rule 2 for a model of more parameters than design columns: at most a third as many as rows, 10 degrees of freedom
/// left. kRefused (`too_many_parameters`); nothing where minimum_count is 0.
Result<void> CheckParameterCount(std::int64_t parameters, std::int64_t rows, int minimum_count);

/// Standardises the design columns of a batch in place: x -> (x - center) * inverse_scale.
void Standardise(const FrameClaim& claim, table::DesignBatch& batch);

class ModelFrame {
 public:
  /// What the formula's left side is read as, where it is one column: a number, which a factor of two levels is, too, or
  /// as many levels as there are.
  enum class Outcome { kNumber, kLevels };

  /// kInvalidInput for a formula that does not fit the columns; kFailed when no complete case is left or
  /// an expression is infinite; kRefused by a disclosure rule.
  static Result<ModelFrame> Build(federation::Federation& federation,
                                  const federation::Analysis& analysis,
                                  Outcome outcome = Outcome::kNumber);

  const table::Formula& formula() const { return formula_; }
  const table::Design& design() const { return *design_; }
  const FrameClaim& claim() const { return claim_; }
  std::size_t columns() const { return design_->names().size(); }
  std::int64_t n() const { return claim_.n; }
  std::int64_t n_missing() const { return n_missing_; }
  /// Smallest e with |standardised value| <= 2^e for every value of every column.
  int standardised_exponent() const { return standardised_exponent_; }
  /// Smallest e with |value| <= 2^e, of each response part and of the weights and offset; from the sums
  /// of squares, so about sqrt(n) too large at most.
  const std::vector<int>& response_exponents() const { return response_exponents_; }
  int weights_exponent() const { return weights_exponent_; }
  /// Pooled counts per level in use of design().factors(), in the same order.
  const std::vector<std::vector<std::int64_t>>& level_counts() const { return claim_.level_counts; }
  /// For a survival response: the smallest of a list of usual denominators d such that every time is a whole
  /// multiple of 1/d (days: 1; tenths: 10; days told in years: 365.25); 0 when there is none.
  double time_denominator() const { return time_denominator_; }
  /// Times lie in [0, 2^time_exponent()].
  int time_exponent() const { return time_exponent_; }

  /// Coefficients and covariance of the standardised columns, as those of the original columns.
  void ToOriginalScale(std::vector<double>& coefficients,
                       std::vector<std::vector<double>>& covariance) const;

 private:
  ModelFrame() = default;
  Result<federation::PooledSums> Preflight(federation::Federation& federation,
                                           const federation::Analysis& analysis);
  void ReadTimes(const federation::PooledSums& sums);
  void ReadLevels(const table::Design& wide, const federation::PooledSums& sums);
  void ReadRules(const federation::PooledSums& sums, const table::Design& design,
                 const std::map<std::string, std::size_t>& column_of);

  table::Formula formula_;
  std::shared_ptr<const table::Design> design_;  // shared by copies of this immutable value
  FrameClaim claim_;
  std::int64_t n_missing_ = 0;
  int standardised_exponent_ = 0;
  std::vector<int> response_exponents_;
  int weights_exponent_ = 0;
  double time_denominator_ = 0;
  int time_exponent_ = 0;
};

/// The rules that SiteFrameOf holds, and `more`.
std::vector<federation::Rule> FrameRules(std::initializer_list<federation::Rule> more = {});

/// The guard of a step that reads its rows through the frame of parameters.claim and has no further rule.
struct FrameGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules(); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    CLINNOVA_TRY(SiteFrameOf(site, parameters.claim));
    return {};
  }
};

/// The steps that ModelFrame::Build may run; part of every regression method.
std::vector<const federation::Step*> ModelFrameSteps();

/// Smallest e with size <= 2^e; 0 for 0.
int ExponentOf(double size);

}  // namespace clinnova::stats
