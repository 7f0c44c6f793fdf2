// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "core/whole_file.h"
#include "decision/registered_model.h"
#include "federation/ledger.h"
#include "federation/secret.h"
#include "network/hub_folder.h"
#include "network/hub_store.h"

namespace clinnova::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string folder = ".";
  std::string study;
  std::string analysis;
  std::string name;
};

fs::path FileOf(const Arguments& arguments, int version) {
  return fs::path(arguments.folder) / "models" /
         (arguments.name + "-" + std::to_string(version) + ".json");
}

/// The study whose hash begins so, with its result.
Result<std::pair<network::StudyRecord, std::string>> FindResult(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto store, network::HubStore::Open(fs::path(arguments.folder) / "hub.db"));
  CLINNOVA_ASSIGN(const auto studies, store->Studies());
  for (const network::StudyRecord& study : studies) {
    if (!study.hash.starts_with(arguments.study)) continue;
    CLINNOVA_ASSIGN(auto result, store->ResultFile(study.hash));
    if (result) return std::pair(study, std::move(*result));
    return Fail(ErrorCode::kInvalidInput,
                "study " + study.hash.substr(0, 12) + " is " + study.state + " and has no result");
  }
  return Fail(ErrorCode::kInvalidInput,
              "study: found \"" + arguments.study + "\", expected the beginning of a study's hash");
}

/// A hub that serves holds its ledger; then the registered file alone tells.
Result<void> Note(const Arguments& arguments, const federation::SiteIdentity& identity, int version,
                  const std::string& text) {
  auto ledger = federation::Ledger::Open(
      {.path = fs::path(arguments.folder) / "ledger.jsonl", .identity = &identity});
  if (!ledger && ledger.error().reason == "ledger_in_use") {
    std::fprintf(stderr, "the hub serves: not entered into its ledger\n");
    return {};
  }
  if (!ledger) return Fail(ledger);
  CLINNOVA_TRY((*ledger)->Append(federation::LedgerKind::kModel,
                                 {{"event", "registered"},
                                  {"name", arguments.name},
                                  {"version", version},
                                  {"file", core::ToHex(core::Blake2b(text))}}));
  return {};
}

Result<void> Register(const Arguments& arguments) {
  CLINNOVA_TRY(federation::StartCryptography());
  CLINNOVA_ASSIGN(const auto config, network::ReadHubConfig(arguments.folder));
  CLINNOVA_ASSIGN(const auto identity,
                  federation::SiteIdentity::Load(fs::path(arguments.folder) / "hub.key"));
  CLINNOVA_ASSIGN(const auto found, FindResult(arguments));
  int version = 1;
  while (fs::exists(FileOf(arguments, version))) ++version;
  CLINNOVA_ASSIGN(const std::string text,
                  decision::RegisterModel({.result = found.second,
                                           .study = found.first.canonical,
                                           .analysis = arguments.analysis,
                                           .name = arguments.name,
                                           .version = version,
                                           .hub = config.name,
                                           .time = network::TimeText(network::NowMs())},
                                          identity));
  const fs::path file = FileOf(arguments, version);
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  CLINNOVA_TRY(core::WriteWholeFile(file.string(), text));
  CLINNOVA_TRY(Note(arguments, identity, version, text));
  std::printf("%s\n", file.string().c_str());
  return {};
}

}  // namespace

void AddHubModel(Commands& commands, CLI::App* hub) {
  auto a = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* group = commands.Add(hub, "model", "The registry of learned models", kForOperators, {});
  CLI::App* add =
      commands.Add(group, "register",
                   "Sign the model of a study's result as a new version; prints the file "
                   "for the sites",
                   kForOperators, [a] { return Register(*a); });
  add->add_option("STUDY", a->study, "the study's hash or its beginning")->required();
  add->add_option("ANALYSIS", a->analysis, "the analysis that learned the model")->required();
  add->add_option("--name", a->name, "the model's name in the registry")->required();
  add->add_option("--dir", a->folder, "the hub's folder")->capture_default_str();
}

}  // namespace clinnova::cli
