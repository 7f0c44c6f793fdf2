// SPDX-License-Identifier: Apache-2.0
#include "stats/gee.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "stats/gee_steps.h"
#include "stats/glm_family.h"
#include "stats/glm_options.h"
#include "stats/linear_algebra.h"
#include "stats/model_terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr int kMaximumIterations = 200;
constexpr double kAliasTolerance = 1e-13;
constexpr double kTolerance = 1e-12;
constexpr double kRoundingTolerance = 1e-11;
/// By how many powers of two a row's part of a sum may be above the usual one without another round.
constexpr std::int64_t kRoom = 12;

class GeeFit {
 public:
  GeeFit(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
         GlmFamily family, GeeOptions options, double confidence_level)
      : federation_(federation),
        analysis_(analysis),
        frame_(frame),
        family_(family),
        options_(std::move(options)),
        confidence_level_(confidence_level) {}

  Result<Json> Run() {
    CLINNOVA_TRY(Start());
    CLINNOVA_TRY(Iterate());
    if (converged_) CLINNOVA_TRY(Variances());
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns(); }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }
  bool HasAlpha() const { return options_.correlation != WorkingCorrelation::kIndependence; }

  Result<PooledSums> Round(GeeParameters::Mode mode) {
    GeeParameters parameters;
    parameters.mode = mode;
    parameters.claim = frame_.claim();
    parameters.beta = beta_;
    parameters.alpha = alpha_;
    parameters.scale = scale_;
    parameters.sizes = mode == GeeParameters::Mode::kVariances && federation_.minimum_count() == 0;
    parameters.slope = slope_;
    parameters.score_exponent = score_exponent_ + score_room_;
    parameters.information_exponent = information_exponent_ + information_room_;
    parameters.meat_exponent = 2 * frame_.standardised_exponent() + 12;
    CLINNOVA_ASSIGN(PooledSums sums, federation_.Sum(analysis_, kGeeStep, parameters));
    // A range that had to grow stays grown: the next round would need it again.
    score_room_ += sums.layout().blocks[kGeeScore].exponent - parameters.score_exponent;
    information_room_ +=
        sums.layout().blocks[kGeeInformation].exponent - parameters.information_exponent;
    return sums;
  }

  /// The ranges for the next round: a row's usual part, and room for rows far from it. Wider ones would cost digits.
  void SetRanges(const PooledSums& sums) {
    double information = 0;
    for (std::size_t j = 0; j < p(); ++j) {
      information = std::max(information, sums.Number(kGeeInformation, j * (j + 1) / 2 + j));
    }
    const auto n = static_cast<double>(frame_.n());
    const double slope = std::sqrt(information / n);
    slope_ = std::ldexp(1.0, ExponentOf(slope));
    score_exponent_ =
        ExponentOf(slope) + ExponentOf(std::sqrt(sums.Number(kGeeMoments, kSquares) / n));
    information_exponent_ = 2 * ExponentOf(slope);
  }

  Result<void> Start() {
    const int z = frame_.standardised_exponent();
    const GlmRanges ranges = GuessGlmRanges(family_, frame_);
    information_exponent_ = 2 * z + ranges.weight;
    score_exponent_ = z + ranges.score;
    beta_.assign(p(), 0.0);
    CLINNOVA_ASSIGN(const PooledSums sums, Round(GeeParameters::Mode::kStart));
    CLINNOVA_TRY(CheckRows(sums));
    const SymmetricFactor factor(FromLowerTriangle(sums.Numbers(kGeeInformation), p()),
                                 kAliasTolerance);
    score_room_ = information_room_ = kRoom;
    aliased_ = factor.aliased();
    rank_ = factor.rank();
    beta_ = factor.Solve(sums.Numbers(kGeeScore));
    clusters_ = sums.Count(kGeeCounts, kGeeClusters);
    fractional_ = sums.Count(kGeeCounts, kGeeFractionalLag) != 0 && !options_.lag_in_order;
    return {};
  }

  Result<void> CheckRows(const PooledSums& sums) const {
    const std::int64_t responses = sums.Count(kGeeCounts, kGeeInvalidResponse);
    if (responses != 0) {
      return Fail(ErrorCode::kInvalidInput,
                  Where() + "the outcome is outside the range of family " +
                      analysis_.Text("family", "gaussian").value_or("") + " with its link in " +
                      std::to_string(responses) + " rows");
    }
    const std::int64_t tied = sums.Count(kGeeCounts, kGeeTied);
    if (tied != 0) {
      return Fail(ErrorCode::kInvalidInput, Where() + "time: found " + std::to_string(tied) +
                                                " rows at the same " + options_.time +
                                                " as another of their " + options_.id +
                                                ", expected one row at a time");
    }
    const std::int64_t k = federation_.minimum_count();
    if (k == 0) return {};
    if (sums.Count(kGeeCounts, kGeeClusters) < k) {
      return Fail(ErrorCode::kRefused,
                  Where() + "fewer groups of " + options_.id + " than the threshold of " +
                      std::to_string(k),
                  "too_few_groups");
    }
    const std::int64_t zeros = sums.Count(kGeeCounts, kGeeZero);
    const std::int64_t ones = sums.Count(kGeeCounts, kGeeOne);
    if (family_.family == Family::kBinomial && zeros + ones == frame_.n() &&
        std::min(zeros, ones) > 0 && std::min(zeros, ones) < k) {
      return Fail(
          ErrorCode::kRefused,
          Where() + "the outcome has a level with fewer than " + std::to_string(k) + " persons",
          "rare_level");
    }
    return {};
  }

  SymmetricFactor KeptInformation(const PooledSums& sums) const {
    Matrix information = FromLowerTriangle(sums.Numbers(kGeeInformation), p());
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) {
        if (aliased_[i] || aliased_[j]) information[i][j] = 0;
      }
    }
    return SymmetricFactor(information, 1e-15);
  }

  /// Scale and alpha from the moments; the largest change as a part of what they are.
  double UpdateMoments(const PooledSums& sums) {
    const double scale = sums.Number(kGeeMoments, kSquares) / static_cast<double>(frame_.n());
    double change = std::fabs(scale / scale_ - 1);
    scale_ = scale;
    const double weights = sums.Number(kGeeMoments, kPairWeights);
    if (!HasAlpha() || sums.Count(kGeeCounts, kGeePairs) == 0) return change;
    double alpha = alpha_;
    if (weights > 0) {
      // Newton's slope, or that of Gauss and Newton where the equation bends the wrong way.
      const double curved = sums.Number(kGeeMoments, kCurvedProducts) / scale -
                            sums.Number(kGeeMoments, kCurvedExpected);
      alpha += (sums.Number(kGeeMoments, kPairProducts) / scale -
                sums.Number(kGeeMoments, kPairExpected)) /
               (curved < 0.9 * weights ? weights - curved : weights);
    } else {
      alpha = 0.5;  // under ar1 every lag exceeds 1 and 0 is no place to start from
    }
    // alpha^lag of a lag that is no whole number needs a positive alpha.
    if (fractional_ && !(alpha > 0)) alpha = alpha_ > 0 ? alpha_ / 2 : 0.5;
    if (options_.correlation == WorkingCorrelation::kAr1) {
      alpha = std::clamp(alpha, alpha_ - (1 + alpha_) / 2, alpha_ + (1 - alpha_) / 2);
    }
    change = std::max(change, std::fabs(alpha - alpha_));
    alpha_ = alpha;
    return change;
  }

  Result<void> Iterate() {
    std::vector<double> before(p());
    double relative_before = std::numeric_limits<double>::infinity();
    int halvings = 0;
    for (iterations_ = 1; iterations_ <= kMaximumIterations; ++iterations_) {
      CLINNOVA_ASSIGN(const PooledSums sums, Round(GeeParameters::Mode::kScore));
      if (sums.Count(kGeeCounts, kGeeInvalidMean) != 0) {
        if (++halvings > 30) return {};  // no inner point was found: not converged
        for (std::size_t j = 0; j < p(); ++j) beta_[j] = (beta_[j] + before[j]) / 2;
        continue;
      }
      halvings = 0;
      SetRanges(sums);
      indefinite_ = sums.Count(kGeeCounts, kGeeIndefinite);
      const SymmetricFactor factor = KeptInformation(sums);
      if (factor.rank() < rank_) return {};
      const std::vector<double> step = factor.Solve(sums.Numbers(kGeeScore));
      const Matrix inverse = factor.Inverse();
      before = beta_;
      double relative = UpdateMoments(sums);
      for (std::size_t j = 0; j < p(); ++j) {
        const double size = std::fabs(beta_[j]) + 0.1 * std::sqrt(scale_ * inverse[j][j]);
        if (step[j] != 0) relative = std::max(relative, std::fabs(step[j]) / size);
        beta_[j] += step[j];
      }
      if (!std::isfinite(relative)) return {};
      converged_ = relative <= kTolerance ||
                   (relative <= kRoundingTolerance && relative >= 0.95 * relative_before);
      relative_before = relative;
      if (converged_) return {};
    }
    return {};
  }

  /// Not where the working correlation is no correlation: what solves the equations then means nothing.
  Result<void> Variances() {
    CLINNOVA_ASSIGN(const PooledSums sums, Round(GeeParameters::Mode::kVariances));
    indefinite_ = sums.Count(kGeeCounts, kGeeIndefinite);
    converged_ = indefinite_ == 0;
    if (!converged_) return {};
    const SymmetricFactor factor = KeptInformation(sums);
    const Matrix inverse = factor.Inverse();
    Matrix meat = FromLowerTriangle(sums.Numbers(kGeeMeat), p() + 2);
    for (std::size_t i = 0; i < p() + 2; ++i) {
      for (std::size_t j = 0; j < p() + 2; ++j) {
        meat[i][j] *= (i < p() ? slope_ : 1) * (j < p() ? slope_ : 1);
      }
    }
    Matrix beta_meat(p(), std::vector<double>(p()));
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) beta_meat[i][j] = scale_ * meat[i][j];
    }
    covariance_ = Congruence(inverse, beta_meat);
    MomentErrors(sums, factor, meat);
    for (std::size_t size = 1; size <= kLargestClusterSize; ++size) {
      if (federation_.minimum_count() == 0 && sums.Count(kGeeSizes, size - 1) != 0) {
        largest_cluster_ = size;
      }
    }
    return {};
  }

  /// Errors of scale and alpha: their influence as combinations of (U1 / sqrt scale, U2 / scale, U3).
  void MomentErrors(const PooledSums& sums, const SymmetricFactor& factor, const Matrix& meat) {
    const std::vector<double> cross = sums.Numbers(kGeeCross);
    const auto part = [&](std::size_t first) {
      std::vector<double> slopes(cross.begin() + static_cast<long>(first),
                                 cross.begin() + static_cast<long>(first + p()));
      return factor.Solve(slopes);  // the derivative in beta, times H11^-1
    };
    const auto n = static_cast<double>(frame_.n());
    std::vector<double> influence = part(0);
    for (double& value : influence) value *= std::sqrt(scale_) / n;
    influence.push_back(scale_ / n);
    influence.push_back(0);
    scale_error_ = std::sqrt(std::max(0.0, Form(influence, meat)));
    const double weights = sums.Number(kGeeMoments, kPairWeights);
    if (!HasAlpha() || !(weights > 0)) return;
    std::vector<double> of_alpha = part(p());
    for (double& value : of_alpha) value /= std::sqrt(scale_);
    of_alpha.push_back(0);
    of_alpha.push_back(1);
    const double by_scale =
        sums.Number(kGeeMoments, kPairProducts) / (scale_ * scale_);  // minus dU3 / dscale
    for (std::size_t i = 0; i < of_alpha.size(); ++i) {
      of_alpha[i] = (of_alpha[i] - by_scale * influence[i]) / weights;
    }
    alpha_error_ = std::sqrt(std::max(0.0, Form(of_alpha, meat)));
  }

  static double Form(const std::vector<double>& a, const Matrix& m) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < a.size(); ++j) sum += a[i] * m[i][j] * a[j];
    }
    return sum;
  }

  std::string NotPositiveDefinite() const {
    const bool ar1 = options_.correlation == WorkingCorrelation::kAr1;
    return "not converged: the working correlation that the residuals ask for is not positive "
           "definite in " +
           std::to_string(indefinite_) + " clusters (" +
           (ar1 ? "alpha of ar1 lies between -1 and 1"
                : "alpha of exchangeable lies between -1 / (m - 1), in clusters of m rows, and 1") +
           "), choose another; no estimate is given";
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = AliasedWarnings(frame_.design().names(), aliased_);
    if (!converged_ && indefinite_ != 0) {
      warnings.push_back(NotPositiveDefinite());
    } else if (!converged_) {
      warnings.push_back("not converged after " +
                         std::to_string(std::min(iterations_, kMaximumIterations)) +
                         " iterations; no estimate is given");
    }
    if (HasAlpha() && clusters_ == frame_.n()) {
      warnings.push_back("every cluster has one row: there is no correlation to estimate");
    }
    return warnings;
  }

  Json Report() const {
    const Coefficients terms =
        ModelCoefficients(frame_, {beta_, covariance_, aliased_, converged_, confidence_level_});
    Json rows = TermsJson(terms);
    for (Json& term : rows) {  // geepack's Wald chi-square on one degree of freedom
      if (term["statistic"].is_number()) {
        term["statistic"] = std::pow(term["statistic"].get<double>(), 2);
      }
    }
    const bool paired = HasAlpha() && clusters_ != frame_.n();
    const auto number = [&](double value, bool given) {
      return converged_ && given ? NumberJson(value) : Json(nullptr);
    };
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["converged"] = converged_;
    result["warnings"] = Warnings();
    result["terms"] = std::move(rows);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    result["alpha"] = number(alpha_, paired);
    result["alpha_std_error"] = number(alpha_error_, paired);
    result["scale"] = number(scale_, true);
    result["scale_std_error"] = number(scale_error_, true);
    result["clusters"] = clusters_;
    result["max_cluster_size"] = largest_cluster_ == 0 ? Json(nullptr) : Json(largest_cluster_);
    if (converged_ && largest_cluster_ == 0) result["suppressed"] = {"max_cluster_size"};
    result["correlation"] = analysis_.Text("correlation", "independence").value_or("");
    result["iterations"] = std::min(iterations_, kMaximumIterations);
    result["formula"] = frame_.formula().text();
    result["family"] = analysis_.Text("family", "gaussian").value_or("");
    result["link"] = LinkName(family_.link);
    result["conf_level"] = confidence_level_;
    return result;
  }

  Federation& federation_;    // not owned
  const Analysis& analysis_;  // not owned
  const ModelFrame& frame_;   // not owned
  GlmFamily family_;
  GeeOptions options_;
  double confidence_level_;
  std::int64_t score_exponent_ = 0;
  std::int64_t information_exponent_ = 0;
  std::int64_t score_room_ = 6;  ///< the start's score carries the working response
  std::int64_t information_room_ = 0;
  double slope_ = 1;
  std::vector<double> beta_;
  double alpha_ = 0;
  double scale_ = 1;
  double alpha_error_ = 0;
  double scale_error_ = 0;
  std::vector<bool> aliased_;
  std::size_t rank_ = 0;
  std::int64_t clusters_ = 0;
  std::int64_t indefinite_ = 0;
  std::size_t largest_cluster_ = 0;
  bool fractional_ = false;
  int iterations_ = 0;
  bool converged_ = false;
  Matrix covariance_;
};

Result<Json> RunGee(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(GeeOptions options, GeeOptionsOf(analysis));
  CLINNOVA_ASSIGN(const std::string family, analysis.Text("family", "gaussian"));
  CLINNOVA_ASSIGN(const std::string link, analysis.Text("link", ""));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  const auto parsed = ParseFamily(family, link);
  if (!parsed) return FailAt("analysis \"" + analysis.name() + "\"", parsed);
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  if (frame.formula().response().kind != table::Response::Kind::kNumeric) {
    return analysis.Wrong("formula", "expected an outcome before ~");
  }
  return GeeFit(federation, analysis, frame, *parsed, std::move(options), level).Run();
}

constexpr std::string_view kOptions[] = {"formula",     "family", "link", "id",
                                         "correlation", "time",   "lag"};

}  // namespace

Method GeeMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kGeeStep);
  return {"gee", "generalised estimating equations", kOptions, std::move(steps), RunGee};
}

}  // namespace clinnova::stats
