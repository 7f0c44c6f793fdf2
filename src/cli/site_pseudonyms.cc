// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/site_cdm.h"
#include "cohort/site_files.h"
#include "intake/import.h"
#include "intake/rotation.h"
#include "intake/store_key.h"
#include "store/store.h"

namespace clinnova::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string site;
  bool json = false;
};

/// The pseudonyms of a hospital's own CDM are the hospital's.
Result<cohort::SiteFiles> NeedPseudonyms(const std::string& site) {
  cohort::SiteFiles files(site);
  std::error_code none;
  if (fs::exists(files.attachment, none)) {
    return Fail(ErrorCode::kInvalidInput,
                files.attachment.string() +
                    ": this site's CDM is on PostgreSQL and only read, its identifiers are the "
                    "hospital's: expected a site with a CDM of its own (clinnova site import)");
  }
  return files;
}

/// DuckDB lets one program write, or several read: its words name the other one.
Result<store::Store> OpenForRotation(const cohort::SiteFiles& files) {
  CLINNOVA_TRY(NeedStore(files));
  auto store =
      store::Store::Open({.path = files.store.string(), .memory_limit = intake::kImportMemory});
  if (store || store.error().message.find("lock") == std::string::npos) return store;
  return FailAt(files.store.string() +
                    ": in use, by an import or by a study that is reading it; nothing was changed, "
                    "try again when it has ended",
                store);
}

Result<void> Rotate(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const cohort::SiteFiles files, NeedPseudonyms(arguments.site));
  CLINNOVA_ASSIGN(auto store, OpenForRotation(files));
  // What an import or a rotation that was killed left beside the store, which is ours alone while it is open.
  std::error_code ignored;
  fs::remove_all(files.store.string() + ".tmp", ignored);
  const std::string key_file = files.pseudonym_key.string();
  CLINNOVA_ASSIGN(const intake::Rotation done,
                  intake::RotatePseudonyms(store, key_file, [](const std::string& step) {
                    std::fprintf(stderr, "%s\n", step.c_str());
                  }));
  if (arguments.json) {
    const nlohmann::ordered_json json = {{"persons", done.persons},
                                         {"rows", done.rows},
                                         {"tables", done.tables},
                                         {"key_before", done.before},
                                         {"key_after", done.after},
                                         {"generation", done.generation},
                                         {"outside_pseudonyms", done.outside}};
    std::printf("%s\n", json.dump(2).c_str());
    return {};
  }
  std::printf(
      "%s %lld persons%s, new identifiers for %lld rows of %lld tables\n"
      "Key %s -> %s, generation %zu, in %s\n"
      "Make a new copy of that file, away from the CDM: with the old copy alone the site can "
      "import "
      "no more.\n"
      "Copies of the CDM that were made before (clinnova site mirror) still have the old "
      "identifiers, and so has the free room of cdm.duckdb until later imports use it.\n",
      done.outside ? "The" : "New pseudonyms for", static_cast<long long>(done.persons),
      done.outside ? " keep the outside service's pseudonyms" : "",
      static_cast<long long>(done.rows), static_cast<long long>(done.tables), done.before.c_str(),
      done.after.c_str(), done.generation, key_file.c_str());
  return {};
}

/// Whether the key file is the store's; why not, where it is not.
Result<std::string> KeyTrouble(store::Store& store, const std::string& key_file) {
  const auto key = intake::LoadStoreKey(store.database(), key_file);
  if (key) return std::string();
  if (key.error().code != ErrorCode::kInvalidInput) return Fail(key);
  return key.error().message;
}

Result<void> Status(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const cohort::SiteFiles files, NeedPseudonyms(arguments.site));
  CLINNOVA_ASSIGN(auto store, OpenOwnCdm(files, store::Store::Access::kReadOnly));
  CLINNOVA_ASSIGN(const intake::PseudonymStatus status, intake::ReadPseudonymStatus(store));
  CLINNOVA_ASSIGN(const std::string trouble, KeyTrouble(store, files.pseudonym_key.string()));
  if (arguments.json) {
    nlohmann::ordered_json json = {{"persons", status.persons},
                                   {"pseudonyms", status.pseudonyms},
                                   {"outside_pseudonyms", status.outside},
                                   {"keys", nlohmann::ordered_json::array()},
                                   {"key_file_fits", trouble.empty()}};
    for (const auto& key : status.keys) {
      json["keys"].push_back({{"fingerprint", key.fingerprint}, {"since", key.since}});
    }
    std::printf("%s\n", json.dump(2).c_str());
    return {};
  }
  std::printf(
      "%-12s %lld, %lld of them with a pseudonym%s\n", "persons",
      static_cast<long long>(status.persons), static_cast<long long>(status.pseudonyms),
      status.outside ? " of an outside service; the keys are of all other identifiers" : "");
  for (std::size_t i = 0; i < status.keys.size(); ++i) {
    const auto& key = status.keys[i];
    std::printf("%-12s %s since %s%s\n", ("key " + std::to_string(i + 1)).c_str(),
                key.fingerprint.c_str(), key.since.c_str(),
                i + 1 == status.keys.size() ? ", in use" : "");
  }
  std::printf(
      "%-12s %s\n", "key file",
      trouble.empty() ? (files.pseudonym_key.string() + ", fits").c_str() : trouble.c_str());
  return {};
}

}  // namespace

void AddSitePseudonyms(Commands& commands, CLI::App* site) {
  CLI::App* group =
      site->add_subcommand("pseudonyms", "The key of the site's pseudonyms: status, a new one")
          ->group(kForDataManagers);
  group->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the actions
  const auto add = [&](const char* name, const char* what, auto action) {
    AddSiteOptions(commands.Add(group, name, what, kForDataManagers,
                                [arguments, action] { return action(*arguments); }),
                   arguments->site, arguments->json);
  };
  add("rotate",
      "A new key: every person gets a new pseudonym and every row a new identifier, all at once; "
      "later imports of old files still fit; an outside service's pseudonyms stay",
      Rotate);
  add("status",
      "Fingerprints of the keys, since when, of how many persons, and whether an outside service "
      "made "
      "the pseudonyms; never a key",
      Status);
}

}  // namespace clinnova::cli
