// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/site_cdm.h"
#include "cohort/site_files.h"
#include "intake/import.h"
#include "network/consent_record.h"
#include "store/consents.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;
  std::string site;
  std::string mapping;
  std::string pseudonyms;
  bool json = false;
};

Result<void> Import(const Arguments& arguments) {
  for (const std::string& path : arguments.paths) {
    if (!std::filesystem::exists(path)) {  // before anything is made in the site's folder
      return Fail(ErrorCode::kInvalidInput, path + ": no such file or folder");
    }
  }
  CLINNOVA_TRY(NeedOwnCdm(arguments.site, "site import"));
  const bool new_folder = !std::filesystem::exists(arguments.site);
  CLINNOVA_TRY(MakeSiteFolder(arguments.site));
  const cohort::SiteFiles files(arguments.site);
  const bool fresh = !std::filesystem::exists(files.store);
  store::ConsentChange consents;
  const auto report = [&]() -> Result<intake::ImportReport> {
    CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = files.store.string(),
                                                    .memory_limit = intake::kImportMemory}));
    // What an import that was killed left beside the store, which is ours alone while it is open.
    std::error_code ignored;
    std::filesystem::remove_all(files.store.string() + ".tmp", ignored);
    CLINNOVA_ASSIGN(const auto before, store::ConsentSnapshot::Take(store));
    CLINNOVA_ASSIGN(auto done, intake::Import(store, {.paths = arguments.paths,
                                                      .mapping = arguments.mapping,
                                                      .key_file = files.pseudonym_key.string(),
                                                      .pseudonyms = arguments.pseudonyms}));
    CLINNOVA_ASSIGN(const auto after, store::ConsentSnapshot::Take(store));
    consents = after.Since(before);
    return done;
  }();
  if (!report) {
    // A failed first import leaves nothing behind.
    std::error_code ignored;
    if (fresh) std::filesystem::remove(files.store, ignored);
    if (new_folder) std::filesystem::remove(arguments.site, ignored);
    return Fail(report);
  }
  if (fresh) {
    std::error_code ignored;
    std::filesystem::permissions(
        files.store, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
        ignored);
  }
  const std::string shown = arguments.json ? report->Json() + "\n" : report->Text();
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  // Behind the report: the records are in, whatever the ledger says.
  if (const auto noted = network::RecordConsentChange(arguments.site, consents); !noted)
    return FailAt("imported, but the change of consents is not in the ledger", noted);
  return {};
}

}  // namespace

void AddSiteImport(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command =
      commands.Add(site, "import",
                   "Read exports (FHIR, OMOP, and others by mapping) into the site's OMOP "
                   "CDM and say what became of every record",
                   kForDataManagers, [arguments] { return Import(*arguments); });
  command->add_option("PATH", arguments->paths, "files and folders to import")->required();
  command->add_option("--site", arguments->site, "the site's folder; made where it is not there")
      ->type_name("DIR")
      ->required();
  command
      ->add_option(
          "--mapping", arguments->mapping,
          "for all but FHIR and OMOP: a dialect such as ch-csv, a folder of mappings, or one file")
      ->type_name("DIALECT|DIR|FILE");
  command
      ->add_option(
          "--pseudonyms", arguments->pseudonyms,
          "the list of an outside service's pseudonyms, in place of keyed ones: CSV with the "
          "columns identifier, pseudonym and, where it has them, system; patients whom it does "
          "not name go to quarantine")
      ->type_name("FILE");
  command->add_flag("--json", arguments->json, "print the import report as JSON");
}

}  // namespace clinnova::cli
