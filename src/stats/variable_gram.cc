// SPDX-License-Identifier: Apache-2.0
#include "stats/variable_gram.h"

#include <algorithm>
#include <cmath>

#include "federation/batches.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::ExactSums;
using federation::Federation;
using federation::ForEachBatch;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::TypedStep;
using table::DesignBatch;
using table::kBatchRows;

struct GramParameters {
  FrameClaim claim;
  std::int64_t exponent = 0;  ///< of a standardised value
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(exponent);
  }
};

Result<Layout> GramLayout(const Analysis& analysis, const table::Schema& schema,
                          const GramParameters& parameters) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, NumericVariables(analysis, schema));
  const std::size_t columns = names.size() + 1;
  return Layout{{ScaledBlock("products", columns * (columns + 1) / 2,
                             static_cast<int>(2 * parameters.exponent))}};
}

struct GramBatch {
  DesignBatch design;
  std::vector<double> ones = std::vector<double>(kBatchRows, 1.0);
};

Result<void> GramEvaluate(const SiteView& site, const GramParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto mine_frame, SiteFrameOf(site, parameters.claim));
  const std::size_t columns = mine_frame->design.names().size();
  return ForEachBatch<GramBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, GramBatch& batch, ExactSums& mine) -> Result<void> {
        mine_frame->design.Evaluate(site.table, first, count, batch.design);
        Standardise(parameters.claim, batch.design);
        mine.AddWeightedGram(0, 0, {batch.design.x.data(), kBatchRows, columns}, batch.ones.data(),
                             batch.design.rows);
        return {};
      });
}

const TypedStep<GramParameters> kGramStep{"variables.gram", GramLayout, GramEvaluate, FrameGuard{}};

/// A spread below this part of the mean is rounding: R's scale() and cor() see none either.
constexpr double kNoSpread = 1e-13;

}  // namespace

Result<std::vector<std::string>> NumericVariables(const Analysis& analysis,
                                                  const table::Schema& schema) {
  CLINNOVA_ASSIGN(std::vector<std::string> names, analysis.Texts("variables"));
  if (names.size() < 2) {
    return analysis.Wrong("variables", "found " + std::to_string(names.size()) +
                                           ", expected at least two numeric columns");
  }
  for (const std::string& name : names) {
    const auto column = schema.Find(name);
    if (!column)
      return analysis.Wrong("variables", table::UnknownColumn(name, schema).value().message);
    if (schema.columns[*column].kind != table::ColumnKind::kNumeric) {
      return analysis.Wrong("variables", name + " is a factor, expected a number");
    }
    if (std::count(names.begin(), names.end(), name) > 1) {
      return analysis.Wrong("variables", "found \"" + name + "\" twice");
    }
  }
  return names;
}

Result<ModelFrame> VariablesFrame(Federation& federation, const Analysis& analysis) {
  CLINNOVA_TRY(NumericVariables(analysis, federation.schema()));
  return ModelFrame::Build(federation, analysis);
}

double VariableGram::sd(std::size_t i) const {
  return constant[i] ? 0 : std::sqrt(products[i][i] / static_cast<double>(n - 1));
}

Result<VariableGram> FindVariableGram(Federation& federation, const Analysis& analysis,
                                      const ModelFrame& frame) {
  VariableGram gram;
  CLINNOVA_ASSIGN(gram.names, NumericVariables(analysis, federation.schema()));
  gram.n = frame.n();
  gram.n_missing = frame.n_missing();
  const GramParameters parameters{frame.claim(), frame.standardised_exponent()};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kGramStep, parameters));
  const std::size_t p = gram.names.size();
  const Matrix packed = FromLowerTriangle(sums.Numbers(0), p + 1);
  const auto n = static_cast<double>(gram.n);
  const std::vector<double>& center = frame.claim().center;
  const std::vector<double>& inverse_scale = frame.claim().inverse_scale;
  gram.products.assign(p, std::vector<double>(p));
  for (std::size_t i = 0; i < p; ++i) {
    // Column 0 is the intercept: its products are the sums, what rounding left of the mean.
    const double rest = packed[i + 1][0];
    gram.mean.push_back(center[i + 1] + rest / n / inverse_scale[i + 1]);
    for (std::size_t j = 0; j < p; ++j) {
      const double product = packed[i + 1][j + 1] - rest * packed[j + 1][0] / n;
      gram.products[i][j] = product / inverse_scale[i + 1] / inverse_scale[j + 1];
    }
    const double spread = std::sqrt(std::max(0.0, gram.products[i][i]) / n);
    gram.constant.push_back(!(spread > kNoSpread * std::fabs(gram.mean[i])));
  }
  return gram;
}

std::vector<const federation::Step*> VariableGramSteps() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kGramStep);
  return steps;
}

}  // namespace clinnova::stats
