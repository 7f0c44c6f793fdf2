// SPDX-License-Identifier: Apache-2.0
// What an expression is evaluated in, and the evaluator that functions call back.
//
//   const Collection patient = FhirPath::Root(document);
//   Evaluator evaluator(environment, patient);
//   evaluator.Evaluate(tree, {.context = patient});
//
// Source: HL7 FHIRPath N1, http://hl7.org/fhirpath/N1.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "intake/fhirpath_item.h"
#include "intake/fhirpath_syntax.h"
#include "vocabulary/ucum.h"

namespace clinnova::intake::fhirpath {

/// What join() gives for nothing: FHIRPath says nothing, SQL on FHIR the empty text.
enum class EmptyJoin { kNothing, kText };

/// What stays the same for a whole evaluation.
struct Environment {
  const FhirModel& model;               // not owned, outlives this
  const vocabulary::Ucum& ucum;         // not owned, outlives this
  mutable std::optional<Temporal> now;  ///< with its zone; the clock's where it is asked for first
  std::map<std::string, Collection, std::less<>>
      variables;  ///< %name, besides those of the standard
  std::function<void(std::string_view, const Collection&)>
      trace;  ///< what trace() gives; may be empty
  EmptyJoin empty_join = EmptyJoin::kNothing;

  /// The same for the whole evaluation. One thread at a time.
  const Temporal& Now() const;
};

/// What changes from item to item.
struct Scope {
  Items context = {};  ///< $this; where a path begins; not owned, outlives this
  std::int64_t index = 0;
  Items total = {};  ///< not owned, outlives this
  mutable std::map<std::string, Collection, std::less<>> defined =
      {};  ///< by defineVariable(), for later steps
};

class Evaluator {
 public:
  /// `root` is %context and %resource; neither is owned, both outlive this. One thread at a time.
  Evaluator(const Environment& environment, const Collection& root)
      : environment_(environment), root_(root) {}

  /// kInvalidInput where FHIRPath calls it an error, and after 10^8 steps: nested selects take exponential time.
  Result<Collection> Evaluate(const Expression& expression, const Scope& scope) const;

  /// As Evaluate, without a copy of what is there already: a literal's item, or $this. What is computed lies in
  /// `storage`, which outlives the use of the result.
  Result<Items> Operand(const Expression& expression, const Scope& scope,
                        Collection& storage) const;
  /// As Operand; what the expression defines stays within it.
  Result<Items> OperandApart(const Expression& expression, const Scope& scope,
                             Collection& storage) const;

  /// Whether the expression is an operator that gives a truth value or nothing.
  static bool Decides(const Expression& expression);
  /// The truth of an expression where one is expected, as fhirpath_functions.h's Truth.
  Result<std::optional<bool>> TruthOf(const Expression& expression, const Scope& scope,
                                      std::string_view where) const;

  /// As Evaluate, with `this_item` as $this.
  Result<Collection> EvaluateOn(const Expression& expression, const Scope& scope,
                                const Item& this_item, std::int64_t index) const;

  /// The members `name` of `item`.
  void AppendMembers(const Item& item, std::string_view name, Collection& out) const;
  /// All members of `item`.
  void AppendChildren(const Item& item, Collection& out) const;

  const Environment& environment() const { return environment_; }
  const FhirModel& model() const { return environment_.model; }
  const Collection& root() const { return root_; }

 private:
  Result<Collection> Member(const Expression& expression, const Scope& scope) const;
  Result<Collection> Function(const Expression& expression, const Scope& scope) const;
  Result<Collection> Indexer(const Expression& expression, const Scope& scope) const;
  Result<Collection> Polarity(const Expression& expression, const Scope& scope) const;
  Result<Collection> Type(const Expression& expression, const Scope& scope) const;
  Result<Collection> Binary(const Expression& expression, const Scope& scope) const;
  Result<std::optional<bool>> Decide(const Expression& expression, const Scope& scope) const;
  Result<std::optional<bool>> DecideLogic(const Expression& expression, const Scope& scope) const;
  Result<Collection> Variable(const Expression& expression, const Scope& scope) const;

  const Environment& environment_;
  const Collection& root_;
  mutable std::uint64_t steps_ = 0;  ///< nodes of the tree evaluated so far
};

/// A call of a function.
struct Call {
  const Evaluator& evaluator;
  const Scope& scope;
  Items input;
  std::span<const std::unique_ptr<Expression>> arguments;
  std::string_view name;

  std::size_t size() const { return arguments.size(); }
  /// An argument's value, evaluated in the caller's context. What it defines stays within it.
  Result<Collection> Argument(std::size_t i) const;
  /// As Argument, without a copy where there is a value already (see Evaluator::Operand).
  Result<Items> Argument(std::size_t i, Collection& storage) const {
    return evaluator.OperandApart(*arguments[i], scope, storage);
  }
  /// A criterion, projection or key, evaluated for an item of the input.
  Result<Collection> On(std::size_t i, const Item& item, std::int64_t index) const {
    return evaluator.EvaluateOn(*arguments[i], scope, item, index);
  }
  /// As On, where a truth value is expected; another one is kInvalidInput.
  Result<std::optional<bool>> TruthOn(std::size_t i, const Item& item, std::int64_t index) const;
};

/// kInvalidInput: "name(): found …, expected …".
tl::unexpected<Error> WrongCall(const Call& call, const std::string& found,
                                const std::string& expected);

}  // namespace clinnova::intake::fhirpath
