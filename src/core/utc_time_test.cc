// SPDX-License-Identifier: Apache-2.0
#include "core/utc_time.h"

#include <gtest/gtest.h>

namespace clinnova::core {
namespace {

TEST(UtcTime, IsIsoAndCutsOffWhatIsLess) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(1709211905042)};
  EXPECT_EQ(UtcSeconds(time), "2024-02-29T13:05:05Z");
  EXPECT_EQ(UtcMilliseconds(time), "2024-02-29T13:05:05.042Z");
  EXPECT_EQ(UtcMilliseconds(time + std::chrono::microseconds(999)), "2024-02-29T13:05:05.042Z");
  EXPECT_EQ(UtcMilliseconds(std::chrono::system_clock::time_point{} - std::chrono::milliseconds(1)),
            "1969-12-31T23:59:59.999Z");
}

TEST(UtcTime, KnowsDaysOfTheCalendar) {
  for (const char* day : {"2027-03-31", "2028-02-29", "1999-12-01"}) EXPECT_TRUE(IsDay(day));
  for (const char* none :
       {"", "2027-3-31", "2027- 3-31", "2027-04-31", "2100-02-29", "2027-03-31T00:00:00Z",
        "2027/03/31", "20a7-03-31", "2027-00-10", "2027-13-01", "-027-01-01"}) {
    EXPECT_FALSE(IsDay(none)) << none;
  }
}

}  // namespace
}  // namespace clinnova::core
