// SPDX-License-Identifier: Apache-2.0
#include "stats/linear_mixed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "stats/linear_mixed_steps.h"
#include "stats/mixed_report.h"
#include "stats/model_terms.h"
#include "stats/profile_deviance.h"
#include "stats/random_effects.h"
#include "stats/theta_search.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr double kLn2 = 0.693147180559945309417;
/// A column is aliased when it keeps less than this part of its square after those before it.
constexpr double kAliasTolerance = 1e-13;
/// A step below this part of theta is the last: it is taken on the sums' second-order expansion.
constexpr double kLastStep = 1e-7;
constexpr int kMaximumSteps = 60;

/// A point of theta with what the sums say there.
struct Point {
  std::vector<double> theta;
  ProfileSums sums;
  ProfileDeviance deviance;
};

class LinearMixedFit {
 public:
  LinearMixedFit(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
                 RandomPart part, Criterion criterion, double confidence_level)
      : federation_(federation),
        analysis_(analysis),
        frame_(frame),
        part_(std::move(part)),
        confidence_level_(confidence_level) {
    problem_.criterion = criterion;
    problem_.n = static_cast<double>(frame.n());
  }

  Result<Json> Run() {
    CLINNOVA_TRY(LeastSquares());
    CLINNOVA_TRY(Search());
    CLINNOVA_TRY(Descend());
    if (converged_ && OfSites()) CLINNOVA_TRY(SiteEffects());
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns(); }
  std::size_t k() const { return part_.parameters(); }
  /// The sites are the clusters: their effects are given one by one.
  bool OfSites() const { return part_.groups.size() == 1 && part_.groups[0].group == "site"; }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  Result<void> LeastSquares() {
    const int z = frame_.standardised_exponent();
    LeastSquaresParameters parameters;
    parameters.claim = frame_.claim();
    parameters.information_exponent = 2 * z;
    parameters.score_exponent = z + frame_.response_exponents().front() + 1;
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kLeastSquaresStep, parameters));
    if (sums.Count(kWithoutWeight) != 0) {
      return Fail(ErrorCode::kInvalidInput, Where() + "weights: found " +
                                                std::to_string(sums.Count(kWithoutWeight)) +
                                                " rows of weight 0, expected weights above 0");
    }
    log_weights_ = sums.Number(kLogWeights);
    const SymmetricFactor factor(FromLowerTriangle(sums.Numbers(kCrossProducts), p()),
                                 kAliasTolerance);
    problem_.aliased = factor.aliased();
    problem_.rank = factor.rank();
    const std::vector<double> right = sums.Numbers(kOutcomeProducts);
    beta_ = factor.Solve(right);
    const double total = sums.Number(kOutcomeSquares);
    long double left = total;
    for (std::size_t j = 0; j < p(); ++j) left -= static_cast<long double>(beta_[j]) * right[j];
    // What cancels below 1e-16 of the total is rounding; the exponent only needs the size.
    const double variance = std::max(static_cast<double>(left), 1e-16 * total) / problem_.n;
    residual_exponent_ = ExponentOf(std::sqrt(variance));
    const int n = ExponentOf(problem_.n);
    within_exponent_ = 2 * std::max(z, n / 2 + 1);
    between_exponent_ = std::max(2 * z, n + 8);
    if (frame_.n() <= static_cast<std::int64_t>(problem_.rank)) {
      return Fail(ErrorCode::kFailed, Where() +
                                          "as many terms as rows: nothing is left for the "
                                          "variance");
    }
    return {};
  }

  /// One round at these points.
  Result<std::vector<Point>> Evaluate(const std::vector<std::vector<double>>& thetas,
                                      bool derivatives) {
    ProfileParameters parameters;
    parameters.claim = frame_.claim();
    parameters.beta = beta_;
    parameters.residual_exponent = residual_exponent_;
    parameters.derivatives = derivatives;
    parameters.within = within_.empty();
    parameters.within_exponent = within_exponent_;
    parameters.between_exponent = between_exponent_;
    for (const auto& theta : thetas) {
      parameters.thetas.insert(parameters.thetas.end(), theta.begin(), theta.end());
    }
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kProfileStep, parameters));
    between_exponent_ = sums.layout().blocks[kBetween].exponent;
    if (parameters.within) {
      within_ = FromLowerTriangle(sums.Numbers(kWithin), p() + 1);
      for (std::size_t g = 0; g < part_.groups.size(); ++g) {
        levels_.push_back(sums.Count(kClusterCounts, g));
      }
      CLINNOVA_TRY(CheckClusters());
    }
    return Decode(thetas, sums, DerivativeCount(k(), derivatives));
  }

  std::vector<Point> Decode(const std::vector<std::vector<double>>& thetas, const PooledSums& sums,
                            std::size_t matrices) const {
    const std::size_t triangle = (p() + 1) * (p() + 2) / 2;
    std::vector<Point> points;
    for (std::size_t at = 0; at < thetas.size(); ++at) {
      Point point;
      point.theta = thetas[at];
      for (std::size_t which = 0; which < matrices; ++which) {
        const std::size_t number = at * matrices + which;
        std::vector<double> packed(triangle);
        for (std::size_t i = 0; i < triangle; ++i) {
          packed[i] = sums.Number(kBetween, number * triangle + i);
        }
        Matrix products = FromLowerTriangle(packed, p() + 1);
        for (std::size_t i = 0; which == 0 && i <= p(); ++i) {
          for (std::size_t j = 0; j <= p(); ++j) products[i][j] += within_[i][j];
        }
        point.sums.products.push_back(std::move(products));
        point.sums.log_determinants.push_back(sums.Number(kLogDeterminants, number));
      }
      point.deviance = DevianceOf(point.sums, problem_);
      points.push_back(std::move(point));
    }
    return points;
  }

  /// What lme4 refuses too, and the threshold on clusters: groups around whole clusters may be fewer, as sites are.
  Result<void> CheckClusters() const {
    const int minimum = federation_.minimum_count();
    for (std::size_t g = 0; g < part_.groups.size(); ++g) {
      const RandomEffects& effects = part_.groups[g];
      const bool around = effects.group == "site" || (g == 1 && part_.nested);
      if (minimum > 0 && !around && levels_[g] < minimum) {
        return Fail(ErrorCode::kRefused,
                    Where() + "fewer groups of " + effects.group + " than the threshold of " +
                        std::to_string(minimum),
                    "too_few_groups");
      }
    }
    for (std::size_t g = part_.groups.size(); g-- > 0;) {
      const RandomEffects& effects = part_.groups[g];
      if (levels_[g] < 2) {
        return Fail(ErrorCode::kInvalidInput, Where() + "formula: found one group of " +
                                                  effects.group + ", expected several");
      }
      if (levels_[g] * static_cast<std::int64_t>(effects.size()) >= frame_.n()) {
        return Fail(ErrorCode::kInvalidInput,
                    Where() + "formula: found " + std::to_string(levels_[g]) + " groups of " +
                        effects.group + " with " + std::to_string(effects.size()) +
                        " effects each on " + std::to_string(frame_.n()) +
                        " rows, expected fewer effects than rows");
      }
    }
    return {};
  }

  static Point Lowest(const std::vector<Point>& points) {
    const Point* best = &points.front();
    for (const Point& point : points) {
      if (!point.deviance.valid) continue;
      if (!best->deviance.valid || point.deviance.deviance < best->deviance.deviance) {
        best = &point;
      }
    }
    return *best;
  }

  /// Where the gradient in ln theta vanishes beside the lowest point of the scalar grid, by the cubic that has
  /// its values and slopes at both ends; the lowest point itself when there is no change of sign.
  std::vector<double> Interpolated(const std::vector<Point>& points) const {
    for (std::size_t i = 1; i + 1 < points.size(); ++i) {
      const Point& low = points[i];
      const Point& high = points[i + 1];
      if (low.theta != best_.theta && high.theta != best_.theta) continue;
      if (!low.deviance.valid || !high.deviance.valid) continue;
      const double a = low.theta[0];
      const double b = high.theta[0];
      const double value_a = a * low.deviance.gradient[0];
      const double value_b = b * high.deviance.gradient[0];
      if (!(value_a < 0 && value_b > 0)) continue;
      const double width = kLn2 / 2;
      const double slope_a = width * (value_a + a * a * low.deviance.hessian[0][0]);
      const double slope_b = width * (value_b + b * b * high.deviance.hessian[0][0]);
      double left = 0;
      double right = 1;
      for (int halving = 0; halving < 60; ++halving) {
        const double t = (left + right) / 2;
        const double s = 1 - t;
        const double value = s * s * ((1 + 2 * t) * value_a + t * slope_a) +
                             t * t * ((1 + 2 * s) * value_b - s * slope_b);
        (value < 0 ? left : right) = t;
      }
      return {a * core::Exp(width * left)};
    }
    return best_.theta;
  }

  Result<void> Search() {
    CLINNOVA_ASSIGN(const std::vector<Point> points, Evaluate(ThetaGrid(part_), k() == 1));
    best_ = Lowest(points);
    if (best_.deviance.valid) {
      const std::vector<double> theta = k() > 1 ? best_.theta : Interpolated(points);
      if (k() > 1 || theta != best_.theta) {
        CLINNOVA_ASSIGN(const std::vector<Point> one, Evaluate({theta}, true));
        best_ = k() > 1 ? one.front() : Lowest({one.front(), best_});
      }
    }
    if (!best_.deviance.valid) {
      return Fail(ErrorCode::kFailed,
                  Where() +
                      "the terms explain the outcome without a residue: there is no variance "
                      "to divide");
    }
    return {};
  }

  Result<void> Descend() {
    double reach = 1;  // the longest step, as a part of theta
    for (steps_ = 0; steps_ < kMaximumSteps; ++steps_) {
      std::vector<double> step = ThetaStep(part_, best_.theta, best_.deviance);
      if (ThetaStands(part_, best_.theta, step, kLastStep)) return Finish(step);
      const double shrink = std::min(1.0, reach / ThetaStretch(part_, best_.theta, step));
      std::vector<std::vector<double>> candidates;
      for (const double part : {1.0, 0.5, 0.125, 0.015625}) {
        std::vector<double> theta = best_.theta;
        for (std::size_t i = 0; i < k(); ++i) theta[i] += part * shrink * step[i];
        candidates.push_back(std::move(theta));
      }
      CLINNOVA_ASSIGN(const std::vector<Point> points, Evaluate(candidates, true));
      const Point lowest = Lowest(points);
      // Near the end rounding hides the descent: the whole step is then as good as it can be told.
      const double noise = 1e-12 * (std::fabs(best_.deviance.deviance) + problem_.n);
      const bool whole = points.front().deviance.valid && shrink == 1 &&
                         points.front().deviance.deviance <= best_.deviance.deviance + noise &&
                         points.front().deviance.deviance <= lowest.deviance.deviance + noise;
      if (whole) {
        best_ = points.front();
      } else if (lowest.deviance.valid && lowest.deviance.deviance < best_.deviance.deviance) {
        best_ = lowest;
        reach = std::min(1.0, 8 * reach);
      } else {
        reach /= 64;
        if (reach < 1e-12) return {};
      }
    }
    return {};
  }

  /// The last step, on the expansion of the sums.
  Result<void> Finish(const std::vector<double>& step) {
    best_.sums = best_.sums.At(step);
    for (std::size_t i = 0; i < k(); ++i) best_.theta[i] += step[i];
    best_.deviance = DevianceOf(best_.sums, problem_);
    converged_ = best_.deviance.valid;
    for (std::size_t j = 0; j < p(); ++j) {
      beta_[j] += std::ldexp(best_.deviance.beta[j], residual_exponent_);
    }
    const double freedom =
        problem_.n -
        (problem_.criterion == Criterion::kRestricted ? static_cast<double>(problem_.rank) : 0);
    residual_variance_ = std::ldexp(best_.deviance.residual_sum / freedom, 2 * residual_exponent_);
    // The logarithms back on the scale of the outcome and of the original columns.
    deviance_ = best_.deviance.deviance + freedom * 2 * residual_exponent_ * kLn2 - log_weights_;
    if (problem_.criterion == Criterion::kRestricted) {
      for (std::size_t j = 0; j < p(); ++j) {
        if (!problem_.aliased[j]) deviance_ -= 2 * core::Log(frame_.claim().inverse_scale[j]);
      }
    }
    return {};
  }

  Result<void> SiteEffects() {
    EffectsParameters parameters;
    parameters.claim = frame_.claim();
    parameters.beta = beta_;
    parameters.theta = best_.theta;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kEffectsStep, parameters));
    const std::vector<std::string>& sites = federation_.schema().columns.back().levels;
    const std::size_t q = part_.groups[0].size();
    const std::size_t triangle = q * (q + 1) / 2;
    for (std::size_t s = 0; s < sites.size(); ++s) {
      ClusterEffects site;
      site.level = sites[s];
      site.present = sums.Count(kSitePresent, s) != 0;
      for (std::size_t a = 0; a < q; ++a) site.effects.push_back(sums.Number(kEffects, s * q + a));
      std::vector<double> packed(triangle);
      for (std::size_t i = 0; i < triangle; ++i) {
        packed[i] = residual_variance_ * sums.Number(kEffectCovariances, s * triangle + i);
      }
      site.covariance = FromLowerTriangle(packed, q);
      site_effects_.push_back(std::move(site));
    }
    return {};
  }

  /// The entries of one group.
  std::vector<double> Theta(std::size_t group) const {
    const auto begin = best_.theta.begin() +
                       static_cast<std::ptrdiff_t>(group == 0 ? 0 : part_.groups[0].parameters());
    return {begin, begin + static_cast<std::ptrdiff_t>(part_.groups[group].parameters())};
  }

  /// As in lme4, the group of more levels comes first.
  Json Components(double scale) const {
    Json components = Json::array();
    const bool swap = part_.groups.size() == 2 && levels_[1] > levels_[0];
    for (std::size_t i = 0; i < part_.groups.size(); ++i) {
      const std::size_t g = swap ? 1 - i : i;
      const RandomEffects& effects = part_.groups[g];
      AppendComponents(effects, EffectCovariance(effects, frame_, Theta(g)), scale, components);
    }
    AppendResidual(scale, components);
    return components;
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = AliasedWarnings(frame_.design().names(), problem_.aliased);
    if (!converged_) {
      warnings.push_back("not converged after " + std::to_string(steps_) +
                         " steps; no estimate is given");
      return warnings;
    }
    for (std::size_t g = 0; g < part_.groups.size(); ++g) {
      for (std::string& warning : SingularityWarnings(part_.groups[g], Theta(g))) {
        warnings.push_back(std::move(warning));
      }
    }
    return warnings;
  }

  Json Report() const {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    Matrix covariance;
    if (converged_) covariance = best_.deviance.unscaled;
    for (std::vector<double>& row : covariance) {
      for (double& entry : row) entry *= residual_variance_;
    }
    const Coefficients terms = ModelCoefficients(
        frame_, {beta_, std::move(covariance), problem_.aliased, converged_, confidence_level_});
    const bool restricted = problem_.criterion == Criterion::kRestricted;
    const auto parameters = static_cast<double>(problem_.rank + k() + 1);
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["converged"] = converged_;
    result["warnings"] = Warnings();
    result["terms"] = TermsJson(terms);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    const double scale = converged_ ? residual_variance_ : nan;
    result["variance_components"] = Components(scale);
    result["sigma"] = NumberJson(std::sqrt(scale));
    const double log_likelihood = converged_ ? -deviance_ / 2 : nan;
    result["log_lik"] = NumberJson(log_likelihood);
    result["aic"] = NumberJson(-2 * log_likelihood + 2 * parameters);
    result["bic"] = NumberJson(-2 * log_likelihood + core::Log(problem_.n) * parameters);
    result["deviance"] = NumberJson(-2 * log_likelihood);
    result["df_residual"] = frame_.n() - static_cast<std::int64_t>(parameters);
    if (OfSites()) AddSiteEffects(part_.groups[0], frame_, site_effects_, result);
    for (std::size_t g = 0; g < part_.groups.size(); ++g) {
      result["groups"][part_.groups[g].label] = levels_[g];
    }
    result["reml"] = restricted;
    result["formula"] = frame_.formula().text();
    result["family"] = "gaussian";
    result["conf_level"] = confidence_level_;
    return result;
  }

  Federation& federation_;    // not owned
  const Analysis& analysis_;  // not owned
  const ModelFrame& frame_;   // not owned
  RandomPart part_;
  double confidence_level_;
  ProfileProblem problem_;
  std::vector<double> beta_;  ///< of least squares, then of the model; standardised
  int residual_exponent_ = 0;
  std::int64_t within_exponent_ = 0;
  std::int64_t between_exponent_ = 0;
  Matrix within_;
  std::vector<std::int64_t> levels_;  ///< per group
  Point best_;
  int steps_ = 0;
  bool converged_ = false;
  double residual_variance_ = 0;
  double deviance_ = 0;
  double log_weights_ = 0;  ///< sum of the logarithms of the case weights
  std::vector<ClusterEffects> site_effects_;
};

}  // namespace

Result<Json> FitLinearMixed(Federation& federation, const Analysis& analysis,
                            const ModelFrame& frame) {
  if (frame.columns() == 0) {
    return analysis.Wrong("formula", "expected an intercept or a term beside the random effect");
  }
  CLINNOVA_ASSIGN(RandomPart part, RandomPartOf(analysis, frame.formula(), frame.design()));
  CLINNOVA_ASSIGN(const bool reml, analysis.Flag("reml", true));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  return LinearMixedFit(federation, analysis, frame, std::move(part),
                        reml ? Criterion::kRestricted : Criterion::kMaximumLikelihood, level)
      .Run();
}

std::vector<const federation::Step*> LinearMixedSteps() {
  return {&kLeastSquaresStep, &kProfileStep, &kEffectsStep};
}

}  // namespace clinnova::stats
