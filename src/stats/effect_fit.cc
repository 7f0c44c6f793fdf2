// SPDX-License-Identifier: Apache-2.0
#include "stats/effect_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stats/effect_steps.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;

/// Weights up to 2^this need no repeated round.
constexpr int kUsualWeight = 6;

class Rounds {
 public:
  Rounds(Federation& federation, const Analysis& analysis, const EffectOptions& options,
         const ModelFrame& frame)
      : federation_(federation),
        analysis_(analysis),
        options_(options),
        frame_(frame),
        p_(frame.columns()),
        arms_(frame.design().strata().front().levels.size()) {}

  Result<EffectFit> Run() {
    fit_.arm_counts = ArmCounts(frame_.claim(), frame_.design());
    CLINNOVA_TRY(FitModels());
    if (!ModelsAreFit()) return fit_;
    CLINNOVA_TRY(Target());
    if (!TargetsAreFit()) return fit_;
    CLINNOVA_TRY(Means());
    CLINNOVA_TRY(Influence());
    fit_.converged = true;
    return fit_;
  }

 private:
  const std::string& Level(std::size_t arm) const {
    return frame_.design().strata().front().levels[arm];
  }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }
  int OutcomeExponent() const { return frame_.response_exponents().front() + 1; }

  EffectModels Models() const {
    EffectModels models;
    models.binary = fit_.binary;
    if (fit_.propensity) models.gamma = fit_.propensity->point();
    for (const NewtonIteration& outcome : outcomes_) {
      models.beta.insert(models.beta.end(), outcome.point().begin(), outcome.point().end());
    }
    return models;
  }

  // --- Models ---

  Result<PooledSums> ModelRound() {
    EffectModelParameters parameters;
    parameters.claim = frame_.claim();
    parameters.models = Models();
    const int z = frame_.standardised_exponent();
    parameters.propensity_score_exponent = z;
    parameters.information_exponent = 2 * z;
    parameters.outcome_score_exponent = z + outcome_range_;
    CLINNOVA_ASSIGN(PooledSums sums, federation_.Sum(analysis_, kEffectModelStep, parameters));
    outcome_range_ += static_cast<int>(sums.layout().blocks[kOutcomeScore].exponent -
                                       parameters.outcome_score_exponent);
    return sums;
  }

  std::int64_t Count(const PooledSums& sums, std::size_t arm, ArmCount which) const {
    return sums.Count(kArmCounts, arm * kArmCountSize + which);
  }

  /// The outcome's family, and rule 3 on treatment by binary outcome.
  Result<void> LookAtOutcome(const PooledSums& sums) {
    const std::int64_t k = federation_.minimum_count();
    std::int64_t others = 0;
    bool rare = false;
    for (std::size_t a = 0; a < arms_; ++a) {
      others += Count(sums, a, kOthers);
      for (const ArmCount which : {kZeros, kOnes}) {
        rare |= Count(sums, a, which) > 0 && Count(sums, a, which) < k;
      }
    }
    if (others == 0 && rare) {
      return Fail(
          ErrorCode::kRefused,
          Where() + "an arm has an outcome with fewer than " + std::to_string(k) + " persons",
          "rare_level");
    }
    if (options_.outcome_family == "binomial" && others > 0) {
      return analysis_.Wrong("outcome_family",
                             "found \"binomial\", but the outcome is neither 0 "
                             "nor 1 in " +
                                 std::to_string(others) + " rows");
    }
    fit_.binary =
        options_.outcome_family.empty() ? others == 0 : options_.outcome_family == "binomial";
    return {};
  }

  Result<void> FitModels() {
    outcome_range_ = OutcomeExponent();
    if (options_.needs_propensity()) fit_.propensity.emplace((arms_ - 1) * p_);
    // What the first round counts decides the outcome's family; the outcome models begin with the second.
    CLINNOVA_ASSIGN(PooledSums sums, ModelRound());
    CLINNOVA_TRY(LookAtOutcome(sums));
    StepModels(sums);
    if (options_.needs_outcome_models()) outcomes_.assign(arms_, NewtonIteration(p_));
    while (!Done()) {
      CLINNOVA_ASSIGN(sums, ModelRound());
      StepModels(sums);
    }
    // Whom the trimming leaves out is counted at the models as they are now.
    if (options_.trim > 0 && fit_.propensity->converged()) {
      CLINNOVA_ASSIGN(sums, ModelRound());
      CLINNOVA_TRY(CheckTrimming(sums));
    }
    return {};
  }

  bool Done() const {
    const bool outcomes = std::all_of(outcomes_.begin(), outcomes_.end(),
                                      [](const NewtonIteration& fit) { return fit.done(); });
    return outcomes && (!fit_.propensity || fit_.propensity->done());
  }

  void StepModels(const PooledSums& sums) {
    bool boundary = false;
    for (std::size_t a = 0; a < arms_; ++a) boundary |= Count(sums, a, kBoundaryEffect) > 0;
    if (fit_.propensity) {
      fit_.propensity->Step({.log_likelihood = sums.Number(kLogLikelihoods, 0),
                             .score = sums.Numbers(kPropensityScore),
                             .information = PropensityInformation(sums),
                             .boundary = boundary});
    }
    const std::vector<double> scores =
        outcomes_.empty() ? std::vector<double>{} : sums.Numbers(kOutcomeScore);
    for (std::size_t a = 0; a < outcomes_.size(); ++a) {
      const auto first = scores.begin() + static_cast<std::ptrdiff_t>(a * p_);
      const double log_likelihood = sums.Number(kLogLikelihoods, 1 + a);
      const double persons = static_cast<double>(fit_.arm_counts[a]);
      outcomes_[a].Step({.log_likelihood = log_likelihood,
                         .score = {first, first + static_cast<std::ptrdiff_t>(p_)},
                         .information = Block(sums, kOutcomeInformation, a),
                         .dispersion = fit_.binary ? 1 : -2 * log_likelihood / persons,
                         .boundary = boundary});
    }
  }

  /// The `index`-th symmetric matrix of a block of lower triangles.
  Matrix Block(const PooledSums& sums, std::size_t block, std::size_t index) const {
    const std::size_t size = p_ * (p_ + 1) / 2;
    std::vector<double> packed(size);
    for (std::size_t i = 0; i < size; ++i) packed[i] = sums.Number(block, index * size + i);
    return FromLowerTriangle(packed, p_);
  }

  Matrix PropensityInformation(const PooledSums& sums) const {
    Matrix information((arms_ - 1) * p_, std::vector<double>((arms_ - 1) * p_));
    std::size_t pair = 0;
    for (std::size_t b = 0; b + 1 < arms_; ++b) {
      for (std::size_t c = 0; c <= b; ++c, ++pair) {
        const Matrix part = Block(sums, kPropensityInformation, pair);
        for (std::size_t i = 0; i < p_; ++i) {
          for (std::size_t j = 0; j < p_; ++j) {
            information[b * p_ + i][c * p_ + j] = part[i][j];
            information[c * p_ + j][b * p_ + i] = part[i][j];
          }
        }
      }
    }
    return information;
  }

  Result<void> CheckTrimming(const PooledSums& sums) {
    const std::int64_t k = federation_.minimum_count();
    std::int64_t kept = 0;
    bool rare = false;
    for (std::size_t a = 0; a < arms_; ++a) {
      const std::int64_t count = Count(sums, a, kKept);
      kept += count;
      rare |= count < k;
      if (count > 0) continue;
      return Fail(ErrorCode::kFailed,
                  Where() + "trim leaves nobody of " + Level(a) + ", expected a smaller one");
    }
    fit_.trimmed = frame_.n() - kept;
    if (!rare && !(fit_.trimmed > 0 && fit_.trimmed < k)) return {};
    return Fail(ErrorCode::kRefused,
                Where() + "trim tells fewer than " + std::to_string(k) + " persons from the others",
                "rare_level");
  }

  bool ModelsAreFit() {
    if (fit_.propensity && !fit_.propensity->converged()) {
      fit_.warnings.emplace_back(
          "not converged: the covariates separate the treatments (perfectly or nearly), so that "
          "some persons could have had one only; no effect is given");
      return false;
    }
    for (std::size_t a = 0; a < outcomes_.size(); ++a) {
      if (!outcomes_[a].converged()) {
        fit_.warnings.push_back("not converged: the outcome model of " + Level(a) +
                                " is separated by the covariates; no effect is given");
        return false;
      }
    }
    return ArmsSupportTheirModels();
  }

  /// A column that is collinear among all is left out by everybody; one that is so in one arm only cannot be
  /// extrapolated to the others.
  bool ArmsSupportTheirModels() {
    std::vector<bool> everywhere(p_, true);
    for (const NewtonIteration& outcome : outcomes_) {
      for (std::size_t j = 0; j < p_; ++j) everywhere[j] = everywhere[j] && outcome.aliased()[j];
    }
    if (fit_.propensity) {
      for (std::size_t j = 0; j < p_; ++j) everywhere[j] = fit_.propensity->aliased()[j];
    }
    for (std::string& warning : AliasedWarnings(frame_.design().names(), everywhere))
      fit_.warnings.push_back(std::move(warning));
    for (std::size_t a = 0; a < outcomes_.size(); ++a) {
      for (std::size_t j = 0; j < p_; ++j) {
        if (outcomes_[a].aliased()[j] == everywhere[j]) continue;
        fit_.warnings.push_back("not estimable: among the persons of " + Level(a) + ", " +
                                frame_.design().names()[j] +
                                " does not vary on its own; no effect is given");
        return false;
      }
    }
    return true;
  }

  // --- Clever covariates ---

  Result<void> Target() {
    if (options_.estimator != Estimator::kTmle) return {};
    targets_.assign(arms_, NewtonIteration(1));
    while (!std::all_of(targets_.begin(), targets_.end(), [](auto& fit) { return fit.done(); })) {
      EffectTargetParameters parameters{.claim = frame_.claim(), .models = Targeted()};
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kEffectTargetStep, parameters));
      for (std::size_t a = 0; a < arms_; ++a) {
        const double log_likelihood = sums.Number(kTargetLogLikelihood, a);
        targets_[a].Step(
            {.log_likelihood = log_likelihood,
             .score = {sums.Number(kTargetScore, a)},
             .information = {{sums.Number(kTargetInformation, a)}},
             .dispersion =
                 fit_.binary ? 1 : -2 * log_likelihood / static_cast<double>(fit_.arm_counts[a])});
      }
    }
    return {};
  }

  EffectModels Targeted() const {
    EffectModels models = Models();
    for (const NewtonIteration& target : targets_) models.epsilon.push_back(target.point()[0]);
    return models;
  }

  bool TargetsAreFit() {
    const bool fit = std::all_of(targets_.begin(), targets_.end(),
                                 [](const NewtonIteration& target) { return target.converged(); });
    if (!fit) {
      fit_.warnings.emplace_back(
          "not converged: the outcome models' fluctuation has no solution; no effect is given");
    }
    return fit;
  }

  // --- Means ---

  Result<void> Means() {
    EffectMomentParameters parameters{.claim = frame_.claim(), .models = Targeted()};
    const int z = frame_.standardised_exponent();
    parameters.column_exponent = z;
    parameters.weight_exponent = z + kUsualWeight;
    parameters.derivative_exponent = z + OutcomeExponent() + kUsualWeight;
    CLINNOVA_ASSIGN(moments_, federation_.Sum(analysis_, kEffectMomentStep, parameters));
    for (std::size_t a = 0; a < arms_; ++a) {
      fit_.means.push_back(moments_->Number(kNumerators, a) / moments_->Number(kDenominators, a));
      fit_.weight_sums.push_back(moments_->Number(kWeights, a));
      fit_.weight_squares.push_back(moments_->Number(kWeights, arms_ + a));
    }
    ReadBalance();
    return {};
  }

  void ReadBalance() {
    const auto empty = Matrix(arms_, std::vector<double>(p_));
    fit_.column_means = fit_.column_variances = empty;
    if (options_.needs_propensity()) fit_.weighted_means = empty;
    for (std::size_t a = 0; a < arms_; ++a) {
      const auto n = static_cast<double>(fit_.arm_counts[a]);
      for (std::size_t j = 0; j < p_; ++j) {
        const double mean = moments_->Number(kColumnSums, a * p_ + j) / n;
        fit_.column_means[a][j] = mean;
        fit_.column_variances[a][j] =
            (moments_->Number(kColumnSquares, a * p_ + j) / n - mean * mean) * n / (n - 1);
        if (!options_.needs_propensity()) continue;
        fit_.weighted_means[a][j] =
            moments_->Number(kWeightedColumns, a * p_ + j) / fit_.weight_sums[a];
      }
    }
  }

  // --- Influence ---

  /// `columns` numbers of a block, times `scale`, added to `sum`.
  void Add(std::size_t block, std::size_t first, double scale, std::vector<double>& sum) const {
    for (std::size_t j = 0; j < sum.size(); ++j) {
      sum[j] += scale * moments_->Number(block, first + j);
    }
  }

  static std::vector<double> Product(const Matrix& matrix, const std::vector<double>& vector) {
    std::vector<double> product;
    for (const std::vector<double>& row : matrix) {
      product.push_back(std::inner_product(row.begin(), row.end(), vector.begin(), 0.0));
    }
    return product;
  }

  /// How arm `a`'s estimating equation moves with the propensity's and its outcome model's coefficients, times the
  /// inverse of their information: what their scores are worth.
  void AddInfluenceOf(std::size_t a, EffectInfluenceParameters& parameters) const {
    const std::size_t propensity_size = (arms_ - 1) * p_;
    const double by_target = targets_.empty() ? 0
                                              : moments_->Number(kByEpsilon, a) /
                                                    moments_->Number(kByEpsilon, arms_ + a);
    if (!targets_.empty()) parameters.by_epsilon.push_back(by_target);
    if (fit_.propensity) {
      std::vector<double> slope(propensity_size);
      const std::size_t first = a * propensity_size;
      Add(kNumeratorByPropensity, first, 1, slope);
      if (options_.weighted()) Add(kDenominatorByPropensity, first, -fit_.means[a], slope);
      if (!targets_.empty()) Add(kTargetByPropensity, first, by_target, slope);
      const std::vector<double> worth = Product(fit_.propensity->inverse(), slope);
      parameters.by_propensity.insert(parameters.by_propensity.end(), worth.begin(), worth.end());
    }
    if (outcomes_.empty()) return;
    std::vector<double> slope(p_);
    Add(kNumeratorByOutcome, a * p_, 1, slope);
    if (!targets_.empty()) Add(kTargetByOutcome, a * p_, by_target, slope);
    const std::vector<double> worth = Product(outcomes_[a].inverse(), slope);
    parameters.by_outcome.insert(parameters.by_outcome.end(), worth.begin(), worth.end());
  }

  Result<void> Influence() {
    EffectInfluenceParameters parameters{
        .claim = frame_.claim(), .models = Targeted(), .means = fit_.means};
    for (std::size_t a = 0; a < arms_; ++a) AddInfluenceOf(a, parameters);
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kEffectInfluenceStep, parameters));
    fit_.covariance = FromLowerTriangle(sums.Numbers(kStacked), arms_);
    fit_.plain = FromLowerTriangle(sums.Numbers(kPlain), arms_);
    for (std::size_t a = 0; a < arms_; ++a) {
      for (std::size_t b = 0; b < arms_; ++b) {
        const double scale =
            moments_->Number(kDenominators, a) * moments_->Number(kDenominators, b);
        fit_.covariance[a][b] /= scale;
        fit_.plain[a][b] /= scale;
      }
    }
    return {};
  }

  Federation& federation_;        // not owned, outlives this
  const Analysis& analysis_;      // not owned, outlives this
  const EffectOptions& options_;  // not owned, outlives this
  const ModelFrame& frame_;       // not owned, outlives this
  std::size_t p_;
  std::size_t arms_;
  int outcome_range_ = 0;
  EffectFit fit_;
  std::vector<NewtonIteration> outcomes_;
  std::vector<NewtonIteration> targets_;
  std::optional<PooledSums> moments_;
};

}  // namespace

Result<EffectFit> FitEffect(Federation& federation, const Analysis& analysis,
                            const EffectOptions& options, const ModelFrame& frame) {
  return Rounds(federation, analysis, options, frame).Run();
}

}  // namespace clinnova::stats
