// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_disclosure.h"

#include <algorithm>
#include <numeric>

#include "stats/contingency_table.h"

namespace clinnova::learn {
namespace {

bool Few(std::int64_t persons, int minimum_count) { return persons > 0 && persons < minimum_count; }

}  // namespace

bool PolicyTold(std::span<const std::int64_t> given, int minimum_count) {
  const std::int64_t everybody = std::accumulate(given.begin(), given.end(), std::int64_t{0});
  return std::ranges::none_of(
      given, [&](std::int64_t persons) { return Few(everybody - persons, minimum_count); });
}

std::vector<std::int64_t> RowTotals(std::span<const std::int64_t> cells, std::size_t arms) {
  std::vector<std::int64_t> totals(cells.size() / arms);
  for (std::size_t i = 0; i < cells.size(); ++i) totals[i / arms] += cells[i];
  return totals;
}

std::vector<std::int64_t> ColumnTotals(std::span<const std::int64_t> cells, std::size_t arms) {
  std::vector<std::int64_t> totals(arms);
  for (std::size_t i = 0; i < cells.size(); ++i) totals[i % arms] += cells[i];
  return totals;
}

TwoPoliciesTold PoliciesTold(std::span<const std::int64_t> given, std::size_t arms,
                             int minimum_count) {
  TwoPoliciesTold told{.first = PolicyTold(RowTotals(given, arms), minimum_count),
                       .second = PolicyTold(ColumnTotals(given, arms), minimum_count)};
  if (!told.second) return told;
  std::int64_t same = 0;
  std::int64_t everybody = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    everybody += given[i];
    if (i / arms == i % arms) same += given[i];
  }
  // With two drugs the sum of both policies less that of both drugs is over those who are given the same by both.
  if (Few(everybody - same, minimum_count) || (arms == 2 && Few(same, minimum_count))) {
    told.first = false;
  }
  return told;
}

std::vector<bool> HiddenParts(const std::vector<std::int64_t>& persons,
                              std::span<const std::int64_t> given, std::size_t arms,
                              int minimum_count) {
  std::vector<bool> hidden = stats::HiddenCells(persons, 1, persons.size(), minimum_count);
  for (std::size_t a = 0; a < arms; ++a) {
    std::vector<std::int64_t> others;
    for (std::size_t g = 0; g < persons.size(); ++g) {
      others.push_back(persons[g] - given[g * arms + a]);
    }
    const std::vector<bool> of_arm =
        stats::HiddenCells(others, 1, others.size(), minimum_count, hidden);
    for (std::size_t g = 0; g < hidden.size(); ++g) hidden[g] = hidden[g] || of_arm[g];
  }
  return hidden;
}

}  // namespace clinnova::learn
