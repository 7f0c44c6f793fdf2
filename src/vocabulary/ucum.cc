// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/ucum.h"

#include <cstdlib>

#include "core/check.h"
#include "vocabulary/tab_separated.h"
#include "vocabulary/ucum_parser.h"

namespace clinnova::embedded {
extern const std::string_view ucum_atoms;
extern const std::string_view ucum_prefixes;
}  // namespace clinnova::embedded

namespace clinnova::vocabulary {
namespace {

UcumNumber Number(std::string_view text) {
  const auto number = ParseUcumNumber(text);
  CLINNOVA_CHECK(number.has_value());
  return *number;
}

UcumScale Scale(std::string_view name) {
  static const std::map<std::string_view, UcumScale> kScales = {
      {"-", UcumScale::kRatio},
      {"Celsius", UcumScale::kCelsius},
      {"Fahrenheit", UcumScale::kFahrenheit},
      {"Reaumur", UcumScale::kReaumur},
      {"100tan", UcumScale::kTangent},
      {"lg", UcumScale::kLog10},
      {"2lg", UcumScale::kTwiceLog10},
      {"ln", UcumScale::kNaturalLog},
      {"ld", UcumScale::kLog2},
      {"pH", UcumScale::kMinusLog10},
      {"hpX", UcumScale::kMinusLog10},
      {"hpC", UcumScale::kMinusLog100},
      {"hpM", UcumScale::kMinusLog1000},
      {"hpQ", UcumScale::kMinusLog50000},
      {"sqrt", UcumScale::kSquareRoot}};
  const auto found = kScales.find(name);
  CLINNOVA_CHECK(found != kScales.end());
  return found->second;
}

/// A row of the table whose definition is not worked out yet.
struct Definition {
  std::string_view code, kind, metric, scale, value, unit;
};

/// The atom of a row; nothing while a unit in its definition is still unknown.
std::optional<Ucum::Atom> Resolve(const Ucum& ucum, const Definition& row, std::size_t base) {
  Ucum::Atom atom;
  atom.metric = row.metric == "yes";
  if (row.kind == "base") {
    atom.unit.dimension.base.at(base) = 1;
    return atom;
  }
  auto unit = ucum.Parse(row.unit);
  if (!unit) return std::nullopt;
  atom.unit = *std::move(unit);
  atom.unit.factor *= Number(row.value);
  atom.unit.scale = Scale(row.scale);
  if (row.kind == "arbitrary") atom.unit.dimension.arbitrary[std::string(row.code)] = 1;
  if (row.code == "mol") atom.unit.moles = 1;
  // An equivalent is as many moles as the ion's charge says: no molar mass converts it.
  if (row.code == "eq") atom.unit.moles = 0;
  return atom;
}

}  // namespace

Ucum::Ucum() {
  ForEachRow(embedded::ucum_prefixes,
             [this](const auto& fields) { prefixes_.emplace(fields[0], Number(fields[1])); });
  std::vector<Definition> open;
  ForEachRow(embedded::ucum_atoms, [&](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == 6);
    open.push_back({fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]});
  });
  // Definitions refer to atoms before and after them.
  std::size_t bases = 0;
  while (!open.empty()) {
    std::vector<Definition> later;
    for (const Definition& row : open) {
      auto atom = Resolve(*this, row, bases);
      if (row.kind == "base") ++bases;
      if (atom) {
        atoms_.emplace(row.code, *std::move(atom));
      } else {
        later.push_back(row);
      }
    }
    CLINNOVA_CHECK(later.size() < open.size());
    open = std::move(later);
  }
}

Result<UcumUnit> Ucum::Parse(std::string_view unit) const { return ParseUcum(*this, unit); }

const Ucum::Atom* Ucum::FindAtom(std::string_view symbol) const {
  const auto found = atoms_.find(symbol);
  return found == atoms_.end() ? nullptr : &found->second;
}

std::optional<UcumNumber> ParseUcumNumber(std::string_view text) {
  const auto digits = [&](std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
  };
  std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t whole = digits(at);
  std::size_t end = whole;
  if (end < text.size() && text[end] == '.') {
    end = digits(end + 1);
    if (end == whole + 1) return std::nullopt;
  }
  if (whole == at && end == whole) return std::nullopt;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    at = end + 1;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    end = digits(at);
    if (end == at || end - at > 5) return std::nullopt;
  }
  if (end != text.size()) return std::nullopt;
  const std::string number(text.substr(text.front() == '+' ? 1 : 0));
  return UcumNumber(number);
}

double ToDouble(const UcumNumber& number) {
  return std::strtod(number.str(40, std::ios_base::scientific).c_str(), nullptr);
}

}  // namespace clinnova::vocabulary
