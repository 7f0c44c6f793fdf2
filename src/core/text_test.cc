// SPDX-License-Identifier: Apache-2.0
#include "core/text.h"

#include <gtest/gtest.h>

namespace clinnova::core {
namespace {

TEST(TextTest, LowersLettersOfAsciiOnly) {
  EXPECT_EQ(AsciiLower("ATC-L04AB02 [Ä]"), "atc-l04ab02 [Ä]");
}

TEST(TextTest, QuotesFieldsThatNeedIt) {
  EXPECT_EQ(CsvField("CRP"), "CRP");
  EXPECT_EQ(CsvField(""), "");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("5\" x\r\n"), "\"5\"\" x\r\n\"");
}

TEST(TextTest, WritesSignificantDigits) {
  EXPECT_EQ(Significant(1234.5678, 4), "1235");
  EXPECT_EQ(Significant(0.1, 17), "0.10000000000000001");
  EXPECT_EQ(Significant(2.50, 3), "2.5");
  EXPECT_EQ(Significant(-1.2345678901234568e-300, 17), "-1.2345678901234568e-300");
}

}  // namespace
}  // namespace clinnova::core
