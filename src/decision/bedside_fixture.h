// SPDX-License-Identifier: Apache-2.0
// For tests: a site's folder with the sample model in use, and a patient as a clinical system sends one.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "decision/bedside_desk.h"
#include "decision/model_folder.h"
#include "federation/study.h"

namespace clinnova::decision {

inline constexpr const char* kToday = "2026-11-23";

inline std::string SampleModel() {
  std::ifstream file(CLINNOVA_SOURCE_DIR "/src/decision/testdata/learned_choice.json");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The canonical JSON of a study that could have learned the sample model.
inline std::string SampleStudy() {
  return federation::Study::FromToml(R"(
[study]
title = "Which drug class"
purpose = "test"
permit = "none"
[cohort]
disease = "ra"
index = "first_biologic"
[[variable]]
name = "crp"
feature = "crp_baseline"
[[variable]]
name = "sex"
feature = "sex"
[[variable]]
name = "drug"
feature = "drug"
[[variable]]
name = "low_activity"
feature = "low_activity"
[[analysis]]
name = "choice"
method = "summary"
variables = ["crp"]
)",
                                     "study.toml")
      .value()
      .canonical_json();
}

inline std::string SampleResult() {
  return nlohmann::json{{"analyses",
                         {{{"name", "counts"}},
                          {{"name", "choice"}, {"model", nlohmann::json::parse(SampleModel())}}}},
                        {"ledger", {{"root", std::string(64, '1')}, {"rounds", 3}}}}
      .dump();
}

/// A patient whose CRP speaks for anti-IL-6; resources can be added and changed.
struct SamplePatient {
  std::string id = "p1";
  std::string birth = "1971-05-06";
  std::string consent = "active";  ///< empty: no Consent
  double crp = 40;
  std::string unit = "mg/L";
  std::vector<std::string> conditions = {"M05.9"};
  std::vector<std::string> drugs = {};  ///< ATC codes of drugs taken

  nlohmann::json Reference() const { return {{"reference", "Patient/" + id}}; }
  static nlohmann::json Bundle(const std::vector<nlohmann::json>& resources) {
    nlohmann::json bundle = {{"resourceType", "Bundle"}, {"type", "searchset"}};
    bundle["entry"] = nlohmann::json::array();
    for (const auto& resource : resources) bundle["entry"].push_back({{"resource", resource}});
    return bundle;
  }
  static nlohmann::json Coded(const char* system, const std::string& code) {
    nlohmann::json coding = {{"system", system}, {"code", code}};
    return {{"coding", nlohmann::json::array({coding})}};
  }

  nlohmann::json Prefetch() const {
    nlohmann::json prefetch;
    prefetch["patient"] = {
        {"resourceType", "Patient"}, {"id", id}, {"gender", "female"}, {"birthDate", birth}};
    std::vector<nlohmann::json> list;
    for (const std::string& code : conditions) {
      list.push_back({{"resourceType", "Condition"},
                      {"id", "c" + code},
                      {"subject", Reference()},
                      {"code", Coded("http://hl7.org/fhir/sid/icd-10", code)},
                      {"onsetDateTime", "2026-10-20"}});
    }
    prefetch["conditions"] = Bundle(list);
    prefetch["observations"] = Bundle({{{"resourceType", "Observation"},
                                        {"id", "o1"},
                                        {"status", "final"},
                                        {"subject", Reference()},
                                        {"code", Coded("http://loinc.org", "1988-5")},
                                        {"effectiveDateTime", "2026-11-20"},
                                        {"valueQuantity", {{"value", crp}, {"unit", unit}}}}});
    list.clear();
    for (const std::string& code : drugs) {
      list.push_back({{"resourceType", "MedicationStatement"},
                      {"id", "m" + code},
                      {"status", "active"},
                      {"subject", Reference()},
                      {"effectiveDateTime", "2025-01-05"},
                      {"medicationCodeableConcept", Coded("http://www.whocc.no/atc", code)}});
    }
    prefetch["medicationStatements"] = Bundle(list);
    if (!consent.empty()) {
      prefetch["consents"] = Bundle({{{"resourceType", "Consent"},
                                      {"id", "k1"},
                                      {"status", consent},
                                      {"patient", Reference()},
                                      {"dateTime", "2020-01-01"},
                                      {"scope", {{"coding", {{{"code", "research"}}}}}}}});
    }
    return prefetch;
  }

  BedsideQuestion Question(const std::string& hook = "patient-view") const {
    BedsideQuestion question{.hook = hook, .patient_id = id, .documents = {}};
    const nlohmann::json prefetch = Prefetch();
    for (const auto& [name, document] : prefetch.items()) {
      question.documents.push_back({name, document.dump()});
    }
    return question;
  }

  /// A bundle of one order.
  nlohmann::json Order(const std::string& atc) const {
    return Bundle({{{"resourceType", "MedicationRequest"},
                    {"id", "d1"},
                    {"status", "draft"},
                    {"intent", "order"},
                    {"subject", Reference()},
                    {"medicationCodeableConcept", Coded("http://www.whocc.no/atc", atc)}}});
  }
};

/// A site with identity, ledger and the sample model, version 1, in use.
class BedsideSite {
 public:
  explicit BedsideSite(const std::string& name)
      : folder(std::filesystem::temp_directory_path() /
               ("clinnova_" + name + "_" + std::to_string(::getpid()))),
        hub(federation::SiteIdentity::Create().value()),
        identity(federation::SiteIdentity::Create().value()) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    ledger =
        federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity}).value();
    EXPECT_TRUE(TrustModelKey(folder, hub.public_key()));
    const auto added = AddModel(folder, Registered(1), "choice.json");
    EXPECT_TRUE(added) << added.error().message;
    const auto approved = ApproveModel(folder, "choice", 1);
    EXPECT_TRUE(approved) << approved.error().message;
  }
  ~BedsideSite() { std::filesystem::remove_all(folder); }
  BedsideSite(const BedsideSite&) = delete;
  BedsideSite& operator=(const BedsideSite&) = delete;

  std::string Registered(int version) const {
    const std::string result = SampleResult();
    const std::string study = SampleStudy();
    return RegisterModel({.result = result,
                          .study = study,
                          .analysis = "choice",
                          .name = "choice",
                          .version = version,
                          .hub = "test hub",
                          .time = "2026-11-20T10:00:00Z"},
                         hub)
        .value();
  }

  std::unique_ptr<BedsideDesk> Desk(BedsideMode mode = BedsideMode::kResearch,
                                    std::chrono::milliseconds retry = {}) {
    auto desk = BedsideDesk::Open({.folder = folder,
                                   .site = "basel",
                                   .mode = mode,
                                   .ledger = ledger.get(),
                                   .today = kToday,
                                   .retry = retry});
    EXPECT_TRUE(desk) << desk.error().message;
    return std::move(*desk);
  }

  /// The bodies of the ledger's entries of a kind.
  std::vector<nlohmann::json> Noted(federation::LedgerKind kind) const {
    std::vector<nlohmann::json> bodies;
    EXPECT_TRUE(ledger->ForEach([&](const federation::LedgerEntry& entry) {
      if (entry.kind == kind) bodies.push_back(nlohmann::json::parse(entry.body));
    }));
    return bodies;
  }

  std::filesystem::path folder;
  federation::SiteIdentity hub;
  federation::SiteIdentity identity;
  std::unique_ptr<federation::Ledger> ledger;
};

}  // namespace clinnova::decision
