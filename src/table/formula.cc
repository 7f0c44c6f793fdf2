// SPDX-License-Identifier: Apache-2.0
#include "table/formula.h"

#include <algorithm>
#include <map>
#include <utility>

#include "table/expression_parser.h"
#include "table/formula_variables.h"
#include "table/term_list.h"

namespace clinnova::table {
namespace {

using Kind = Expression::Kind;

constexpr std::size_t kMaximumTerms = 10000;

bool IsCall(const Expression& expression, std::string_view name, std::size_t arguments) {
  return expression.kind == Kind::kCall && expression.name == name &&
         expression.arguments.size() == arguments;
}

/// offset(), strata(), cluster(): said beside the terms, not among them.
bool IsSpecial(const Expression& expression) {
  return expression.kind == Kind::kCall &&
         (expression.name == "offset" || expression.name == "strata" ||
          expression.name == "cluster");
}

bool IsRandom(const Expression& expression) {
  return IsCall(expression, "(", 1) &&
         (IsCall(expression.arguments[0], "|", 2) || IsCall(expression.arguments[0], "||", 2));
}

/// Turns a tree into terms, as EncodeVars of R's model.c does.
class TermEncoder {
 public:
  TermEncoder(std::string_view text, std::vector<Expression>* random)
      : text_(text), random_(random) {}

  /// Where a part of the formula stands: what is added at the top may be more than a plain term.
  enum class Place { kAdded, kInside };

  Result<TermList> Encode(const Expression& node, Place place) {
    if (node.kind == Kind::kNumber) return Number(node);
    if (node.kind == Kind::kName || node.kind == Kind::kText) return Variable(node);
    if (node.name == "+" || node.name == "-") return Sum(node, place);
    if (IsCall(node, ":", 2) || IsCall(node, "*", 2) || IsCall(node, "/", 2) ||
        IsCall(node, "%in%", 2)) {
      return Cross(node);
    }
    if (IsCall(node, "^", 2)) return Power(node);
    if (IsRandom(node)) return Set(node, place, random_);
    if (IsCall(node, "(", 1)) return Encode(node.arguments[0], place);
    if (IsCall(node, "|", 2) || IsCall(node, "||", 2)) {
      return FormulaError(text_, node.position, node.Text(), "parentheses around a random effect");
    }
    if (IsSpecial(node)) return Set(node, place, random_ == nullptr ? nullptr : &specials_);
    return Variable(node);
  }

  bool intercept() const { return intercept_; }
  const std::vector<Expression>& specials() const { return specials_; }
  const std::vector<TermFactor>& variables() const { return variables_; }

  std::vector<Term> Terms(TermList list) const {
    list.SortByOrder();
    std::vector<Term> terms;
    for (const VariableSet& set : list.terms()) {
      Term& term = terms.emplace_back();
      for (int v : set) term.factors.push_back(variables_[static_cast<std::size_t>(v)]);
    }
    return terms;
  }

 private:
  /// 1 and 0 are the intercept and its absence; removing turns them round, wherever they stand.
  Result<TermList> Number(const Expression& node) {
    if (node.number != 0 && node.number != 1) {
      return FormulaError(text_, node.position, node.Text(), "a variable, 0 or 1");
    }
    intercept_ = (node.number == 1) != removing_;
    return TermList();
  }

  Result<TermList> Variable(const Expression& node) {
    CLINNOVA_ASSIGN(TermFactor factor, MakeTermFactor(text_, node));
    const auto [found, added] =
        index_.try_emplace(factor.text, static_cast<int>(variables_.size()));
    if (added) variables_.push_back(std::move(factor));
    return TermList(found->second);
  }

  /// A chain of + and -, from left to right without recursion along it.
  Result<TermList> Sum(const Expression& node, Place place) {
    std::vector<const Expression*> chain;
    const Expression* left = &node;
    for (; IsCall(*left, "+", 2) || IsCall(*left, "-", 2); left = &left->arguments[0]) {
      chain.push_back(left);
    }
    TermList list;
    if (IsCall(*left, "-", 1) || IsCall(*left, "+", 1)) {
      CLINNOVA_TRY(AddOrRemove(left->name, left->arguments[0], place, list));
    } else {
      CLINNOVA_TRY(AddOrRemove("+", *left, place, list));
    }
    for (auto next = chain.rbegin(); next != chain.rend(); ++next) {
      CLINNOVA_TRY(AddOrRemove((*next)->name, (*next)->arguments[1], place, list));
    }
    return list;
  }

  Result<void> AddOrRemove(const std::string& sign, const Expression& part, Place place,
                           TermList& list) {
    const bool adds = sign == "+";
    const bool before = std::exchange(removing_, removing_ == adds);
    const Result<TermList> terms = Encode(part, adds ? place : Place::kInside);
    removing_ = before;
    if (!terms) return Fail(terms);
    if (adds) {
      list.Add(*terms);
    } else {
      list.Remove(*terms);
    }
    return CheckSize(list);
  }

  Result<TermList> Cross(const Expression& node) {
    CLINNOVA_ASSIGN(TermList left, Encode(node.arguments[0], Place::kInside));
    CLINNOVA_ASSIGN(const TermList right, Encode(node.arguments[1], Place::kInside));
    CLINNOVA_TRY(CheckProduct(left, right));
    if (node.name == "/") {
      left.Add(TermList::Nest(left, right));
      return left;
    }
    if (node.name != "*" && (left.empty() || right.empty())) {
      return FormulaError(text_, node.position, node.Text(),
                          "a variable on both sides of \"" + node.name + "\"");
    }
    if (node.name == "%in%") return TermList::Nest(right, left);
    TermList joined = TermList::Interact(left, right);
    if (node.name == ":") return joined;
    left.Add(right);
    left.Add(joined);
    return left;
  }

  Result<TermList> Power(const Expression& node) {
    const Expression& exponent = node.arguments[1];
    const bool whole = exponent.kind == Kind::kNumber && exponent.number >= 1 &&
                       exponent.number <= 20 &&
                       exponent.number == static_cast<int>(exponent.number);
    if (!whole) {
      return FormulaError(text_, exponent.position, exponent.Text(),
                          "a whole number from 1 to 20, or I() around arithmetic");
    }
    CLINNOVA_ASSIGN(const TermList base, Encode(node.arguments[0], Place::kInside));
    TermList power = base;
    for (int i = 1; i < static_cast<int>(exponent.number); ++i) {
      CLINNOVA_TRY(CheckProduct(power, base));
      power = TermList::Interact(power, base);
    }
    return power;
  }

  /// Lays offset(), strata(), cluster() or a random effect aside.
  Result<TermList> Set(const Expression& node, Place place, std::vector<Expression>* aside) {
    if (place != Place::kAdded || aside == nullptr) {
      return FormulaError(text_, node.position, node.Text(),
                          "it only where terms are added, not in an interaction or removed");
    }
    aside->push_back(node);
    return TermList();
  }

  static Result<void> CheckSize(const TermList& list) {
    if (list.terms().size() <= kMaximumTerms) return {};
    return Fail(
        ErrorCode::kInvalidInput,
        "formula: found more than " + std::to_string(kMaximumTerms) + " terms, expected fewer");
  }

  Result<void> CheckProduct(const TermList& left, const TermList& right) const {
    if (left.terms().size() * right.terms().size() <= 10 * kMaximumTerms) return {};
    return Fail(ErrorCode::kInvalidInput,
                "formula: found an interaction of " + std::to_string(left.terms().size()) + " by " +
                    std::to_string(right.terms().size()) + " terms, expected fewer");
  }

  std::string_view text_;
  std::vector<Expression>* random_;  ///< not owned, outlives this; null inside a random effect
  bool intercept_ = true;
  bool removing_ = false;  ///< within an odd number of minus signs
  std::vector<TermFactor> variables_;
  std::map<std::string, int> index_;
  std::vector<Expression> specials_;
};

}  // namespace

/// Fills a Formula from its tree.
class FormulaParser {
 public:
  explicit FormulaParser(std::string_view text) : text_(text) { formula_.text_ = text; }

  Result<Formula> Parse() {
    CLINNOVA_ASSIGN(const FormulaSides sides, ParseSides(text_));
    if (sides.left) CLINNOVA_TRY(ReadResponse(*sides.left));
    ReadColumns(sides);
    std::vector<Expression> random;
    TermEncoder encoder(text_, &random);
    CLINNOVA_ASSIGN(TermList list, encoder.Encode(sides.right, TermEncoder::Place::kAdded));
    if (list.terms().size() > kMaximumTerms) {
      return Fail(
          ErrorCode::kInvalidInput,
          "formula: found more than " + std::to_string(kMaximumTerms) + " terms, expected fewer");
    }
    formula_.terms_ = encoder.Terms(std::move(list));
    formula_.intercept_ = encoder.intercept();
    CLINNOVA_TRY(CheckResponseIsNoTerm(sides, encoder));
    for (const Expression& special : encoder.specials()) CLINNOVA_TRY(ReadSpecial(special));
    for (const Expression& effect : random) CLINNOVA_TRY(ReadRandom(effect.arguments[0]));
    return std::move(formula_);
  }

 private:
  void ReadColumns(const FormulaSides& sides) {
    if (sides.left) {
      formula_.columns_ = sides.left->Columns();
      formula_.needed_columns_ = sides.left->NeededColumns();
    }
    AddNew(sides.right.Columns(), formula_.columns_);
    AddNew(sides.right.ColumnsNeededByTerms(), formula_.needed_columns_);
  }

  static void AddNew(std::vector<std::string> names, std::vector<std::string>& list) {
    for (std::string& name : names) {
      if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
    }
  }

  Result<void> ReadResponse(const Expression& left) {
    Response& response = formula_.response_;
    response.kind = Response::Kind::kNumeric;
    if (left.kind == Kind::kCall && left.name == "Surv") {
      response.kind = Response::Kind::kSurvival;
      return ReadParts(left, 2, 3);
    }
    if (left.kind == Kind::kCall && left.name == "cbind") {
      response.kind = Response::Kind::kCounts;
      return ReadParts(left, 2, 2);
    }
    if (!IsFactorCall(left)) CLINNOVA_TRY(CheckNumeric(text_, left));
    response.parts = {left};
    return {};
  }

  Result<void> ReadParts(const Expression& call, std::size_t fewest, std::size_t most) {
    if (call.arguments.size() < fewest || call.arguments.size() > most) {
      const std::string expected = call.name == "cbind"
                                       ? "cbind(successes, failures)"
                                       : "Surv(time, status) or Surv(start, stop, status)";
      return FormulaError(text_, call.position, call.Text(), expected);
    }
    for (const Expression& argument : call.arguments) {
      const bool status = call.name == "Surv" && &argument == &call.arguments.back();
      if (!status || !IsFactorCall(argument)) CLINNOVA_TRY(CheckNumeric(text_, argument));
      formula_.response_.parts.push_back(argument);
    }
    return {};
  }

  Result<void> CheckResponseIsNoTerm(const FormulaSides& sides, const TermEncoder& encoder) const {
    if (!sides.left) return {};
    const std::string response = sides.left->Text();
    for (const TermFactor& variable : encoder.variables()) {
      if (variable.text == response) {
        return FormulaError(text_, variable.expression.position, response,
                            "a variable other than the response");
      }
    }
    return {};
  }

  Result<void> ReadSpecial(const Expression& call) {
    const bool offset = call.name == "offset";
    const bool fits = call.name == "strata" ? !call.arguments.empty() : call.arguments.size() == 1;
    if (!fits) {
      return FormulaError(
          text_, call.position, call.Text(),
          call.name + (call.name == "strata" ? "() of columns" : "() of one argument"));
    }
    for (const Expression& argument : call.arguments) {
      if (offset) {
        CLINNOVA_TRY(CheckNumeric(text_, argument));
        formula_.offsets_.push_back(argument);
        continue;
      }
      if (argument.kind != Kind::kName || argument.name == ".") {
        return FormulaError(text_, argument.position, argument.Text(), "a column's name");
      }
      (call.name == "strata" ? formula_.strata_ : formula_.clusters_).push_back(argument);
    }
    return {};
  }

  Result<void> ReadRandom(const Expression& bar) {
    TermEncoder encoder(text_, nullptr);
    CLINNOVA_ASSIGN(TermList list, encoder.Encode(bar.arguments[0], TermEncoder::Place::kAdded));
    RandomTerm effect;
    effect.terms = encoder.Terms(std::move(list));
    effect.intercept = encoder.intercept();
    CLINNOVA_TRY(ReadGroups(bar.arguments[1], effect.groups));
    if (bar.name == "|") {
      formula_.random_.push_back(std::move(effect));
      return {};
    }
    // (x || g) is (1 | g) + (0 + x | g), a term for each of its terms, as in lme4.
    if (effect.intercept) formula_.random_.push_back({{}, true, effect.groups});
    for (Term& term : effect.terms) {
      formula_.random_.push_back({{std::move(term)}, false, effect.groups});
    }
    return {};
  }

  Result<void> ReadGroups(const Expression& node, std::vector<std::string>& groups) const {
    if (IsCall(node, "/", 2)) {
      CLINNOVA_TRY(ReadGroups(node.arguments[0], groups));
      return ReadGroups(node.arguments[1], groups);
    }
    if (node.kind != Kind::kName || node.name == ".") {
      return FormulaError(text_, node.position, node.Text(),
                          "a grouping column g, or g/h; a logical or stands in I()");
    }
    groups.push_back(node.name);
    return {};
  }

  std::string_view text_;
  Formula formula_;
};

Result<Formula> Formula::Parse(std::string_view text) { return FormulaParser(text).Parse(); }

Formula Formula::WithFactorResponse() const {
  Formula formula = *this;
  if (response_.kind != Response::Kind::kNumeric || response_.parts[0].kind != Kind::kName) {
    return formula;
  }
  Expression call{.kind = Kind::kCall, .name = "factor", .arguments = {response_.parts[0]}};
  call.position = response_.parts[0].position;
  formula.response_.parts[0] = std::move(call);
  return formula;
}

Formula Formula::WithStrataAsClusters() const {
  Formula formula = *this;
  formula.clusters_.insert(formula.clusters_.end(), strata_.begin(), strata_.end());
  formula.strata_.clear();
  return formula;
}

}  // namespace clinnova::table
