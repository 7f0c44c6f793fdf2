// SPDX-License-Identifier: Apache-2.0
#include "stats/generalised_mixed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "stats/generalised_mixed_steps.h"
#include "stats/glm_steps.h"
#include "stats/mixed_report.h"
#include "stats/model_terms.h"
#include "stats/profile_deviance.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr double kAliasTolerance = 1e-13;
constexpr double kTolerance = 1e-11;
constexpr double kRoundingTolerance = 1e-8;
constexpr int kMaximumSteps = 60;
/// A standard deviation below this is none: the derivative in it is 0 by symmetry.
constexpr double kNoVariance = 1e-6;
/// With several effects, one whose row of L is below this on its way down has none.
constexpr double kVanishing = 1e-4;

struct Point {
  std::vector<double> parameters;  ///< (b, theta)
  double value = -std::numeric_limits<double>::infinity();
  std::vector<double> gradient;
  Matrix hessian;
};

class GeneralisedMixedFit {
 public:
  GeneralisedMixedFit(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
                      GeneralisedPart part, double confidence_level)
      : federation_(federation),
        analysis_(analysis),
        frame_(frame),
        part_(std::move(part)),
        effects_(part_.effects),
        confidence_level_(confidence_level),
        gone_(effects_.size()) {}

  Result<Json> Run() {
    CLINNOVA_TRY(Start());
    CLINNOVA_TRY(Ascend());
    if (converged_ && HasSiteEffects()) CLINNOVA_TRY(SiteEffects());
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns(); }
  /// Entries of theta.
  std::size_t k() const { return part_.parameters(); }
  bool HasSiteEffects() const { return effects_.group == "site" && !part_.outer; }
  std::vector<double> Theta() const {
    return {best_.parameters.begin() + static_cast<std::ptrdiff_t>(p()), best_.parameters.end()};
  }
  /// Those with effects, and what of theta is theirs.
  std::vector<const RandomEffects*> Groups() const {
    std::vector<const RandomEffects*> groups = {&effects_};
    if (part_.outer) groups.push_back(&*part_.outer);
    return groups;
  }
  std::vector<double> ThetaOf(const RandomEffects& effects) const {
    const std::vector<double> theta = Theta();
    if (&effects != &effects_) return {theta.back()};
    return {theta.begin(), theta.begin() + static_cast<std::ptrdiff_t>(effects_.parameters())};
  }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }
  std::string Family() const { return analysis_.Text("family", "").value_or(""); }

  /// The first step of a model without the effect, and the standard deviation that suits it best.
  Result<void> Start() {
    const int z = frame_.standardised_exponent();
    const int y = std::max(frame_.response_exponents().front(), 1);
    GlmParameters parameters;
    parameters.mode = GlmParameters::Mode::kStart;
    parameters.claim = frame_.claim();
    parameters.beta.assign(p(), 0.0);
    parameters.score_exponent = z + y + 12;
    parameters.information_exponent = 2 * z + y + 8;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kGlmStep, parameters));
    CLINNOVA_TRY(CheckRows(sums));
    const SymmetricFactor factor(FromLowerTriangle(sums.Numbers(kGlmInformation), p()),
                                 kAliasTolerance);
    aliased_ = factor.aliased();
    rank_ = factor.rank();
    std::vector<std::vector<double>> grid;
    for (const double tau : {0.1, 0.25, 0.5, 1.0, 2.0, 4.0}) {
      grid.push_back(factor.Solve(sums.Numbers(kGlmScore)));
      for (std::size_t a = 0; a < effects_.size(); ++a) {
        for (std::size_t b = 0; b <= a; ++b) grid.back().push_back(a == b ? tau : 0);
      }
      if (part_.outer) grid.back().push_back(tau / 2);
    }
    CLINNOVA_ASSIGN(const std::vector<Point> points, Evaluate(grid));
    best_ = Highest(points);
    if (!std::isfinite(best_.value)) {
      return Fail(ErrorCode::kFailed, Where() + "no point with a finite likelihood was found");
    }
    return {};
  }

  Result<void> CheckRows(const PooledSums& sums) const {
    const std::int64_t responses = sums.Count(kGlmCounts, kInvalidResponse);
    if (responses != 0) {
      return Fail(ErrorCode::kInvalidInput,
                  Where() + "the outcome is outside the range of family " + Family() + " in " +
                      std::to_string(responses) + " rows");
    }
    const std::int64_t k = federation_.minimum_count();
    const std::int64_t zeros = sums.Count(kGlmCounts, kOutcomeZero);
    const std::int64_t ones = sums.Count(kGlmCounts, kOutcomeOne);
    if (k > 0 && Family() == "binomial" && zeros + ones == frame_.n() &&
        std::min(zeros, ones) > 0 && std::min(zeros, ones) < k) {
      return Fail(
          ErrorCode::kRefused,
          Where() + "the outcome has a level with fewer than " + std::to_string(k) + " persons",
          "rare_level");
    }
    return {};
  }

  Result<void> CheckClusters(const std::string& group, std::int64_t clusters) const {
    const int minimum = federation_.minimum_count();
    if (minimum > 0 && group != "site" && clusters < minimum) {
      return Fail(ErrorCode::kRefused,
                  Where() + "fewer groups of " + group + " than the threshold of " +
                      std::to_string(minimum),
                  "too_few_groups");
    }
    if (clusters < 2) {
      return Fail(ErrorCode::kInvalidInput,
                  Where() + "formula: found one group of " + group + ", expected several");
    }
    return {};
  }

  Result<std::vector<Point>> Evaluate(const std::vector<std::vector<double>>& at) {
    IntegralParameters parameters;
    parameters.claim = frame_.claim();
    parameters.variances = static_cast<std::int64_t>(k());
    for (const auto& point : at) {
      parameters.points.insert(parameters.points.end(), point.begin(), point.end());
    }
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kIntegralStep, parameters));
    clusters_ = sums.Count(kIntegralClusters, kInnerClusters);
    outer_clusters_ = sums.Count(kIntegralClusters, kOuterClusters);
    CLINNOVA_TRY(CheckClusters(effects_.group, clusters_));
    if (part_.outer) CLINNOVA_TRY(CheckClusters(part_.outer->group, outer_clusters_));
    const std::size_t size = p() + k();
    std::vector<Point> points;
    for (std::size_t k = 0; k < at.size(); ++k) {
      Point point;
      point.parameters = at[k];
      if (sums.Count(kInvalidPoints, k) == 0) {
        point.value = sums.Number(kLogLikelihoods, k);
        std::vector<double> packed;
        for (std::size_t i = 0; i < size; ++i) {
          point.gradient.push_back(sums.Number(kGradients, k * size + i));
        }
        for (std::size_t i = 0; i < size * (size + 1) / 2; ++i) {
          packed.push_back(sums.Number(kHessians, k * size * (size + 1) / 2 + i));
        }
        point.hessian = FromLowerTriangle(packed, size);
      }
      points.push_back(std::move(point));
    }
    return points;
  }

  static Point Highest(const std::vector<Point>& points) {
    const Point* best = &points.front();
    for (const Point& point : points) {
      if (point.value > best->value) best = &point;
    }
    return *best;
  }

  /// Parameters that are estimated: the columns that are not aliased, and theta.
  std::vector<std::size_t> Kept() const {
    std::vector<std::size_t> kept;
    for (std::size_t j = 0; j < p(); ++j) {
      if (!aliased_[j]) kept.push_back(j);
    }
    std::size_t entry = p();
    for (std::size_t a = 0; a < effects_.size(); ++a) {
      for (std::size_t b = 0; b <= a; ++b, ++entry) {
        if (!gone_[a] && !gone_[b]) kept.push_back(entry);
      }
    }
    if (part_.outer) kept.push_back(entry);
    return kept;
  }

  /// True when an effect has come to have no variance. Its row and column of L are 0 from then on, since how it leans on
  /// the others is no longer told by anything; the rest of L is taken so that L L' stays.
  bool TakeOut() {
    const std::size_t q = effects_.size();
    if (q == 1) return false;
    SmallMatrix l = LowerTriangular(effects_.Shape(), best_.parameters.data() + p());
    bool found = false;
    for (std::size_t a = 0; a < q; ++a) {
      double size = 0;
      for (std::size_t b = 0; b <= a; ++b) size = std::max(size, std::fabs(l.at(a, b)));
      const std::size_t diagonal = p() + a * (a + 1) / 2 + a;
      if (gone_[a] || size > kVanishing || best_.hessian[diagonal][diagonal] > 0) continue;
      gone_[a] = found = true;
      for (std::size_t b = 0; b <= a; ++b) l.at(a, b) = 0;
    }
    if (!found) return false;
    l = CholeskyFactor(Product(l, Transposed(l, q), q), q);
    std::size_t entry = p();
    for (std::size_t a = 0; a < q; ++a) {
      for (std::size_t b = 0; b <= a; ++b) best_.parameters[entry++] = l.at(a, b);
    }
    return true;
  }

  /// Minus the log-likelihood at the best point, in the kept parameters.
  ProfileDeviance Bowl() const {
    const std::vector<std::size_t> kept = Kept();
    ProfileDeviance bowl;
    bowl.hessian.assign(kept.size(), std::vector<double>(kept.size()));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      bowl.gradient.push_back(-best_.gradient[kept[i]]);
      for (std::size_t j = 0; j < kept.size(); ++j) {
        bowl.hessian[i][j] = -best_.hessian[kept[i]][kept[j]];
      }
    }
    return bowl;
  }

  /// The largest step as a part of the parameter, or of a tenth of its error.
  double RelativeStep(const std::vector<double>& step, const ProfileDeviance& bowl) const {
    const std::vector<std::size_t> kept = Kept();
    const SymmetricFactor factor(bowl.hessian, 1e-14);
    if (factor.rank() < kept.size()) return std::numeric_limits<double>::infinity();
    const Matrix inverse = factor.Inverse();
    double largest = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const double size =
          std::fabs(best_.parameters[kept[i]]) + 0.1 * std::sqrt(std::fabs(inverse[i][i]));
      largest = std::max(largest, std::fabs(step[i]) / size);
    }
    return largest;
  }

  Result<void> Ascend() {
    double relative_before = std::numeric_limits<double>::infinity();
    double reach = 1;  // what part of a step the longest candidate is
    for (steps_ = 0; steps_ < kMaximumSteps; ++steps_) {
      const std::vector<std::size_t> kept = Kept();
      const ProfileDeviance bowl = Bowl();
      const std::vector<double> step = DescentStep(bowl);
      const double relative = RelativeStep(step, bowl);
      if (relative <= kTolerance ||
          (relative <= kRoundingTolerance && relative >= 0.5 * relative_before)) {
        return Finish(step, bowl);
      }
      relative_before = relative;
      std::vector<std::vector<double>> candidates;
      for (const double part : {1.0, 0.5, 0.25, 0.0625}) {
        candidates.push_back(best_.parameters);
        for (std::size_t i = 0; i < kept.size(); ++i)
          candidates.back()[kept[i]] += part * reach * step[i];
      }
      CLINNOVA_ASSIGN(const std::vector<Point> points, Evaluate(candidates));
      // Near the end rounding hides the ascent: the whole step is then as good as it can be told.
      const double noise = 1e-13 * (std::fabs(best_.value) + static_cast<double>(frame_.n()));
      const Point highest = Highest(points);
      if (points.front().value >= std::max(best_.value, highest.value) - noise) {
        best_ = points.front();
        reach = std::min(1.0, 8 * reach);
      } else if (highest.value > best_.value) {
        best_ = highest;
      } else {
        reach /= 64;
        if (reach < 1e-8) return {};
        continue;
      }
      if (Diverged()) return {};
      if (TakeOut()) {
        CLINNOVA_ASSIGN(const std::vector<Point> again, Evaluate({best_.parameters}));
        best_ = again.front();
      }
    }
    return {};
  }

  /// A linear predictor of 30 on the standard scale: the outcome is separated.
  bool Diverged() const {
    for (std::size_t j = 0; j < p(); ++j) {
      if (Family() == "binomial" && std::fabs(best_.parameters[j]) > 30 &&
          frame_.design().intercept()) {
        return true;
      }
    }
    const std::vector<double> theta = Theta();
    return std::any_of(theta.begin(), theta.end(), [](double t) { return std::fabs(t) > 1e3; });
  }

  Result<void> Finish(const std::vector<double>& step, const ProfileDeviance& bowl) {
    const std::vector<std::size_t> kept = Kept();
    for (std::size_t i = 0; i < kept.size(); ++i) best_.parameters[kept[i]] += step[i];
    for (std::size_t entry = p(); effects_.size() == 1 && entry < p() + k(); ++entry) {
      double& tau = best_.parameters[entry];  // its sign means nothing
      tau = std::fabs(tau) < kNoVariance ? 0 : std::fabs(tau);
    }
    const SymmetricFactor factor(bowl.hessian, 1e-14);
    if (factor.rank() < kept.size()) return {};
    const Matrix inverse = factor.Inverse();
    covariance_.assign(p(), std::vector<double>(p()));
    for (std::size_t i = 0; i < kept.size() && kept[i] < p(); ++i) {
      for (std::size_t j = 0; j < kept.size() && kept[j] < p(); ++j) {
        covariance_[kept[i]][kept[j]] = inverse[i][j];
      }
    }
    converged_ = true;
    return {};
  }

  Result<void> SiteEffects() {
    IntegralParameters parameters;
    parameters.claim = frame_.claim();
    parameters.variances = static_cast<std::int64_t>(k());
    parameters.points = best_.parameters;
    const std::size_t q = effects_.size();
    const std::size_t triangle = q * (q + 1) / 2;
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kSiteEffectsStep, parameters));
    const std::vector<std::string>& sites = federation_.schema().columns.back().levels;
    for (std::size_t s = 0; s < sites.size(); ++s) {
      ClusterEffects site;
      site.level = sites[s];
      site.present = sums.Count(kSiteHasRows, s) != 0;
      for (std::size_t a = 0; a < q; ++a)
        site.effects.push_back(sums.Number(kSiteEffect, s * q + a));
      std::vector<double> packed;
      for (std::size_t i = 0; i < triangle; ++i)
        packed.push_back(sums.Number(kSiteEffectCovariance, s * triangle + i));
      site.covariance = FromLowerTriangle(packed, q);
      site_effects_.push_back(std::move(site));
    }
    return {};
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = AliasedWarnings(frame_.design().names(), aliased_);
    if (!converged_) {
      warnings.push_back("not converged after " + std::to_string(steps_) + " steps" +
                         (Diverged() ? ": the outcome is separated by the terms or the groups "
                                       "(perfectly or nearly)"
                                     : "") +
                         "; no estimate is given");
      return warnings;
    }
    for (const RandomEffects* effects : Groups()) {
      for (std::string& warning : SingularityWarnings(*effects, ThetaOf(*effects))) {
        warnings.push_back(std::move(warning));
      }
    }
    return warnings;
  }

  Json Report() const {
    const auto first_variance = best_.parameters.begin() + static_cast<std::ptrdiff_t>(p());
    const Coefficients terms =
        ModelCoefficients(frame_, {{best_.parameters.begin(), first_variance},
                                   covariance_,
                                   aliased_,
                                   converged_,
                                   confidence_level_});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double log_likelihood = converged_ ? best_.value : nan;
    const auto parameters = static_cast<double>(rank_ + k());
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["converged"] = converged_;
    result["warnings"] = Warnings();
    result["terms"] = TermsJson(terms);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    result["variance_components"] = Json::array();
    for (const RandomEffects* effects : Groups()) {
      AppendComponents(*effects, EffectCovariance(*effects, frame_, ThetaOf(*effects)),
                       converged_ ? 1 : nan, result["variance_components"]);
    }
    result["log_lik"] = NumberJson(log_likelihood);
    result["aic"] = NumberJson(-2 * log_likelihood + 2 * parameters);
    result["bic"] =
        NumberJson(-2 * log_likelihood + core::Log(static_cast<double>(frame_.n())) * parameters);
    result["df_residual"] = frame_.n() - static_cast<std::int64_t>(rank_ + k());
    if (HasSiteEffects()) AddSiteEffects(effects_, frame_, site_effects_, result);
    result["groups"] = Json{{effects_.label, clusters_}};
    if (part_.outer) result["groups"][part_.outer->label] = outer_clusters_;
    result["quadrature"] = QuadratureOf(analysis_, part_).value_or(0);
    result["formula"] = frame_.formula().text();
    result["family"] = Family();
    result["link"] = Family() == "binomial" ? "logit" : "log";
    result["ratio"] = Family() == "binomial" ? "odds ratio" : "rate ratio";
    result["conf_level"] = confidence_level_;
    return result;
  }

  Federation& federation_;    // not owned
  const Analysis& analysis_;  // not owned
  const ModelFrame& frame_;   // not owned
  GeneralisedPart part_;
  const RandomEffects& effects_;  // of part_
  double confidence_level_;
  std::vector<bool> gone_;  ///< effects without variance
  std::vector<bool> aliased_;
  std::size_t rank_ = 0;
  std::int64_t clusters_ = 0;
  std::int64_t outer_clusters_ = 0;
  Point best_;
  int steps_ = 0;
  bool converged_ = false;
  Matrix covariance_;
  std::vector<ClusterEffects> site_effects_;
};

}  // namespace

Result<Json> FitGeneralisedMixed(Federation& federation, const Analysis& analysis,
                                 const ModelFrame& frame) {
  CLINNOVA_ASSIGN(GeneralisedPart part,
                  GeneralisedPartOf(analysis, frame.formula(), frame.design()));
  CLINNOVA_TRY(QuadratureOf(analysis, part));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  return GeneralisedMixedFit(federation, analysis, frame, std::move(part), level).Run();
}

std::vector<const federation::Step*> GeneralisedMixedSteps() {
  return {&kGlmStep, &kIntegralStep, &kSiteEffectsStep};
}

}  // namespace clinnova::stats
