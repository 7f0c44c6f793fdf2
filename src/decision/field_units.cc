// SPDX-License-Identifier: Apache-2.0
#include "decision/field_units.h"

#include <string>

#include "decision/field.h"
#include "vocabulary/ucum.h"
#include "vocabulary/units.h"

namespace clinnova::decision {
namespace {

/// Without UCUM's annotations: "{beats}/min" is "/min".
std::string WithoutAnnotations(std::string_view unit) {
  std::string bare;
  bool inside = false;
  for (const char c : unit) {
    if (c == '{') inside = true;
    if (!inside) bare += c;
    if (c == '}') inside = false;
  }
  return bare;
}

/// Of known spellings, also those that are no UCUM ("mg/100ml").
std::optional<double> ConvertSpelling(double value, std::string_view from, std::string_view to) {
  static const vocabulary::UnitTable units;
  const std::string bare = WithoutAnnotations(from);
  const vocabulary::Unit* given = units.Find(from);
  if (given == nullptr && !bare.empty()) given = units.Find(bare);
  const vocabulary::Unit* wanted = units.Find(to);
  if (given == nullptr || wanted == nullptr) return std::nullopt;
  return units.Convert(value, *given, *wanted);
}

/// The decimal number that the shortest text of `value` says, so that 100.04 [degF] is 37.8 Cel.
vocabulary::UcumNumber AsWritten(double value) {
  const auto written = vocabulary::ParseUcumNumber(PlainNumber(value));
  return written ? *written : vocabulary::UcumNumber(value);
}

/// g/mol; of haemoglobin per haem-bearing chain, so that 1 mmol/L is the usual 1.6114 g/dL.
std::optional<vocabulary::UcumNumber> MolarMassOf(std::string_view field) {
  if (field == "haemoglobin") return vocabulary::UcumNumber(16114);
  return vocabulary::MolarMass(field);
}

/// Of any UCUM unit; a mole of something is no number of it here, and amounts become masses only of
/// what has a known molar mass.
std::optional<double> ConvertUcum(std::string_view field, double value, std::string_view from,
                                  std::string_view to) {
  static const vocabulary::Ucum ucum;
  const auto given = ucum.Parse(from);
  const auto wanted = ucum.Parse(to);
  if (!given || !wanted) return std::nullopt;
  std::optional<vocabulary::UcumNumber> molar_mass;
  if (given->moles != wanted->moles) {
    molar_mass = MolarMassOf(field);
    if (!molar_mass) return std::nullopt;
  }
  const auto converted =
      molar_mass ? vocabulary::ConvertSubstance(AsWritten(value), *given, *wanted, *molar_mass)
                 : vocabulary::Convert(AsWritten(value), *given, *wanted);
  if (!converted) return std::nullopt;
  return vocabulary::ToDouble(*converted);
}

/// Counts and points, whose unit says no more than what they are.
bool IsBare(std::string_view unit) { return unit == "1" || unit.starts_with('{'); }

}  // namespace

std::optional<double> ConvertForField(std::string_view field, double value, std::string_view from,
                                      std::string_view to) {
  if (from == to) return value;
  if (const auto converted = ConvertSpelling(value, from, to)) return converted;
  if (IsBare(to)) return std::nullopt;
  return ConvertUcum(field, value, from, to);
}

}  // namespace clinnova::decision
