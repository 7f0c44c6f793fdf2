// SPDX-License-Identifier: Apache-2.0
// The *terms* and *matrix* of result files, as interfaces.md has them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// Coefficients to be written: entries that are not estimable are null, not numbers.
struct Coefficients {
  std::vector<std::string> names;
  std::vector<double> estimates;
  Matrix covariance;
  std::vector<bool> estimable;     ///< false: aliased, or the fit did not converge
  double degrees_of_freedom = 0;   ///< of Student's t for p-values; 0 = normal
  double confidence_level = 0.95;  ///< of the Wald interval, by normal quantiles as confint.default
};

/// [{"term","estimate","std_error","statistic","p_value","conf_low","conf_high"}].
nlohmann::ordered_json TermsJson(const Coefficients& coefficients);

/// {"names":[…],"values":[[…]]}; rows and columns that are not estimable are null.
nlohmann::ordered_json MatrixJson(const std::vector<std::string>& names, const Matrix& values,
                                  const std::vector<bool>& estimable);

/// The names of the aliased columns for a warning, with commas between; empty when there is none. `first` is the
/// parameter that the first name belongs to.
std::string AliasedNames(const std::vector<std::string>& names, const std::vector<bool>& aliased,
                         std::size_t first = 0);

/// What every model says of columns without an estimate of their own: one warning, or none.
std::vector<std::string> AliasedWarnings(const std::vector<std::string>& names,
                                         const std::vector<bool>& aliased, std::size_t first = 0);

/// A number, or null when it is not finite.
nlohmann::ordered_json NumberJson(double value);

}  // namespace clinnova::stats
