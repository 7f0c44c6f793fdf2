// SPDX-License-Identifier: Apache-2.0
// Units of measure: the subset of UCUM that our tests need, the spellings met in practice ("Tsd/µl",
// "G/L", "mm/1h"), and conversion between units of one dimension. The tables are data
// (data/units.tsv, data/unit_spellings.tsv). What is not in them is not guessed.
//
//   const UnitTable units;
//   const Unit* unit = units.Find("mg/dl");                  // ucum "mg/dL"
//   units.Convert(1.2, *unit, *units.Find("mg/L"));          // 12
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace clinnova::vocabulary {

struct Unit {
  std::string_view ucum;
  std::int64_t concept_id = 0;  ///< OMOP; 0 where no identifier is known
  std::string_view dimension;   ///< units convert only within one
  /// A value in the dimension's base unit is value * mantissa * 10^exponent; kept apart so that
  /// powers of ten are exact.
  double mantissa = 1.0;
  int exponent = 0;
};

/// Immutable after construction; any thread may use it.
class UnitTable {
 public:
  UnitTable();

  /// The unit that `spelling` names in UCUM or in one of the known dialects; null when unknown.
  const Unit* Find(std::string_view spelling) const;

  /// `value` of unit `from` in unit `to`; nothing when the dimensions differ.
  std::optional<double> Convert(double value, const Unit& from, const Unit& to) const;

 private:
  std::vector<Unit> units_;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> by_spelling_;
};

}  // namespace clinnova::vocabulary
