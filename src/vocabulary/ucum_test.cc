// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/ucum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "vocabulary/tab_separated.h"
#include "vocabulary/units.h"

namespace clinnova::embedded {
extern const std::string_view units;
}  // namespace clinnova::embedded

namespace clinnova::vocabulary {
namespace {

const Ucum& Tables() {
  static const Ucum ucum;
  return ucum;
}

/// NaN when it does not convert.
double Converted(const char* value, const char* from, const char* to,
                 const char* substance = nullptr) {
  const auto source = Tables().Parse(from);
  const auto target = Tables().Parse(to);
  EXPECT_TRUE(source.has_value()) << from;
  EXPECT_TRUE(target.has_value()) << to;
  if (!source || !target) return std::nan("");
  const UcumNumber number = *ParseUcumNumber(value);
  const auto converted =
      substance ? ConvertSubstance(number, *source, *target, MolarMass(substance).value())
                : Convert(number, *source, *target);
  return converted ? ToDouble(*converted) : std::nan("");
}

TEST(Ucum, TakesWhatTheGrammarTakes) {
  for (const char* unit :
       {"m",         "/m",          "10*3/uL",        "10*-3/uL",      "10*+3/ul",
        "10^9/L",    "m[H2O]",      "rad2",           "m3.kg-1.s-2",   "4.[pi].10*-7.N/A2",
        "rad2{a}",   "{a}.rad2{b}", "1{c}",           "{e}",           "%",
        "dB[10.nV]", "[in_i'Hg]",   "dyn.s/(cm5.m2)", "mmol/(8.h.kg)", "mL/{hb}.m2",
        "/{tot}",    "g.m/{hb}",    "u[IU]/mL",       "%[slope]",      "[m/s2/Hz^(1/2)]",
        "KiBy",      "mg%",         "mCel",           "2.Cel",         "1.5",
        "(m){a}",    "''"}) {
    EXPECT_TRUE(Tables().Parse(unit).has_value()) << unit;
  }
}

TEST(Ucum, RefusesWhatItDoesNotAndSaysWhere) {
  for (const char* unit :
       {"",       "m/",       "10+3/ul",      "rad2{錠}", "{a}rad2{b}", "{|}1", "iU",
        "g/12h",  "molv",     "mmol/kg[H20]", "[iIU]",    "ug(8.h)",    "m//s", ".m",
        "m{a}2",  "mg{a}{b}", "(m/s)2",       "(/m)",     "Cel/m",      "Cel2", "m{red cells}",
        "mg/dL ", "(m",       "m)",           "m{a",      "m[H2O",      "mcg",  "IU/L",
        "kg/m^2", "kcm",      "m10000",       "m-"}) {
    const auto parsed = Tables().Parse(unit);
    ASSERT_FALSE(parsed.has_value()) << unit;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(parsed.error().message.find(std::string("unit \"") + unit + "\""), std::string::npos);
  }
  EXPECT_EQ(Tables().Parse("mmol/kg[H20]").error().message,
            "unit \"mmol/kg[H20]\": found \"kg[H20]\" at character 6, expected a UCUM unit");
  EXPECT_FALSE(Tables().Parse(std::string(100, '(') + "m" + std::string(100, ')')).has_value());
}

TEST(Ucum, ConvertsExactly) {
  EXPECT_EQ(Converted("1", "%199.dB", "%199.dB"), 1);  // a step of 1e-399 on a logarithmic scale
  EXPECT_EQ(Converted("25", "dB", "B"), 2.5);
  EXPECT_EQ(Converted("6.3", "mm", "m"), 0.0063);
  EXPECT_EQ(Converted("6.3", "s.mm-2", "s.m-2"), 6300000);
  EXPECT_EQ(Converted("6.3", "s/m.mg", "s.m-1.g"), 0.0063);
  EXPECT_EQ(Converted("6.3", "s/4/m", "s/m"), 1.575);
  EXPECT_EQ(Converted("1", "[in_i]", "cm"), 2.54);
  EXPECT_EQ(Converted("1", "4.[pi].10*-7.N", "N"), 1.2566370614359173e-6);
  EXPECT_EQ(Converted("1", "m[Hg]", "g.s-2.m-1"), 133322000);
  EXPECT_EQ(Converted("1", "S", "g-1.m-2.C2.s"), 0.001);
  EXPECT_EQ(Converted("1", "[ly]", "cm"), 946073047258080000);
  EXPECT_EQ(Converted("1.2", "mg/dL", "mg/L"), 12);
  EXPECT_EQ(Converted("1", "wk", "d"), 7);
  EXPECT_EQ(Converted("1", "U/L", "nkat/L"), 16.666666666666668);
  EXPECT_EQ(Converted("3937", "[ft_us]", "m"), 1200);
}

TEST(Ucum, ConvertsScalesOfTheirOwn) {
  EXPECT_EQ(Converted("37", "Cel", "[degF]"), 98.6);
  EXPECT_EQ(Converted("-40", "[degF]", "Cel"), -40);
  EXPECT_EQ(Converted("80", "[degRe]", "Cel"), 100);
  EXPECT_EQ(Converted("1000", "mCel", "K"), 274.15);
  EXPECT_EQ(Converted("7.4", "[pH]", "nmol/L"), 39.81071705534973);
  EXPECT_EQ(Converted("1", "umol/L", "[pH]"), 6);
  EXPECT_EQ(Converted("60", "dB[SPL]", "Pa"), 0.02);
  EXPECT_EQ(Converted("30", "dB[V]", "mV"), 31622.776601683792);
  EXPECT_EQ(Converted("3", "B[W]", "kW"), 1);
  EXPECT_EQ(Converted("1", "Np", "1"), 2.718281828459045);
  EXPECT_EQ(Converted("1", "Np", "dB"), 4.342944819032518);
  EXPECT_EQ(Converted("100", "[p'diop]", "deg"), 45);
  EXPECT_EQ(Converted("45", "deg", "%[slope]"), 100);
  EXPECT_EQ(Converted("3", "[hp'_C]", "[hp'_X]"), 6);
  EXPECT_EQ(Converted("8", "bit_s", "1"), 256);
  EXPECT_TRUE(std::isnan(Converted("-1", "mol/L", "[pH]")));
  EXPECT_TRUE(std::isnan(Converted("0", "1", "dB")));
}

TEST(Ucum, KeepsArbitraryUnitsApart) {
  EXPECT_EQ(Converted("2", "k[IU]/L", "[iU]/mL"), 2);
  EXPECT_TRUE(std::isnan(Converted("1", "[IU]", "1")));
  EXPECT_TRUE(std::isnan(Converted("1", "[IU]", "[arb'U]")));
  EXPECT_TRUE(std::isnan(Converted("1", "U", "[IU]")));
  EXPECT_EQ(Converted("1", "[IU]/[IU]", "1"), 1);
}

TEST(Ucum, ConvertsBetweenMassAndAmountOfASubstanceOnly) {
  EXPECT_TRUE(std::isnan(Converted("90", "mg/dL", "mmol/L")));
  EXPECT_NEAR(Converted("90", "mg/dL", "mmol/L", "glucose"), 4.9957, 1e-4);
  EXPECT_NEAR(Converted("1", "mg/dL", "umol/L", "Creatinine"), 88.4, 0.01);
  EXPECT_NEAR(Converted("5.2", "mmol/L", "mg/dL", "cholesterol"), 201.07, 0.01);
  EXPECT_NEAR(Converted("8.7", "mmol/L", "g/dL", "hemoglobin"), 14.02, 0.001);
  EXPECT_NEAR(Converted("1", "mg/dL", "umol/L", "bilirubin"), 17.1, 0.01);
  EXPECT_EQ(Converted("1", "g/L", "mg/dL", "glucose"), 100);
  EXPECT_TRUE(std::isnan(Converted("1", "m", "kg", "glucose")));
  EXPECT_TRUE(std::isnan(Converted("1", "meq/L", "mg/L", "calcium")));
  EXPECT_FALSE(MolarMass("phlogiston").has_value());
  EXPECT_GT(Substances().size(), 50u);
}

/// Every unit of data/units.tsv is UCUM's, and converts within its dimension as UCUM says.
TEST(Ucum, AgreesWithTheUnitTable) {
  const UnitTable units;
  std::map<std::string_view, std::string> first_of_dimension;
  ForEachRow(embedded::units, [&](const auto& fields) {
    const std::string code(fields[0]);
    const std::string& other = first_of_dimension.emplace(fields[2], code).first->second;
    const auto factor = units.Convert(1.0, *units.Find(code), *units.Find(other));
    ASSERT_TRUE(factor.has_value()) << code;
    EXPECT_DOUBLE_EQ(Converted("1", code.c_str(), other.c_str()), *factor) << code;
  });
  EXPECT_GT(first_of_dimension.size(), 5u);
}

TEST(Ucum, ReadsDecimalNumbersOnly) {
  for (const char* text : {"1", "-1.5", "+2", "1e3", "1.5E-7", ".5"}) {
    EXPECT_TRUE(ParseUcumNumber(text).has_value()) << text;
  }
  for (const char* text : {"", "-", "1.", "1,5", "1e", "e3", "0x1", "nan", "1 ", "1e999999"}) {
    EXPECT_FALSE(ParseUcumNumber(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace clinnova::vocabulary
