// SPDX-License-Identifier: Apache-2.0
#include "stats/concordant_pairs.h"

#include <algorithm>
#include <cmath>

namespace clinnova::stats {
namespace {

using Rank = std::uint32_t;
/// Weights in units of 2^(exponent - 60), which add exactly.
using Units = __int128;

/// Sums of weights by rank of the score: P. M. Fenwick, Softw. Pract. Exp. 24 (1994).
class RankWeights {
 public:
  RankWeights(std::size_t ranks, int weight_exponent)
      : tree_(ranks + 1), equal_(ranks), shift_(60 - weight_exponent) {}

  void Add(Rank rank, double weight) {
    const auto units = static_cast<Units>(std::ldexp(weight, shift_));
    for (std::size_t i = rank + 1; i < tree_.size(); i += i & (~i + 1)) tree_[i] += units;
    equal_[rank] += units;
    total_ += units;
  }

  struct Split {
    Units below = 0;
    Units equal = 0;
    Units above = 0;
  };
  Split At(Rank rank) const {
    Split split;
    for (std::size_t i = rank; i > 0; i -= i & (~i + 1)) split.below += tree_[i];
    split.equal = equal_[rank];
    split.above = total_ - split.below - split.equal;
    return split;
  }
  double Weight(Units units) const { return std::ldexp(static_cast<double>(units), -shift_); }

 private:
  std::vector<Units> tree_;
  std::vector<Units> equal_;
  int shift_;
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

/// The ranks of the scores of a part's rows, event marks and leaving marks, in their order.
struct PartRanks {
  std::vector<Rank> rows;
  std::vector<Rank> events;
  std::vector<Rank> leaving;
  std::size_t count = 0;  ///< of distinct scores
};

PartRanks RanksOf(std::span<const ScoredRow> rows, const StratumPart& part) {
  struct Place {
    double score;
    Rank* rank;
  };
  PartRanks ranks{std::vector<Rank>(part.rows.size()), std::vector<Rank>(part.events.size()),
                  std::vector<Rank>(part.leaving.size())};
  std::vector<Place> places;
  places.reserve(part.rows.size() + part.events.size() + part.leaving.size());
  for (std::size_t i = 0; i < part.rows.size(); ++i)
    places.push_back({rows[part.rows[i]].score, &ranks.rows[i]});
  for (std::size_t i = 0; i < part.events.size(); ++i)
    places.push_back({part.events[i].score, &ranks.events[i]});
  for (std::size_t i = 0; i < part.leaving.size(); ++i)
    places.push_back({part.leaving[i].score, &ranks.leaving[i]});
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.score < b.score; });
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i == 0 || places[i].score != places[i - 1].score) ++ranks.count;
    *places[i].rank = static_cast<Rank>(ranks.count - 1);
  }
  return ranks;
}

/// Events from the last to the first, against those still there.
void CountAsEvent(std::span<const ScoredRow> rows, const StratumPart& part, const PartRanks& ranks,
                  RankWeights at_risk, std::vector<RowPairs>& pairs) {
  std::vector<std::size_t> events;  // into part.rows
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    if (rows[part.rows[i]].event) events.push_back(i);
  }
  const auto end = [&](std::size_t i) { return rows[part.rows[i]].end; };
  std::sort(events.begin(), events.end(),
            [&](std::size_t a, std::size_t b) { return end(a) > end(b); });
  std::size_t left = part.leaving.size();
  for (const std::size_t i : events) {
    for (; left > 0 && part.leaving[left - 1].cell >= end(i); --left) {
      at_risk.Add(ranks.leaving[left - 1], part.leaving[left - 1].weight);
    }
    const RankWeights::Split split = at_risk.At(ranks.rows[i]);
    pairs[part.rows[i]].as_event = {at_risk.Weight(split.below), at_risk.Weight(split.above),
                                    at_risk.Weight(split.equal)};
  }
}

/// Rows against the events before their end, less those before their begin.
void CountAsCompared(std::span<const ScoredRow> rows, const StratumPart& part,
                     const PartRanks& ranks, RankWeights events, std::vector<RowPairs>& pairs) {
  struct Question {
    std::size_t limit;
    std::size_t row;  ///< into part.rows
    bool at_begin;
  };
  std::vector<Question> questions;
  const std::size_t first_event = part.events.front().cell;
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    const ScoredRow& row = rows[part.rows[i]];
    if (row.begin >= row.end) continue;
    questions.push_back({row.end, i, false});
    if (row.begin > first_event) questions.push_back({row.begin, i, true});
  }
  std::sort(questions.begin(), questions.end(),
            [](const Question& a, const Question& b) { return a.limit < b.limit; });
  std::size_t next = 0;
  std::vector<RankWeights::Split> before(part.rows.size());
  for (const Question& question : questions) {
    for (; next < part.events.size() && part.events[next].cell < question.limit; ++next) {
      events.Add(ranks.events[next], part.events[next].weight);
    }
    const RankWeights::Split split = events.At(ranks.rows[question.row]);
    RankWeights::Split& first = before[question.row];
    if (question.at_begin) {  // which comes before its end
      first = split;
      continue;
    }
    pairs[part.rows[question.row]].as_compared = {events.Weight(split.above - first.above),
                                                  events.Weight(split.below - first.below),
                                                  events.Weight(split.equal - first.equal)};
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
    const PartRanks ranks = RanksOf(rows, part);
    const RankWeights none(ranks.count, weight_exponent);
    CountAsEvent(rows, part, ranks, none, pairs);
    CountAsCompared(rows, part, ranks, none, pairs);
  }
  return pairs;
}

}  // namespace clinnova::stats
