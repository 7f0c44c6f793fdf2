// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_cox.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/deterministic_math.h"
#include "stats/cox_likelihood.h"
#include "stats/cox_rows.h"
#include "stats/risk_time.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;

constexpr std::size_t kDenseCells = 1 << 14;
/// Numbers of one round at most.
constexpr std::size_t kNumbersPerRound = std::size_t{1} << 16;

/// Likelihoods at many coefficient vectors, each site's strata by themselves.
struct SiteParameters {
  CoxParameters cox;
  std::vector<std::vector<double>> betas;  ///< standardised scale, without the intercept's column
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(betas);
  }
};
enum SiteBlock { kLogLikelihood, kScore, kInformation, kEvents };

Result<Layout> SiteLayout(const Analysis&, const table::Schema&, const SiteParameters& parameters) {
  const std::size_t p = parameters.cox.beta.size();
  const std::size_t points = parameters.betas.size();
  return Layout{{WideBlock("log_likelihood", points), WideBlock("score", points * p),
                 WideBlock("information", points * p * (p + 1) / 2), WideBlock("events", 1)}};
}

Result<void> SiteEvaluate(const SiteView& site, const SiteParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.cox.claim));
  const std::size_t p = parameters.cox.beta.size();
  const std::size_t triangle = p * (p + 1) / 2;
  for (std::size_t k = 0; k < parameters.betas.size(); ++k) {
    CoxParameters at = parameters.cox;
    at.beta = parameters.betas[k];
    if (at.beta.size() != p) {
      return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
    }
    CLINNOVA_TRY(CheckCoxParameters(*frame, at));
    CLINNOVA_ASSIGN(const OwnRisk own, SumOwnRisk(site, *frame, at));
    if (!own.sums) {
      sums.Flag(kLogLikelihood);
      return {};
    }
    at = own.parameters;
    at.axes = *own.axes;
    const PartialLikelihood likelihood = LikelihoodOf(at, *own.sums);
    sums.Add(kLogLikelihood, k, likelihood.log_likelihood);
    for (std::size_t j = 0; j < p; ++j) sums.Add(kScore, k * p + j, likelihood.score[j]);
    for (std::size_t j = 0; j < triangle; ++j) {
      sums.Add(kInformation, k * triangle + j, likelihood.information[j]);
    }
    if (k == 0) sums.Add(kEvents, 0, likelihood.events);
  }
  return {};
}

/// The spread of the columns and, stratified by site, the largest log-likelihood there could be.
struct SpreadParameters {
  FrameClaim claim;
  bool by_site = true;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(by_site);
  }
};
enum SpreadBlock { kColumnSums, kColumnSquares, kSaturated };

Result<Layout> SpreadLayout(const Analysis&, const table::Schema&,
                            const SpreadParameters& parameters) {
  const std::size_t p = parameters.claim.center.size();
  return Layout{{WideBlock("sums", p), WideBlock("squares", p), WideBlock("saturated", 1)}};
}

/// d ln d of the deaths at one time: what a saturated likelihood loses to ties.
double TieLoss(std::int64_t deaths) {
  const auto d = static_cast<double>(deaths);
  return deaths > 1 ? d * core::Log(d) : 0;
}

Result<void> SpreadEvaluate(const SiteView& site, const SpreadParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  std::vector<TimeAxis> axes;
  if (parameters.by_site) {
    CLINNOVA_ASSIGN(const std::shared_ptr<const std::vector<TimeAxis>> own,
                    OwnEventTimesOf(site, *frame, parameters.claim));
    axes = *own;
  }
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  std::vector<std::int64_t> deaths(offsets.back());
  ForEachRow(site, *frame, parameters.claim,
             [&](const table::DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               for (std::size_t j = 0; j < x.size(); ++j) {
                 sums.Add(kColumnSums, j + 1, x[j]);
                 sums.Add(kColumnSquares, j + 1, x[j] * x[j]);
               }
               const std::size_t parts = batch.response.size();
               if (!parameters.by_site || batch.response[parts - 1][r] == 0) return;
               const std::size_t stratum = StratumOf(frame->design, batch, r);
               ++deaths[offsets[stratum] + axes[stratum].IndexOf(batch.response[parts - 2][r])];
             });
  for (const std::int64_t d : deaths) sums.Add(kSaturated, 0, -TieLoss(d));
  return {};
}

const TypedStep<SiteParameters> kSiteStep{"elastic_net.cox_site", SiteLayout, SiteEvaluate,
                                          CoxGuard{}};
const TypedStep<SpreadParameters> kSpreadStep{"elastic_net.cox_spread", SpreadLayout,
                                              SpreadEvaluate, FrameGuard{}};

class CoxSource final : public NetSource {
 public:
  CoxSource(Federation& federation, const Analysis& analysis, const ModelFrame& frame)
      : federation_(federation), analysis_(analysis), frame_(frame) {}

  Result<void> Begin(PenaltyUnits units) {
    const auto& strata = frame_.design().strata();
    by_site_ = std::any_of(strata.begin(), strata.end(),
                           [](const auto& stratum) { return stratum.name == "site"; });
    cox_.claim = frame_.claim();
    cox_.beta.assign(frame_.columns() - 1, 0.0);
    cox_.ties = Ties::kBreslow;
    cox_.size_exponent = frame_.standardised_exponent();
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kSpreadStep,
                                                           SpreadParameters{cox_.claim, by_site_}));
    saturated_ = sums.Number(kSaturated);
    MakeProblem(sums, units);
    return by_site_ ? Result<void>{} : FindEventTimes();
  }

  const std::vector<NetProblem>& problems() const override { return problems_; }
  std::vector<std::int64_t> fold_rows() const override { return {}; }
  std::vector<double> NullStart(std::size_t) const override {
    return std::vector<double>(frame_.columns());
  }
  double NullScale(std::size_t) const override { return 1; }
  double response_center() const override { return 0; }
  bool many_at_once() const override { return by_site_; }

  Result<std::vector<NetEvaluation>> Evaluate(const std::vector<NetPoint>& points) override {
    if (!by_site_) return EvaluateOneByOne(points);
    const std::size_t p = frame_.columns() - 1;
    const std::size_t at_once =
        std::max<std::size_t>(8, kNumbersPerRound / (1 + p + p * (p + 1) / 2));
    std::vector<NetEvaluation> all;
    for (std::size_t first = 0; first < points.size(); first += at_once) {
      SiteParameters parameters{cox_, {}};
      for (std::size_t k = first; k < std::min(first + at_once, points.size()); ++k) {
        parameters.betas.emplace_back(points[k].beta.begin() + 1, points[k].beta.end());
      }
      CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kSiteStep, parameters));
      CLINNOVA_TRY(CheckEvents(sums.Number(kEvents)));
      for (std::size_t k = 0; k < parameters.betas.size(); ++k) {
        PartialLikelihood at;
        at.log_likelihood = sums.Number(kLogLikelihood, k);
        for (std::size_t j = 0; j < p; ++j) at.score.push_back(sums.Number(kScore, k * p + j));
        const std::size_t triangle = p * (p + 1) / 2;
        for (std::size_t j = 0; j < triangle; ++j) {
          at.information.push_back(sums.Number(kInformation, k * triangle + j));
        }
        all.push_back(EvaluationOf(at));
      }
    }
    return all;
  }

  Result<std::vector<std::vector<double>>> FoldLoss(
      const std::vector<std::vector<std::vector<double>>>&) override {
    return std::vector<std::vector<double>>{};
  }

  std::vector<std::string> warnings() const override {
    if (!merged_) return {};
    return {"event times are merged until each has at least ten exits"};
  }

 private:
  Result<void> CheckEvents(double events) const {
    if (events > 0) return {};
    return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() + "\": there is no event");
  }

  /// The intercept's column is not part of the model: it is held at zero.
  void MakeProblem(const PooledSums& sums, PenaltyUnits units) {
    NetProblem problem{static_cast<double>(frame_.n()), {0}, {true}, 1};
    for (std::size_t j = 1; j < frame_.columns(); ++j) {
      const double mean = sums.Number(kColumnSums, j) / problem.rows;
      const double square = sums.Number(kColumnSquares, j) / problem.rows;
      const double variance = square - mean * mean;
      const bool constant = !(variance > 1e-13 * square);
      problem.held.push_back(constant);
      problem.unit.push_back(constant                               ? 1
                             : units == PenaltyUnits::kStandardised ? std::sqrt(variance)
                                                                    : cox_.claim.inverse_scale[j]);
    }
    problems_ = {std::move(problem)};
  }

  /// As in `cox`: the pooled event times of each stratum, merged until each has ten exits under disclosure rules.
  Result<void> FindEventTimes() {
    const std::size_t strata = StrataCount(frame_.design());
    CLINNOVA_ASSIGN(TimeAxis axis,
                    FindTimeAxis(federation_, analysis_, frame_, 0, kDenseCells / strata));
    CLINNOVA_ASSIGN(const RiskCounts counts,
                    CountRisk(federation_, analysis_, frame_, std::move(axis)));
    merged_ = federation_.minimum_count() > 0;
    const std::size_t size = counts.axis.size();
    for (std::size_t s = 0; s < strata; ++s) {
      TimeAxis times;
      times.binned = merged_;
      std::int64_t open = 0;
      for (std::size_t t = 0; t < size; ++t) {
        const std::int64_t events = counts.events[s * size + t];
        open += events + counts.censored[s * size + t];
        if (merged_ ? open < ExitsNeeded(federation_) : events == 0) continue;
        times.times.push_back(counts.axis.Time(t));
        if (merged_) times.exits.push_back(open);
        open = 0;
      }
      if (merged_ && open > 0 && !times.times.empty()) {
        times.times.back() = counts.axis.Time(size - 1);
        times.exits.back() += open;
      }
      cox_.axes.push_back(std::move(times));
    }
    return {};
  }

  Result<std::vector<NetEvaluation>> EvaluateOneByOne(const std::vector<NetPoint>& points) {
    std::vector<NetEvaluation> all;
    for (const NetPoint& point : points) {
      if (last_ && last_beta_ == point.beta) {
        all.push_back(*last_);
        continue;
      }
      cox_.beta.assign(point.beta.begin() + 1, point.beta.end());
      CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kCoxRiskStep, cox_));
      cox_.risk_exponent = std::max(cox_.risk_exponent, sums.layout().blocks[0].exponent);
      const PartialLikelihood at = LikelihoodOf(cox_, sums);
      CLINNOVA_TRY(CheckEvents(at.events));
      saturated_ = 0;
      ForEachEventTime(cox_, cox_.axes, sums,
                       [this](const EventTime& time) { saturated_ -= TieLoss(time.deaths); });
      last_ = EvaluationOf(at);
      last_beta_ = point.beta;
      all.push_back(*last_);
    }
    return all;
  }

  NetEvaluation EvaluationOf(const PartialLikelihood& at) const {
    NetEvaluation evaluation;
    evaluation.valid = std::isfinite(at.log_likelihood);
    evaluation.deviance = 2 * (saturated_ - at.log_likelihood);
    evaluation.score = {0};
    evaluation.information = {0};
    evaluation.score.insert(evaluation.score.end(), at.score.begin(), at.score.end());
    std::size_t cell = 0;
    for (std::size_t i = 0; i < at.score.size(); ++i) {
      evaluation.information.push_back(0);
      for (std::size_t j = 0; j <= i; ++j) evaluation.information.push_back(at.information[cell++]);
    }
    return evaluation;
  }

  Federation& federation_;    // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  const ModelFrame& frame_;   // not owned, outlives this
  bool by_site_ = true;
  bool merged_ = false;
  CoxParameters cox_;
  double saturated_ = 0;
  std::vector<NetProblem> problems_;
  std::optional<NetEvaluation> last_;
  std::vector<double> last_beta_;
};

}  // namespace

Result<std::unique_ptr<NetSource>> CoxNetSource(Federation& federation, const Analysis& analysis,
                                                const ModelFrame& frame, PenaltyUnits units) {
  auto source = std::make_unique<CoxSource>(federation, analysis, frame);
  CLINNOVA_TRY(source->Begin(units));
  return source;
}

std::vector<const federation::Step*> CoxNetSteps() {
  std::vector<const federation::Step*> steps = RiskTimeSteps();
  steps.push_back(&kSiteStep);
  steps.push_back(&kSpreadStep);
  steps.push_back(&kCoxRiskStep);
  return steps;
}

}  // namespace clinnova::stats
