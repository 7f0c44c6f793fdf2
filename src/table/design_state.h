// SPDX-License-Identifier: Apache-2.0
// What a Design keeps: variables bound to the schema, and the plan of its columns.
//
// While a batch is evaluated, every numeric column of a variable, every response part and every offset is
// a *block* (at most kBatchRows numbers), every factor a *code block*. A block is a pointer: into the
// table where the column is plain and the batch complete, otherwise into the batch's scratch memory.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "table/b_spline.h"
#include "table/design.h"
#include "table/design_columns.h"
#include "table/natural_spline.h"
#include "table/numeric_expression.h"
#include "table/orthogonal_polynomial.h"

namespace clinnova::table {

/// A factor column and where its levels went when those not in use were dropped.
struct FactorBinding {
  std::size_t column = 0;           ///< in the schema
  std::vector<std::string> levels;  ///< in use
  std::vector<std::int32_t>
      in_use{};  ///< schema level -> index into levels or -1; empty = the same
};

/// Columns that are functions of one expression, with what the pooled data say of them; none while that is unknown.
using DesignBasis = std::variant<std::monostate, NaturalSpline, BSpline, OrthogonalPolynomial>;

/// A variable of the formula's terms.
struct DesignVariable {
  enum class Kind { kNumber, kLogical, kFactor, kPolynomial, kBasis };
  Kind kind = Kind::kNumber;
  std::string text;
  std::optional<NumericExpression> expression;  ///< all but kFactor
  FactorBinding factor;                         ///< kFactor
  int columns = 1;                              ///< degree or df
  DesignBasis basis;                            ///< kBasis
  std::optional<Design::BasisNeed>
      need;               ///< kBasis: what is to be found for it while there is none
  std::size_t block = 0;  ///< first block, or the code block
};

struct Design::State {
  Schema schema;
  bool intercept = true;
  std::vector<DesignVariable> variables;
  std::vector<DesignColumn> columns;
  std::vector<std::string> names;
  std::vector<int> assign;

  Response::Kind response_kind = Response::Kind::kNone;
  std::vector<NumericExpression> response;  ///< empty when the response is a factor
  std::optional<FactorBinding> response_factor;
  bool status_is_one_two = false;
  StatusCoding status = StatusCoding::kEvent;
  std::optional<std::size_t> status_factor;  ///< schema column whose level is the cause
  std::vector<NumericExpression> offsets;
  std::optional<std::size_t> weights;  ///< schema column
  std::vector<FactorBinding> strata_columns;
  std::vector<std::size_t> clusters;  ///< schema columns
  std::vector<std::size_t> required;  ///< schema columns that a complete case has

  std::vector<FactorUse> factors;
  std::vector<Stratum> strata;

  // Layout of a batch's scratch memory: blocks of the variables, then of the response, the offsets and
  // the weights, then the expressions' stack; code blocks of the variables, strata, then the response.
  std::size_t blocks = 0;
  std::size_t code_blocks = 0;
  std::size_t stack = 0;
  std::size_t response_block = 0;
  std::size_t offset_block = 0;
  std::size_t weights_block = 0;
  std::size_t strata_code_block = 0;
  std::size_t response_code_block = 0;
};

}  // namespace clinnova::table
