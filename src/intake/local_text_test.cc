// SPDX-License-Identifier: Apache-2.0
#include "intake/local_text.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

const NumberFormat kFrench{.decimal = ',', .thousands = " "};
const NumberFormat kSwiss{.decimal = '.', .thousands = "'"};
const NumberFormat kGerman{.decimal = ',', .thousands = "."};

TEST(LocalText, ReadsNumbersAsTheCountriesWriteThem) {
  struct Case {
    const char* text;
    NumberFormat format;
    double number;
    const char* comparator;
    const char* rest;
  };
  const Case cases[] = {{"12.4", kSwiss, 12.4, "", ""},
                        {"1'240.5", kSwiss, 1240.5, "", ""},
                        {"1’240", kSwiss, 1240, "", ""},
                        {"12,4", kFrench, 12.4, "", ""},
                        {"< 0,6", kFrench, 0.6, "<", ""},
                        {"<0,6 mg/L", kFrench, 0.6, "<", "mg/L"},
                        {"≤ 1 200", kFrench, 1200, "<=", ""},
                        {">=5", kFrench, 5, ">=", ""},
                        {"> 1\xC2\xA0"
                         "800",
                         kFrench, 1800, ">", ""},
                        {"1.240,5", kGerman, 1240.5, "", ""},
                        {" -3,25 ", kGerman, -3.25, "", ""},
                        {"+7", kGerman, 7, "", ""},
                        {"0.1", kSwiss, 0.1, "", ""},
                        {"12 mg/L", kFrench, 12, "", "mg/L"}};
  for (const Case& c : cases) {
    const auto parsed = ParseNumber(c.text, c.format);
    ASSERT_TRUE(parsed.has_value()) << c.text;
    EXPECT_EQ(parsed->number, c.number) << c.text;
    EXPECT_EQ(parsed->comparator, c.comparator) << c.text;
    EXPECT_EQ(parsed->rest, c.rest) << c.text;
  }
}

TEST(LocalText, RefusesWhatIsNoNumberInItsFormat) {
  for (const char* text :
       {"", "n.n.", "12,4", "1'24", "1'2400", "'240", "12.4.1", ".5", "5.", "<", "1,240"}) {
    EXPECT_FALSE(ParseNumber(text, kSwiss).has_value()) << text;
  }
  for (const char* text : {"0.6", "1,2,3", "12,"}) {
    EXPECT_FALSE(ParseNumber(text, kFrench).has_value()) << text;
  }
}

TEST(LocalText, ReadsDatesByTheirPattern) {
  struct Case {
    const char* pattern;
    const char* text;
    int year, month, day;
    SourceTime::Precision precision;
  };
  using P = SourceTime::Precision;
  const Case cases[] = {{"dd/mm/yyyy", "31/12/2023", 2023, 12, 31, P::kDay},
                        {"dd/mm/yyyy", "1/2/2024", 2024, 2, 1, P::kDay},
                        {"yyyymmdd", "20240229", 2024, 2, 29, P::kDay},
                        {"dd.mm.yyyy", "05.11.1961", 1961, 11, 5, P::kDay},
                        {"mm/yyyy", "07/2021", 2021, 7, 1, P::kMonth},
                        {"yyyy", "1950", 1950, 1, 1, P::kYear},
                        {"ddmmyyyy", "24121980", 1980, 12, 24, P::kDay}};
  for (const Case& c : cases) {
    const auto pattern = DatePattern::Parse(c.pattern);
    ASSERT_TRUE(pattern.has_value()) << c.pattern;
    const auto time = pattern->Read(c.text);
    ASSERT_TRUE(time.has_value()) << c.text;
    EXPECT_EQ(time->year, c.year);
    EXPECT_EQ(time->month, c.month);
    EXPECT_EQ(time->day, c.day);
    EXPECT_EQ(time->precision, c.precision);
  }
  const auto with_time = DatePattern::Parse("yyyy-mm-ddTHH:MM:SS");
  ASSERT_TRUE(with_time.has_value());
  const auto time = with_time->Read("2024-03-05T08:09:10");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(time->minute, 9);
  EXPECT_EQ(time->precision, P::kSecond);
}

TEST(LocalText, InventsNoDate) {
  const auto day = DatePattern::Parse("dd/mm/yyyy");
  ASSERT_TRUE(day.has_value());
  for (const char* text : {"30/02/2023", "29/02/2023", "13/13/2023", "00/01/2023", "01/01/23",
                           "01/01/20233", "01-01-2023", "", "x", "31/04/2024"}) {
    EXPECT_FALSE(day->Read(text).has_value()) << text;
  }
  const auto compact = DatePattern::Parse("yyyymmdd");
  ASSERT_TRUE(compact.has_value());
  EXPECT_FALSE(compact->Read("2024121").has_value());
}

TEST(LocalText, RefusesPatternsThatLeaveAGap) {
  for (const char* pattern :
       {"", "dd/mm", "dd.yyyy", "dd/mm/yy", "yyyy-mm-dd HH", "dd/dd/yyyy", "jj/mm/aaaa"}) {
    EXPECT_FALSE(DatePattern::Parse(pattern).has_value()) << pattern;
  }
}

TEST(LocalText, TrimsEveryKindOfBlank) {
  EXPECT_EQ(TrimText(" \t\xC2\xA0 12 \xE2\x80\xAF"), "12");
  EXPECT_EQ(TrimText("\xC2\xA0"), "");
}

}  // namespace
}  // namespace clinnova::intake
