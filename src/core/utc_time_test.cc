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

}  // namespace
}  // namespace clinnova::core
