// SPDX-License-Identifier: Apache-2.0
// The Unified Code for Units of Measure (https://ucum.org/ucum), case-sensitive: every unit of its tables,
// prefixes, exponents, annotations, and the units on scales of their own (degrees, pH, bel, neper, …).
//
//   const Ucum ucum;
//   auto mg_per_dl = ucum.Parse("mg/dL");                        // a Result: kInvalidInput says where
//   auto mmol_per_l = ucum.Parse("mmol/L");
//   Convert(UcumNumber(90), *mg_per_dl, *ucum.Parse("g/L"));     // 0.9, to 50 digits
//   Convert(UcumNumber(90), *mg_per_dl, *mmol_per_l);            // an error: mass is not amount
//   ConvertSubstance(UcumNumber(90), *mg_per_dl, *mmol_per_l, *MolarMass("glucose"));   // 4.9957…
//
// Numbers are decimal with 50 digits, so that a result rounded to 17 digits is the exact one.
#pragma once

#include <array>
#include <boost/multiprecision/cpp_dec_float.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::vocabulary {

using UcumNumber = boost::multiprecision::cpp_dec_float_50;

/// What a unit measures: the exponents of UCUM's base units, and of the arbitrary units, which are
/// commensurable with nothing but themselves. The mole is a number in UCUM and does not show here.
struct UcumDimension {
  std::array<int, 7> base{};  ///< m, s, g, rad, K, C, cd
  std::map<std::string, int, std::less<>> arbitrary;
  bool operator==(const UcumDimension&) const = default;
};

/// Scales whose zero or whose steps are not those of a ratio.
enum class UcumScale {
  kRatio,
  kCelsius,
  kFahrenheit,
  kReaumur,
  kTangent,        ///< 100 tan
  kLog10,          ///< bel
  kTwiceLog10,     ///< bel of a field quantity
  kNaturalLog,     ///< neper
  kLog2,           ///< bit
  kMinusLog10,     ///< pH, homeopathic X
  kMinusLog100,    ///< homeopathic C
  kMinusLog1000,   ///< homeopathic M
  kMinusLog50000,  ///< homeopathic Q
  kSquareRoot,
};

/// A parsed unit: r of it are scale^-1(r * step) * factor base units; on the ratio scale step is 1.
struct UcumUnit {
  UcumDimension dimension;
  UcumNumber factor = 1;
  UcumScale scale = UcumScale::kRatio;
  UcumNumber step = 1;
  int moles = 0;  ///< the exponent of mol, for conversion by a molar mass
};

/// The tables. Immutable after construction; any thread may use it.
class Ucum {
 public:
  Ucum();

  /// kInvalidInput naming what was found, at which character, and what was expected.
  Result<UcumUnit> Parse(std::string_view unit) const;

  struct Atom {
    bool metric = false;  ///< takes prefixes
    UcumUnit unit;
  };
  /// A symbol of the tables, and the value of a prefix; null when there is none. For the parser.
  const Atom* FindAtom(std::string_view symbol) const;
  const std::map<std::string, UcumNumber, std::less<>>& prefixes() const { return prefixes_; }

 private:
  std::map<std::string, Atom, std::less<>> atoms_;
  std::map<std::string, UcumNumber, std::less<>> prefixes_;
};

/// `value` of unit `from` in unit `to`; kInvalidInput when they measure different things, or when the
/// scale has no such value (the pH of a negative concentration).
Result<UcumNumber> Convert(const UcumNumber& value, const UcumUnit& from, const UcumUnit& to);

/// As Convert, and between amount and mass of a substance of `molar_mass` g/mol where just one of the two
/// units has the mole.
Result<UcumNumber> ConvertSubstance(const UcumNumber& value, const UcumUnit& from,
                                    const UcumUnit& to, const UcumNumber& molar_mass);

/// g/mol of a substance, by its English name or a synonym, whatever the case (data/molar_masses.tsv);
/// nothing when it is not known.
std::optional<UcumNumber> MolarMass(std::string_view substance);

/// The substances that MolarMass knows, by their first names, sorted.
std::vector<std::string_view> Substances();

/// A decimal number with optional sign, fraction and exponent; nothing for other text.
std::optional<UcumNumber> ParseUcumNumber(std::string_view text);

/// The nearest double.
double ToDouble(const UcumNumber& number);

}  // namespace clinnova::vocabulary
