// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "core/json_text.h"
#include "decision/model_folder.h"
#include "federation/ledger.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string folder = ".";
  std::string file;
  std::string name;
  std::string key;
  int version = 1;
  bool json = false;
};

/// Enters what the steward did into the ledger. A site that serves holds it, and notes by itself which models it
/// takes into use.
Result<void> Note(const Arguments& arguments, const char* event,
                  const decision::RegisteredModel& model) {
  const std::filesystem::path folder = arguments.folder;
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  auto ledger = federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity});
  if (!ledger) {
    if (ledger.error().reason == "ledger_in_use") return {};
    return Fail(ledger);
  }
  CLINNOVA_TRY(
      (*ledger)->Append(federation::LedgerKind::kModel, {{"event", event},
                                                         {"model", core::ToHex(model.hash)},
                                                         {"name", model.name},
                                                         {"version", model.version},
                                                         {"key", core::ToHex(model.key)}}));
  return {};
}

Result<void> Done(const Arguments& arguments, const char* event,
                  const decision::RegisteredModel& model) {
  CLINNOVA_TRY(Note(arguments, event, model));
  std::printf("%s: %s (%.16s…), signed by %.16s…\n", model.Label().c_str(), event,
              core::ToHex(model.hash).c_str(), core::ToHex(model.key).c_str());
  return {};
}

Result<void> Add(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const std::string text, ReadText(arguments.file));
  auto model = decision::AddModel(arguments.folder, text, arguments.file);
  if (model) return Done(arguments, "added", *model);
  if (model.error().code == ErrorCode::kRefused) {
    const std::filesystem::path folder = arguments.folder;
    CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
    auto ledger =
        federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity});
    if (ledger) {
      CLINNOVA_TRY((*ledger)->Append(federation::LedgerKind::kRefusal,
                                     {{"request", "model"}, {"reason", model.error().reason}}));
    }
  }
  return Fail(model);
}

Result<void> Approve(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto model,
                  decision::ApproveModel(arguments.folder, arguments.name, arguments.version));
  return Done(arguments, "approved", model);
}

Result<void> Remove(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto model,
                  decision::RemoveModel(arguments.folder, arguments.name, arguments.version));
  return Done(arguments, "removed", model);
}

Result<void> Trust(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto key, decision::ReadPublicKey(arguments.key));
  CLINNOVA_TRY(decision::TrustModelKey(arguments.folder, key));
  std::printf("Models signed by %s are taken from now on\n", arguments.key.c_str());
  return {};
}

Result<void> List(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto models, decision::StoredModels(arguments.folder));
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const decision::StoredModel& stored : models) {
    const decision::RegisteredModel& model = stored.model;
    list.push_back({{"name", model.name},
                    {"version", model.version},
                    {"in_use", stored.in_use},
                    {"title", model.model.title},
                    {"hash", core::ToHex(model.hash)},
                    {"study", core::ToHex(model.study)},
                    {"hub", model.hub},
                    {"registered", model.registered}});
    if (arguments.json) continue;
    std::printf("%-24s %3d  %-8s %s\n", model.name.c_str(), model.version,
                stored.in_use ? "in use" : "waiting", model.model.title.c_str());
  }
  if (arguments.json) std::printf("%s", core::ResultJson(list).c_str());
  if (!arguments.json && models.empty()) std::printf("No learned model is at this site.\n");
  return {};
}

}  // namespace

void AddSiteModel(Commands& commands, CLI::App* site) {
  auto a = std::make_shared<Arguments>();  // shared by the options and the actions
  CLI::App* group =
      commands.Add(site, "model", "Learned models at this site, for the bedside", kForStewards, {});
  const auto add = [&](const char* name, const char* what,
                       Result<void> (*action)(const Arguments&)) {
    CLI::App* command =
        commands.Add(group, name, what, kForStewards, [a, action] { return action(*a); });
    command->add_option("--dir", a->folder, "the site's folder")->capture_default_str();
    return command;
  };
  add("add", "Keep a model as the hub's registry signed it", Add)
      ->add_option("FILE", a->file, "the registered model")
      ->required();
  add("list", "Which models are here, and which are in use", List)
      ->add_flag("--json", a->json, "print JSON");
  CLI::App* approve = add("approve", "Let a version into use at the bedside", Approve);
  CLI::App* remove = add("remove", "Take a version out of use at once, and away", Remove);
  for (CLI::App* command : {approve, remove}) {
    command->add_option("NAME", a->name, "the model")->required();
    command->add_option("VERSION", a->version, "its version")->required();
  }
  add("trust", "Also take models that the owner of another key signs", Trust)
      ->add_option("KEY", a->key, "64 hexadecimal digits")
      ->required();
}

}  // namespace clinnova::cli
