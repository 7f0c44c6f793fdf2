// SPDX-License-Identifier: Apache-2.0
// What an expression is evaluated in, and the evaluator that functions call back.
//
//   const Item patient = FhirPath::Root(document.root());
//   Evaluator evaluator(environment, Items(&patient, 1));
//   evaluator.Evaluate(tree, {.context = Items(&patient, 1)});
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

using Variables = std::map<std::string, Collection, std::less<>>;
using TraceFunction = std::function<void(std::string_view, Items)>;

/// What stays the same for a whole evaluation.
struct Environment {
  const FhirModel& model;                // not owned, outlives this
  const vocabulary::Ucum& ucum;          // not owned, outlives this
  Arena& memory;                         ///< of what is computed; not owned, outlives the results
  const Variables& variables;            ///< %name, besides those of the standard; not owned
  const TraceFunction* trace = nullptr;  ///< what trace() gives; may be null, or empty; not owned
  EmptyJoin empty_join = EmptyJoin::kNothing;
  mutable std::optional<Temporal> now =
      {};  ///< with its zone; the clock's where it is asked for first

  /// The same for the whole evaluation. One thread at a time.
  const Temporal& Now() const;

  /// A collection of one item: the value, as ItemOf.
  template <typename T>
  Items One(const T& value) const {
    return One(ItemOf(memory, value));
  }
  Items One(const Item& item) const { return {memory.New<Item>(item), 1}; }
  template <typename T>
  Items One(const std::optional<T>& value) const {
    return value ? One(*value) : Items();
  }
};

/// A variable of defineVariable(), and those defined before it.
struct Defined {
  std::string_view name;
  Items value;
  const Defined* before = nullptr;
};

/// What changes from item to item.
struct Scope {
  Items context = {};  ///< $this; where a path begins; not owned, outlives this
  std::int64_t index = 0;
  Items total = {};                          ///< not owned, outlives this
  mutable const Defined* defined = nullptr;  ///< the last variable for later steps; not owned
};

class Evaluator {
 public:
  /// `root` is %context and %resource; neither is owned, both outlive this. One thread at a time.
  Evaluator(const Environment& environment, Items root) : environment_(environment), root_(root) {}

  /// The items lie in the environment's memory, the expression, the scope or the root. kInvalidInput where FHIRPath
  /// calls it an error, and after 10^8 steps or 4 GiB: nested selects take exponential time.
  Result<Items> Evaluate(const Expression& expression, const Scope& scope) const;
  /// As Evaluate; what the expression defines stays within it.
  Result<Items> EvaluateApart(const Expression& expression, const Scope& scope) const;
  /// As Evaluate, with `this_item` as $this.
  Result<Items> EvaluateOn(const Expression& expression, const Scope& scope, const Item& this_item,
                           std::int64_t index) const;

  /// Whether the expression is an operator that gives a truth value or nothing.
  static bool Decides(const Expression& expression);
  /// The truth of an expression where one is expected, as fhirpath_functions.h's Truth.
  Result<std::optional<bool>> TruthOf(const Expression& expression, const Scope& scope,
                                      std::string_view where) const;

  /// The members of that name of `item`.
  void AppendMembers(const Item& item, const MemberName& name, ItemList& out) const;
  /// All members of `item`.
  void AppendChildren(const Item& item, ItemList& out) const;

  const Environment& environment() const { return environment_; }
  const FhirModel& model() const { return environment_.model; }
  Items root() const { return root_; }

 private:
  Result<Items> Member(const Expression& expression, const Scope& scope) const;
  Result<Items> Function(const Expression& expression, const Scope& scope) const;
  Result<Items> Indexer(const Expression& expression, const Scope& scope) const;
  Result<Items> Polarity(const Expression& expression, const Scope& scope) const;
  Result<Items> Type(const Expression& expression, const Scope& scope) const;
  Result<Items> Binary(const Expression& expression, const Scope& scope) const;
  Result<std::optional<bool>> Decide(const Expression& expression, const Scope& scope) const;
  Result<std::optional<bool>> DecideLogic(const Expression& expression, const Scope& scope) const;
  Result<Items> Variable(const Expression& expression, const Scope& scope) const;
  void AppendNodes(const JsonTree* json, const JsonTree* extra, const FhirType* type,
                   const Node& parent, ItemList& out) const;
  void AppendChoice(const JsonTree& object, const FhirElement& element, const Node& parent,
                    ItemList& out) const;

  const Environment& environment_;
  Items root_;
  mutable std::uint64_t steps_ = 0;  ///< nodes of the tree evaluated so far
};

/// A call of a function.
struct Call {
  const Evaluator& evaluator;
  const Scope& scope;
  Items input;
  std::span<const std::unique_ptr<Expression>> arguments;
  std::string_view name;

  const Environment& environment() const { return evaluator.environment(); }
  const FhirModel& model() const { return evaluator.model(); }
  Arena& memory() const { return environment().memory; }
  /// A collection of one value.
  template <typename T>
  Items One(const T& value) const {
    return environment().One(value);
  }

  std::size_t size() const { return arguments.size(); }
  /// An argument's value, evaluated in the caller's context. What it defines stays within it.
  Result<Items> Argument(std::size_t i) const {
    return evaluator.EvaluateApart(*arguments[i], scope);
  }
  /// A criterion, projection or key, evaluated for an item of the input.
  Result<Items> On(std::size_t i, const Item& item, std::int64_t index) const {
    return evaluator.EvaluateOn(*arguments[i], scope, item, index);
  }
  /// As On, where a truth value is expected; another one is kInvalidInput. What it computes goes away.
  Result<std::optional<bool>> TruthOn(std::size_t i, const Item& item, std::int64_t index) const;
};

/// kInvalidInput: "name(): found …, expected …".
tl::unexpected<Error> WrongCall(const Call& call, std::string_view found,
                                std::string_view expected);

}  // namespace clinnova::intake::fhirpath
