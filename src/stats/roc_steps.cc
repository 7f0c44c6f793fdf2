// SPDX-License-Identifier: Apache-2.0
#include "stats/roc_steps.h"

#include <algorithm>

#include "stats/order_statistics.h"
#include "stats/predicted_rows.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;

constexpr std::size_t kClasses = 2;
/// A cell with one row has at most this many bits of keys left: its place in it is a double without rounding.
constexpr int kPlaceBits = 53;

tl::unexpected<Error> WrongLayout(const char* what) {
  return Fail(ErrorCode::kRefused, what, "wrong_layout");
}

Result<PredictedColumns> Columns(const Analysis& analysis, const table::Schema& schema) {
  return PredictedColumns::Find(analysis, schema, "score");
}

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const RocCountParameters& parameters) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(analysis, schema));
  const std::size_t numbers = parameters.question.Numbers(kClasses);
  if (parameters.question.lows.size() != columns.predictions.size() || numbers == 0) {
    return WrongLayout("cells that do not fit the scores");
  }
  return Layout{{CountBlock("cases", kPredictedCases), CountBlock("cells", numbers)}};
}

Result<void> CountEvaluate(const SiteView& site, const RocCountParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site.analysis, site.table.schema));
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    AddPredictedCases(rows, kRocCases, mine);
    for (std::size_t v = 0; v < rows.predictions.size(); ++v) {
      CountValues(parameters.question, v, rows.predictions[v], rows.outcome, kClasses, kRocCells,
                  mine);
    }
  });
}

Result<Layout> ValueLayout(const Analysis& analysis, const table::Schema& schema,
                           const RocValueParameters& parameters) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(analysis, schema));
  std::size_t numbers = 0;
  if (parameters.lows.size() != columns.predictions.size() ||
      parameters.sizes.size() != parameters.lows.size()) {
    return WrongLayout("cells that do not fit the scores");
  }
  for (std::size_t v = 0; v < parameters.lows.size(); ++v) {
    if (parameters.sizes[v].size() != parameters.lows[v].size())
      return WrongLayout("cells without sizes");
    numbers += parameters.lows[v].size();
  }
  return Layout{{ScaledBlock("places", numbers, kPlaceBits)}};
}

Result<void> HoldValues(const SiteView&, const RocValueParameters&) {
  return Fail(ErrorCode::kRefused, "single values are not told", "single_values");
}

Result<void> ValueEvaluate(const SiteView& site, const RocValueParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site.analysis, site.table.schema));
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    std::size_t first = 0;
    for (std::size_t v = 0; v < rows.predictions.size(); ++v) {
      const std::vector<std::uint64_t>& lows = parameters.lows[v];
      for (const double value : rows.predictions[v]) {
        const std::uint64_t key = OrderedKey(value);
        const std::size_t cell = CellOf(lows, value);
        if (lows.empty() || key < lows[cell] || key - lows[cell] >= parameters.sizes[v][cell])
          continue;
        mine.Add(0, first + cell, static_cast<double>(key - lows[cell]));
      }
      first += lows.size();
    }
  });
}

Result<Layout> PlacementLayout(const Analysis& analysis, const table::Schema& schema,
                               const RocPlacementParameters& parameters) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(analysis, schema));
  const std::size_t scores = columns.predictions.size();
  if (parameters.lows.size() != scores || parameters.cases.size() != scores ||
      parameters.controls.size() != scores) {
    return WrongLayout("cells that do not fit the scores");
  }
  for (std::size_t v = 0; v < scores; ++v) {
    const std::size_t cells = parameters.lows[v].size();
    if (cells == 0 || parameters.cases[v].size() != cells ||
        parameters.controls[v].size() != cells) {
      return WrongLayout("cells without placements");
    }
  }
  const std::size_t pairs = scores * (scores - 1) / 2;
  return Layout{{WideBlock("case_products", pairs), WideBlock("control_products", pairs)}};
}

Result<void> HoldPlacements(const SiteView& site, const RocPlacementParameters& parameters) {
  return HoldPredicted(site, "score", parameters.counts);
}

Result<void> PlacementEvaluate(const SiteView& site, const RocPlacementParameters& parameters,
                               ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns, Columns(site.analysis, site.table.schema));
  const std::size_t scores = columns.predictions.size();
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    std::vector<double> placed(scores);
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      const bool is_case = rows.outcome[r] == 1;
      const auto& placements = is_case ? parameters.cases : parameters.controls;
      for (std::size_t v = 0; v < scores; ++v) {
        placed[v] = placements[v][CellOf(parameters.lows[v], rows.predictions[v][r])];
      }
      const std::size_t block = is_case ? kRocCaseProducts : kRocControlProducts;
      for (std::size_t b = 1; b < scores; ++b) {
        for (std::size_t a = 0; a < b; ++a) {
          mine.Add(block, PairIndex(a, b), placed[a] * placed[b]);
        }
      }
    }
  });
}

}  // namespace

std::size_t PairIndex(std::size_t a, std::size_t b) { return b * (b - 1) / 2 + a; }

const federation::TypedStep<RocCountParameters> kRocCountStep{
    "roc.count", CountLayout, CountEvaluate, federation::CountsOnly{}};
const federation::TypedStep<RocValueParameters> kRocValueStep{
    "roc.values", ValueLayout, ValueEvaluate,
    federation::Guard<RocValueParameters>{{federation::Rule::kSinglePersons}, HoldValues}};
const federation::TypedStep<RocPlacementParameters> kRocPlacementStep{
    "roc.placements", PlacementLayout, PlacementEvaluate,
    federation::Guard<RocPlacementParameters>{
        {federation::Rule::kCohort, federation::Rule::kLevels}, HoldPlacements}};

}  // namespace clinnova::stats
