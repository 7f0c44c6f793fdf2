// SPDX-License-Identifier: Apache-2.0
#include "stats/combat.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "stats/combat_steps.h"
#include "stats/linear_algebra.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

/// A covariate keeps less than this part of its square within sites: it is confounded with them.
constexpr double kAliasTolerance = 1e-13;

class Combat {
 public:
  Combat(Federation& federation, const Analysis& analysis, ModelFrame frame, CombatRoles roles)
      : federation_(federation),
        analysis_(analysis),
        frame_(std::move(frame)),
        roles_(std::move(roles)) {}

  Result<Json> Run() {
    CLINNOVA_ASSIGN(adjust_.mean_only, analysis_.Flag("mean_only", false));
    CLINNOVA_TRY(Fit());
    if (adjust_.features.size() < 2) {
      return Fail(ErrorCode::kFailed, Where() + "fewer than two features vary at every site");
    }
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kCombatAdjustStep, adjust_));
    return Report(sums);
  }

 private:
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }
  const FrameClaim& claim() const { return frame_.claim(); }
  double n() const { return static_cast<double>(frame_.n()); }

  Result<void> Fit() {
    const CombatGramParameters parameters{claim(), 2 * frame_.standardised_exponent() + 2};
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kCombatGramStep, parameters));
    if (sums.Count(kSitesOfOne) > 0 && !adjust_.mean_only) {
      adjust_.mean_only = true;
      warnings_.emplace_back("a site has one row: only means are adjusted");
    }
    adjust_.claim = claim();
    adjust_.means = sums.Numbers(kCombatSums);
    for (double& mean : adjust_.means) mean /= n();
    const Matrix gram = FromLowerTriangle(sums.Numbers(kCombatGram), frame_.columns());
    const std::size_t covariates = roles_.covariates.size();
    Matrix among(covariates, std::vector<double>(covariates));
    for (std::size_t c = 0; c < covariates; ++c) {
      for (std::size_t d = 0; d < covariates; ++d) {
        among[c][d] = gram[roles_.covariates[c]][roles_.covariates[d]];
      }
    }
    CLINNOVA_TRY(CheckConfounding(among));
    const SymmetricFactor factor(among, kAliasTolerance);
    for (std::size_t f = 0; f < roles_.features.size(); ++f) {
      const std::size_t column = roles_.features[f];
      std::vector<double> with(covariates);
      for (std::size_t c = 0; c < covariates; ++c) with[c] = gram[roles_.covariates[c]][column];
      const std::vector<double> b = factor.Solve(with);
      long double rest = gram[column][column];
      for (std::size_t c = 0; c < covariates; ++c) rest -= static_cast<long double>(b[c]) * with[c];
      const double error = std::sqrt(static_cast<double>(rest) / n());
      coefficients_.push_back(b);
      errors_.push_back(error);
      if (sums.Count(kSitesConstant, column) > 0) {
        warnings_.push_back(frame_.design().names()[column] +
                            " does not vary at some site and is left as it is");
        continue;
      }
      adjust_.features.push_back(f);
      adjust_.coefficients.insert(adjust_.coefficients.end(), b.begin(), b.end());
      adjust_.errors.push_back(error);
    }
    return {};
  }

  /// A covariate that keeps nothing of its square within sites, or after those before it.
  Result<void> CheckConfounding(const Matrix& among) const {
    const SymmetricFactor factor(among, kAliasTolerance);
    for (std::size_t c = 0; c < roles_.covariates.size(); ++c) {
      // A standardised column's square is about n: what is left within sites is told by its own diagonal.
      if (!factor.aliased()[c] && among[c][c] > kAliasTolerance * n()) continue;
      return Fail(ErrorCode::kInvalidInput,
                  Where() + "covariates: " + frame_.design().names()[roles_.covariates[c]] +
                      " is confounded with the site or with the covariates before, expected "
                      "covariates that vary within sites");
    }
    return {};
  }

  Json Report(const PooledSums& sums) const {
    Json features = Json::array();
    std::size_t adjusted = 0;
    for (std::size_t f = 0; f < roles_.features.size(); ++f) {
      const std::size_t column = roles_.features[f];
      const double unit = 1 / claim().inverse_scale[column];
      Json feature;
      feature["variable"] = frame_.design().names()[column];
      const bool mine = adjusted < adjust_.features.size() && adjust_.features[adjusted] == f;
      feature["adjusted"] = mine;
      long double grand = claim().center[column] + adjust_.means[column] * unit;
      Json terms = Json::array();
      for (std::size_t c = 0; c < roles_.covariates.size(); ++c) {
        const std::size_t x = roles_.covariates[c];
        const double b = coefficients_[f][c] * unit * claim().inverse_scale[x];
        grand -= static_cast<long double>(b) *
                 (claim().center[x] + adjust_.means[x] / claim().inverse_scale[x]);
        terms.push_back({{"term", frame_.design().names()[x]}, {"estimate", NumberJson(b)}});
      }
      feature["grand_mean"] = NumberJson(static_cast<double>(grand));
      feature["pooled_variance"] = NumberJson(errors_[f] * errors_[f] * unit * unit);
      feature["coefficients"] = std::move(terms);
      if (mine) {
        const double mean = sums.Number(kHarmonised, adjusted) / n();
        const double square = sums.Number(kHarmonisedSquares, adjusted) / n();
        const double variance = (square - mean * mean) * n() / (n() - 1);
        feature["mean"] = NumberJson(claim().center[column] + mean * unit);
        feature["variance"] = NumberJson(variance * unit * unit);
        ++adjusted;
      }
      features.push_back(std::move(feature));
    }
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["warnings"] = warnings_;
    result["mean_only"] = adjust_.mean_only;
    result["features"] = std::move(features);
    return result;
  }

  Federation& federation_;    // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  ModelFrame frame_;
  CombatRoles roles_;
  CombatAdjustParameters adjust_;
  std::vector<std::vector<double>>
      coefficients_;            ///< per feature, by covariate, standardised scale
  std::vector<double> errors_;  ///< per feature, standardised scale
  std::vector<std::string> warnings_;
};

Result<Json> RunCombat(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
  CLINNOVA_ASSIGN(CombatRoles roles, CombatRolesOf(analysis, frame.design()));
  return Combat(federation, analysis, std::move(frame), std::move(roles)).Run();
}

constexpr std::string_view kOptions[] = {"variables", "covariates", "mean_only"};

}  // namespace

Method CombatMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kCombatGramStep);
  steps.push_back(&kCombatAdjustStep);
  return {"combat", "features harmonised over sites", kOptions, std::move(steps), RunCombat};
}

}  // namespace clinnova::stats
