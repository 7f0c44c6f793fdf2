// SPDX-License-Identifier: Apache-2.0
#include "table/formula_variables.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "table/b_spline.h"
#include "table/expression_parser.h"

namespace clinnova::table {
namespace {

using Kind = Expression::Kind;

constexpr int kMaximumDegree = 50;

bool OneOf(const std::string& name, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* n) { return name == n; });
}

bool IsComparison(const std::string& name) {
  return OneOf(name, {"==", "!=", "<", "<=", ">", ">="});
}

bool IsAndOr(const std::string& name) { return OneOf(name, {"&", "|"}); }

bool IsArithmetic(const std::string& name) { return OneOf(name, {"+", "-", "*", "/", "^"}); }

bool IsFunction(const std::string& name) {
  return OneOf(name, {"log", "log2", "log10", "log1p", "sqrt", "exp", "abs", "I", "(", "floor",
                      "ceiling", "trunc", "round", "as.numeric", "as.integer", "!"});
}

/// What takes the place of an R function that there is not.
struct Advice {
  std::string_view name;
  std::string_view instead;
};
constexpr std::string_view kByLevels =
    "the levels' order in the study's [[column]] levels, the first being the reference";
constexpr std::string_view kByComparison = "a comparison such as I(x > 3), whose value is 1 or 0";
constexpr std::string_view kByConstant =
    "numbers written out, as in I((x - 50) / 10): what depends on all sites' values is not known "
    "here";
constexpr std::string_view kBySpline =
    "ns(x, df = k), bs(x, df = k), either with knots = c(…), or poly(x, k)";
constexpr Advice kAdvice[] = {
    {"relevel", kByLevels},
    {"ordered", kByLevels},
    {"C", kByLevels},
    {"cut", kByComparison},
    {"ifelse", kByComparison},
    {"is.na", "a variable: rows in which one is missing are left out"},
    {"scale", kByConstant},
    {"mean", kByConstant},
    {"sd", kByConstant},
    {"median", kByConstant},
    {"interaction", "a:b"},
    {"%in%", "comparisons with ==, such as g == \"a\" | g == \"b\""},
    {"s", kBySpline},
    {"rcs", kBySpline},
    {"pspline", kBySpline},
    {"&&", "&, which looks at every row"},
    {"||", "|, which looks at every row"},
};

tl::unexpected<Error> UnknownCall(std::string_view text, const Expression& call) {
  for (const Advice& advice : kAdvice) {
    if (call.name == advice.name) {
      return FormulaError(text, call.position, call.name, advice.instead);
    }
  }
  return FormulaError(
      text, call.position, call.name,
      "log, log2, log10, log1p, sqrt, exp, abs, floor, ceiling, trunc, round, pmin, pmax, "
      "as.numeric, I, factor, as.factor, poly, ns, bs, offset, strata, cluster, arithmetic, a "
      "comparison, &, | or !");
}

Result<void> CheckArguments(std::string_view text, const Expression& call, std::size_t count) {
  if (call.arguments.size() == count) return {};
  return FormulaError(text, call.position,
                      call.name + " with " + std::to_string(call.arguments.size()) + " arguments",
                      std::to_string(count));
}

/// The value of `call`'s argument called `name`, or the one at `place` among those without a name.
const Expression* Argument(const Expression& call, const std::string& name, std::size_t place) {
  std::size_t unnamed = 0;
  for (const Expression& argument : call.arguments) {
    if (argument.kind == Kind::kCall && argument.name == "=") {
      if (argument.arguments[0].name == name) return &argument.arguments[1];
    } else if (unnamed++ == place) {
      return &argument;
    }
  }
  return nullptr;
}

/// Every argument of `call` is among `names` or stands within the first `places` without a name, once.
Result<void> CheckNames(std::string_view text, const Expression& call,
                        const std::vector<std::string>& names, std::size_t places) {
  std::vector<std::string> seen;
  std::size_t unnamed = 0;
  for (const Expression& argument : call.arguments) {
    const bool named = argument.kind == Kind::kCall && argument.name == "=";
    std::string name = named ? argument.arguments[0].name : "";
    if (!named && unnamed < places) name = names[unnamed++];
    if (std::find(names.begin(), names.end(), name) == names.end() ||
        std::find(seen.begin(), seen.end(), name) != seen.end()) {
      std::string expected = call.name + "(";
      for (const std::string& n : names) expected += (n == names[0] ? "" : ", ") + n;
      return FormulaError(text, argument.position, argument.Text(), expected + ")");
    }
    seen.push_back(name);
  }
  return {};
}

Result<int> WholeNumber(std::string_view text, const Expression& call, const Expression* value,
                        const std::string& name) {
  if (value == nullptr)
    return FormulaError(text, call.position, call.Text(), "an argument " + name);
  const bool whole = value->kind == Kind::kNumber && value->number == std::floor(value->number) &&
                     value->number >= 1 && value->number <= kMaximumDegree;
  if (!whole) {
    return FormulaError(text, value->position, value->Text(),
                        name + " as a whole number from 1 to " + std::to_string(kMaximumDegree));
  }
  return static_cast<int>(value->number);
}

Result<TermFactor> MakePolynomial(std::string_view text, const Expression& call) {
  CLINNOVA_TRY(CheckNames(text, call, {"x", "degree", "raw"}, 2));
  TermFactor factor{.kind = TermFactor::Kind::kPolynomial};
  const Expression* raw = Argument(call, "raw", 99);
  const std::string raw_text = raw == nullptr ? "FALSE" : raw->Text();
  if (raw_text == "FALSE" || raw_text == "F") {
    factor.kind = TermFactor::Kind::kOrthogonalPolynomial;
  } else if (raw_text != "TRUE" && raw_text != "T") {
    return FormulaError(text, raw->position, raw_text, "raw = TRUE or raw = FALSE");
  }
  const Expression* x = Argument(call, "x", 0);
  if (x == nullptr) return FormulaError(text, call.position, call.Text(), "an argument x");
  CLINNOVA_TRY(CheckNumeric(text, *x));
  factor.expression = *x;
  CLINNOVA_ASSIGN(factor.degree, WholeNumber(text, call, Argument(call, "degree", 1), "degree"));
  return factor;
}

/// A number with or without a sign.
std::optional<double> Constant(const Expression& expression) {
  if (expression.kind == Kind::kNumber) return expression.number;
  const bool sign = expression.kind == Kind::kCall && expression.arguments.size() == 1 &&
                    (expression.name == "-" || expression.name == "+") &&
                    expression.arguments[0].kind == Kind::kNumber;
  if (!sign) return std::nullopt;
  return expression.name == "-" ? -expression.arguments[0].number : expression.arguments[0].number;
}

/// The numbers of `name = c(1, 2)` or of `name = 1`, ascending.
Result<std::vector<double>> Numbers(std::string_view text, const Expression& value,
                                    const std::string& name) {
  const bool list = value.kind == Kind::kCall && value.name == "c";
  std::vector<double> numbers;
  for (std::size_t i = 0; i < (list ? value.arguments.size() : 1); ++i) {
    const Expression& item = list ? value.arguments[i] : value;
    const std::optional<double> number = Constant(item);
    if (!number || !std::isfinite(*number)) {
      return FormulaError(text, item.position, item.Text(), name + " as numbers written out");
    }
    numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// What ns() or bs() says of its knots: `inside` between the boundary knots `ends`, nothing of which depends on the data.
Result<std::vector<double>> AllKnots(std::string_view text, const Expression* inside,
                                     const Expression& ends, std::vector<double> interior) {
  CLINNOVA_ASSIGN(const std::vector<double> boundary, Numbers(text, ends, "Boundary.knots"));
  if (boundary.size() != 2 || boundary[0] == boundary[1]) {
    return FormulaError(text, ends.position, ends.Text(), "Boundary.knots = c(low, high)");
  }
  if (!interior.empty() && (interior.front() <= boundary[0] || interior.back() >= boundary[1])) {
    return FormulaError(text, inside->position, inside->Text(),
                        "knots between the boundary knots, each once");
  }
  interior.insert(interior.begin(), boundary[0]);
  interior.push_back(boundary[1]);
  return interior;
}

/// knots = c(…), ascending.
Result<std::vector<double>> InteriorKnots(std::string_view text, const Expression& inside) {
  CLINNOVA_ASSIGN(std::vector<double> interior, Numbers(text, inside, "knots"));
  if (std::adjacent_find(interior.begin(), interior.end()) == interior.end()) return interior;
  return FormulaError(text, inside.position, inside.Text(),
                      "knots between the boundary knots, each once");
}

/// The columns that a spline has beside one for each interior knot.
int ColumnsWithoutKnots(const TermFactor& factor) {
  return factor.kind == TermFactor::Kind::kNaturalSpline ? 1 : factor.spline_degree;
}

/// Fills in the knots of `factor` and its number of columns.
Result<void> ReadKnots(std::string_view text, const Expression& call, TermFactor& factor) {
  const Expression* df = Argument(call, "df", 1);
  const Expression* inside = Argument(call, "knots", 99);
  const Expression* ends = Argument(call, "Boundary.knots", 99);
  const int least = ColumnsWithoutKnots(factor);
  if (inside == nullptr && ends == nullptr) {
    if (df == nullptr && factor.kind == TermFactor::Kind::kBSpline) {
      factor.degree = least;
      return {};
    }
    CLINNOVA_ASSIGN(factor.degree, WholeNumber(text, call, df, "df"));
    if (factor.degree >= least) return {};
    return FormulaError(text, df->position, df->Text(),
                        "df of at least the degree, " + std::to_string(least));
  }
  if (df != nullptr) return FormulaError(text, df->position, call.Text(), "either df or knots");
  if (inside != nullptr) {
    CLINNOVA_ASSIGN(factor.interior, InteriorKnots(text, *inside));
  }
  factor.degree = least + static_cast<int>(factor.interior.size());
  if (factor.degree > kMaximumDegree) {
    return FormulaError(text, call.position, call.Text(),
                        "at most " + std::to_string(kMaximumDegree - least) + " knots");
  }
  if (ends == nullptr) return {};
  CLINNOVA_ASSIGN(factor.knots, AllKnots(text, inside, *ends, std::move(factor.interior)));
  factor.interior.clear();
  return {};
}

Result<TermFactor> MakeSpline(std::string_view text, const Expression& call,
                              TermFactor::Kind kind) {
  std::vector<std::string> names = {"x", "df", "knots", "Boundary.knots"};
  if (kind == TermFactor::Kind::kBSpline) names.emplace_back("degree");
  CLINNOVA_TRY(CheckNames(text, call, names, 2));
  TermFactor factor{.kind = kind};
  const Expression* x = Argument(call, "x", 0);
  if (x == nullptr) return FormulaError(text, call.position, call.Text(), "an argument x");
  CLINNOVA_TRY(CheckNumeric(text, *x));
  factor.expression = *x;
  if (const Expression* degree = Argument(call, "degree", 99)) {
    CLINNOVA_ASSIGN(factor.spline_degree, WholeNumber(text, call, degree, "degree"));
    if (factor.spline_degree > kMaximumSplineDegree) {
      return FormulaError(text, degree->position, degree->Text(),
                          "a degree of at most " + std::to_string(kMaximumSplineDegree));
    }
  }
  CLINNOVA_TRY(ReadKnots(text, call, factor));
  return factor;
}

Result<TermFactor> MakeFactor(std::string_view text, const Expression& call) {
  if (Argument(call, "levels", 1) != nullptr) {
    return FormulaError(text, call.position, call.Text(), kByLevels);
  }
  if (!IsFactorCall(call)) {
    return FormulaError(text, call.position, call.Text(), call.name + "() of one column's name");
  }
  TermFactor factor{.kind = TermFactor::Kind::kFactor};
  factor.expression = call.arguments[0];
  return factor;
}

/// log(x, 2) or log(x, base = 2).
Result<void> CheckLog(std::string_view text, const Expression& call) {
  CLINNOVA_TRY(CheckNames(text, call, {"x", "base"}, 2));
  const Expression* x = Argument(call, "x", 0);
  const Expression* base = Argument(call, "base", 1);
  const bool first_is_x = x == &call.arguments[0];  // and without its name
  if (!first_is_x || base == nullptr || base->kind != Kind::kNumber || !(base->number > 0) ||
      base->number == 1) {
    return FormulaError(text, call.position, call.Text(), "log(x, base) with a number as base");
  }
  return CheckNumeric(text, *x);
}

/// A comparison's side: a number, or a text that a factor is compared with.
Result<void> CheckSides(std::string_view text, const Expression& comparison) {
  bool has_text = false;
  for (const Expression& side : comparison.arguments) {
    if (side.kind == Kind::kText) {
      has_text = true;
      continue;
    }
    CLINNOVA_TRY(CheckNumeric(text, side));
  }
  if (!has_text) return {};
  const bool equality = comparison.name == "==" || comparison.name == "!=";
  const bool column = std::any_of(comparison.arguments.begin(), comparison.arguments.end(),
                                  [](const Expression& side) { return side.kind == Kind::kName; });
  if (equality && column) return {};
  return FormulaError(text, comparison.position, comparison.Text(),
                      "a text only where == or != compares it with a column");
}

}  // namespace

Result<void> CheckNumeric(std::string_view text, const Expression& expression) {
  switch (expression.kind) {
    case Kind::kNumber: return {};
    case Kind::kText:
      return FormulaError(text, expression.position, expression.Text(), "a number or a column");
    case Kind::kName:
      if (expression.name != ".") return {};
      return FormulaError(text, expression.position, ".", "the variables by name");
    case Kind::kCall: break;
  }
  if (IsComparison(expression.name)) return CheckSides(text, expression);
  if (expression.name == "log" && expression.arguments.size() == 2) {
    return CheckLog(text, expression);
  }
  const bool extreme = expression.name == "pmin" || expression.name == "pmax";
  const bool sign =
      expression.arguments.size() == 1 && (expression.name == "+" || expression.name == "-");
  if (IsAndOr(expression.name)) {
    CLINNOVA_TRY(CheckArguments(text, expression, 2));
  } else if (IsArithmetic(expression.name)) {
    if (!sign) CLINNOVA_TRY(CheckArguments(text, expression, 2));
  } else if (extreme && expression.arguments.size() >= 2) {
    // Each argument is looked at below.
  } else if (IsFunction(expression.name)) {
    CLINNOVA_TRY(CheckArguments(text, expression, 1));
  } else {
    return UnknownCall(text, expression);
  }
  for (const Expression& argument : expression.arguments)
    CLINNOVA_TRY(CheckNumeric(text, argument));
  return {};
}

bool IsLogical(const Expression& expression) {
  if (expression.kind != Kind::kCall) return false;
  if (IsComparison(expression.name) || IsAndOr(expression.name) || expression.name == "!") {
    return true;
  }
  return (expression.name == "(" || expression.name == "I") && IsLogical(expression.arguments[0]);
}

bool IsFactorCall(const Expression& expression) {
  return expression.kind == Kind::kCall &&
         (expression.name == "factor" || expression.name == "as.factor") &&
         expression.arguments.size() == 1 && expression.arguments[0].kind == Kind::kName &&
         expression.arguments[0].name != ".";
}

Result<TermFactor> MakeTermFactor(std::string_view text, const Expression& expression) {
  TermFactor factor;
  const bool call = expression.kind == Kind::kCall;
  if (call && expression.name == "poly") {
    CLINNOVA_ASSIGN(factor, MakePolynomial(text, expression));
  } else if (call && (expression.name == "ns" || expression.name == "bs")) {
    CLINNOVA_ASSIGN(factor, MakeSpline(text, expression,
                                       expression.name == "ns" ? TermFactor::Kind::kNaturalSpline
                                                               : TermFactor::Kind::kBSpline));
  } else if (call && (expression.name == "factor" || expression.name == "as.factor")) {
    CLINNOVA_ASSIGN(factor, MakeFactor(text, expression));
  } else {
    CLINNOVA_TRY(CheckNumeric(text, expression));
    factor.expression = expression;
  }
  factor.text = expression.Text();
  return factor;
}

}  // namespace clinnova::table
