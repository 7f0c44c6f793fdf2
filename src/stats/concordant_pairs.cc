// SPDX-License-Identifier: Apache-2.0
#include "stats/concordant_pairs.h"

#include <algorithm>

namespace clinnova::stats {
namespace {

/// Counts by score: P. M. Fenwick, Softw. Pract. Exp. 24 (1994).
class ScoreCounts {
 public:
  explicit ScoreCounts(std::vector<double> scores) : scores_(std::move(scores)) {
    std::sort(scores_.begin(), scores_.end());
    scores_.erase(std::unique(scores_.begin(), scores_.end()), scores_.end());
    tree_.resize(scores_.size() + 1);
  }

  void Add(double score, std::int64_t count) {
    for (std::size_t i = Rank(score) + 1; i < tree_.size(); i += i & (~i + 1)) tree_[i] += count;
    total_ += count;
  }
  std::int64_t Below(double score) const { return UpTo(Rank(score)); }
  std::int64_t Above(double score) const { return total_ - UpTo(Rank(score) + 1); }
  std::int64_t Equal(double score) const { return UpTo(Rank(score) + 1) - UpTo(Rank(score)); }

 private:
  std::size_t Rank(double score) const {
    return static_cast<std::size_t>(std::lower_bound(scores_.begin(), scores_.end(), score) -
                                    scores_.begin());
  }
  std::int64_t UpTo(std::size_t ranks) const {
    std::int64_t sum = 0;
    for (std::size_t i = ranks; i > 0; i -= i & (~i + 1)) sum += tree_[i];
    return sum;
  }

  std::vector<double> scores_;
  std::vector<std::int64_t> tree_;
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

std::vector<double> ScoresOf(std::span<const ScoredRow> rows, const StratumPart& part) {
  std::vector<double> scores;
  for (const std::size_t i : part.rows) scores.push_back(rows[i].score);
  for (const ScoredCount& mark : part.events) scores.push_back(mark.score);
  for (const ScoredCount& mark : part.leaving) scores.push_back(mark.score);
  return scores;
}

/// Events from the last to the first, against those still there.
void CountAsEvent(std::span<const ScoredRow> rows, const StratumPart& part, ScoreCounts at_risk,
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
      at_risk.Add(part.leaving[left - 1].score, part.leaving[left - 1].count);
    }
    const double score = rows[i].score;
    pairs[i].as_event = {at_risk.Below(score), at_risk.Above(score), at_risk.Equal(score)};
  }
}

/// Rows against the events before their end, less those before their begin.
void CountAsCompared(std::span<const ScoredRow> rows, const StratumPart& part, ScoreCounts events,
                     std::vector<RowPairs>& pairs) {
  struct Question {
    std::size_t limit;
    std::size_t row;
    std::int64_t sign;
  };
  std::vector<Question> questions;
  for (const std::size_t i : part.rows) {
    if (rows[i].begin >= rows[i].end) continue;
    questions.push_back({rows[i].end, i, 1});
    questions.push_back({rows[i].begin, i, -1});
  }
  std::sort(questions.begin(), questions.end(),
            [](const Question& a, const Question& b) { return a.limit < b.limit; });
  std::size_t next = 0;
  for (const Question& question : questions) {
    for (; next < part.events.size() && part.events[next].cell < question.limit; ++next) {
      events.Add(part.events[next].score, part.events[next].count);
    }
    PairCounts& counts = pairs[question.row].as_compared;
    const double score = rows[question.row].score;
    counts.concordant += question.sign * events.Above(score);
    counts.discordant += question.sign * events.Below(score);
    counts.tied += question.sign * events.Equal(score);
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
    const ScoreCounts none(ScoresOf(rows, part));
    CountAsEvent(rows, part, none, pairs);
    CountAsCompared(rows, part, none, pairs);
  }
  return pairs;
}

}  // namespace clinnova::stats
