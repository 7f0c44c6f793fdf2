// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/number_option.h"
#include "core/json_text.h"
#include "core/text.h"
#include "intake/synthetic_export.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  intake::SyntheticOptions options;
  std::string out;
  std::string site;
  bool no_defects = false;
  bool json = false;
};

std::string Json(const intake::SyntheticSummary& summary, const intake::SyntheticOptions& options) {
  const intake::SyntheticDisease& disease = *intake::FindSyntheticDisease(options.disease);
  nlohmann::ordered_json json;
  json["disease"] = options.disease;
  json["dialect"] = options.dialect;
  json["seed"] = options.seed;
  json["patients"] = summary.patients;
  json["visits"] = summary.visits;
  json["defects"] = summary.defects;
  for (std::size_t c = 0; c < intake::kDrugClasses; ++c) {
    json["classes"][std::string(disease.classes[c])] = {{"patients", summary.by_class[c]},
                                                        {"responders", summary.responders[c]}};
  }
  json["export"] = summary.export_directory.string();
  json["truth"] = {summary.truth_csv.string(), summary.truth_json.string()};
  json["defects_file"] = summary.defects_json.string();
  json["mapping"] = intake::SyntheticMapping(options.dialect);
  return core::ResultJson(json) + "\n";
}

/// How a data manager imports the export.
std::string ImportCommand(const intake::SyntheticSummary& summary, const std::string& dialect) {
  const std::string mapping(intake::SyntheticMapping(dialect));
  return "clinnova site import " + summary.export_directory.string() + " --site SITE" +
         (mapping.empty() ? "" : " --mapping " + mapping);
}

std::string Text(const intake::SyntheticSummary& summary, const intake::SyntheticOptions& options) {
  const intake::SyntheticDisease& disease = *intake::FindSyntheticDisease(options.disease);
  std::string text = std::to_string(summary.patients) + " patients, " +
                     std::to_string(summary.visits) + " visits, " +
                     std::to_string(summary.defects) + " planted defects\n\n";
  char line[160];
  std::snprintf(line, sizeof line, "%-14s %10s %28s\n", "class", "patients",
                std::string(disease.outcome).c_str());
  text += line;
  for (std::size_t c = 0; c < intake::kDrugClasses; ++c) {
    std::snprintf(line, sizeof line, "%-14s %10llu %28llu\n",
                  std::string(disease.classes[c]).c_str(),
                  static_cast<unsigned long long>(summary.by_class[c]),
                  static_cast<unsigned long long>(summary.responders[c]));
    text += line;
  }
  return text + "\nexport:  " + summary.export_directory.string() +
         "\ntruth:   " + summary.truth_csv.string() + ", " + summary.truth_json.string() +
         "\ndefects: " + summary.defects_json.string() +
         "\nimport:  " + ImportCommand(summary, options.dialect) + "\n";
}

Result<std::optional<intake::SyntheticSite>> SiteOf(const std::string& name) {
  if (name.empty()) return std::optional<intake::SyntheticSite>();
  std::string names;
  for (const intake::SyntheticSite site : intake::kSyntheticSites) {
    if (intake::SiteName(site) == name) return std::optional(site);
    names += (names.empty() ? "" : ", ") + std::string(intake::SiteName(site));
  }
  return Fail(ErrorCode::kInvalidInput,
              "--site: found \"" + name + "\", expected one of: " + names);
}

Result<void> Synthesise(Arguments arguments) {
  CLINNOVA_ASSIGN(arguments.options.site, SiteOf(arguments.site));
  arguments.options.directory = arguments.out;
  arguments.options.defects = !arguments.no_defects;
  CLINNOVA_ASSIGN(const intake::SyntheticSummary summary,
                  intake::WriteSyntheticCohort(arguments.options));
  const std::string shown =
      arguments.json ? Json(summary, arguments.options) : Text(summary, arguments.options);
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  return {};
}

}  // namespace

void AddSynth(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command =
      commands.Add(commands.root(), "synth",
                   "Write one hospital's synthetic export with known true treatment effects",
                   kForDataManagers, [arguments] { return Synthesise(*arguments); });
  const std::string dialects = core::Joined(intake::SyntheticDialects());
  std::string diseases;
  for (const intake::SyntheticDisease& disease : intake::SyntheticDiseases()) {
    diseases += (diseases.empty() ? "" : ", ") + std::string(disease.name);
  }
  command->add_option("DISEASE", arguments->options.disease, "one of " + diseases)->required();
  command->add_option("--patients", arguments->options.patients, "how many")
      ->check(WholeNumber(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--seed", arguments->options.seed, "the same seed gives the same patients")
      ->check(WholeNumber(0))
      ->capture_default_str();
  command->add_option("--dialect", arguments->options.dialect, "one of " + dialects)
      ->capture_default_str();
  command->add_option("--out", arguments->out, "the folder to write; made where it is not there")
      ->type_name("DIR")
      ->required();
  command
      ->add_option(
          "--site", arguments->site,
          "whose patients: lu-chl, de-freiburg, fr-strasbourg or ch-basel; the dialect's "
          "own where absent. The same site and seed give the same patients in every dialect")
      ->type_name("NAME");
  command
      ->add_option("--site-effect", arguments->options.site_effect,
                   "factor on what differs between sites; 0 = alike")
      ->check(DecimalNumber(0, 10))
      ->capture_default_str();
  command->add_flag("--no-defects", arguments->no_defects, "plant no defects in the export");
  command->add_flag("--json", arguments->json, "print the summary as JSON");
}

}  // namespace clinnova::cli
