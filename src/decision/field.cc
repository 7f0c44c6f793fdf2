// SPDX-License-Identifier: Apache-2.0
#include "decision/field.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/check.h"
#include "core/text.h"
#include "decision/field_units.h"

namespace clinnova::decision {
namespace {

constexpr std::size_t kSegmentCount = 5;

/// What was given, fit for a message.
std::string Shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  const std::string shown(text.substr(0, kMost));
  return text.size() > kMost ? shown + "..." : shown;
}

tl::unexpected<Error> Wrong(const std::string& what, const Field& field, std::string_view found) {
  return Fail(ErrorCode::kInvalidInput, what + ": " + field.name + ": found \"" + Shown(found) +
                                            "\", expected " + Expected(field));
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts = core::Split(text, separator);
  for (std::string_view& part : parts) part = Trimmed(part);
  return parts;
}

struct NumberWithUnit {
  double number = 0.0;
  std::string_view unit;
};

/// Nothing unless `text` begins with a decimal number; a decimal comma or a comparator is none.
std::optional<NumberWithUnit> ParseNumberWithUnit(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text.empty() || std::string_view("0123456789.-").find(text.front()) == text.npos) {
    return std::nullopt;
  }
  NumberWithUnit parsed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed.number);
  if (error != std::errc() || !std::isfinite(parsed.number)) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (!rest.empty() && (rest.front() == ',' || rest.front() == '.')) return std::nullopt;
  parsed.unit = Trimmed(rest);
  return parsed;
}

bool Possible(const Field& field, double value) {
  if (value < field.low || value > field.high) return false;
  if (field.above_low && value == field.low) return false;
  switch (field.kind) {
    case FieldKind::kWhole:
    case FieldKind::kSegments: return value == std::floor(value);
    case FieldKind::kHalves: return 2 * value == std::floor(2 * value) && value != 0.5;
    default: return true;
  }
}

Result<double> ReadNumber(const std::string& what, const Field& field, std::string_view text) {
  const auto parsed = ParseNumberWithUnit(text);
  if (!parsed) return Wrong(what, field, text);
  double value = parsed->number;
  if (!parsed->unit.empty()) {
    const auto converted = ConvertForField(field.name, value, parsed->unit, field.unit);
    if (!converted) {
      return Fail(ErrorCode::kInvalidInput, what + ": " + field.name + ": found unit \"" +
                                                Shown(parsed->unit) + "\", expected " + field.unit +
                                                " or a unit that converts to it");
    }
    value = *converted;
  }
  if (!Possible(field, value)) return Wrong(what, field, text);
  return value;
}

Result<FieldValue> ReadSex(const std::string& what, const Field& field, std::string_view text) {
  for (const std::string_view male : {"m", "M", "male"}) {
    if (text == male) return FieldValue{{}, {"m"}};
  }
  for (const std::string_view female : {"f", "F", "female"}) {
    if (text == female) return FieldValue{{}, {"f"}};
  }
  return Wrong(what, field, text);
}

Result<FieldValue> ReadNames(const std::string& what, const Field& field, std::string_view text) {
  FieldValue value;
  for (const std::string_view name : Split(text, ',')) {
    if (std::ranges::find(field.names, name) == field.names.end()) return Wrong(what, field, name);
    if (std::ranges::find(value.names, name) == value.names.end()) value.names.emplace_back(name);
  }
  return value;
}

Result<FieldValue> ReadValue(const std::string& what, const Field& field, std::string_view text) {
  if (field.kind == FieldKind::kSex) return ReadSex(what, field, text);
  if (field.kind == FieldKind::kNames) return ReadNames(what, field, text);
  FieldValue value;
  if (field.kind != FieldKind::kSegments) {
    CLINNOVA_ASSIGN(const double number, ReadNumber(what, field, text));
    value.numbers.push_back(number);
    return value;
  }
  const auto parts = Split(text, ',');
  if (parts.size() != kSegmentCount) return Wrong(what, field, text);
  for (const std::string_view part : parts) {
    CLINNOVA_ASSIGN(const double number, ReadNumber(what, field, part));
    value.numbers.push_back(number);
  }
  return value;
}

std::string FieldList(std::span<const Field> fields) {
  std::string list;
  for (const Field& field : fields) list += (list.empty() ? "" : ", ") + field.name;
  return list;
}

/// Names what is left out: all required ones in one message.
Result<void> NoteMissing(const std::string& what, std::span<const Field> fields,
                         FieldValues& values) {
  std::string missing;
  for (const Field& field : fields) {
    if (values.Has(field.name)) continue;
    if (field.presence == Presence::kOptional) values.SetMissing(field.name);
    if (field.presence == Presence::kRequired) {
      missing += (missing.empty() ? "" : "; ") + field.name + " (" + Expected(field) + ")";
    }
  }
  if (missing.empty()) return {};
  return Fail(ErrorCode::kInvalidInput, what + ": missing: found no value, expected " + missing);
}

/// Edits that turn `a` into `b` (Levenshtein).
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

Field Whole(std::string name, double low, double high, std::string meaning) {
  return {.name = std::move(name),
          .unit = "{score}",
          .low = low,
          .high = high,
          .kind = FieldKind::kWhole,
          .meaning = std::move(meaning)};
}

Field Scale(std::string name, double low, double high, std::string meaning) {
  return {.name = std::move(name),
          .unit = "{score}",
          .low = low,
          .high = high,
          .meaning = std::move(meaning)};
}

Field Count(std::string name, double high, std::string meaning) {
  Field field = Whole(std::move(name), 0, high, std::move(meaning));
  field.unit = "{count}";
  return field;
}

Field Flag(std::string name, std::string meaning) {
  Field field = Whole(std::move(name), 0, 1, std::move(meaning));
  field.unit = "1";
  return field;
}

Field Sex() { return {.name = "sex", .unit = "1", .kind = FieldKind::kSex, .meaning = "sex"}; }

Field Optional(Field field) {
  field.presence = Presence::kOptional;
  return field;
}

Field Setting(Field field) {
  field.presence = Presence::kSetting;
  return field;
}

std::string Expected(const Field& field) {
  const std::string range = (field.above_low ? "above " + PlainNumber(field.low) + " up to "
                                             : "from " + PlainNumber(field.low) + " to ") +
                            PlainNumber(field.high);
  switch (field.kind) {
    case FieldKind::kSex: return "m or f";
    case FieldKind::kWhole: return "a whole number " + range;
    case FieldKind::kHalves: return "a step of the EDSS " + range;
    case FieldKind::kSegments:
      return "five whole numbers " + range +
             ", comma-separated: ileum, right, transverse, left, rectum";
    case FieldKind::kNames: return "some of " + core::Joined(field.names);
    case FieldKind::kNumber: break;
  }
  const bool bare = field.unit == "1" || field.unit.starts_with('{');
  return (bare ? std::string("a number ") : "a number in " + field.unit + " ") + range;
}

double FieldValues::Number(std::string_view name) const { return Numbers(name).front(); }

const std::vector<double>& FieldValues::Numbers(std::string_view name) const {
  const auto found = values_.find(name);
  CLINNOVA_CHECK(found != values_.end() && !found->second.numbers.empty());
  return found->second.numbers;
}

const std::vector<std::string>& FieldValues::Names(std::string_view name) const {
  const auto found = values_.find(name);
  CLINNOVA_CHECK(found != values_.end());
  return found->second.names;
}

double FieldValues::NumberOr(std::string_view name, double otherwise) const {
  return Has(name) ? Number(name) : otherwise;
}

double FieldValues::Sum(std::span<const std::string_view> names) const {
  double sum = 0.0;
  for (const std::string_view name : names) sum += Number(name);
  return sum;
}

Result<FieldValues> ReadFields(const std::string& what, std::span<const Field> fields,
                               std::span<const std::string> arguments) {
  FieldValues values;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(ErrorCode::kInvalidInput,
                  what + ": found \"" + Shown(argument) + "\", expected field=value");
    }
    const std::string name = argument.substr(0, equals);
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end()) {
      return Fail(ErrorCode::kInvalidInput, what + ": found the field \"" + Shown(name) +
                                                "\", expected one of: " + FieldList(fields));
    }
    if (values.Has(name)) {
      return Fail(ErrorCode::kInvalidInput,
                  what + ": " + name + ": found it twice, expected one value");
    }
    CLINNOVA_ASSIGN(
        FieldValue value,
        ReadValue(what, *field, Trimmed(std::string_view(argument).substr(equals + 1))));
    values.Set(name, std::move(value));
  }
  CLINNOVA_TRY(NoteMissing(what, fields, values));
  return values;
}

nlohmann::ordered_json InputsJson(std::span<const Field> fields, const FieldValues& values) {
  nlohmann::ordered_json inputs = nlohmann::ordered_json::object();
  for (const Field& field : fields) {
    if (!values.Has(field.name)) continue;
    nlohmann::ordered_json value;
    switch (field.kind) {
      case FieldKind::kSex: value = values.Names(field.name).front(); break;
      case FieldKind::kNames: value = values.Names(field.name); break;
      case FieldKind::kSegments: value = values.Numbers(field.name); break;
      default: value = values.Number(field.name);
    }
    inputs[field.name] = {{"value", std::move(value)}, {"unit", field.unit}};
  }
  return inputs;
}

std::vector<std::string> CloseNames(std::string_view name, std::span<const std::string> known) {
  constexpr std::size_t kMost = 5;
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : known) {
    const bool part = !name.empty() && (candidate.find(name) != std::string::npos ||
                                        name.find(candidate) != std::string_view::npos);
    const std::size_t distance = EditDistance(name, candidate);
    if (part || distance <= std::max<std::size_t>(2, candidate.size() / 3)) {
      near.emplace_back(part ? 0 : distance, candidate);
    }
  }
  std::ranges::stable_sort(near, {}, &std::pair<std::size_t, std::string>::first);
  std::vector<std::string> names;
  for (const auto& [distance, candidate] : near) {
    if (names.size() < kMost) names.push_back(candidate);
  }
  return names;
}

std::string PlainNumber(double value) {
  std::array<char, 64> text{};
  const bool plain = std::abs(value) < 1e15;
  const auto [end, error] =
      plain ? std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed)
            : std::to_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return "0";
  return {text.data(), end};
}

}  // namespace clinnova::decision
