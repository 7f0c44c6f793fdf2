// SPDX-License-Identifier: Apache-2.0
#include "intake/letter_case.h"

#include <gtest/gtest.h>

#include <utility>

namespace clinnova::intake {
namespace {

TEST(LetterCase, ChangesTheLettersOfEuropeBothWays) {
  constexpr std::pair<const char*, const char*> kPairs[] = {
      {"az09_", "AZ09_"}, {"àéüñøœÿ", "ÀÉÜÑØŒŸ"}, {"žćčđšł", "ŽĆČĐŠŁ"},
      {"őűțșğ", "ŐŰȚȘĞ"}, {"αβγάέώϊ", "ΑΒΓΆΈΏΪ"}, {"привіт ђѓ", "ПРИВІТ ЂЃ"},
      {"աբգ", "ԱԲԳ"},     {"ạḃẃỹ", "ẠḂẂỸ"},       {"ǆ", "Ǆ"}};
  for (const auto& [lower, upper] : kPairs) {
    EXPECT_EQ(LowerCase(upper), lower);
    EXPECT_EQ(UpperCase(lower), upper);
    EXPECT_EQ(LowerCase(lower), lower);
    EXPECT_EQ(UpperCase(upper), upper);
  }
}

TEST(LetterCase, KnowsLettersWithoutAnInverse) {
  EXPECT_EQ(UpperCase("straße µ ſ ς ı"), "STRASSE Μ S Σ I");
  EXPECT_EQ(LowerCase("İSTANBUL ẞ"), "i\u0307stanbul ß");
}

TEST(LetterCase, LeavesOtherCharacters) {
  for (const char* text : {"×÷", "漢字", "🔥", "\xC3", "\xFF\xFE", "\x80", "ªº", "\xE1\xBA"}) {
    EXPECT_EQ(LowerCase(text), text);
    EXPECT_EQ(UpperCase(text), text);
  }
}

}  // namespace
}  // namespace clinnova::intake
