// SPDX-License-Identifier: Apache-2.0
#include "table/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>

namespace clinnova::table {
namespace {

TEST(NumberText, ReadsWhatRReadsAsANumber) {
  const struct {
    const char* text;
    double value;
  } cases[] = {{"1", 1},
               {"-2.5", -2.5},
               {"+3", 3},
               {".5", 0.5},
               {"-.5", -0.5},
               {"5.", 5},
               {"1e5", 1e5},
               {"1E5", 1e5},
               {"1e-12", 1e-12},
               {"1e+3", 1000},
               {" 7 ", 7},
               {"\t8", 8},
               {"007", 7},
               {"0", 0},
               {"1e-400", 0},
               {"4.9e-324", 5e-324},
               {"0.1", 0.1},
               {"9007199254740993", 9007199254740992.0},
               {"2.2250738585072011e-308", 2.2250738585072011e-308}};
  for (const auto& c : cases) {
    const auto value = ParseNumber(c.text);
    ASSERT_TRUE(value) << c.text;
    EXPECT_EQ(*value, c.value) << c.text;
  }
}

TEST(NumberText, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"",  " ", "a",     "1a", "0x1F", "1,5",   "1 2",   "--1",  "+-1",   "1e",   "e5",  ".",
        "-", "+", "1e5.5", "NA", "nan",  "1_000", "1'000", "5 mg", "1.2.3", "inf1", "1d5", "INF"}) {
    EXPECT_FALSE(ParseNumber(text)) << text;
  }
}

TEST(NumberText, KnowsNotANumberAndInfinities) {
  EXPECT_TRUE(std::isnan(ParseNumber("NaN").value()));
  EXPECT_EQ(ParseNumber("Inf").value(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParseNumber("-inf").value(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParseNumber("1e400").value(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParseNumber("-1e400").value(), -std::numeric_limits<double>::infinity());
}

TEST(NumberText, ReadsSeventeenDigitsBackExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    static_assert(sizeof bits == sizeof value);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    ASSERT_EQ(ParseNumber(text).value(), value) << text;
  }
}

TEST(NumberText, WritesNumbersAsRDoes) {
  // as.character() of R 4.2.
  const struct {
    double value;
    const char* text;
  } cases[] = {{0, "0"},
               {-0.0, "0"},
               {1, "1"},
               {-1, "-1"},
               {0.1, "0.1"},
               {0.1 + 0.2, "0.3"},
               {100000, "1e+05"},
               {123456, "123456"},
               {10000, "10000"},
               {-100000, "-1e+05"},
               {1e15, "1e+15"},
               {0.0001, "1e-04"},
               {0.001, "0.001"},
               {0.00012, "0.00012"},
               {1234567.125, "1234567.125"},
               {1.0 / 3, "0.333333333333333"},
               {2.0 / 3, "0.666666666666667"},
               {1e-300, "1e-300"},
               {1.5e10, "1.5e+10"},
               {123456789012.0, "123456789012"},
               {120000, "120000"},
               {3e5, "3e+05"},
               {2.5, "2.5"},
               {1e100, "1e+100"},
               {0.00001234, "1.234e-05"}};
  for (const auto& c : cases) EXPECT_EQ(NumberText(c.value), c.text);
  EXPECT_EQ(NumberText(std::nan("")), "NaN");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::infinity()), "-Inf");
}

}  // namespace
}  // namespace clinnova::table
