// SPDX-License-Identifier: Apache-2.0
#include "stats/frame_preflight.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "federation/batches.h"
#include "stats/frame_rules.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::Design;
using table::DesignBatch;
using table::Formula;
using table::kBatchRows;

bool IsSurvival(const Formula& formula) {
  return formula.response().kind == table::Response::Kind::kSurvival;
}

namespace {

std::size_t LevelCount(const Design& design) {
  std::size_t count = 0;
  for (const Design::FactorUse& factor : design.factors()) count += factor.levels.size();
  return count;
}

Result<Layout> PreflightLayout(const Analysis& analysis, const table::Schema& schema,
                               const PreflightParameters& parameters) {
  CLINNOVA_ASSIGN(const Design design, DesignOf(analysis, schema, parameters.facts));
  CLINNOVA_ASSIGN(const Formula formula, FormulaOf(analysis));
  const bool survival = IsSurvival(formula);
  const std::size_t p = design.names().size();
  const std::size_t levels = LevelCount(design);
  Layout layout{{CountBlock("cases", kCaseKinds), CountBlock("levels", levels),
                 CountBlock("zeros", p), CountBlock("ones", p), WideBlock("sums", p),
                 WideBlock("squares", p), WideBlock("sizes", PartCount(formula)),
                 CountBlock("largest", parameters.guarded ? 0 : p * kSizeClasses),
                 CountBlock("off_grid", survival ? std::size(kDenominators) : 0),
                 CountBlock("time_powers", survival ? kTimePowerCount : 0)}};
  if (!parameters.guarded) return layout;
  const std::size_t gram = ReleasesRegression(analysis) ? p * (p + 1) / 2 : 0;
  for (federation::BlockSpec& block :
       std::vector{CountBlock("level_sites", levels), CountBlock("level_ones", levels),
                   CountBlock("column_sites", p), CountBlock("part_zeros", PartCount(formula)),
                   CountBlock("part_ones", PartCount(formula)), CountBlock("withheld", 1),
                   WideBlock("magnitudes", MagnitudeCount(formula, p)), WideBlock("gram", gram)}) {
    layout.blocks.push_back(std::move(block));
  }
  return layout;
}

void AddSquares(std::span<const double> values, std::size_t index, ExactSums& sums) {
  for (const double value : values) sums.Add(kSizes, index, value * value);
}

/// The power of two that the largest value of each column reaches at this site: told as a class, not a value.
class LargestSizes {
 public:
  explicit LargestSizes(std::size_t columns) : sizes_(columns) {}
  void See(std::size_t column, std::span<const double> values) {
    double size = 0;
    for (const double value : values) size = std::max(size, std::fabs(value));
    const std::lock_guard lock(mutex_);
    sizes_[column] = std::max(sizes_[column], size);
  }
  void Tell(ExactSums& sums) const {
    for (std::size_t j = 0; j < sizes_.size(); ++j) {
      if (sizes_[j] == 0) continue;
      const int power = std::clamp(ExponentOf(sizes_[j]), kLowestSize, kHighestSize);
      sums.AddCount(kLargest, j * kSizeClasses + static_cast<std::size_t>(power - kLowestSize));
    }
  }

 private:
  std::mutex mutex_;
  std::vector<double> sizes_;
};

/// Which denominators fit the times, and how large the times are.
void LookAtTimes(std::span<const double> times, ExactSums& sums) {
  for (std::size_t d = 0; d < std::size(kDenominators); ++d) {
    std::int64_t off = 0;
    for (const double time : times) {
      const double steps = std::nearbyint(time * kDenominators[d]);
      const bool whole = steps / kDenominators[d] == time ||
                         std::fabs(time * kDenominators[d] - steps) <= kOffGridSteps;
      off += !(time >= 0 && steps < 0x1p40 && whole);
    }
    sums.AddCount(kOffGrid, d, off);
  }
  for (const double time : times) {
    const int power = std::clamp(ExponentOf(std::fabs(time)), kLowestTimePower, kHighestTimePower);
    sums.AddCount(kTimePowers, static_cast<std::size_t>(power - kLowestTimePower));
  }
}

void CountLevels(const SiteView& site, const Design& design, const DesignBatch& batch,
                 ExactSums& sums) {
  std::size_t first = 0;
  for (const Design::FactorUse& factor : design.factors()) {
    const std::vector<std::int32_t>& codes = site.table.column(factor.schema_column).codes;
    std::vector<std::int64_t> counts(factor.levels.size());
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::int32_t code = codes[batch.source_row[r]];
      if (code >= 0) ++counts[static_cast<std::size_t>(code)];
    }
    for (std::size_t level = 0; level < counts.size(); ++level) {
      sums.AddCount(kLevels, first + level, counts[level]);
    }
    first += counts.size();
  }
}

void AddProducts(const DesignBatch& batch, std::size_t columns, ExactSums& sums) {
  for (std::size_t i = 0, cell = 0; i < columns; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      const double* a = batch.x.data() + i * kBatchRows;
      const double* b = batch.x.data() + j * kBatchRows;
      for (std::size_t r = 0; r < batch.rows; ++r) sums.Add(kGram, cell, a[r] * b[r]);
    }
  }
}

/// What the rules are judged by, of this site as a whole.
Result<void> AddOwnFrame(const SiteView& site, const PreflightParameters& parameters,
                         ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const OwnFrame> own, OwnFrameOf(site, parameters.facts));
  std::size_t level = 0;
  for (std::size_t f = 0; f < own->levels.size(); ++f) {
    for (std::size_t l = 0; l < own->levels[f].size(); ++l, ++level) {
      sums.AddCount(kLevelSites, level, own->levels[f][l] > 0 ? 1 : 0);
      sums.AddCount(kLevelOnes, level, own->level_ones[f][l]);
    }
  }
  for (std::size_t j = 0; j < own->zeros.size(); ++j) {
    sums.AddCount(kColumnSites, j, own->zeros[j] < own->n ? 1 : 0);
  }
  for (std::size_t part = 0; part < own->part_zeros.size(); ++part) {
    sums.AddCount(kPartZeros, part, own->part_zeros[part]);
    sums.AddCount(kPartOnes, part, own->part_ones[part]);
  }
  for (std::size_t v = 0; v < own->magnitudes.size(); ++v) {
    sums.Add(kMagnitudes, v, own->magnitudes[v].Bound(site.minimum_count));
  }
  if (!parameters.magnitudes.empty() || own->Proven(site.limits)) return {};
  sums.AddCount(kWithheld, 0);
  for (const PreflightBlock block : kMagnitudeSums) sums.Withhold(block);
  return {};
}

Result<void> PreflightEvaluate(const SiteView& site, const PreflightParameters& parameters,
                               ExactSums& sums) {
  CLINNOVA_ASSIGN(const Design design,
                  DesignOf(site.analysis, site.table.schema, parameters.facts));
  CLINNOVA_ASSIGN(const Formula formula, FormulaOf(site.analysis));
  const std::size_t time_parts = IsSurvival(formula) ? formula.response().parts.size() - 1 : 0;
  const std::size_t p = design.names().size();
  LargestSizes largest(p);
  if (parameters.guarded) CLINNOVA_TRY(AddOwnFrame(site, parameters, sums));
  const bool products = parameters.guarded && sums.layout().blocks[kGram].size > 0;
  CLINNOVA_TRY(federation::ForEachBatch(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, DesignBatch& batch,
          ExactSums& mine) -> Result<void> {
        design.Evaluate(site.table, first, count, batch);
        mine.AddCount(kCases, kComplete, static_cast<std::int64_t>(batch.rows));
        mine.AddCount(kCases, kMissing, static_cast<std::int64_t>(batch.missing));
        mine.AddCount(kCases, kInfinite, static_cast<std::int64_t>(batch.infinite));
        mine.AddCount(kCases, kInvalid, static_cast<std::int64_t>(batch.invalid));
        mine.AddCount(kCases, kStatusTwo, static_cast<std::int64_t>(batch.status_two));
        for (std::size_t part = 0; part < time_parts; ++part) {
          LookAtTimes({batch.response[part].data(), batch.rows}, mine);
        }
        CountLevels(site, design, batch, mine);
        for (std::size_t j = 0; j < p; ++j) {
          std::int64_t zeros = 0;
          std::int64_t ones = 0;
          for (std::size_t r = 0; r < batch.rows; ++r) {
            const double x = batch.x[j * kBatchRows + r];
            zeros += x == 0;
            ones += x == 1;
            mine.Add(kSums, j, x);
            mine.Add(kSquares, j, x * x);
          }
          if (!parameters.guarded) largest.See(j, {batch.x.data() + j * kBatchRows, batch.rows});
          mine.AddCount(kZeros, j, zeros);
          mine.AddCount(kOnes, j, ones);
        }
        if (products) AddProducts(batch, p, mine);
        std::size_t part = 0;
        for (const std::vector<double>& values : batch.response) {
          AddSquares({values.data(), batch.rows}, part++, mine);
        }
        AddSquares({batch.weights.data(), batch.rows}, part++, mine);
        AddSquares({batch.offset.data(), batch.rows}, part, mine);
        return {};
      }));
  largest.Tell(sums);
  return {};
}

Result<void> PreflightHold(const SiteView& site, const PreflightParameters& parameters) {
  if (!parameters.guarded)
    return Fail(ErrorCode::kRefused, "a preflight without the rules' counts", "unguarded_step");
  return HoldPreflight(site, parameters.facts, parameters.magnitudes);
}

}  // namespace

const TypedStep<PreflightParameters> kPreflight{
    "frame.preflight", PreflightLayout, PreflightEvaluate,
    federation::Guard<PreflightParameters>{{federation::Rule::kDominance}, PreflightHold}};

}  // namespace clinnova::stats
