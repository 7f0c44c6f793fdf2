// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_prediction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/deterministic_math.h"
#include "core/text.h"
#include "table/factor_column.h"
#include "table/number_text.h"

namespace clinnova::stats {

using federation::Analysis;
using nlohmann::json;

namespace {

/// Columns that stand on the right of ~.
std::vector<std::string> CovariateColumns(const table::Formula& formula) {
  std::vector<std::string> columns;
  const auto add = [&](const table::Expression& expression) {
    for (const std::string& column : expression.Columns()) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end())
        columns.push_back(column);
    }
  };
  for (const table::Term& term : formula.terms()) {
    for (const table::TermFactor& factor : term.factors) add(factor.expression);
  }
  for (const table::Expression& offset : formula.offsets()) add(offset);
  return columns;
}

/// A table of one person who is a complete case whatever the covariates: responses of 0, 1, … are a valid Surv().
class OnePerson {
 public:
  OnePerson(const Analysis& analysis, const table::Schema& schema, const ModelFrame& frame)
      : analysis_(analysis), frame_(frame) {
    table_.schema = schema;
    table_.rows = 1;
    for (const table::ColumnSchema& column : schema.columns) {
      table::Column& values = table_.columns.emplace_back();
      if (column.kind == table::ColumnKind::kNumeric) {
        values.numbers = {1};
      } else {
        values.codes = {column.levels.empty() ? -1 : 0};
      }
    }
    const auto& parts = frame.formula().response().parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto column = schema.Find(parts[i].name);
      const bool start = parts.size() == 3 && i == 0;
      if (column && !table_.columns[*column].numbers.empty())
        table_.columns[*column].numbers = {start ? 0.0 : 1.0};
    }
  }

  Result<void> Set(const std::string& where, const std::string& name, const json& value) {
    bool set = false;
    for (const std::string& column : {name, table::FactorColumnName(name)}) {
      const auto found = table_.schema.Find(column);
      if (!found) continue;
      CLINNOVA_TRY(SetColumn(where, name, value, *found));
      set = true;
    }
    if (!set) return Wrong(where + "." + name, "there is no such column");
    return {};
  }

  Result<CoxProfile> Profile(const std::string& where) const {
    table::DesignBatch batch;
    frame_.design().Evaluate(table_, 0, 1, batch);
    if (batch.rows != 1) return Wrong(where, "the model's terms have no finite value there");
    Standardise(frame_.claim(), batch);
    CoxProfile profile;
    for (std::size_t j = 1; j < frame_.columns(); ++j)
      profile.x.push_back(batch.x[j * table::kBatchRows]);
    profile.offset = batch.offset[0];
    return profile;
  }

 private:
  tl::unexpected<Error> Wrong(const std::string& where, const std::string& message) const {
    return analysis_.Wrong("newdata", where + ": " + message);
  }

  Result<void> SetColumn(const std::string& where, const std::string& name, const json& value,
                         std::size_t index) {
    const table::ColumnSchema& column = table_.schema.columns[index];
    if (column.kind == table::ColumnKind::kNumeric) {
      if (!value.is_number())
        return Wrong(where + "." + name, "found " + value.dump() + ", expected a number");
      table_.columns[index].numbers = {value.get<double>()};
      return {};
    }
    const std::string level = value.is_string()   ? value.get<std::string>()
                              : value.is_number() ? table::NumberText(value.get<double>())
                                                  : value.dump();
    const auto found = std::find(column.levels.begin(), column.levels.end(), level);
    if (found == column.levels.end()) {
      return Wrong(where + "." + name,
                   "found " + value.dump() + ", expected one of " + core::Joined(column.levels));
    }
    table_.columns[index].codes = {static_cast<std::int32_t>(found - column.levels.begin())};
    return {};
  }

  const Analysis& analysis_;  // not owned, outlives this
  const ModelFrame& frame_;   // not owned, outlives this
  table::Table table_;
};

}  // namespace

Result<std::vector<CoxProfile>> CoxProfiles(const Analysis& analysis, const table::Schema& schema,
                                            const ModelFrame& frame) {
  std::vector<CoxProfile> profiles;
  if (!analysis.Has("newdata")) return profiles;
  const json& rows = analysis.json()["newdata"];
  if (!rows.is_array() || rows.empty())
    return analysis.Wrong("newdata", "expected a list such as [{age = 60, sex = \"male\"}]");
  const std::vector<std::string> columns = CovariateColumns(frame.formula());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string where = "row " + std::to_string(i + 1);
    if (!rows[i].is_object())
      return analysis.Wrong("newdata", where + ": expected {column = value}");
    OnePerson person(analysis, schema, frame);
    for (const std::string& column : columns) {
      if (!rows[i].contains(column))
        return analysis.Wrong("newdata", where + ": found no value of " + column);
      CLINNOVA_TRY(person.Set(where, column, rows[i][column]));
    }
    for (const auto& [column, value] : rows[i].items()) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end())
        return analysis.Wrong("newdata", where + ": " + column + " is not in the model");
    }
    CLINNOVA_ASSIGN(CoxProfile profile, person.Profile(where));
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

std::vector<PredictedSurvival> PredictSurvival(const CoxSolution& solution,
                                               const CoxProfile& profile, const Matrix& covariance,
                                               const std::vector<double>& times) {
  const CoxParameters& parameters = solution.parameters;
  CLINNOVA_CHECK(parameters.axes.size() == 1 && solution.sums);
  const TimeAxis& axis = parameters.axes[0];
  const std::size_t p = parameters.beta.size();
  struct Jump {
    long double hazard = 0;
    long double variance = 0;
    std::vector<long double> mean;
  };
  std::vector<Jump> jumps(axis.size());
  for (Jump& jump : jumps) jump.mean.assign(p, 0);
  ForEachEventTime(parameters, parameters.axes, *solution.sums, [&](const EventTime& at) {
    jumps[at.index] = {at.hazard, at.hazard_variance, at.hazard_mean};
  });
  double eta = profile.offset;
  for (std::size_t j = 0; j < p; ++j) eta += parameters.beta[j] * profile.x[j];
  const long double risk = core::Exp(eta);
  std::vector<PredictedSurvival> predicted;
  long double hazard = 0;
  long double variance = 0;
  std::vector<long double> distance(p);
  std::size_t k = 0;
  for (const double time : times) {
    for (; k < axis.size() && axis.Time(k) <= time; ++k) {
      hazard += jumps[k].hazard;
      variance += jumps[k].variance;
      for (std::size_t j = 0; j < p; ++j)
        distance[j] += profile.x[j] * jumps[k].hazard - jumps[k].mean[j];
    }
    long double total = variance;
    for (std::size_t i = 0; i < p; ++i) {
      for (std::size_t j = 0; j < p; ++j) total += distance[i] * covariance[i][j] * distance[j];
    }
    predicted.push_back({time, core::Exp(static_cast<double>(-risk * hazard)),
                         static_cast<double>(risk * std::sqrt(total))});
  }
  return predicted;
}

}  // namespace clinnova::stats
