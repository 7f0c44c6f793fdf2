// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/units.h"

#include <gtest/gtest.h>

namespace clinnova::vocabulary {
namespace {

struct Spelling {
  const char* spelling;
  const char* ucum;
};

TEST(Units, KnowsTheSpellingsOfFourCountries) {
  const UnitTable units;
  for (const auto& [spelling, ucum] : std::initializer_list<Spelling>{{"mg/l", "mg/L"},
                                                                      {"mg/dl", "mg/dL"},
                                                                      {"mg / dL", "mg/dL"},
                                                                      {"Tsd/µl", "10*3/uL"},
                                                                      {"/nl", "/nL"},
                                                                      {"G/L", "10*9/L"},
                                                                      {"10^9/L", "10*9/L"},
                                                                      {"10³/µL", "10*3/uL"},
                                                                      {"mm/1h", "mm/h"},
                                                                      {"mm n.W.", "mm/h"},
                                                                      {"µmol/l", "umol/L"},
                                                                      {"g/100 mL", "g/dL"},
                                                                      {"UI/L", "U/L"},
                                                                      {"IE/ml", "[IU]/mL"}}) {
    const Unit* unit = units.Find(spelling);
    ASSERT_NE(unit, nullptr) << spelling;
    EXPECT_EQ(unit->ucum, ucum) << spelling;
  }
  EXPECT_EQ(units.Find("mg/d1"), nullptr);
  EXPECT_EQ(units.Find(""), nullptr);
  // In UCUM "M" is not "m", and "Mg/L" would be a million times more than "mg/L".
  EXPECT_EQ(units.Find("Mg/L"), nullptr);
}

TEST(Units, ConvertsPowersOfTenExactly) {
  const UnitTable units;
  const auto convert = [&](double value, const char* from, const char* to) {
    return units.Convert(value, *units.Find(from), *units.Find(to));
  };
  EXPECT_EQ(convert(1.2, "mg/dL", "mg/L"), 12.0);
  EXPECT_EQ(convert(138, "g/L", "g/dL"), 13.8);
  EXPECT_EQ(convert(0.4, "L/L", "%"), 40.0);
  EXPECT_EQ(convert(7300, "/mm3", "10*9/L"), 7.3);
  EXPECT_EQ(convert(7.3, "/nL", "10*9/L"), 7.3);
  EXPECT_EQ(convert(1, "ukat/L", "U/L"), 60.0);
  EXPECT_EQ(convert(2, "h", "min"), 120.0);
  EXPECT_FALSE(convert(1, "mg/dL", "mmol/L").has_value());
  EXPECT_FALSE(convert(1, "U/mL", "[IU]/mL").has_value());
}

}  // namespace
}  // namespace clinnova::vocabulary
