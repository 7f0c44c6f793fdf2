// SPDX-License-Identifier: Apache-2.0
#include "decision/registered_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "federation/study.h"

namespace clinnova::decision {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "clinnova-registered-model/1";
constexpr std::string_view kContext = "clinnova/registered-model/1";

core::ByteView BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

tl::unexpected<Error> Wrong(const std::string& file, const std::string& what) {
  return Fail(ErrorCode::kInvalidInput, file + ": " + what);
}

template <std::size_t N>
bool ReadHex(const json& document, const char* key, std::array<std::uint8_t, N>& out) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) return false;
  const auto bytes = core::FromHex(found->get<std::string>());
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

/// The analysis of the result that has the model.
Result<json> AnalysisOf(const Registration& registration, const json& result) {
  if (!result.is_object() || !result.contains("analyses")) {
    return Wrong("result", "found no result file of a study");
  }
  std::string names;
  for (const json& analysis : result["analyses"]) {
    const std::string name = analysis.value("name", "");
    names += (names.empty() ? "" : ", ") + name;
    if (name != registration.analysis) continue;
    if (analysis.contains("model") && analysis["model"].is_object()) return analysis;
    return Wrong("analysis " + name,
                 "its result has no model, expected that of a method that "
                 "learns one, such as treatment_choice");
  }
  return Wrong("analysis", "found \"" + registration.analysis + "\", expected one of " + names);
}

/// Disease, index event and features of the study's cohort.
Result<void> ReadStudy(const json& document, const std::string& file, RegisteredModel& model) {
  const auto study =
      federation::Study::FromCanonicalJson(core::CanonicalJson(document.value("study", json())));
  if (!study) return Wrong(file, "study: " + study.error().message);
  model.study = study->hash();
  if (study->cohort()) {
    model.disease = study->cohort()->disease;
    model.index = study->cohort()->index;
  }
  for (const auto& variable : study->variables())
    model.feature_of[variable.name] = variable.feature;
  return {};
}

std::string OutcomeMeaning(const json& study, const std::string& analysis) {
  for (const json& each : study.value("analysis", json::array())) {
    if (each.value("name", "") != analysis) continue;
    const json trial = each.value("target_trial", json());
    if (trial.is_object() && trial.contains("outcome") && trial["outcome"].is_string()) {
      return trial["outcome"];
    }
  }
  return {};
}

}  // namespace

Result<std::string> RegisterModel(const Registration& registration,
                                  const federation::SiteIdentity& hub) {
  if (!IsName(registration.name)) {
    return Wrong("name", "found \"" + registration.name +
                             "\", expected at most 64 letters, digits, - and _");
  }
  const json result = json::parse(registration.result, nullptr, false);
  CLINNOVA_ASSIGN(const json analysis, AnalysisOf(registration, result));
  const json& model = analysis["model"];
  CLINNOVA_TRY(ReadLearnedModel(model.dump(), "analysis " + registration.analysis));
  json document = {{"format", kFormat},
                   {"name", registration.name},
                   {"version", registration.version},
                   {"registered", registration.time},
                   {"hub", registration.hub},
                   {"ledger_root", result.value("/ledger/root"_json_pointer, "")},
                   {"study", json::parse(registration.study, nullptr, false)},
                   {"model", model},
                   {"key", core::ToHex(hub.public_key())}};
  if (const json missing = analysis.value("n_missing", json()); missing.is_number_integer()) {
    document["n_missing"] = missing;  // null where a count was suppressed
  }
  RegisteredModel read;
  CLINNOVA_TRY(ReadStudy(document, "study", read));
  const std::string signed_text = core::CanonicalJson(document);
  document["signature"] = core::ToHex(hub.Sign(kContext, BytesOf(signed_text)));
  return core::CanonicalJson(document) + "\n";
}

Result<RegisteredModel> OpenRegisteredModel(std::string_view text, const std::string& file,
                                            std::span<const federation::PublicKey> trusted) {
  json document = json::parse(text, nullptr, false);
  if (!document.is_object() || document.value("format", json()) != kFormat) {
    return Wrong(file, "format: expected \"" + std::string(kFormat) +
                           "\": a model as the hub's registry exports it");
  }
  RegisteredModel model;
  federation::Signature signature{};
  if (!ReadHex(document, "key", model.key)) return Wrong(file, "key: expected 64 hex digits");
  if (!ReadHex(document, "signature", signature)) {
    return Wrong(file, "signature: expected 128 hex digits");
  }
  if (std::ranges::find(trusted, model.key) == trusted.end()) {
    return Fail(ErrorCode::kRefused,
                file + ": signed with the key " + core::ToHex(model.key).substr(0, 16) +
                    "…, which this site does not trust",
                "untrusted_key");
  }
  document.erase("signature");
  const std::string signed_text = core::CanonicalJson(document);
  if (!federation::VerifySignature(model.key, kContext, BytesOf(signed_text), signature)) {
    return Fail(
        ErrorCode::kRefused,
        file + ": the signature does not match: the file was changed after the hub signed it",
        "bad_signature");
  }
  if (!document["name"].is_string() || !IsName(document["name"].get<std::string>()) ||
      !document["version"].is_number_integer() || document["version"] < 1) {
    return Wrong(file, "name, version: expected a name and a whole number from 1");
  }
  model.name = document["name"];
  model.version = document["version"];
  model.registered = document.value("registered", "");
  model.hub = document.value("hub", "");
  model.hash = core::Blake2b(signed_text);
  CLINNOVA_TRY(ReadStudy(document, file, model));
  model.document = document["model"].dump(2);
  CLINNOVA_ASSIGN(model.model, ReadLearnedModel(model.document, file));
  model.outcome_meaning = OutcomeMeaning(document["study"], model.model.name);
  model.text = text;
  return model;
}

Result<federation::PublicKey> ReadPublicKey(std::string_view hex) {
  federation::PublicKey key{};
  if (!ReadHex(json{{"key", hex}}, "key", key)) {
    return Fail(ErrorCode::kInvalidInput,
                "key: found \"" + std::string(hex) + "\", expected 64 hexadecimal digits");
  }
  return key;
}

}  // namespace clinnova::decision
