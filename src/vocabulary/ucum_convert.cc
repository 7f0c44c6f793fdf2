// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/check.h"
#include "vocabulary/tab_separated.h"
#include "vocabulary/ucum.h"

namespace clinnova::embedded {
extern const std::string_view molar_masses;
}  // namespace clinnova::embedded

namespace clinnova::vocabulary {
namespace {

namespace mp = boost::multiprecision;

constexpr std::size_t kGram = 2;  ///< in UcumDimension::base

const UcumNumber& IceInKelvin() {
  static const UcumNumber kIce("273.15");
  return kIce;
}

/// The ratio that the value `x` of a scale stands for.
UcumNumber FromScale(UcumScale scale, const UcumNumber& x) {
  static const UcumNumber kFahrenheitZero("459.67");
  switch (scale) {
    case UcumScale::kRatio: return x;
    case UcumScale::kCelsius: return x + IceInKelvin();
    case UcumScale::kFahrenheit: return (x + kFahrenheitZero) * 5 / 9;
    case UcumScale::kReaumur: return x * 5 / 4 + IceInKelvin();
    case UcumScale::kTangent: return mp::atan(UcumNumber(x / 100));
    case UcumScale::kLog10: return mp::pow(UcumNumber(10), x);
    case UcumScale::kTwiceLog10: return mp::pow(UcumNumber(10), UcumNumber(x / 2));
    case UcumScale::kNaturalLog: return mp::exp(x);
    case UcumScale::kLog2: return mp::pow(UcumNumber(2), x);
    case UcumScale::kMinusLog10: return mp::pow(UcumNumber(10), UcumNumber(-x));
    case UcumScale::kMinusLog100: return mp::pow(UcumNumber(100), UcumNumber(-x));
    case UcumScale::kMinusLog1000: return mp::pow(UcumNumber(1000), UcumNumber(-x));
    case UcumScale::kMinusLog50000: return mp::pow(UcumNumber(50000), UcumNumber(-x));
    case UcumScale::kSquareRoot: return x * x;
  }
  return x;
}

UcumNumber LogToBase(int base, const UcumNumber& ratio) {
  return mp::log(ratio) / mp::log(UcumNumber(base));
}

/// The value of a scale for a ratio; the inverse of FromScale.
UcumNumber ToScale(UcumScale scale, const UcumNumber& ratio) {
  static const UcumNumber kFahrenheitZero("459.67");
  switch (scale) {
    case UcumScale::kRatio: return ratio;
    case UcumScale::kCelsius: return ratio - IceInKelvin();
    case UcumScale::kFahrenheit: return ratio * 9 / 5 - kFahrenheitZero;
    case UcumScale::kReaumur: return (ratio - IceInKelvin()) * 4 / 5;
    case UcumScale::kTangent: return 100 * mp::tan(ratio);
    case UcumScale::kLog10: return mp::log10(ratio);
    case UcumScale::kTwiceLog10: return 2 * mp::log10(ratio);
    case UcumScale::kNaturalLog: return mp::log(ratio);
    case UcumScale::kLog2: return LogToBase(2, ratio);
    case UcumScale::kMinusLog10: return -mp::log10(ratio);
    case UcumScale::kMinusLog100: return -LogToBase(100, ratio);
    case UcumScale::kMinusLog1000: return -LogToBase(1000, ratio);
    case UcumScale::kMinusLog50000: return -LogToBase(50000, ratio);
    case UcumScale::kSquareRoot: return mp::sqrt(ratio);
  }
  return ratio;
}

UcumNumber ToBase(const UcumNumber& value, const UcumUnit& unit) {
  return FromScale(unit.scale, UcumNumber(value * unit.step)) * unit.factor;
}

Result<UcumNumber> FromBase(const UcumNumber& base, const UcumUnit& unit) {
  const UcumNumber value = ToScale(unit.scale, UcumNumber(base / unit.factor)) / unit.step;
  if (!mp::isfinite(value)) {
    return Fail(ErrorCode::kInvalidInput, "the value does not exist on the unit's scale");
  }
  return value;
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

/// True when `name` is one of the comma-separated `names`.
bool IsAmong(std::string_view name, std::string_view names) {
  while (!names.empty()) {
    const std::size_t comma = std::min(names.find(','), names.size());
    if (names.substr(0, comma) == name) return true;
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return false;
}

}  // namespace

Result<UcumNumber> Convert(const UcumNumber& value, const UcumUnit& from, const UcumUnit& to) {
  if (from.dimension != to.dimension) {
    return Fail(ErrorCode::kInvalidInput, "the units measure different things",
                "incommensurable_units");
  }
  // Within one scale the steps alone say it, without a logarithm of nearly 1 that would lose every digit.
  if (from.scale == to.scale && from.factor == to.factor) {
    return UcumNumber(value * from.step / to.step);
  }
  return FromBase(ToBase(value, from), to);
}

Result<UcumNumber> ConvertSubstance(const UcumNumber& value, const UcumUnit& from,
                                    const UcumUnit& to, const UcumNumber& molar_mass) {
  // In UCUM's base units a mole is Avogadro's number and a mass is grams.
  static const UcumNumber kAvogadro("602214076e15");
  UcumDimension shifted = from.dimension;
  const int moles_lost = from.moles - to.moles;
  shifted.base[kGram] += moles_lost;
  if (moles_lost == 0 || shifted != to.dimension) return Convert(value, from, to);
  UcumNumber base = ToBase(value, from);
  const UcumNumber grams_per_item = molar_mass / kAvogadro;
  for (int i = 0; i < moles_lost; ++i) base *= grams_per_item;
  for (int i = 0; i < -moles_lost; ++i) base /= grams_per_item;
  return FromBase(base, to);
}

std::optional<UcumNumber> MolarMass(std::string_view substance) {
  const std::string name = Lowered(substance);
  std::optional<UcumNumber> mass;
  ForEachRow(embedded::molar_masses, [&](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == 4);
    if (!mass && (fields[0] == name || IsAmong(name, fields[3]))) mass = ParseUcumNumber(fields[1]);
  });
  return mass;
}

std::vector<std::string_view> Substances() {
  std::vector<std::string_view> names;
  ForEachRow(embedded::molar_masses, [&](const auto& fields) { names.push_back(fields[0]); });
  return names;
}

}  // namespace clinnova::vocabulary
