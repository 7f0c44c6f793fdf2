// SPDX-License-Identifier: Apache-2.0
#include "cli/site_cdm.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "cohort/site_files.h"
#include "store/attached_cdm.h"
#include "store/cdm_mirror.h"
#include "store/store.h"

namespace clinnova::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string site;
  store::Attachment attachment;
  std::string holder;
  bool json = false;
};

/// DuckDB's own, for a CDM of any size.
constexpr const char* kMirrorMemory = "256MB";

constexpr const char* kTables[] = {"observation_period",   "condition_occurrence", "drug_exposure",
                                   "procedure_occurrence", "measurement",          "observation"};

/// Persons and rows, by `count`, which counts what follows SELECT.
Result<void> Count(const std::function<Result<std::int64_t>(const std::string&)>& count,
                   const std::string& research_persons, nlohmann::ordered_json& status) {
  CLINNOVA_ASSIGN(status["persons"], count("count(*) FROM person"));
  CLINNOVA_ASSIGN(status["research_persons"],
                  count("count(DISTINCT person_id) FROM " + research_persons));
  for (const std::string table : kTables) {
    CLINNOVA_ASSIGN(status["rows"][table], count("count(*) FROM " + table));
  }
  return {};
}

Result<nlohmann::ordered_json> StatusOf(const store::Attachment& attachment) {
  CLINNOVA_ASSIGN(auto cdm, store::AttachedCdm::Open(attachment));
  nlohmann::ordered_json status;
  status["engine"] = "postgresql";
  status["server_version"] = cdm.server().server_version();
  status["schema"] = attachment.schema;
  CLINNOVA_ASSIGN(status["cdm_version"], cdm.CdmVersion());
  CLINNOVA_TRY(
      Count([&](const std::string& what) { return cdm.server().QueryInt64("SELECT " + what); },
            attachment.ResearchPersonsSql(), status));
  return status;
}

Result<nlohmann::ordered_json> StatusOf(store::Store& store) {
  nlohmann::ordered_json status;
  status["engine"] = "duckdb";
  status["cdm_version"] = "5.4";
  CLINNOVA_TRY(
      Count([&](const std::string& what) { return store.database().QueryInt64("SELECT " + what); },
            "clinnova.research_person", status));
  return status;
}

void Print(const nlohmann::ordered_json& status, bool json) {
  if (json) {
    std::printf("%s\n", status.dump(2).c_str());
    return;
  }
  const std::string version = status["cdm_version"].get<std::string>();
  std::string cdm = "Clinnova's own, cdm.duckdb";
  if (status["engine"] == "postgresql") {
    cdm = "PostgreSQL " + status["server_version"].get<std::string>() + ", schema " +
          status["schema"].get<std::string>() + ", only read";
  }
  std::printf("%-22s %s\n%-22s %s\n%-22s %lld\n%-22s %lld\n", "CDM", cdm.c_str(), "CDM version",
              version.empty() ? "not told by its table cdm_source" : version.c_str(), "persons",
              static_cast<long long>(status["persons"].get<std::int64_t>()), "seen by studies",
              static_cast<long long>(status["research_persons"].get<std::int64_t>()));
  for (const auto& [table, rows] : status["rows"].items()) {
    std::printf("%-22s %lld rows\n", table.c_str(),
                static_cast<long long>(rows.get<std::int64_t>()));
  }
}

/// Looks before it writes: a site is attached to what a study can run on, or not at all.
Result<void> Attach(const Arguments& arguments) {
  const cohort::SiteFiles files(arguments.site);
  if (fs::exists(files.store)) {
    return Fail(ErrorCode::kInvalidInput, files.store.string() +
                                              ": this site has a CDM of its own, expected a folder "
                                              "without one");
  }
  CLINNOVA_ASSIGN(const auto status, StatusOf(arguments.attachment));
  CLINNOVA_TRY(MakeSiteFolder(arguments.site));
  CLINNOVA_TRY(store::WriteAttachment(files.attachment, arguments.attachment));
  Print(status, arguments.json);
  return {};
}

Result<void> Status(const Arguments& arguments) {
  const cohort::SiteFiles files(arguments.site);
  CLINNOVA_ASSIGN(const auto attachment, store::ReadAttachment(files.attachment));
  if (attachment) {
    CLINNOVA_ASSIGN(const auto status, StatusOf(*attachment));
    Print(status, arguments.json);
    return {};
  }
  if (!fs::exists(files.store)) {
    return Fail(ErrorCode::kInvalidInput,
                files.store.string() +
                    ": no such file: import data first (clinnova site import), or attach the "
                    "hospital's CDM (clinnova site attach)");
  }
  CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = files.store.string(),
                                                  .access = store::Store::Access::kReadOnly}));
  CLINNOVA_ASSIGN(const auto status, StatusOf(store));
  Print(status, arguments.json);
  return {};
}

Result<void> Mirror(const Arguments& arguments) {
  CLINNOVA_TRY(NeedOwnCdm(arguments.site, "site mirror"));
  const cohort::SiteFiles files(arguments.site);
  CLINNOVA_TRY(NeedStore(files));
  CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = files.store.string(),
                                                  .access = store::Store::Access::kReadOnly,
                                                  .memory_limit = kMirrorMemory}));
  CLINNOVA_ASSIGN(auto server, store::Postgres::Connect(arguments.attachment.connection));
  const fs::path folder = fs::absolute(arguments.site).lexically_normal() / "";
  const std::string holder =
      arguments.holder.empty() ? folder.parent_path().filename().string() : arguments.holder;
  CLINNOVA_ASSIGN(const auto mirrored,
                  store::MirrorCdm(store, server, arguments.attachment.schema, holder));
  if (arguments.json) {
    const nlohmann::ordered_json json = {{"schema", arguments.attachment.schema},
                                         {"rows", mirrored.rows},
                                         {"written", mirrored.written}};
    std::printf("%s\n", json.dump(2).c_str());
    return {};
  }
  for (const auto& [table, rows] : mirrored.rows) {
    const bool written = mirrored.written.contains(table);
    if (rows == 0 && !written) continue;
    std::printf("%-22s %lld rows%s\n", table.c_str(), static_cast<long long>(rows),
                written ? "" : ", as they were");
  }
  return {};
}

}  // namespace

Result<void> NeedOwnCdm(const std::string& site, const std::string& command) {
  const fs::path attachment = cohort::SiteFiles(site).attachment;
  std::error_code none;
  if (!fs::exists(attachment, none)) return {};
  return Fail(ErrorCode::kInvalidInput, attachment.string() + ": " + command +
                                            " is not there yet for a CDM on PostgreSQL, which is "
                                            "only read");
}

Result<void> NeedStore(const cohort::SiteFiles& files) {
  if (fs::exists(files.store)) return {};
  return Fail(ErrorCode::kInvalidInput,
              files.store.string() + ": no such file: import data first (clinnova site import)");
}

Result<store::Store> OpenOwnCdm(const cohort::SiteFiles& files, store::Store::Access access) {
  CLINNOVA_TRY(NeedStore(files));
  return store::Store::Open({.path = files.store.string(), .access = access});
}

// A file in its place is told in one line, not in DuckDB's words.
Result<void> MakeSiteFolder(const std::string& site) {
  std::error_code error;
  if (fs::exists(site, error) && !fs::is_directory(site, error)) {
    return Fail(ErrorCode::kInvalidInput, "--site: " + site + ": found a file, expected a folder");
  }
  if (fs::create_directories(site, error)) {  // patients' data: the owner's alone
    fs::permissions(site, fs::perms::owner_all, error);
  }
  if (error) return Fail(ErrorCode::kFailed, "--site: " + site + ": " + error.message());
  return {};
}

void AddSiteOptions(CLI::App* command, std::string& site, bool& json) {
  command->add_option("--site", site, "the site's folder")->type_name("DIR")->required();
  command->add_flag("--json", json, "print JSON");
}

void AddSiteCdm(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the actions
  const auto common = [arguments](CLI::App* command) {
    AddSiteOptions(command, arguments->site, arguments->json);
  };
  const auto connection = [arguments](CLI::App* command) {
    command
        ->add_option("--connection", arguments->attachment.connection,
                     "as libpq takes it, without a password: \"host=… dbname=… user=… passfile=…\"")
        ->required();
  };
  CLI::App* attach =
      commands.Add(site, "attach",
                   "Use the OMOP CDM (5.3 or 5.4) that the hospital keeps on a PostgreSQL server",
                   kForDataManagers, [arguments] { return Attach(*arguments); });
  connection(attach);
  attach->add_option("--schema", arguments->attachment.schema, "the schema of the CDM's tables")
      ->required();
  attach->add_option("--vocabulary-schema", arguments->attachment.vocabulary_schema,
                     "the schema of concept_ancestor, where it is another one");
  attach
      ->add_option("--research-persons", arguments->attachment.research_persons,
                   "who may be in a study: SCHEMA.NAME of a table or view with a column person_id, "
                   "or everyone")
      ->required();
  common(attach);
  CLI::App* mirror = commands.Add(
      site, "mirror", "Copy the site's CDM to a schema of a PostgreSQL server, for OHDSI's tools",
      kForDataManagers, [arguments] { return Mirror(*arguments); });
  connection(mirror);
  mirror
      ->add_option("--schema", arguments->attachment.schema,
                   "a new schema, or that of an earlier copy, which is replaced")
      ->required();
  mirror->add_option("--holder", arguments->holder,
                     "who holds the CDM, for its cdm_source where the files brought none; "
                     "otherwise the folder's name");
  common(mirror);
  common(commands.Add(site, "status", "The site's CDM: where it is, persons, rows",
                      kForDataManagers, [arguments] { return Status(*arguments); }));
}

}  // namespace clinnova::cli
