// SPDX-License-Identifier: Apache-2.0
#include "stats/person_rows.h"

#include <gtest/gtest.h>

namespace clinnova::stats {
namespace {

/// Two persons: the first with three rows, of which the last is in another cell, the second with one.
PersonRows Two() {
  PersonRows persons;
  persons.rows = {{1, 0, 2, 0, 1, 0}, {1, 2, 5, 0, 1, 0}, {1, 5, 6, 1, 1, 1}, {2, 6, 9, 2, 1, 1}};
  persons.place = {3, 0, 4, 2, 1};
  persons.continues = {1, 1, 0, 0};
  return persons;
}

TEST(PersonRows, TellARowsEndFromTheFollowUps) {
  const PersonRows persons = Two();
  EXPECT_TRUE(persons.Continues(0) && persons.Continues(1));
  EXPECT_FALSE(persons.Continues(2) || persons.Continues(3) || persons.Continues(4));
  EXPECT_TRUE(persons.ContinuesInCell(0));
  EXPECT_FALSE(persons.ContinuesInCell(1));
  EXPECT_FALSE(persons.Continued(0) || persons.Continued(3) || persons.Continued(4));
  EXPECT_TRUE(persons.Continued(2));
  EXPECT_TRUE(persons.ContinuedInCell(1));
  EXPECT_FALSE(persons.ContinuedInCell(2));
  EXPECT_TRUE(persons.IsLast(2) && persons.IsLast(3));
  EXPECT_FALSE(persons.IsLast(0) || persons.IsLast(1));
}

TEST(PersonRows, CountWhatTheyMustNotBe) {
  using Counts = std::vector<std::int64_t>;
  EXPECT_EQ(Two().Flaws(2, 0), Counts({0, 0, 0, 0, 0}));
  EXPECT_EQ(Two().Flaws(1, 0), Counts({0, 0, 0, 1, 0}));  // the cells are strata
  PersonRows persons = Two();
  persons.rows[1].start = 1.5;
  EXPECT_EQ(persons.Flaws(2, 0), Counts({1, 0, 0, 0, 0}));
  EXPECT_EQ(persons.Flaws(2, 0.5), Counts({0, 0, 0, 0, 0}));
  persons.rows[1].start = 3;
  EXPECT_EQ(persons.Flaws(2, 0), Counts({0, 1, 0, 0, 0}));
  persons = Two();
  persons.rows[0].status = 2;
  persons.rows[2].weight = 3;
  EXPECT_EQ(persons.Flaws(2, 0), Counts({0, 0, 1, 0, 1}));
}

}  // namespace
}  // namespace clinnova::stats
