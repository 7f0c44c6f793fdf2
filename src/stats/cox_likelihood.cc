// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_likelihood.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/deterministic_math.h"
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
  kDeathTotal,  ///< over all events: x'beta, then x
  kDeathWeight  ///< by event time, where there are case weights
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
  return layout;
}

void AddRow(const CoxParameters& parameters, const TimeAxis& axis, std::size_t offset,
            const DesignBatch& batch, std::size_t r, const std::vector<double>& x,
            ExactSums& sums) {
  const double eta = LinearPredictor(batch, r, x, parameters.beta);
  const double weight = batch.weights[r];
  if (weight == 0) return;
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

/// Sums of weight, x and x x' over a risk set.
struct Moments {
  explicit Moments(std::size_t p) : first(p), second(p * (p + 1) / 2) {}

  void Add(const PooledSums& sums, std::size_t block, std::size_t index) {
    zero += sums.Number(block, index);
    for (std::size_t j = 0; j < first.size(); ++j) {
      first[j] += sums.Number(block + 1, index * first.size() + j);
    }
    for (std::size_t j = 0; j < second.size(); ++j) {
      second[j] += sums.Number(block + 2, index * second.size() + j);
    }
  }

  long double zero = 0;
  std::vector<long double> first;
  std::vector<long double> second;
};

void Clear(std::size_t p, EventTime& at) {
  at.log_risk = at.hazard = at.hazard_variance = at.own_hazard = 0;
  at.hazard_mean.assign(p, 0);
  at.own_hazard_mean.assign(p, 0);
  at.mean.assign(p, 0);
  at.variance.assign(p * (p + 1) / 2, 0);
}

/// Adds the step with phi = risk - fraction * dying, `times` times.
void AddStep(const Moments& risk, const Moments& dying, long double fraction, long double times,
             EventTime& at) {
  const std::size_t p = risk.first.size();
  const long double zero = risk.zero - fraction * dying.zero;
  at.log_risk += times * static_cast<long double>(core::Log(static_cast<double>(zero)));
  at.hazard += times / zero;
  at.hazard_variance += times / (zero * zero);
  at.own_hazard += (1 - fraction) * times / zero;
  std::vector<long double> mean(p);
  for (std::size_t j = 0; j < p; ++j) {
    mean[j] = (risk.first[j] - fraction * dying.first[j]) / zero;
    at.mean[j] += times * mean[j];
    at.hazard_mean[j] += times * mean[j] / zero;
    at.own_hazard_mean[j] += (1 - fraction) * times * mean[j] / zero;
  }
  std::size_t cell = 0;
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      const long double second = (risk.second[cell] - fraction * dying.second[cell]) / zero;
      at.variance[cell] += times * (second - mean[i] * mean[j]);
    }
  }
}

PartialLikelihood Likelihood(const CoxParameters& parameters, const std::vector<TimeAxis>& axes,
                             const PooledSums& sums) {
  const std::size_t p = parameters.beta.size();
  PartialLikelihood likelihood;
  likelihood.score.resize(p);
  likelihood.information.resize(p * (p + 1) / 2);
  ForEachEventTime(parameters, axes, sums, [&](const EventTime& at) {
    likelihood.events += static_cast<double>(at.deaths);
    likelihood.log_likelihood -= static_cast<double>(at.log_risk);
    for (std::size_t j = 0; j < p; ++j) likelihood.score[j] -= static_cast<double>(at.mean[j]);
    for (std::size_t j = 0; j < at.variance.size(); ++j) {
      likelihood.information[j] += static_cast<double>(at.variance[j]);
    }
  });
  likelihood.log_likelihood += sums.Number(kDeathTotal, 0);
  for (std::size_t j = 0; j < p; ++j) likelihood.score[j] += sums.Number(kDeathTotal, 1 + j);
  return likelihood;
}

/// The site's own event times, per stratum.
std::vector<TimeAxis> OwnEventTimes(const SiteView& site, const SiteFrame& frame,
                                    const FrameClaim& claim) {
  std::vector<TimeAxis> axes(StrataCount(frame.design));
  ForEachRow(
      site, frame, claim, [&](const DesignBatch& batch, std::size_t r, const std::vector<double>&) {
        const std::size_t parts = batch.response.size();
        if (batch.response[parts - 1][r] == 0) return;
        axes[StratumOf(frame.design, batch, r)].times.push_back(batch.response[parts - 2][r]);
      });
  for (TimeAxis& axis : axes) {
    std::sort(axis.times.begin(), axis.times.end());
    axis.times.erase(std::unique(axis.times.begin(), axis.times.end()), axis.times.end());
  }
  return axes;
}

void AddRows(const SiteView& site, const SiteFrame& frame, const CoxParameters& parameters,
             const std::vector<TimeAxis>& axes, ExactSums& sums) {
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  ForEachRow(site, frame, parameters.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const std::size_t stratum = StratumOf(frame.design, batch, r);
               if (axes[stratum].size() == 0) return;  // nobody has an event here
               AddRow(parameters, axes[stratum], offsets[stratum], batch, r, x, sums);
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
  CLINNOVA_ASSIGN(const OwnRisk own, SumOwnRisk(site, *frame, parameters));
  if (!own.sums) {
    sums.Flag(kCoxLogLikelihood);
    return {};
  }
  const PartialLikelihood likelihood = Likelihood(own.parameters, *own.axes, *own.sums);
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
  AddRows(site, *frame, parameters, parameters.axes, sums);
  return {};
}

}  // namespace

std::vector<std::size_t> CellOffsets(const std::vector<TimeAxis>& axes) {
  std::vector<std::size_t> offsets{0};
  for (const TimeAxis& axis : axes) offsets.push_back(offsets.back() + axis.size());
  return offsets;
}

void ForEachEventTime(const CoxParameters& parameters, const std::vector<TimeAxis>& axes,
                      const PooledSums& sums, const std::function<void(const EventTime&)>& use) {
  const std::size_t p = parameters.beta.size();
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  EventTime at;
  for (at.stratum = 0; at.stratum < axes.size(); ++at.stratum) {
    Moments risk(p);
    for (std::size_t k = axes[at.stratum].size(); k-- > 0;) {
      const std::size_t cell = offsets[at.stratum] + k;
      risk.Add(sums, kRisk0, cell);
      at.index = k;
      at.deaths = sums.Count(kDeathCount, cell);
      if (at.deaths == 0) continue;
      Clear(p, at);
      Moments dying(p);
      const auto deaths = static_cast<long double>(at.deaths);
      at.weight = parameters.weighted ? sums.Number(kDeathWeight, cell) : deaths;
      if (parameters.ties == Ties::kBreslow || at.deaths == 1) {
        AddStep(risk, dying, 0, at.weight, at);
      } else {
        dying.Add(sums, kDeaths0, cell);
        for (std::int64_t m = 0; m < at.deaths; ++m) {
          AddStep(risk, dying, static_cast<long double>(m) / deaths, at.weight / deaths, at);
        }
      }
      use(at);
    }
  }
}

Result<void> CheckCoxParameters(const SiteFrame& frame, const CoxParameters& parameters) {
  if (parameters.beta.size() + 1 != frame.design.names().size() ||
      (!parameters.axes.empty() && parameters.axes.size() != StrataCount(frame.design)) ||
      std::llabs(parameters.risk_exponent) > 200 || std::llabs(parameters.size_exponent) > 200) {
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

Result<std::shared_ptr<const std::vector<TimeAxis>>> OwnEventTimesOf(const SiteView& site,
                                                                     const SiteFrame& frame,
                                                                     const FrameClaim& claim) {
  const auto& strata = frame.design.strata();
  if (std::none_of(strata.begin(), strata.end(), [](const auto& s) { return s.name == "site"; })) {
    return Fail(ErrorCode::kRefused, "strata that cross sites", "not_stratified_by_site");
  }
  return site.cache.GetOrMake<std::vector<TimeAxis>>(
      "cox event times " + site.analysis.name(), [&] { return OwnEventTimes(site, frame, claim); });
}

Result<OwnRisk> SumOwnRisk(const SiteView& site, const SiteFrame& frame,
                           const CoxParameters& parameters) {
  OwnRisk own;
  CLINNOVA_ASSIGN(own.axes, OwnEventTimesOf(site, frame, parameters.claim));
  own.parameters = parameters;
  // The range of e^(x'beta) is the site's own affair: nothing of these sums leaves it.
  for (int attempt = 0; attempt < 40; ++attempt, own.parameters.risk_exponent += 10) {
    const Layout layout = RiskLayout(own.parameters, *own.axes);
    ExactSums mine(layout);
    AddRows(site, frame, own.parameters, *own.axes, mine);
    if (mine.flagged()) continue;
    CLINNOVA_ASSIGN(own.sums, PooledSums::Decode(layout, mine.Seal(core::Hash{})));
    break;
  }
  return own;
}

PartialLikelihood LikelihoodOf(const CoxParameters& parameters, const PooledSums& sums) {
  return Likelihood(parameters, parameters.axes, sums);
}

const federation::TypedStep<CoxParameters> kCoxSiteStep{"cox.site", SiteLayout, SiteEvaluate,
                                                        CoxGuard{}};
const federation::TypedStep<CoxParameters> kCoxRiskStep{"cox.risk_sets", RiskStepLayout,
                                                        RiskEvaluate, CoxGuard{}};

}  // namespace clinnova::stats
