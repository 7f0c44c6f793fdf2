// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/site_cdm.h"
#include "cohort/site_files.h"
#include "core/json_text.h"
#include "core/text.h"
#include "intake/local_codes.h"
#include "store/store.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string site;
  std::vector<std::string> codes;  ///< SYSTEM|CODE=CONCEPT
  std::string decisions;           ///< a CSV file
  std::string by;
  std::size_t limit = 50;
  std::size_t suggestions = 3;
  bool history = false;
  bool csv = false;
  bool json = false;
};

Result<store::Store> OpenStore(const std::string& site, store::Store::Access access) {
  CLINNOVA_TRY(NeedOwnCdm(site, "site map"));
  return OpenOwnCdm(cohort::SiteFiles(site), access);
}

Result<intake::LocalCodeDecision> ParseDecision(const std::string& text) {
  const std::size_t bar = text.find('|');
  const std::size_t equals = text.rfind('=');
  intake::LocalCodeDecision decision;
  bool good = bar != text.npos && equals != text.npos && bar + 1 < equals;
  if (good) {
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + equals + 1, end, decision.target_concept_id);
    good = read.ec == std::errc() && read.ptr == end && decision.target_concept_id >= 0;
  }
  if (!good) {
    return Fail(
        ErrorCode::kInvalidInput,
        "--code: found \"" + text + "\", expected \"SYSTEM|CODE=CONCEPT_ID\"; SYSTEM may be empty");
  }
  decision.system = text.substr(0, bar);
  decision.code = text.substr(bar + 1, equals - bar - 1);
  return decision;
}

Result<void> DecideThem(const Arguments& arguments) {
  std::vector<intake::LocalCodeDecision> decisions;
  if (!arguments.decisions.empty()) {
    CLINNOVA_ASSIGN(decisions, intake::ReadDecisions(arguments.decisions));
  }
  for (const std::string& text : arguments.codes) {
    CLINNOVA_ASSIGN(intake::LocalCodeDecision decision, ParseDecision(text));
    decisions.push_back(std::move(decision));
  }
  CLINNOVA_ASSIGN(auto store, OpenStore(arguments.site, store::Store::Access::kReadWrite));
  CLINNOVA_ASSIGN(const auto version, intake::Decide(store.database(), decisions, arguments.by));
  if (arguments.json) {
    const nlohmann::ordered_json json = {{"version", version}, {"decisions", decisions.size()}};
    std::printf("%s", core::ResultJson(json).c_str());
  } else {
    std::printf(
        "version %lld of the site's mapping: %zu decided. Import the files again to apply it.\n",
        static_cast<long long>(version), decisions.size());
  }
  return {};
}

/// A file to fill in and to give back with --decisions.
void PrintCsv(const std::vector<intake::UnmappedLocalCode>& codes) {
  std::printf("source_vocabulary,source_code,description,target_concept_id\n");
  for (const auto& code : codes) {
    std::printf("%s,%s,%s,\n", core::CsvField(code.system).c_str(),
                core::CsvField(code.code).c_str(), core::CsvField(code.description).c_str());
  }
}

void PrintText(const std::vector<intake::UnmappedLocalCode>& codes) {
  if (codes.empty()) std::printf("every code has a concept or a decision\n");
  for (const auto& code : codes) {
    std::printf("%8lld  %-12s %s|%s%s%s\n", static_cast<long long>(code.rows), code.kind.c_str(),
                code.system.c_str(), code.code.c_str(), code.description.empty() ? "" : "  ",
                code.description.c_str());
    for (const auto& suggested : code.suggestions) {
      std::printf("          %5.2f  %lld  %s (%s)\n", suggested.similarity,
                  static_cast<long long>(suggested.concept_id), suggested.name.c_str(),
                  suggested.vocabulary.c_str());
    }
  }
}

nlohmann::ordered_json Json(const std::vector<intake::UnmappedLocalCode>& codes) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& code : codes) {
    nlohmann::ordered_json suggestions = nlohmann::ordered_json::array();
    for (const auto& suggested : code.suggestions) {
      suggestions.push_back({{"concept_id", suggested.concept_id},
                             {"name", suggested.name},
                             {"vocabulary", suggested.vocabulary},
                             {"similarity", suggested.similarity}});
    }
    json.push_back({{"kind", code.kind},
                    {"system", code.system},
                    {"code", code.code},
                    {"description", code.description},
                    {"rows", code.rows},
                    {"suggestions", std::move(suggestions)}});
  }
  return json;
}

Result<void> ShowHistory(store::Store& store, bool json) {
  CLINNOVA_ASSIGN(const auto versions, intake::MappingVersions(store.database()));
  nlohmann::ordered_json shown = nlohmann::ordered_json::array();
  for (const auto& version : versions) {
    shown.push_back({{"version", version.version},
                     {"decided_at", version.decided_at},
                     {"decided_by", version.decided_by},
                     {"decisions", version.decisions}});
    if (!json) {
      std::printf("version %lld  %s  %s  %lld decided\n", static_cast<long long>(version.version),
                  version.decided_at.c_str(), version.decided_by.c_str(),
                  static_cast<long long>(version.decisions));
    }
  }
  if (json) std::printf("%s", core::ResultJson(shown).c_str());
  if (!json && versions.empty()) std::printf("nothing was decided yet\n");
  return {};
}

Result<void> Map(const Arguments& arguments) {
  const bool decides = !arguments.codes.empty() || !arguments.decisions.empty();
  if (decides && arguments.by.empty()) {
    return Fail(ErrorCode::kInvalidInput, "--by: found none, expected who decides");
  }
  if (decides) return DecideThem(arguments);
  // For writing: an older store is brought to this program's version.
  CLINNOVA_ASSIGN(auto store, OpenStore(arguments.site, store::Store::Access::kReadWrite));
  if (arguments.history) return ShowHistory(store, arguments.json);
  CLINNOVA_ASSIGN(const auto codes,
                  intake::UnmappedCodes(store.database(), {.limit = arguments.limit,
                                                           .suggestions = arguments.suggestions}));
  if (arguments.json) {
    std::printf("%s", core::ResultJson(Json(codes)).c_str());
  } else if (arguments.csv) {
    PrintCsv(codes);
  } else {
    PrintText(codes);
  }
  return {};
}

}  // namespace

void AddSiteMap(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      site, "map", "Codes that nothing knows, what they might mean, and what you decide",
      kForDataManagers, [arguments] { return Map(*arguments); });
  command->add_option("--site", arguments->site, "the site's folder")->type_name("DIR")->required();
  command->add_option("--code", arguments->codes, "decide: this code is that concept (0: none)")
      ->type_name("SYSTEM|CODE=CONCEPT");
  command
      ->add_option(
          "--decisions", arguments->decisions,
          "decide by a CSV file: source_code, description, target_concept_id, and where needed "
          "source_vocabulary")
      ->type_name("FILE");
  command->add_option("--by", arguments->by, "who decides, for the record")->type_name("NAME");
  command->add_option("--limit", arguments->limit, "how many codes to list (50)");
  command->add_option("--suggestions", arguments->suggestions, "how many concepts to suggest (3)");
  command->add_flag("--history", arguments->history, "list the versions of the site's mapping");
  command->add_flag("--csv", arguments->csv, "print a file to fill in for --decisions");
  command->add_flag("--json", arguments->json, "print JSON");
}

}  // namespace clinnova::cli
