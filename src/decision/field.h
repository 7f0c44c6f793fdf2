// SPDX-License-Identifier: Apache-2.0
// The inputs of scores and published models: what a field is, and reading `field=value` against it.
//
//   const std::vector<Field> fields = {Whole("tjc28", 0, 28, "tender joints of 28"),
//                                      {.name = "crp", .unit = "mg/L", .low = 0, .high = 1000}};
//   ReadFields("das28", fields, {"tjc28=4", "crp=1.5mg/dL"})->Number("crp");   // 15
//
// A number may carry a unit; it is converted to the field's own. A blank is never a zero: a missing
// field is an error that names it, unless the score has a published rule for it (Presence::kOptional).
// Errors are one line: score, field, what was found, what was expected (kInvalidInput).
// Thread rule: values; the functions are pure.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::decision {

enum class FieldKind {
  kNumber,
  kWhole,     ///< a whole number
  kHalves,    ///< a step of the EDSS: 0, 1, 1.5, 2, … (there is no 0.5)
  kSex,       ///< m or f
  kSegments,  ///< five whole numbers, comma-separated: ileum, right, transverse, left, rectum
  kNames,     ///< comma-separated names out of `names`
};

enum class Presence {
  kRequired,
  kOptional,  ///< may be left out by a published rule; the result then lists it as missing
  kSetting,   ///< has a default that is stated; leaving it out is not a missing input
};

/// One input: its name, its unit in UCUM, the values that are possible.
struct Field {
  std::string name;
  std::string unit = "1";
  double low = 0.0;
  double high = 0.0;
  FieldKind kind = FieldKind::kNumber;
  Presence presence = Presence::kRequired;
  bool above_low = false;  ///< `low` itself is not possible (an ESR of 0 has no logarithm)
  std::string meaning{};   ///< for the help
  std::vector<std::string> names{};  ///< kNames: the names there are
};

/// Shorthands for the usual fields. The unit of a scale or an item is {score}, of a count {count}.
Field Whole(std::string name, double low, double high, std::string meaning);
Field Scale(std::string name, double low, double high, std::string meaning);
Field Count(std::string name, double high, std::string meaning);
Field Flag(std::string name, std::string meaning);
Field Sex();
/// The same field, which may be left out.
Field Optional(Field field);
/// The same field, as a setting with a default.
Field Setting(Field field);

/// "a whole number from 0 to 28", "mg/L, from 0 to 1000".
std::string Expected(const Field& field);

/// One input as it was understood.
struct FieldValue {
  std::vector<double> numbers;     ///< one; five for kSegments; none for kSex and kNames
  std::vector<std::string> names;  ///< kSex: "m" or "f"; kNames: those given
};

class FieldValues {
 public:
  bool Has(std::string_view name) const { return values_.contains(name); }
  /// Precondition for these: Has(name).
  double Number(std::string_view name) const;
  const std::vector<double>& Numbers(std::string_view name) const;
  const std::vector<std::string>& Names(std::string_view name) const;
  /// The number, or `otherwise` when the field was left out.
  double NumberOr(std::string_view name, double otherwise) const;
  double Sum(std::span<const std::string_view> names) const;

  /// Optional fields that were not given, in the order of the definition.
  const std::vector<std::string>& missing() const { return missing_; }
  void Set(const std::string& name, FieldValue value) { values_[name] = std::move(value); }
  void SetMissing(const std::string& name) { missing_.push_back(name); }

 private:
  std::map<std::string, FieldValue, std::less<>> values_;
  std::vector<std::string> missing_;
};

/// Reads "name=value" arguments against `fields`. kInvalidInput for an unknown or repeated field, a
/// value that is impossible or has a unit of another dimension, and a required field left out.
Result<FieldValues> ReadFields(const std::string& what, std::span<const Field> fields,
                               std::span<const std::string> arguments);

/// {"crp":{"value":15,"unit":"mg/L"}, …} in the order of the definition, of what was given.
nlohmann::ordered_json InputsJson(std::span<const Field> fields, const FieldValues& values);

/// The names of `known` that are near to `name`, nearest first; at most five.
std::vector<std::string> CloseNames(std::string_view name, std::span<const std::string> known);

/// A number as text: shortest that reads back, never in scientific notation below 1e15.
std::string PlainNumber(double value);

}  // namespace clinnova::decision
