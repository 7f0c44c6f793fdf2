// SPDX-License-Identifier: Apache-2.0
// Compares a result with expected numbers, field by field.
//
// Every field of `expected` must be in `actual`; further fields of `actual` are ignored. Numbers agree when
// |actual - expected| <= tolerance * max(|expected|, 1e-6 * scale), so that a number that is zero but for
// rounding is judged by what stands around it. The scale is
//   - in an array of numbers, also a nested one: its largest absolute value;
//   - for estimate, conf_low and conf_high beside a std_error: the larger of |estimate| and std_error;
//   - in a matrix {"names", "values"}: 1000 * sqrt(values[i][i] * values[j][j]), so that covariances that
//     are zero in truth, as in balanced designs, may be off by 1e-12 on the scale of a correlation;
//   - for a field of the objects in an array: its largest absolute value over them;
//   - otherwise the number itself.
// null equals only null; strings and booleans must be the same. The key "warnings_contain" asks that one of
// the actual "warnings" has that text, whatever the case.
//
//   const Comparison comparison = Compare(expected, actual, {.tolerance = 1e-9});
//   EXPECT_TRUE(comparison.Agrees()) << comparison.Describe();
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace clinnova::golden {

/// How far a number may be off, relative to its scale.
struct Tolerances {
  double tolerance = 1e-9;
  std::map<std::string, double> by_field = {};  ///< another tolerance for fields of this name
};

/// What Compare() found.
struct Comparison {
  double worst = 0;        ///< largest relative deviation of a number
  double worst_share = 0;  ///< largest deviation in units of its tolerance; above 1 is a failure
  std::string worst_path =
      "(none)";      ///< where worst_share was found, for example "fit.terms[1].estimate"
  long numbers = 0;  ///< how many numbers were compared
  std::vector<std::string>
      mismatches;  ///< numbers too far off, missing fields, other kinds of value

  bool Agrees() const { return mismatches.empty(); }
  /// The mismatches, at most twenty, one a line, then the worst deviation and its path.
  std::string Describe() const;
};

Comparison Compare(const nlohmann::json& expected, const nlohmann::json& actual,
                   const Tolerances& tolerances);

}  // namespace clinnova::golden
