// SPDX-License-Identifier: Apache-2.0
// What travels in the rounds of a receiver operating characteristic, and the site's side of it. Cells of keys are
// those of value_counts.h; classes are 0 = control, 1 = case.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/predicted_rows.h"
#include "stats/value_counts.h"

namespace clinnova::stats {

/// Counts by cell and class.
struct RocCountParameters {
  ValueQuestion question;
  template <class A>
  void Fields(A& a) {
    a(question);
  }
};
enum RocCountBlock { kRocCases, kRocCells };

/// Where the only row of a cell stands in it: keys, less the cell's first. Refused under disclosure rules
/// (`single_values`).
struct RocValueParameters {
  std::vector<std::vector<std::uint64_t>> lows;   ///< per score, of the cells with one row, rising
  std::vector<std::vector<std::uint64_t>> sizes;  ///< keys in the cell
  template <class A>
  void Fields(A& a) {
    a(lows);
    a(sizes);
  }
};

/// Products of placements of each pair of scores, over cases and over controls.
struct RocPlacementParameters {
  std::vector<std::vector<std::uint64_t>> lows;  ///< per score, of all cells, rising
  std::vector<std::vector<double>> cases;  ///< per score and cell, a case's placement less the area
  std::vector<std::vector<double>> controls;
  PredictedCounts counts{};  ///< as the hub claims them
  template <class A>
  void Fields(A& a) {
    a(counts);
    a(lows);
    a(cases);
    a(controls);
  }
};
enum RocPlacementBlock { kRocCaseProducts, kRocControlProducts };
/// Number of the pair (a, b), a < b.
std::size_t PairIndex(std::size_t a, std::size_t b);

extern const federation::TypedStep<RocCountParameters> kRocCountStep;
extern const federation::TypedStep<RocValueParameters> kRocValueStep;
extern const federation::TypedStep<RocPlacementParameters> kRocPlacementStep;

}  // namespace clinnova::stats
