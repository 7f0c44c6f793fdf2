// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_risk_sets.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/cox_likelihood.h"
#include "stats/row_folds.h"

namespace clinnova::stats {
namespace {

using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

constexpr double kLargestPredictor = 60;

/// The blocks of one vector. `risk` blocks hold what changes between two event times: + for those who leave, - for those
/// who come in; cumulated from the last time they are the risk sets' sums.
enum PointBlock { kRisk0, kRisk1, kRisk2, kDeaths, kDeathTotal, kInvalid, kPointBlocks };

/// One thread's working memory.
struct Rows {
  DesignBatch design;
  std::vector<std::int32_t> fold;
  std::vector<double> x;
};

/// A row at risk from `before` to `through` on its stratum's axis.
struct RowTimes {
  std::size_t offset = 0;
  std::size_t before = 0;
  std::size_t through = 0;
  bool event = false;
  std::size_t event_at = 0;
};

RowTimes TimesOf(const DesignBatch& batch, std::size_t r, const TimeAxis& axis,
                 std::size_t offset) {
  const std::size_t parts = batch.response.size();
  const double stop = batch.response[parts - 2][r];
  RowTimes times;
  times.offset = offset;
  times.through = axis.AtRiskThrough(stop);
  times.before = parts == 3 ? axis.BeforeEntry(batch.response[0][r]) : 0;
  times.event = batch.response[parts - 1][r] != 0;
  times.event_at = times.event ? axis.IndexOf(stop) : 0;
  return times;
}

void AddRisk(const NetRiskPoints& points, std::size_t first, const RowTimes& times,
             const std::vector<double>& x, double risk, ExactSums& sums) {
  if (times.through <= times.before) return;  // never at risk at an event
  const auto add = [&](std::size_t cell, double weight) {
    if (points.derivatives != 0) {
      sums.AddMoments({first + kRisk0, first + kRisk1, first + kRisk2}, cell, x, weight);
    } else {
      sums.Add(first + kRisk0, cell, weight);
    }
  };
  add(times.offset + times.through - 1, risk);
  if (times.before > 0) add(times.offset + times.before - 1, -risk);
}

void AddRow(const NetRiskPoints& points, std::size_t k, const RowTimes& times, double offset,
            const std::vector<double>& x, ExactSums& sums) {
  const std::size_t first = k * kPointBlocks;
  const std::vector<double>& beta = points.betas[k];
  double eta = offset;
  for (std::size_t j = 0; j < x.size(); ++j) eta += beta[j] * x[j];
  if (!(std::fabs(eta) <= kLargestPredictor)) return sums.AddCount(first + kInvalid, 0);
  AddRisk(points, first, times, x, core::Exp(eta), sums);
  if (!times.event) return;
  sums.AddCount(first + kDeaths, times.offset + times.event_at);
  sums.Add(first + kDeathTotal, 0, eta);
  for (std::size_t j = 0; points.derivatives != 0 && j < x.size(); ++j)
    sums.Add(first + kDeathTotal, 1 + j, x[j]);
}

Result<void> CheckPoints(const NetRiskPoints& points, const SiteFrame& frame,
                         const std::vector<TimeAxis>& axes) {
  const std::size_t p = frame.design.names().size() - 1;
  const bool fit = std::all_of(points.betas.begin(), points.betas.end(),
                               [&](const auto& beta) { return beta.size() == p; }) &&
                   points.left_out.size() == points.betas.size() &&
                   axes.size() == StrataCount(frame.design);
  if (fit) return {};
  return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
}

/// Risk-set sums cumulated from the last time, and what they make of the likelihood.
class RiskSets {
 public:
  explicit RiskSets(std::size_t p) : first_(p), second_(p * (p + 1) / 2) {}

  void Cumulate(const PooledSums& sums, std::size_t block, std::size_t cell) {
    zero_ += sums.Number(block + kRisk0, cell);
    for (std::size_t j = 0; j < first_.size(); ++j)
      first_[j] += sums.Number(block + kRisk1, cell * first_.size() + j);
    for (std::size_t j = 0; j < second_.size(); ++j)
      second_[j] += sums.Number(block + kRisk2, cell * second_.size() + j);
  }
  double LogRisk() const { return core::Log(static_cast<double>(zero_)); }
  void Take(long double deaths, NetEvaluation& at) const {
    std::size_t cell = 0;
    for (std::size_t i = 0; i < first_.size(); ++i) {
      const long double mean = first_[i] / zero_;
      at.score[i + 1] -= static_cast<double>(deaths * mean);
      for (std::size_t j = 0; j <= i; ++j, ++cell) {
        const long double variance = second_[cell] / zero_ - mean * (first_[j] / zero_);
        at.information[(i + 1) * (i + 2) / 2 + j + 1] += static_cast<double>(deaths * variance);
      }
    }
  }

 private:
  long double zero_ = 0;
  std::vector<long double> first_;
  std::vector<long double> second_;
};

}  // namespace

std::size_t NetRiskNumbers(std::size_t cells, std::size_t columns, bool derivatives) {
  const std::size_t per_cell = derivatives ? 2 + columns + columns * (columns + 1) / 2 : 2;
  return cells * per_cell + 8 * (1 + columns);
}

Layout NetRiskLayout(const NetRiskPoints& points, const std::vector<TimeAxis>& axes) {
  const std::size_t p = points.derivatives != 0 ? points.columns() : 0;
  const std::size_t cells = CellOffsets(axes).back();
  const auto risk = static_cast<int>(points.risk_exponent);
  const auto size = static_cast<int>(points.size_exponent);
  Layout layout;
  for (std::size_t k = 0; k < points.betas.size(); ++k) {
    const std::string of = std::to_string(k);
    layout.blocks.push_back(ScaledBlock("risk0_" + of, cells, risk));
    layout.blocks.push_back(ScaledBlock("risk1_" + of, cells * p, risk + size));
    layout.blocks.push_back(ScaledBlock("risk2_" + of, cells * p * (p + 1) / 2, risk + 2 * size));
    layout.blocks.push_back(CountBlock("deaths_" + of, cells));
    layout.blocks.push_back(WideBlock("death_total_" + of, 1 + p));
    layout.blocks.push_back(CountBlock("invalid_" + of, 1));
  }
  return layout;
}

Result<void> AddNetRisk(const SiteView& site, const SiteFrame& frame, const NetRiskPoints& points,
                        const std::vector<TimeAxis>& axes, ExactSums& sums) {
  CLINNOVA_TRY(CheckPoints(points, frame, axes));
  CLINNOVA_ASSIGN(const RowFolds rule,
                  RowFolds::Create(site.analysis, site.table.schema, points.folds));
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  const std::size_t columns = frame.design.names().size();
  return federation::ForEachBatch<Rows>(
      site.table.rows, site.threads, sums,
      [&](std::size_t from, std::size_t count, Rows& rows, ExactSums& mine) -> Result<void> {
        frame.design.Evaluate(site.table, from, count, rows.design);
        rule.Evaluate(site.table, rows.design, columns, rows.fold);
        Standardise(points.claim, rows.design);
        rows.x.resize(columns - 1);
        for (std::size_t r = 0; r < rows.design.rows; ++r) {
          const std::size_t stratum = StratumOf(frame.design, rows.design, r);
          if (axes[stratum].size() == 0) continue;  // nobody has an event here
          const RowTimes times = TimesOf(rows.design, r, axes[stratum], offsets[stratum]);
          if (times.event && times.event_at == axes[stratum].size()) {
            return Fail(ErrorCode::kRefused, "an event off the hub's times", "time_off_axis");
          }
          for (std::size_t j = 1; j < columns; ++j)
            rows.x[j - 1] = rows.design.x[j * kBatchRows + r];
          for (std::size_t k = 0; k < points.betas.size(); ++k) {
            if (points.left_out[k] != 0 && rows.fold[r] == points.left_out[k]) continue;
            AddRow(points, k, times, rows.design.offset[r], rows.x, mine);
          }
        }
        return {};
      });
}

NetRiskLikelihood NetLikelihood(const NetRiskPoints& points, const std::vector<TimeAxis>& axes,
                                const PooledSums& sums, std::size_t k) {
  const std::size_t block = k * kPointBlocks;
  const std::size_t p = points.derivatives != 0 ? points.columns() : 0;
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  NetRiskLikelihood likelihood;
  NetEvaluation& at = likelihood.at;
  at.score.assign(p + 1, 0.0);  // with the intercept's place
  at.information.assign((p + 1) * (p + 2) / 2, 0.0);
  at.valid = sums.Count(block + kInvalid) == 0;
  if (!at.valid) return likelihood;
  long double log_likelihood = sums.Number(block + kDeathTotal, 0);
  long double saturated = 0;
  for (std::size_t s = 0; s < axes.size(); ++s) {
    RiskSets risk(p);
    for (std::size_t cell = offsets[s + 1]; cell-- > offsets[s];) {
      risk.Cumulate(sums, block, cell);
      const std::int64_t deaths = sums.Count(block + kDeaths, cell);
      if (deaths == 0) continue;
      const auto d = static_cast<double>(deaths);
      likelihood.events += d;
      log_likelihood -= d * risk.LogRisk();
      saturated -= d * core::Log(d);
      risk.Take(d, at);
    }
  }
  for (std::size_t j = 0; j < p; ++j) at.score[j + 1] += sums.Number(block + kDeathTotal, 1 + j);
  at.deviance = static_cast<double>(2 * (saturated - log_likelihood));
  at.valid = std::isfinite(at.deviance);
  return likelihood;
}

}  // namespace clinnova::stats
