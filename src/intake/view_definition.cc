// SPDX-License-Identifier: Apache-2.0
#include "intake/view_definition.h"

#include <algorithm>
#include <set>

#include "intake/view_select.h"

namespace clinnova::intake {
namespace {

using fhirpath::Item;
using fhirpath::Items;

tl::unexpected<Error> Wrong(const std::string& where, const std::string& found,
                            const std::string& expected) {
  return Fail(ErrorCode::kInvalidInput, where + ": found " + found + ", expected " + expected);
}

bool IsName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), inner);
}

/// The variables that an expression uses and nobody defines.
void AppendVariables(const fhirpath::Expression& expression, std::set<std::string>& names) {
  if (expression.kind == fhirpath::Expression::Kind::kVariable) names.insert(expression.text);
  for (const auto& argument : expression.arguments) AppendVariables(*argument, names);
}

/// Reads the definition from top to bottom.
class Reader {
 public:
  explicit Reader(std::string root) : root_(std::move(root)) {}

  Result<void> Constants(const JsonTree& definition) {
    const JsonTree* constants = definition.Find("constant");
    if (!constants) return {};
    for (const JsonTree& constant : constants->items()) {
      const std::string name(constant.Text("name"));
      if (!IsName(name)) return Wrong("constant.name", "\"" + name + "\"", "a name");
      const JsonTree* value = nullptr;
      const FhirType* type = nullptr;
      for (const auto& [name_of_value, member] : constant.members()) {
        const std::string_view key = name_of_value.text();
        if (!key.starts_with("value")) continue;
        value = &member;
        type = FhirModel::R4().Type("Extension")->Member(key).type;
      }
      if (!value || value->IsNull() || value->IsObject() || value->IsArray()) {
        return Wrong("constant " + name, "no value", "value[x], a primitive");
      }
      // Without its node and its text: the definition may go before the view does.
      const Item node = fhirpath::NodeItem(FhirModel::R4(), {.json = value, .type = type});
      const auto text = node.As<std::string_view>();
      variables[name] = {text ? fhirpath::ItemOf(memory, std::string(*text))
                              : fhirpath::ValueOf(memory, node)};
    }
    return {};
  }

  Result<FhirPath> Path(const JsonTree& tree, const std::string& where,
                        std::string_view root) const {
    if (!tree.IsString()) return Wrong(where, "a value that is no text", "a FHIRPath expression");
    auto path = FhirPath::Parse(tree.text(), root);
    if (!path) return FailAt(where, path);
    std::set<std::string> used;
    AppendVariables(path->expression(), used);
    for (const std::string& name : used) {
      const bool standard = name == "context" || name == "resource" || name == "rootResource" ||
                            name == "rowIndex" || name == "ucum" || name == "sct" ||
                            name == "loinc" || name.starts_with("vs-") || name.starts_with("ext-");
      if (!standard && !variables.contains(name)) {
        return Wrong(where, "%" + name, "a constant of the definition");
      }
    }
    return path;
  }

  /// `root` is the type of what the select stands on; empty when it goes through something.
  Result<ViewSelect> Select(const JsonTree& tree, const std::string& where, std::string root,
                            int depth) const {
    if (!tree.IsObject()) return Wrong(where, "a value that is no object", "a select");
    if (depth > 50) return Wrong(where, "too deep a nesting", "at most 50 levels");
    ViewSelect select;
    CLINNOVA_TRY(Iteration(tree, where, root, select));
    if (select.iteration != ViewSelect::Iteration::kOnce) root.clear();
    CLINNOVA_TRY(Columns(tree, where, root, select));
    CLINNOVA_ASSIGN(select.selects, Selects(tree, "select", where, root, depth));
    CLINNOVA_ASSIGN(select.union_all, Selects(tree, "unionAll", where, root, depth));
    CLINNOVA_TRY(SameColumns(select.union_all, where));
    if (AllColumns(select).empty()) return Wrong(where, "no columns", "column, select or unionAll");
    return select;
  }

  Result<std::vector<ViewSelect>> Selects(const JsonTree& tree, const char* name,
                                          const std::string& where, const std::string& root,
                                          int depth) const {
    std::vector<ViewSelect> selects;
    const JsonTree* list = tree.Find(name);
    if (!list) return selects;
    const std::string here = where.empty() ? name : where + "." + name;
    if (!list->IsArray()) return Wrong(here, "a value that is no array", "an array");
    for (std::size_t i = 0; i < list->items().size(); ++i) {
      CLINNOVA_ASSIGN(
          ViewSelect select,
          Select(list->items()[i], here + "[" + std::to_string(i) + "]", root, depth + 1));
      selects.push_back(std::move(select));
    }
    return selects;
  }

  Result<std::vector<FhirPath>> Conditions(const JsonTree& definition) const {
    std::vector<FhirPath> conditions;
    const JsonTree* where = definition.Find("where");
    if (!where) return conditions;
    for (const JsonTree& condition : where->items()) {
      const JsonTree* path = condition.Find("path");
      CLINNOVA_ASSIGN(FhirPath parsed, Path(path ? *path : JsonTree{}, "where.path", root_));
      conditions.push_back(std::move(parsed));
    }
    return conditions;
  }

  fhirpath::Variables variables;  ///< the constants
  Arena memory{256};              ///< of their values

 private:
  Result<void> Iteration(const JsonTree& tree, const std::string& where, const std::string& root,
                         ViewSelect& select) const {
    const std::pair<const char*, ViewSelect::Iteration> kinds[] = {
        {"forEach", ViewSelect::Iteration::kForEach},
        {"forEachOrNull", ViewSelect::Iteration::kForEachOrNull},
        {"repeat", ViewSelect::Iteration::kRepeat}};
    for (const auto& [name, iteration] : kinds) {
      const JsonTree* given = tree.Find(name);
      if (!given) continue;
      const std::string here = where + "." + name;
      if (select.iteration != ViewSelect::Iteration::kOnce) {
        return Wrong(here, "a second one", "only one of forEach, forEachOrNull and repeat");
      }
      select.iteration = iteration;
      const bool repeat = iteration == ViewSelect::Iteration::kRepeat;
      if (repeat && (!given->IsArray() || given->items().empty())) {
        return Wrong(here, "no array of paths", "an array of paths");
      }
      if (!repeat) {
        CLINNOVA_ASSIGN(FhirPath path, Path(*given, here, root));
        select.paths.push_back(std::move(path));
        continue;
      }
      for (const JsonTree& item : given->items()) {
        // Applied to what it finds too, which may be of another type.
        CLINNOVA_ASSIGN(FhirPath path, Path(item, here, ""));
        select.paths.push_back(std::move(path));
      }
    }
    return {};
  }

  Result<void> Columns(const JsonTree& tree, const std::string& where, const std::string& root,
                       ViewSelect& select) const {
    const JsonTree* columns = tree.Find("column");
    if (!columns) return {};
    if (!columns->IsArray())
      return Wrong(where + ".column", "a value that is no array", "an array");
    for (std::size_t i = 0; i < columns->items().size(); ++i) {
      const JsonTree& column = columns->items()[i];
      const std::string here = where + ".column[" + std::to_string(i) + "]";
      const std::string name(column.Text("name"));
      if (!IsName(name)) {
        return Wrong(here + ".name", "\"" + name + "\"", "a letter, then letters, digits and _");
      }
      const JsonTree* path = column.Find("path");
      CLINNOVA_ASSIGN(FhirPath parsed, Path(path ? *path : JsonTree{}, here + ".path", root));
      const JsonTree* collection = column.Find("collection");
      select.column_paths.push_back(std::move(parsed));
      select.columns.push_back({.name = name,
                                .type = std::string(column.Text("type")),
                                .collection = collection && collection->boolean()});
    }
    return {};
  }

  static Result<void> SameColumns(const std::vector<ViewSelect>& branches,
                                  const std::string& where) {
    const auto names = [](const ViewSelect& select) {
      std::string joined;
      for (const ViewColumn& column : AllColumns(select)) {
        joined += (joined.empty() ? "" : ", ") + column.name;
      }
      return joined;
    };
    for (const ViewSelect& branch : branches) {
      const std::string first = names(branches.front());
      if (names(branch) != first) return Wrong(where + ".unionAll", names(branch), first);
    }
    return {};
  }

  std::string root_;  ///< the resource's type; empty when the view is for another version of FHIR
};

/// True when the view does not name versions of FHIR, or names an R4 one.
bool IsForR4(const JsonTree& definition) {
  const JsonTree* versions = definition.Find("fhirVersion");
  if (!versions || versions->items().empty()) return true;
  return std::any_of(versions->items().begin(), versions->items().end(),
                     [](const JsonTree& version) { return version.text().starts_with("4."); });
}

}  // namespace

struct ViewDefinition::State {
  std::string resource;
  ViewSelect root;  ///< its selects are the view's
  std::vector<ViewColumn> columns;
  std::vector<FhirPath> conditions;
  vocabulary::Ucum ucum;
  fhirpath::Variables constants;
  Arena memory;  ///< of the constants
  Temporal now;  ///< the same for all resources
};

ViewDefinition::ViewDefinition(std::unique_ptr<State> state) : state_(std::move(state)) {}
ViewDefinition::~ViewDefinition() = default;
ViewDefinition::ViewDefinition(ViewDefinition&&) noexcept = default;
ViewDefinition& ViewDefinition::operator=(ViewDefinition&&) noexcept = default;

const std::vector<ViewColumn>& ViewDefinition::columns() const { return state_->columns; }
const std::string& ViewDefinition::resource() const { return state_->resource; }

Result<ViewDefinition> ViewDefinition::Parse(const JsonTree& definition) {
  auto state = std::make_unique<State>();
  state->resource = definition.Text("resource");
  if (state->resource.empty()) return Wrong("resource", "none", "the type of a resource");
  const bool r4 = IsForR4(definition);
  const FhirType* type = FhirModel::R4().Type(state->resource);
  if (r4 && !(type && type->IsKindOf(FhirModel::R4().resource()))) {
    return Wrong("resource", "\"" + state->resource + "\"", "the type of a resource of FHIR R4");
  }
  const std::string root = r4 ? state->resource : std::string();
  Reader reader(root);
  CLINNOVA_TRY(reader.Constants(definition));
  CLINNOVA_ASSIGN(state->root.selects, reader.Selects(definition, "select", "", root, 0));
  if (state->root.selects.empty()) return Wrong("select", "none", "at least one");
  CLINNOVA_ASSIGN(state->conditions, reader.Conditions(definition));
  state->columns = AllColumns(state->root);
  std::set<std::string> names;
  for (const ViewColumn& column : state->columns) {
    if (!names.insert(column.name).second) {
      return Wrong("column", "\"" + column.name + "\" twice", "columns of different names");
    }
  }
  state->constants = std::move(reader.variables);
  state->memory = std::move(reader.memory);
  CLINNOVA_ASSIGN(const FhirPath clock, FhirPath::Parse("now()", ""));
  Arena memory;
  CLINNOVA_ASSIGN(const Items now, clock.Evaluate({}, {}, memory));
  state->now = *now.front().As<Temporal>();
  return ViewDefinition(std::move(state));
}

Result<std::vector<ViewRow>> ViewDefinition::Rows(const JsonTree& resource, Arena& memory) const {
  std::vector<ViewRow> none;
  if (resource.Text("resourceType") != state_->resource) return none;
  const fhirpath::Environment environment{.model = FhirModel::R4(),
                                          .ucum = state_->ucum,
                                          .memory = memory,
                                          .variables = state_->constants,
                                          .empty_join = fhirpath::EmptyJoin::kText,
                                          .now = state_->now};
  const Items root = environment.One(FhirPath::Root(resource));
  const fhirpath::Evaluator evaluator(environment, root);
  RowMaker maker(evaluator);
  const Focus focus = maker.FocusOn(root, 0);
  for (const FhirPath& condition : state_->conditions) {
    CLINNOVA_ASSIGN(const Items value, maker.Value(condition, focus));
    if (value.empty()) return none;
    const auto holds = value.size() == 1 ? value.front().As<bool>() : std::nullopt;
    if (!holds) return Wrong("where.path", "a value that is not true or false", "a condition");
    if (!*holds) return none;
  }
  return maker.Rows(state_->root, focus);
}

}  // namespace clinnova::intake
