// SPDX-License-Identifier: Apache-2.0
#include "stats/imputation_steps.h"
#include "stats/magnitudes.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "federation/batches.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Guard;
using federation::Layout;
using federation::Rule;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::kBatchRows;

std::size_t LevelSlots(const table::ColumnSchema& column) {
  return column.kind == table::ColumnKind::kFactor ? column.levels.size() : 3;
}

namespace {

std::size_t Triangle(std::size_t size) { return size * (size + 1) / 2; }

/// The variables' columns of the schema.
Result<std::vector<std::size_t>> ColumnsOf(const ImputationOptions& options,
                                           const table::Schema& schema) {
  std::vector<std::size_t> columns;
  for (const std::string& name : options.variables) {
    const auto found = schema.Find(name);
    if (!found) {
      return Fail(ErrorCode::kInvalidInput, "column \"" + name + "\": found none of that name");
    }
    columns.push_back(*found);
  }
  return columns;
}

// --- What is observed --------------------------------------------------------------------------------

Result<Layout> ObservedLayout(const Analysis& analysis, const table::Schema& schema,
                              const ImputationObservedParameters&) {
  CLINNOVA_ASSIGN(const ImputationOptions options, ImputationOptionsOf(analysis));
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, ColumnsOf(options, schema));
  std::size_t levels = 0;
  for (const std::size_t column : columns) levels += LevelSlots(schema.columns[column]);
  return Layout{{CountBlock("rows", 2), CountBlock("observed", columns.size()),
                 CountBlock("levels", levels), WideBlock("sums", columns.size()),
                 WideBlock("squares", columns.size())}};
}

/// Rule 5 on what the site's own rows prove: there is no round before this one.
Result<void> HoldObserved(const SiteView& site, const ImputationObservedParameters&) {
  CLINNOVA_ASSIGN(const ImputationOptions options, ImputationOptionsOf(site.analysis));
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, ColumnsOf(options, site.table.schema));
  for (const std::size_t column : columns) {
    Magnitudes own;
    for (const double value : site.table.columns[column].numbers) {
      if (!std::isnan(value)) own.See(value);
    }
    if (own.Proven(site.limits)) continue;
    return Fail(ErrorCode::kRefused, "one or two persons are too large a part of a sum",
                "dominance");
  }
  return {};
}

Result<void> ObservedEvaluate(const SiteView& site, const ImputationObservedParameters&,
                              ExactSums& sums) {
  CLINNOVA_ASSIGN(const ImputationOptions options, ImputationOptionsOf(site.analysis));
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, ColumnsOf(options, site.table.schema));
  std::vector<bool> complete(site.table.rows, true);
  std::size_t first_level = 0;
  for (std::size_t v = 0; v < columns.size(); ++v) {
    const table::Column& column = site.table.columns[columns[v]];
    for (std::size_t r = 0; r < site.table.rows; ++r) {
      std::size_t level = 0;
      bool seen = false;
      if (!column.codes.empty()) {
        seen = column.codes[r] >= 0;
        if (seen) level = static_cast<std::size_t>(column.codes[r]);
      } else {
        const double number = column.numbers[r];
        seen = !std::isnan(number);
        level = number == 0 ? 0 : number == 1 ? 1 : 2;
        if (seen) sums.Add(kObservedSums, v, number);
        if (seen) sums.Add(kObservedSquares, v, number * number);
      }
      complete[r] = complete[r] && seen;
      if (!seen) continue;
      sums.AddCount(kObservedRows, v);
      sums.AddCount(kObservedLevels, first_level + level);
    }
    first_level += LevelSlots(site.table.schema.columns[columns[v]]);
  }
  const auto rows = static_cast<std::int64_t>(site.table.rows);
  sums.AddCount(kAllRows, 0, rows);
  sums.AddCount(kAllRows, 1, rows - std::count(complete.begin(), complete.end(), true));
  return {};
}

// --- One variable's model ----------------------------------------------------------------------------

struct ModelSize {
  std::size_t imputations;
  std::size_t columns;
  std::size_t models;  ///< linear predictors
  bool categorical;
};

Result<ModelSize> SizeOf(const Analysis& analysis, const ImputationModelParameters& parameters) {
  CLINNOVA_ASSIGN(const ImputationOptions options, ImputationOptionsOf(analysis));
  if (parameters.variable >= parameters.claim.variables.size()) {
    return Fail(ErrorCode::kRefused, "a variable that is not there", "wrong_layout");
  }
  const VariableFacts& facts = parameters.claim.variables[parameters.variable];
  const std::size_t models = facts.categorical ? facts.width() : 1;
  const ModelSize size{static_cast<std::size_t>(options.imputations),
                       parameters.claim.columns(parameters.variable), models, facts.categorical};
  if (!parameters.points.empty() &&
      parameters.points.size() != size.imputations * models * size.columns) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the model", "wrong_layout");
  }
  return size;
}

Result<Layout> ModelLayout(const Analysis& analysis, const table::Schema&,
                           const ImputationModelParameters& parameters) {
  CLINNOVA_ASSIGN(const ModelSize size, SizeOf(analysis, parameters));
  const std::size_t scores = size.imputations * size.models * size.columns;
  const std::size_t information = size.imputations * Triangle(size.models) * Triangle(size.columns);
  return Layout{
      {ScaledBlock("score", scores, static_cast<int>(parameters.score_exponent)),
       ScaledBlock("information", information, static_cast<int>(parameters.information_exponent)),
       WideBlock("value", size.imputations)}};
}

struct ModelBatch {
  ImputationBatch rows;
  std::vector<double> weight = std::vector<double>(kBatchRows);
  std::vector<std::vector<double>> eta;
};

void AddNumericModel(const ModelSize& size, std::size_t m, std::size_t variable, ModelBatch& batch,
                     ExactSums& sums) {
  const federation::ColumnsView x{batch.rows.x.data(), kBatchRows, size.columns};
  const std::vector<std::uint8_t>& seen = batch.rows.observed[variable];
  const std::vector<double>& y = batch.rows.values[m][variable];
  for (std::size_t r = 0; r < batch.rows.rows; ++r) {
    batch.weight[r] = seen[r] != 0 ? y[r] : 0;
    if (seen[r] != 0) sums.Add(kModelValue, m, y[r] * y[r]);
  }
  sums.AddWeightedColumns(kModelScore, m * size.columns, x, batch.weight.data(), batch.rows.rows);
  for (std::size_t r = 0; r < batch.rows.rows; ++r) batch.weight[r] = seen[r];
  sums.AddWeightedGram(kModelInformation, m * Triangle(size.columns), x, batch.weight.data(),
                       batch.rows.rows);
}

/// eta[k] becomes the probability of category k + 1; the log-likelihood is added.
void Probabilities(const ModelSize& size, std::size_t m, std::size_t variable,
                   const std::vector<double>& points, ModelBatch& batch, ExactSums& sums) {
  batch.eta.assign(size.models, std::vector<double>(kBatchRows));
  for (std::size_t k = 0; k < size.models && !points.empty(); ++k) {
    for (std::size_t j = 0; j < size.columns; ++j) {
      const double b = points[(m * size.models + k) * size.columns + j];
      const double* x = batch.rows.x.data() + j * kBatchRows;
      for (std::size_t r = 0; r < batch.rows.rows; ++r) batch.eta[k][r] += b * x[r];
    }
  }
  for (std::size_t r = 0; r < batch.rows.rows; ++r) {
    double largest = 0;
    for (const auto& eta : batch.eta) largest = std::max(largest, eta[r]);
    const auto own = static_cast<std::size_t>(batch.rows.values[m][variable][r]);
    const double own_eta = own == 0 ? 0 : batch.eta[own - 1][r];
    double sum = core::Exp(-largest);
    for (auto& eta : batch.eta) sum += eta[r] = core::Exp(eta[r] - largest);
    for (auto& eta : batch.eta) eta[r] /= sum;
    if (batch.rows.observed[variable][r] != 0) {
      sums.Add(kModelValue, m, own_eta - largest - core::Log(sum));
    }
  }
}

void AddCategoricalModel(const ModelSize& size, std::size_t m, std::size_t variable,
                         const std::vector<double>& points, ModelBatch& batch, ExactSums& sums) {
  Probabilities(size, m, variable, points, batch, sums);
  const federation::ColumnsView x{batch.rows.x.data(), kBatchRows, size.columns};
  const std::vector<std::uint8_t>& seen = batch.rows.observed[variable];
  const std::vector<double>& value = batch.rows.values[m][variable];
  std::size_t pair = 0;
  for (std::size_t k = 0; k < size.models; ++k) {
    for (std::size_t r = 0; r < batch.rows.rows; ++r) {
      const double own = value[r] == static_cast<double>(k + 1) ? 1 : 0;
      batch.weight[r] = seen[r] != 0 ? own - batch.eta[k][r] : 0;
    }
    sums.AddWeightedColumns(kModelScore, (m * size.models + k) * size.columns, x,
                            batch.weight.data(), batch.rows.rows);
    for (std::size_t l = 0; l <= k; ++l, ++pair) {
      for (std::size_t r = 0; r < batch.rows.rows; ++r) {
        const double e = batch.eta[k][r];
        const double weight = l == k ? e * (1 - e) : -e * batch.eta[l][r];
        batch.weight[r] = seen[r] != 0 ? weight : 0;
      }
      const std::size_t first = m * Triangle(size.models) + pair;
      sums.AddWeightedGram(kModelInformation, first * Triangle(size.columns), x,
                           batch.weight.data(), batch.rows.rows);
    }
  }
}

Result<void> ModelEvaluate(const SiteView& site, const ImputationModelParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const ImputationRows rows, ImputationRows::Create(site, parameters.claim));
  CLINNOVA_ASSIGN(const ModelSize size, SizeOf(site.analysis, parameters));
  const std::size_t variable = parameters.variable;
  return ForEachBatch<ModelBatch>(site.table.rows, site.threads, sums,
                                  [&](std::size_t first, std::size_t count, ModelBatch& batch,
                                      ExactSums& mine) -> Result<void> {
                                    rows.Read(first, count, batch.rows);
                                    for (std::size_t m = 0; m < size.imputations; ++m) {
                                      rows.Columns(variable, m, batch.rows);
                                      if (size.categorical) {
                                        AddCategoricalModel(size, m, variable, parameters.points,
                                                            batch, mine);
                                      } else {
                                        AddNumericModel(size, m, variable, batch, mine);
                                      }
                                    }
                                    return {};
                                  });
}

}  // namespace

const federation::TypedStep<ImputationObservedParameters> kImputationObservedStep{
    "imputation.observed", ObservedLayout, ObservedEvaluate,
    Guard<ImputationObservedParameters>{{Rule::kDominance}, HoldObserved}};
const federation::TypedStep<ImputationModelParameters> kImputationModelStep{
    "imputation.model", ModelLayout, ModelEvaluate, ImputationGuard{}};

}  // namespace clinnova::stats
