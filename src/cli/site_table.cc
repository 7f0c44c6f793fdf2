// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/site_cdm.h"
#include "core/json_text.h"
#include "network/cdm_table_source.h"
#include "store/attached_cdm.h"

namespace clinnova::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string study;
  std::string site;
  std::string out;
  bool sql = false;
  bool json = false;
};

/// A folder beside the site's tables that goes when this does: a look at a study's table freezes nothing.
struct Scratch {
  fs::path folder;
  explicit Scratch(const fs::path& tables)
      : folder(tables.string() + ".look." + std::to_string(::getpid())) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

std::size_t Present(const table::Column& column) {
  std::size_t present = 0;
  for (const double number : column.numbers) present += std::isnan(number) ? 0 : 1;
  for (const std::int32_t code : column.codes) present += code >= 0 ? 1 : 0;
  return present;
}

nlohmann::ordered_json Described(const table::Table& table) {
  nlohmann::ordered_json json = {{"persons", table.rows},
                                 {"columns", nlohmann::ordered_json::array()}};
  for (std::size_t c = 0; c + 1 < table.columns.size(); ++c) {
    const table::ColumnSchema& schema = table.schema.columns[c];
    json["columns"].push_back(
        {{"name", schema.name}, {"known", Present(table.columns[c])}, {"levels", schema.levels}});
  }
  return json;
}

std::string Text(const nlohmann::ordered_json& described) {
  std::string text = std::to_string(described["persons"].get<std::size_t>()) + " persons\n\n";
  constexpr std::size_t kNameWidth = 24;
  for (const auto& column : described["columns"]) {
    std::string name = column["name"].get<std::string>();
    name.resize(std::max(name.size(), kNameWidth), ' ');
    text += name + " known of " + std::to_string(column["known"].get<std::size_t>());
    const char* before = "  ";
    for (const auto& level : column["levels"]) {
      text += before + level.get<std::string>();
      before = ", ";
    }
    text += '\n';
  }
  return text;
}

Result<void> CopyOut(const fs::path& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return Fail(ErrorCode::kFailed, "--out: " + to + ": " + error.message());
  return {};
}

Result<cohort::FrozenTable> FreezeHere(const cohort::SiteFiles& files,
                                       const std::optional<store::Attachment>& attachment,
                                       const network::StudyRequest& request,
                                       const fs::path& folder) {
  if (attachment) {
    CLINNOVA_ASSIGN(auto cdm, store::AttachedCdm::Open(*attachment));
    return cohort::Freeze(cdm, request.table, request.module, folder);
  }
  CLINNOVA_ASSIGN(auto store, OpenOwnCdm(files));
  return cohort::Freeze(store, request.table, request.module, folder);
}

Result<void> Look(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const std::string text, ReadText(arguments.study));
  CLINNOVA_ASSIGN(const auto study, federation::Study::FromToml(text, arguments.study));
  const cohort::SiteFiles files(arguments.site);
  const auto request = network::RequestOf(study, files.diseases.string());
  if (!request) return FailAt(arguments.study, request);
  CLINNOVA_ASSIGN(const auto attachment, store::ReadAttachment(files.attachment));
  const auto query =
      cohort::CompileStudy(request->table, request->module, attachment ? &*attachment : nullptr);
  if (!query) return FailAt(arguments.study, query);
  if (arguments.sql) {
    std::printf("%s\n", query->sql.c_str());
    return {};
  }
  const Scratch scratch(files.tables);
  CLINNOVA_ASSIGN(const auto frozen, FreezeHere(files, attachment, *request, scratch.folder));
  table::Schema schema{.columns = query->columns};
  schema.columns.push_back({"site", table::ColumnKind::kFactor, {"here"}});
  CLINNOVA_ASSIGN(const table::Table table, cohort::BuildStudyTable(frozen, schema, "here"));
  if (!arguments.out.empty()) CLINNOVA_TRY(CopyOut(frozen.path, arguments.out));
  const auto described = Described(table);
  const std::string shown = arguments.json ? core::ResultJson(described) + "\n" : Text(described);
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  return {};
}

}  // namespace

void AddSiteTable(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      site, "table", "What a study's table would be here today: persons, columns, and the SQL",
      kForDataManagers, [arguments] { return Look(*arguments); });
  command->add_option("STUDY", arguments->study, "the study file (TOML), with a cohort")
      ->required();
  command->add_option("--site", arguments->site, "the site's folder")->type_name("DIR")->required();
  command->add_option("--out", arguments->out, "also write the rows to this Parquet file")
      ->type_name("FILE");
  command->add_flag("--sql", arguments->sql, "print the statement and stop");
  command->add_flag("--json", arguments->json, "print JSON");
}

}  // namespace clinnova::cli
