// SPDX-License-Identifier: Apache-2.0
// The rows of a site that trees learn from, and what a learner has to tell the tree engine about its own analysis.
//
// The engine (tree_steps.h, boosting.h) knows no formula and no treatment: a method that uses it brings a function that
// makes TrainingRows of a site's table, and what that function needs besides the approved analysis travels as `source`,
// bytes of the method's own making, in every round's parameters.
//
//   Result<std::shared_ptr<const TrainingRows>> MyRows(const federation::SiteView& site, core::ByteView source);
//
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/archive.h"
#include "federation/step.h"

namespace clinnova::learn {

/// Complete cases, in the order of the table. All vectors have one entry per row, or none where it says so.
struct TrainingRows {
  std::vector<std::uint32_t> source_row;  ///< row of the table
  std::vector<double> outcome;            ///< cox: the time
  std::vector<double> weight;             ///< at least 0
  std::vector<double> offset;             ///< none: zeros
  std::vector<double> event;              ///< cox: 1 or 0; else none
  std::vector<std::int32_t> stratum;  ///< cox: risk sets within a site; else of bases; none: one
  std::vector<std::uint64_t> key;     ///< of the person: folds, subsamples and bootstraps
  std::vector<std::int32_t> fold;     ///< 1, 2, …; 0 = none
  std::vector<std::uint64_t>
      columns;  ///< of the table that may be features of this analysis, rising

  std::size_t rows() const { return source_row.size(); }
};

using RowsResult = Result<std::shared_ptr<const TrainingRows>>;
/// Makes a site's rows; the engine keeps them for the run. Deterministic, and a row's numbers depend on that row alone.
using RowsFunction = RowsResult (*)(const federation::SiteView& site, core::ByteView source);

/// A key with one more number or text in it.
std::uint64_t MixNumber(std::uint64_t key, double value);
std::uint64_t MixText(std::uint64_t key, std::string_view text);
/// A number in [0, 1) that belongs to two keys.
double KeyedUniform(std::uint64_t a, std::uint64_t b);

}  // namespace clinnova::learn
