// SPDX-License-Identifier: Apache-2.0
#include "stats/accelerated_failure.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/model_frame.h"
#include "stats/newton.h"
#include "stats/survival_distribution.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;
using Json = nlohmann::ordered_json;

/// z = slope * y - x'gamma, y being the log time less offset and centre, times inverse_scale.
struct FailureParameters {
  FrameClaim claim;
  bool moments = false;  ///< only kTimes and kCounts: mean and spread of the log times
  double center = 0;
  double inverse_scale = 1;   ///< a power of two
  std::vector<double> gamma;  ///< standardised scale
  double slope = 1;
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(moments);
    a(center);
    a(inverse_scale);
    a(gamma);
    a(slope);
    a(score_exponent);
    a(information_exponent);
  }
};

/// Score and information of gamma and, last, slope; without what ln slope adds.
enum FailureBlock { kScore, kInformation, kTimes, kCounts };
enum TimeNumber { kLogLikelihood, kWeight, kWeightedEvents, kLogTime, kLogTimeSquared, kTimeSize };
enum FailureCount { kPositiveWeight, kEvents, kInvalidTime, kOutside, kCountSize };

// --- the site ---------------------------------------------------------------------------------

struct FailureBatch {
  DesignBatch design;  ///< with -y as a further column
  std::vector<double> eta = std::vector<double>(kBatchRows);
  std::vector<double> log_time = std::vector<double>(kBatchRows);
  std::vector<double> log_entry = std::vector<double>(kBatchRows);  ///< where `entered`
  std::vector<char> entered = std::vector<char>(kBatchRows);        ///< under observation late
  std::vector<double> score = std::vector<double>(kBatchRows);
  std::vector<double> information = std::vector<double>(kBatchRows);
};

Result<Layout> FailureLayout(const Analysis&, const table::Schema&,
                             const FailureParameters& parameters) {
  const std::size_t p = parameters.moments ? 0 : parameters.claim.center.size() + 1;
  return Layout{{ScaledBlock("score", p, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", p * (p + 1) / 2,
                             static_cast<int>(parameters.information_exponent)),
                 WideBlock("times", kTimeSize), CountBlock("counts", kCountSize)}};
}

/// Log times of the batch; false when a time has none.
bool ReadTimes(FailureBatch& batch, ExactSums& sums) {
  const DesignBatch& design = batch.design;
  std::int64_t invalid = 0;
  std::int64_t positive = 0;
  std::int64_t events = 0;
  const std::size_t parts = design.response.size();
  for (std::size_t r = 0; r < design.rows; ++r) {
    const double time = design.response[parts - 2][r];
    const double entry = parts == 3 ? design.response[0][r] : 0;
    invalid += time > 0 ? 0 : 1;
    batch.log_time[r] = time > 0 ? core::Log(time) : 0;
    batch.entered[r] = entry > 0 ? 1 : 0;
    batch.log_entry[r] = entry > 0 ? core::Log(entry) : 0;
    if (!(design.weights[r] > 0)) continue;
    ++positive;
    events += design.response[parts - 1][r] == 1 ? 1 : 0;
  }
  sums.AddCount(kCounts, kInvalidTime, invalid);
  sums.AddCount(kCounts, kPositiveWeight, positive);
  sums.AddCount(kCounts, kEvents, events);
  return invalid == 0;
}

void AddMoments(const FailureBatch& batch, ExactSums& sums) {
  for (std::size_t r = 0; r < batch.design.rows; ++r) {
    const double weight = batch.design.weights[r];
    if (!(weight > 0)) continue;
    const double y = batch.log_time[r] - batch.design.offset[r];
    sums.Add(kTimes, kWeight, weight);
    sums.Add(kTimes, kWeightedEvents, weight * batch.design.response.back()[r]);
    sums.Add(kTimes, kLogTime, weight * y);
    sums.Add(kTimes, kLogTimeSquared, weight * (y * y));
  }
}

/// The further column -y of these log times.
void SetTimes(const FailureParameters& parameters, const std::vector<double>& log_time,
              FailureBatch& batch) {
  DesignBatch& design = batch.design;
  const std::size_t p = parameters.gamma.size();
  design.x.resize((p + 1) * kBatchRows);
  double* last = design.x.data() + p * kBatchRows;
  std::fill(last, last + kBatchRows, 0.0);
  for (std::size_t r = 0; r < design.rows; ++r) {
    const double y = log_time[r] - design.offset[r] - parameters.center;
    last[r] = -(y * parameters.inverse_scale);
  }
}

/// x'gamma.
void Predict(const FailureParameters& parameters, FailureBatch& batch) {
  DesignBatch& design = batch.design;
  const std::size_t p = parameters.gamma.size();
  std::fill(batch.eta.begin(), batch.eta.end(), 0.0);
  for (std::size_t j = 0; j < p; ++j) {
    const double* x = design.x.data() + j * kBatchRows;
    for (std::size_t r = 0; r < design.rows; ++r) batch.eta[r] += parameters.gamma[j] * x[r];
  }
}

/// What a row's term of the likelihood is of: density or survival at its time, or survival at its entry, which is
/// divided by.
enum class Moment { kExit, kEntry };

void AddLikelihood(SurvivalDistribution distribution, const FailureParameters& parameters,
                   Moment moment, FailureBatch& batch, ExactSums& sums) {
  const bool entry = moment == Moment::kEntry;
  SetTimes(parameters, entry ? batch.log_entry : batch.log_time, batch);
  const DesignBatch& design = batch.design;
  const std::size_t p = parameters.gamma.size();
  const double* y = design.x.data() + p * kBatchRows;
  const double log_slope = core::Log(parameters.slope * parameters.inverse_scale);
  std::int64_t outside = 0;
  for (std::size_t r = 0; r < design.rows; ++r) {
    batch.score[r] = batch.information[r] = 0;
    const double weight = entry ? -design.weights[r] : design.weights[r];
    if (weight == 0 || (entry && batch.entered[r] == 0)) continue;
    const double z = -parameters.slope * y[r] - batch.eta[r];
    const bool event = !entry && design.response.back()[r] == 1;
    const LogTerm term = event ? LogDensity(distribution, z) : LogSurvival(distribution, z);
    if (!std::isfinite(term.value) || !std::isfinite(term.second)) {
      ++outside;
      continue;
    }
    const double constant = event ? log_slope - batch.log_time[r] : 0;
    sums.Add(kTimes, kLogLikelihood, weight * (term.value + constant));
    batch.score[r] = -weight * term.first;
    batch.information[r] = -weight * term.second;
  }
  sums.AddCount(kCounts, kOutside, outside);
  const federation::ColumnsView x{design.x.data(), kBatchRows, p + 1};
  sums.AddWeightedColumns(kScore, 0, x, batch.score.data(), design.rows);
  sums.AddWeightedGram(kInformation, 0, x, batch.information.data(), design.rows);
}

Result<SurvivalDistribution> DistributionOf(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string word, analysis.Text("distribution", ""));
  auto distribution = ParseSurvivalDistribution(word);
  if (!distribution) return FailAt("analysis \"" + analysis.name() + "\"", distribution);
  return distribution;
}

Result<void> FailureEvaluate(const SiteView& site, const FailureParameters& parameters,
                             ExactSums& sums) {
  CLINNOVA_ASSIGN(const SurvivalDistribution distribution, DistributionOf(site.analysis));
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const bool fits = parameters.gamma.size() == frame->design.names().size() &&
                    parameters.slope > 0 && parameters.inverse_scale > 0;
  if (!parameters.moments && !fits) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  return federation::ForEachBatch<FailureBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, FailureBatch& batch,
          ExactSums& mine) -> Result<void> {
        frame->design.Evaluate(site.table, first, count, batch.design);
        if (!ReadTimes(batch, mine)) return {};
        if (parameters.moments) {
          AddMoments(batch, mine);
          return {};
        }
        Standardise(parameters.claim, batch.design);
        Predict(parameters, batch);
        AddLikelihood(distribution, parameters, Moment::kExit, batch, mine);
        if (batch.design.response.size() == 3)
          AddLikelihood(distribution, parameters, Moment::kEntry, batch, mine);
        return {};
      });
}

const federation::TypedStep<FailureParameters> kFailureStep{"aft.score", FailureLayout,
                                                            FailureEvaluate, FrameGuard{}};

// --- the coordinator --------------------------------------------------------------------------

class FailureFit {
 public:
  FailureFit(Federation& federation, const Analysis& analysis, SurvivalDistribution distribution,
             double level, ModelFrame frame)
      : federation_(federation),
        analysis_(analysis),
        fixed_scale_(distribution == SurvivalDistribution::kExponential),
        confidence_level_(level),
        frame_(std::move(frame)) {}

  Result<Json> Run() {
    CLINNOVA_TRY(ReadMoments());
    const int z = std::max(frame_.standardised_exponent(), 5);
    parameters_.score_exponent = frame_.weights_exponent() + z + 3;
    parameters_.information_exponent = frame_.weights_exponent() + 2 * z + 3;
    std::vector<double> start(p() + (fixed_scale_ ? 0 : 1), 0.0);
    // The exponential's mean needs no more than a start within reach.
    parameters_.slope = 1 / parameters_.inverse_scale;
    if (!fixed_scale_) start[p()] = 1;
    const auto evaluate = [&](const std::vector<double>& at) { return Evaluate(at); };
    auto fit = MaximiseLikelihood(std::move(start), evaluate);
    if (!fit) return FailAt("analysis \"" + analysis_.name() + "\"", fit);
    fit_ = std::move(*fit);
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns(); }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  Result<void> ReadMoments() {
    parameters_.claim = frame_.claim();
    parameters_.moments = true;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kFailureStep, parameters_));
    parameters_.moments = false;
    if (sums.Count(kCounts, kInvalidTime) != 0) {
      return Fail(ErrorCode::kInvalidInput, Where() + "found " +
                                                std::to_string(sums.Count(kCounts, kInvalidTime)) +
                                                " times of 0 or less, expected times above 0");
    }
    positive_weight_ = sums.Count(kCounts, kPositiveWeight);
    events_ = sums.Count(kCounts, kEvents);
    if (events_ == 0) return Fail(ErrorCode::kFailed, Where() + "there is no event");
    const std::int64_t k = federation_.minimum_count();
    if (events_ < k) {
      return Fail(ErrorCode::kRefused,
                  Where() + "fewer events than the threshold of " + std::to_string(k),
                  "rare_level");
    }
    const double weight = sums.Number(kTimes, kWeight);
    weighted_events_ = sums.Number(kTimes, kWeightedEvents);
    // Without an intercept nothing takes up what the times are centred by.
    if (frame_.design().intercept()) parameters_.center = sums.Number(kTimes, kLogTime) / weight;
    const double variance =
        sums.Number(kTimes, kLogTimeSquared) / weight - parameters_.center * parameters_.center;
    const int exponent = variance > 0 ? ExponentOf(std::sqrt(variance)) : 0;
    parameters_.inverse_scale = std::ldexp(1.0, -exponent);
    return {};
  }

  Result<LikelihoodAt> Evaluate(const std::vector<double>& at) {
    LikelihoodAt likelihood;
    parameters_.gamma.assign(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(p()));
    if (!fixed_scale_) parameters_.slope = at[p()];
    likelihood.inside = parameters_.slope > 0;
    if (!likelihood.inside) return likelihood;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kFailureStep, parameters_));
    parameters_.score_exponent = sums.layout().blocks[kScore].exponent;
    parameters_.information_exponent = sums.layout().blocks[kInformation].exponent;
    likelihood.inside = sums.Count(kCounts, kOutside) == 0;
    likelihood.log_likelihood = sums.Number(kTimes, kLogLikelihood);
    likelihood.score = sums.Numbers(kScore);
    likelihood.information = FromLowerTriangle(sums.Numbers(kInformation), p() + 1);
    if (fixed_scale_) {
      likelihood.score.pop_back();
      likelihood.information.pop_back();
      for (std::vector<double>& row : likelihood.information) row.pop_back();
      return likelihood;
    }
    likelihood.score[p()] += weighted_events_ / parameters_.slope;
    likelihood.information[p()][p()] += weighted_events_ / (parameters_.slope * parameters_.slope);
    return likelihood;
  }

  /// Coefficients, then ln scale unless it is fixed, of the original columns and times.
  Coefficients OriginalScale() const {
    const std::size_t size = fit_.estimate.size();
    const double slope = fixed_scale_ ? parameters_.slope : fit_.estimate[p()];
    const double inverse = 1 / (slope * parameters_.inverse_scale);  // the scale
    Matrix jacobian(size, std::vector<double>(size));
    Coefficients result;
    result.confidence_level = confidence_level_;
    for (std::size_t j = 0; j < p(); ++j) {
      jacobian[j][j] = inverse;
      if (!fixed_scale_) jacobian[j][p()] = -fit_.estimate[j] * inverse / slope;
      result.estimates.push_back(fit_.estimate[j] * inverse);
    }
    if (frame_.design().intercept()) result.estimates[0] += parameters_.center;
    if (!fixed_scale_) {
      jacobian[p()][p()] = -1 / slope;
      result.estimates.push_back(core::Log(inverse));
    }
    result.covariance = Congruence(jacobian, fit_.covariance);
    Matrix transform(size, std::vector<double>(size));
    for (std::size_t j = 0; j < size; ++j) {
      const bool column = j < p();
      transform[j][j] = column ? frame_.claim().inverse_scale[j] : 1;
      if (column && j > 0 && frame_.design().intercept())
        transform[0][j] = -transform[j][j] * frame_.claim().center[j];
    }
    ApplyTransform(transform, result.estimates, result.covariance);
    result.names = frame_.design().names();
    if (!fixed_scale_) result.names.emplace_back("Log(scale)");
    for (std::size_t j = 0; j < size; ++j) {
      result.estimable.push_back(fit_.converged && !fit_.aliased[j]);
    }
    return result;
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = AliasedWarnings(frame_.design().names(), fit_.aliased);
    if (!fit_.converged) {
      warnings.push_back(
          "not converged: some estimate is infinite, as where a group has no event; none is "
          "given");
    }
    return warnings;
  }

  Json Report() const {
    const Coefficients terms = OriginalScale();
    const auto number = [&](double value) {
      return fit_.converged ? NumberJson(value) : Json(nullptr);
    };
    const auto parameters = static_cast<double>(fit_.rank);
    Json result;
    result["n"] = positive_weight_;
    result["n_missing"] = frame_.n_missing();
    result["n_events"] = events_;
    result["converged"] = fit_.converged;
    result["warnings"] = Warnings();
    result["terms"] = TermsJson(terms);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    result["scale"] = number(fixed_scale_ ? 1 : core::Exp(terms.estimates[p()]));
    result["log_lik"] = number(fit_.log_likelihood);
    result["aic"] = number(-2 * fit_.log_likelihood + 2 * parameters);
    result["bic"] = number(-2 * fit_.log_likelihood +
                           std::log(static_cast<double>(positive_weight_)) * parameters);
    result["df_residual"] = positive_weight_ - static_cast<std::int64_t>(fit_.rank);
    result["iterations"] = fit_.iterations;
    result["formula"] = frame_.formula().text();
    result["distribution"] = analysis_.Text("distribution", "weibull").value_or("");
    result["conf_level"] = confidence_level_;
    result["ratio"] = "time ratio";
    return result;
  }

  Federation& federation_;
  const Analysis& analysis_;
  bool fixed_scale_;
  double confidence_level_;
  ModelFrame frame_;
  FailureParameters parameters_;
  NewtonFit fit_;
  std::int64_t positive_weight_ = 0;
  std::int64_t events_ = 0;
  double weighted_events_ = 0;
};

Result<Json> RunAcceleratedFailure(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const SurvivalDistribution distribution, DistributionOf(analysis));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  if (formula.response().kind != table::Response::Kind::kSurvival) {
    return analysis.Wrong("formula",
                          "expected Surv(time, status) or Surv(start, stop, status) before ~");
  }
  if (!formula.strata().empty() || !formula.clusters().empty()) {
    return analysis.Wrong("formula", "strata() and cluster() are not there for aft");
  }
  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
  return FailureFit(federation, analysis, distribution, level, std::move(frame)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "distribution", "weights"};

}  // namespace

Method AcceleratedFailureMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kFailureStep);
  return {"aft", "accelerated failure time model", kOptions, std::move(steps),
          RunAcceleratedFailure};
}

}  // namespace clinnova::stats
