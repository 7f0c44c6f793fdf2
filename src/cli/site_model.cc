// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cohort/site_files.h"
#include "core/json_text.h"
#include "core/text.h"
#include "decision/model_folder.h"
#include "decision/model_monitor.h"
#include "decision/recalibration.h"
#include "federation/ledger.h"
#include "network/site_folder.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string folder = ".";
  std::string file;
  std::string name;
  std::string key;
  int version = 1;
  bool json = false;
  bool approve = false;
  bool remove = false;
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

/// The site's own patients as the model sees them.
Result<decision::SimilarPatients> Patients(const Arguments& arguments,
                                           const decision::RegisteredModel& model) {
  const std::string modules = cohort::SiteFiles(arguments.folder).diseases.string();
  CLINNOVA_ASSIGN(const auto module, cohort::DiseaseModule::Load(model.disease, modules));
  return decision::SimilarPatients::Read(arguments.folder, model, module);
}

std::string Shift(const decision::Recalibration& recalibration) {
  char text[96];
  std::snprintf(text, sizeof text, "intercept %+.4f (standard error %.4f) from %lld patients",
                recalibration.intercept, recalibration.std_error,
                static_cast<long long>(recalibration.patients));
  return text;
}

Result<void> Recalibrate(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const auto model,
                  decision::FindModel(arguments.folder, arguments.name, arguments.version));
  const std::string now = network::TimeText(network::NowMs());
  if (arguments.remove) {
    CLINNOVA_TRY(decision::RemoveRecalibration(arguments.folder, model));
    return Done(arguments, "recalibration removed", model);
  }
  if (arguments.approve) {
    CLINNOVA_ASSIGN(const auto approved,
                    decision::ApproveRecalibration(arguments.folder, model, now));
    std::printf("%s: %s\n", model.Label().c_str(), Shift(approved).c_str());
    return Done(arguments, "recalibration approved", model);
  }
  CLINNOVA_ASSIGN(const auto patients, Patients(arguments, model));
  CLINNOVA_ASSIGN(const auto proposed,
                  decision::ProposeRecalibration(arguments.folder, model, patients, now));
  std::printf("%s: %s\nIt is not in use before --approve.\n", model.Label().c_str(),
              Shift(proposed).c_str());
  return Done(arguments, "recalibration proposed", model);
}

nlohmann::ordered_json DriftJson(const std::vector<decision::InputDrift>& drifts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const decision::InputDrift& drift : drifts) {
    nlohmann::ordered_json entry = {
        {"input", drift.input},       {"known", drift.known},
        {"missing", drift.missing},   {"standardised_difference", nullptr},
        {"stability_index", nullptr}, {"largest_difference", nullptr}};
    if (drift.standardised_difference) {
      entry["missing_in_training"] = drift.missing_in_training;
      entry["standardised_difference"] = *drift.standardised_difference;
    }
    if (drift.stability_index) entry["stability_index"] = *drift.stability_index;
    if (drift.largest_difference) entry["largest_difference"] = *drift.largest_difference;
    list.push_back(std::move(entry));
  }
  return list;
}

nlohmann::ordered_json CalibrationJson(const decision::SiteCalibration& calibration) {
  nlohmann::ordered_json json = {{"patients", calibration.patients},
                                 {"incomplete", calibration.incomplete},
                                 {"observed", calibration.observed},
                                 {"expected", calibration.expected}};
  for (const char* key : {"observed_expected", "brier", "intercept", "intercept_error"}) {
    json[key] = nullptr;
  }
  if (calibration.patients == 0) return json;
  json["observed_expected"] = static_cast<double>(calibration.observed) / calibration.expected;
  json["brier"] = calibration.brier;
  if (!std::isfinite(calibration.intercept_error)) return json;
  json["intercept"] = calibration.intercept;
  json["intercept_error"] = calibration.intercept_error;
  return json;
}

void PrintMonitor(const nlohmann::ordered_json& report) {
  const auto& use = report["use"];
  std::printf("%s %d%s\n\nUse\n  answers      %s\n  recommended  %s\n",
              report["name"].get<std::string>().c_str(), report["version"].get<int>(),
              report["recalibrated"].is_null() ? "" : ", recalibrated",
              use["answers"].dump().c_str(), use["recommended"].dump().c_str());
  for (const char* part : {"withheld", "feedback"}) {
    for (const auto& [word, count] : use[part].items()) {
      std::printf("  %s: %-22s %s\n", part, word.c_str(), count.dump().c_str());
    }
  }
  std::printf("\nCalibration at this site\n");
  for (const auto& [key, value] : report["calibration"].items()) {
    std::printf("  %-18s %s\n", key.c_str(),
                value.is_number_float() ? core::Significant(value.get<double>(), 4).c_str()
                : value.is_null()       ? "-"
                                        : value.dump().c_str());
  }
  std::printf("\nInputs against training\n");
  for (const auto& drift : report["drift"]) {
    const bool number = !drift["standardised_difference"].is_null();
    const auto& value = drift[number ? "standardised_difference" : "stability_index"];
    std::string groups;
    if (!drift["largest_difference"].is_null()) {
      groups = ", stability index " + core::Significant(drift["stability_index"].get<double>(), 3) +
               ", largest difference of shares below a value " +
               core::Significant(drift["largest_difference"].get<double>(), 3);
    }
    std::printf("  %-18s %s %s%s, missing %s\n", drift["input"].get<std::string>().c_str(),
                number ? "standardised difference" : "stability index",
                value.is_null() ? "-" : core::Significant(value.get<double>(), 3).c_str(),
                groups.c_str(), core::Significant(drift["missing"].get<double>(), 3).c_str());
  }
}

Result<void> Monitor(const Arguments& arguments) {
  CLINNOVA_ASSIGN(auto model,
                  decision::FindModel(arguments.folder, arguments.name, arguments.version));
  CLINNOVA_TRY(decision::ApplyRecalibration(arguments.folder, model));
  CLINNOVA_ASSIGN(const auto patients, Patients(arguments, model));
  CLINNOVA_ASSIGN(const auto calibration, decision::CalibrationAt(patients, model.model));
  CLINNOVA_ASSIGN(const auto log, network::ReadReleaseLog(arguments.folder));
  const decision::ModelUse use = decision::UseOf(log.entries, model);
  nlohmann::ordered_json report = {{"name", model.name},
                                   {"version", model.version},
                                   {"hash", core::ToHex(model.hash)},
                                   {"recalibrated", nullptr},
                                   {"use",
                                    {{"answers", use.answers},
                                     {"recommended", use.recommended},
                                     {"withheld", use.withheld},
                                     {"feedback", use.feedback}}},
                                   {"calibration", CalibrationJson(calibration)},
                                   {"drift", DriftJson(decision::DriftAt(patients, model.model))}};
  if (model.recalibration) report["recalibrated"] = model.recalibration->made;
  if (arguments.json) {
    std::printf("%s", core::ResultJson(report).c_str());
  } else {
    PrintMonitor(report);
  }
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
  CLI::App* recalibrate =
      add("recalibrate", "Bring a model's intercept to this site's own patients", Recalibrate);
  recalibrate->add_flag("--approve", a->approve, "let what was proposed into use");
  recalibrate->add_flag("--remove", a->remove, "take it away");
  CLI::App* monitor =
      add("monitor", "How a model does here: use, calibration, drift of its inputs", Monitor);
  monitor->add_flag("--json", a->json, "print JSON");
  for (CLI::App* command : {approve, remove, recalibrate, monitor}) {
    command->add_option("NAME", a->name, "the model")->required();
    command->add_option("VERSION", a->version, "its version")->required();
  }
  add("trust", "Also take models that the owner of another key signs", Trust)
      ->add_option("KEY", a->key, "64 hexadecimal digits")
      ->required();
}

}  // namespace clinnova::cli
