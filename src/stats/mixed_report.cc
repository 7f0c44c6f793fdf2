// SPDX-License-Identifier: Apache-2.0
#include "stats/mixed_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using Json = nlohmann::ordered_json;

/// lme4's isSingular: a relative standard deviation below this is none.
constexpr double kSingular = 1e-4;
/// A relative standard deviation below this is 0: the search ends at the boundary but for rounding.
constexpr double kZero = 1e-10;

/// Effects of the original columns from those of the standardised ones.
Matrix ToOriginal(const RandomEffects& effects, const ModelFrame& frame) {
  const std::size_t q = effects.size();
  Matrix transform(q, std::vector<double>(q));
  for (std::size_t a = 0; a < q; ++a) {
    const bool intercept = effects.intercept && a == 0;
    const std::size_t j = effects.columns[a];
    transform[a][a] = intercept ? 1 : frame.claim().inverse_scale[j];
    if (!intercept && effects.Shiftable(a)) {
      transform[0][a] = -frame.claim().center[j] * frame.claim().inverse_scale[j];
    }
  }
  return transform;
}

/// The relative standard deviation of effect a.
double RowSize(const SmallMatrix& lambda, std::size_t a) {
  double size = 0;
  for (std::size_t b = 0; b <= a; ++b) size += lambda.at(a, b) * lambda.at(a, b);
  return std::sqrt(size);
}

}  // namespace

Matrix EffectCovariance(const RandomEffects& effects, const ModelFrame& frame,
                        const std::vector<double>& theta) {
  const std::size_t q = effects.size();
  SmallMatrix lambda = LowerTriangular(effects.Shape(), theta.data());
  for (double& value : lambda.values) {
    if (std::fabs(value) < kZero) value = 0;
  }
  const SmallMatrix product = Product(lambda, Transposed(lambda, q), q);
  Matrix covariance(q, std::vector<double>(q));
  for (std::size_t a = 0; a < q; ++a) {
    for (std::size_t b = 0; b < q; ++b) covariance[a][b] = product.at(a, b);
  }
  return Congruence(ToOriginal(effects, frame), covariance);
}

void AppendComponents(const RandomEffects& effects, const Matrix& relative, double scale,
                      Json& components) {
  for (std::size_t a = 0; a < effects.size(); ++a) {
    const double variance = scale * relative[a][a];
    components.push_back({{"group", effects.label},
                          {"term", effects.names[a]},
                          {"variance", NumberJson(variance)},
                          {"sd", NumberJson(std::sqrt(variance))}});
  }
  for (std::size_t a = 0; a < effects.size(); ++a) {
    for (std::size_t b = a + 1; b < effects.size(); ++b) {
      if (!effects.Correlated(a, b)) continue;
      const double correlation = relative[a][b] / std::sqrt(relative[a][a] * relative[b][b]);
      components.push_back(
          {{"group", effects.label},
           {"term", effects.names[a]},
           {"term2", effects.names[b]},
           {"covariance", NumberJson(scale * relative[a][b])},
           {"correlation", std::isfinite(scale) ? NumberJson(correlation) : Json(nullptr)}});
    }
  }
}

void AppendResidual(double variance, Json& components) {
  components.push_back({{"group", "Residual"},
                        {"term", nullptr},
                        {"variance", NumberJson(variance)},
                        {"sd", NumberJson(std::sqrt(variance))}});
}

void AddSiteEffects(const RandomEffects& effects, const ModelFrame& frame,
                    const std::vector<ClusterEffects>& sites, Json& result) {
  const Matrix transform = ToOriginal(effects, frame);
  Json list = Json::array();
  Json suppressed = Json::array();
  for (const ClusterEffects& site : sites) {
    const Matrix covariance = Congruence(transform, site.covariance);
    for (std::size_t a = 0; a < effects.size(); ++a) {
      double estimate = 0;
      for (std::size_t b = 0; b < effects.size(); ++b) {
        estimate += transform[a][b] * site.effects[b];
      }
      if (!site.present) {
        const std::string path = "random_effects[" + std::to_string(list.size()) + "].";
        suppressed.push_back(path + "estimate");
        suppressed.push_back(path + "std_error");
      }
      list.push_back(
          {{"group", effects.group},
           {"level", site.level},
           {"term", effects.names[a]},
           {"estimate", site.present ? NumberJson(estimate) : Json(nullptr)},
           {"std_error", site.present ? NumberJson(std::sqrt(covariance[a][a])) : Json(nullptr)}});
    }
  }
  result["random_effects"] = std::move(list);
  if (!suppressed.empty()) result["suppressed"] = std::move(suppressed);
}

std::vector<std::string> SingularityWarnings(const RandomEffects& effects,
                                             const std::vector<double>& theta) {
  std::vector<std::string> warnings;
  const SmallMatrix lambda = LowerTriangular(effects.Shape(), theta.data());
  for (std::size_t a = 0; a < effects.size(); ++a) {
    const double size = RowSize(lambda, a);
    const std::string name = effects.names[a] + " by " + effects.label;
    if (size < kSingular) {
      warnings.push_back("singular fit: the variance of " + name + " is 0");
    } else if (std::fabs(lambda.at(a, a)) < kSingular * std::max(1.0, size)) {
      warnings.push_back("singular fit: the effect " + name + " is a function of those before it");
    }
  }
  return warnings;
}

}  // namespace clinnova::stats
