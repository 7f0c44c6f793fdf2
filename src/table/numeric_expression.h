// SPDX-License-Identifier: Apache-2.0
// An expression bound to a schema's columns and evaluated for a run of rows at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "table/formula.h"
#include "table/table.h"

namespace clinnova::table {

class NumericExpression {
 public:
  /// kInvalidInput: an unknown column, a factor where a number is needed (a factor of FALSE and TRUE counts
  /// as 0 and 1, as R's logical), a factor compared with a text that is none of its levels.
  static Result<NumericExpression> Bind(const Expression& expression, const Schema& schema);

  /// The column, when the expression is nothing but a numeric column.
  std::optional<std::size_t> PlainColumn() const;

  /// Doubles of working memory that Evaluate needs.
  std::size_t ScratchSize() const;

  /// result[i] = value in row first + i; NaN where an operand is missing or the value is not a number.
  /// count <= kBatchRows.
  void Evaluate(const Table& table, std::size_t first, std::size_t count, double* scratch,
                double* result) const;

 private:
  enum class Operation : std::uint8_t {
    kConstant,
    kColumn,
    kLevel,
    kLogical,  // push
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kPower,
    kMinimum,
    kMaximum,
    kAnd,
    kOr,  // two operands
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kNegate,
    kNot,
    kLog,
    kLog2,
    kLog10,
    kLog1p,
    kSqrt,
    kExp,
    kAbs,
    kFloor,
    kCeiling,
    kTruncate,
    kRound  // one operand
  };
  struct Step {
    Operation operation = Operation::kConstant;
    double constant = 0;  ///< kConstant; kLevel and kLogical: the value where the code matches
    std::size_t column = 0;
    std::vector<double> by_level{};  ///< kLevel, kLogical: value by level
  };

  class Binder;
  static void Push(const Step& step, const Table& table, std::size_t first, std::size_t count,
                   double* top);
  static void Binary(Operation operation, std::size_t count, double* left, const double* right);
  static void Unary(Operation operation, std::size_t count, double* value);

  std::vector<Step> steps_;  ///< in postfix order
  std::size_t depth_ = 0;    ///< largest number of values on the stack
};

/// `found "x", expected one of: …`: a column that the schema lacks.
tl::unexpected<Error> UnknownColumn(const std::string& name, const Schema& schema);

/// Index of the column called `name`, or UnknownColumn.
Result<std::size_t> FindColumn(const std::string& name, const Schema& schema);

}  // namespace clinnova::table
