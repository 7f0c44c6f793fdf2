// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_cox.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "federation/batches.h"
#include "stats/cox_likelihood.h"
#include "stats/cox_own_risk.h"
#include "stats/elastic_net_folds.h"
#include "stats/elastic_net_risk_sets.h"
#include "stats/elastic_net_steps.h"
#include "stats/own_sums.h"
#include "stats/row_folds.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Guard;
using federation::Layout;
using federation::PooledSums;
using federation::Rule;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::kBatchRows;

constexpr std::size_t kDenseCells = 1 << 14;
/// Numbers of one round at most: 4 MB from each site.
constexpr std::size_t kNumbersPerRound = std::size_t{1} << 18;
/// Below so many points a round, lambdas had better follow one another.
constexpr std::size_t kManyPoints = 8;

/// Likelihoods at many coefficient vectors, each site's strata by themselves.
enum SiteBlock { kDeviance, kScore, kInformation, kEvents, kInvalid };

Result<Layout> SiteLayout(const Analysis&, const table::Schema&, const NetRiskPoints& points) {
  const std::size_t count = points.betas.size();
  const std::size_t p = points.derivatives != 0 ? points.columns() : 0;
  return Layout{{WideBlock("deviance", count), WideBlock("score", count * (p + 1)),
                 WideBlock("information", count * (p + 1) * (p + 2) / 2), WideBlock("events", 1),
                 CountBlock("invalid", count)}};
}

/// The site's own risk-set sums; their ranges are its own affair, as nothing of them leaves it.
Result<PooledSums> OwnRiskSums(const SiteView& site, const SiteFrame& frame,
                               const NetRiskPoints& points, const std::vector<TimeAxis>& axes) {
  Layout layout = NetRiskLayout(points, axes);
  for (;;) {
    ExactSums mine(layout);
    CLINNOVA_TRY(AddNetRisk(site, frame, points, axes, mine));
    PooledSums sums = OwnSums(mine);
    const std::vector<std::size_t> flagged = sums.FlaggedBlocks();
    if (flagged.empty()) return sums;
    for (const std::size_t block : flagged) layout.blocks[block].exponent += 10;
  }
}

void AddLikelihood(const NetRiskLikelihood& likelihood, std::size_t k, ExactSums& sums) {
  const NetEvaluation& at = likelihood.at;
  if (!at.valid) return sums.AddCount(kInvalid, k);
  sums.Add(kDeviance, k, at.deviance);
  for (std::size_t j = 0; j < at.score.size(); ++j)
    sums.Add(kScore, k * at.score.size() + j, at.score[j]);
  for (std::size_t j = 0; j < at.information.size(); ++j)
    sums.Add(kInformation, k * at.information.size() + j, at.information[j]);
  if (k == 0) sums.Add(kEvents, 0, likelihood.events);
}

Result<void> SiteEvaluate(const SiteView& site, const NetRiskPoints& points, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, points.claim));
  CLINNOVA_ASSIGN(const auto own_rows, OwnRowsOf(site, *frame, points.claim));
  const std::vector<TimeAxis>& axes = own_rows->axes;
  const std::size_t per_point =
      NetRiskNumbers(CellOffsets(axes).back(), points.columns(), points.derivatives != 0);
  const std::size_t at_once = std::max<std::size_t>(1, (std::size_t{1} << 21) / per_point);
  if (points.left_out.size() != points.betas.size()) {
    return Fail(ErrorCode::kRefused, "folds that do not fit the coefficients", "wrong_layout");
  }
  for (std::size_t first = 0; first < points.betas.size(); first += at_once) {
    const auto from = static_cast<std::ptrdiff_t>(first);
    const auto to = static_cast<std::ptrdiff_t>(std::min(first + at_once, points.betas.size()));
    NetRiskPoints some = points;
    some.betas = {points.betas.begin() + from, points.betas.begin() + to};
    some.left_out = {points.left_out.begin() + from, points.left_out.begin() + to};
    CLINNOVA_ASSIGN(const PooledSums own, OwnRiskSums(site, *frame, some, axes));
    for (std::size_t k = 0; k < some.betas.size(); ++k)
      AddLikelihood(NetLikelihood(some, axes, own, k), first + k, sums);
  }
  return {};
}

/// Risk-set sums at the pooled event times.
struct PooledParameters {
  NetRiskPoints points;
  std::vector<TimeAxis> axes;
  template <class A>
  void Fields(A& a) {
    a(points);
    a(axes);
  }
};

Result<Layout> PooledLayout(const Analysis&, const table::Schema&,
                            const PooledParameters& parameters) {
  const NetRiskPoints& points = parameters.points;
  const std::size_t cells = CellOffsets(parameters.axes).back();
  if (NetRiskNumbers(cells, points.columns(), points.derivatives != 0) * points.betas.size() >
      50'000'000) {
    return Fail(ErrorCode::kFailed,
                "too many event times for the risk sets' sums; stratify by site", "too_large");
  }
  return NetRiskLayout(points, parameters.axes);
}

Result<void> PooledEvaluate(const SiteView& site, const PooledParameters& parameters,
                            ExactSums& sums) {
  const NetRiskPoints& points = parameters.points;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, points.claim));
  return AddNetRisk(site, *frame, points, parameters.axes, sums);
}

/// The spread of the columns in each fold, and what the folds hold.
struct SpreadParameters {
  FrameClaim claim;
  std::int64_t folds = 1;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(folds);
  }
};
enum SpreadBlock { kNoFold, kRows, kFoldEvents, kZeros, kOnes, kMoments };

Result<Layout> SpreadLayout(const Analysis&, const table::Schema&,
                            const SpreadParameters& parameters) {
  if (parameters.folds < 1 || parameters.folds > kMaximumFolds) {
    return Fail(ErrorCode::kRefused, "a number of folds outside 1 to 100", "wrong_layout");
  }
  const auto folds = static_cast<std::size_t>(parameters.folds);
  const std::size_t p = parameters.claim.center.size();
  return Layout{{CountBlock("no_fold", 1), CountBlock("rows", folds), CountBlock("events", folds),
                 CountBlock("zeros", folds * p), CountBlock("ones", folds * p),
                 WideBlock("moments", folds * 2 * p)}};
}

/// One thread's working memory.
struct Rows {
  table::DesignBatch design;
  std::vector<std::int32_t> fold;
};

/// Calls use(x, fold, column) for every column of every row whose fold is known.
template <typename Use>
void ForEachValue(const Rows& rows, std::size_t p, Use use) {
  for (std::size_t r = 0; r < rows.design.rows; ++r) {
    if (rows.fold[r] == 0) continue;
    const auto fold = static_cast<std::size_t>(rows.fold[r] - 1);
    for (std::size_t j = 0; j < p; ++j) use(rows.design.x[j * kBatchRows + r], fold, j);
  }
}

Result<void> SpreadEvaluate(const SiteView& site, const SpreadParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_ASSIGN(const RowFolds rule,
                  RowFolds::Create(site.analysis, site.table.schema, parameters.folds));
  const std::size_t p = parameters.claim.center.size();
  return federation::ForEachBatch<Rows>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, Rows& rows, ExactSums& mine) -> Result<void> {
        frame->design.Evaluate(site.table, first, count, rows.design);
        rule.Evaluate(site.table, rows.design, p, rows.fold);
        ForEachValue(rows, p, [&](double x, std::size_t fold, std::size_t j) {
          if (x == 0) mine.AddCount(kZeros, fold * p + j);
          if (x == 1) mine.AddCount(kOnes, fold * p + j);
        });
        Standardise(parameters.claim, rows.design);
        ForEachValue(rows, p, [&](double x, std::size_t fold, std::size_t j) {
          mine.Add(kMoments, fold * 2 * p + j, x);
          mine.Add(kMoments, fold * 2 * p + p + j, x * x);
        });
        for (std::size_t r = 0; r < rows.design.rows; ++r) {
          if (rows.fold[r] == 0) {
            mine.AddCount(kNoFold, 0);
            continue;
          }
          const auto fold = static_cast<std::size_t>(rows.fold[r] - 1);
          mine.AddCount(kRows, fold);
          if (rows.design.response.back()[r] != 0) mine.AddCount(kFoldEvents, fold);
        }
        return {};
      });
}

/// Rule 9 on risk sets that cross sites: bins, and never with a fold left out, which would tell its persons apart.
Result<void> HoldPooled(const SiteView& site, const PooledParameters& parameters) {
  const NetRiskPoints& points = parameters.points;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, points.claim));
  const bool whole = std::all_of(points.left_out.begin(), points.left_out.end(),
                                 [](std::int64_t fold) { return fold == 0; });
  if (!whole) {
    return Fail(ErrorCode::kRefused, "risk-set sums without a fold", "risk_sets_not_binned");
  }
  return HoldExits(site, *frame, points.claim, parameters.axes);
}

const TypedStep<NetRiskPoints> kSiteStep{"elastic_net.cox_site", SiteLayout, SiteEvaluate,
                                         FrameGuard{}};
const TypedStep<PooledParameters> kPooledStep{
    "elastic_net.cox_risk_sets", PooledLayout, PooledEvaluate,
    Guard<PooledParameters>{FrameRules({Rule::kExits}), HoldPooled}};
const TypedStep<SpreadParameters> kSpreadStep{"elastic_net.cox_spread", SpreadLayout,
                                              SpreadEvaluate, FrameGuard{}};

class CoxSource final : public NetSource {
 public:
  CoxSource(Federation& federation, const Analysis& analysis, const ModelFrame& frame)
      : federation_(federation), analysis_(analysis), frame_(frame) {}

  Result<void> Begin(PenaltyUnits units, std::int64_t folds) {
    const auto& strata = frame_.design().strata();
    by_site_ = std::any_of(strata.begin(), strata.end(),
                           [](const auto& stratum) { return stratum.name == "site"; });
    points_.claim = frame_.claim();
    points_.size_exponent = frame_.standardised_exponent();
    const std::int64_t asked = folds > 0 ? folds : analysis_.Has("fold_column") ? kMaximumFolds : 1;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kSpreadStep,
                                                           SpreadParameters{points_.claim, asked}));
    CLINNOVA_TRY(ReadFolds(sums, folds));
    MakeProblems(sums, units);
    return by_site_ ? Result<void>{} : FindEventTimes();
  }

  const std::vector<NetProblem>& problems() const override { return problems_; }
  std::vector<std::int64_t> fold_rows() const override {
    return rows_.size() > 1 ? rows_ : std::vector<std::int64_t>{};
  }
  std::vector<double> fold_weights() const override { return {events_.begin(), events_.end()}; }
  std::vector<double> NullStart(std::size_t) const override {
    return std::vector<double>(frame_.columns());
  }
  double NullScale(std::size_t) const override { return 1; }
  double response_center() const override { return 0; }
  bool many_at_once() const override { return by_site_ || AtOnce(true) >= kManyPoints; }

  Result<std::vector<NetEvaluation>> Evaluate(const std::vector<NetPoint>& points) override {
    return Evaluate(points, true);
  }

  /// As cv.glmnet with grouped = TRUE: the deviance of all rows less that of the training set, per event of the fold.
  Result<std::vector<std::vector<double>>> FoldLoss(
      const std::vector<std::vector<std::vector<double>>>& betas) override {
    std::vector<NetPoint> points;
    for (std::size_t fold = 0; fold < betas.size(); ++fold) {
      for (const std::vector<double>& beta : betas[fold]) {
        points.push_back({0, beta});
        points.push_back({fold + 1, beta});
      }
    }
    CLINNOVA_ASSIGN(const std::vector<NetEvaluation> at, Evaluate(points, false));
    std::vector<std::vector<double>> loss(betas.size());
    std::size_t next = 0;
    for (std::size_t fold = 0; fold < betas.size(); ++fold) {
      for (std::size_t k = 0; k < betas[fold].size(); ++k, next += 2) {
        loss[fold].push_back((at[next].deviance - at[next + 1].deviance) /
                             static_cast<double>(events_[fold]));
      }
    }
    return loss;
  }

  std::vector<std::string> warnings() const override {
    if (!merged_) return {};
    return {"event times are merged until each has at least ten exits"};
  }

 private:
  Result<void> ReadFolds(const PooledSums& sums, std::int64_t folds) {
    events_ = sums.Counts(kFoldEvents);
    if (std::accumulate(events_.begin(), events_.end(), std::int64_t{0}) == 0) {
      return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() + "\": there is no event");
    }
    CLINNOVA_ASSIGN(rows_, UsableFolds(analysis_, sums.Counts(kRows), sums.Count(kNoFold), folds));
    events_.resize(rows_.size());
    if (rows_.size() < 2) return {};
    if (std::count(events_.begin(), events_.end(), 0) > 0) {
      return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() +
                                          "\": a fold has no event, expected one or more");
    }
    const std::int64_t k = federation_.minimum_count();
    if (k > 0 && !by_site_) {
      return Fail(ErrorCode::kRefused,
                  "analysis \"" + analysis_.name() +
                      "\": risk sets with and without a fold tell its persons apart; "
                      "cross-validation needs strata = [\"site\"] under disclosure rules",
                  "risk_sets_not_binned");
    }
    if (k > 0 && *std::min_element(events_.begin(), events_.end()) < k) {
      return Fail(ErrorCode::kRefused,
                  "analysis \"" + analysis_.name() + "\": a fold has fewer than " +
                      std::to_string(k) + " events",
                  "rare_level");
    }
    return CheckFoldRules(analysis_, frame_, {rows_, sums.Counts(kZeros), sums.Counts(kOnes)}, k);
  }

  /// The intercept's column is not part of the model: it is held at zero.
  void MakeProblems(const PooledSums& sums, PenaltyUnits units) {
    const std::size_t p = frame_.columns();
    const auto training = [&](std::size_t problem, std::size_t index) {
      long double sum = 0;
      for (std::size_t fold = 0; fold < rows_.size(); ++fold) {
        if (problem == 0 || fold != problem - 1) sum += sums.Number(kMoments, fold * 2 * p + index);
      }
      return static_cast<double>(sum);
    };
    for (std::size_t f = 0; f <= fold_rows().size(); ++f) {
      const std::int64_t left = f > 0 ? rows_[f - 1] : 0;
      NetProblem problem{static_cast<double>(frame_.n() - left), {0}, {true}, 1};
      for (std::size_t j = 1; j < p; ++j) {
        const double mean = training(f, j) / problem.rows;
        const double square = training(f, p + j) / problem.rows;
        const double variance = square - mean * mean;
        const bool constant = !(variance > 1e-13 * square);
        problem.held.push_back(constant);
        problem.unit.push_back(constant ? 1
                               : units == PenaltyUnits::kStandardised
                                   ? std::sqrt(variance)
                                   : points_.claim.inverse_scale[j]);
      }
      problems_.push_back(std::move(problem));
    }
  }

  /// As in `cox`: the pooled event times of each stratum, merged until each has ten exits under disclosure rules.
  Result<void> FindEventTimes() {
    const std::size_t strata = StrataCount(frame_.design());
    CLINNOVA_ASSIGN(const RiskCounts counts,
                    FindRiskCounts(federation_, analysis_, frame_, 0, kDenseCells / strata));
    merged_ = federation_.minimum_count() > 0;
    axes_ = EventAxes(counts, ExitsNeeded(federation_));
    return {};
  }

  /// Points that one round carries.
  std::size_t AtOnce(bool derivatives) const {
    const std::size_t p = frame_.columns() - 1;
    const std::size_t site = derivatives ? 8 * (1 + (p + 1) + (p + 1) * (p + 2) / 2) : 24;
    const std::size_t numbers =
        by_site_ ? site : NetRiskNumbers(CellOffsets(axes_).back(), p, derivatives);
    return std::max<std::size_t>(by_site_ ? kManyPoints : 1, kNumbersPerRound / numbers);
  }

  Result<std::vector<NetEvaluation>> Evaluate(const std::vector<NetPoint>& points,
                                              bool derivatives) {
    const std::size_t at_once = AtOnce(derivatives);
    points_.folds = static_cast<std::int64_t>(rows_.size());
    points_.derivatives = derivatives ? 1 : 0;
    std::vector<NetEvaluation> all;
    for (std::size_t first = 0; first < points.size(); first += at_once) {
      points_.betas.clear();
      points_.left_out.clear();
      for (std::size_t k = first; k < std::min(first + at_once, points.size()); ++k) {
        points_.betas.emplace_back(points[k].beta.begin() + 1, points[k].beta.end());
        points_.left_out.push_back(static_cast<std::int64_t>(points[k].problem));
      }
      CLINNOVA_ASSIGN(std::vector<NetEvaluation> some, by_site_ ? SiteRound() : PooledRound());
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
  }

  Result<std::vector<NetEvaluation>> SiteRound() {
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kSiteStep, points_));
    const std::size_t p = points_.derivatives != 0 ? points_.columns() + 1 : 1;
    std::vector<NetEvaluation> evaluations(points_.betas.size());
    for (std::size_t k = 0; k < evaluations.size(); ++k) {
      NetEvaluation& at = evaluations[k];
      at.valid = sums.Count(kInvalid, k) == 0;
      at.deviance = sums.Number(kDeviance, k);
      for (std::size_t j = 0; j < p; ++j) at.score.push_back(sums.Number(kScore, k * p + j));
      const std::size_t triangle = p * (p + 1) / 2;
      for (std::size_t j = 0; j < triangle; ++j)
        at.information.push_back(sums.Number(kInformation, k * triangle + j));
    }
    return evaluations;
  }

  Result<std::vector<NetEvaluation>> PooledRound() {
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kPooledStep, PooledParameters{points_, axes_}));
    std::vector<NetEvaluation> evaluations;
    for (std::size_t k = 0; k < points_.betas.size(); ++k)
      evaluations.push_back(NetLikelihood(points_, axes_, sums, k).at);
    return evaluations;
  }

  Federation& federation_;    // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  const ModelFrame& frame_;   // not owned, outlives this
  bool by_site_ = true;
  bool merged_ = false;
  NetRiskPoints points_;              ///< what the rounds share; the vectors are those of the last
  std::vector<TimeAxis> axes_;        ///< event times by stratum; empty when each site has its own
  std::vector<std::int64_t> rows_;    ///< per fold
  std::vector<std::int64_t> events_;  ///< per fold
  std::vector<NetProblem> problems_;
};

}  // namespace

Result<std::unique_ptr<NetSource>> CoxNetSource(Federation& federation, const Analysis& analysis,
                                                const ModelFrame& frame, PenaltyUnits units,
                                                std::int64_t folds) {
  auto source = std::make_unique<CoxSource>(federation, analysis, frame);
  CLINNOVA_TRY(source->Begin(units, folds));
  return source;
}

std::vector<const federation::Step*> CoxNetSteps() {
  std::vector<const federation::Step*> steps = RiskTimeSteps();
  steps.push_back(&kSiteStep);
  steps.push_back(&kSpreadStep);
  steps.push_back(&kPooledStep);
  return steps;
}

}  // namespace clinnova::stats
