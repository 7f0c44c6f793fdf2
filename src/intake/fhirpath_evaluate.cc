// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"
#include "intake/fhirpath_scope.h"

namespace clinnova::intake::fhirpath {
namespace {

using Kind = Expression::Kind;

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
  const auto count = [](const JsonTree* tree) { return tree ? tree->items.size() : 0; };
  const auto at = [](const JsonTree* tree, std::size_t i) {
    return tree && i < tree->items.size() ? &tree->items[i] : nullptr;
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
std::optional<bool> Logic(std::string_view op, std::optional<bool> a, std::optional<bool> b) {
  if (op == "and") return And(a, b);
  if (op == "or") return Not(And(Not(a), Not(b)));
  if (op == "xor") return a && b ? std::optional(*a != *b) : std::nullopt;
  return Not(And(a, Not(b)));  // implies
}

std::optional<bool> Inequality(std::string_view op, std::optional<int> order) {
  if (!order) return std::nullopt;
  if (op == "<") return *order < 0;
  if (op == ">") return *order > 0;
  return op == "<=" ? *order <= 0 : *order >= 0;
}

Result<Collection> Membership(const Environment& environment, const Expression& expression,
                              const Collection& item, const Collection& items) {
  if (item.empty()) return Collection{};
  if (item.size() > 1) return SingleExpected(expression, item.size());
  return One(Contains(environment, items, item.front()));
}

/// & takes an empty collection for the empty text.
Result<Collection> Concatenate(const Expression& expression, const Collection& a,
                               const Collection& b) {
  std::string text;
  for (const Collection* side : {&a, &b}) {
    if (side->size() > 1) return SingleExpected(expression, side->size());
    if (side->empty()) continue;
    const auto part = StringOf(side->front());
    if (!part) {
      return Fail(ErrorCode::kInvalidInput, "\"&\": found a value that is no text, expected texts");
    }
    text += *part;
  }
  return One(std::move(text));
}

bool IsLogic(std::string_view op) {
  return op == "and" || op == "or" || op == "xor" || op == "implies";
}

}  // namespace

Result<Collection> Evaluator::EvaluateOn(const Expression& expression, const Scope& scope,
                                         const Item& this_item, std::int64_t index) const {
  const Scope inner{.context = Collection(1, this_item),
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
    case Kind::kEmpty: return Collection{};
    case Kind::kBoolean: return One(expression.boolean);
    case Kind::kString: return One(expression.text);
    case Kind::kInteger: return One(expression.integer);
    case Kind::kDecimal: return Collection{Item{expression.decimal}};
    case Kind::kTemporal: return Collection{Item{expression.temporal}};
    case Kind::kQuantity:
      return Collection{Item{Quantity{expression.decimal, expression.text, expression.calendar}}};
    case Kind::kVariable: return Variable(expression, scope);
    case Kind::kThis: return scope.context;
    case Kind::kIndex: return One(scope.index);
    case Kind::kTotal: return scope.total;
    case Kind::kMember: return Member(expression, scope);
    case Kind::kFunction: return Function(expression, scope);
    case Kind::kIndexer: return Indexer(expression, scope);
    case Kind::kPolarity: return Polarity(expression, scope);
    case Kind::kBinary: return Binary(expression, scope);
    case Kind::kType: return Type(expression, scope);
  }
  return Collection{};
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
  if (item.node && item.HasValue() && name == "value") return out.push_back(Item{item.value});
  const JsonTree* object = item.HasValue() || !item.node.json ? item.node.extra : item.node.json;
  if (!object || !object->IsObject()) return;
  const auto append = [&](std::string_view key, std::string_view path) {
    const JsonTree* json = object->Find(key);
    const JsonTree* extra = object->has_underscore ? object->Find("_" + std::string(key)) : nullptr;
    if (json || extra) AppendNodes(model(), json, extra, path, item.node, out);
  };
  const FhirElement* element = model().Find(item.node.path, name);
  if (!element || element->types.size() == 1) {
    append(name, element ? element->types.front() : std::string_view());
    return;
  }
  for (const auto& member : object->members) {
    const bool extra = member.first.starts_with('_');
    const std::string_view key = std::string_view(member.first).substr(extra ? 1 : 0);
    if (!key.starts_with(name) || (extra && object->Find(key))) continue;
    const FhirMember choice = model().Member(item.node.path, key);
    if (choice.element == element) append(key, choice.type);
  }
}

void Evaluator::AppendChildren(const Item& item, Collection& out) const {
  for (const JsonTree* object : {item.node.json, item.node.extra}) {
    if (!object || !object->IsObject()) continue;
    for (const auto& [key, value] : object->members) {
      const bool extra = key.starts_with('_');
      const std::string name = extra ? key.substr(1) : key;
      if (key == "resourceType" || (extra && object->Find(name))) continue;
      const FhirMember member = model().Member(item.node.path, name);
      AppendNodes(model(), object->Find(name), object->Find("_" + name), member.type, item.node,
                  out);
    }
  }
}

Result<Collection> Evaluator::Member(const Expression& expression, const Scope& scope) const {
  Collection out;
  if (expression.arguments.empty()) {
    // Elements begin with a small letter, resources with a capital one.
    const char initial = expression.text.empty() ? ' ' : expression.text.front();
    const bool may_name_type = initial >= 'A' && initial <= 'Z';
    for (const Item& item : scope.context) {
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
  CLINNOVA_ASSIGN(const Collection base, Evaluate(*expression.arguments.front(), scope));
  for (const Item& item : base) AppendMembers(item, expression.text, out);
  return out;
}

Result<Collection> Evaluator::Function(const Expression& expression, const Scope& scope) const {
  const FunctionEntry* function = expression.function;
  if (!function) {
    return Fail(ErrorCode::kInvalidInput,
                "found the function \"" + expression.text + "\", expected one of FHIRPath");
  }
  Collection computed;
  std::span<const std::unique_ptr<Expression>> arguments = expression.arguments;
  if (!expression.on_context) {
    CLINNOVA_ASSIGN(computed, Evaluate(*expression.arguments.front(), scope));
    arguments = arguments.subspan(1);
  }
  const Collection& input = expression.on_context ? scope.context : computed;
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
  if (expression.text == "+") return Collection{Item{item.value}};
  if (quantity) {
    return Collection{
        Item{Quantity{Decimal(0) - quantity->value, quantity->unit, quantity->calendar}}};
  }
  return Arithmetic(environment_, "-", Item{std::int64_t{0}}, item);
}

Result<Collection> Evaluator::Type(const Expression& expression, const Scope& scope) const {
  CLINNOVA_ASSIGN(const TypeInfo type, ResolveType(model(), expression.type));
  CLINNOVA_ASSIGN(const Collection operand, Evaluate(*expression.arguments.front(), scope));
  if (operand.empty()) return Collection{};
  if (operand.size() > 1) return SingleExpected(expression, operand.size());
  if (expression.text == "is") {
    return One(IsOfType(model(), operand.front(), type, TypeMatch::kDerived));
  }
  return IsOfType(model(), operand.front(), type, TypeMatch::kExactPrimitives) ? operand
                                                                               : Collection{};
}

Result<Collection> Evaluator::Binary(const Expression& expression, const Scope& scope) const {
  const std::string_view op = expression.text;
  const auto defined = scope.defined;  // what an operand defines, the other does not see
  CLINNOVA_ASSIGN(const Collection a, Evaluate(*expression.arguments[0], scope));
  scope.defined = defined;
  if (IsLogic(op)) {
    CLINNOVA_ASSIGN(const auto left, Truth(a, expression.text));
    // Decided by the left side: the right one is not looked at.
    if ((op == "and" && left == false) || (op == "or" && left == true)) return One(*left);
    if (op == "implies" && left == false) return One(true);
    CLINNOVA_ASSIGN(const Collection b, Evaluate(*expression.arguments[1], scope));
    scope.defined = defined;
    CLINNOVA_ASSIGN(const auto right, Truth(b, expression.text));
    return One(Logic(op, left, right));
  }
  CLINNOVA_ASSIGN(const Collection b, Evaluate(*expression.arguments[1], scope));
  scope.defined = defined;
  if (op == "=") return One(Equal(environment_, a, b));
  if (op == "!=") return One(Not(Equal(environment_, a, b)));
  if (op == "~") return One(Equivalent(environment_, a, b));
  if (op == "!~") return One(!Equivalent(environment_, a, b));
  if (op == "in") return Membership(environment_, expression, a, b);
  if (op == "contains") return Membership(environment_, expression, b, a);
  if (op == "&") return Concatenate(expression, a, b);
  if (op == "|") {
    Collection both = a;
    both.insert(both.end(), b.begin(), b.end());
    return Distinct(environment_, both);
  }
  if (a.empty() || b.empty()) return Collection{};
  if (a.size() > 1) return SingleExpected(expression, a.size());
  if (b.size() > 1) return SingleExpected(expression, b.size());
  if (op == "<" || op == ">" || op == "<=" || op == ">=") {
    CLINNOVA_ASSIGN(const auto order, Compare(environment_, a.front(), b.front()));
    return One(Inequality(op, order));
  }
  return Arithmetic(environment_, op, a.front(), b.front());
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
