// SPDX-License-Identifier: Apache-2.0
// A fitted model's coefficients, told in the units of the columns as they were given.
//
//   const Coefficients terms = ModelCoefficients(frame, {beta, covariance, aliased, converged, level});
//   result["terms"] = TermsJson(terms);
//
// Thread rule: plain functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "stats/linear_algebra.h"
#include "stats/model_frame.h"
#include "stats/terms.h"

namespace clinnova::stats {

/// What a fit on standardised columns ended with.
struct StandardisedFit {
  std::vector<double> beta;   ///< one for each column that the model has
  Matrix covariance;          ///< of beta; empty where the fit did not get as far
  std::vector<bool> aliased;  ///< columns without an estimate of their own
  bool converged = false;     ///< else no coefficient is estimable
  double confidence_level = 0.95;
};

/// Of all columns of the frame's design.
Coefficients ModelCoefficients(const ModelFrame& frame, StandardisedFit fit);

/// Of all columns but the first, the intercept, which a model of hazards has not.
Coefficients HazardCoefficients(const ModelFrame& frame, const StandardisedFit& fit);

/// TermsJson with each term's "hazard_ratio".
nlohmann::ordered_json HazardTermsJson(const Coefficients& coefficients);

}  // namespace clinnova::stats
