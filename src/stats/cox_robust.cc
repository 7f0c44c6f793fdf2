// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_robust.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/deterministic_math.h"
#include "stats/cox_own_risk.h"
#include "stats/cox_rows.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;

HazardPath HazardPathOf(std::size_t p, const std::vector<TimeAxis>& axes,
                        const std::function<void(const UseEventTime&)>& for_each) {
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  const std::size_t cells = offsets.back();
  HazardPath path;
  path.hazard.assign(cells, 0);
  path.own_hazard.assign(cells, 0);
  for (auto* vectors : {&path.hazard_mean, &path.own_hazard_mean, &path.mean})
    vectors->assign(cells * p, 0);
  for_each([&](const EventTime& at) {
    const std::size_t cell = offsets[at.stratum] + at.index;
    path.hazard[cell] = static_cast<double>(at.hazard);
    path.own_hazard[cell] = static_cast<double>(at.own_hazard);
    for (std::size_t j = 0; j < p; ++j) {
      path.hazard_mean[cell * p + j] = static_cast<double>(at.hazard_mean[j]);
      path.own_hazard_mean[cell * p + j] = static_cast<double>(at.own_hazard_mean[j]);
      path.mean[cell * p + j] = static_cast<double>(at.mean[j] / at.weight);
    }
  });
  for (std::size_t s = 0; s < axes.size(); ++s) {
    for (std::size_t cell = offsets[s] + 1; cell < offsets[s + 1]; ++cell) {
      path.hazard[cell] += path.hazard[cell - 1];
      for (std::size_t j = cell * p; j < (cell + 1) * p; ++j)
        path.hazard_mean[j] += path.hazard_mean[j - p];
    }
  }
  return path;
}

void AddSquare(const std::vector<double>& residual, ExactSums& sums) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++at) sums.Add(0, at, residual[i] * residual[j]);
  }
}

void ClusteredResiduals::Add(std::int64_t cluster, const std::vector<double>& residual) {
  finite_ = finite_ && std::all_of(residual.begin(), residual.end(),
                                   [](double u) { return std::isfinite(u); });
  clusters_.push_back(cluster);
  residuals_.insert(residuals_.end(), residual.begin(), residual.end());
}

void ClusteredResiduals::AddSquares(ExactSums& sums) const {
  if (!finite_) return sums.Flag(0);
  std::vector<std::size_t> order(clusters_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (clusters_[a] != clusters_[b]) return clusters_[a] < clusters_[b];
    const double* first = residuals_.data() + a * p_;
    const double* second = residuals_.data() + b * p_;
    return std::lexicographical_compare(first, first + p_, second, second + p_);
  });
  std::vector<double> total(p_);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = 0; j < p_; ++j) total[j] += residuals_[order[i] * p_ + j];
    if (i + 1 < order.size() && clusters_[order[i + 1]] == clusters_[order[i]]) continue;
    AddSquare(total, sums);
    total.assign(p_, 0.0);
  }
}

namespace {

/// Score residuals of rows, each in its place of `out`.
class ScoreResiduals {
 public:
  ScoreResiduals(const std::vector<double>& beta, const std::vector<TimeAxis>& axes,
                 const HazardPath& path)
      : beta_(beta), axes_(axes), path_(path), offsets_(CellOffsets(axes)) {}

  void Of(const DesignBatch& batch, std::size_t row, std::size_t stratum,
          const std::vector<double>& x, std::vector<double>& out) const {
    const std::size_t p = x.size();
    out.assign(p, 0.0);
    const double weight = batch.weights[row];
    if (weight == 0) return;
    const TimeAxis& axis = axes_[stratum];
    if (axis.size() == 0) return;
    const std::size_t parts = batch.response.size();
    const double stop = batch.response[parts - 2][row];
    const bool event = batch.response[parts - 1][row] != 0;
    const std::size_t before = parts == 3 ? axis.BeforeEntry(batch.response[0][row]) : 0;
    // Of one who dies, the last time counts by itself.
    const std::size_t last = event ? axis.IndexOf(stop) : axis.AtRiskThrough(stop);
    const double risk = core::Exp(LinearPredictor(batch, row, x, beta_));
    const std::size_t offset = offsets_[stratum];
    if (last > before) AddExposure(offset + last - 1, x, -risk, out);
    if (last > before && before > 0) AddExposure(offset + before - 1, x, risk, out);
    if (event) AddEvent(offset + last, x, risk, out);
    for (double& residual : out) residual *= weight;
  }

 private:
  void AddEvent(std::size_t cell, const std::vector<double>& x, double risk,
                std::vector<double>& out) const {
    const std::size_t p = x.size();
    for (std::size_t j = 0; j < p; ++j) {
      out[j] += x[j] - path_.mean[cell * p + j];
      out[j] -= risk * (x[j] * path_.own_hazard[cell] - path_.own_hazard_mean[cell * p + j]);
    }
  }

  void AddExposure(std::size_t cell, const std::vector<double>& x, double risk,
                   std::vector<double>& out) const {
    for (std::size_t j = 0; j < x.size(); ++j) {
      out[j] += risk * (x[j] * path_.hazard[cell] - path_.hazard_mean[cell * x.size() + j]);
    }
  }

  const std::vector<double>& beta_;    // not owned, outlives this
  const std::vector<TimeAxis>& axes_;  // not owned, outlives this
  const HazardPath& path_;             // not owned, outlives this
  std::vector<std::size_t> offsets_;
};

Result<void> AddMeat(const SiteView& site, const SiteFrame& frame,
                     const CoxMeatParameters& parameters, const ScoreResiduals& residuals,
                     ExactSums& sums) {
  const bool named = parameters.clusters == Clusters::kNamed;
  ClusteredResiduals clustered(parameters.cox.beta.size());
  std::vector<double> residual;
  bool cluster_missing = false;
  ForEachRow(site, frame, parameters.cox.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               residuals.Of(batch, r, StratumOf(frame.design, batch, r), x, residual);
               if (!named) return AddSquare(residual, sums);
               if (batch.cluster.empty()) {
                 cluster_missing = true;
                 return;
               }
               clustered.Add(batch.cluster.back()[r], residual);
             });
  if (cluster_missing)
    return Fail(ErrorCode::kRefused, "the analysis names no cluster", "no_cluster");
  if (named) clustered.AddSquares(sums);
  return {};
}

Result<Layout> MeatLayout(const Analysis&, const table::Schema&,
                          const CoxMeatParameters& parameters) {
  const std::size_t p = parameters.cox.beta.size();
  return Layout{{WideBlock("meat", p * (p + 1) / 2)}};
}

Result<void> MeatEvaluate(const SiteView& site, const CoxMeatParameters& parameters,
                          ExactSums& sums) {
  const CoxParameters& cox = parameters.cox;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, cox.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, cox));
  if (cox.axes.empty()) {
    CLINNOVA_ASSIGN(const std::shared_ptr<const OwnRows> rows, OwnRowsOf(site, *frame, cox.claim));
    bool usable = false;
    const HazardPath path = HazardPathOf(cox.beta.size(), rows->axes, [&](const UseEventTime& use) {
      usable = ForEachOwnEventTime(*rows, cox, use);
    });
    if (usable) return AddMeat(site, *frame, parameters, {cox.beta, rows->axes, path}, sums);
    sums.Flag(0);
    return {};
  }
  const std::size_t cells = CellOffsets(cox.axes).back();
  const HazardPath& path = parameters.path;
  const std::size_t p = cox.beta.size();
  if (path.hazard.size() != cells || path.own_hazard.size() != cells ||
      path.hazard_mean.size() != cells * p || path.own_hazard_mean.size() != cells * p ||
      path.mean.size() != cells * p) {
    return Fail(ErrorCode::kRefused, "hazards that do not fit the event times", "wrong_layout");
  }
  bool off_axis = false;
  ForEachRow(site, *frame, cox.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>&) {
               const std::size_t parts = batch.response.size();
               const TimeAxis& axis = cox.axes[StratumOf(frame->design, batch, r)];
               off_axis = off_axis || (batch.response[parts - 1][r] != 0 &&
                                       axis.IndexOf(batch.response[parts - 2][r]) == axis.size());
             });
  if (off_axis) return Fail(ErrorCode::kRefused, "an event off the hub's times", "time_off_axis");
  return AddMeat(site, *frame, parameters, {cox.beta, cox.axes, path}, sums);
}

Result<Layout> FractionsLayout(const Analysis&, const table::Schema&, const CoxParameters&) {
  return Layout{{federation::CountBlock("fractions", 1)}};
}

Result<void> FractionsEvaluate(const SiteView& site, const CoxParameters& parameters,
                               ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  ForEachRow(site, *frame, parameters.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>&) {
               const double weight = batch.weights[r];
               if (weight != std::floor(weight)) sums.AddCount(0, 0);
             });
  return {};
}

}  // namespace

const federation::TypedStep<CoxParameters> kCoxFractionsStep{
    "cox.fractional_weights", FractionsLayout, FractionsEvaluate, CoxGuard{}};
const federation::TypedStep<CoxMeatParameters> kCoxMeatStep{"cox.meat", MeatLayout, MeatEvaluate,
                                                            CoxGuard{}};

std::size_t AskCoxMeat(const CoxParameters& parameters, Clusters clusters, const HazardPath& path,
                       RoundParts& parts) {
  return parts.Ask(kCoxMeatStep, CoxMeatParameters{parameters, clusters, path});
}

HazardPath HazardPathOf(const CoxSolution& solution) { return ExpectedPath(solution, {}); }

HazardPath ExpectedPath(const CoxSolution& solution, std::span<const double> step) {
  const CoxParameters& cox = solution.parameters;
  return HazardPathOf(cox.beta.size(), cox.axes, [&](const UseEventTime& use) {
    ForEachEventTime(cox, cox.axes, *solution.sums, use, step);
  });
}

bool IsAsGood(const HazardPath& expected, const HazardPath& path) {
  constexpr double kTolerance = 1e-11;
  const auto near = [](const std::vector<double>& a, const std::vector<double>& b,
                       const std::vector<double>* scale) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double unit = scale == nullptr ? 1.0 : (*scale)[i / (b.size() / scale->size())];
      if (!(std::fabs(a[i] - b[i]) <= kTolerance * (unit + std::fabs(b[i])))) return false;
    }
    return true;
  };
  return near(expected.hazard, path.hazard, &path.hazard) &&
         near(expected.hazard_mean, path.hazard_mean, &path.hazard) &&
         near(expected.own_hazard, path.own_hazard, &path.own_hazard) &&
         near(expected.own_hazard_mean, path.own_hazard_mean, &path.own_hazard) &&
         near(expected.mean, path.mean, nullptr);
}

}  // namespace clinnova::stats
