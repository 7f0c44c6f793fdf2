// SPDX-License-Identifier: Apache-2.0
// Which policies' scores may be summed beside those of every drug for everybody (rule 12): a policy that gives A to all but
// three persons has A's sum but for those three, and so n times its gain over A is the sum of their scores' differences,
// from which their outcomes follow. The same holds of two policies that give different drugs to three persons, and, where
// there are two drugs, of two that give the same to three.
//
//   if (PolicyTold(given, site.minimum_count)) sums.Add(…);   // given: persons by the arm that the policy gives
//
// Pure functions of counts; they reveal nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace clinnova::learn {

/// Whether a policy's sums may be told beside every arm's, by the persons whom it gives each arm: those to whom it gives
/// another arm than one are nobody or at least `minimum_count`, of every arm.
bool PolicyTold(std::span<const std::int64_t> given, int minimum_count);

/// Which of two policies may be told. The second is judged first, then the first beside it and the arms.
struct TwoPoliciesTold {
  bool first = false;
  bool second = false;
};
/// `given`: persons by the arm that the first gives them, and by that of the second.
TwoPoliciesTold PoliciesTold(std::span<const std::int64_t> given, std::size_t arms,
                             int minimum_count);

/// Which parts of a whole, whose policy's sums are told or follow, must hide the policy's sums: those of 1 to
/// minimum_count - 1 `persons`; those in which the policy gives as many another arm than one, by the persons `given` each arm
/// (by part and arm); and as many more as it takes that none follows. No part's sums are told beside those of persons who
/// are in none of them, where they are few: such are a part.
std::vector<bool> HiddenParts(const std::vector<std::int64_t>& persons,
                              std::span<const std::int64_t> given, std::size_t arms,
                              int minimum_count);

/// Of persons by something (an arm, a part) and by arm: the totals of the former; and by arm.
std::vector<std::int64_t> RowTotals(std::span<const std::int64_t> cells, std::size_t arms);
std::vector<std::int64_t> ColumnTotals(std::span<const std::int64_t> cells, std::size_t arms);

}  // namespace clinnova::learn
