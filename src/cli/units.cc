// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.h"
#include "core/text.h"
#include "vocabulary/ucum.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string value;
  std::string from;
  std::string to;
  std::string substance;
  bool json = false;
};

Result<vocabulary::UcumNumber> Converted(const Arguments& arguments,
                                         const vocabulary::UcumNumber& value,
                                         const vocabulary::UcumUnit& from,
                                         const vocabulary::UcumUnit& to) {
  if (arguments.substance.empty()) return vocabulary::Convert(value, from, to);
  const auto molar_mass = vocabulary::MolarMass(arguments.substance);
  if (!molar_mass) {
    return Fail(ErrorCode::kInvalidInput, "--substance: found \"" + arguments.substance +
                                              "\", expected one of " +
                                              core::Joined(vocabulary::Substances()));
  }
  return vocabulary::ConvertSubstance(value, from, to, *molar_mass);
}

Result<void> ConvertUnits(const Arguments& arguments) {
  const vocabulary::Ucum ucum;
  const auto value = vocabulary::ParseUcumNumber(arguments.value);
  if (!value) {
    return Fail(ErrorCode::kInvalidInput,
                "VALUE: found \"" + arguments.value + "\", expected a number such as 1.5 or -2e3");
  }
  CLINNOVA_ASSIGN(const vocabulary::UcumUnit from, ucum.Parse(arguments.from));
  CLINNOVA_ASSIGN(const vocabulary::UcumUnit to, ucum.Parse(arguments.to));
  const auto converted = Converted(arguments, *value, from, to);
  if (!converted) {
    if (converted.error().reason != "incommensurable_units") return Fail(converted);
    const bool molar = from.moles != to.moles && arguments.substance.empty();
    return Fail(ErrorCode::kInvalidInput, "found " + arguments.from + " and " + arguments.to +
                                              ", expected units of one dimension" +
                                              (molar ? ", or --substance" : ""));
  }
  const double number = vocabulary::ToDouble(*converted);
  if (!std::isfinite(number)) return Fail(ErrorCode::kInvalidInput, "the result is too large");
  char digits[64];
  const std::string text(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  if (arguments.json) {
    const std::string unit = nlohmann::json(arguments.to).dump();
    std::printf("{\"value\": %s, \"unit\": %s}\n", text.c_str(), unit.c_str());
  } else {
    std::printf("%s\n", text.c_str());
  }
  return {};
}

Result<void> ValidateUnit(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const vocabulary::UcumUnit unit, vocabulary::Ucum().Parse(arguments.from));
  static_cast<void>(unit);
  if (arguments.json) {
    std::printf("{\"unit\": %s, \"valid\": true}\n", nlohmann::json(arguments.from).dump().c_str());
  } else {
    std::printf("%s is a UCUM unit\n", arguments.from.c_str());
  }
  return {};
}

}  // namespace

void AddUnits(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the actions
  CLI::App* units =
      commands.Add(commands.root(), "units", "Units of measure (UCUM)", kStandardisation, nullptr);
  units->require_subcommand(1);
  CLI::App* convert =
      commands.Add(units, "convert", "Convert a value from one UCUM unit to another",
                   kStandardisation, [arguments] { return ConvertUnits(*arguments); });
  convert->add_option("VALUE", arguments->value, "a number")->required();
  convert->add_option("FROM", arguments->from, "its unit, such as mg/dL")->required();
  convert->add_option("TO", arguments->to, "the unit wanted, such as mmol/L")->required();
  convert->add_option(
      "--substance", arguments->substance,
      "what is measured, to convert between mass and amount: glucose, creatinine, …");
  convert->add_flag("--json", arguments->json, "print JSON");
  CLI::App* validate =
      commands.Add(units, "validate", "Say whether a text is a UCUM unit: exit 0, else 2",
                   kStandardisation, [arguments] { return ValidateUnit(*arguments); });
  validate->add_option("UNIT", arguments->from, "the text")->required();
  validate->add_flag("--json", arguments->json, "print JSON");
}

}  // namespace clinnova::cli
