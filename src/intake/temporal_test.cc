// SPDX-License-Identifier: Apache-2.0
#include "intake/temporal.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

using Kind = Temporal::Kind;

Temporal Of(std::string_view text, Kind kind = Kind::kDateTime) {
  const auto value = Temporal::Parse(text, kind);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(Temporal{});
}

TEST(Temporal, KeepsWhatWasWritten) {
  for (const char* text : {"2015", "2015-02", "2015-02-04", "2015-02-04T14", "2015-02-04T14:34",
                           "2015-02-04T14:34:28", "2015-02-04T14:34:28.120", "2015-02-04T14:34:28Z",
                           "2015-02-04T14:34:28.1+10:00", "2015-02-04T14:34-05:30"}) {
    EXPECT_EQ(Of(text).Text(), text);
  }
  EXPECT_EQ(Of("2015T").Text(), "2015");
  EXPECT_EQ(Of("14:34:28.123", Kind::kTime).Text(), "14:34:28.123");
}

TEST(Temporal, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "15", "2015-13", "2015-02-29", "2015-2-4", "2015-02-04T24", "2015-02-04T14:60",
        "2015-02T14", "2015-02-04T14:34:28.", "2015-02-04T14:34:28+25:00", "0000", "2015-02-04 "}) {
    EXPECT_FALSE(Temporal::Parse(text, Kind::kDateTime).has_value()) << text;
  }
  EXPECT_FALSE(Temporal::Parse("2015-02-04T14", Kind::kDate).has_value());
  EXPECT_FALSE(Temporal::Parse("14:34Z", Kind::kTime).has_value());
}

TEST(Temporal, ComparesAcrossZonesAndMidnights) {
  EXPECT_EQ(Compare(Of("2015-01-01T00:30:00+02:00"), Of("2014-12-31T22:30:00Z")), 0);
  EXPECT_EQ(Compare(Of("2015-01-01T00:30:00+02:00"), Of("2014-12-31T22:31:00Z")), -1);
  EXPECT_EQ(Compare(Of("2015-01-01T12:00:00Z"), Of("2015-01-01T12:00:00")), std::nullopt);
  EXPECT_EQ(Compare(Of("2015-01-03T12:00:00Z"), Of("2015-01-01T12:00:00")), 1);
  EXPECT_EQ(Compare(Of("2015-01-01T12:00:00"), Of("2015-01-03T12:00:00Z")), -1);
  EXPECT_EQ(Compare(Of("2015"), Of("2015-06")), std::nullopt);
  EXPECT_EQ(Compare(Of("2014"), Of("2015-06")), -1);
}

TEST(Temporal, AddsInTheUnitsThatItKnows) {
  EXPECT_EQ(Add(Of("2014"), 23, CalendarUnit::kMonth)->Text(), "2015");
  EXPECT_EQ(Add(Of("2014-01"), 59, CalendarUnit::kDay)->Text(), "2014-02");
  EXPECT_EQ(Add(Of("2014-03-31"), -1, CalendarUnit::kMonth)->Text(), "2014-02-28");
  EXPECT_EQ(Add(Of("2014-03-01"), -25, CalendarUnit::kHour)->Text(), "2014-02-28");
  EXPECT_EQ(Add(Of("2014-03-01T00:00:00Z"), -1, CalendarUnit::kSecond)->Text(),
            "2014-02-28T23:59:59Z");
  EXPECT_EQ(Add(Of("00:10", Kind::kTime), -20, CalendarUnit::kMinute)->Text(), "23:50");
  EXPECT_FALSE(Add(Of("0001-01-01"), -1, CalendarUnit::kDay).has_value());
  EXPECT_FALSE(Add(Of("2014"), INT64_MAX, CalendarUnit::kYear).has_value());
  EXPECT_FALSE(Add(Of("2014-01-01"), INT64_MAX, CalendarUnit::kWeek).has_value());
}

}  // namespace
}  // namespace clinnova::intake
