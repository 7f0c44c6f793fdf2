// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "stats/contingency_table.h"
#include "stats/cox.h"
#include "stats/gee.h"
#include "stats/glm.h"
#include "stats/histogram.h"
#include "stats/kaplan_meier.h"
#include "stats/logrank.h"
#include "stats/method.h"
#include "stats/mixed.h"
#include "stats/model_frame.h"
#include "stats/summary.h"
#include "table/design.h"
#include "table/factor_column.h"

namespace clinnova::stats {

const std::vector<Method>& Methods() {
  static const std::vector<Method> kMethods = [] {
    std::vector<Method> methods = {
        ContingencyTableMethod(), CoxMethod(),     GeeMethod(),   GlmMethod(),    HistogramMethod(),
        KaplanMeierMethod(),      LogrankMethod(), MixedMethod(), SummaryMethod()};
    std::sort(methods.begin(), methods.end(),
              [](const Method& a, const Method& b) { return a.name < b.name; });
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
    for (const Method& method : Methods()) catalog.Add(method.name, method.steps);
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
  }
  return {};
}

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
    if (!analysis.Has("formula")) continue;
    CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
    CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
    for (const auto& wanted : table::FactorDeclarations(formula, options)) add(wanted);
  }
  return declarations;
}

Result<std::vector<std::string>> ColumnsUsed(const federation::Study& study) {
  std::vector<std::string> columns;
  const auto add = [&](const std::string& column) {
    const bool known = std::find(columns.begin(), columns.end(), column) != columns.end();
    if (!column.empty() && !known) columns.push_back(column);
  };
  for (const federation::Analysis& analysis : study.analyses()) {
    if (analysis.Has("formula")) {
      CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
      for (const std::string& column : formula.Columns()) add(column);
      CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(analysis));
      add(options.weights);
      add(options.cluster);
      for (const std::string& column : options.strata) add(column);
      for (const std::string& column : options.also) add(column);
    }
    CLINNOVA_ASSIGN(const std::vector<std::string> variables, analysis.Texts("variables"));
    for (const std::string& column : variables) add(column);
    CLINNOVA_ASSIGN(const std::string variable, analysis.Text("variable", ""));
    add(variable);
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
