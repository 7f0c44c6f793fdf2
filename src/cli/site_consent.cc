// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/site_cdm.h"
#include "cli/site_steward.h"
#include "cohort/site_files.h"
#include "network/site_folder.h"
#include "store/consents.h"

namespace clinnova::cli {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  std::string site;
  std::string person;
  bool json = false;
};

/// What the site asks for at the bedside; none: the folder serves nobody.
Result<std::optional<std::string>> BedsideRule(const std::string& site) {
  std::error_code none;
  if (!std::filesystem::exists(std::filesystem::path(site) / "site.toml", none))
    return std::optional<std::string>();
  CLINNOVA_ASSIGN(const auto config, network::ReadSiteConfig(site));
  return std::optional<std::string>(config.bedside.consent);
}

ordered_json Described(const store::ConsentSummary& summary,
                       const std::optional<std::string>& bedside) {
  ordered_json out = {{"persons", summary.persons},
                      {"seen_by_studies", summary.research_persons},
                      {"studies", summary.required ? "required" : "unless_refused"},
                      {"bedside", bedside ? ordered_json(*bedside) : ordered_json()},
                      {"purposes", ordered_json::array()}};
  for (const auto& one : summary.purposes) {
    out["purposes"].push_back({{"purpose", one.purpose},
                               {"given", one.given},
                               {"expired", one.expired},
                               {"withdrawn", one.withdrawn},
                               {"refused", one.refused},
                               {"not_yet", one.not_yet},
                               {"none", one.none},
                               {"statements", one.statements}});
  }
  return out;
}

void Print(const store::ConsentSummary& summary, const std::optional<std::string>& bedside) {
  std::printf("%lld persons; seen by studies: %lld\n", static_cast<long long>(summary.persons),
              static_cast<long long>(summary.research_persons));
  std::printf("studies  %s\n",
              summary.required ? "see persons whose newest statement about research is in force "
                                 "today and given"
                               : "see persons unless their newest statement about research that is "
                                 "in force today refuses or withdraws");
  std::printf("bedside  %s\n",
              !bedside ? "the folder has no site.toml and serves nobody"
              : *bedside == "required"
                  ? "no advice without a consent of the patient (site.toml: bedside.consent)"
                  : "no advice where the patient refused (site.toml: bedside.consent)");
  std::printf("\n%-16s %9s %9s %9s %9s %9s %9s\n", "purpose", "given", "expired", "withdrawn",
              "refused", "not yet", "none");
  for (const auto& one : summary.purposes) {
    std::printf("%-16s %9lld %9lld %9lld %9lld %9lld %9lld%s\n", one.purpose.c_str(),
                static_cast<long long>(one.given), static_cast<long long>(one.expired),
                static_cast<long long>(one.withdrawn), static_cast<long long>(one.refused),
                static_cast<long long>(one.not_yet), static_cast<long long>(one.none),
                one.purpose == "research" ? "" : "   (asked by nothing here)");
  }
}

Result<void> ShowPerson(store::Store& store, const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto person, store::ConsentsOf(store, arguments.person));
  if (!person) {
    return Fail(ErrorCode::kInvalidInput,
                "--person: found no person with this pseudonym, expected a person_source_value "
                "of this CDM");
  }
  if (arguments.json) {
    ordered_json out = {{"seen_by_studies", person->seen_by_studies},
                        {"statements", ordered_json::array()}};
    for (const auto& one : person->statements) {
      out["statements"].push_back(
          {{"purpose", one.purpose},
           {"status", one.status},
           {"from", one.from.empty() ? ordered_json() : ordered_json(one.from)},
           {"to", one.to.empty() ? ordered_json() : ordered_json(one.to)}});
    }
    std::printf("%s\n", out.dump(2).c_str());
    return {};
  }
  std::printf("seen by studies: %s\n", person->seen_by_studies ? "yes" : "no");
  for (const auto& one : person->statements) {
    std::printf("%-16s %-10s from %-10s to %s\n", one.purpose.c_str(), one.status.c_str(),
                one.from.empty() ? "always" : one.from.c_str(),
                one.to.empty() ? "further notice" : one.to.c_str());
  }
  if (person->statements.empty()) std::printf("no statement\n");
  return {};
}

Result<void> Show(const Arguments& arguments) {
  CLINNOVA_TRY(NeedOwnCdm(arguments.site, "site consent"));
  const cohort::SiteFiles files(arguments.site);
  CLINNOVA_ASSIGN(auto store, OpenOwnCdm(files));
  if (!arguments.person.empty()) return ShowPerson(store, arguments);
  CLINNOVA_ASSIGN(const auto summary, store::SummariseConsents(store));
  CLINNOVA_ASSIGN(const auto bedside, BedsideRule(arguments.site));
  if (arguments.json) {
    std::printf("%s\n", Described(summary, bedside).dump(2).c_str());
  } else {
    Print(summary, bedside);
  }
  return {};
}

}  // namespace

void AddSiteConsent(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      site, "consent",
      "How many persons gave, withdrew or refused which consent, and what holds them to it",
      kForStewards, [arguments] { return Show(*arguments); });
  command->add_option("--site,--dir", arguments->site, "the site's folder")
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--person", arguments->person,
                   "one person's statements, by the CDM's pseudonym; for this screen only")
      ->type_name("PSEUDONYM");
  command->add_flag("--json", arguments->json, "print JSON");
  command->footer(
      "A consent or a withdrawal is recorded by importing it:\n"
      "  clinnova site import consents.csv --site DIR --mapping consents\n"
      "where consents.csv has the columns identifier, purpose, status (given, refused, withdrawn), "
      "from, to.");
}

}  // namespace clinnova::cli
