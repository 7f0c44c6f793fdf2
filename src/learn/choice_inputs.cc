// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_inputs.h"

#include <algorithm>
#include <cmath>

#include "learn/choice_options.h"
#include "learn/choice_rows.h"
#include "stats/treatment_formula.h"
#include "table/number_text.h"

namespace clinnova::learn {

using federation::Analysis;

std::size_t InputBin(double value, double center, double scale) {
  return EvenBin((value - center) / scale + 5, 10.0 / kInputBins, kInputBins);
}

bool IsMissing(const ChoiceInput& input, const table::Column& column, std::size_t row) {
  return input.factor ? column.codes[row] < 0 : std::isnan(column.numbers[row]);
}

Result<std::vector<ChoiceInput>> InputsOf(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const table::Formula formula, stats::TreatmentFormula(analysis));
  std::vector<std::string> names;
  for (const table::Term& term : formula.terms()) {
    for (const table::TermFactor& factor : term.factors) {
      for (const std::string& column : factor.expression.Columns()) {
        if (std::ranges::find(names, column) == names.end()) names.push_back(column);
      }
    }
  }
  std::vector<ChoiceInput> inputs;
  for (const std::string& name : names) {
    const auto column = schema.Find(name);
    if (!column) return analysis.Wrong("covariates", "no site has a column " + name);
    const table::ColumnSchema& found = schema.columns[*column];
    inputs.push_back({.name = name,
                      .column = *column,
                      .factor = found.kind == table::ColumnKind::kFactor,
                      .levels = found.levels});
  }
  return inputs;
}

std::string Subgrouping::Label(std::size_t group) const {
  if (!levels.empty()) return levels[group];
  const auto text = [](double value) { return table::NumberText(std::round(value * 1e4) / 1e4); };
  if (group == 0) return "below " + text(cuts.front());
  if (group == cuts.size()) return text(cuts.back()) + " and above";
  return text(cuts[group - 1]) + " to below " + text(cuts[group]);
}

std::size_t Subgrouping::GroupOf(const table::Table& table, std::size_t row) const {
  const table::Column& values = table.column(column);
  if (!levels.empty()) {
    const std::int32_t code = values.codes[row];
    return code < 0 ? groups() : static_cast<std::size_t>(code);
  }
  const double value = values.numbers[row];
  if (std::isnan(value)) return groups();
  return static_cast<std::size_t>(std::ranges::upper_bound(cuts, value) - cuts.begin());
}

namespace {

constexpr const char* kCuts[] = {
    "<",       "<=",    ">",     ">=",         "==", "!=", "%in%", "floor",
    "ceiling", "trunc", "round", "as.integer", "!",  "&",  "|"};

/// Columns that an expression makes steps of, such as of `z` in I(z > 20).
void AddCutColumns(const table::Expression& expression, std::vector<std::string>& columns) {
  const bool cuts = expression.kind == table::Expression::Kind::kCall &&
                    std::ranges::find(kCuts, expression.name) != std::end(kCuts);
  if (cuts) {
    for (const std::string& column : expression.Columns()) columns.push_back(column);
    return;
  }
  for (const table::Expression& argument : expression.arguments) AddCutColumns(argument, columns);
}

/// Of which columns the lines of `heterogeneity` have steps, where they are asked for.
Result<std::vector<std::string>> ColumnsCutInLines(const Analysis& analysis) {
  std::vector<std::string> columns;
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  if (!options.evaluation.heterogeneity) return columns;
  CLINNOVA_ASSIGN(const table::Formula formula, stats::TreatmentFormula(analysis));
  for (const table::Term& term : formula.terms()) {
    for (const table::TermFactor& factor : term.factors) AddCutColumns(factor.expression, columns);
  }
  return columns;
}

}  // namespace

Result<std::vector<Subgrouping>> SubgroupingsOf(const Analysis& analysis,
                                                const table::Schema& schema, bool with_site) {
  std::vector<std::string> names;
  if (analysis.Has("subgroups")) {
    CLINNOVA_ASSIGN(names, analysis.Texts("subgroups"));
  } else {
    for (const char* name : {"sex", "age"}) {
      if (schema.Find(name)) names.emplace_back(name);
    }
    if (with_site) names.emplace_back("site");
  }
  std::vector<std::string> cut_elsewhere;
  if (!with_site) {
    CLINNOVA_ASSIGN(cut_elsewhere, ColumnsCutInLines(analysis));
  }
  std::vector<Subgrouping> subgroupings;
  for (const std::string& name : names) {
    const auto column = schema.Find(name);
    if (!column) return analysis.Wrong("subgroups", "no site has a column " + name);
    if (name == "site" && !with_site) continue;
    Subgrouping made{.name = name, .column = *column};
    const table::ColumnSchema& found = schema.columns[*column];
    if (found.kind == table::ColumnKind::kFactor) {
      made.levels = found.levels;
      if (made.levels.empty()) continue;
    } else if (std::ranges::find(cut_elsewhere, name) != cut_elsewhere.end()) {
      continue;
    } else if (name == "age") {
      made.cuts = {40, 65};
    } else {
      made.cuts = {0};
      made.needs_mean = true;
    }
    subgroupings.push_back(std::move(made));
  }
  return subgroupings;
}

}  // namespace clinnova::learn
