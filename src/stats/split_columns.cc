// SPDX-License-Identifier: Apache-2.0
#include "stats/split_columns.h"

#include <algorithm>

#include "table/factor_column.h"

namespace clinnova::stats {

using federation::Analysis;
using table::Formula;

bool SplitsColumns(const Analysis& analysis) {
  return analysis.method() == "boosted_trees" || analysis.method() == "random_forest";
}

Result<Formula> WrittenFormula(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
  auto formula = Formula::Parse(text);
  if (!formula) return FailAt("analysis \"" + analysis.name() + "\"", formula);
  return formula;
}

Result<Formula> ResponseFormula(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Formula formula, WrittenFormula(analysis));
  std::string text = formula.text().substr(0, formula.text().find('~')) + "~ 1";
  for (const table::Expression& offset : formula.offsets()) {
    text += " + offset(" + offset.Text() + ")";
  }
  for (const table::Expression& stratum : formula.strata()) {
    text += " + strata(" + stratum.Text() + ")";
  }
  for (const table::Expression& cluster : formula.clusters()) {
    text += " + cluster(" + cluster.Text() + ")";
  }
  return Formula::Parse(text);
}

Result<std::vector<std::string>> SplitColumns(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Formula formula, WrittenFormula(analysis));
  std::vector<std::string> columns;
  for (const table::Term& term : formula.terms()) {
    const table::TermFactor& factor = term.factors.front();
    const bool column = term.factors.size() == 1 &&
                        factor.expression.kind == table::Expression::Kind::kName &&
                        (factor.kind == table::TermFactor::Kind::kExpression ||
                         factor.kind == table::TermFactor::Kind::kFactor);
    if (!column) {
      return analysis.Wrong("formula", "found " + term.Text() +
                                           ", expected columns or factor(column): trees find "
                                           "transformations and interactions by themselves");
    }
    columns.push_back(factor.kind == table::TermFactor::Kind::kFactor
                          ? table::FactorColumnName(factor.expression.name)
                          : factor.expression.name);
  }
  if (columns.empty()) return analysis.Wrong("formula", "found no column to split on the right");
  if (!formula.random().empty()) {
    return analysis.Wrong("formula", "found a random effect, which trees do not have");
  }
  return columns;
}

Result<std::vector<std::string>> RequiredSplitColumns(const Analysis& analysis) {
  constexpr std::string_view kMissing[] = {"omit", "learn"};
  CLINNOVA_ASSIGN(const std::string missing, analysis.Choice("missing", kMissing));
  if (missing == "learn") return std::vector<std::string>{};
  CLINNOVA_ASSIGN(std::vector<std::string> columns, SplitColumns(analysis));
  for (std::string& column : columns) column = table::FactorColumnBase(column).value_or(column);
  return columns;
}

}  // namespace clinnova::stats
