// SPDX-License-Identifier: Apache-2.0
// The learned models in a site's folder: which are there, which the steward let into use.
//
//   models/NAME-VERSION.json   as the hub's registry signed it
//   models/in-use.json         {"NAME": VERSION}: at most one version of a model is in use
//   models/recalibrated.json   shifts of intercepts to this site (recalibration.h)
//   hub.pub                    the key of the hub that the site joined, whose models it takes
//   models/keys                keys of others whose models it takes, 64 hex digits a line
//
// Thread rule: pure functions over the folder; files are written whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "decision/registered_model.h"

namespace clinnova::decision {

struct StoredModel {
  RegisteredModel model;
  bool in_use = false;
};

/// Trusts models that the owner of `key` signs.
Result<void> TrustModelKey(const std::filesystem::path& site, const federation::PublicKey& key);
Result<std::vector<federation::PublicKey>> TrustedModelKeys(const std::filesystem::path& site);

/// Keeps a registered model; kRefused as OpenRegisteredModel; kInvalidInput when this version is there already.
Result<RegisteredModel> AddModel(const std::filesystem::path& site, const std::string& text,
                                 const std::string& file);
/// By name and version. A file that does not open is an error that names it.
Result<std::vector<StoredModel>> StoredModels(const std::filesystem::path& site);
/// One of them. kInvalidInput when it is not there.
Result<RegisteredModel> FindModel(const std::filesystem::path& site, const std::string& name,
                                  int version);
/// Takes a version into use, in place of another one of its name. kInvalidInput: not there, without a cohort, or
/// an input cannot be computed from a patient's records today.
Result<RegisteredModel> ApproveModel(const std::filesystem::path& site, const std::string& name,
                                     int version);
/// Takes it out of use at once, and its file away.
Result<RegisteredModel> RemoveModel(const std::filesystem::path& site, const std::string& name,
                                    int version);

/// A file of the folder, whole or not at all; makes the folder. kFailed: cannot be written.
Result<void> WriteModelFile(const std::filesystem::path& path, const std::string& text);

/// Changes with every change of what is in use.
std::string InUseMark(const std::filesystem::path& site);

}  // namespace clinnova::decision
