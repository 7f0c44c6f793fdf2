// SPDX-License-Identifier: Apache-2.0
#include "stats/concordant_pairs.h"

#include <algorithm>

namespace clinnova::stats {
namespace {

using Rank = std::uint32_t;

/// Counts by rank of the score: P. M. Fenwick, Softw. Pract. Exp. 24 (1994).
class RankCounts {
 public:
  explicit RankCounts(std::size_t ranks) : tree_(ranks + 1), equal_(ranks) {}

  void Add(Rank rank, std::int64_t count) {
    for (std::size_t i = rank + 1; i < tree_.size(); i += i & (~i + 1)) tree_[i] += count;
    equal_[rank] += count;
    total_ += count;
  }

  struct Split {
    std::int64_t below = 0;
    std::int64_t equal = 0;
    std::int64_t above = 0;
  };
  Split At(Rank rank) const {
    Split split;
    for (std::size_t i = rank; i > 0; i -= i & (~i + 1)) split.below += tree_[i];
    split.equal = equal_[rank];
    split.above = total_ - split.below - split.equal;
    return split;
  }

 private:
  std::vector<std::int64_t> tree_;
  std::vector<std::int64_t> equal_;
  std::int64_t total_ = 0;
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
                  std::vector<RowPairs>& pairs) {
  std::vector<std::size_t> events;  // into part.rows
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    if (rows[part.rows[i]].event) events.push_back(i);
  }
  const auto end = [&](std::size_t i) { return rows[part.rows[i]].end; };
  std::sort(events.begin(), events.end(),
            [&](std::size_t a, std::size_t b) { return end(a) > end(b); });
  RankCounts at_risk(ranks.count);
  std::size_t left = part.leaving.size();
  for (const std::size_t i : events) {
    for (; left > 0 && part.leaving[left - 1].cell >= end(i); --left) {
      at_risk.Add(ranks.leaving[left - 1], part.leaving[left - 1].count);
    }
    const RankCounts::Split split = at_risk.At(ranks.rows[i]);
    pairs[part.rows[i]].as_event = {split.below, split.above, split.equal};
  }
}

/// Rows against the events before their end, less those before their begin.
void CountAsCompared(std::span<const ScoredRow> rows, const StratumPart& part,
                     const PartRanks& ranks, std::vector<RowPairs>& pairs) {
  struct Question {
    std::size_t limit;
    std::size_t row;  ///< into part.rows
    std::int64_t sign;
  };
  std::vector<Question> questions;
  const std::size_t first_event = part.events.front().cell;
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    const ScoredRow& row = rows[part.rows[i]];
    if (row.begin >= row.end) continue;
    questions.push_back({row.end, i, 1});
    if (row.begin > first_event) questions.push_back({row.begin, i, -1});
  }
  std::sort(questions.begin(), questions.end(),
            [](const Question& a, const Question& b) { return a.limit < b.limit; });
  RankCounts events(ranks.count);
  std::size_t next = 0;
  for (const Question& question : questions) {
    for (; next < part.events.size() && part.events[next].cell < question.limit; ++next) {
      events.Add(ranks.events[next], part.events[next].count);
    }
    const RankCounts::Split split = events.At(ranks.rows[question.row]);
    PairCounts& counts = pairs[part.rows[question.row]].as_compared;
    counts.concordant += question.sign * split.above;
    counts.discordant += question.sign * split.below;
    counts.tied += question.sign * split.equal;
  }
}

}  // namespace

RiskMarks MarksOf(std::span<const ScoredRow> rows, std::span<const std::size_t> offsets) {
  RiskMarks marks;
  for (const ScoredRow& row : rows) {
    if (row.event) marks.events.push_back({row.end, row.score, 1});
    if (row.begin >= row.end) continue;
    marks.leaving.push_back({row.end - 1, row.score, 1});
    if (row.begin > offsets[row.stratum]) marks.leaving.push_back({row.begin - 1, row.score, -1});
  }
  return marks;
}

std::vector<RowPairs> PairsOf(std::span<const ScoredRow> rows, const RiskMarks& marks,
                              std::span<const std::size_t> offsets) {
  std::vector<RowPairs> pairs(rows.size());
  for (const StratumPart& part : Parts(rows, marks, offsets)) {
    if (part.rows.empty() || part.events.empty()) continue;
    const PartRanks ranks = RanksOf(rows, part);
    CountAsEvent(rows, part, ranks, pairs);
    CountAsCompared(rows, part, ranks, pairs);
  }
  return pairs;
}

}  // namespace clinnova::stats
