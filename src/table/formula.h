// SPDX-License-Identifier: Apache-2.0
// R's formula language as far as interfaces.md has it: parsed text, no data.
//
//   CLINNOVA_ASSIGN(Formula f, Formula::Parse("Surv(time, status) ~ drug * age + strata(centre)"));
//   f.response().kind == Response::Kind::kSurvival
//
// Terms are expanded and ordered as R's terms.formula does: main effects first, then interactions by
// order, each in order of first appearance; `a*b` = a + b + a:b; `a/b` = a + b %in% a; `b %in% a` = b:a, the variables in
// order of first appearance; `(a+b)^2`; `-1`, `+0`, `- a` remove.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

/// An arithmetic expression over columns: numbers, names, + - * / ^, parentheses, and the functions
/// log (also to a base), log2, log10, log1p, sqrt, exp, abs, floor, ceiling, trunc, round (to whole numbers), pmin, pmax,
/// as.numeric, as.integer, I, comparisons == != < <= > >= (value 1 or 0; a factor
/// may be compared with a quoted level), and ! & |, for which a number other than 0 is true. As in R, a missing
/// value & FALSE is FALSE, and a missing value | TRUE is TRUE.
struct Expression {
  enum class Kind { kNumber, kText, kName, kCall };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::string name{};  ///< column (kName), text (kText), function or operator (kCall)
  std::vector<Expression> arguments{};
  std::size_t position = 0;  ///< where it begins in the formula's text, counted from 1

  /// The text as R's deparse writes it ("I(x^2)", "log(crp + 1)"): the term's name.
  std::string Text() const;
  /// Names of the columns used, in order of appearance, each once.
  std::vector<std::string> Columns() const;
  /// The same without what stands in & and | only, whose value may be known where a column's is not.
  std::vector<std::string> NeededColumns() const;
  /// The same of a formula's right side, where (x | g) is a random effect, of which both are needed.
  std::vector<std::string> ColumnsNeededByTerms() const;
};

/// One variable of a term: an expression, or a call that makes several columns.
struct TermFactor {
  enum class Kind {
    kExpression,  ///< numeric expression, or the bare name of a column (which may be a factor)
    kFactor,      ///< factor(x), as.factor(x)
    kPolynomial,  ///< poly(x, degree, raw = TRUE)
    kOrthogonalPolynomial,  ///< poly(x, degree)
    kNaturalSpline,  ///< ns(x, df = k), ns(x, knots = c(…)), ns(x, knots = c(…), Boundary.knots = c(low, high))
    kBSpline  ///< bs() likewise, also with degree = d
  };
  Kind kind = Kind::kExpression;
  Expression expression{};
  int degree = 0;         ///< polynomials: degree; splines: df. The number of columns
  int spline_degree = 3;  ///< kBSpline
  std::vector<double>
      knots{};  ///< splines: boundary, interior, boundary; empty: the boundaries are to be found
  std::vector<double>
      interior{};      ///< splines without `knots`: interior knots that are not to be found
  std::string text{};  ///< as R writes it; the prefix of the term's column names

  bool operator==(const TermFactor& other) const { return text == other.text; }
};

/// An interaction of one or more factors.
struct Term {
  std::vector<TermFactor> factors;

  std::string Text() const;  ///< as R writes it: the factors' texts, "a:b"
};

/// `(1 | g)`, `(x | g)`, `(1 + x | a/b)`: kept for the methods that know random effects. `(x || g)` is two of them, (1 | g) and
/// (0 + x | g).
struct RandomTerm {
  std::vector<Term> terms;
  bool intercept = true;
  std::vector<std::string> groups;  ///< nested grouping columns, outermost first
};

struct Response {
  enum class Kind { kNone, kNumeric, kCounts /* cbind(successes, failures) */, kSurvival };
  Kind kind = Kind::kNone;
  /// kNumeric: 1, also factor(x); kCounts: successes, failures; kSurvival: time, status or start, stop, status.
  std::vector<Expression> parts;
};

class Formula {
 public:
  /// kInvalidInput with the position and what was expected: `formula: found ")" at character 7 of
  /// "y ~ a + )", expected a variable`.
  static Result<Formula> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  const Response& response() const { return response_; }
  bool intercept() const { return intercept_; }
  const std::vector<Term>& terms() const { return terms_; }
  const std::vector<Expression>& offsets() const { return offsets_; }
  const std::vector<Expression>& strata() const { return strata_; }  ///< strata(g, h): one each
  const std::vector<Expression>& clusters() const { return clusters_; }
  const std::vector<RandomTerm>& random() const { return random_; }
  /// Every column the formula names, response, removed terms and random effects included, in order
  /// of appearance, each once.
  const std::vector<std::string>& Columns() const { return columns_; }
  /// Those in which a complete case has a value, as in R's model.frame: all but what stands in & and | only.
  const std::vector<std::string>& NeededColumns() const { return needed_columns_; }

  /// The same with a response `y` read as factor(y).
  Formula WithFactorResponse() const;
  /// The same with strata(g) read as cluster(g): groups whose identities stay at their site.
  Formula WithStrataAsClusters() const;

 private:
  friend class FormulaParser;
  std::string text_;
  std::vector<std::string> columns_;
  std::vector<std::string> needed_columns_;
  Response response_;
  bool intercept_ = true;
  std::vector<Term> terms_;
  std::vector<Expression> offsets_;
  std::vector<Expression> strata_;
  std::vector<Expression> clusters_;
  std::vector<RandomTerm> random_;
};

}  // namespace clinnova::table
