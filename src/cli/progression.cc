// SPDX-License-Identifier: Apache-2.0
#include "decision/progression.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/number_option.h"
#include "core/json_text.h"
#include "core/whole_file.h"
#include "decision/progression_files.h"

namespace clinnova::cli {
namespace {

using decision::BaselineScheme;
using decision::EventsWanted;
using decision::Outcome;

struct Arguments {
  std::string visits;
  std::string relapses;
  std::string pira;
  std::string rebaseline;
  std::string outcome;
  std::string baseline;
  std::string events;
  std::string out;
  decision::ProgressionOptions options;
  bool json = false;
};

constexpr std::array kOutcomes{Outcome::kEdss, Outcome::kT25fw, Outcome::k9hpt, Outcome::kSdmt};
constexpr std::array kBaselines{BaselineScheme::kFixed, BaselineScheme::kRoving,
                                BaselineScheme::kRovingImprovement,
                                BaselineScheme::kRovingWorsening};
constexpr std::array kEvents{EventsWanted::kFirstWorsening,   EventsWanted::kFirst,
                             EventsWanted::kFirstImprovement, EventsWanted::kFirstPira,
                             EventsWanted::kFirstRaw,         EventsWanted::kMultiple};

/// "fixed, roving, …": what the option may be.
template <typename Values>
std::string Names(const Values& values) {
  std::string names;
  for (const auto value : values) {
    names += (names.empty() ? "" : ", ") + std::string(decision::Name(value));
  }
  return names;
}

/// Sets `chosen` to the value called `name`; an empty name leaves it.
template <typename Values>
Result<void> Choose(const char* option, const std::string& name, const Values& values,
                    typename Values::value_type& chosen) {
  if (name.empty()) return {};
  for (const auto value : values) {
    if (decision::Name(value) != name) continue;
    chosen = value;
    return {};
  }
  return Fail(ErrorCode::kInvalidInput,
              std::string(option) + ": found \"" + name + "\", expected one of: " + Names(values));
}

std::string PiraNames() {
  std::string names;
  for (const auto& definition : decision::PiraDefinitions()) {
    names += (names.empty() ? "" : ", ") + std::string(definition.name);
  }
  return names;
}

Result<void> ChooseOptions(Arguments& arguments) {
  CLINNOVA_TRY(Choose("--outcome", arguments.outcome, kOutcomes, arguments.options.outcome));
  CLINNOVA_TRY(Choose("--baseline", arguments.baseline, kBaselines, arguments.options.baseline));
  CLINNOVA_TRY(Choose("--events", arguments.events, kEvents, arguments.options.events));
  if (!arguments.pira.empty()) {
    const auto* definition = decision::FindPiraDefinition(arguments.pira);
    if (definition == nullptr) {
      return Fail(ErrorCode::kInvalidInput,
                  "--pira: found \"" + arguments.pira + "\", expected one of: " + PiraNames());
    }
    arguments.options.pira = *definition;
  }
  if (!arguments.rebaseline.empty() && arguments.rebaseline != "on" &&
      arguments.rebaseline != "off") {
    return Fail(ErrorCode::kInvalidInput,
                "--relapse-rebaseline: found \"" + arguments.rebaseline + "\", expected on or off");
  }
  if (!arguments.rebaseline.empty()) {
    arguments.options.pira.rebaseline_after_relapse = arguments.rebaseline == "on";
  }
  arguments.options.classify = !arguments.relapses.empty() || !arguments.pira.empty();
  return {};
}

Result<void> Progression(Arguments& arguments) {
  CLINNOVA_TRY(ChooseOptions(arguments));
  CLINNOVA_ASSIGN(
      const decision::Courses courses,
      decision::ReadCourses(arguments.visits, arguments.relapses, arguments.options.outcome));
  const auto patients = decision::FindAllEvents(courses, arguments.options);
  for (const std::string& warning : courses.warnings) {
    std::fprintf(stderr, "clinnova: %s\n", warning.c_str());
  }
  std::fprintf(stderr, "%s\n", decision::Criteria(arguments.options).c_str());
  const std::string text = arguments.json
                               ? core::ResultJson(decision::EventsJson(patients, arguments.options))
                               : decision::EventsCsv(patients);
  if (!arguments.out.empty()) return core::WriteWholeFile(arguments.out, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

void AddOptions(CLI::App& command, Arguments& arguments) {
  decision::ProgressionOptions& options = arguments.options;
  command.add_option("VISITS", arguments.visits, "the visits: a table with id, day, value")
      ->required();
  command.add_option("--relapses", arguments.relapses,
                     "onsets of relapses: a table with id, day; worsening is then called RAW or "
                     "PIRA");
  command.add_option("--outcome", arguments.outcome, Names(kOutcomes) + " (default: the first)");
  command.add_option("--confirm", options.confirm_days, "days until confirmation (84)")
      ->check(DecimalNumber(1, 10000));
  command
      .add_option("--confirm-before", options.confirm_before,
                  "how many days earlier a visit may confirm (7)")
      ->check(DecimalNumber(0));
  command
      .add_option("--confirm-after", options.confirm_after,
                  "how many days later a visit may confirm (730.5)")
      ->check(DecimalNumber(0));
  command.add_option("--baseline", arguments.baseline, Names(kBaselines) + " (default: the first)");
  command.add_option("--events", arguments.events, Names(kEvents) + " (default: the first)");
  command.add_option("--pira", arguments.pira,
                     "the definition of PIRA: " + PiraNames() + " (default: the first)");
  command.add_option("--relapse-rebaseline", arguments.rebaseline,
                     "on or off: a new baseline after each relapse (as the definition says)");
  command
      .add_option("--edss-half-step-above", options.edss_half_step_above,
                  "the EDSS above which half a point counts (5.0; 5.5 in older trials)")
      ->check(DecimalNumber(0, 10));
  command.add_option("--out", arguments.out, "write the events here");
  command.add_flag("--json", arguments.json, "print JSON instead of CSV");
}

}  // namespace

void AddProgression(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      commands.root(), "progression",
      "Confirmed disability worsening and improvement of multiple sclerosis from visits",
      kForResearchers, [arguments] { return Progression(*arguments); });
  AddOptions(*command, *arguments);
}

}  // namespace clinnova::cli
