// SPDX-License-Identifier: Apache-2.0
#include "learn/boosting.h"

#include <algorithm>
#include <cmath>

#include "stats/model_frame.h"

namespace clinnova::learn {
namespace {

using federation::Federation;

/// Where a run's scores begin.
Result<double> BaseOf(const TreeProblem& problem, const BoostingSettings& settings,
                      const OutcomeSummary& outcome) {
  if (settings.objective == Objective::kCox) return 0.0;
  double mean = outcome.mean;
  if (settings.base_score) {
    mean = *settings.base_score;
  } else if (settings.objective == Objective::kPoisson) {
    mean = outcome.mean / outcome.exposure;
  } else if (settings.objective == Objective::kSquared) {
    mean = outcome.mean - outcome.offset;
  }
  const double base = ScoreOfMean(settings.objective, mean);
  if (std::isfinite(base)) return base;
  return Fail(ErrorCode::kFailed, "analysis \"" + problem.analysis->name() +
                                      "\": the outcome does not vary among the rows of a fit, "
                                      "expected both values, or a positive count");
}

/// Guesses of the exponents of slopes and curvatures; a round whose numbers are larger is repeated.
std::pair<std::int64_t, std::int64_t> Ranges(const BoostingSettings& settings,
                                             const Description& description) {
  const std::int64_t weight = description.weight_exponent;
  const std::int64_t outcome = std::max(description.outcome_exponent, 0);
  switch (settings.objective) {
    case Objective::kLogistic: return {weight, weight - 1};
    case Objective::kSquared: {
      // Nearly all residuals are within eight standard deviations, also of outcomes far from 0.
      const double near = 8 * description.runs.front().sd;
      const std::int64_t far = description.outcome_exponent + 1;
      return {weight + (near > 0 ? std::min<std::int64_t>(stats::ExponentOf(near), far) : far),
              weight};
    }
    case Objective::kPoisson: return {weight + outcome, weight + outcome + 1};
    case Objective::kCox: break;
  }
  return {weight + 3, weight + 3};
}

TreeClaim ClaimOf(const TreeProblem& problem, const BoostingSettings& settings,
                  const std::vector<RunScope>& runs) {
  TreeClaim claim;
  claim.source = problem.source;
  claim.features = problem.features;
  claim.objective = settings.objective;
  claim.max_delta_step = settings.growth.rules.max_delta_step;
  claim.subsample = settings.subsample;
  claim.seed = settings.seed;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    claim.runs.push_back({.scope = runs[run], .trees = {}});
    if (!settings.stratum_bases.empty()) claim.runs[run].stratum_base = settings.stratum_bases[run];
  }
  return claim;
}

bool HasCuts(const std::vector<Feature>& features) {
  return std::any_of(features.begin(), features.end(),
                     [](const Feature& feature) { return !feature.cuts.empty(); });
}

}  // namespace

Result<BoostedTrees> FitBoostedTrees(Federation& federation, TreeProblem& problem,
                                     const BoostingSettings& settings,
                                     const std::vector<RunScope>& runs, Description& description) {
  if (!HasCuts(problem.features)) {
    CLINNOVA_TRY(FindCuts(federation, problem, settings.bins, description));
  }
  BoostedTrees fit;
  fit.claim = ClaimOf(problem, settings, runs);
  fit.ensembles.resize(runs.size());
  for (std::size_t run = 0; run < runs.size() && settings.stratum_bases.empty(); ++run) {
    CLINNOVA_ASSIGN(fit.ensembles[run].base, BaseOf(problem, settings, description.runs[run]));
    fit.claim.runs[run].base = fit.ensembles[run].base;
  }
  TreeGrowth growth(federation, problem, fit.claim, settings.growth);
  const auto [slope, curvature] = Ranges(settings, description);
  growth.Guess(slope, curvature);
  for (std::int64_t t = 0; t < settings.trees; ++t) {
    std::vector<TreeGrowth::Start> starts;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      starts.push_back({run, static_cast<std::uint64_t>(t), description.runs[run].rows});
    }
    CLINNOVA_ASSIGN(std::vector<Tree> trees, growth.Grow(starts));
    for (std::size_t run = 0; run < runs.size(); ++run) {
      fit.claim.runs[run].trees.push_back(PackTree(trees[run]));
      fit.ensembles[run].trees.push_back(std::move(trees[run]));
    }
  }
  return fit;
}

}  // namespace clinnova::learn
