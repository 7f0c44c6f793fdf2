// SPDX-License-Identifier: Apache-2.0
#include "stats/pca.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stats/symmetric_eigen.h"
#include "stats/terms.h"
#include "stats/variable_gram.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

struct Options {
  bool scale = true;
  std::size_t components = 0;
};

Result<Options> ReadOptions(const Analysis& analysis, std::size_t most) {
  Options options;
  CLINNOVA_ASSIGN(options.scale, analysis.Flag("scale", true));
  CLINNOVA_ASSIGN(const std::int64_t components,
                  analysis.Integer("components", static_cast<std::int64_t>(most)));
  if (components < 1) return analysis.Wrong("components", "expected 1 or more");
  options.components = std::min(most, static_cast<std::size_t>(components));
  return options;
}

/// A variable that keeps less than this part of its variance beside those before it is a function of them.
constexpr double kCollinear = 1e-13;

/// How many components have a variance: the others' is what rounding leaves.
std::size_t RankOf(const VariableGram& gram) {
  const std::size_t p = gram.names.size();
  Matrix correlation(p, std::vector<double>(p));
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) {
      if (gram.constant[i] || gram.constant[j]) continue;
      correlation[i][j] =
          gram.products[i][j] / std::sqrt(gram.products[i][i]) / std::sqrt(gram.products[j][j]);
    }
  }
  return SymmetricFactor(correlation, kCollinear).rank();
}

Json NumbersJson(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(NumberJson(value));
  return list;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names,
                  NumericVariables(analysis, federation.schema()));
  CLINNOVA_ASSIGN(const Options options, ReadOptions(analysis, names.size()));
  CLINNOVA_ASSIGN(const ModelFrame frame, VariablesFrame(federation, analysis));
  CLINNOVA_ASSIGN(const VariableGram gram, FindVariableGram(federation, analysis, frame));
  const std::string where = "analysis \"" + analysis.name() + "\": ";
  if (gram.n < 2) {
    return Fail(ErrorCode::kFailed, where + "found one complete row, expected at least two");
  }
  const std::size_t p = names.size();
  std::vector<double> scale(p, 1.0);
  for (std::size_t i = 0; options.scale && i < p; ++i) {
    scale[i] = gram.sd(i);
    if (scale[i] == 0) {
      return Fail(ErrorCode::kFailed, where + names[i] +
                                          " is constant and cannot be scaled; leave it out or set "
                                          "scale = false");
    }
  }
  Matrix covariance(p, std::vector<double>(p));
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) {
      covariance[i][j] =
          gram.products[i][j] / static_cast<double>(gram.n - 1) / scale[i] / scale[j];
    }
  }
  SymmetricEigen eigen = EigenOf(covariance);
  const std::size_t rank = RankOf(gram);
  for (std::size_t c = rank; c < p; ++c) eigen.values[c] = 0;
  // prcomp has as many components as rows when there are fewer rows than variables.
  const std::size_t all = std::min(p, static_cast<std::size_t>(gram.n));
  double total = 0;
  for (const double value : eigen.values) total += std::max(0.0, value);
  Json sdev = Json::array();
  Json explained = Json::array();
  for (std::size_t c = 0; c < all; ++c) {
    const double variance = std::max(0.0, eigen.values[c]);
    sdev.push_back(std::sqrt(variance));
    explained.push_back(NumberJson(variance / total));
  }
  const std::size_t kept = std::min(all, options.components);
  Json components = Json::array();
  for (std::size_t c = 0; c < kept; ++c) components.push_back("PC" + std::to_string(c + 1));
  Json loadings = Json::array();
  for (const std::vector<double>& row : eigen.vectors) {
    loadings.push_back(
        std::vector<double>(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(kept)));
  }
  Json result;
  result["n"] = gram.n;
  result["n_missing"] = gram.n_missing;
  if (rank < all) {
    result["warnings"] = {"collinear variables: only the first " + std::to_string(rank) +
                          " components have a variance"};
  }
  result["sdev"] = std::move(sdev);
  result["rotation"] = {{"names", names}, {"components", components}, {"values", loadings}};
  result["center"] = NumbersJson(gram.mean);
  result["scale"] = options.scale ? NumbersJson(scale) : Json(false);
  result["explained"] = std::move(explained);
  return result;
}

constexpr std::string_view kOptions[] = {"variables", "scale", "components"};

}  // namespace

Method PcaMethod() { return {"pca", "principal components", kOptions, VariableGramSteps(), Run}; }

}  // namespace clinnova::stats
