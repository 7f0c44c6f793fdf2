// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_concordance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include "stats/concordant_pairs.h"
#include "stats/cox_own_risk.h"
#include "stats/cox_rows.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Guard;
using federation::Layout;
using federation::PooledSums;
using federation::Rule;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;
using table::DesignBatch;

constexpr std::size_t kMostRows = 1 << 19;
/// A row's score, weight, and cells with its stratum.
enum RowWord { kScore, kWeight, kCells, kRowWords };
constexpr int kCellBits = 21;  ///< of an index of a stratum's times
constexpr std::size_t kMostStrata = std::size_t{1} << (63 - 2 * kCellBits);

struct ScoresParameters {
  CoxParameters cox;
  KeySketch sketch;  ///< of the rows' words
  template <class A>
  void Fields(A& a) {
    a(cox);
    a(sketch);
  }
};

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
  const KeySketch& sketch = parameters.sketch;
  if (sketch.cells == 0 || sketch.cells > KeySketch::For(kMostRows, 0).cells ||
      sketch.words != kRowWords) {
    return Fail(ErrorCode::kRefused, "too many scores", "wrong_layout");
  }
  return Layout{SketchBlocks(sketch)};
}

std::array<std::uint64_t, kRowWords> WordsOf(const ScoredRow& row, std::size_t offset) {
  std::uint64_t cells = row.stratum;
  cells = cells << kCellBits | (row.begin - offset);
  cells = cells << kCellBits | (row.end - offset);
  cells = cells << 1 | (row.event ? 1 : 0);
  return {OrderedKey(row.score), OrderedKey(row.weight), cells};
}

/// Nothing for words that no site of ours tells.
std::optional<ScoredRow> RowOf(const SketchKey& words, std::span<const std::size_t> offsets) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kCellBits) - 1;
  ScoredRow row;
  row.score = ValueOfKey(words[kScore]);
  row.weight = ValueOfKey(words[kWeight]);
  const std::uint64_t cells = words[kCells] >> 1;
  row.event = (words[kCells] & 1) != 0;
  row.stratum = cells >> (2 * kCellBits);
  if (row.stratum + 1 >= offsets.size()) return std::nullopt;
  row.begin = offsets[row.stratum] + (cells >> kCellBits & kMask);
  row.end = offsets[row.stratum] + (cells & kMask);
  const std::size_t last = offsets[row.stratum + 1] - (row.event ? 1 : 0);
  if (row.end > last || row.begin > offsets[row.stratum + 1]) return std::nullopt;
  return row;
}

Result<void> ScoresEvaluate(const SiteView& site, const ScoresParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, CheckedFrame(site, parameters.cox));
  CLINNOVA_TRY(CheckOpen(parameters.cox, *frame));
  const std::vector<std::size_t> offsets = CellOffsets(parameters.cox.axes);
  CLINNOVA_ASSIGN(const std::vector<ScoredRow> rows,
                  RowsOf(site, *frame, parameters.cox, parameters.cox.axes));
  for (const ScoredRow& row : rows)
    AddKey(parameters.sketch, WordsOf(row, offsets[row.stratum]), 0, sums);
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
const TypedStep<PairsParameters> kPairsStep{"cox.pairs", PairsLayout, PairsEvaluate, CoxGuard{}};

/// What everybody's pairs are, with the squares of what a person's weight changes.
struct PairTotals {
  long double concordant = 0;
  long double discordant = 0;
  long double tied = 0;
  long double squares[3] = {};
};

Concordance ConcordanceOf(const PairTotals& totals) {
  Concordance concordance;
  const long double pairs = totals.concordant + totals.discordant + totals.tied;
  if (pairs == 0) {
    concordance.why_absent = "no concordance, as there is no pair whose order of events is known";
    return concordance;
  }
  const long double somer = (totals.concordant - totals.discordant) / pairs;
  const long double squares =
      totals.squares[0] - 2 * somer * totals.squares[1] + somer * somer * totals.squares[2];
  concordance.value = static_cast<double>((somer + 1) / 2);
  concordance.standard_error =
      static_cast<double>(std::sqrt(std::max(0.0L, squares)) / (2 * pairs));
  return concordance;
}

/// Marks of rows that stand for several.
RiskMarks MarksOf(const std::vector<PooledRow>& rows, std::span<const std::size_t> offsets) {
  std::vector<ScoredRow> all;
  for (const PooledRow& pooled : rows) {
    all.push_back(pooled.row);
    all.back().weight *= pooled.count;
  }
  return MarksOf(all, offsets);
}

}  // namespace

Concordance ConcordanceOf(const PooledSums& sums) {
  PairTotals totals{sums.Number(kConcordant), sums.Number(kDiscordant), sums.Number(kTied)};
  for (std::size_t i = 0; i < 3; ++i) totals.squares[i] = sums.Number(kSquares, i);
  return ConcordanceOf(totals);
}

std::size_t AskConcordance(const CoxParameters& parameters, Clusters clusters, int weight_exponent,
                           RoundParts& parts) {
  return parts.Ask(kPairsStep, PairsParameters{parameters, clusters, {}, weight_exponent});
}

PooledRowsQuestion::PooledRowsQuestion(std::int64_t rows, std::size_t strata)
    : sketch_(KeySketch::For(std::min(kMostRows, static_cast<std::size_t>(rows)), 0, kRowWords)) {
  if (strata > kMostStrata) tries_ = 2;
}

std::size_t PooledRowsQuestion::Ask(const CoxParameters& parameters, RoundParts& parts) const {
  return parts.Ask(kScoresStep, ScoresParameters{parameters, sketch_});
}

std::optional<std::vector<PooledRow>> PooledRowsQuestion::Absorb(const CoxParameters& parameters,
                                                                 const PooledSums& sums) {
  const std::vector<std::size_t> offsets = CellOffsets(parameters.axes);
  std::vector<PooledRow> rows;
  const auto found = ReadKeys(sketch_, 0, sums);
  if (found) {
    for (const auto& [words, count] : *found) {
      const std::optional<ScoredRow> row = RowOf(words, offsets);
      if (row) rows.push_back({*row, static_cast<double>(count)});
    }
    if (rows.size() == found->size()) return rows;
  }
  sketch_.seed = static_cast<std::uint64_t>(++tries_);
  return std::nullopt;
}

Concordance ConcordanceOf(const std::vector<PooledRow>& rows, const CoxParameters& parameters,
                          int weight_exponent) {
  const std::vector<std::size_t> offsets = CellOffsets(parameters.axes);
  std::vector<ScoredRow> single;
  for (const PooledRow& pooled : rows) single.push_back(pooled.row);
  const std::vector<RowPairs> pairs =
      PairsOf(single, MarksOf(rows, offsets), offsets, weight_exponent);
  PairTotals totals;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double weight = rows[i].row.weight;
    const double count = rows[i].count;
    totals.concordant += count * (weight * pairs[i].as_event.concordant);
    totals.discordant += count * (weight * pairs[i].as_event.discordant);
    totals.tied += count * (weight * pairs[i].as_event.tied);
    const Influence influence = InfluenceOf(pairs[i], weight);
    totals.squares[0] += count * (influence.difference * influence.difference);
    totals.squares[1] += count * (influence.difference * influence.pairs);
    totals.squares[2] += count * (influence.pairs * influence.pairs);
  }
  return ConcordanceOf(totals);
}

std::size_t AskConcordance(const CoxParameters& parameters, const std::vector<PooledRow>& rows,
                           int weight_exponent, RoundParts& parts) {
  return parts.Ask(kPairsStep,
                   PairsParameters{parameters, Clusters::kNamed,
                                   MarksOf(rows, CellOffsets(parameters.axes)), weight_exponent});
}

bool HaveSamePairs(const std::vector<PooledRow>& a, const std::vector<PooledRow>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const ScoredRow& one = a[i].row;
    const ScoredRow& other = b[i].row;
    const bool tied = i > 0 && one.score == a[i - 1].row.score;
    if (tied != (i > 0 && other.score == b[i - 1].row.score)) return false;
    if (a[i].count != b[i].count || one.weight != other.weight || one.event != other.event ||
        one.stratum != other.stratum || one.begin != other.begin || one.end != other.end) {
      return false;
    }
  }
  return true;
}

Concordance SuppressedConcordance() {
  Concordance absent;
  absent.why_absent =
      "no concordance, as pairs cross sites; it needs strata = [\"site\"] under disclosure "
      "rules";
  absent.suppressed = true;
  return absent;
}

Concordance UntoldConcordance() {
  Concordance absent;
  absent.why_absent =
      "no concordance, as there are too many distinct times and scores; set time_grid or "
      "stratify by site";
  return absent;
}

std::vector<const federation::Step*> ConcordanceSteps() { return {&kScoresStep, &kPairsStep}; }

}  // namespace clinnova::stats
