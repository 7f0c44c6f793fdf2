// SPDX-License-Identifier: Apache-2.0
#include "table/numeric_expression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "core/check.h"
#include "core/deterministic_math.h"
#include "table/design.h"
#include "table/number_text.h"

namespace clinnova::table {
namespace {

using Kind = Expression::Kind;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// 1 or 0 for a level that spells a truth value as R does.
std::optional<double> TruthValue(std::string_view level) {
  for (std::string_view word : {"TRUE", "T", "true", "True"}) {
    if (level == word) return 1;
  }
  for (std::string_view word : {"FALSE", "F", "false", "False"}) {
    if (level == word) return 0;
  }
  return std::nullopt;
}

std::string ListOf(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i)
    list += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMost ? list + ", …" : list;
}

/// The word that a factor is compared with: a text, or TRUE and FALSE.
std::optional<std::string> Word(const Expression& side) {
  if (side.kind == Kind::kText) return side.name;
  if (side.kind == Kind::kNumber && !side.name.empty()) return side.name;
  return std::nullopt;
}

template <typename F>
void Each(std::size_t count, double* left, const double* right, F f) {
  for (std::size_t i = 0; i < count; ++i) left[i] = f(left[i], right[i]);
}

template <typename F>
void Compare(std::size_t count, double* left, const double* right, F f) {
  Each(count, left, right, [&](double a, double b) {
    return std::isnan(a) || std::isnan(b) ? kMissing : f(a, b) ? 1.0 : 0.0;
  });
}

bool IsTrue(double value) { return value != 0 && !std::isnan(value); }

template <typename F>
void Map(std::size_t count, double* value, F f) {
  for (std::size_t i = 0; i < count; ++i) value[i] = f(value[i]);
}

}  // namespace

tl::unexpected<Error> UnknownColumn(const std::string& name, const Schema& schema) {
  std::vector<std::string> names;
  for (const ColumnSchema& column : schema.columns) names.push_back(column.name);
  return Fail(ErrorCode::kInvalidInput,
              "column \"" + name + "\": not in the table, expected one of: " + ListOf(names));
}

Result<std::size_t> FindColumn(const std::string& name, const Schema& schema) {
  const std::optional<std::size_t> column = schema.Find(name);
  if (!column) return UnknownColumn(name, schema);
  return *column;
}

/// Translates a tree into postfix steps.
class NumericExpression::Binder {
 public:
  Binder(const Schema& schema, NumericExpression& target) : schema_(schema), target_(target) {}

  Result<void> Bind(const Expression& e) {
    switch (e.kind) {
      case Kind::kNumber: return Add({.operation = Operation::kConstant, .constant = e.number}, 1);
      case Kind::kText:
        return Fail(ErrorCode::kInvalidInput, "formula: found " + e.Text() + ", expected a number");
      case Kind::kName: return Column(e);
      case Kind::kCall: break;
    }
    if (e.arguments.size() == 1) return Unary(e);
    if (e.name == "log") return LogTo(e);
    if (e.name == "pmin" || e.name == "pmax") return Extreme(e);
    const auto operation = kBinary.find(e.name);
    if (operation == kBinary.end() || e.arguments.size() != 2) {
      return Fail(ErrorCode::kInvalidInput, "formula: found " + e.Text() + ", expected arithmetic");
    }
    if (e.name == "==" || e.name == "!=") {
      for (std::size_t side : {0U, 1U}) {
        if (const auto word = Word(e.arguments[side]);
            word && e.arguments[1 - side].kind == Kind::kName) {
          CLINNOVA_ASSIGN(const bool bound, Level(e, e.arguments[1 - side].name, *word));
          if (bound) return {};
        }
      }
    }
    CLINNOVA_TRY(Side(e.arguments[0]));
    CLINNOVA_TRY(Side(e.arguments[1]));
    return Add({.operation = operation->second}, -1);
  }

 private:
  Result<void> Add(Step step, int pushes) {
    height_ += pushes;
    target_.depth_ = std::max(target_.depth_, static_cast<std::size_t>(height_));
    target_.steps_.push_back(std::move(step));
    return {};
  }

  Result<void> Column(const Expression& e) {
    CLINNOVA_ASSIGN(const std::size_t index, FindColumn(e.name, schema_));
    const ColumnSchema& column = schema_.columns[index];
    if (column.kind == ColumnKind::kNumeric) {
      return Add({.operation = Operation::kColumn, .column = index}, 1);
    }
    Step step{.operation = Operation::kLogical, .column = index};
    for (const std::string& level : column.levels) {
      const std::optional<double> truth = TruthValue(level);
      if (!truth) {
        return Fail(ErrorCode::kInvalidInput, "column \"" + e.name + "\": found a factor (" +
                                                  ListOf(column.levels) + "), expected a number");
      }
      step.by_level.push_back(*truth);
    }
    return Add(std::move(step), 1);
  }

  /// A factor column compared with one of its levels; false when the column is numeric.
  Result<bool> Level(const Expression& comparison, const std::string& name,
                     const std::string& word) {
    CLINNOVA_ASSIGN(const std::size_t index, FindColumn(name, schema_));
    const ColumnSchema& column = schema_.columns[index];
    if (column.kind == ColumnKind::kNumeric) return false;
    const double match = comparison.name == "==" ? 1 : 0;
    Step step{.operation = Operation::kLevel, .column = index};
    bool found = false;
    for (const std::string& level : column.levels) {
      found = found || level == word;
      step.by_level.push_back(level == word ? match : 1 - match);
    }
    if (!found) {
      return Fail(ErrorCode::kInvalidInput,
                  "column \"" + name + "\": found \"" + word +
                      "\" in the formula, expected one of its levels: " + ListOf(column.levels));
    }
    CLINNOVA_TRY(Add(std::move(step), 1));
    return true;
  }

  /// A numeric column may be compared with a quoted number: status == "1".
  Result<void> Side(const Expression& e) {
    if (e.kind != Kind::kText) return Bind(e);
    const std::optional<double> number = ParseNumber(e.name);
    if (!number) {
      return Fail(ErrorCode::kInvalidInput,
                  "formula: found " + e.Text() + " compared with a number, expected a number");
    }
    return Add({.operation = Operation::kConstant, .constant = *number}, 1);
  }

  /// log(x, base), as R: the functions of its own for the bases 2 and 10, else a quotient.
  Result<void> LogTo(const Expression& e) {
    const Expression& last = e.arguments[1];
    const double base = last.kind == Kind::kCall ? last.arguments[1].number : last.number;
    CLINNOVA_TRY(Bind(e.arguments[0]));
    if (base == 2) return Add({.operation = Operation::kLog2}, 0);
    if (base == 10) return Add({.operation = Operation::kLog10}, 0);
    CLINNOVA_TRY(Add({.operation = Operation::kLog}, 0));
    CLINNOVA_TRY(Add({.operation = Operation::kConstant, .constant = core::Log(base)}, 1));
    return Add({.operation = Operation::kDivide}, -1);
  }

  Result<void> Extreme(const Expression& e) {
    const Operation operation = e.name == "pmin" ? Operation::kMinimum : Operation::kMaximum;
    CLINNOVA_TRY(Bind(e.arguments[0]));
    for (std::size_t i = 1; i < e.arguments.size(); ++i) {
      CLINNOVA_TRY(Bind(e.arguments[i]));
      CLINNOVA_TRY(Add({.operation = operation}, -1));
    }
    return {};
  }

  Result<void> Unary(const Expression& e) {
    CLINNOVA_TRY(Bind(e.arguments[0]));
    if (e.name == "(" || e.name == "I" || e.name == "+" || e.name == "as.numeric") return {};
    const auto operation = kUnary.find(e.name);
    if (operation == kUnary.end()) {
      return Fail(ErrorCode::kInvalidInput, "formula: found " + e.Text() + ", expected arithmetic");
    }
    return Add({.operation = operation->second}, 0);
  }

  static const std::map<std::string, Operation> kBinary;
  static const std::map<std::string, Operation> kUnary;
  const Schema& schema_;       // not owned, outlives this
  NumericExpression& target_;  // not owned, outlives this
  int height_ = 0;
};

const std::map<std::string, NumericExpression::Operation> NumericExpression::Binder::kBinary = {
    {"+", Operation::kAdd},       {"-", Operation::kSubtract},      {"*", Operation::kMultiply},
    {"/", Operation::kDivide},    {"^", Operation::kPower},         {"==", Operation::kEqual},
    {"!=", Operation::kNotEqual}, {"<", Operation::kLess},          {"<=", Operation::kLessEqual},
    {">", Operation::kGreater},   {">=", Operation::kGreaterEqual}, {"&", Operation::kAnd},
    {"|", Operation::kOr}};

const std::map<std::string, NumericExpression::Operation> NumericExpression::Binder::kUnary = {
    {"-", Operation::kNegate},
    {"!", Operation::kNot},
    {"log", Operation::kLog},
    {"log2", Operation::kLog2},
    {"log10", Operation::kLog10},
    {"log1p", Operation::kLog1p},
    {"sqrt", Operation::kSqrt},
    {"exp", Operation::kExp},
    {"abs", Operation::kAbs},
    {"floor", Operation::kFloor},
    {"ceiling", Operation::kCeiling},
    {"trunc", Operation::kTruncate},
    {"as.integer", Operation::kTruncate},
    {"round", Operation::kRound}};

Result<NumericExpression> NumericExpression::Bind(const Expression& expression,
                                                  const Schema& schema) {
  NumericExpression bound;
  Binder binder(schema, bound);
  CLINNOVA_TRY(binder.Bind(expression));
  return bound;
}

std::optional<std::size_t> NumericExpression::PlainColumn() const {
  if (steps_.size() != 1 || steps_[0].operation != Operation::kColumn) return std::nullopt;
  return steps_[0].column;
}

std::size_t NumericExpression::ScratchSize() const { return depth_ * kBatchRows; }

void NumericExpression::Evaluate(const Table& table, std::size_t first, std::size_t count,
                                 double* scratch, double* result) const {
  double* top = scratch - kBatchRows;
  for (const Step& step : steps_) {
    if (step.operation <= Operation::kLogical) {
      top += kBatchRows;
      Push(step, table, first, count, top);
    } else if (step.operation <= Operation::kGreaterEqual) {
      top -= kBatchRows;
      Binary(step.operation, count, top, top + kBatchRows);
    } else {
      Unary(step.operation, count, top);
    }
  }
  std::copy_n(top, count, result);
}

void NumericExpression::Push(const Step& step, const Table& table, std::size_t first,
                             std::size_t count, double* top) {
  if (step.operation == Operation::kConstant) {
    std::fill_n(top, count, step.constant);
    return;
  }
  const Column& column = table.column(step.column);
  if (step.operation == Operation::kColumn) {
    std::copy_n(column.numbers.data() + first, count, top);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t code = column.codes[first + i];
    top[i] = code < 0 ? kMissing : step.by_level[static_cast<std::size_t>(code)];
  }
}

void NumericExpression::Binary(Operation operation, std::size_t count, double* left,
                               const double* right) {
  switch (operation) {
    case Operation::kAdd: return Each(count, left, right, [](double a, double b) { return a + b; });
    case Operation::kSubtract:
      return Each(count, left, right, [](double a, double b) { return a - b; });
    case Operation::kMultiply:
      return Each(count, left, right, [](double a, double b) { return a * b; });
    case Operation::kDivide:
      return Each(count, left, right, [](double a, double b) { return a / b; });
    case Operation::kPower:
      return Each(count, left, right, [](double a, double b) { return core::Pow(a, b); });
    case Operation::kMinimum:
      return Each(count, left, right, [](double a, double b) {
        return std::isnan(a) || std::isnan(b) ? kMissing : std::min(a, b);
      });
    case Operation::kMaximum:
      return Each(count, left, right, [](double a, double b) {
        return std::isnan(a) || std::isnan(b) ? kMissing : std::max(a, b);
      });
    // What is missing may be either: the result is known where it does not depend on that.
    case Operation::kAnd:
      return Each(count, left, right, [](double a, double b) {
        if (a == 0 || b == 0) return 0.0;
        return std::isnan(a) || std::isnan(b) ? kMissing : 1.0;
      });
    case Operation::kOr:
      return Each(count, left, right, [](double a, double b) {
        if (IsTrue(a) || IsTrue(b)) return 1.0;
        return std::isnan(a) || std::isnan(b) ? kMissing : 0.0;
      });
    case Operation::kEqual: return Compare(count, left, right, std::equal_to<>());
    case Operation::kNotEqual: return Compare(count, left, right, std::not_equal_to<>());
    case Operation::kLess: return Compare(count, left, right, std::less<>());
    case Operation::kLessEqual: return Compare(count, left, right, std::less_equal<>());
    case Operation::kGreater: return Compare(count, left, right, std::greater<>());
    case Operation::kGreaterEqual: return Compare(count, left, right, std::greater_equal<>());
    default: CLINNOVA_CHECK(!"an operation of two operands");
  }
}

void NumericExpression::Unary(Operation operation, std::size_t count, double* value) {
  switch (operation) {
    case Operation::kNegate: return Map(count, value, [](double x) { return -x; });
    case Operation::kNot:
      return Map(count, value, [](double x) { return std::isnan(x) ? kMissing : x == 0; });
    case Operation::kLog: return Map(count, value, [](double x) { return core::Log(x); });
    case Operation::kLog2: return Map(count, value, [](double x) { return core::Log2(x); });
    case Operation::kLog10: return Map(count, value, [](double x) { return core::Log10(x); });
    case Operation::kLog1p: return Map(count, value, [](double x) { return core::Log1p(x); });
    case Operation::kSqrt: return Map(count, value, [](double x) { return std::sqrt(x); });
    case Operation::kExp: return Map(count, value, [](double x) { return core::Exp(x); });
    case Operation::kAbs: return Map(count, value, [](double x) { return std::fabs(x); });
    case Operation::kFloor: return Map(count, value, [](double x) { return std::floor(x); });
    case Operation::kCeiling: return Map(count, value, [](double x) { return std::ceil(x); });
    case Operation::kTruncate: return Map(count, value, [](double x) { return std::trunc(x); });
    case Operation::kRound: return Map(count, value, [](double x) { return std::nearbyint(x); });
    default: CLINNOVA_CHECK(!"an operation of one operand");
  }
}

}  // namespace clinnova::table
