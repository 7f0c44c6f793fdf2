// SPDX-License-Identifier: Apache-2.0
#include "stats/anova.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/distributions.h"
#include "stats/analysis_rows.h"
#include "stats/terms.h"
#include "stats/type_two_sums.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

/// True when the right side is one column: groups.
Result<bool> IsOneWay(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
  auto formula = table::Formula::Parse(text);
  if (!formula) return FailAt("analysis \"" + analysis.name() + "\"", formula);
  if (formula->terms().empty()) {
    return analysis.Wrong("formula", "expected at least one term on the right of ~");
  }
  const auto group = GroupColumnOf(analysis);
  return group && !group->empty() && formula->intercept();
}

/// One row of the table of variances.
struct Row {
  std::string term;
  double df = 0;
  double squares = 0;
};

/// Rows as `terms`, and their columns as lists; the last row is the residual.
void AddRows(const std::vector<Row>& rows, Json& result) {
  const Row& residual = rows.back();
  const double residual_mean = residual.squares / residual.df;
  Json terms = Json::array();
  Json df = Json::array();
  Json squares = Json::array();
  Json means = Json::array();
  Json statistics = Json::array();
  Json p_values = Json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool tested = i + 1 < rows.size();
    const double mean = rows[i].squares / rows[i].df;
    const double f = tested ? mean / residual_mean : std::nan("");
    const double p = core::FUpperTail(f, rows[i].df, residual.df);
    terms.push_back({{"term", rows[i].term},
                     {"df", static_cast<std::int64_t>(rows[i].df)},
                     {"sumsq", NumberJson(rows[i].squares)},
                     {"meansq", NumberJson(mean)},
                     {"statistic", NumberJson(f)},
                     {"p_value", NumberJson(p)}});
    const Json& row = terms.back();
    df.push_back(row["df"]);
    squares.push_back(row["sumsq"]);
    means.push_back(row["meansq"]);
    if (!tested) continue;
    statistics.push_back(row["statistic"]);
    p_values.push_back(row["p_value"]);
  }
  const bool one = rows.size() == 2;
  result["df"] = std::move(df);
  result["sumsq"] = std::move(squares);
  result["meansq"] = std::move(means);
  result["statistic"] = one ? statistics[0] : std::move(statistics);
  result["p_value"] = one ? p_values[0] : std::move(p_values);
  result["terms"] = std::move(terms);
}

/// A residual variance below this part of the mean squared fitted value is rounding.
constexpr double kRounding = 1e-28;

void TakeTestsAway(Json& result) {
  for (const char* field : {"statistic", "p_value"}) {
    for (Json& term : result["terms"]) term[field] = nullptr;
    if (!result[field].is_array()) result[field] = nullptr;
    for (Json& value : result[field]) value = nullptr;
  }
}

Row ResidualRow(const GroupMoments& moments) {
  Row row{"Residuals", static_cast<double>(moments.n) - static_cast<double>(moments.groups.size()),
          0};
  long double squares = 0;
  for (const GroupMoment& group : moments.groups) squares += group.sum_of_squares;
  row.squares = static_cast<double>(squares);
  return row;
}

Row BetweenRow(const GroupMoments& moments, const std::string& name) {
  const auto mean_of = [](const GroupMoment& group) {
    return static_cast<long double>(group.mean) + group.mean_rest;
  };
  long double sum = 0;
  for (const GroupMoment& group : moments.groups) {
    sum += mean_of(group) * static_cast<long double>(group.n);
  }
  const long double mean = sum / static_cast<long double>(moments.n);
  long double squares = 0;
  for (const GroupMoment& group : moments.groups) {
    const long double difference = mean_of(group) - mean;
    squares += static_cast<long double>(group.n) * difference * difference;
  }
  return {name, static_cast<double>(moments.groups.size()) - 1, static_cast<double>(squares)};
}

Json WelchJson(const GroupMoments& moments, Json result) {
  for (const GroupMoment& group : moments.groups) {
    if (group.sum_of_squares > 0) continue;
    result["df"] = {nullptr, nullptr};
    result["statistic"] = nullptr;
    result["p_value"] = nullptr;
    result["warnings"] = {"the values of group " + group.level +
                          " are all the same: Welch's test needs spread in every group"};
    return result;
  }
  const WelchTest test = WelchOneWay(moments);
  result["df"] = {NumberJson(test.numerator_df), NumberJson(test.denominator_df)};
  result["statistic"] = NumberJson(test.statistic);
  result["p_value"] =
      NumberJson(core::FUpperTail(test.statistic, test.numerator_df, test.denominator_df));
  return result;
}

Result<Json> OneWay(Federation& federation, const Analysis& analysis, bool welch) {
  CLINNOVA_ASSIGN(const GroupMoments moments, FindGroupMoments(federation, analysis));
  CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
  CLINNOVA_ASSIGN(const table::Formula formula, table::Formula::Parse(text));
  const std::string where = "analysis \"" + analysis.name() + "\": ";
  if (moments.groups.size() < 2) {
    return Fail(ErrorCode::kFailed, where + "found one group with values, expected at least two");
  }
  Json result;
  result["n"] = moments.n;
  result["n_missing"] = moments.n_missing;
  if (welch) {
    for (const GroupMoment& group : moments.groups) {
      if (group.n >= 2) continue;
      return Fail(ErrorCode::kFailed,
                  where + "found one value in a group, expected at least two in each");
    }
    return WelchJson(moments, std::move(result));
  }
  const Row residual = ResidualRow(moments);
  const Row between = BetweenRow(moments, formula.terms()[0].factors[0].text);
  AddRows({between, residual}, result);
  if (!(residual.squares > 1e-30 * between.squares) || residual.df == 0) {
    result["warnings"] = {"the values do not vary within groups: there is no test"};
    TakeTestsAway(result);
  }
  return result;
}

Result<Json> ByTerms(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const LinearFit fit, FitLinear(federation, analysis));
  if (fit.residual_df < 1) {
    return Fail(ErrorCode::kFailed, "analysis \"" + analysis.name() +
                                        "\": no row is left beyond the model's coefficients");
  }
  std::vector<Row> rows;
  Json warnings = Json::array();
  for (const TermSquares& term : TypeTwoSquares(fit)) {
    if (term.df == 0) warnings.push_back("term " + term.term + " cannot be estimated");
    rows.push_back({term.term, static_cast<double>(term.df), term.squares});
  }
  rows.push_back({"Residuals", fit.residual_df, fit.residual_squares});
  Json result;
  result["n"] = fit.n;
  result["n_missing"] = fit.n_missing;
  AddRows(rows, result);
  // What rounding leaves of values that the terms give exactly, as in R's summary.aov.
  const double rounding = kRounding * FittedSquares(fit) / static_cast<double>(fit.n);
  if (!(fit.residual_squares / fit.residual_df > rounding)) {
    warnings.push_back("the terms explain the values without a residue: there is no test");
    TakeTestsAway(result);
  }
  if (!warnings.empty()) result["warnings"] = std::move(warnings);
  return result;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const bool welch, analysis.Flag("welch", false));
  CLINNOVA_ASSIGN(const bool one_way, IsOneWay(analysis));
  if (one_way) return OneWay(federation, analysis, welch);
  if (welch) return analysis.Wrong("welch", "expected one column of groups on the right of ~");
  return ByTerms(federation, analysis);
}

constexpr std::string_view kOptions[] = {"formula", "welch"};

std::vector<const federation::Step*> AnovaSteps() {
  std::vector<const federation::Step*> steps = GroupMomentSteps();
  for (const federation::Step* step : LinearFitSteps()) steps.push_back(step);
  return steps;
}

}  // namespace

WelchTest WelchOneWay(const GroupMoments& moments) {
  const auto k = static_cast<double>(moments.groups.size());
  const auto weight = [](const GroupMoment& group) {
    return static_cast<double>(group.n) / group.variance();
  };
  double weights = 0;
  double weighted_mean = 0;
  for (const GroupMoment& group : moments.groups) weights += weight(group);
  for (const GroupMoment& group : moments.groups) {
    weighted_mean += weight(group) / weights * group.mean;
  }
  double spread = 0;
  double imbalance = 0;
  for (const GroupMoment& group : moments.groups) {
    const double difference = group.mean - weighted_mean;
    const double rest = 1 - weight(group) / weights;
    spread += weight(group) * difference * difference;
    imbalance += rest * rest / static_cast<double>(group.n - 1) / (k * k - 1);
  }
  return {.statistic = spread / ((k - 1) * (1 + 2 * (k - 2) * imbalance)),
          .numerator_df = k - 1,
          .denominator_df = 1 / (3 * imbalance)};
}

Method AnovaMethod() {
  return {"anova", "analysis of variance, one-way, Welch's, or by terms (type II)", kOptions,
          AnovaSteps(), Run};
}

}  // namespace clinnova::stats
