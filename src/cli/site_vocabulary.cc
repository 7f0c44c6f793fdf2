// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/site_cdm.h"
#include "cohort/site_files.h"
#include "core/json_text.h"
#include "store/athena.h"
#include "store/concept_search.h"
#include "store/store.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string folder;
  std::string text;
  std::string domain;
  std::int64_t concept_id = 0;
  std::string site;
  std::size_t limit = 20;
  bool json = false;
};

Result<store::Store> OpenStore(const std::string& site) {
  std::error_code error;
  if (!std::filesystem::is_directory(site, error)) {
    return Fail(ErrorCode::kInvalidInput, "--site: " + site + ": no such folder");
  }
  CLINNOVA_TRY(NeedOwnCdm(site, "site vocabulary"));
  return store::Store::Open({.path = cohort::SiteFiles(site).store.string()});
}

Result<void> Load(const Arguments& arguments) {
  CLINNOVA_ASSIGN(auto store, OpenStore(arguments.site));
  CLINNOVA_ASSIGN(const auto loaded, store::LoadAthena(store, arguments.folder));
  if (arguments.json) {
    const nlohmann::ordered_json json = {{"version", loaded.version}, {"rows", loaded.rows}};
    std::printf("%s", core::ResultJson(json).c_str());
    return {};
  }
  std::printf("vocabulary %s\n",
              loaded.version.empty() ? "without a version" : loaded.version.c_str());
  for (const auto& [table, rows] : loaded.rows) {
    std::printf("%12lld  %s\n", static_cast<long long>(rows), table.c_str());
  }
  return {};
}

nlohmann::ordered_json Json(const store::FoundConcept& found) {
  return {{"concept_id", found.concept_id},
          {"name", found.name},
          {"domain", found.domain},
          {"vocabulary", found.vocabulary},
          {"class", found.concept_class},
          {"standard", found.standard},
          {"code", found.code}};
}

void Print(const char* before, const store::FoundConcept& found) {
  std::printf("%s%-11lld %-1s  %s  [%s, %s %s]\n", before, static_cast<long long>(found.concept_id),
              found.standard.c_str(), found.name.c_str(), found.domain.c_str(),
              found.vocabulary.c_str(), found.code.c_str());
}

Result<void> Search(const Arguments& arguments) {
  CLINNOVA_ASSIGN(auto store, OpenStore(arguments.site));
  CLINNOVA_ASSIGN(const auto found,
                  store::SearchConcepts(store.database(), {.text = arguments.text,
                                                           .domain = arguments.domain,
                                                           .limit = arguments.limit}));
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& concept_ : found) {
    json.push_back(Json(concept_));
    if (!arguments.json) Print("", concept_);
  }
  if (arguments.json) std::printf("%s", core::ResultJson(json).c_str());
  if (!arguments.json && found.empty()) std::printf("no concept\n");
  return {};
}

Result<void> Show(const Arguments& arguments) {
  CLINNOVA_ASSIGN(auto store, OpenStore(arguments.site));
  CLINNOVA_ASSIGN(const auto shown,
                  store::ConceptWithNeighbours(store.database(), arguments.concept_id));
  const std::pair<const char*, const std::vector<store::FoundConcept>*> groups[] = {
      {"maps_to", &shown.maps_to}, {"above", &shown.above}, {"below", &shown.below}};
  nlohmann::ordered_json json = Json(shown.self);
  if (!arguments.json) Print("", shown.self);
  for (const auto& [name, concepts] : groups) {
    json[name] = nlohmann::ordered_json::array();
    if (!arguments.json && !concepts->empty()) std::printf("%s\n", name);
    for (const auto& concept_ : *concepts) {
      json[name].push_back(Json(concept_));
      if (!arguments.json) Print("  ", concept_);
    }
  }
  if (arguments.json) std::printf("%s", core::ResultJson(json).c_str());
  return {};
}

}  // namespace

void AddSiteVocabulary(Commands& commands, CLI::App* site) {
  CLI::App* group = site->add_subcommand("vocabulary", "The site's concepts: load, search, show")
                        ->group(kForDataManagers);
  group->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the actions
  const auto add = [&](const char* name, const char* what, auto action) {
    CLI::App* command = commands.Add(group, name, what, kForDataManagers,
                                     [arguments, action] { return action(*arguments); });
    AddSiteOptions(command, arguments->site, arguments->json);
    return command;
  };
  add("load", "Load a vocabulary downloaded from OHDSI Athena in place of an earlier one", Load)
      ->add_option("FOLDER", arguments->folder, "the unpacked download: CONCEPT.csv and so on")
      ->required();
  CLI::App* search =
      add("search", "Find concepts by words of their name, or by their code", Search);
  search->add_option("TEXT", arguments->text, "words or a code")->required();
  search->add_option("--domain", arguments->domain, "only this domain, such as Drug");
  search->add_option("--limit", arguments->limit, "how many to print (20)");
  add("show", "One concept, what it maps to, and what stands directly above and below it", Show)
      ->add_option("CONCEPT", arguments->concept_id, "its identifier")
      ->required();
}

}  // namespace clinnova::cli
