// SPDX-License-Identifier: Apache-2.0
#include "intake/iso_time.h"

#include <gtest/gtest.h>

#include "core/utc_time.h"

namespace clinnova::intake {
namespace {

TEST(IsoTime, KeepsThePrecisionThatIsWritten) {
  EXPECT_EQ(ParseIsoTime("2024")->precision, SourceTime::Precision::kYear);
  EXPECT_EQ(ParseIsoTime("2024-02")->precision, SourceTime::Precision::kMonth);
  EXPECT_EQ(ParseIsoTime("2024-02-29")->precision, SourceTime::Precision::kDay);
  EXPECT_EQ(ParseIsoTime("2024-02-29T24:00:00Z").has_value(), false);
  EXPECT_EQ(ParseIsoTime("2024-02-29T23:59+02:00")->minute, 59);
  for (const char* bad : {"", "24", "2024-2", "2024-02-30", "2024-02-29 10:00", "2024-02-29T10",
                          "2024-13", "-024-01-01", "2024-02-29T10:00:00+0200"}) {
    EXPECT_FALSE(ParseIsoTime(bad).has_value()) << bad;
  }
  EXPECT_EQ(ParseIsoTime("2024-02-29+01:00")->precision, SourceTime::Precision::kDay);
  EXPECT_EQ(ParseIsoTime("2024-03-05T08:09:10.651+02:00")->second, 10);
}

TEST(IsoTime, WritesADayAsItReadsIt) {
  using namespace std::chrono_literals;
  EXPECT_EQ(IsoDate(std::chrono::sys_days(2024y / 2 / 29)), "2024-02-29");
  EXPECT_EQ(IsoDate(std::chrono::sys_days(1900y / 1 / 1)), "1900-01-01");
  EXPECT_EQ(ParseIsoTime(core::Today())->precision, SourceTime::Precision::kDay);
}

}  // namespace
}  // namespace clinnova::intake
