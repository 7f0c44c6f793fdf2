// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/units.h"

#include <array>

#include "core/check.h"
#include "vocabulary/tab_separated.h"

namespace clinnova::embedded {
extern const std::string_view units;
extern const std::string_view unit_spellings;
}  // namespace clinnova::embedded

namespace clinnova::vocabulary {
namespace {

/// Blanks do not distinguish units: "mm / h" is "mm/h".
std::string WithoutBlanks(std::string_view text) {
  std::string packed;
  for (const char c : text) {
    if (c != ' ' && c != '\t') packed += c;
  }
  return packed;
}

/// 10^n for 0 <= n <= 22, all of them exact doubles.
double PowerOfTen(int n) {
  double power = 1.0;
  for (int i = 0; i < n; ++i) power *= 10.0;
  return power;
}

}  // namespace

UnitTable::UnitTable() {
  ForEachRow(embedded::units, [this](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == 5);
    by_spelling_.emplace(fields[0], units_.size());
    units_.push_back({fields[0], NumberField<std::int64_t>(fields[1]), fields[2],
                      NumberField<double>(fields[3]), NumberField<int>(fields[4])});
  });
  ForEachRow(embedded::unit_spellings, [this](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == 2);
    const auto unit = by_spelling_.find(fields[1]);
    CLINNOVA_CHECK(unit != by_spelling_.end());
    by_spelling_.emplace(WithoutBlanks(fields[0]), unit->second);
  });
}

const Unit* UnitTable::Find(std::string_view spelling) const {
  const bool blank = spelling.find_first_of(" \t") != spelling.npos;
  const auto found =
      blank ? by_spelling_.find(WithoutBlanks(spelling)) : by_spelling_.find(spelling);
  return found == by_spelling_.end() ? nullptr : &units_[found->second];
}

std::optional<double> UnitTable::Convert(double value, const Unit& from, const Unit& to) const {
  if (from.ucum == to.ucum) return value;
  if (from.dimension != to.dimension) return std::nullopt;
  if (from.mantissa != to.mantissa) value = value * from.mantissa / to.mantissa;
  const int exponent = from.exponent - to.exponent;
  return exponent >= 0 ? value * PowerOfTen(exponent) : value / PowerOfTen(-exponent);
}

}  // namespace clinnova::vocabulary
