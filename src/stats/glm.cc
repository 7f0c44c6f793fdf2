// SPDX-License-Identifier: Apache-2.0
#include "stats/glm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/deterministic_math.h"
#include "stats/glm_firth.h"
#include "stats/glm_negative_binomial.h"
#include "stats/glm_options.h"
#include "stats/glm_robust.h"
#include "stats/glm_steps.h"
#include "stats/linear_algebra.h"
#include "stats/model_terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

/// Fisher scoring is slow for some links (cauchit); separation shows long before.
constexpr int kMaximumIterations = 100;
constexpr int kSeparationIterations = 30;
/// Newton's steps begin when no coefficient moves by more than this part of itself and its error, or after so many
/// iterations.
constexpr double kNewtonStep = 0.3;
constexpr int kScoringIterations = 15;
/// A column is aliased when it keeps less than this part of its square after those before it.
constexpr double kAliasTolerance = 1e-13;
/// Converged when no coefficient would move by more than this part of itself, or of its error.
constexpr double kTolerance = 1e-12;
/// Near the end rounding keeps steps from shrinking; one that no longer does and is this small is the last.
constexpr double kRoundingTolerance = 1e-9;
/// A step as small as this may be the last but one: robust errors are asked beside the next.
constexpr double kNearlyConverged = 1e-4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTwoPi = 6.283185307179586476925;
/// A theta beyond this is infinite: the counts vary no more than Poisson's.
constexpr double kLargestTheta = 1e8;

class GlmFit {
 public:
  GlmFit(Federation& federation, const Analysis& analysis, GlmOptions options, ModelFrame frame)
      : federation_(federation),
        analysis_(analysis),
        options_(std::move(options)),
        frame_(std::move(frame)) {}

  Result<Json> Run() {
    CLINNOVA_TRY(Start());
    CLINNOVA_TRY(Iterate());
    if (converged_ && robust()) CLINNOVA_TRY(Sandwich());
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns(); }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }
  bool negative_binomial() const { return options_.family.negative_binomial; }
  bool robust() const { return options_.robust != "none"; }
  bool clustered() const { return options_.robust == "cluster"; }
  /// Least squares: the first step is the last.
  bool linear() const {
    return options_.family.family == Family::kGaussian && options_.family.link == Link::kIdentity;
  }
  bool Fractional() const { return last_ && last_->Count(kGlmCounts, kFractional) > 0; }
  double Theta() const { return std::isfinite(log_theta_) ? core::Exp(log_theta_) : 0; }

  GlmParameters Parameters(GlmParameters::Mode mode) const {
    const int z = frame_.standardised_exponent();
    GlmParameters parameters;
    parameters.mode = mode;
    parameters.claim = frame_.claim();
    parameters.beta = beta_;
    // The starting step's score carries the working response, somewhat larger than a residual's.
    parameters.score_exponent = z + ranges_.score + (mode == GlmParameters::Mode::kStart ? 6 : 0);
    parameters.information_exponent = 2 * z + ranges_.weight;
    parameters.second_exponent = 2 * z + ranges_.weight + ranges_.second;
    parameters.third_exponent = 3 * z + ranges_.weight + ranges_.third;
    if (negative_binomial()) parameters.theta = Theta();
    if (options_.firth && mode == GlmParameters::Mode::kScore) {
      for (const auto& row : bread_) {
        parameters.bread.insert(parameters.bread.end(), row.begin(), row.end());
      }
    }
    return parameters;
  }

  /// A round that may be the last, and beside it what robust errors need.
  Result<PooledSums> SumWithMeat(const GlmParameters& parameters) {
    const GlmMeatParameters asked = MeatAsked();
    RoundParts parts;
    const std::size_t fit = parts.Ask(kGlmStep, parameters);
    const std::size_t meat = parts.Ask(kGlmMeatStep, asked);
    CLINNOVA_ASSIGN(std::vector<PooledSums> sums,
                    SumParts(federation_, analysis_, kGlmRound, GlmParts(), parts));
    meat_ = GlmMeatOf(asked, sums[meat]);
    return std::move(sums[fit]);
  }

  Result<PooledSums> Round(const GlmParameters& parameters, bool may_be_last = false) {
    meat_.reset();
    CLINNOVA_ASSIGN(PooledSums sums, may_be_last && robust()
                                         ? SumWithMeat(parameters)
                                         : federation_.Sum(analysis_, kGlmStep, parameters));
    // A range that had to grow stays grown: the next round would need it again.
    const auto grown = [&](std::size_t block, std::int64_t asked) {
      return static_cast<int>(sums.layout().blocks[block].exponent - asked);
    };
    ranges_.score += grown(kGlmScore, parameters.score_exponent);
    ranges_.weight += grown(kGlmInformation, parameters.information_exponent);
    if (sums.layout().blocks.size() > kGlmSecondInformation) {
      ranges_.second += grown(kGlmSecondInformation, parameters.second_exponent);
    }
    if (options_.firth && sums.layout().blocks.size() > kGlmThirdMoments) {
      ranges_.third += grown(kGlmThirdMoments, parameters.third_exponent);
    }
    if (robust()) nearest_ = sums;
    return sums;
  }

  Result<void> CheckRows(const PooledSums& sums) const {
    const std::int64_t responses = sums.Count(kGlmCounts, kInvalidResponse);
    if (responses != 0) {
      return Fail(ErrorCode::kInvalidInput,
                  Where() + "the outcome is outside the range of family " +
                      analysis_.Text("family", "gaussian").value_or("") + " with its link in " +
                      std::to_string(responses) + " rows");
    }
    const std::int64_t weights = sums.Count(kGlmCounts, kInvalidWeight);
    if (weights != 0) {
      return Fail(ErrorCode::kInvalidInput, Where() + "weights: found a negative weight in " +
                                                std::to_string(weights) +
                                                " rows, expected 0 or more");
    }
    return {};
  }

  /// Rule 3 on a binary outcome.
  Result<void> CheckOutcome(const PooledSums& sums) const {
    const std::int64_t k = federation_.minimum_count();
    if (k == 0 || options_.family.family != Family::kBinomial) return {};
    const std::int64_t zeros = sums.Count(kGlmCounts, kOutcomeZero);
    const std::int64_t ones = sums.Count(kGlmCounts, kOutcomeOne);
    if (zeros + ones == frame_.n() && std::min(zeros, ones) > 0 && std::min(zeros, ones) < k) {
      return Fail(
          ErrorCode::kRefused,
          Where() + "the outcome has a level with fewer than " + std::to_string(k) + " persons",
          "rare_level");
    }
    return {};
  }

  Result<void> Start() {
    if (clustered() && frame_.formula().clusters().empty() && !analysis_.Has("cluster"))
      return analysis_.Wrong("robust", "\"cluster\" needs cluster(id) in the formula");
    ranges_ = GuessGlmRanges(options_.family, frame_);
    ranges_.second = 2;
    beta_.assign(p(), 0.0);
    for (std::size_t j = 0; j < p(); ++j) {
      const double scale = frame_.claim().inverse_scale[j];
      const bool free = frame_.design().intercept() && j == 0;
      penalty_.push_back(free ? 0 : options_.ridge * scale * scale);
    }
    aliased_.assign(p(), false);
    CLINNOVA_ASSIGN(const PooledSums sums, Round(Parameters(GlmParameters::Mode::kStart)));
    CLINNOVA_TRY(CheckRows(sums));
    CLINNOVA_TRY(CheckOutcome(sums));
    positive_weight_ = sums.Count(kGlmCounts, kPositiveWeight);
    if (positive_weight_ == 0) return Fail(ErrorCode::kFailed, Where() + "every weight is 0");
    const SymmetricFactor factor(KeptInformation(sums), kAliasTolerance);
    aliased_ = factor.aliased();
    rank_ = factor.rank();
    beta_ = factor.Solve(sums.Numbers(kGlmScore));
    bread_ = factor.Inverse();
    StartNull(sums);
    return {};
  }

  /// The null model's first coefficient: exact without offset, a start with one.
  void StartNull(const PooledSums& sums) {
    const double weight = sums.Number(kGlmFit, kWeight);
    const double mean = sums.Number(kGlmFit, kWeightY) / weight;
    has_offset_ = !frame_.formula().offsets().empty();
    null_beta_ = 0;
    if (frame_.design().intercept()) {
      const double inside = ValidMean(options_.family.family, mean)
                                ? mean
                                : StartingMean(options_.family.family, mean, weight);
      null_beta_ =
          LinkValue(options_.family.link, inside) - sums.Number(kGlmFit, kWeightOffset) / weight;
    }
  }

  /// One Newton step of the null model; true when it has converged.
  bool StepNull(const PooledSums& sums, bool done) {
    if (done) return true;
    if (sums.Count(kGlmCounts, kInvalidNullMean) != 0) {
      null_deviance_ = std::numeric_limits<double>::quiet_NaN();
      return true;
    }
    null_deviance_ = sums.Number(kGlmNull, kNullDeviance);
    if (!frame_.design().intercept() || !has_offset_) return true;
    const double step = sums.Number(kGlmNull, kNullScore) / sums.Number(kGlmNull, kNullInformation);
    if (!(std::fabs(step) > kTolerance * (std::fabs(null_beta_) + 0.1))) return true;
    null_beta_ += step;
    return false;
  }

  /// Columns that R kept, of the expected information at the present coefficients, with the ridge's.
  Matrix KeptInformation(const PooledSums& sums) const { return Kept(sums, kGlmInformation); }

  Matrix Kept(const PooledSums& sums, GlmBlock block) const {
    Matrix information = FromLowerTriangle(sums.Numbers(block), p());
    for (std::size_t i = 0; i < p(); ++i) information[i][i] += penalty_[i];
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) {
        if (aliased_[i] || aliased_[j]) information[i][j] = 0;
      }
    }
    return information;
  }

  /// The largest step of a coefficient as a part of itself and its error.
  double RelativeStep(const std::vector<double>& step, const Matrix& inverse,
                      double dispersion) const {
    double largest = 0;
    for (std::size_t j = 0; j < p(); ++j) {
      const double size = std::fabs(beta_[j]) + 0.1 * std::sqrt(dispersion * inverse[j][j]);
      if (step[j] != 0) largest = std::max(largest, std::fabs(step[j]) / size);
    }
    return largest;
  }

  double DispersionFrom(const PooledSums& sums) const {
    if (!options_.family.dispersion_is_free()) return 1;
    const auto residual = static_cast<double>(positive_weight_ - static_cast<std::int64_t>(rank_));
    return residual > 0 ? sums.Number(kGlmFit, kPearson) / residual
                        : std::numeric_limits<double>::quiet_NaN();
  }

  /// What the iteration brings down: the deviance with the ridge's penalty, or minus twice a log-likelihood.
  double Objective(const PooledSums& sums) const {
    const double log_likelihood = sums.Number(kGlmFit, kLogLikelihood);
    if (negative_binomial()) return Theta() > 0 ? -2 * log_likelihood : kInfinity;
    if (options_.firth) {
      const SymmetricFactor factor(KeptInformation(sums), 1e-15);
      return -2 * PenalisedLogLikelihood(log_likelihood, factor, frame_.claim().inverse_scale);
    }
    double objective = sums.Number(kGlmFit, kDeviance);
    for (std::size_t j = 0; j < p(); ++j) objective += penalty_[j] * (beta_[j] * beta_[j]);
    return objective;
  }

  /// Where the sums of a round say to go.
  struct Proposal {
    std::vector<double> step;
    double log_theta = 0;
    Matrix inverse;
    bool regular = true;
  };
  Proposal Propose(const PooledSums& sums) {
    const SymmetricFactor factor(KeptInformation(sums), 1e-15);
    Proposal proposal{.step = {}, .inverse = factor.Inverse(), .regular = factor.rank() == rank_};
    std::vector<double> score = sums.Numbers(kGlmScore);
    for (std::size_t j = 0; j < p(); ++j) score[j] -= penalty_[j] * beta_[j];
    if (negative_binomial()) {
      NegativeBinomialStep step = StepWithTheta(sums, factor, aliased_, Theta());
      theta_error_ = step.theta_error;
      proposal.log_theta = step.log_theta;
      proposal.step = std::move(step.beta);
    } else if (options_.firth) {
      proposal.step = StepOfFirth(sums, factor, aliased_);
    } else {
      proposal.step = factor.Solve(score);
      if (!options_.family.canonical()) TakeNewtonStep(sums, score, proposal);
    }
    return proposal;
  }

  /// Fisher's scoring closes in on the maximum by a constant factor, which may be near 1, where the link is not
  /// canonical. Near it Newton's step on the observed information is taken, if that has a maximum there.
  void TakeNewtonStep(const PooledSums& sums, const std::vector<double>& score,
                      Proposal& proposal) {
    const bool near = Relative(proposal) < kNewtonStep || iterations_ > kScoringIterations;
    if (!near || !proposal.regular) return;
    const SymmetricFactor observed(Kept(sums, kGlmSecondInformation), 1e-15);
    if (observed.rank() == rank_) proposal.step = observed.Solve(score);
  }

  Result<void> Iterate() {
    // The null model's mean is inside the family's range, where a first step may not be (binomial with link log).
    std::vector<double> before(p(), 0.0);
    if (frame_.design().intercept()) before[0] = null_beta_;
    double log_theta_before = log_theta_;
    double objective_before = kInfinity;
    double relative_before = kInfinity;
    bool null_done = false;
    int halvings = 0;
    for (iterations_ = 1; iterations_ <= kMaximumIterations; ++iterations_) {
      GlmParameters parameters = Parameters(GlmParameters::Mode::kScore);
      parameters.null_model = !null_done;
      parameters.null_beta = null_beta_;
      const bool may_be_last = linear() || relative_before <= kNearlyConverged;
      CLINNOVA_ASSIGN(const PooledSums sums, Round(parameters, may_be_last));
      const bool outside = sums.Count(kGlmCounts, kInvalidMean) != 0;
      const double objective = outside ? kInfinity : Objective(sums);
      const bool worse = objective > objective_before + 1e-7 * std::fabs(objective_before) + 1e-9;
      if (outside || (worse && halvings < 10)) {
        if (++halvings > 30) return {};  // no inner point was found: not converged
        for (std::size_t j = 0; j < p(); ++j) beta_[j] = (beta_[j] + before[j]) / 2;
        if (std::isfinite(log_theta_before)) log_theta_ = (log_theta_ + log_theta_before) / 2;
        continue;
      }
      halvings = 0;
      const Proposal proposal = Propose(sums);
      if (!proposal.regular) return Keep(sums, Matrix(p(), std::vector<double>(p())));
      const bool null_stands = StepNull(sums, null_done);
      // The negative binomial's null model has the theta of the model, so it is there to the end.
      null_done = null_stands && !negative_binomial();
      dispersion_ = DispersionFrom(sums);
      const double relative = Relative(proposal);
      const bool done = relative <= kTolerance ||
                        (relative <= kRoundingTolerance && relative >= 0.95 * relative_before);
      relative_before = relative;
      before = beta_;
      log_theta_before = log_theta_;
      objective_before = objective;
      Move(proposal);
      if (done && null_stands) {
        converged_ = true;
        return Keep(sums, proposal.inverse);
      }
      bread_ = proposal.inverse;
      if (iterations_ == kMaximumIterations || Separated(sums) || Theta() > kLargestTheta) {
        return Keep(sums, proposal.inverse);
      }
    }
    return {};
  }

  double Relative(const Proposal& proposal) const {
    const double dispersion = std::isfinite(dispersion_) ? dispersion_ : 1;
    const double relative = RelativeStep(proposal.step, proposal.inverse, dispersion);
    if (!negative_binomial()) return relative;
    return Theta() > 0 ? std::max(relative, std::fabs(proposal.log_theta)) : kInfinity;
  }

  void Move(const Proposal& proposal) {
    for (std::size_t j = 0; j < p(); ++j) beta_[j] += proposal.step[j];
    if (!negative_binomial()) return;
    log_theta_ = std::isfinite(log_theta_) ? log_theta_ + proposal.log_theta : proposal.log_theta;
  }

  bool Separated(const PooledSums& sums) const {
    return iterations_ >= kSeparationIterations && !options_.firth && options_.ridge == 0 &&
           sums.Count(kGlmCounts, kBoundary) > 0;
  }

  Result<void> Keep(const PooledSums& sums, Matrix inverse) {
    last_ = sums;
    bread_ = std::move(inverse);
    covariance_ = bread_;
    for (auto& row : covariance_) {
      for (double& value : row) value *= dispersion_;
    }
    return {};
  }

  /// Robust errors at the present coefficients.
  GlmMeatParameters MeatAsked() const {
    GlmMeatParameters asked{.claim = frame_.claim(), .beta = beta_, .shrink = {}};
    asked.theta = negative_binomial() ? Theta() : 0;
    asked.clustered = clustered();
    const int outcome = frame_.response_exponents().front() + (frame_.weights_exponent() + 1) / 2;
    return GlmMeatAsked(*nearest_, positive_weight_, outcome, std::move(asked));
  }

  Result<void> Sandwich() {
    if (!meat_ || !meat_->fine) {
      const GlmMeatParameters asked = MeatAsked();
      CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kGlmMeatStep, asked));
      meat_ = GlmMeatOf(asked, sums);
    }
    covariance_ = Congruence(bread_, meat_->meat);
    const auto n = static_cast<double>(positive_weight_);
    double factor = 1;
    if (options_.robust == "HC1") factor = n / (n - static_cast<double>(rank_));
    if (clustered()) {
      // sandwich::vcovCL with its defaults: type HC0 and the factor G / (G - 1).
      const auto clusters = static_cast<double>(meat_->clusters);
      factor = clusters / (clusters - 1);
    }
    for (auto& row : covariance_) {
      for (double& value : row) value *= factor;
    }
    return {};
  }

  /// As many coefficients as rows, where the dispersion is to be estimated from what is left.
  bool Saturated() const {
    return options_.family.dispersion_is_free() && options_.ridge == 0 &&
           positive_weight_ == static_cast<std::int64_t>(rank_);
  }

  /// The log-likelihood; NaN for the quasi families, and where it is infinite: nothing is left of the rows, or Poisson's
  /// distribution has no such outcome.
  double LogLikelihood() const {
    const auto n = static_cast<double>(positive_weight_);
    const double deviance = last_->Number(kGlmFit, kDeviance);
    const bool poisson = options_.family.family == Family::kPoisson && !negative_binomial();
    if (options_.family.quasi || Saturated() || (poisson && Fractional()))
      return std::numeric_limits<double>::quiet_NaN();
    if (options_.firth) return -Objective(*last_) / 2;
    switch (options_.family.family) {
      case Family::kGaussian:
        return -(n * (core::Log(kTwoPi * deviance / n) + 1) - last_->Number(kGlmFit, kLogWeight)) /
               2;
      case Family::kGamma: {
        const double weight = last_->Number(kGlmFit, kWeight);
        const double dispersion =
            deviance / weight;  // R's aic for Gamma, with its n = sum of weights
        const double shape = 1 / dispersion;
        return (shape - 1) * last_->Number(kGlmFit, kWeightLogY) -
               shape *
                   (last_->Number(kGlmFit, kWeightYOverMu) + last_->Number(kGlmFit, kWeightLogMu)) -
               weight * (shape * core::Log(dispersion) + core::LogGamma(shape));
      }
      case Family::kBinomial:
      case Family::kPoisson: break;
    }
    return last_->Number(kGlmFit, kLogLikelihood);
  }

  std::string NotConverged() const {
    if (Theta() > kLargestTheta) {
      return "not converged: the counts vary no more than Poisson's, so that theta is infinite; "
             "no estimate is given, family = \"poisson\" has them";
    }
    const bool boundary = last_ && last_->Count(kGlmCounts, kBoundary) > 0;
    if (options_.family.family == Family::kPoisson && options_.ridge == 0 && boundary) {
      return "not converged: some combination of the terms has no event at all, so that its rate "
             "is 0 and some estimates are infinite; none is given";
    }
    if (options_.family.family != Family::kBinomial || options_.firth || options_.ridge > 0) {
      return "not converged after " + std::to_string(iterations_) +
             " iterations; no estimate is given";
    }
    if (options_.family.link == Link::kLog) {
      return "not converged: the likelihood grows towards fitted probabilities of 0 or 1, the edge "
             "of the log link, and "
             "has no maximum inside; no estimate is given (family = \"poisson\" with robust = "
             "\"HC0\" has risk ratios)";
    }
    return std::string(
               "not converged: the outcome is separated by the terms (perfectly or nearly), so "
               "that some estimates are infinite; none is given") +
           (options_.family.link == Link::kLogit ? "; firth = true gives finite ones" : "");
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = AliasedWarnings(frame_.design().names(), aliased_);
    if (Fractional()) warnings.push_back(AboutFractions(options_.family));
    const std::int64_t boundary = last_ ? last_->Count(kGlmCounts, kBoundary) : 0;
    if (!converged_) {
      warnings.push_back(NotConverged());
    } else if (Saturated()) {
      warnings.push_back("as many coefficients as rows: no residue is left for errors and tests");
    } else if (boundary > 0) {
      warnings.push_back(options_.family.family == Family::kPoisson
                             ? "fitted rates numerically 0 occurred"
                             : "fitted probabilities numerically 0 or 1 occurred");
    }
    return warnings;
  }

  /// The trace of what takes outcomes to fitted values: the rank, less than it under a ridge.
  double EffectiveDegrees() const {
    if (options_.ridge == 0 || !last_) return static_cast<double>(rank_);
    double trace = static_cast<double>(rank_);
    for (std::size_t j = 0; j < p(); ++j) trace -= bread_[j][j] * penalty_[j];
    return trace;
  }

  Json Report() const {
    Coefficients terms = ModelCoefficients(
        frame_, {beta_, covariance_, aliased_, converged_, options_.confidence_level});
    const std::int64_t residual = positive_weight_ - static_cast<std::int64_t>(rank_);
    if (options_.family.dispersion_is_free() && options_.robust == "none") {
      terms.degrees_of_freedom = static_cast<double>(residual);
    }
    Json result;
    result["n"] = positive_weight_;
    result["n_missing"] = frame_.n_missing();
    result["converged"] = converged_;
    result["warnings"] = Warnings();
    result["terms"] = TermsJson(terms);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    const auto number = [&](double value) {
      return converged_ ? NumberJson(value) : Json(nullptr);
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double log_likelihood = converged_ ? LogLikelihood() : nan;
    const bool one_more =
        negative_binomial() || (options_.family.dispersion_is_free() && !options_.family.quasi);
    const double parameters = EffectiveDegrees() + (one_more ? 1 : 0);
    result["deviance"] = number(converged_ ? last_->Number(kGlmFit, kDeviance) : nan);
    result["null_deviance"] = NumberJson(null_deviance_);
    result["df_residual"] = residual;
    result["df_null"] = positive_weight_ - (frame_.design().intercept() ? 1 : 0);
    result["dispersion"] = number(dispersion_);
    result["log_lik"] = number(log_likelihood);
    result["aic"] = number(-2 * log_likelihood + 2 * parameters);
    result["bic"] =
        number(-2 * log_likelihood + std::log(static_cast<double>(positive_weight_)) * parameters);
    if (negative_binomial()) {
      result["theta"] = number(Theta());
      result["se_theta"] = number(theta_error_);
    }
    if (options_.ridge > 0) {
      result["ridge"] = options_.ridge;
      result["effective_df"] = number(EffectiveDegrees());
    }
    if (options_.firth) result["firth"] = true;
    result["iterations"] = iterations_;
    result["formula"] = frame_.formula().text();
    result["family"] = analysis_.Text("family", "gaussian").value_or("");
    result["link"] = LinkName(options_.family.link);
    result["conf_level"] = options_.confidence_level;
    if (options_.family.link == Link::kLogit) result["ratio"] = "odds ratio";
    if (options_.family.link == Link::kLog) {
      result["ratio"] = options_.family.family == Family::kPoisson    ? "rate ratio"
                        : options_.family.family == Family::kBinomial ? "risk ratio"
                                                                      : "ratio of means";
    }
    if (clustered()) result["clusters"] = meat_ ? meat_->clusters : 0;
    return result;
  }

  Federation& federation_;
  const Analysis& analysis_;
  GlmOptions options_;
  ModelFrame frame_;
  GlmRanges ranges_;
  std::vector<double> beta_;
  std::vector<double> penalty_;   ///< of each standardised coefficient's square, twice
  double log_theta_ = kInfinity;  ///< infinite while theta is not known
  double theta_error_ = 0;
  std::vector<bool> aliased_;
  std::size_t rank_ = 0;
  std::int64_t positive_weight_ = 0;
  bool has_offset_ = false;
  double null_beta_ = 0;
  double null_deviance_ = std::numeric_limits<double>::quiet_NaN();
  double dispersion_ = 1;
  int iterations_ = 0;
  bool converged_ = false;
  std::optional<PooledSums> last_;
  std::optional<PooledSums> nearest_;  ///< of the last round, where errors are robust
  std::optional<GlmMeat> meat_;        ///< of the last round, where it was asked
  Matrix bread_;
  Matrix covariance_;
};

Result<Json> RunGlm(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(GlmOptions options, ReadGlmOptions(analysis));
  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
  const auto kind = frame.formula().response().kind;
  if (kind != table::Response::Kind::kNumeric && kind != table::Response::Kind::kCounts) {
    return analysis.Wrong("formula", "expected an outcome or cbind(successes, failures) before ~");
  }
  if (kind == table::Response::Kind::kCounts && options.family.family != Family::kBinomial) {
    return analysis.Wrong("formula", "cbind(successes, failures) needs a binomial family");
  }
  if (options.firth && frame.columns() == 0) {
    return analysis.Wrong("firth", "found no coefficient in the formula, expected one");
  }
  return GlmFit(federation, analysis, std::move(options), std::move(frame)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "family", "link",    "weights",
                                         "robust",  "ridge",  "cluster", "firth"};

}  // namespace

Method GlmMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kGlmStep);
  steps.push_back(&kGlmMeatStep);
  steps.push_back(&kGlmRound);
  return {"glm", "generalised linear model", kOptions, std::move(steps), RunGlm};
}

}  // namespace clinnova::stats
