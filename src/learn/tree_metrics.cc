// SPDX-License-Identifier: Apache-2.0
#include "learn/tree_metrics.h"

#include <algorithm>
#include <cmath>

#include "stats/terms.h"

namespace clinnova::learn {
namespace {

using federation::Federation;
using federation::PooledSums;
using stats::NumberJson;
using Json = nlohmann::ordered_json;

/// Scores are told apart in about so many cells.
constexpr std::int64_t kScoreCellCount = 1 << 14;

std::vector<std::uint8_t> Codes(const std::vector<Evaluation>& evaluations) {
  std::vector<std::uint8_t> codes;
  for (const Evaluation e : evaluations) codes.push_back(static_cast<std::uint8_t>(e));
  return codes;
}

/// The cells of each evaluation's scores.
Result<std::vector<std::vector<std::uint64_t>>> FindScoreCells(
    Federation& federation, const TreeProblem& problem, const TreeClaim& claim,
    const std::vector<Evaluation>& evaluations) {
  CellParameters parameters;
  parameters.claim = claim;
  parameters.evaluations = Codes(evaluations);
  const std::int64_t k = federation.minimum_count();
  CellSearch search(evaluations.size(), problem.rows,
                    std::max(problem.rows / kScoreCellCount + 1, std::max<std::int64_t>(2 * k, 2)));
  while (!search.Done()) {
    parameters.question = search.question();
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation.Sum(*problem.analysis, *problem.steps.cells, parameters));
    search.Absorb(parameters.question, sums, 0);
  }
  std::vector<std::vector<std::uint64_t>> lows(evaluations.size());
  for (std::size_t e = 0; e < lows.size(); ++e) {
    for (const Cell& cell : search.cells(e)) lows[e].push_back(cell.low);
  }
  return lows;
}

double Area(const PooledSums& sums, std::size_t first, std::size_t cells) {
  double negatives_below = 0;
  double positives = 0;
  double concordant = 0;
  for (std::size_t c = 0; c < cells; ++c) {
    const auto negative = static_cast<double>(sums.Count(kScoreCells, first + 2 * c));
    const auto positive = static_cast<double>(sums.Count(kScoreCells, first + 2 * c + 1));
    concordant += positive * (negatives_below + negative / 2);
    negatives_below += negative;
    positives += positive;
  }
  return concordant / (positives * negatives_below);
}

/// The share of pairs in the right order, of those within sites.
double PairShare(const PooledSums& sums, std::size_t at) {
  const auto pairs = static_cast<double>(sums.Count(kJudgedCounts, at + kPairs));
  return static_cast<double>(sums.Count(kJudgedCounts, at + kConcordantTwice)) / (2 * pairs);
}

/// The object of a place, but for the area under the curve of all rows.
Json PlaceJson(const PooledSums& sums, std::size_t place, Objective objective, bool binary) {
  const std::size_t counts = place * kJudgedCountNumbers;
  const std::size_t at = place * kJudgedNumbers;
  const auto mean = [&](std::size_t number) {
    return sums.Number(kJudged, at + number) / sums.Number(kJudged, at + kWeight);
  };
  Json json;
  json["n"] = sums.Count(kJudgedCounts, counts + kRows);
  if (binary || objective == Objective::kCox) {
    json["events"] = sums.Count(kJudgedCounts, counts + kPositive);
  }
  if (objective == Objective::kCox) {
    json["concordance"] = NumberJson(PairShare(sums, counts));
    return json;
  }
  if (objective == Objective::kLogistic) {
    json["auc"] = NumberJson(PairShare(sums, counts));
    json["log_loss"] = NumberJson(mean(kLoss));
    json["brier"] = NumberJson(mean(kSquaredError));
    return json;
  }
  if (binary) json["auc"] = NumberJson(PairShare(sums, counts));
  json["rmse"] = NumberJson(std::sqrt(mean(kSquaredError)));
  json["mae"] = NumberJson(mean(kAbsoluteError));
  if (objective == Objective::kPoisson) {
    json["loss"] = NumberJson(mean(kLoss));
    return json;
  }
  const double variance = mean(kSquaredOutcome) - mean(kOutcome) * mean(kOutcome);
  json["r_squared"] = NumberJson(1 - mean(kSquaredError) / variance);
  return json;
}

/// Rule 3: nobody of either outcome, or enough.
bool Tellable(const PooledSums& sums, std::size_t place, bool binary, std::int64_t k) {
  const std::int64_t n = sums.Count(kJudgedCounts, place * kJudgedCountNumbers + kRows);
  const std::int64_t ones = sums.Count(kJudgedCounts, place * kJudgedCountNumbers + kPositive);
  if (k == 0) return true;
  return n >= k && (!binary || (ones >= k && n - ones >= k));
}

}  // namespace

Result<std::vector<Json>> Measure(Federation& federation, const TreeProblem& problem,
                                  const TreeClaim& claim,
                                  const std::vector<Evaluation>& evaluations, bool binary) {
  EvaluateParameters parameters;
  parameters.claim = claim;
  parameters.evaluations = Codes(evaluations);
  parameters.cells.resize(evaluations.size());
  const bool curves = binary && claim.objective != Objective::kCox;
  if (curves) {
    CLINNOVA_ASSIGN(parameters.cells, FindScoreCells(federation, problem, claim, evaluations));
  }
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation.Sum(*problem.analysis, *problem.steps.evaluate, parameters));
  std::vector<Json> all;
  std::size_t first = 0;
  for (std::size_t e = 0; e < evaluations.size(); ++e) {
    const std::size_t cells = parameters.cells[e].size();
    Json json;
    const bool counted = binary || claim.objective == Objective::kCox;
    if (Tellable(sums, e, counted, federation.minimum_count())) {
      json = PlaceJson(sums, e, claim.objective, binary);
      if (curves && evaluations[e] != Evaluation::kSites) {
        json["auc"] = NumberJson(Area(sums, first, cells));
      }
    }
    first += 2 * cells;
    all.push_back(std::move(json));
  }
  return all;
}

Result<std::vector<Json>> MeasureSites(Federation& federation, const TreeProblem& problem,
                                       const TreeClaim& claim, bool binary) {
  EvaluateParameters parameters;
  parameters.claim = claim;
  parameters.evaluations = Codes({Evaluation::kSites});
  parameters.by_site = true;
  parameters.cells.resize(1);
  if (binary) parameters.cells.front() = {0};  // pairs of rows, no cells of scores
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation.Sum(*problem.analysis, *problem.steps.evaluate, parameters));
  std::vector<Json> all;
  const std::vector<std::string>& sites = federation.schema().columns.back().levels;
  for (std::size_t s = 0; s < sites.size(); ++s) {
    Json json = {{"site", sites[s]}};
    const std::size_t place = 1 + s;
    const bool counted = binary || claim.objective == Objective::kCox;
    if (Tellable(sums, place, counted, federation.minimum_count())) {
      json.update(PlaceJson(sums, place, claim.objective, binary));
    }
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace clinnova::learn
