// SPDX-License-Identifier: Apache-2.0
// How the random part of a mixed model is written in the result file, in the terms of broom.mixed: variances,
// covariances and correlations of the effects on the original columns, and the sites' effects.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "stats/linear_algebra.h"
#include "stats/model_frame.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// The effects of one cluster on the standardised columns, with their covariance given the outcomes.
struct ClusterEffects {
  std::string level;
  bool present = false;  ///< the cluster has a row
  std::vector<double> effects;
  Matrix covariance;
};

/// L L' of theta on the original columns: the effects' covariance over the residual variance.
Matrix EffectCovariance(const RandomEffects& effects, const ModelFrame& frame,
                        const std::vector<double>& theta);

/// Adds {"group","term","variance","sd"} of each effect and {"group","term","term2","covariance","correlation"} of each
/// correlated pair to the list: `relative` times `scale`; null where scale is NaN.
void AppendComponents(const RandomEffects& effects, const Matrix& relative, double scale,
                      nlohmann::ordered_json& components);
/// Adds the line of the residual variance.
void AppendResidual(double variance, nlohmann::ordered_json& components);

/// Adds "random_effects" [{"group","level","term","estimate","std_error"}] to `result`; those of a site
/// without a row are null and their paths stand in "suppressed".
void AddSiteEffects(const RandomEffects& effects, const ModelFrame& frame,
                    const std::vector<ClusterEffects>& sites, nlohmann::ordered_json& result);

/// In words: effects whose variance is 0, effects that are functions of the others.
std::vector<std::string> SingularityWarnings(const RandomEffects& effects,
                                             const std::vector<double>& theta);

}  // namespace clinnova::stats
