// SPDX-License-Identifier: Apache-2.0
#include "stats/curve_groups.h"

#include "stats/model_frame.h"
#include "table/factor_column.h"
#include "table/formula.h"

namespace clinnova::stats {

using federation::Analysis;
using table::Formula;

namespace {

constexpr std::size_t kMostGroups = 12;

/// The column that is all there is on the right of ~, or "".
std::string OnlyVariable(const Formula& formula) {
  if (formula.terms().size() != 1 || formula.terms()[0].factors.size() != 1) return "";
  const table::TermFactor& factor = formula.terms()[0].factors[0];
  const bool column = factor.expression.kind == table::Expression::Kind::kName &&
                      (factor.kind == table::TermFactor::Kind::kExpression ||
                       factor.kind == table::TermFactor::Kind::kFactor);
  return column ? factor.expression.name : "";
}

}  // namespace

Result<std::vector<std::string>> CurveGroups(const Analysis& analysis) {
  if (analysis.Has("groups")) return analysis.Texts("groups");
  CLINNOVA_ASSIGN(const Formula formula, FormulaOf(analysis));
  const std::string only = OnlyVariable(formula);
  return only.empty() ? std::vector<std::string>{} : std::vector<std::string>{only};
}

Result<void> DropWideGroups(const Analysis& analysis, const table::Schema& schema,
                            std::vector<std::string>& strata) {
  if (analysis.Has("groups")) return {};
  CLINNOVA_ASSIGN(const std::vector<std::string> groups, CurveGroups(analysis));
  if (groups.empty()) return {};
  const auto plain = schema.Find(groups[0]);
  if (plain && schema.columns[*plain].kind == table::ColumnKind::kFactor) return {};
  const auto levels = schema.Find(table::FactorColumnName(groups[0]));
  if (!levels || schema.columns[*levels].levels.size() > kMostGroups) strata.pop_back();
  return {};
}

}  // namespace clinnova::stats
