// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_concordance.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "stats/concordant_pairs.h"
#include "stats/cox_rows.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Guard;
using federation::Layout;
using federation::PooledSums;
using federation::Rule;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::DesignBatch;

constexpr std::size_t kMostScores = 20'000;
constexpr std::size_t kMostCells = 1 << 22;

struct ScoresParameters {
  CoxParameters cox;
  std::vector<KeyInterval> targets;  ///< intervals of scores' keys to count in
  std::int64_t shift = 56;
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(targets);
    a(shift);
  }
};

struct MarksParameters {
  CoxParameters cox;
  std::vector<double> scores;  ///< distinct, ascending
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(scores);
  }
};
enum MarksBlock { kMarkEvents, kMarkLeaving };

struct PairsParameters {
  CoxParameters cox;
  Clusters clusters = Clusters::kRows;
  RiskMarks marks;  ///< of all sites; empty when pairs lie within sites
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(clusters);
    a(marks);
  }
};
enum PairsBlock { kConcordant, kDiscordant, kTied, kSquares };

Result<std::shared_ptr<const SiteFrame>> CheckedFrame(const SiteView& site,
                                                      const CoxParameters& cox) {
  CLINNOVA_ASSIGN(std::shared_ptr<const SiteFrame> frame, SiteFrameOf(site, cox.claim));
  CLINNOVA_TRY(CheckCoxParameters(*frame, cox));
  return frame;
}

/// For steps that tell how many persons have each score and time: only where no rule holds.
template <typename P>
Result<void> HoldScores(const SiteView&, const P&) {
  return Fail(ErrorCode::kRefused, "counts of single scores", "scores_of_persons");
}

Result<void> CheckOpen(const CoxParameters& cox, const SiteFrame& frame) {
  if (cox.axes.size() != StrataCount(frame.design)) {
    return Fail(ErrorCode::kRefused, "event times that do not fit the strata", "wrong_layout");
  }
  return {};
}

Result<std::vector<ScoredRow>> RowsOf(const SiteView& site, const SiteFrame& frame,
                                      const CoxParameters& cox, const std::vector<TimeAxis>& axes) {
  const std::vector<std::size_t> offsets = CellOffsets(axes);
  std::vector<ScoredRow> rows;
  bool usable = true;
  ForEachRow(site, frame, cox.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const std::size_t parts = batch.response.size();
               const double stop = batch.response[parts - 2][r];
               ScoredRow row;
               row.stratum = StratumOf(frame.design, batch, r);
               row.event = batch.response[parts - 1][r] != 0;
               row.score = LinearPredictor(batch, r, x, cox.beta);
               const TimeAxis& axis = axes[row.stratum];
               const std::size_t offset = offsets[row.stratum];
               row.begin = offset + (parts == 3 ? axis.BeforeEntry(batch.response[0][r]) : 0);
               row.end = offset + (row.event ? axis.IndexOf(stop) : axis.AtRiskThrough(stop));
               row.cluster = batch.cluster.empty() ? 0 : batch.cluster.back()[r];
               usable = usable && std::isfinite(row.score) &&
                        !(row.event && row.end == offset + axis.size());
               rows.push_back(row);
             });
  if (!usable)
    return Fail(ErrorCode::kRefused, "a score or an event off the hub's times", "time_off_axis");
  return rows;
}

Result<Layout> ScoresLayout(const Analysis&, const table::Schema&,
                            const ScoresParameters& parameters) {
  if (parameters.targets.size() > kMostScores || parameters.shift < 0 || parameters.shift > 56) {
    return Fail(ErrorCode::kRefused, "too many scores", "wrong_layout");
  }
  return Layout{{CountBlock("scores", parameters.targets.size() * kKeyParts)}};
}

Result<void> ScoresEvaluate(const SiteView& site, const ScoresParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, CheckedFrame(site, parameters.cox));
  CLINNOVA_TRY(CheckOpen(parameters.cox, *frame));
  CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows,
                  RowsOf(site, *frame, parameters.cox, parameters.cox.axes));
  std::vector<double> scores;
  for (const ScoredRow& row : rows) scores.push_back(row.score);
  CountKeys(scores, 0, parameters.targets, parameters.shift, 0, sums);
  return {};
}

Result<Layout> MarksLayout(const Analysis&, const table::Schema&,
                           const MarksParameters& parameters) {
  const std::size_t cells = CellOffsets(parameters.cox.axes).back();
  if (parameters.scores.size() > kMostScores || cells * parameters.scores.size() > kMostCells) {
    return Fail(ErrorCode::kRefused, "too many times and scores", "wrong_layout");
  }
  return Layout{{CountBlock("events", cells * parameters.scores.size()),
                 CountBlock("leaving", cells * parameters.scores.size())}};
}

Result<void> MarksEvaluate(const SiteView& site, const MarksParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, CheckedFrame(site, parameters.cox));
  CLINNOVA_TRY(CheckOpen(parameters.cox, *frame));
  CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows,
                  RowsOf(site, *frame, parameters.cox, parameters.cox.axes));
  const std::vector<double>& scores = parameters.scores;
  const RiskMarks marks = MarksOf(rows, CellOffsets(parameters.cox.axes));
  const auto count = [&](MarksBlock block, const std::vector<ScoredCount>& list) {
    for (const ScoredCount& mark : list) {
      const auto score = std::lower_bound(scores.begin(), scores.end(), mark.score);
      if (score == scores.end() || *score != mark.score) return sums.Flag(block);
      sums.AddCount(block,
                    mark.cell * scores.size() + static_cast<std::size_t>(score - scores.begin()),
                    mark.count);
    }
  };
  count(kMarkEvents, marks.events);
  count(kMarkLeaving, marks.leaving);
  return {};
}

Result<Layout> PairsLayout(const Analysis&, const table::Schema&, const PairsParameters&) {
  return Layout{{WideBlock("concordant", 1), WideBlock("discordant", 1), WideBlock("tied", 1),
                 WideBlock("squares", 3)}};
}

/// What a person's weight changes: a of concordant less discordant pairs, b of all.
struct Influence {
  std::int64_t difference = 0;
  std::int64_t pairs = 0;
};

void AddPairs(const PairsParameters& parameters, const std::vector<ScoredRow>& rows,
              const RiskMarks& marks, const std::vector<std::size_t>& offsets, ExactSums& sums) {
  const std::vector<RowPairs> pairs = PairsOf(rows, marks, offsets);
  std::unordered_map<std::int64_t, Influence> clusters;
  const auto square = [&](const Influence& influence) {
    const auto a = static_cast<double>(influence.difference);
    const auto b = static_cast<double>(influence.pairs);
    sums.Add(kSquares, 0, a * a);
    sums.Add(kSquares, 1, a * b);
    sums.Add(kSquares, 2, b * b);
  };
  PairCounts total;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Influence influence;
    for (const PairCounts& counts : {pairs[i].as_event, pairs[i].as_compared}) {
      influence.difference += counts.concordant - counts.discordant;
      influence.pairs += counts.concordant + counts.discordant + counts.tied;
    }
    total.concordant += pairs[i].as_event.concordant;
    total.discordant += pairs[i].as_event.discordant;
    total.tied += pairs[i].as_event.tied;
    if (parameters.clusters == Clusters::kRows) {
      square(influence);
      continue;
    }
    Influence& cluster = clusters[rows[i].cluster];
    cluster.difference += influence.difference;
    cluster.pairs += influence.pairs;
  }
  for (const auto& [cluster, influence] : clusters) square(influence);
  sums.Add(kConcordant, 0, static_cast<double>(total.concordant));
  sums.Add(kDiscordant, 0, static_cast<double>(total.discordant));
  sums.Add(kTied, 0, static_cast<double>(total.tied));
}

Result<void> PairsEvaluate(const SiteView& site, const PairsParameters& parameters,
                           ExactSums& sums) {
  const CoxParameters& cox = parameters.cox;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, CheckedFrame(site, cox));
  if (cox.axes.empty()) {
    CLINNOVA_ASSIGN(const auto axes, OwnEventTimesOf(site, *frame, cox.claim));
    const std::vector<std::size_t> offsets = CellOffsets(*axes);
    CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows, RowsOf(site, *frame, cox, *axes));
    AddPairs(parameters, rows, MarksOf(rows, offsets), offsets, sums);
    return {};
  }
  CLINNOVA_TRY(CheckOpen(cox, *frame));
  const std::vector<std::size_t> offsets = CellOffsets(cox.axes);
  const auto beyond = [&](const ScoredCount& mark) { return mark.cell >= offsets.back(); };
  if (std::any_of(parameters.marks.events.begin(), parameters.marks.events.end(), beyond) ||
      std::any_of(parameters.marks.leaving.begin(), parameters.marks.leaving.end(), beyond)) {
    return Fail(ErrorCode::kRefused, "counts beyond the event times", "wrong_layout");
  }
  CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows, RowsOf(site, *frame, cox, cox.axes));
  AddPairs(parameters, rows, parameters.marks, offsets, sums);
  return {};
}

const TypedStep<ScoresParameters> kScoresStep{
    "cox.scores", ScoresLayout, ScoresEvaluate,
    Guard<ScoresParameters>{{Rule::kSinglePersons}, HoldScores<ScoresParameters>}};
const TypedStep<MarksParameters> kMarksStep{
    "cox.risk_by_score", MarksLayout, MarksEvaluate,
    Guard<MarksParameters>{{Rule::kSinglePersons}, HoldScores<MarksParameters>}};
const TypedStep<PairsParameters> kPairsStep{"cox.pairs", PairsLayout, PairsEvaluate, CoxGuard{}};

/// The distinct scores of all sites, in eight rounds; nothing when there are too many.
Result<std::optional<std::vector<double>>> DistinctScores(Federation& federation,
                                                          const Analysis& analysis,
                                                          const CoxSolution& solution,
                                                          std::size_t most) {
  ScoresParameters parameters{solution.parameters, {KeyInterval{0, 0}}, 56};
  for (; parameters.shift >= 0; parameters.shift -= 8) {
    CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kScoresStep, parameters));
    std::vector<KeyInterval> next;
    for (std::size_t t = 0; t < parameters.targets.size(); ++t) {
      for (std::size_t part = 0; part < kKeyParts; ++part) {
        if (sums.Count(0, t * kKeyParts + part) == 0) continue;
        next.push_back({0, parameters.targets[t].low +
                               (static_cast<std::uint64_t>(part) << parameters.shift)});
      }
    }
    if (next.size() > most) return std::optional<std::vector<double>>{};
    parameters.targets = std::move(next);
  }
  std::vector<double> scores;
  for (const KeyInterval& key : parameters.targets) scores.push_back(ValueOfKey(key.low));
  return scores;
}

std::vector<ScoredCount> Occupied(const PooledSums& sums, std::size_t block,
                                  const std::vector<double>& scores) {
  const std::vector<std::int64_t> counts = sums.Counts(block);
  std::vector<ScoredCount> marks;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) marks.push_back({i / scores.size(), scores[i % scores.size()], counts[i]});
  }
  return marks;
}

Concordance FromSums(const PooledSums& sums) {
  Concordance concordance;
  const double concordant = sums.Number(kConcordant);
  const double discordant = sums.Number(kDiscordant);
  const double pairs = concordant + discordant + sums.Number(kTied);
  if (pairs == 0) {
    concordance.why_absent = "no concordance, as there is no pair whose order of events is known";
    return concordance;
  }
  const long double somer = static_cast<long double>(concordant - discordant) / pairs;
  const long double squares = sums.Number(kSquares, 0) - 2 * somer * sums.Number(kSquares, 1) +
                              somer * somer * sums.Number(kSquares, 2);
  concordance.value = static_cast<double>((somer + 1) / 2);
  concordance.standard_error =
      static_cast<double>(std::sqrt(std::max(0.0L, squares)) / (2.0L * pairs));
  return concordance;
}

}  // namespace

Result<Concordance> FindConcordance(Federation& federation, const Analysis& analysis,
                                    const CoxSolution& solution, Clusters clusters) {
  PairsParameters parameters{solution.parameters, clusters, {}};
  if (!solution.by_site) {
    Concordance absent;
    if (federation.minimum_count() > 0) {
      absent.why_absent =
          "no concordance, as pairs cross sites; it needs strata = [\"site\"] under disclosure "
          "rules";
      absent.suppressed = true;
      return absent;
    }
    const std::size_t cells =
        std::max<std::size_t>(1, CellOffsets(solution.parameters.axes).back());
    CLINNOVA_ASSIGN(
        const std::optional<std::vector<double>> scores,
        DistinctScores(federation, analysis, solution, std::min(kMostScores, kMostCells / cells)));
    if (!scores) {
      absent.why_absent =
          "no concordance, as there are too many distinct times and scores; set time_grid or "
          "stratify by site";
      return absent;
    }
    const MarksParameters by_score{solution.parameters, *scores};
    CLINNOVA_ASSIGN(const PooledSums counts, federation.Sum(analysis, kMarksStep, by_score));
    parameters.marks = {Occupied(counts, kMarkEvents, *scores),
                        Occupied(counts, kMarkLeaving, *scores)};
  }
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kPairsStep, parameters));
  return FromSums(sums);
}

std::vector<const federation::Step*> ConcordanceSteps() {
  return {&kScoresStep, &kMarksStep, &kPairsStep};
}

}  // namespace clinnova::stats
