// SPDX-License-Identifier: Apache-2.0
#include "intake/decimal.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

Decimal Of(std::string_view text) { return Decimal::Parse(text).value(); }

TEST(Decimal, KeepsItsDigits) {
  for (const char* text : {"0", "1.50", "-0.0010", "1234567890987654321.0", "100"}) {
    EXPECT_EQ(Of(text).Text(), text);
  }
  EXPECT_EQ(Of("1.5e3").Text(), "1500");
  EXPECT_EQ(Of("1.50e-2").Text(), "0.0150");
  EXPECT_EQ(Of("-0.0").Text(), "0.0");
  EXPECT_FALSE(Decimal::Parse("1.").has_value());
}

TEST(Decimal, CalculatesInDecimals) {
  EXPECT_EQ((Of("0.1") + Of("0.2")).Text(), "0.3");
  EXPECT_EQ((Of("1.20") * Of("1.8")).Text(), "2.160");
  EXPECT_EQ(Decimal::Divide(Of("1"), Of("3"))->Text(), "0.3333333333333333333333333333");
  EXPECT_EQ(Decimal::Divide(Of("4"), Of("2"))->Text(), "2");
  EXPECT_FALSE(Decimal::Divide(Of("1"), Of("0.0")).has_value());
  EXPECT_TRUE(Of("1.10") == Of("1.1"));
}

TEST(Decimal, RoundsHalvesAwayFromZero) {
  EXPECT_EQ(Of("2.5").Round(0).Text(), "3");
  EXPECT_EQ(Of("-2.5").Round(0).Text(), "-3");
  EXPECT_EQ(Of("1.005").Round(2).Text(), "1.01");
  EXPECT_EQ(Of("-1.001").Floor(2).Text(), "-1.01");
  EXPECT_EQ(Of("1.001").Ceiling(2).Text(), "1.01");
  EXPECT_EQ(Of("9223372036854775808").ToInteger(), std::nullopt);
}

}  // namespace
}  // namespace clinnova::intake
