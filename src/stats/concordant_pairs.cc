// SPDX-License-Identifier: Apache-2.0
#include "stats/concordant_pairs.h"

#include <algorithm>
#include <cmath>

namespace clinnova::stats {
namespace {

/// Weights in units of 2^(exponent - 60), which add exactly.
using Units = __int128;

/// Sums of weights by score: P. M. Fenwick, Softw. Pract. Exp. 24 (1994).
class ScoreWeights {
 public:
  ScoreWeights(std::vector<double> scores, int weight_exponent)
      : scores_(std::move(scores)), shift_(60 - weight_exponent) {
    std::sort(scores_.begin(), scores_.end());
    scores_.erase(std::unique(scores_.begin(), scores_.end()), scores_.end());
    tree_.resize(scores_.size() + 1);
  }

  void Add(double score, double weight) {
    const auto units = static_cast<Units>(std::ldexp(weight, shift_));
    for (std::size_t i = Rank(score) + 1; i < tree_.size(); i += i & (~i + 1)) tree_[i] += units;
    total_ += units;
  }
  /// Sums below, above and at a score.
  struct Sides {
    Units below;
    Units above;
    Units equal;
  };
  Sides About(double score) const {
    const std::size_t rank = Rank(score);
    const Units below = UpTo(rank);
    const Units through = UpTo(rank + 1);
    return {below, total_ - through, through - below};
  }
  double Weight(Units units) const { return std::ldexp(static_cast<double>(units), -shift_); }

 private:
  std::size_t Rank(double score) const {
    return static_cast<std::size_t>(std::lower_bound(scores_.begin(), scores_.end(), score) -
                                    scores_.begin());
  }
  Units UpTo(std::size_t ranks) const {
    Units sum = 0;
    for (std::size_t i = ranks; i > 0; i -= i & (~i + 1)) sum += tree_[i];
    return sum;
  }

  std::vector<double> scores_;
  int shift_;
  std::vector<Units> tree_;
  Units total_ = 0;
};

/// One stratum's part of rows and marks; indices into them.
struct StratumPart {
  std::vector<std::size_t> rows;
  std::vector<ScoredCount> events;
  std::vector<ScoredCount> leaving;
};

std::vector<StratumPart> Parts(std::span<const ScoredRow> rows, const RiskMarks& marks,
                               std::span<const std::size_t> offsets) {
  std::vector<StratumPart> parts(offsets.size() - 1);
  const auto stratum_of = [&](std::uint64_t cell) {
    return static_cast<std::size_t>(std::upper_bound(offsets.begin(), offsets.end(), cell) -
                                    offsets.begin()) -
           1;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) parts[rows[i].stratum].rows.push_back(i);
  for (const ScoredCount& mark : marks.events) parts[stratum_of(mark.cell)].events.push_back(mark);
  for (const ScoredCount& mark : marks.leaving)
    parts[stratum_of(mark.cell)].leaving.push_back(mark);
  const auto by_cell = [](const ScoredCount& a, const ScoredCount& b) { return a.cell < b.cell; };
  for (StratumPart& part : parts) {
    std::sort(part.events.begin(), part.events.end(), by_cell);
    std::sort(part.leaving.begin(), part.leaving.end(), by_cell);
  }
  return parts;
}

std::vector<double> ScoresOf(std::span<const ScoredRow> rows, const StratumPart& part) {
  std::vector<double> scores;
  for (const std::size_t i : part.rows) scores.push_back(rows[i].score);
  for (const ScoredCount& mark : part.events) scores.push_back(mark.score);
  for (const ScoredCount& mark : part.leaving) scores.push_back(mark.score);
  return scores;
}

/// Events from the last to the first, against those still there.
void CountAsEvent(std::span<const ScoredRow> rows, const StratumPart& part, ScoreWeights at_risk,
                  std::vector<RowPairs>& pairs) {
  std::vector<std::size_t> events;
  for (const std::size_t i : part.rows) {
    if (rows[i].event) events.push_back(i);
  }
  std::sort(events.begin(), events.end(),
            [&](std::size_t a, std::size_t b) { return rows[a].end > rows[b].end; });
  std::size_t left = part.leaving.size();
  for (const std::size_t i : events) {
    for (; left > 0 && part.leaving[left - 1].cell >= rows[i].end; --left) {
      at_risk.Add(part.leaving[left - 1].score, part.leaving[left - 1].weight);
    }
    const ScoreWeights::Sides sides = at_risk.About(rows[i].score);
    pairs[i].as_event = {at_risk.Weight(sides.below), at_risk.Weight(sides.above),
                         at_risk.Weight(sides.equal)};
  }
}

/// Rows against the events before their end, less those before their begin.
void CountAsCompared(std::span<const ScoredRow> rows, const StratumPart& part, ScoreWeights events,
                     std::vector<RowPairs>& pairs) {
  struct Question {
    std::size_t limit;
    std::size_t place;  ///< of the row in the part
    bool at_begin;
  };
  std::vector<Question> questions;
  for (std::size_t place = 0; place < part.rows.size(); ++place) {
    const ScoredRow& row = rows[part.rows[place]];
    if (row.begin >= row.end) continue;
    questions.push_back({row.end, place, false});
    questions.push_back({row.begin, place, true});
  }
  std::sort(questions.begin(), questions.end(),
            [](const Question& a, const Question& b) { return a.limit < b.limit; });
  std::size_t next = 0;
  std::vector<ScoreWeights::Sides> before(part.rows.size(), {0, 0, 0});
  for (const Question& question : questions) {
    for (; next < part.events.size() && part.events[next].cell < question.limit; ++next) {
      events.Add(part.events[next].score, part.events[next].weight);
    }
    const std::size_t row = part.rows[question.place];
    const ScoreWeights::Sides sides = events.About(rows[row].score);
    ScoreWeights::Sides& first = before[question.place];
    if (question.at_begin) {  // which comes before its end
      first = sides;
      continue;
    }
    pairs[row].as_compared = {events.Weight(sides.above - first.above),
                              events.Weight(sides.below - first.below),
                              events.Weight(sides.equal - first.equal)};
  }
}

}  // namespace

RiskMarks MarksOf(std::span<const ScoredRow> rows, std::span<const std::size_t> offsets) {
  RiskMarks marks;
  for (const ScoredRow& row : rows) {
    if (row.event) marks.events.push_back({row.end, row.score, row.weight});
    if (row.begin >= row.end) continue;
    marks.leaving.push_back({row.end - 1, row.score, row.weight});
    if (row.begin > offsets[row.stratum])
      marks.leaving.push_back({row.begin - 1, row.score, -row.weight});
  }
  return marks;
}

std::vector<RowPairs> PairsOf(std::span<const ScoredRow> rows, const RiskMarks& marks,
                              std::span<const std::size_t> offsets, int weight_exponent) {
  std::vector<RowPairs> pairs(rows.size());
  for (const StratumPart& part : Parts(rows, marks, offsets)) {
    if (part.rows.empty() || part.events.empty()) continue;
    const ScoreWeights none(ScoresOf(rows, part), weight_exponent);
    CountAsEvent(rows, part, none, pairs);
    CountAsCompared(rows, part, none, pairs);
  }
  return pairs;
}

}  // namespace clinnova::stats
