// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "stats/accelerated_failure.h"
#include "stats/analysis_columns.h"
#include "stats/analysis_rows.h"
#include "stats/anova.h"
#include "stats/calibration.h"
#include "stats/case_differences.h"
#include "stats/combat.h"
#include "stats/competing_risks.h"
#include "stats/conditional_logistic.h"
#include "stats/contingency_table.h"
#include "stats/correlation.h"
#include "stats/cox.h"
#include "stats/effect.h"
#include "stats/elastic_net.h"
#include "stats/gee.h"
#include "stats/glm.h"
#include "stats/histogram.h"
#include "stats/kaplan_meier.h"
#include "stats/kmeans.h"
#include "stats/kruskal.h"
#include "stats/logrank.h"
#include "stats/meta_analysis.h"
#include "stats/method.h"
#include "stats/mixed.h"
#include "stats/model_frame.h"
#include "stats/multinomial.h"
#include "stats/multiple_imputation.h"
#include "stats/net_benefit.h"
#include "stats/option_conflicts.h"
#include "stats/ordinal.h"
#include "stats/pca.h"
#include "stats/restricted_mean.h"
#include "stats/roc.h"
#include "stats/split_columns.h"
#include "stats/summary.h"
#include "stats/ttest.h"
#include "stats/wilcoxon.h"
#include "table/design.h"
#include "table/factor_column.h"
#include "table/formula_variables.h"

namespace clinnova::stats {

namespace {

/// Methods of rooms above, until the registry is made.
struct Registered {
  std::vector<Method> methods;
  bool closed = false;
};
Registered& RegisteredMethods() {
  static Registered registered;
  return registered;
}

}  // namespace

void RegisterMethods(std::vector<Method> methods) {
  Registered& registered = RegisteredMethods();
  CLINNOVA_CHECK(!registered.closed);
  for (Method& method : methods) registered.methods.push_back(std::move(method));
}

const std::vector<Method>& Methods() {
  static const std::vector<Method> kMethods = [] {
    std::vector<Method> methods = {AcceleratedFailureMethod(),
                                   AnovaMethod(),
                                   CalibrationMethod(),
                                   CombatMethod(),
                                   CompetingRisksMethod(),
                                   ConditionalLogisticMethod(),
                                   ContingencyTableMethod(),
                                   CorrelationMethod(),
                                   CoxMethod(),
                                   EffectMethod(),
                                   ElasticNetMethod(),
                                   GeeMethod(),
                                   GlmMethod(),
                                   HistogramMethod(),
                                   KaplanMeierMethod(),
                                   KmeansMethod(),
                                   KruskalMethod(),
                                   LogrankMethod(),
                                   MetaAnalysisMethod(),
                                   MixedMethod(),
                                   MultinomialMethod(),
                                   MultipleImputationMethod(),
                                   NetBenefitMethod(),
                                   OrdinalMethod(),
                                   PcaMethod(),
                                   RestrictedMeanMethod(),
                                   RocMethod(),
                                   SummaryMethod(),
                                   TtestMethod(),
                                   WilcoxonMethod()};
    Registered& registered = RegisteredMethods();
    registered.closed = true;
    for (Method& method : registered.methods) methods.push_back(std::move(method));
    std::sort(methods.begin(), methods.end(),
              [](const Method& a, const Method& b) { return a.name < b.name; });
    const auto same =
        std::adjacent_find(methods.begin(), methods.end(),
                           [](const Method& a, const Method& b) { return a.name == b.name; });
    CLINNOVA_CHECK(same == methods.end());
    return methods;
  }();
  return kMethods;
}

const Method* FindMethod(std::string_view name) {
  for (const Method& method : Methods()) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

const federation::StepCatalog& Steps() {
  static const federation::StepCatalog kSteps = [] {
    federation::StepCatalog catalog;
    for (const Method& method : Methods()) {
      std::vector<const federation::Step*> steps = method.steps;
      steps.push_back(&CaseDifferenceStep());
      catalog.Add(method.name, std::move(steps));
    }
    return catalog;
  }();
  return kSteps;
}

Result<void> CheckAnalyses(const federation::Study& study) {
  for (const federation::Analysis& analysis : study.analyses()) {
    const Method* method = FindMethod(analysis.method());
    if (method == nullptr) {
      std::string list;
      for (const Method& known : Methods()) {
        list += (list.empty() ? "" : ", ") + std::string(known.name);
      }
      return analysis.Wrong("method", "found \"" + analysis.method() +
                                          "\", which is not there yet; there are " + list);
    }
    CLINNOVA_TRY(analysis.CheckKeys(method->options));
    CLINNOVA_TRY(CheckOptionConflicts(analysis));
  }
  return {};
}

namespace {

/// The column by whose distinct values a test between groups splits the rows; "" for other methods.
Result<std::string> GroupOfTest(const federation::Analysis& analysis) {
  for (const char* method : {"kruskal", "ttest", "wilcoxon"}) {
    if (analysis.method() == method) return GroupColumnOf(analysis);
  }
  if (analysis.method() != "anova") return std::string();
  // Analysis of variance by several terms has covariates instead.
  return GroupColumnOf(analysis).value_or(std::string());
}

/// The formula with all the columns that it names.
Result<table::Formula> WholeFormula(const federation::Analysis& analysis) {
  return SplitsColumns(analysis) ? WrittenFormula(analysis) : FormulaOf(analysis);
}

}  // namespace

Result<std::vector<table::ColumnDeclaration>> ColumnDeclarations(const federation::Study& study) {
  std::vector<table::ColumnDeclaration> declarations = study.columns();
  const auto add = [&](const table::ColumnDeclaration& wanted) {
    const bool known =
        std::any_of(declarations.begin(), declarations.end(),
                    [&](const auto& declared) { return declared.name == wanted.name; });
    if (!known) declarations.push_back(wanted);
  };
  for (const federation::Analysis& analysis : study.analyses()) {
    if (analysis.method() == "table") {
      CLINNOVA_ASSIGN(const std::vector<std::string> variables, analysis.Texts("variables"));
      for (const std::string& variable : variables) {
        if (variable == "site") continue;  // a factor already
        add({.name = table::FactorColumnName(variable),
             .kind = table::ColumnKind::kFactor,
             .levels = {}});
      }
    }
    if (!HasFormula(analysis)) continue;
    CLINNOVA_ASSIGN(const std::string group, GroupOfTest(analysis));
    if (!group.empty() && group != "site") {
      add({.name = table::FactorColumnName(group),
           .kind = table::ColumnKind::kFactor,
           .levels = {}});
    }
    CLINNOVA_ASSIGN(const table::Formula formula, WholeFormula(analysis));
    CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
    for (const auto& wanted : table::FactorDeclarations(formula, options)) add(wanted);
  }
  return declarations;
}

namespace {

using OfFormula = const std::vector<std::string>& (table::Formula::*)() const;

/// The columns of the formula that `of_formula` gives, and of the other options.
Result<std::vector<std::string>> NamedColumns(const federation::Analysis& analysis,
                                              OfFormula of_formula) {
  if (analysis.Has("analysis")) {
    CLINNOVA_ASSIGN(const federation::Analysis other, analysis.Other("analysis"));
    if (other.method() == analysis.method())
      return analysis.Wrong("analysis", "found another " + other.method());
    return NamedColumns(other, of_formula);
  }
  std::vector<std::string> columns;
  const auto add = [&](const std::string& column) {
    const bool known = std::find(columns.begin(), columns.end(), column) != columns.end();
    if (!column.empty() && !known) columns.push_back(column);
  };
  if (HasFormula(analysis)) {
    CLINNOVA_ASSIGN(const table::Formula formula, WholeFormula(analysis));
    for (const std::string& column : (formula.*of_formula)()) add(column);
    CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
    add(options.weights);
    add(options.cluster);
    for (const std::string& column : options.strata) add(column);
    for (const std::string& column : options.also) add(column);
  }
  if (analysis.method() == "ttest" && analysis.Has("y")) {
    CLINNOVA_ASSIGN(const std::vector<std::string> pair, ColumnsOfPair(analysis));
    for (const std::string& column : pair) add(column);
  }
  for (const char* key : {"variables", "imputation_variables", "row_id", "subgroups"}) {
    CLINNOVA_ASSIGN(const std::vector<std::string> variables, analysis.Texts(key));
    for (const std::string& column : variables) add(column);
  }
  CLINNOVA_ASSIGN(const std::string variable, analysis.Text("variable", ""));
  add(variable);
  for (const char* key : {"estimate", "std_error"}) {  // meta: columns that hold estimates
    CLINNOVA_ASSIGN(const std::string column, analysis.Text(key, ""));
    add(column);
  }
  for (const char* key : {"outcome", "prediction", "score"}) {
    CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts(key));
    for (const std::string& column : names) add(column);
  }
  return columns;
}

/// Whether a row can lack a value of the expression otherwise than a value of its columns.
bool HasOwnValue(const table::Expression& expression) {
  return expression.kind == table::Expression::Kind::kCall && !table::IsFactorCall(expression);
}

}  // namespace

Result<std::vector<std::string>> ColumnsOf(const federation::Analysis& analysis) {
  return NamedColumns(analysis, &table::Formula::Columns);
}

Result<RowNeeds> RowNeedsOf(const federation::Analysis& analysis) {
  if (analysis.Has("analysis")) {
    CLINNOVA_ASSIGN(const federation::Analysis other, analysis.Other("analysis"));
    if (other.method() != analysis.method()) return RowNeedsOf(other);
  }
  RowNeeds needs;
  CLINNOVA_ASSIGN(needs.columns, NamedColumns(analysis, &table::Formula::NeededColumns));
  if (!HasFormula(analysis)) return needs;
  CLINNOVA_ASSIGN(const table::Formula formula, WholeFormula(analysis));
  std::vector<const table::Expression*> expressions;
  for (const table::Expression& part : formula.response().parts) expressions.push_back(&part);
  for (const table::Expression& offset : formula.offsets()) expressions.push_back(&offset);
  for (const table::Term& term : formula.terms()) {
    for (const table::TermFactor& factor : term.factors) expressions.push_back(&factor.expression);
  }
  for (const table::Expression* expression : expressions) {
    if (!HasOwnValue(*expression)) continue;
    const std::string text = expression->Text();
    const bool known = std::find(needs.expressions.begin(), needs.expressions.end(), text) !=
                       needs.expressions.end();
    if (!known) needs.expressions.push_back(text);
  }
  return needs;
}

Result<std::vector<table::TermFactor>> OrthogonalPolynomialsOf(
    const federation::Analysis& analysis) {
  std::vector<table::TermFactor> polynomials;
  if (!HasFormula(analysis)) return polynomials;
  CLINNOVA_ASSIGN(const table::Formula formula, WholeFormula(analysis));
  for (const table::Term& term : formula.terms()) {
    for (const table::TermFactor& factor : term.factors) {
      const bool known =
          std::find(polynomials.begin(), polynomials.end(), factor) != polynomials.end();
      if (factor.kind == table::TermFactor::Kind::kOrthogonalPolynomial && !known)
        polynomials.push_back(factor);
    }
  }
  return polynomials;
}

Result<std::vector<std::string>> ColumnsUsed(const federation::Study& study) {
  std::vector<std::string> columns;
  for (const federation::Analysis& analysis : study.analyses()) {
    CLINNOVA_ASSIGN(const std::vector<std::string> read, ColumnsOf(analysis));
    for (const std::string& column : read) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
    }
  }
  return columns;
}

Result<nlohmann::ordered_json> RunAnalysis(federation::Federation& federation,
                                           const federation::Analysis& analysis) {
  const Method* method = FindMethod(analysis.method());
  if (method == nullptr) return analysis.Wrong("method", "unknown method " + analysis.method());
  const std::uint64_t rounds_before = federation.rounds();
  CLINNOVA_ASSIGN(nlohmann::ordered_json fields, method->run(federation, analysis));
  nlohmann::ordered_json result;
  result["name"] = analysis.name();
  result["method"] = analysis.method();
  for (const char* key : {"n", "n_missing"}) {
    if (fields.contains(key)) result[key] = fields[key];
  }
  result["rounds"] = federation.rounds() - rounds_before;
  result["converged"] = fields.value("converged", true);
  result["warnings"] = fields.value("warnings", nlohmann::ordered_json::array());
  for (auto& [key, value] : fields.items()) {
    if (!result.contains(key)) result[key] = std::move(value);
  }
  return result;
}

}  // namespace clinnova::stats
