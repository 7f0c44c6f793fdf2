// SPDX-License-Identifier: Apache-2.0
// The steps that look at scores: cells of features and of scores, and how good the scores are.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "learn/site_trees.h"
#include "learn/tree_steps.h"
#include "stats/concordant_pairs.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;

namespace {

tl::unexpected<Error> WrongLayout(const std::string& what) {
  return Fail(ErrorCode::kRefused, what, "wrong_layout");
}

/// The scores by which an evaluation judges each row, and which rows it judges.
struct Judged {
  std::vector<double> score;
  std::vector<std::uint8_t> use;
};

/// By the trees that did not draw the row; a leaf's value is its part of an average over all trees.
Result<Judged> OutOfBag(const SiteTrees& memory, const TreeClaim& claim) {
  const TrainingRows& rows = *memory.binned().rows;
  std::vector<Tree> trees;
  for (const core::Bytes& bytes : claim.runs.front().trees) {
    CLINNOVA_ASSIGN(Tree tree, UnpackTree(bytes, claim.features));
    trees.push_back(std::move(tree));
  }
  Judged judged{std::vector<double>(rows.rows()), std::vector<std::uint8_t>(rows.rows())};
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    double sum = 0;
    int count = 0;
    for (std::size_t t = 0; t < trees.size(); ++t) {
      if (Draws(claim, t, rows.key[r]) != 0) continue;
      sum += trees[t][LeafOf(trees[t], claim.features, memory.binned().row(r))].value;
      ++count;
    }
    judged.use[r] = count != 0 ? 1 : 0;
    if (count != 0) {
      judged.score[r] = claim.runs.front().base + sum * static_cast<double>(trees.size()) / count;
    }
  }
  return judged;
}

/// The rows that `run` was without, by its score.
Result<void> JudgeLeftOut(const SiteView& site, const SiteTrees& memory, const TreeClaim& claim,
                          std::size_t run, Judged& judged) {
  CLINNOVA_ASSIGN(const std::vector<double>* score, memory.Scores(site, claim, run));
  const std::vector<std::uint8_t> in =
      RowsInScope(site, *memory.binned().rows, claim.runs[run].scope);
  for (std::size_t r = 0; r < in.size(); ++r) {
    if (in[r] != 0) continue;
    judged.use[r] = 1;
    judged.score[r] = (*score)[r];
  }
  return {};
}

Result<Judged> Judge(const SiteView& site, const SiteTrees& memory, const TreeClaim& claim,
                     Evaluation evaluation) {
  if (claim.runs.empty()) return WrongLayout("an evaluation of no run");
  if (evaluation == Evaluation::kOutOfBag) return OutOfBag(memory, claim);
  const std::size_t rows = memory.binned().rows->rows();
  if (evaluation == Evaluation::kTrain) {
    CLINNOVA_ASSIGN(const std::vector<double>* score, memory.Scores(site, claim, 0));
    return Judged{*score, RowsInScope(site, *memory.binned().rows, claim.runs.front().scope)};
  }
  Judged judged{std::vector<double>(rows), std::vector<std::uint8_t>(rows)};
  for (std::size_t run = 0; run < claim.runs.size(); ++run) {
    const RunScope& scope = claim.runs[run].scope;
    const bool wanted = evaluation == Evaluation::kTest    ? run == 0
                        : evaluation == Evaluation::kFolds ? run > 0 && scope.without_fold != 0
                                                           : scope.without_site >= 0;
    if (wanted) CLINNOVA_TRY(JudgeLeftOut(site, memory, claim, run, judged));
  }
  return judged;
}

/// All judged scores of the evaluations asked for.
Result<std::vector<Judged>> JudgeAll(RowsFunction make, const SiteView& site,
                                     const TreeClaim& claim,
                                     const std::vector<std::uint8_t>& evaluations) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteTrees> memory, SiteTrees::Of(make, site, claim));
  const std::lock_guard lock(memory->mutex());
  std::vector<Judged> all;
  for (const std::uint8_t evaluation : evaluations) {
    if (evaluation > static_cast<std::uint8_t>(Evaluation::kOutOfBag)) {
      return WrongLayout("an evaluation that is not there");
    }
    CLINNOVA_ASSIGN(Judged judged,
                    Judge(site, *memory, claim, static_cast<Evaluation>(evaluation)));
    all.push_back(std::move(judged));
  }
  return all;
}

}  // namespace

// ---- cells

Result<Layout> CellLayout(const Analysis&, const table::Schema&, const CellParameters& parameters) {
  const std::size_t numbers = parameters.question.Numbers();
  const std::size_t variables = parameters.evaluations.empty() ? parameters.claim.features.size()
                                                               : parameters.evaluations.size();
  if (numbers == 0 || parameters.question.variables.size() != variables) {
    return WrongLayout("cells that do not fit the variables");
  }
  return Layout{{ScaledBlock("cells", numbers, 0)}};
}

namespace {

Result<void> CountFeatureCells(RowsFunction make, const SiteView& site,
                               const CellParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const TrainingRows> rows,
                  RowsOf(make, site, parameters.claim.source));
  const std::vector<Feature>& features = parameters.claim.features;
  CLINNOVA_TRY(CheckFeatures(site, *rows, features));
  std::vector<std::uint32_t> sample;
  for (std::uint32_t r = 0; r < rows->rows(); ++r) {
    if (parameters.share >= 1 || KeyedUniform(rows->key[r], 0) < parameters.share) {
      sample.push_back(r);
    }
  }
  return federation::ForEachBatch<std::vector<double>>(
      sample.size(), site.threads, sums,
      [&](std::size_t first, std::size_t count, std::vector<double>& values,
          ExactSums& mine) -> Result<void> {
        values.resize(count);
        for (std::size_t f = 0; f < features.size(); ++f) {
          if (features[f].factor()) continue;
          const std::vector<double>& numbers = site.table.column(features[f].column).numbers;
          for (std::size_t i = 0; i < count; ++i) {
            values[i] = numbers[rows->source_row[sample[first + i]]];
          }
          CountCells(parameters.question, f, values, 0, mine);
        }
        return {};
      });
}

}  // namespace

Result<void> CountSiteCells(RowsFunction make, const SiteView& site,
                            const CellParameters& parameters, ExactSums& sums) {
  if (parameters.evaluations.empty()) return CountFeatureCells(make, site, parameters, sums);
  CLINNOVA_ASSIGN(const std::vector<Judged> all,
                  JudgeAll(make, site, parameters.claim, parameters.evaluations));
  for (std::size_t e = 0; e < all.size(); ++e) {
    std::vector<double> scores;
    for (std::size_t r = 0; r < all[e].use.size(); ++r) {
      if (all[e].use[r] != 0) scores.push_back(all[e].score[r]);
    }
    CountCells(parameters.question, e, scores, 0, sums);
  }
  return {};
}

// ---- evaluate

namespace {

std::size_t SiteCount(const table::Schema& schema) { return schema.columns.back().levels.size(); }

/// Places of the judged numbers: one per evaluation, then one per site.
std::size_t Places(const table::Schema& schema, const EvaluateParameters& parameters) {
  return parameters.evaluations.size() + (parameters.by_site ? SiteCount(schema) : 0);
}

void AddJudged(Objective objective, const TrainingRows& rows, const Judged& judged,
               std::size_t first, std::size_t count, std::size_t place, ExactSums& sums) {
  for (std::size_t r = first; r < first + count; ++r) {
    if (judged.use[r] == 0) continue;
    const double weight = rows.weight[r];
    const double outcome = rows.outcome[r];
    const double residual = outcome - ResponseOf(objective, judged.score[r]);
    const std::size_t at = place * kJudgedNumbers;
    sums.Add(kJudged, at + kWeight, weight);
    sums.Add(kJudged, at + kLoss, weight * Loss(objective, judged.score[r], outcome));
    sums.Add(kJudged, at + kSquaredError, weight * (residual * residual));
    sums.Add(kJudged, at + kAbsoluteError, weight * std::fabs(residual));
    sums.Add(kJudged, at + kOutcome, weight * outcome);
    sums.Add(kJudged, at + kSquaredOutcome, weight * (outcome * outcome));
  }
}

/// Pairs of a site's rows: who has the outcome against who has not.
void AddBinaryPairs(const TrainingRows& rows, const Judged& judged, std::size_t at,
                    ExactSums& sums) {
  std::vector<std::pair<double, bool>> scored;
  for (std::size_t r = 0; r < judged.use.size(); ++r) {
    if (judged.use[r] != 0) scored.emplace_back(judged.score[r], rows.outcome[r] != 0);
  }
  std::sort(scored.begin(), scored.end());
  std::int64_t negatives_below = 0;
  std::int64_t positives = 0;
  std::int64_t concordant_twice = 0;
  for (std::size_t first = 0; first < scored.size();) {
    std::size_t last = first;
    std::int64_t negative = 0;
    std::int64_t positive = 0;
    for (; last < scored.size() && scored[last].first == scored[first].first; ++last) {
      ++(scored[last].second ? positive : negative);
    }
    concordant_twice += positive * (2 * negatives_below + negative);
    negatives_below += negative;
    positives += positive;
    first = last;
  }
  sums.AddCount(kJudgedCounts, at + kPairs, positives * negatives_below);
  sums.AddCount(kJudgedCounts, at + kConcordantTwice, concordant_twice);
}

/// Pairs of a site's rows within a stratum: who had the event first against who was at risk then.
void AddSurvivalPairs(const TrainingRows& rows, const Judged& judged, std::size_t at,
                      ExactSums& sums) {
  std::map<std::pair<std::int32_t, double>, std::size_t> cells;  // event times, stratum by stratum
  const auto stratum = [&](std::size_t r) { return rows.stratum.empty() ? 0 : rows.stratum[r]; };
  std::vector<std::size_t> used;
  for (std::size_t r = 0; r < judged.use.size(); ++r) {
    if (judged.use[r] == 0) continue;
    used.push_back(r);
    if (rows.event[r] != 0) cells[{stratum(r), rows.outcome[r]}] = 0;
  }
  std::map<std::int32_t, std::size_t> strata;
  std::vector<std::size_t> offsets;
  std::size_t next = 0;
  for (auto& [key, cell] : cells) {
    if (strata.emplace(key.first, strata.size()).second) offsets.push_back(next);
    cell = next++;
  }
  offsets.push_back(next);
  std::vector<stats::ScoredRow> scored;
  for (const std::size_t r : used) {
    const auto found = strata.find(stratum(r));
    if (found == strata.end()) continue;  // nobody of the stratum had the event
    const auto after = rows.event[r] != 0 ? cells.lower_bound({stratum(r), rows.outcome[r]})
                                          : cells.upper_bound({stratum(r), rows.outcome[r]});
    const std::size_t end = after == cells.end() ? next : after->second;
    scored.push_back({.stratum = found->second,
                      .begin = offsets[found->second],
                      .end = end,
                      .score = judged.score[r],
                      .event = rows.event[r] != 0,
                      .cluster = 0});
  }
  std::int64_t pairs = 0;
  std::int64_t twice = 0;
  for (const stats::RowPairs& row :
       stats::PairsOf(scored, stats::MarksOf(scored, offsets), offsets)) {
    const stats::PairCounts& of = row.as_event;
    pairs += of.concordant + of.discordant + of.tied;
    twice += 2 * of.concordant + of.tied;
  }
  sums.AddCount(kJudgedCounts, at + kPairs, pairs);
  sums.AddCount(kJudgedCounts, at + kConcordantTwice, twice);
}

void AddScoreCells(const TrainingRows& rows, const Judged& judged,
                   const std::vector<std::uint64_t>& lows, std::size_t first, ExactSums& sums) {
  if (lows.empty()) return;
  for (std::size_t r = 0; r < judged.use.size(); ++r) {
    if (judged.use[r] == 0) continue;
    const std::size_t cell = CellIndex(lows, judged.score[r]);
    sums.AddCount(kScoreCells, first + 2 * cell + (rows.outcome[r] != 0 ? 1 : 0));
  }
}

}  // namespace

Result<Layout> EvaluateLayout(const Analysis&, const table::Schema& schema,
                              const EvaluateParameters& parameters) {
  if (parameters.cells.size() != parameters.evaluations.size()) {
    return WrongLayout("cells that do not fit the evaluations");
  }
  std::size_t cells = 0;
  for (const auto& lows : parameters.cells) cells += 2 * lows.size();
  const std::size_t places = Places(schema, parameters);
  return Layout{{WideBlock("judged", places * kJudgedNumbers),
                 CountBlock("judged_counts", places * kJudgedCountNumbers),
                 CountBlock("score_cells", cells)}};
}

namespace {

/// All numbers of one evaluation at one place; `pairs`: also those of a binary outcome.
Result<void> AddPlace(const SiteView& site, Objective objective, const TrainingRows& rows,
                      const Judged& judged, std::size_t place, bool pairs, ExactSums& sums) {
  const std::size_t at = place * kJudgedCountNumbers;
  const std::vector<double>& events = objective == Objective::kCox ? rows.event : rows.outcome;
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    if (judged.use[r] == 0) continue;
    sums.AddCount(kJudgedCounts, at + kRows);
    sums.AddCount(kJudgedCounts, at + kPositive, events[r] != 0 ? 1 : 0);
  }
  if (objective == Objective::kCox) {
    AddSurvivalPairs(rows, judged, at, sums);
    return {};
  }
  if (pairs) AddBinaryPairs(rows, judged, at, sums);
  return federation::ForEachBatch<char>(
      rows.rows(), site.threads, sums,
      [&](std::size_t first, std::size_t count, char&, ExactSums& mine) -> Result<void> {
        AddJudged(objective, rows, judged, first, count, place, mine);
        return {};
      });
}

}  // namespace

Result<void> Evaluate(RowsFunction make, const SiteView& site, const EvaluateParameters& parameters,
                      ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<Judged> all,
                  JudgeAll(make, site, parameters.claim, parameters.evaluations));
  CLINNOVA_ASSIGN(const std::shared_ptr<const TrainingRows> rows,
                  RowsOf(make, site, parameters.claim.source));
  const Objective objective = parameters.claim.objective;
  std::size_t first_cell = 0;
  for (std::size_t e = 0; e < all.size(); ++e) {
    const bool sites = static_cast<Evaluation>(parameters.evaluations[e]) == Evaluation::kSites;
    std::vector<std::size_t> places = {e};
    if (sites && parameters.by_site && rows->rows() != 0) {
      places.push_back(all.size() + static_cast<std::size_t>(SiteOfRow(site, *rows, 0)));
    }
    const bool pairs = !parameters.cells[e].empty();
    for (const std::size_t place : places) {
      CLINNOVA_TRY(AddPlace(site, objective, *rows, all[e], place, pairs, sums));
    }
    AddScoreCells(*rows, all[e], parameters.cells[e], first_cell, sums);
    first_cell += 2 * parameters.cells[e].size();
  }
  return {};
}

}  // namespace clinnova::learn
