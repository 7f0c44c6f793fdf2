// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/check.h"
#include "core/text.h"
#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"
#include "intake/fhirpath_scope.h"

namespace clinnova::intake::fhirpath {
namespace {

using Kind = Expression::Kind;
using Operator = Expression::Operator;

constexpr std::uint64_t kMostSteps = 100'000'000;

/// The nodes of a JSON member: one, or those of an array, each with its part of "_member".
void AppendNodes(const FhirModel& model, const JsonTree* json, const JsonTree* extra,
                 std::string_view path, const Node& parent, Collection& out) {
  const bool several = (json && json->IsArray()) || (extra && extra->IsArray());
  const auto add = [&](const JsonTree* value, const JsonTree* more) {
    if (value && value->IsNull()) value = nullptr;
    if (more && more->IsNull()) more = nullptr;
    if (!value && !more) return;
    out.push_back(
        NodeItem(model, {.json = value, .extra = more, .path = path, .resource = parent.resource}));
  };
  if (!several) return add(json, extra);
  const auto count = [](const JsonTree* tree) { return tree ? tree->items().size() : 0; };
  const auto at = [](const JsonTree* tree, std::size_t i) {
    return tree && i < tree->items().size() ? &tree->items()[i] : nullptr;
  };
  for (std::size_t i = 0; i < std::max(count(json), count(extra)); ++i)
    add(at(json, i), at(extra, i));
}

tl::unexpected<Error> SingleExpected(const Expression& expression, std::size_t found) {
  return Fail(ErrorCode::kInvalidInput, "\"" + expression.text + "\": found " +
                                            std::to_string(found) + " items, expected one or none");
}

std::optional<bool> And(std::optional<bool> a, std::optional<bool> b) {
  if (a == false || b == false) return false;
  return a && b ? std::optional(true) : std::nullopt;
}

std::optional<bool> Not(std::optional<bool> a) { return a ? std::optional(!*a) : std::nullopt; }

/// The operators on truth values, with the empty collection as the third (section 6.5).
std::optional<bool> Logic(Operator op, std::optional<bool> a, std::optional<bool> b) {
  if (op == Operator::kAnd) return And(a, b);
  if (op == Operator::kOr) return Not(And(Not(a), Not(b)));
  if (op == Operator::kXor) return a && b ? std::optional(*a != *b) : std::nullopt;
  return Not(And(a, Not(b)));  // implies
}

std::optional<bool> Inequality(Operator op, std::optional<int> order) {
  if (!order) return std::nullopt;
  if (op == Operator::kLess) return *order < 0;
  if (op == Operator::kGreater) return *order > 0;
  return op == Operator::kAtMost ? *order <= 0 : *order >= 0;
}

Result<std::optional<bool>> Membership(const Environment& environment, const Expression& expression,
                                       Items item, Items items) {
  if (item.empty()) return std::nullopt;
  if (item.size() > 1) return SingleExpected(expression, item.size());
  return Contains(environment, items, item.front());
}

/// & takes an empty collection for the empty text.
Result<Collection> Concatenate(const Expression& expression, Items a, Items b) {
  std::string text;
  for (const Items side : {a, b}) {
    if (side.size() > 1) return SingleExpected(expression, side.size());
    if (side.empty()) continue;
    if (const auto part = PlainText(side.front())) {
      text += *part;
    } else if (const auto date = StringOf(side.front())) {
      text += *date;
    } else {
      return Fail(ErrorCode::kInvalidInput, "\"&\": found a value that is no text, expected texts");
    }
  }
  return One(std::move(text));
}

bool IsLogic(Operator op) { return op <= Operator::kImplies; }
/// The operators whose result is a truth value.
bool IsDecision(Operator op) { return op <= Operator::kContains; }

/// The type that the end of a choice's JSON name says: "Quantity" of "valueQuantity"; empty when it is none.
std::string_view ChoiceType(const FhirElement& element, std::string_view ending) {
  using core::AsciiLower;
  if (ending.empty() || AsciiLower(ending.front()) == ending.front()) return {};
  for (const std::string_view type : element.types) {
    const bool same = type.size() == ending.size() && type.substr(1) == ending.substr(1);
    if (same && AsciiLower(type.front()) == AsciiLower(ending.front())) return type;
  }
  return {};
}

/// All members of the choice, each with the member beside it, "_valueString", that may hold more.
void AppendChoice(const FhirModel& model, const JsonTree& object, const FhirElement& element,
                  const Node& parent, Collection& out) {
  for (const JsonMember& member : object.members()) {
    const bool extra = member.name.text().starts_with('_');
    const std::string_view key = member.name.text().substr(extra ? 1 : 0);
    if (!key.starts_with(element.name) || (extra && object.Find(key))) continue;
    const std::string_view type = ChoiceType(element, key.substr(element.name.size()));
    if (type.empty()) continue;
    const JsonTree* json = extra ? nullptr : &member.value;
    const JsonTree* more = extra ? &member.value : nullptr;
    if (!extra && object.has_underscore()) more = object.Find("_" + std::string(key));
    AppendNodes(model, json, more, type, parent, out);
  }
}

/// What `evaluate` gives; what is defined meanwhile stays within it.
template <typename Evaluate>
auto Apart(const Scope& scope, Evaluate evaluate) {
  if (scope.defined.empty()) {  // as nearly always: without copies
    auto found = evaluate();
    if (!scope.defined.empty()) scope.defined.clear();
    return found;
  }
  auto defined = scope.defined;
  auto found = evaluate();
  scope.defined = std::move(defined);
  return found;
}

}  // namespace

Result<Collection> Evaluator::EvaluateOn(const Expression& expression, const Scope& scope,
                                         const Item& this_item, std::int64_t index) const {
  const Scope inner{.context = Items(&this_item, 1),
                    .index = index,
                    .total = scope.total,
                    .defined = scope.defined};
  return Evaluate(expression, inner);
}

Result<Collection> Evaluator::Evaluate(const Expression& expression, const Scope& scope) const {
  if (++steps_ > kMostSteps) {
    return Fail(ErrorCode::kInvalidInput, "found more than 10^8 steps, expected an end");
  }
  switch (expression.kind) {
    case Kind::kEmpty:
    case Kind::kBoolean:
    case Kind::kString:
    case Kind::kInteger:
    case Kind::kDecimal:
    case Kind::kTemporal:
    case Kind::kQuantity: return expression.literal;
    case Kind::kVariable: return Variable(expression, scope);
    case Kind::kThis: return Copy(scope.context);
    case Kind::kIndex: return One(scope.index);
    case Kind::kTotal: return Copy(scope.total);
    case Kind::kMember: return Member(expression, scope);
    case Kind::kFunction: return Function(expression, scope);
    case Kind::kIndexer: return Indexer(expression, scope);
    case Kind::kPolarity: return Polarity(expression, scope);
    case Kind::kBinary: return Binary(expression, scope);
    case Kind::kType: return Type(expression, scope);
  }
  return Collection{};
}

Result<Items> Evaluator::Operand(const Expression& expression, const Scope& scope,
                                 Collection& storage) const {
  if (expression.kind <= Kind::kQuantity) return Items(expression.literal);
  if (expression.kind == Kind::kThis) return scope.context;
  CLINNOVA_ASSIGN(storage, Evaluate(expression, scope));
  return Items(storage);
}

Result<Items> Evaluator::OperandApart(const Expression& expression, const Scope& scope,
                                      Collection& storage) const {
  if (expression.kind <= Kind::kQuantity) return Items(expression.literal);
  return Apart(scope, [&] { return Operand(expression, scope, storage); });
}

bool Evaluator::Decides(const Expression& expression) {
  return expression.kind == Kind::kBinary && IsDecision(expression.binary);
}

Result<std::optional<bool>> Evaluator::TruthOf(const Expression& expression, const Scope& scope,
                                               std::string_view where) const {
  if (Decides(expression)) return Decide(expression, scope);
  Collection storage;
  CLINNOVA_ASSIGN(const Items items, Operand(expression, scope, storage));
  return Truth(items, where);
}

void Evaluator::AppendMembers(const Item& item, std::string_view name, Collection& out) const {
  if (const auto* type = item.As<TypeInfo>()) {
    if (name == "namespace") out.push_back(Item{type->name_space});
    if (name == "name") out.push_back(Item{type->name});
    return;
  }
  if (const auto* quantity = item.As<Quantity>()) {
    if (name == "value") out.push_back(Item{quantity->value});
    if (name == "unit" || name == "code") out.push_back(Item{quantity->unit});
    return;
  }
  // A primitive's value without its FHIR type.
  if (item.node && item.HasValue() && name == "value") return out.push_back(Item{item.Read()});
  const JsonTree* object = item.HasValue() || !item.node.json ? item.node.extra : item.node.json;
  if (!object || !object->IsObject()) return;
  const FhirElement* element = model().Find(item.node.path, name);
  if (element && element->types.size() > 1) {
    return AppendChoice(model(), *object, *element, item.node, out);
  }
  const JsonTree* json = object->Find(name);
  const JsonTree* extra =
      object->has_underscore() ? object->Find("_" + std::string(name)) : nullptr;
  const std::string_view type = element ? element->types.front() : std::string_view();
  if (json || extra) AppendNodes(model(), json, extra, type, item.node, out);
}

void Evaluator::AppendChildren(const Item& item, Collection& out) const {
  for (const JsonTree* object : {item.node.json, item.node.extra}) {
    if (!object || !object->IsObject()) continue;
    for (const JsonMember& member_of : object->members()) {
      const std::string_view key = member_of.name.text();
      const bool extra = key.starts_with('_');
      const std::string name(extra ? key.substr(1) : key);
      if (key == "resourceType" || (extra && object->Find(name))) continue;
      const FhirMember member = model().Member(item.node.path, name);
      AppendNodes(model(), object->Find(name), object->Find("_" + name), member.type, item.node,
                  out);
    }
  }
}

Result<Collection> Evaluator::Member(const Expression& expression, const Scope& scope) const {
  Collection storage;
  Items base = scope.context;
  const bool on_context = expression.arguments.empty();
  if (!on_context) {
    CLINNOVA_ASSIGN(base, Operand(*expression.arguments.front(), scope, storage));
  }
  // Elements begin with a small letter, resources with a capital one.
  const char initial = expression.text.empty() ? ' ' : expression.text.front();
  const bool may_name_type = on_context && initial >= 'A' && initial <= 'Z';
  Collection out;
  for (const Item& item : base) {
    const JsonTree* json = item.node.json;
    const bool names_type = may_name_type && json && json->Find("resourceType") &&
                            model().IsKindOf(item.node.path, expression.text);
    if (names_type) {
      out.push_back(item);
    } else {
      AppendMembers(item, expression.text, out);
    }
  }
  return out;
}

Result<Collection> Evaluator::Function(const Expression& expression, const Scope& scope) const {
  const FunctionEntry* function = expression.function;
  if (!function) {
    return Fail(ErrorCode::kInvalidInput,
                "found the function \"" + expression.text + "\", expected one of FHIRPath");
  }
  Collection storage;
  Items input = scope.context;
  std::span<const std::unique_ptr<Expression>> arguments = expression.arguments;
  if (!expression.on_context) {
    CLINNOVA_ASSIGN(input, Operand(*expression.arguments.front(), scope, storage));
    arguments = arguments.subspan(1);
  }
  return function->call({.evaluator = *this,
                         .scope = scope,
                         .input = input,
                         .arguments = arguments,
                         .name = expression.text});
}

Result<Collection> Evaluator::Indexer(const Expression& expression, const Scope& scope) const {
  CLINNOVA_ASSIGN(const Collection items, Evaluate(*expression.arguments[0], scope));
  CLINNOVA_ASSIGN(const Collection index, Evaluate(*expression.arguments[1], scope));
  if (index.empty()) return Collection{};
  const auto* at = index.size() == 1 ? index.front().As<std::int64_t>() : nullptr;
  if (!at) return Fail(ErrorCode::kInvalidInput, "[]: expected one integer");
  if (*at < 0 || static_cast<std::size_t>(*at) >= items.size()) return Collection{};
  return Collection{items[static_cast<std::size_t>(*at)]};
}

Result<Collection> Evaluator::Polarity(const Expression& expression, const Scope& scope) const {
  CLINNOVA_ASSIGN(const Collection operand, Evaluate(*expression.arguments.front(), scope));
  if (operand.empty()) return Collection{};
  if (operand.size() > 1) return SingleExpected(expression, operand.size());
  const Item& item = operand.front();
  if (expression.text == "asc" || expression.text == "desc") return operand;
  const auto* quantity = item.As<Quantity>();
  if (!quantity && !DecimalOf(item)) {
    return Fail(ErrorCode::kInvalidInput, "\"" + expression.text + "\": found " +
                                              TypeOf(model(), item).name + ", expected a number");
  }
  if (expression.text == "+") return Collection{Item{item.Read()}};
  if (quantity) {
    return Collection{
        Item{Quantity{Decimal(0) - quantity->value, quantity->unit, quantity->calendar}}};
  }
  return Arithmetic(environment_, "-", Item{std::int64_t{0}}, item);
}

Result<Collection> Evaluator::Type(const Expression& expression, const Scope& scope) const {
  CLINNOVA_CHECK(expression.named.has_value());
  const TypeInfo& type = *expression.named;
  Collection storage;
  CLINNOVA_ASSIGN(const Items operand, Operand(*expression.arguments.front(), scope, storage));
  if (operand.empty()) return Collection{};
  if (operand.size() > 1) return SingleExpected(expression, operand.size());
  if (expression.text == "is") {
    return One(IsOfType(model(), operand.front(), type, TypeMatch::kDerived));
  }
  const bool is = IsOfType(model(), operand.front(), type, TypeMatch::kExactPrimitives);
  return is ? Copy(operand) : Collection{};
}

Result<std::optional<bool>> Evaluator::DecideLogic(const Expression& expression,
                                                   const Scope& scope) const {
  const Operator op = expression.binary;
  const auto truth_of = [&](std::size_t operand) {
    return Apart(scope,
                 [&] { return TruthOf(*expression.arguments[operand], scope, expression.text); });
  };
  CLINNOVA_ASSIGN(const auto left, truth_of(0));
  // Decided by the left side: the right one is not looked at.
  if (op == Operator::kAnd && left == false) return left;
  if (op == Operator::kOr && left == true) return left;
  if (op == Operator::kImplies && left == false) return std::optional(true);
  CLINNOVA_ASSIGN(const auto right, truth_of(1));
  return Logic(op, left, right);
}

Result<std::optional<bool>> Evaluator::Decide(const Expression& expression,
                                              const Scope& scope) const {
  const Operator op = expression.binary;
  if (IsLogic(op)) return DecideLogic(expression, scope);
  Collection left, right;
  CLINNOVA_ASSIGN(const Items a, OperandApart(*expression.arguments[0], scope, left));
  CLINNOVA_ASSIGN(const Items b, OperandApart(*expression.arguments[1], scope, right));
  switch (op) {
    case Operator::kEqual: return Equal(environment_, a, b);
    case Operator::kUnequal: return Not(Equal(environment_, a, b));
    case Operator::kEquivalent: return std::optional(Equivalent(environment_, a, b));
    case Operator::kInequivalent: return std::optional(!Equivalent(environment_, a, b));
    case Operator::kIn: return Membership(environment_, expression, a, b);
    case Operator::kContains: return Membership(environment_, expression, b, a);
    default: break;
  }
  if (a.empty() || b.empty()) return std::nullopt;
  if (a.size() > 1) return SingleExpected(expression, a.size());
  if (b.size() > 1) return SingleExpected(expression, b.size());
  CLINNOVA_ASSIGN(const auto order, Compare(environment_, a.front(), b.front()));
  return Inequality(op, order);
}

Result<Collection> Evaluator::Binary(const Expression& expression, const Scope& scope) const {
  const Operator op = expression.binary;
  if (IsDecision(op)) {
    CLINNOVA_ASSIGN(const auto decision, Decide(expression, scope));
    return One(decision);
  }
  Collection left, right;
  CLINNOVA_ASSIGN(const Items a, OperandApart(*expression.arguments[0], scope, left));
  CLINNOVA_ASSIGN(const Items b, OperandApart(*expression.arguments[1], scope, right));
  if (op == Operator::kConcatenate) return Concatenate(expression, a, b);
  if (op == Operator::kUnion) {
    Collection both = Copy(a);
    both.insert(both.end(), b.begin(), b.end());
    return Distinct(environment_, both);
  }
  if (a.empty() || b.empty()) return Collection{};
  if (a.size() > 1) return SingleExpected(expression, a.size());
  if (b.size() > 1) return SingleExpected(expression, b.size());
  return Arithmetic(environment_, expression.text, a.front(), b.front());
}

Result<Collection> Evaluator::Variable(const Expression& expression, const Scope& scope) const {
  const std::string& name = expression.text;
  if (const auto found = scope.defined.find(name); found != scope.defined.end())
    return found->second;
  const auto& variables = environment_.variables;
  if (const auto found = variables.find(name); found != variables.end()) return found->second;
  if (name == "context" || name == "resource" || name == "rootResource") return root_;
  if (name == "ucum") return One(std::string("http://unitsofmeasure.org"));
  if (name == "sct") return One(std::string("http://snomed.info/sct"));
  if (name == "loinc") return One(std::string("http://loinc.org"));
  if (name.starts_with("vs-")) return One("http://hl7.org/fhir/ValueSet/" + name.substr(3));
  if (name.starts_with("ext-"))
    return One("http://hl7.org/fhir/StructureDefinition/" + name.substr(4));
  return Fail(ErrorCode::kInvalidInput,
              "found the variable %" + name + ", expected one that is defined");
}

}  // namespace clinnova::intake::fhirpath
