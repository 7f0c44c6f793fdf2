// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_likelihood.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/cox_own_risk.h"
#include "stats/cox_rows.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;

namespace {

/// Sums by event time. `risk` blocks hold what changes between two event times: + for those who leave, - for
/// those who come in; cumulated from the last time they are the risk sets' sums.
enum RiskBlock {
  kRisk0,
  kRisk1,
  kRisk2,
  kDeaths0,  ///< of those with an event at the time, weighted by their risk (Efron)
  kDeaths1,
  kDeaths2,
  kDeathCount,
  kDeathTotal,   ///< over all events: x'beta, then x
  kDeathWeight,  ///< by event time, where there are case weights
  kOffsets       ///< weight * offset and weight
};

std::size_t Cells(const std::vector<TimeAxis>& axes) {
  std::size_t cells = 0;
  for (const TimeAxis& axis : axes) cells += axis.size();
  return cells;
}

Layout RiskLayout(const CoxParameters& parameters, const std::vector<TimeAxis>& axes) {
  const std::size_t p = parameters.beta.size();
  const std::size_t cells = Cells(axes);
  const std::size_t efron = parameters.ties == Ties::kEfron ? cells : 0;
  const int risk = static_cast<int>(parameters.risk_exponent);
  const int size = static_cast<int>(parameters.size_exponent);
  const auto blocks = [&](const char* zero, const char* one, const char* two, std::size_t count) {
    return std::vector<federation::BlockSpec>{
        ScaledBlock(zero, count, risk), ScaledBlock(one, count * p, risk + size),
        ScaledBlock(two, count * p * (p + 1) / 2, risk + 2 * size)};
  };
  Layout layout{blocks("risk0", "risk1", "risk2", cells)};
  for (const federation::BlockSpec& block : blocks("deaths0", "deaths1", "deaths2", efron)) {
    layout.blocks.push_back(block);
  }
  layout.blocks.push_back(CountBlock("death_count", cells));
  layout.blocks.push_back(WideBlock("death_total", 1 + p));
  layout.blocks.push_back(WideBlock("death_weight", parameters.weighted ? cells : 0));
  layout.blocks.push_back(WideBlock("offsets", 2));
  return layout;
}

void AddRow(const CoxParameters& parameters, const TimeAxis& axis, std::size_t offset,
            const DesignBatch& batch, std::size_t r, const std::vector<double>& x,
            ExactSums& sums) {
  const double eta = LinearPredictor(batch, r, x, parameters.beta);
  const double weight = batch.weights[r];
  if (weight == 0) return;
  sums.Add(kOffsets, 0, weight * batch.offset[r]);
  sums.Add(kOffsets, 1, weight);
  const double risk = weight * core::Exp(eta);
  const std::size_t parts = batch.response.size();
  const double stop = batch.response[parts - 2][r];
  const std::size_t through = axis.AtRiskThrough(stop);
  const std::size_t before = parts == 3 ? axis.BeforeEntry(batch.response[0][r]) : 0;
  if (through > before) {  // else never at risk at an event
    sums.AddMoments({kRisk0, kRisk1, kRisk2}, offset + through - 1, x, risk);
    if (before > 0) sums.AddMoments({kRisk0, kRisk1, kRisk2}, offset + before - 1, x, -risk);
  }
  if (batch.response[parts - 1][r] == 0) return;
  const std::size_t k = axis.IndexOf(stop);
  if (k == axis.size()) return sums.Flag(kDeathTotal);
  if (parameters.ties == Ties::kEfron) {
    sums.AddMoments({kDeaths0, kDeaths1, kDeaths2}, offset + k, x, risk);
  }
  sums.AddCount(kDeathCount, offset + k);
  if (parameters.weighted) sums.Add(kDeathWeight, offset + k, weight);
  sums.Add(kDeathTotal, 0, weight * eta);
  for (std::size_t j = 0; j < x.size(); ++j) sums.Add(kDeathTotal, 1 + j, weight * x[j]);
}

/// Adds the sums of weight, x and x x' of three blocks to `numbers`, one after the other.
void AddNumbers(const PooledSums& sums, std::size_t block, std::size_t index, std::size_t p,
                std::vector<long double>& numbers) {
  long double* to = numbers.data();
  std::size_t size = 1;
  for (std::size_t power = 0; power <= 2; ++power) {
    for (std::size_t j = 0; j < size; ++j) *to++ += sums.Number(block + power, index * size + j);
    size = power == 0 ? p : p * (p + 1) / 2;
  }
}

/// Sums of r, r x and r x x' after beta has moved by `step`, by Taylor: r changes by the factor e^(x'step).
std::vector<long double> Moved(std::vector<long double> sums, std::span<const double> step) {
  const std::size_t p = step.size();
  std::size_t cell = 1 + p;
  std::vector<long double> change(p);  // of the sums of r x
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      change[i] += sums[cell] * step[j];
      if (j < i) change[j] += sums[cell] * step[i];
    }
  }
  for (std::size_t i = 0; i < p; ++i) {
    sums[0] += (sums[1 + i] + change[i] / 2) * step[i];
    sums[1 + i] += change[i];
  }
  return sums;
}

PartialLikelihood EmptyLikelihood(std::size_t p) {
  PartialLikelihood likelihood;
  likelihood.score.resize(p);
  likelihood.information.resize(p * (p + 1) / 2);
  return likelihood;
}

/// All of an event time's part but what those who die have themselves.
void AddEventTime(const EventTime& at, PartialLikelihood& likelihood) {
  likelihood.events += static_cast<double>(at.deaths);
  likelihood.log_likelihood -= static_cast<double>(at.log_risk);
  for (std::size_t j = 0; j < at.mean.size(); ++j)
    likelihood.score[j] -= static_cast<double>(at.mean[j]);
  for (std::size_t j = 0; j < at.variance.size(); ++j)
    likelihood.information[j] += static_cast<double>(at.variance[j]);
}

Result<void> AddRows(const SiteView& site, const SiteFrame& frame, const CoxParameters& parameters,
                     ExactSums& sums) {
  const std::vector<TimeAxis>& axes = parameters.axes;
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  const std::size_t p = parameters.beta.size();
  return federation::ForEachBatch(site.table.rows, site.threads, sums,
                                  [&](std::size_t first, std::size_t count, DesignBatch& batch,
                                      ExactSums& mine) -> Result<void> {
                                    frame.design.Evaluate(site.table, first, count, batch);
                                    Standardise(parameters.claim, batch);
                                    std::vector<double> x(p);
                                    for (std::size_t r = 0; r < batch.rows; ++r) {
                                      const std::size_t stratum = StratumOf(frame.design, batch, r);
                                      if (axes[stratum].size() == 0)
                                        continue;  // nobody has an event here
                                      for (std::size_t j = 0; j < p; ++j)
                                        x[j] = batch.x[(j + 1) * kBatchRows + r];
                                      AddRow(parameters, axes[stratum], offsets[stratum], batch, r,
                                             x, mine);
                                    }
                                    return {};
                                  });
}

Result<Layout> SiteLayout(const Analysis&, const table::Schema&, const CoxParameters& parameters) {
  const std::size_t p = parameters.beta.size();
  return Layout{{WideBlock("log_likelihood", 1), WideBlock("score", p),
                 WideBlock("information", p * (p + 1) / 2), WideBlock("events", 1)}};
}

Result<void> SiteEvaluate(const SiteView& site, const CoxParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, parameters));
  CLINNOVA_ASSIGN(const auto own, OwnLikelihood(site, *frame, parameters));
  if (!own) {
    sums.Flag(kCoxLogLikelihood);
    return {};
  }
  const PartialLikelihood& likelihood = *own;
  sums.Add(kCoxLogLikelihood, 0, likelihood.log_likelihood);
  sums.Add(kCoxEvents, 0, likelihood.events);
  for (std::size_t j = 0; j < likelihood.score.size(); ++j)
    sums.Add(kCoxScore, j, likelihood.score[j]);
  for (std::size_t j = 0; j < likelihood.information.size(); ++j) {
    sums.Add(kCoxInformation, j, likelihood.information[j]);
  }
  return {};
}

Result<Layout> RiskStepLayout(const Analysis&, const table::Schema&,
                              const CoxParameters& parameters) {
  const std::size_t p = parameters.beta.size();
  if (Cells(parameters.axes) * (p + 1) * (p + 2) > 50'000'000) {
    return Fail(ErrorCode::kFailed,
                "too many event times for the risk sets' sums; stratify by site or set time_grid",
                "too_large");
  }
  return RiskLayout(parameters, parameters.axes);
}

Result<void> RiskEvaluate(const SiteView& site, const CoxParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, parameters));
  if (parameters.axes.size() != StrataCount(frame->design)) {
    return Fail(ErrorCode::kRefused, "event times that do not fit the strata", "wrong_layout");
  }
  return AddRows(site, *frame, parameters, sums);
}

}  // namespace

std::vector<std::size_t> CellOffsets(const std::vector<TimeAxis>& axes) {
  std::vector<std::size_t> offsets{0};
  for (const TimeAxis& axis : axes) offsets.push_back(offsets.back() + axis.size());
  return offsets;
}

void ForEachEventTime(const CoxParameters& parameters, const std::vector<TimeAxis>& axes,
                      const PooledSums& sums, const UseEventTime& use,
                      std::span<const double> step) {
  const std::size_t p = parameters.beta.size();
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  const std::size_t numbers = 1 + p + p * (p + 1) / 2;
  EventTime at;
  for (at.stratum = 0; at.stratum < axes.size(); ++at.stratum) {
    std::vector<long double> risk(numbers);
    for (at.index = axes[at.stratum].size(); at.index-- > 0;) {
      const std::size_t cell = offsets[at.stratum] + at.index;
      AddNumbers(sums, kRisk0, cell, p, risk);
      at.deaths = sums.Count(kDeathCount, cell);
      if (at.deaths == 0) continue;
      at.weight = parameters.weighted ? static_cast<long double>(sums.Number(kDeathWeight, cell))
                                      : static_cast<long double>(at.deaths);
      std::vector<long double> dying(numbers);
      if (at.deaths > 1 && parameters.ties == Ties::kEfron)
        AddNumbers(sums, kDeaths0, cell, p, dying);
      if (step.empty()) {
        SumSteps(risk, dying, p, parameters.ties, at);
      } else {
        SumSteps(Moved(risk, step), Moved(dying, step), p, parameters.ties, at);
      }
      use(at);
    }
  }
}

bool IsRangeExponent(std::int64_t exponent) { return exponent >= -200 && exponent <= 200; }

Result<void> CheckCoxParameters(const SiteFrame& frame, const CoxParameters& parameters) {
  if (parameters.beta.size() + 1 != frame.design.names().size() ||
      (!parameters.axes.empty() && parameters.axes.size() != StrataCount(frame.design)) ||
      !IsRangeExponent(parameters.risk_exponent) || !IsRangeExponent(parameters.size_exponent)) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return {};
}

Result<void> HoldCox(const SiteView& site, const CoxParameters& parameters) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, parameters));
  return HoldExits(site, *frame, parameters.claim, parameters.axes);
}

Result<std::optional<PartialLikelihood>> OwnLikelihood(const SiteView& site, const SiteFrame& frame,
                                                       const CoxParameters& parameters) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const OwnRows> rows,
                  OwnRowsOf(site, frame, parameters.claim));
  PartialLikelihood likelihood = EmptyLikelihood(rows->p);
  const bool usable = ForEachOwnEventTime(
      *rows, parameters, [&](const EventTime& at) { AddEventTime(at, likelihood); });
  if (!usable) return std::optional<PartialLikelihood>{};
  long double linear_predictor = rows->death_sum[0];
  for (std::size_t j = 0; j < rows->p; ++j) {
    linear_predictor += parameters.beta[j] * rows->death_sum[1 + j];
    likelihood.score[j] += static_cast<double>(rows->death_sum[1 + j]);
  }
  likelihood.log_likelihood += static_cast<double>(linear_predictor);
  return std::optional(std::move(likelihood));
}

PartialLikelihood LikelihoodOf(const CoxParameters& parameters, const PooledSums& sums) {
  PartialLikelihood likelihood = EmptyLikelihood(parameters.beta.size());
  ForEachEventTime(parameters, parameters.axes, sums,
                   [&](const EventTime& at) { AddEventTime(at, likelihood); });
  likelihood.log_likelihood += sums.Number(kDeathTotal, 0);
  for (std::size_t j = 0; j < likelihood.score.size(); ++j)
    likelihood.score[j] += sums.Number(kDeathTotal, 1 + j);
  return likelihood;
}

double MeanOffset(const PooledSums& sums) {
  return sums.Number(kOffsets, 0) / sums.Number(kOffsets, 1);
}

const federation::TypedStep<CoxParameters> kCoxSiteStep{"cox.site", SiteLayout, SiteEvaluate,
                                                        CoxGuard{}};
const federation::TypedStep<CoxParameters> kCoxRiskStep{"cox.risk_sets", RiskStepLayout,
                                                        RiskEvaluate, CoxGuard{}};

}  // namespace clinnova::stats
