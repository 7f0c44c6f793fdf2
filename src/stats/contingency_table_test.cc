// SPDX-License-Identifier: Apache-2.0
#include "stats/contingency_table.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;

/// `count` copies of each text, one after another.
std::vector<std::string> Repeat(const std::vector<std::pair<std::string, int>>& runs) {
  std::vector<std::string> texts;
  for (const auto& [text, count] : runs)
    texts.insert(texts.end(), static_cast<std::size_t>(count), text);
  return texts;
}

TEST(ContingencyTable, CountsAndTests) {
  // a: 10 u, 20 v; b: 30 u, 5 v; one row without y.
  const table::Table table =
      MakeTable({{"x", Repeat({{"a", 30}, {"b", 36}})},
                 {"y", Repeat({{"u", 10}, {"v", 20}, {"u", 30}, {"v", 5}, {"", 1}})}});
  const Answer answer = RunOne("method = \"table\"\nvariables = [\"x\", \"y\"]\n", {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/counts/0"), (std::vector<double>{10, 20}));
  EXPECT_EQ(answer.Numbers("/counts/1"), (std::vector<double>{30, 5}));
  EXPECT_EQ(answer.Number("/n"), 65);
  EXPECT_EQ(answer.Number("/n_missing"), 1);
  EXPECT_EQ(answer.Texts("/levels/x"), (std::vector<std::string>{"a", "b"}));
  // 65 (10 * 5 - 20 * 30)^2 / (30 * 35 * 40 * 25)
  EXPECT_NEAR(answer.Number("/chisq/statistic"), 65.0 * 550 * 550 / (30.0 * 35 * 40 * 25), 1e-12);
  EXPECT_EQ(answer.Number("/chisq/parameter"), 1);
  EXPECT_NEAR(answer.Number("/chisq/corrected/statistic"),
              65.0 * 517.5 * 517.5 / (30.0 * 35 * 40 * 25), 1e-12);
  EXPECT_EQ(answer.Size("/suppressed"), 0u);
}

TEST(ContingencyTable, SaysWhatItCannotTabulate) {
  const table::Table table = MakeTable({{"x", {1.0, 2.0}}, {"f", {"a", "b"}}});
  EXPECT_EQ(
      RunOne("method = \"table\"\nvariables = [\"g\"]\n", {table}).error().message,
      "analysis \"a\": variables: column \"g\": not in the table, expected one of: x, f, site");
  EXPECT_EQ(RunOne("method = \"table\"\nvariables = []\n", {table}).error().message,
            "analysis \"a\": variables: found 0 columns, expected one, two or three");
  EXPECT_EQ(RunOne("method = \"table\"\nvariables = [\"x\"]\n", {table}).error().code,
            ErrorCode::kInvalidInput);
}

TEST(ContingencyTable, HidesSmallCellsAndTheTestThatWouldTellThem) {
  const table::Table table =
      MakeTable({{"x", Repeat({{"a", 30}, {"b", 30}})},
                 {"y", Repeat({{"u", 28}, {"v", 2}, {"u", 10}, {"v", 20}})}});
  const std::string study = "method = \"table\"\nvariables = [\"x\", \"y\"]\n";
  const Answer answer = RunOne(study, {table}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  for (const char* cell : {"/counts/0/0", "/counts/0/1", "/counts/1/0", "/counts/1/1"}) {
    EXPECT_TRUE(answer.IsNull(cell))
        << cell;  // with one cell and the margins of a 2 x 2 table all are known
  }
  EXPECT_TRUE(answer.IsNull("/chisq"));
  EXPECT_EQ(answer.Size("/suppressed"), 5u);
  const Answer lifted = RunOne(study, {table}, {.minimum_count = 0});
  EXPECT_EQ(lifted.Numbers("/counts/0"), (std::vector<double>{28, 2}));
}

TEST(ContingencyTable, RefusesFewerCasesThanTheThreshold) {
  const table::Table table = MakeTable({{"x", Repeat({{"a", 3}, {"", 30}})}});
  const Answer answer =
      RunOne("method = \"table\"\nvariables = [\"x\"]\n", {table}, {.minimum_count = 5});
  ASSERT_FALSE(answer) << answer.text();
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().reason, "cohort_below_threshold");
}

/// What somebody knows who has the published cells, the number of cases, the table of the row variable alone
/// and that of the column variable alone. Every count is a flow: from its row's node to its column's; a row's
/// total comes in from the source node, a column's goes out to it. A hidden count is at least 1. It is given away
/// when no other flow has the same known counts: when no cycle of hidden counts through it can be raised or lowered.
class Attacker {
 public:
  Attacker(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns,
           std::int64_t k) {
    std::vector<std::int64_t> row_totals(rows);
    std::vector<std::int64_t> column_totals(columns);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        row_totals[i] += counts[i * columns + j];
        column_totals[j] += counts[i * columns + j];
      }
    }
    const std::size_t source = rows + columns;
    const std::size_t sink = source + 1;  // source to sink is n, known
    const std::vector<bool> hidden = HiddenCells(counts, rows, columns, k);
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      if (hidden[cell] && counts[cell] == 0) least_ = 0;  // the whole table is hidden
    }
    Add(hidden, counts,
        [&](std::size_t cell) { return std::pair{cell / columns, rows + cell % columns}; });
    cells_ = arcs_.size();
    if (rows > 1)
      Add(HiddenCells(row_totals, 1, rows, k), row_totals,
          [&](std::size_t i) { return std::pair{source, i}; });
    if (columns > 1)
      Add(HiddenCells(column_totals, 1, columns, k), column_totals,
          [&](std::size_t j) { return std::pair{rows + j, sink}; });
  }

  /// True when some small cell of the table is certain.
  bool Knows(std::int64_t k) const {
    for (std::size_t a = 0; a < cells_; ++a) {
      if (arcs_[a].count == 0 || arcs_[a].count >= k) continue;
      const bool raised = Path(arcs_[a].to, arcs_[a].from, a);
      const bool lowered = arcs_[a].count > Least(a) && Path(arcs_[a].from, arcs_[a].to, a);
      if (!raised && !lowered) return true;
    }
    return false;
  }

 private:
  struct Arc {
    std::size_t from, to;
    std::int64_t count;
  };

  void Add(const std::vector<bool>& hidden, const std::vector<std::int64_t>& counts,
           const std::function<std::pair<std::size_t, std::size_t>(std::size_t)>& ends) {
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      if (!hidden[cell]) continue;
      const auto [from, to] = ends(cell);
      arcs_.push_back({from, to, counts[cell]});
    }
  }

  /// What a hidden count is known to be at least; zeros among the totals are never hidden.
  std::int64_t Least(std::size_t arc) const { return arc < cells_ ? least_ : 1; }

  bool Path(std::size_t from, std::size_t to, std::size_t without) const {
    std::vector<std::size_t> open = {from};
    std::vector<std::size_t> seen = open;
    while (!open.empty()) {
      const std::size_t node = open.back();
      open.pop_back();
      if (node == to) return true;
      for (std::size_t a = 0; a < arcs_.size(); ++a) {
        if (a == without) continue;
        std::size_t next = node;
        if (arcs_[a].from == node)
          next = arcs_[a].to;
        else if (arcs_[a].to == node && arcs_[a].count > Least(a))
          next = arcs_[a].from;
        if (std::find(seen.begin(), seen.end(), next) != seen.end()) continue;
        seen.push_back(next);
        open.push_back(next);
      }
    }
    return false;
  }

  std::vector<Arc> arcs_;
  std::size_t cells_ = 0;
  std::int64_t least_ = 1;
};

/// What the rule "no line with exactly one hidden cell" would hide.
TEST(HiddenCells, TwoInEveryLineAreNotEnough) {
  // Two squares of hidden cells and one, the 3, between them: rows 0 and 1 less columns 0 and 1 tell it.
  const std::vector<std::int64_t> counts = {1,  2,  50, 50,  //
                                            2,  1,  3,  50,  //
                                            50, 50, 2,  1,   //
                                            50, 50, 1,  2};
  const std::vector<bool> hidden = HiddenCells(counts, 4, 4, 5);
  EXPECT_GT(std::count(hidden.begin(), hidden.end(), true), 9);
  EXPECT_FALSE(Attacker(counts, 4, 4, 5).Knows(5));
}

TEST(HiddenCells, OnesThatAddUpToTheirNumberAreNotEnough) {
  // Two hidden counts that add up to 2 are 1 and 1.
  const std::vector<bool> hidden = HiddenCells({1, 1, 30, 40}, 1, 4, 5);
  EXPECT_EQ(hidden, (std::vector<bool>{true, true, true, false}));
}

TEST(HiddenCells, NoneCanBeComputedFromMargins) {
  std::mt19937_64 random(5);
  for (int trial = 0; trial < 3000; ++trial) {
    const std::size_t rows = 1 + random() % 6;
    const std::size_t columns = 2 + random() % 6;
    std::vector<std::int64_t> counts(rows * columns);
    std::int64_t n = 0;
    const std::uint64_t sparse = random() % 4;
    for (std::int64_t& count : counts) {
      const std::uint64_t kind = random() % 5;
      count = kind <= sparse
                  ? 0
                  : static_cast<std::int64_t>(kind == 4 ? 1 + random() % 4 : 5 + random() % 40);
      n += count;
    }
    if (n < 10) continue;
    std::string shown;
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      shown += std::to_string(counts[cell]) + ((cell + 1) % columns == 0 ? "\n" : " ");
    }
    ASSERT_FALSE(Attacker(counts, rows, columns, 5).Knows(5)) << "trial " << trial << "\n" << shown;
  }
}

TEST(HiddenCells, HideNothingWithoutNeed) {
  EXPECT_EQ(HiddenCells({10, 0, 7, 5}, 2, 2, 5), std::vector<bool>(4, false));
  EXPECT_EQ(HiddenCells({1, 0, 2, 4}, 2, 2, 0), std::vector<bool>(4, false));
}

}  // namespace
}  // namespace clinnova::stats
