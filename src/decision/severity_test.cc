// SPDX-License-Identifier: Apache-2.0
#include "decision/severity.h"

#include <gtest/gtest.h>

namespace clinnova::decision {
namespace {

TEST(Severity, GivesThePublishedValues) {
  const SeverityTable original(Severity::kMsss2005);
  EXPECT_EQ(original.At(5, 3), 5.79);
  EXPECT_EQ(original.At(10, 6), 7.385);
  EXPECT_EQ(original.At(1, 2), 5.866);
  const SeverityTable updated(Severity::kMsss2017);
  EXPECT_EQ(updated.At(5, 3), 6.35);
  EXPECT_EQ(updated.At(10, 6), 7.83);
  const SeverityTable by_age(Severity::kArmss2017);
  EXPECT_EQ(by_age.At(35, 3), 6.63);
  EXPECT_EQ(by_age.At(50, 6), 7.33);
  EXPECT_EQ(by_age.At(25, 1), 3.24);
}

TEST(Severity, FindsARowByTheYearWrittenInIt) {
  // The updated table begins with year 1: its first row is not that of year 0.
  EXPECT_EQ(SeverityTable(Severity::kMsss2005).first_year(), 0);
  EXPECT_EQ(SeverityTable(Severity::kMsss2017).first_year(), 1);
  EXPECT_EQ(SeverityTable(Severity::kMsss2017).At(0.9, 3), std::nullopt);
  EXPECT_EQ(SeverityTable(Severity::kMsss2017).At(1, 0), 0.91);
}

TEST(Severity, RoundsYearsDownAndEndsWithTheTable) {
  const SeverityTable table(Severity::kArmss2017);
  EXPECT_EQ(table.At(35.99, 3), table.At(35, 3));
  EXPECT_EQ(table.last_year(), 75);
  EXPECT_TRUE(table.At(75.5, 9.5));
  EXPECT_FALSE(table.At(76, 3));
  EXPECT_FALSE(table.At(17.9, 3));
}

TEST(Severity, HasNoColumnForWhatIsNoStep) {
  const SeverityTable table(Severity::kMsss2005);
  EXPECT_TRUE(table.At(5, 0));
  EXPECT_TRUE(table.At(5, 9.5));
  for (const double edss : {0.5, 3.2, 10.0, -1.0}) EXPECT_FALSE(table.At(5, edss)) << edss;
}

}  // namespace
}  // namespace clinnova::decision
