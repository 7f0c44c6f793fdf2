// SPDX-License-Identifier: Apache-2.0
#include "decision/model_folder.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "cohort/site_files.h"
#include "core/whole_file.h"
#include "decision/bedside_advice.h"

namespace clinnova::decision {
namespace {

namespace fs = std::filesystem;

fs::path FileOf(const fs::path& site, const std::string& name, int version) {
  return site / "models" / (name + "-" + std::to_string(version) + ".json");
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

nlohmann::json InUse(const fs::path& site) {
  const auto json = nlohmann::json::parse(ReadAll(site / "models" / "in-use.json"), nullptr, false);
  return json.is_object() ? json : nlohmann::json::object();
}

Result<RegisteredModel> OpenStored(const fs::path& site, const fs::path& file) {
  CLINNOVA_ASSIGN(const auto keys, TrustedModelKeys(site));
  return OpenRegisteredModel(ReadAll(file), file.string(), keys);
}

/// Whether a patient's records of today can give its inputs.
Result<void> CheckComputable(const fs::path& site, const RegisteredModel& model) {
  if (model.index.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                model.Label() +
                    ": its study has no cohort, so that a patient's records cannot be "
                    "turned into its inputs");
  }
  CLINNOVA_ASSIGN(
      cohort::DiseaseModule module,
      cohort::DiseaseModule::Load(model.disease, cohort::SiteFiles(site).diseases.string()));
  CLINNOVA_ASSIGN(auto features, FeaturesFor(model, module));
  const auto reader = PatientReader::Create(
      {.module = std::move(module), .index = model.index, .features = std::move(features)});
  if (!reader) return FailAt(model.Label(), reader);
  return {};
}

}  // namespace

Result<void> WriteModelFile(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  return core::WriteWholeFile(path, text);
}

Result<void> TrustModelKey(const fs::path& site, const federation::PublicKey& key) {
  const fs::path file = site / "models" / "keys";
  CLINNOVA_ASSIGN(const auto keys, TrustedModelKeys(site));
  if (std::ranges::find(keys, key) != keys.end()) return {};
  return WriteModelFile(file, ReadAll(file) + core::ToHex(key) + "\n");
}

Result<std::vector<federation::PublicKey>> TrustedModelKeys(const fs::path& site) {
  std::vector<federation::PublicKey> keys;
  for (const fs::path& path : {site / "hub.pub", site / "models" / "keys"}) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (line.empty()) continue;
      const auto key = ReadPublicKey(line);
      if (!key) return FailAt(path.string(), key);
      keys.push_back(*key);
    }
  }
  return keys;
}

Result<RegisteredModel> AddModel(const fs::path& site, const std::string& text,
                                 const std::string& file) {
  CLINNOVA_ASSIGN(const auto keys, TrustedModelKeys(site));
  CLINNOVA_ASSIGN(RegisteredModel model, OpenRegisteredModel(text, file, keys));
  const fs::path path = FileOf(site, model.name, model.version);
  if (fs::exists(path)) {
    return Fail(ErrorCode::kInvalidInput, file + ": " + model.Label() + " is at this site already");
  }
  CLINNOVA_TRY(WriteModelFile(path, text));
  return model;
}

Result<std::vector<StoredModel>> StoredModels(const fs::path& site) {
  const nlohmann::json in_use = InUse(site);
  std::vector<StoredModel> models;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(site / "models", none)) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "in-use.json" ||
        entry.path().filename() == "recalibrated.json")
      continue;
    CLINNOVA_ASSIGN(RegisteredModel model, OpenStored(site, entry.path()));
    const bool used = in_use.value(model.name, 0) == model.version;
    models.push_back({std::move(model), used});
  }
  std::ranges::sort(models, {}, [](const StoredModel& stored) {
    return std::pair(stored.model.name, stored.model.version);
  });
  return models;
}

Result<RegisteredModel> FindModel(const fs::path& site, const std::string& name, int version) {
  const fs::path file = FileOf(site, name, version);
  if (!fs::exists(file)) {
    return Fail(ErrorCode::kInvalidInput, "model: found \"" + name + " " + std::to_string(version) +
                                              "\", expected one of this site's models (site model "
                                              "list)");
  }
  return OpenStored(site, file);
}

Result<RegisteredModel> ApproveModel(const fs::path& site, const std::string& name, int version) {
  CLINNOVA_ASSIGN(RegisteredModel model, FindModel(site, name, version));
  CLINNOVA_TRY(CheckComputable(site, model));
  nlohmann::json in_use = InUse(site);
  if (in_use.value(name, 0) == version) {
    return Fail(ErrorCode::kInvalidInput, model.Label() + " is in use already");
  }
  in_use[name] = version;
  CLINNOVA_TRY(WriteModelFile(site / "models" / "in-use.json", in_use.dump() + "\n"));
  return model;
}

Result<RegisteredModel> RemoveModel(const fs::path& site, const std::string& name, int version) {
  CLINNOVA_ASSIGN(RegisteredModel model, FindModel(site, name, version));
  nlohmann::json in_use = InUse(site);
  if (in_use.value(name, 0) == version) {
    in_use.erase(name);
    CLINNOVA_TRY(WriteModelFile(site / "models" / "in-use.json", in_use.dump() + "\n"));
  }
  std::error_code error;
  fs::remove(FileOf(site, name, version), error);
  if (error) return Fail(ErrorCode::kFailed, model.Label() + ": " + error.message());
  return model;
}

std::string InUseMark(const fs::path& site) {
  return ReadAll(site / "models" / "in-use.json") + "\n" +
         ReadAll(site / "models" / "recalibrated.json");
}

}  // namespace clinnova::decision
