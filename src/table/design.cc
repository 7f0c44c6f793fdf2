// SPDX-License-Identifier: Apache-2.0
#include "table/design.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "table/design_state.h"
#include "table/factor_column.h"
#include "table/formula_variables.h"

namespace clinnova::table {
namespace {

/// The column of levels of `name`: itself when it is a factor, else its "factor(name)".
Result<std::size_t> FindFactor(const std::string& name, const Schema& schema) {
  CLINNOVA_ASSIGN(const std::size_t column, FindColumn(name, schema));
  if (schema.columns[column].kind == ColumnKind::kFactor) return column;
  if (const auto derived = schema.Find(FactorColumnName(name))) return *derived;
  return Fail(ErrorCode::kInvalidInput,
              "column \"" + name +
                  "\": found numbers without listed levels, expected a factor (declare its type)");
}

/// Builds a Design::State step by step; each step reads what it needs of formula, options and facts.
template <typename State>
class DesignBuilder {
 public:
  DesignBuilder(const Formula& formula, const Schema& schema, const DesignOptions& options,
                const DesignFacts& facts)
      : formula_(formula), options_(options), facts_(facts) {
    state_.schema = schema;
  }

  Result<State> Build() {
    state_.status_is_one_two = facts_.status_is_one_two;
    state_.status = options_.status;
    CLINNOVA_TRY(BindTerms());
    CLINNOVA_TRY(BindResponse());
    for (const Expression& offset : formula_.offsets()) {
      CLINNOVA_TRY(BindNumber(offset, state_.offsets));
    }
    CLINNOVA_TRY(BindWeights());
    CLINNOVA_TRY(BindStrata());
    CLINNOVA_TRY(BindClusters());
    CLINNOVA_TRY(FindRequired());
    LayOut();
    return std::move(state_);
  }

 private:
  const Schema& schema() const { return state_.schema; }

  Result<void> BindTerms() {
    std::vector<std::vector<std::size_t>> terms;
    for (const Term& term : formula_.terms()) {
      std::vector<std::size_t>& indices = terms.emplace_back();
      for (const TermFactor& factor : term.factors) {
        CLINNOVA_ASSIGN(const std::size_t index, Variable(factor));
        indices.push_back(index);
      }
    }
    state_.intercept =
        formula_.intercept() ||
        (options_.survival_intercept && formula_.response().kind == Response::Kind::kSurvival);
    std::vector<VariableShape> shapes;
    for (const DesignVariable& variable : state_.variables) shapes.push_back(Shape(variable));
    CLINNOVA_ASSIGN(state_.columns, PlanColumns(shapes, terms, state_.intercept));
    for (const DesignColumn& column : state_.columns) {
      state_.names.push_back(column.name);
      state_.assign.push_back(column.term);
    }
    return {};
  }

  static VariableShape Shape(const DesignVariable& variable) {
    VariableShape shape{.text = variable.text, .numeric_columns = variable.columns};
    if (variable.kind == DesignVariable::Kind::kFactor) shape.levels = variable.factor.levels;
    if (variable.kind == DesignVariable::Kind::kLogical) shape.levels = {"FALSE", "TRUE"};
    return shape;
  }

  Result<std::size_t> Variable(const TermFactor& factor) {
    for (std::size_t i = 0; i < state_.variables.size(); ++i) {
      if (state_.variables[i].text == factor.text) return i;
    }
    DesignVariable variable;
    variable.text = factor.text;
    variable.columns = std::max(factor.degree, 1);
    if (UsesLevels(factor)) {
      CLINNOVA_TRY(BindFactorVariable(factor.expression.name, variable));
    } else {
      CLINNOVA_ASSIGN(variable.expression, NumericExpression::Bind(factor.expression, schema()));
      CLINNOVA_TRY(SetKind(factor, variable));
    }
    state_.variables.push_back(std::move(variable));
    return state_.variables.size() - 1;
  }

  bool UsesLevels(const TermFactor& factor) const {
    if (factor.kind == TermFactor::Kind::kFactor) return true;
    return factor.kind == TermFactor::Kind::kExpression && IsFactorColumn(factor.expression);
  }

  bool IsFactorColumn(const Expression& expression) const {
    if (expression.kind != Expression::Kind::kName) return false;
    const auto column = schema().Find(expression.name);
    return column && schema().columns[*column].kind == ColumnKind::kFactor;
  }

  Result<void> BindFactorVariable(const std::string& name, DesignVariable& variable) {
    variable.kind = DesignVariable::Kind::kFactor;
    CLINNOVA_ASSIGN(variable.factor, BindFactor(name));
    const std::vector<std::string>& levels = variable.factor.levels;
    if (levels.size() >= 2) return {};
    return Fail(ErrorCode::kInvalidInput,
                "column \"" + name + "\": found " +
                    (levels.empty() ? "no level" : "only the level \"" + levels[0] + "\"") +
                    " in use, expected two or more for a predictor");
  }

  Result<FactorBinding> BindFactor(const std::string& name) {
    FactorBinding binding;
    CLINNOVA_ASSIGN(binding.column, FindFactor(name, schema()));
    const ColumnSchema& column = schema().columns[binding.column];
    CLINNOVA_TRY(KeepLevelsInUse(column, binding));
    const bool known =
        std::any_of(state_.factors.begin(), state_.factors.end(),
                    [&](const auto& use) { return use.schema_column == binding.column; });
    if (!known) {
      state_.factors.push_back(
          {.column = column.name, .levels = column.levels, .schema_column = binding.column});
    }
    return binding;
  }

  Result<void> KeepLevelsInUse(const ColumnSchema& column, FactorBinding& binding) const {
    const auto used = facts_.used_levels.find(column.name);
    binding.levels = column.levels;
    if (used == facts_.used_levels.end()) return {};
    binding.levels.clear();
    for (const std::string& level : column.levels) {
      const bool in_use =
          std::find(used->second.begin(), used->second.end(), level) != used->second.end();
      binding.in_use.push_back(in_use ? static_cast<std::int32_t>(binding.levels.size()) : -1);
      if (in_use) binding.levels.push_back(level);
    }
    if (binding.levels.size() == used->second.size()) return {};
    return Fail(
        ErrorCode::kInvalidInput,
        "column \"" + column.name +
            "\": found a level in use that is not in the schema, expected its levels, each once");
  }

  Result<void> SetKind(const TermFactor& factor, DesignVariable& variable) const {
    using Kind = DesignVariable::Kind;
    if (factor.kind == TermFactor::Kind::kPolynomial) variable.kind = Kind::kPolynomial;
    if (factor.kind == TermFactor::Kind::kExpression && IsLogical(factor.expression)) {
      variable.kind = Kind::kLogical;
    }
    if (factor.kind == TermFactor::Kind::kOrthogonalPolynomial) {
      return BindPolynomial(factor, variable);
    }
    const bool spline = factor.kind == TermFactor::Kind::kNaturalSpline ||
                        factor.kind == TermFactor::Kind::kBSpline;
    return spline ? BindSpline(factor, variable) : Result<void>();
  }

  Result<void> BindPolynomial(const TermFactor& factor, DesignVariable& variable) const {
    variable.kind = DesignVariable::Kind::kBasis;
    const auto found = facts_.polynomials.find(factor.text);
    if (found == facts_.polynomials.end()) {
      variable.need =
          Design::BasisNeed{.text = factor.text, .polynomial = true, .degree = factor.degree};
      return {};
    }
    auto polynomial = OrthogonalPolynomial::FromCoefficients(
        found->second, static_cast<std::size_t>(factor.degree));
    if (!polynomial) return FailAt(factor.text, polynomial);
    variable.basis = std::move(*polynomial);
    return {};
  }

  Result<void> BindSpline(const TermFactor& factor, DesignVariable& variable) const {
    variable.kind = DesignVariable::Kind::kBasis;
    const bool natural = factor.kind == TermFactor::Kind::kNaturalSpline;
    const int interior = factor.degree - (natural ? 1 : factor.spline_degree);
    const auto found = facts_.knots.find(factor.text);
    if (factor.knots.empty() && found == facts_.knots.end()) {
      variable.need = Design::BasisNeed{.text = factor.text,
                                        .quantiles = factor.interior.empty() ? interior : 0,
                                        .interior = factor.interior};
      return {};
    }
    const std::vector<double>& knots = factor.knots.empty() ? found->second : factor.knots;
    if (const auto fit = CheckKnots(knots); !fit) return FailAt(factor.text, fit);
    if (knots.size() != static_cast<std::size_t>(interior) + 2) {
      return Fail(ErrorCode::kInvalidInput, factor.text + ": found " +
                                                std::to_string(knots.size()) + " knots, expected " +
                                                std::to_string(interior + 2));
    }
    if (natural) {
      CLINNOVA_ASSIGN(variable.basis, NaturalSpline::Create(knots));
    } else {
      CLINNOVA_ASSIGN(variable.basis, BSpline::Create(knots, factor.spline_degree));
    }
    return {};
  }

  Result<void> BindNumber(const Expression& expression, std::vector<NumericExpression>& list) {
    CLINNOVA_ASSIGN(NumericExpression bound, NumericExpression::Bind(expression, schema()));
    list.push_back(std::move(bound));
    return {};
  }

  Result<void> BindResponse() {
    const Response& response = formula_.response();
    state_.response_kind = response.kind;
    if (response.kind == Response::Kind::kNumeric) {
      const Expression& part = response.parts[0];
      if (IsFactorCall(part) || IsFactorColumn(part)) {
        CLINNOVA_ASSIGN(state_.response_factor,
                        BindFactor(IsFactorCall(part) ? part.arguments[0].name : part.name));
        return {};
      }
    }
    for (const Expression& part : response.parts) {
      const bool last = &part == &response.parts.back();
      if (last && state_.status == StatusCoding::kCause &&
          (IsFactorCall(part) || IsFactorColumn(part))) {
        CLINNOVA_ASSIGN(
            state_.status_factor,
            FindFactor(IsFactorCall(part) ? part.arguments[0].name : part.name, schema()));
        // Holds the part's place; the levels' numbers are filled in.
        CLINNOVA_TRY(BindNumber(Expression{}, state_.response));
        continue;
      }
      CLINNOVA_TRY(BindNumber(part, state_.response));
    }
    return {};
  }

  Result<void> BindWeights() {
    if (options_.weights.empty()) return {};
    CLINNOVA_ASSIGN(state_.weights, FindColumn(options_.weights, schema()));
    if (schema().columns[*state_.weights].kind == ColumnKind::kNumeric) return {};
    return Fail(ErrorCode::kInvalidInput, "weights: found the factor \"" + options_.weights +
                                              "\", expected a numeric column");
  }

  Result<void> BindStrata() {
    std::vector<std::string> names;
    for (const Expression& stratum : formula_.strata()) names.push_back(stratum.name);
    names.insert(names.end(), options_.strata.begin(), options_.strata.end());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto end = names.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(names.begin(), end, names[i]) != end) continue;
      CLINNOVA_ASSIGN(FactorBinding binding, BindFactor(names[i]));
      state_.strata.push_back({.name = names[i], .levels = binding.levels});
      state_.strata_columns.push_back(std::move(binding));
    }
    return {};
  }

  Result<void> BindClusters() {
    std::vector<std::string> names;
    for (const Expression& cluster : formula_.clusters()) names.push_back(cluster.name);
    if (!options_.cluster.empty()) names.push_back(options_.cluster);
    for (const std::string& name : names) {
      CLINNOVA_ASSIGN(const std::size_t column, FindColumn(name, schema()));
      auto& clusters = state_.clusters;
      if (std::find(clusters.begin(), clusters.end(), column) == clusters.end()) {
        clusters.push_back(column);
      }
    }
    return {};
  }

  Result<void> FindRequired() {
    std::vector<std::string> names = formula_.NeededColumns();
    names.insert(names.end(), options_.also.begin(), options_.also.end());
    names.insert(names.end(), options_.strata.begin(), options_.strata.end());
    if (!options_.weights.empty()) names.push_back(options_.weights);
    if (!options_.cluster.empty()) names.push_back(options_.cluster);
    for (const std::string& name : names) {
      CLINNOVA_ASSIGN(const std::size_t column, FindColumn(name, schema()));
      auto& required = state_.required;
      if (std::find(required.begin(), required.end(), column) == required.end()) {
        required.push_back(column);
      }
    }
    return {};
  }

  void LayOut() {
    const auto need = [&](const NumericExpression& expression) {
      state_.stack = std::max(state_.stack, expression.ScratchSize());
    };
    for (DesignVariable& variable : state_.variables) {
      if (variable.expression) need(*variable.expression);
      const bool codes = variable.kind == DesignVariable::Kind::kFactor ||
                         variable.kind == DesignVariable::Kind::kLogical;
      variable.block = codes ? state_.code_blocks++ : state_.blocks;
      if (!codes) state_.blocks += static_cast<std::size_t>(variable.columns);
    }
    state_.response_block = state_.blocks;
    state_.offset_block = state_.response_block + state_.response.size();
    state_.weights_block = state_.offset_block + state_.offsets.size();
    state_.blocks = state_.weights_block + (state_.weights ? 1 : 0);
    state_.strata_code_block = state_.code_blocks;
    state_.response_code_block = state_.strata_code_block + state_.strata_columns.size();
    state_.code_blocks = state_.response_code_block + (state_.response_factor ? 1 : 0);
    for (const NumericExpression& expression : state_.response) need(expression);
    for (const NumericExpression& expression : state_.offsets) need(expression);
  }

  const Formula& formula_;        // not owned, outlives this
  const DesignOptions& options_;  // not owned, outlives this
  const DesignFacts& facts_;      // not owned, outlives this
  State state_;
};

}  // namespace

std::vector<ColumnDeclaration> FactorDeclarations(const Formula& formula,
                                                  const DesignOptions& options) {
  std::vector<ColumnDeclaration> declarations;
  const auto add = [&](const std::string& column) {
    const std::string name = FactorColumnName(column);
    const bool known = std::any_of(declarations.begin(), declarations.end(),
                                   [&](const ColumnDeclaration& d) { return d.name == name; });
    if (!known && column != "site") {
      declarations.push_back({.name = name, .kind = ColumnKind::kFactor, .levels = {}});
    }
  };
  for (const Term& term : formula.terms()) {
    for (const TermFactor& factor : term.factors) {
      if (factor.kind == TermFactor::Kind::kFactor) add(factor.expression.name);
    }
  }
  for (const Expression& part : formula.response().parts) {
    if (IsFactorCall(part)) add(part.arguments[0].name);
  }
  for (const Expression& stratum : formula.strata()) add(stratum.name);
  for (const std::string& stratum : options.strata) add(stratum);
  return declarations;
}

Result<Design> Design::Create(const Formula& formula, const Schema& schema,
                              const DesignOptions& options, const DesignFacts& facts) {
  CLINNOVA_ASSIGN(State state, DesignBuilder<State>(formula, schema, options, facts).Build());
  return Design(std::make_unique<State>(std::move(state)));
}

Design::Design(std::unique_ptr<State> state) : state_(std::move(state)) {}
Design::~Design() = default;
Design::Design(Design&&) noexcept = default;
Design& Design::operator=(Design&&) noexcept = default;

const std::vector<std::string>& Design::names() const { return state_->names; }
const std::vector<int>& Design::assign() const { return state_->assign; }
bool Design::intercept() const { return state_->intercept; }

const std::vector<std::string>& Design::response_levels() const {
  static const std::vector<std::string> kNone;
  return state_->response_factor ? state_->response_factor->levels : kNone;
}

const std::vector<Design::FactorUse>& Design::factors() const { return state_->factors; }
const std::vector<Design::Stratum>& Design::strata() const { return state_->strata; }

std::vector<Design::BasisNeed> Design::bases_without_facts() const {
  std::vector<BasisNeed> needs;
  for (const DesignVariable& variable : state_->variables) {
    if (variable.need) needs.push_back(*variable.need);
  }
  return needs;
}

}  // namespace clinnova::table
