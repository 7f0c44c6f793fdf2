// SPDX-License-Identifier: Apache-2.0
// From a formula and a table to numbers: R's model frame and model matrix, one batch of rows at a time.
//
//   CLINNOVA_ASSIGN(Design design, Design::Create(formula, schema, {.weights = "w"}, facts));
//   DesignBatch batch;                                     // one per thread, reused
//   for (size_t first = 0; first < table.rows; first += kBatchRows)
//     design.Evaluate(table, first, std::min(kBatchRows, table.rows - first), batch);
//
// Column names, contrasts (treatment) and the choice between contrasts and full indicator coding are
// those of R's model.matrix. Every row's numbers depend on that row alone and come from IEEE operations
// and core/deterministic_math.h: the same bits on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "table/formula.h"
#include "table/table.h"

namespace clinnova::table {

/// Rows per batch; a multiple of 8, so that vector code needs no tail.
inline constexpr std::size_t kBatchRows = 4096;

/// What the last part of Surv() tells.
enum class StatusCoding : std::uint8_t {
  kEvent,  ///< 0/1 or 1/2
  kCause,  ///< 0 = censored, 1, 2, … = which event; the levels of a factor in their order, the first = censored
};
/// Causes are numbered up to here.
inline constexpr int kLargestCause = 100;

/// Columns beside the formula that rows must have, by name; empty = none.
struct DesignOptions {
  std::string weights{};              ///< prior weights, numeric, >= 0
  std::string cluster{};              ///< cluster identity
  std::vector<std::string> strata{};  ///< further strata columns, after those of the formula
  std::vector<std::string> also{};    ///< further columns that must be present in a complete case
  StatusCoding status = StatusCoding::kEvent;
  /// Under a Surv() response there is an intercept whatever the formula says, as in coxph; survreg takes it at its word.
  bool survival_intercept = true;
};

/// What the pooled data say about the design; found by the preflight round (model_frame.h), the same
/// at every site, and part of every later step's parameters.
struct DesignFacts {
  /// Levels in use among complete cases, by column; a column not listed uses all its levels.
  std::map<std::string, std::vector<std::string>> used_levels{};
  /// Boundary and interior knots of each ns() and bs() term, by the term's text: first, interior…, last.
  std::map<std::string, std::vector<double>> knots{};
  /// OrthogonalPolynomial::Coefficients of each poly() term that is not raw, by the term's text.
  std::map<std::string, std::vector<double>> polynomials{};
  /// The pooled Surv() status is 1/2 and not 0/1 (DesignBatch::status_two > 0 in the preflight).
  bool status_is_one_two = false;

  template <class A>
  void Fields(A& a) {
    a(used_levels);
    a(knots);
    a(polynomials);
    a(status_is_one_two);
  }
};

/// The complete cases of one batch, compacted: row r of every array is the r-th complete case.
/// Capacity kBatchRows; arrays are padded with zeros up to a multiple of 8 rows.
struct DesignBatch {
  std::size_t rows = 0;     ///< complete cases in this batch
  std::size_t missing = 0;  ///< rows left out for a missing value
  /// Complete rows left out because an expression is infinite there (log(0)): R stops with "NA/NaN/Inf
  /// in 'x'", and so must a method when the sum over sites is not 0.
  std::size_t infinite = 0;
  /// Complete rows left out because the response or weight cannot be: a status other than 0/1 (1/2
  /// under status_is_one_two) or than a cause's number, stop not after start, a negative weight. R's Surv warns, its glm stops.
  std::size_t invalid = 0;
  std::size_t status_two = 0;  ///< rows whose status is 2 before any recoding
  std::vector<double> x;       ///< design matrix, column-major: x[column * kBatchRows + row]
  /// Response parts: kNumeric y; kCounts successes, failures; kSurvival as in Response::parts.
  std::vector<std::vector<double>> response;
  std::vector<std::int32_t> response_codes;  ///< of a factor response: index of the level in use
  std::vector<double> weights;               ///< 1 where there is no weights column
  std::vector<double> offset;                ///< sum of the offsets, 0 where there is none
  std::vector<std::vector<std::int32_t>> strata;  ///< per strata column, level index
  std::vector<std::vector<std::int64_t>>
      cluster;                            ///< per cluster column: level index or number's bits
  std::vector<std::uint32_t> source_row;  ///< row of the table

  // The rows last evaluated, and Evaluate's working memory.
  std::size_t first = 0;
  std::size_t count = 0;
  std::vector<double> scratch;
  std::vector<std::int32_t> code_scratch;
  std::vector<std::uint8_t> state;
};

/// What to add to a study's column declarations before its sites describe their tables, so that the
/// schema has the levels of numeric columns that are used in factor(), strata() or as an option's stratum:
/// one declaration "factor(x)" each (see ColumnDeclaration). Those of columns that turn out to be
/// factors add nothing to the schema.
std::vector<ColumnDeclaration> FactorDeclarations(const Formula& formula,
                                                  const DesignOptions& options);

class Design {
 public:
  /// kInvalidInput: a column that the schema lacks (with those it has), a factor where a number is
  /// needed, a response that does not fit, knots that do not fit a term's df.
  /// A factor response is 0 for the first level in use and 1 for the others, as in R's glm.
  /// A comparison, such as `age > 50` or I(sex == "F"), is R's logical: as predictor a factor of FALSE and
  /// TRUE, as response 1 or 0. Under a Surv() response the intercept is always there, as in R's coxph,
  /// which ignores `- 1`: a Cox model leaves out the column whose assign() is 0.
  static Result<Design> Create(const Formula& formula, const Schema& schema,
                               const DesignOptions& options, const DesignFacts& facts);
  ~Design();
  Design(Design&&) noexcept;
  Design& operator=(Design&&) noexcept;

  /// Names of the design matrix's columns as R writes them: "(Intercept)", "sexM", "age:sexM".
  const std::vector<std::string>& names() const;
  /// For each design column the index of its term (0 = intercept, 1… as in Formula::terms), R's assign.
  const std::vector<int>& assign() const;
  bool intercept() const;
  /// The response's levels when it is a factor column, else empty.
  const std::vector<std::string>& response_levels() const;

  /// A factor column that the design uses as predictor, response, stratum (not as cluster).
  struct FactorUse {
    std::string column;               ///< the schema's name, key into DesignFacts::used_levels
    std::vector<std::string> levels;  ///< all levels of the schema
    std::size_t schema_column = 0;
  };
  const std::vector<FactorUse>& factors() const;

  /// A term whose columns wait for facts.
  struct BasisNeed {
    std::string text;         ///< the term, key into DesignFacts::knots or ::polynomials
    bool polynomial = false;  ///< poly(); otherwise ns() or bs()
    int quantiles = 0;        ///< interior knots of a spline that are quantiles of BasisInput(...)
    std::vector<double> interior{};  ///< … or that the formula gives
    int degree = 0;                  ///< of the polynomial
  };
  std::vector<BasisNeed> bases_without_facts() const;
  /// The inner expression of term `text` of ns(), bs() or poly() on those rows of the batch last evaluated where it is
  /// finite: complete cases or not, since R's ns() sees the column before incomplete rows are left out.
  void BasisInput(const Table& table, const DesignBatch& batch, const std::string& text,
                  std::vector<double>& values) const;

  /// Strata columns in the order of DesignBatch::strata, with their levels in use.
  struct Stratum {
    std::string name;  ///< "strata(centre)" is called "centre"
    std::vector<std::string> levels;
  };
  const std::vector<Stratum>& strata() const;

  /// Evaluates rows [first, first + count), count <= kBatchRows. The table must stand under the schema
  /// given to Create. Columns of terms that wait for facts are zero. A complete case has a value in every
  /// column that the formula and the options name, and no expression that is NaN there. Thread rule: const; each thread has its own batch.
  void Evaluate(const Table& table, std::size_t first, std::size_t count, DesignBatch& batch) const;

 private:
  struct State;
  explicit Design(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clinnova::table
