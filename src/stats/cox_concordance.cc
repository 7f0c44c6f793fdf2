// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_concordance.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "stats/concordant_pairs.h"
#include "stats/cox_own_risk.h"
#include "stats/cox_rows.h"
#include "stats/key_sketch.h"
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
using federation::ScaledBlock;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::DesignBatch;

constexpr std::size_t kMostScores = 20'000;
constexpr std::size_t kMostCells = 1 << 22;

struct ScoresParameters {
  CoxParameters cox;
  KeySketch sketch;  ///< of the scores' keys
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(sketch);
  }
};

struct MarksParameters {
  CoxParameters cox;
  std::vector<double> scores;  ///< distinct, ascending
  std::int64_t weight_exponent = 0;
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(scores);
    a(weight_exponent);
  }
};
enum MarksBlock { kMarkEvents, kMarkLeaving };

struct PairsParameters {
  CoxParameters cox;
  Clusters clusters = Clusters::kRows;
  RiskMarks marks;  ///< of all sites; empty when pairs lie within sites
  std::int64_t weight_exponent = 0;
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(clusters);
    a(marks);
    a(weight_exponent);
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
               if (batch.weights[r] == 0) return;  // counts in nothing
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
               row.weight = batch.weights[r];
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
  const std::uint64_t cells = parameters.sketch.cells;
  if (cells == 0 || cells > KeySketch::For(kMostScores, 0).cells) {
    return Fail(ErrorCode::kRefused, "too many scores", "wrong_layout");
  }
  return Layout{SketchBlocks(parameters.sketch)};
}

Result<void> ScoresEvaluate(const SiteView& site, const ScoresParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, CheckedFrame(site, parameters.cox));
  CLINNOVA_TRY(CheckOpen(parameters.cox, *frame));
  CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows,
                  RowsOf(site, *frame, parameters.cox, parameters.cox.axes));
  for (const ScoredRow& row : rows) AddKey(parameters.sketch, OrderedKey(row.score), 0, sums);
  return {};
}

Result<Layout> MarksLayout(const Analysis&, const table::Schema&,
                           const MarksParameters& parameters) {
  const std::size_t cells = CellOffsets(parameters.cox.axes).back();
  if (parameters.scores.size() > kMostScores || cells * parameters.scores.size() > kMostCells) {
    return Fail(ErrorCode::kRefused, "too many times and scores", "wrong_layout");
  }
  const std::size_t size = cells * parameters.scores.size();
  const int exponent = static_cast<int>(parameters.weight_exponent);
  return Layout{{ScaledBlock("events", size, exponent), ScaledBlock("leaving", size, exponent)}};
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
      sums.Add(block, mark.cell * scores.size() + static_cast<std::size_t>(score - scores.begin()),
               mark.weight);
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

/// What a person's weight changes: concordant less discordant pairs, and all pairs.
struct Influence {
  double difference = 0;
  double pairs = 0;
};
Influence InfluenceOf(const RowPairs& pairs, double weight) {
  Influence influence;
  for (const PairCounts& counts : {pairs.as_event, pairs.as_compared}) {
    influence.difference += counts.concordant - counts.discordant;
    influence.pairs += counts.concordant + counts.discordant + counts.tied;
  }
  return {weight * influence.difference, weight * influence.pairs};
}

/// A cluster's influence, in units of 2^(weight_exponent * 2 - 40) so that no order of its rows matters.
class ClusterInfluence {
 public:
  void Add(const Influence& influence, int shift) {
    difference_ += static_cast<__int128>(std::ldexp(influence.difference, shift));
    pairs_ += static_cast<__int128>(std::ldexp(influence.pairs, shift));
  }
  Influence Sum(int shift) const {
    return {std::ldexp(static_cast<double>(difference_), -shift),
            std::ldexp(static_cast<double>(pairs_), -shift)};
  }

 private:
  __int128 difference_ = 0;
  __int128 pairs_ = 0;
};

void AddPairs(const PairsParameters& parameters, const std::vector<ScoredRow>& rows,
              const RiskMarks& marks, const std::vector<std::size_t>& offsets, ExactSums& sums) {
  const int exponent = static_cast<int>(parameters.weight_exponent);
  const int shift = 40 - 2 * exponent;
  const std::vector<RowPairs> pairs = PairsOf(rows, marks, offsets, exponent);
  std::unordered_map<std::int64_t, ClusterInfluence> clusters;
  const auto square = [&](const Influence& influence) {
    sums.Add(kSquares, 0, influence.difference * influence.difference);
    sums.Add(kSquares, 1, influence.difference * influence.pairs);
    sums.Add(kSquares, 2, influence.pairs * influence.pairs);
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double weight = rows[i].weight;
    sums.Add(kConcordant, 0, weight * pairs[i].as_event.concordant);
    sums.Add(kDiscordant, 0, weight * pairs[i].as_event.discordant);
    sums.Add(kTied, 0, weight * pairs[i].as_event.tied);
    const Influence influence = InfluenceOf(pairs[i], weight);
    if (parameters.clusters == Clusters::kRows) {
      square(influence);
    } else {
      clusters[rows[i].cluster].Add(influence, shift);
    }
  }
  for (const auto& [cluster, influence] : clusters) square(influence.Sum(shift));
}

Result<void> PairsEvaluate(const SiteView& site, const PairsParameters& parameters,
                           ExactSums& sums) {
  const CoxParameters& cox = parameters.cox;
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, CheckedFrame(site, cox));
  if (cox.axes.empty()) {
    CLINNOVA_ASSIGN(const auto own, OwnRowsOf(site, *frame, cox.claim));
    const std::vector<std::size_t> offsets = CellOffsets(own->axes);
    CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows, RowsOf(site, *frame, cox, own->axes));
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

/// The distinct scores of all sites; nothing when there are more than `most`.
Result<std::optional<std::vector<double>>> DistinctScores(Federation& federation,
                                                          const Analysis& analysis,
                                                          const CoxSolution& solution,
                                                          std::size_t most) {
  ScoresParameters parameters{solution.parameters, {}};
  const std::size_t keys = std::min(most, static_cast<std::size_t>(parameters.cox.claim.n));
  for (const std::uint64_t seed : {0ULL, 1ULL}) {
    parameters.sketch = KeySketch::For(keys, seed);
    CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kScoresStep, parameters));
    const auto found = ReadSketch(parameters.sketch, 0, sums);
    if (!found) continue;
    if (found->size() > most) break;
    std::vector<double> scores;
    for (const auto& [key, count] : *found) scores.push_back(ValueOfKey(key));
    return std::optional(std::move(scores));
  }
  return std::optional<std::vector<double>>{};
}

std::vector<ScoredCount> Occupied(const PooledSums& sums, std::size_t block,
                                  const std::vector<double>& scores) {
  const std::vector<double> weights = sums.Numbers(block);
  std::vector<ScoredCount> marks;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0)
      marks.push_back({i / scores.size(), scores[i % scores.size()], weights[i]});
  }
  return marks;
}

}  // namespace

Concordance ConcordanceOf(const PooledSums& sums) {
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

std::size_t AskConcordance(const CoxParameters& parameters, Clusters clusters, int weight_exponent,
                           RoundParts& parts) {
  return parts.Ask(kPairsStep, PairsParameters{parameters, clusters, {}, weight_exponent});
}

Result<Concordance> FindConcordance(Federation& federation, const Analysis& analysis,
                                    const CoxSolution& solution, Clusters clusters,
                                    int weight_exponent) {
  Concordance absent;
  if (federation.minimum_count() > 0) {
    absent.why_absent =
        "no concordance, as pairs cross sites; it needs strata = [\"site\"] under disclosure "
        "rules";
    absent.suppressed = true;
    return absent;
  }
  const std::size_t cells = std::max<std::size_t>(1, CellOffsets(solution.parameters.axes).back());
  CLINNOVA_ASSIGN(
      const std::optional<std::vector<double>> scores,
      DistinctScores(federation, analysis, solution, std::min(kMostScores, kMostCells / cells)));
  if (!scores) {
    absent.why_absent =
        "no concordance, as there are too many distinct times and scores; set time_grid or "
        "stratify by site";
    return absent;
  }
  const MarksParameters by_score{solution.parameters, *scores, weight_exponent};
  CLINNOVA_ASSIGN(const PooledSums counts, federation.Sum(analysis, kMarksStep, by_score));
  PairsParameters parameters{solution.parameters, clusters, {}, weight_exponent};
  parameters.marks = {Occupied(counts, kMarkEvents, *scores),
                      Occupied(counts, kMarkLeaving, *scores)};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kPairsStep, parameters));
  return ConcordanceOf(sums);
}

std::vector<const federation::Step*> ConcordanceSteps() {
  return {&kScoresStep, &kMarksStep, &kPairsStep};
}

}  // namespace clinnova::stats
