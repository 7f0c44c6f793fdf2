// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/site_cdm.h"
#include "cli/site_steward.h"
#include "cohort/catalog_entry.h"
#include "cohort/site_files.h"
#include "core/whole_file.h"
#include "network/site_folder.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string site;
  std::string format = "json-ld";
  std::string out;
};

/// The policy's where the folder has one, otherwise its default.
Result<int> MinimumCount(const std::string& site) {
  std::error_code none;
  if (!std::filesystem::exists(std::filesystem::path(site) / "site.toml", none))
    return federation::SitePolicy{}.minimum_count;
  CLINNOVA_ASSIGN(const auto config, network::ReadSiteConfig(site));
  return config.policy.minimum_count;
}

Result<void> Catalog(const Arguments& arguments) {
  if (arguments.format != "json-ld" && arguments.format != "turtle") {
    return Fail(ErrorCode::kInvalidInput,
                "--format: found \"" + arguments.format + "\", expected json-ld or turtle");
  }
  CLINNOVA_TRY(NeedOwnCdm(arguments.site, "site catalog"));
  const cohort::SiteFiles files(arguments.site);
  CLINNOVA_TRY(NeedStore(files));
  CLINNOVA_ASSIGN(const auto settings,
                  cohort::ReadCatalogSettings(
                      (std::filesystem::path(arguments.site) / cohort::kCatalogFile).string()));
  CLINNOVA_ASSIGN(const int minimum_count, MinimumCount(arguments.site));
  CLINNOVA_ASSIGN(auto store, OpenOwnCdm(files));
  CLINNOVA_ASSIGN(const auto numbers,
                  cohort::CountForCatalog(store, {.minimum_count = minimum_count,
                                                  .disease_modules = files.diseases.string()}));
  const auto entry = cohort::CatalogEntry(settings, numbers);
  const std::string text =
      arguments.format == "turtle" ? cohort::TurtleOf(entry) : entry.dump(2) + "\n";
  if (arguments.out.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    CLINNOVA_TRY(core::WriteWholeFile(arguments.out, text));
  }
  for (const std::string& what : numbers.held_back)
    std::fprintf(stderr, "held back: %s\n", what.c_str());
  return {};
}

}  // namespace

void AddSiteCatalog(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      site, "catalog",
      "The site's dataset as an entry of a catalogue (HealthDCAT-AP), made to leave the site: "
      "small counts are left out, others rounded",
      kForDataManagers, [arguments] { return Catalog(*arguments); });
  command->add_option("--site,--dir", arguments->site, "the site's folder, with catalog.toml")
      ->type_name("DIR")
      ->required();
  command->add_option("--format", arguments->format, "json-ld or turtle")->capture_default_str();
  command->add_option("--out", arguments->out, "a file instead of standard output")
      ->type_name("FILE");
}

}  // namespace clinnova::cli
