// SPDX-License-Identifier: Apache-2.0
#include "decision/field_units.h"

#include <array>
#include <string>

#include "vocabulary/units.h"

namespace clinnova::decision {
namespace {

/// value_to = (value_from + offset) * numerator / denominator; an empty field stands for any.
struct Bridge {
  std::string_view field;
  std::string_view from;
  std::string_view to;
  double offset = 0.0;
  double numerator = 1.0;
  double denominator = 1.0;
};

constexpr std::array kBridges{
    Bridge{"", "[degF]", "Cel", -32, 5, 9},
    Bridge{"", "K", "Cel", -273.15, 1, 1},
    Bridge{"haemoglobin", "mmol/L", "g/dL", 0, 1.6114, 1},
    Bridge{"", "mo", "a", 0, 1, 12},
    Bridge{"", "wk", "a", 0, 7, 365.25},
    Bridge{"", "d", "a", 0, 1, 365.25},
    Bridge{"", "a", "mo", 0, 12, 1},
    Bridge{"", "wk", "mo", 0, 84, 365.25},
    Bridge{"", "d", "mo", 0, 12, 365.25},
    Bridge{"", "a", "wk", 0, 365.25, 7},
    Bridge{"", "mo", "wk", 0, 365.25, 84},
    Bridge{"", "[lb_av]", "kg", 0, 0.45359237, 1},
};

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

const vocabulary::UnitTable& Units() {
  static const vocabulary::UnitTable units;
  return units;
}

}  // namespace

std::optional<double> ConvertForField(std::string_view field, double value, std::string_view from,
                                      std::string_view to) {
  if (from == to) return value;
  for (const Bridge& bridge : kBridges) {
    if (bridge.from == from && bridge.to == to && (bridge.field.empty() || bridge.field == field)) {
      return (value + bridge.offset) * bridge.numerator / bridge.denominator;
    }
  }
  const std::string bare = WithoutAnnotations(from);
  const vocabulary::Unit* given = Units().Find(from);
  if (given == nullptr && !bare.empty()) given = Units().Find(bare);
  const vocabulary::Unit* wanted = Units().Find(to);
  if (given == nullptr || wanted == nullptr) return std::nullopt;
  return Units().Convert(value, *given, *wanted);
}

}  // namespace clinnova::decision
