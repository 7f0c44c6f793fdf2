// SPDX-License-Identifier: Apache-2.0
#include "stats/correlation.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/distributions.h"
#include "stats/midranks.h"
#include "stats/terms.h"
#include "stats/variable_gram.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

/// Sums of products about means, of values or of ranks.
struct Products {
  std::int64_t n = 0;
  std::int64_t n_missing = 0;
  std::vector<std::string> names;
  Matrix products;
  std::vector<bool> constant;
  bool merged = false;
};

Result<Products> OfValues(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const ModelFrame frame, VariablesFrame(federation, analysis));
  CLINNOVA_ASSIGN(VariableGram gram, FindVariableGram(federation, analysis, frame));
  return Products{.n = gram.n,
                  .n_missing = gram.n_missing,
                  .names = std::move(gram.names),
                  .products = std::move(gram.products),
                  .constant = std::move(gram.constant)};
}

Result<Products> OfRanks(Federation& federation, const Analysis& analysis) {
  Products result;
  CLINNOVA_ASSIGN(result.names, NumericVariables(analysis, federation.schema()));
  CLINNOVA_ASSIGN(const Midranks ranks, FindMidranks(federation, analysis));
  CLINNOVA_ASSIGN(const RankSums sums, SumRanks(federation, analysis, ranks));
  result.n = ranks.n;
  result.n_missing = ranks.n_missing;
  result.merged = ranks.merged;
  result.products = FromLowerTriangle(sums.products, result.names.size());
  for (const RankTable& table : ranks.tables) result.constant.push_back(table.counts.size() == 1);
  return result;
}

Matrix CorrelationOf(const Products& products) {
  const std::size_t p = products.names.size();
  Matrix correlation(p, std::vector<double>(p, std::nan("")));
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) {
      if (products.constant[i] || products.constant[j]) continue;
      // R has 1 on the diagonal of a constant too; it is not defined there.
      const double size = std::sqrt(products.products[i][i]) * std::sqrt(products.products[j][j]);
      correlation[i][j] = i == j ? 1 : std::clamp(products.products[i][j] / size, -1.0, 1.0);
    }
  }
  return correlation;
}

/// Two-sided p-values of Student's t with n - 2 degrees of freedom.
Matrix PValuesOf(const Matrix& correlation, std::int64_t n) {
  Matrix p_values = correlation;
  const auto df = static_cast<double>(n - 2);
  for (std::size_t i = 0; i < correlation.size(); ++i) {
    for (std::size_t j = 0; j < correlation.size(); ++j) {
      const double r = correlation[i][j];
      const double t = r * std::sqrt(df / ((1 - r) * (1 + r)));
      p_values[i][j] = i == j ? std::nan("") : core::StudentTTwoSidedP(t, df);
    }
  }
  return p_values;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  constexpr std::string_view kTypes[] = {"pearson", "spearman"};
  CLINNOVA_ASSIGN(const std::string type, analysis.Choice("type", kTypes));
  CLINNOVA_TRY(NumericVariables(analysis, federation.schema()));
  CLINNOVA_ASSIGN(const Products products, type == "spearman" ? OfRanks(federation, analysis)
                                                              : OfValues(federation, analysis));
  if (products.n < 2) {
    return Fail(ErrorCode::kFailed, "analysis \"" + analysis.name() +
                                        "\": found one complete row, expected at least two");
  }
  const Matrix correlation = CorrelationOf(products);
  const std::vector<bool> all(products.names.size(), true);
  Json result = MatrixJson(products.names, correlation, all);
  result["correlation"] = MatrixJson(products.names, correlation, all);
  result["p_values"] = MatrixJson(products.names, PValuesOf(correlation, products.n), all);
  result["type"] = type;
  result["n"] = products.n;
  result["n_missing"] = products.n_missing;
  Json warnings = Json::array();
  for (std::size_t i = 0; i < products.names.size(); ++i) {
    if (products.constant[i])
      warnings.push_back(products.names[i] + " is constant: no correlation");
  }
  if (products.merged) warnings.push_back(MergedWarning(federation.minimum_count()));
  result["warnings"] = std::move(warnings);
  return result;
}

constexpr std::string_view kOptions[] = {"variables", "type"};

std::vector<const federation::Step*> CorrelationSteps() {
  std::vector<const federation::Step*> steps = VariableGramSteps();
  for (const federation::Step* step : MidrankSteps()) steps.push_back(step);
  return steps;
}

}  // namespace

Method CorrelationMethod() {
  return {"correlation", "Pearson's or Spearman's correlations", kOptions, CorrelationSteps(), Run};
}

}  // namespace clinnova::stats
