// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/check.h"
#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"
#include "intake/fhirpath_scope.h"

namespace clinnova::intake::fhirpath {
namespace {

using Kind = Expression::Kind;
using Operator = Expression::Operator;

constexpr std::uint64_t kMostSteps = 100'000'000;
constexpr std::uint64_t kStepsBetweenLooks = 1 << 16;
constexpr std::size_t kMostBytes = std::size_t{4} << 30;

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

/// One side of &, which takes an empty collection for the empty text.
Result<std::string_view> TextOfSide(const Expression& expression, Items side) {
  if (side.size() > 1) return SingleExpected(expression, side.size());
  if (side.empty()) return std::string_view();
  const auto text = StringOf(side.front());
  if (text) return *text;
  return Fail(ErrorCode::kInvalidInput, "\"&\": found a value that is no text, expected texts");
}

Result<Items> Concatenate(const Environment& environment, const Expression& expression, Items a,
                          Items b) {
  CLINNOVA_ASSIGN(const std::string_view left, TextOfSide(expression, Valued(a)));
  CLINNOVA_ASSIGN(const std::string_view right, TextOfSide(expression, Valued(b)));
  const std::size_t size = left.size() + right.size();
  char* text = environment.memory.Room<char>(size);
  std::copy(right.begin(), right.end(), std::copy(left.begin(), left.end(), text));
  return environment.One(std::string_view(text, size));
}

bool IsLogic(Operator op) { return op <= Operator::kImplies; }
/// The operators whose result is a truth value.
bool IsDecision(Operator op) { return op <= Operator::kContains; }

/// What `evaluate` gives; what is defined meanwhile stays within it.
template <typename Evaluate>
auto Apart(const Scope& scope, Evaluate evaluate) {
  const Defined* const defined = scope.defined;
  auto found = evaluate();
  scope.defined = defined;
  return found;
}

}  // namespace

Result<Items> Evaluator::EvaluateOn(const Expression& expression, const Scope& scope,
                                    const Item& this_item, std::int64_t index) const {
  const Scope inner{.context = Items(&this_item, 1),
                    .index = index,
                    .total = scope.total,
                    .defined = scope.defined};
  return Evaluate(expression, inner);
}

Result<Items> Evaluator::EvaluateApart(const Expression& expression, const Scope& scope) const {
  return Apart(scope, [&] { return Evaluate(expression, scope); });
}

Result<Items> Evaluator::Evaluate(const Expression& expression, const Scope& scope) const {
  if (++steps_ > kMostSteps) {
    return Fail(ErrorCode::kInvalidInput, "found more than 10^8 steps, expected an end");
  }
  if (steps_ % kStepsBetweenLooks == 0 && environment_.memory.size() > kMostBytes) {
    return Fail(ErrorCode::kInvalidInput, "found more than 4 GiB of values, expected an end");
  }
  switch (expression.kind) {
    case Kind::kEmpty:
    case Kind::kBoolean:
    case Kind::kString:
    case Kind::kInteger:
    case Kind::kDecimal:
    case Kind::kTemporal:
    case Kind::kQuantity: return Items(expression.literal);
    case Kind::kVariable: return Variable(expression, scope);
    case Kind::kThis: return scope.context;
    case Kind::kIndex: return environment_.One(scope.index);
    case Kind::kTotal: return scope.total;
    case Kind::kMember: return Member(expression, scope);
    case Kind::kFunction: return Function(expression, scope);
    case Kind::kIndexer: return Indexer(expression, scope);
    case Kind::kPolarity: return Polarity(expression, scope);
    case Kind::kBinary: return Binary(expression, scope);
    case Kind::kType: return Type(expression, scope);
  }
  return Items();
}

bool Evaluator::Decides(const Expression& expression) {
  return expression.kind == Kind::kBinary && IsDecision(expression.binary);
}

Result<std::optional<bool>> Evaluator::TruthOf(const Expression& expression, const Scope& scope,
                                               std::string_view where) const {
  if (Decides(expression)) return Decide(expression, scope);
  CLINNOVA_ASSIGN(const Items items, Evaluate(expression, scope));
  return Truth(items, where);
}

/// The nodes of a JSON member: one, or those of an array, each with its part of "_member".
void Evaluator::AppendNodes(const JsonTree* json, const JsonTree* extra, const FhirType* type,
                            const Node& parent, ItemList& out) const {
  const auto add = [&](const JsonTree* value, const JsonTree* more) {
    if (value && value->IsNull()) value = nullptr;
    if (more && more->IsNull()) more = nullptr;
    if (!value && !more) return;
    out.push_back(NodeItem(
        model(), {.json = value, .extra = more, .type = type, .resource = parent.resource}));
  };
  const bool several = (json && json->IsArray()) || (extra && extra->IsArray());
  if (!several) return add(json, extra);
  const auto values = json ? json->items() : std::span<const JsonTree>();
  const auto extras = extra ? extra->items() : std::span<const JsonTree>();
  for (std::size_t i = 0; i < std::max(values.size(), extras.size()); ++i) {
    add(i < values.size() ? &values[i] : nullptr, i < extras.size() ? &extras[i] : nullptr);
  }
}

/// All members of the choice, each with the member beside it, "_valueString", that may hold more.
void Evaluator::AppendChoice(const JsonTree& object, const FhirElement& element, const Node& parent,
                             ItemList& out) const {
  for (const JsonMember& member : object.members()) {
    std::string_view key = member.name.text();
    const bool extra = key.starts_with('_');
    if (extra) key.remove_prefix(1);
    // Most members differ from the element in their first letter.
    const bool may_be = !key.empty() && key.front() == element.name.front();
    if (!may_be || !key.starts_with(element.name)) continue;
    const FhirMember meant = parent.type->Member(extra ? JsonName(key) : member.name);
    if (meant.element != &element || (extra && object.Find(key))) continue;
    const JsonTree* more = extra ? &member.value : nullptr;
    if (!extra && object.has_underscore()) more = object.Find("_" + std::string(key));
    AppendNodes(extra ? nullptr : &member.value, more, meant.type, parent, out);
  }
}

void Evaluator::AppendMembers(const Item& item, const MemberName& name, ItemList& out) const {
  Arena& memory = environment_.memory;
  if (const auto* type = item.As<TypeInfo>()) {
    if (name.text() == "namespace") out.push_back(ItemOf(memory, type->name_space));
    if (name.text() == "name") out.push_back(ItemOf(memory, type->name));
    return;
  }
  if (const auto* quantity = item.As<Quantity>()) {
    if (name.text() == "value") out.push_back(ItemOf(memory, quantity->value));
    if (name.text() == "unit" || name.text() == "code") {
      out.push_back(ItemOf(memory, quantity->unit));
    }
    return;
  }
  // A primitive's value without its FHIR type.
  if (item.node && item.HasValue() && name.text() == "value") {
    return out.push_back(ValueOf(memory, item));
  }
  const JsonTree* object = item.HasValue() || !item.node.json ? item.node.extra : item.node.json;
  if (!object || !object->IsObject()) return;
  const FhirElement* element = item.node.type ? item.node.type->Element(name.name) : nullptr;
  if (element && element->types.size() > 1) return AppendChoice(*object, *element, item.node, out);
  const JsonTree* json = object->Find(name.name);
  const JsonTree* extra = object->has_underscore() ? object->Find(name.extra) : nullptr;
  const FhirType* type = element ? element->types.front() : nullptr;
  if (json || extra) AppendNodes(json, extra, type, item.node, out);
}

void Evaluator::AppendChildren(const Item& item, ItemList& out) const {
  for (const JsonTree* object : {item.node.json, item.node.extra}) {
    if (!object || !object->IsObject()) continue;
    for (const JsonMember& member : object->members()) {
      const std::string_view key = member.name.text();
      const bool extra = key.starts_with('_');
      const std::string name(extra ? key.substr(1) : key);
      if (key == "resourceType" || (extra && object->Find(name))) continue;
      const FhirType* type = item.node.type ? item.node.type->Member(name).type : nullptr;
      AppendNodes(object->Find(name), object->Find("_" + name), type, item.node, out);
    }
  }
}

Result<Items> Evaluator::Member(const Expression& expression, const Scope& scope) const {
  static const JsonName kResourceType("resourceType");
  Items base = scope.context;
  if (!expression.arguments.empty()) {
    CLINNOVA_ASSIGN(base, Evaluate(*expression.arguments.front(), scope));
  }
  ItemList out(environment_.memory);
  for (const Item& item : base) {
    const Node& node = item.node;
    const bool is_own_type = expression.own_type && node.type &&
                             node.type->IsKindOf(expression.own_type) && node.json &&
                             node.json->Find(kResourceType);
    if (is_own_type) {
      out.push_back(item);
    } else {
      AppendMembers(item, expression.member, out);
    }
  }
  return out.Done();
}

Result<Items> Evaluator::Function(const Expression& expression, const Scope& scope) const {
  const FunctionEntry* function = expression.function;
  if (!function) {
    return Fail(ErrorCode::kInvalidInput,
                "found the function \"" + expression.text + "\", expected one of FHIRPath");
  }
  Items input = scope.context;
  std::span<const std::unique_ptr<Expression>> arguments = expression.arguments;
  if (!expression.on_context) {
    CLINNOVA_ASSIGN(input, Evaluate(*expression.arguments.front(), scope));
    arguments = arguments.subspan(1);
  }
  return function->call({.evaluator = *this,
                         .scope = scope,
                         .input = input,
                         .arguments = arguments,
                         .name = expression.text});
}

Result<Items> Evaluator::Indexer(const Expression& expression, const Scope& scope) const {
  CLINNOVA_ASSIGN(const Items items, Evaluate(*expression.arguments[0], scope));
  CLINNOVA_ASSIGN(const Items index, Evaluate(*expression.arguments[1], scope));
  if (index.empty()) return Items();
  const auto at = index.size() == 1 ? index.front().As<std::int64_t>() : std::nullopt;
  if (!at) return Fail(ErrorCode::kInvalidInput, "[]: expected one integer");
  if (*at < 0 || static_cast<std::size_t>(*at) >= items.size()) return Items();
  return items.subspan(static_cast<std::size_t>(*at), 1);
}

Result<Items> Evaluator::Polarity(const Expression& expression, const Scope& scope) const {
  CLINNOVA_ASSIGN(const Items operand, Evaluate(*expression.arguments.front(), scope));
  if (operand.empty()) return Items();
  if (operand.size() > 1) return SingleExpected(expression, operand.size());
  const Item& item = operand.front();
  if (expression.text == "asc" || expression.text == "desc") return operand;
  if (item.IsValueless()) return Items();
  const bool measures = item.As<Quantity>() || IsFhirQuantity(model(), item);
  if (!measures && !DecimalOf(item)) {
    return Fail(ErrorCode::kInvalidInput, "\"" + expression.text + "\": found " +
                                              std::string(TypeOf(item).name) +
                                              ", expected a number");
  }
  if (measures) {
    const auto quantity = QuantityOf(model(), item);
    if (!quantity || expression.text == "+") return environment_.One(quantity);
    return environment_.One(
        Quantity{Decimal(0) - quantity->value, quantity->unit, quantity->calendar});
  }
  if (expression.text == "+") return environment_.One(ValueOf(environment_.memory, item));
  return Arithmetic(environment_, "-", Item{.value = std::int64_t{0}}, item);
}

Result<Items> Evaluator::Type(const Expression& expression, const Scope& scope) const {
  CLINNOVA_CHECK(expression.named.has_value());
  const TypeName& type = *expression.named;
  CLINNOVA_ASSIGN(const Items operand, Evaluate(*expression.arguments.front(), scope));
  if (operand.empty()) return Items();
  if (operand.size() > 1) return SingleExpected(expression, operand.size());
  if (expression.text == "is") {
    return environment_.One(IsOfType(operand.front(), type, TypeMatch::kDerived));
  }
  const auto typed = AsType(environment_, operand.front(), type);
  return typed ? environment_.One(*typed) : Items();
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
  CLINNOVA_ASSIGN(const Items a, EvaluateApart(*expression.arguments[0], scope));
  CLINNOVA_ASSIGN(const Items b, EvaluateApart(*expression.arguments[1], scope));
  switch (op) {
    case Operator::kEqual: return Equal(environment_, a, b);
    case Operator::kUnequal: return Not(Equal(environment_, a, b));
    case Operator::kEquivalent: return std::optional(Equivalent(environment_, a, b));
    case Operator::kInequivalent: return std::optional(!Equivalent(environment_, a, b));
    case Operator::kIn: return Membership(environment_, expression, a, b);
    case Operator::kContains: return Membership(environment_, expression, b, a);
    default: break;
  }
  if (Valued(a).empty() || Valued(b).empty()) return std::nullopt;
  if (a.size() > 1) return SingleExpected(expression, a.size());
  if (b.size() > 1) return SingleExpected(expression, b.size());
  CLINNOVA_ASSIGN(const auto order, Compare(environment_, a.front(), b.front()));
  return Inequality(op, order);
}

Result<Items> Evaluator::Binary(const Expression& expression, const Scope& scope) const {
  const Operator op = expression.binary;
  if (IsDecision(op)) {
    CLINNOVA_ASSIGN(const auto decision, Decide(expression, scope));
    return environment_.One(decision);
  }
  CLINNOVA_ASSIGN(const Items a, EvaluateApart(*expression.arguments[0], scope));
  CLINNOVA_ASSIGN(const Items b, EvaluateApart(*expression.arguments[1], scope));
  if (op == Operator::kConcatenate) return Concatenate(environment_, expression, a, b);
  if (op == Operator::kUnion) {
    ItemList both(environment_.memory);
    both.Append(a);
    both.Append(b);
    return Distinct(environment_, both.items());
  }
  if (Valued(a).empty() || Valued(b).empty()) return Items();
  if (a.size() > 1) return SingleExpected(expression, a.size());
  if (b.size() > 1) return SingleExpected(expression, b.size());
  return Arithmetic(environment_, expression.text, a.front(), b.front());
}

Result<Items> Evaluator::Variable(const Expression& expression, const Scope& scope) const {
  const std::string& name = expression.text;
  const auto one = [&](std::string_view text) { return environment_.One(text); };
  for (const Defined* known = scope.defined; known; known = known->before) {
    if (known->name == name) return known->value;
  }
  const Variables& variables = environment_.variables;
  if (const auto found = variables.find(name); found != variables.end()) {
    return Items(found->second);
  }
  if (name == "context" || name == "resource" || name == "rootResource") return root_;
  if (name == "ucum") return one("http://unitsofmeasure.org");
  if (name == "sct") return one("http://snomed.info/sct");
  if (name == "loinc") return one("http://loinc.org");
  if (name.starts_with("vs-")) {
    return environment_.One("http://hl7.org/fhir/ValueSet/" + name.substr(3));
  }
  if (name.starts_with("ext-")) {
    return environment_.One("http://hl7.org/fhir/StructureDefinition/" + name.substr(4));
  }
  return Fail(ErrorCode::kInvalidInput,
              "found the variable %" + name + ", expected one that is defined");
}

}  // namespace clinnova::intake::fhirpath
