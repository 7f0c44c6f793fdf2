// SPDX-License-Identifier: Apache-2.0
// Which columns of a patient's data a treatment choice reads, and by which of them its gain is told: found from the
// analysis and the schema, so that hub and sites agree.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/analysis.h"
#include "table/table.h"

namespace clinnova::learn {

inline constexpr std::size_t kInputBins =
    200;  ///< from 5 standard deviations below the mean to 5 above
/// Where a number is counted among them.
std::size_t InputBin(double value, double center, double scale);

/// A column that the covariates name.
struct ChoiceInput {
  std::string name;
  std::size_t column = 0;
  bool factor = false;
  std::vector<std::string> levels{};
};
/// Whether a row has no value of it.
bool IsMissing(const ChoiceInput& input, const table::Column& column, std::size_t row);
Result<std::vector<ChoiceInput>> InputsOf(const federation::Analysis& analysis,
                                          const table::Schema& schema);

/// A split of the persons by one column: a factor's levels, an age's bands (below 40, to 64, 65 and more), or any
/// other number's two sides of its mean among the complete cases.
struct Subgrouping {
  std::string name;
  std::size_t column = 0;
  std::vector<std::string> levels{};  ///< of a factor
  std::vector<double> cuts{};         ///< of a number: a value below cuts[0] is in group 0
  bool needs_mean = false;            ///< cuts are the mean, which is an input's
  std::size_t groups() const { return levels.empty() ? cuts.size() + 1 : levels.size(); }
  std::string Label(std::size_t group) const;
  /// The group of a row, or groups() where its value is missing.
  std::size_t GroupOf(const table::Table& table, std::size_t row) const;
};
/// Not `with_site`, as where disclosure rules hold: no number that a covariate cuts (I(crp > 10)) of which heterogeneity has a line.
/// Those of the option `subgroups`; by default `sex`, `age` and, where `with_site`, `site`, as far as there are such
/// columns. kInvalidInput for a column that is not there.
Result<std::vector<Subgrouping>> SubgroupingsOf(const federation::Analysis& analysis,
                                                const table::Schema& schema, bool with_site);

}  // namespace clinnova::learn
