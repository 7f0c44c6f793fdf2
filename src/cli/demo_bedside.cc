// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_bedside.h"

#include <httplib.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "intake/iso_time.h"

namespace clinnova::cli {
namespace {

using nlohmann::json;

/// The day so many days ago, as FHIR writes it.
std::string DaysAgo(int days) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return intake::IsoDate(today - std::chrono::days(days));
}

json Bundle(const std::vector<json>& resources) {
  json entries = json::array();
  for (const json& resource : resources) entries.push_back({{"resource", resource}});
  return {{"resourceType", "Bundle"}, {"type", "searchset"}, {"entry", entries}};
}

json Coded(const char* system, const char* code) {
  const json coding = {{"system", system}, {"code", code}};
  return {{"coding", json::array({coding})}};
}

/// What the clinical system sends along, in the order of the service's templates.
json Prefetch(const DemoPatient& patient) {
  const json subject = {{"reference", std::string("Patient/") + patient.id}};
  std::vector<json> observations;
  const auto observe = [&](const char* system, const char* code, double value, const char* unit) {
    observations.push_back({{"resourceType", "Observation"},
                            {"id", std::string(patient.id) + "-" + code},
                            {"status", "final"},
                            {"subject", subject},
                            {"code", Coded(system, code)},
                            {"effectiveDateTime", DaysAgo(3)},
                            {"valueQuantity",
                             {{"value", value},
                              {"unit", unit},
                              {"system", "http://unitsofmeasure.org"},
                              {"code", unit}}}});
  };
  observe("urn:clinnova", "TJC28", patient.tender_joints, "{count}");
  observe("urn:clinnova", "SJC28", patient.swollen_joints, "{count}");
  observe("urn:clinnova", "PATIENT-GLOBAL", patient.patient_global, "mm");
  observe("http://loinc.org", "1988-5", patient.crp_mg_per_l / 10, "mg/dL");
  return {
      {"patient",
       {{"resourceType", "Patient"},
        {"id", patient.id},
        {"gender", "female"},
        {"birthDate", patient.birth}}},
      {"conditions",
       Bundle({{{"resourceType", "Condition"},
                {"id", std::string(patient.id) + "-ra"},
                {"subject", subject},
                {"code", Coded("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M05.80")},
                {"onsetDateTime", DaysAgo(900)}}})},
      {"observations", Bundle(observations)},
      {"medicationRequests", Bundle({})},
      {"medicationStatements", Bundle({})},
      {"consents", Bundle({{{"resourceType", "Consent"},
                            {"id", std::string(patient.id) + "-consent"},
                            {"status", "active"},
                            {"patient", subject},
                            {"dateTime", DaysAgo(30)},
                            {"scope", Coded("http://terminology.hl7.org/CodeSystem/consentscope",
                                            "research")}}})}};
}

}  // namespace

Result<std::string> AskAboutDemoPatient(int port, const DemoPatient& patient) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(60);
  const json request = {{"hook", "patient-view"},
                        {"hookInstance", "00000000-0000-4000-8000-000000000001"},
                        {"context", {{"userId", "Practitioner/demo"}, {"patientId", patient.id}}},
                        {"prefetch", Prefetch(patient)}};
  const auto answer =
      client.Post("/cds-services/clinnova-patient-view", request.dump(), "application/json");
  if (!answer) return Fail(ErrorCode::kFailed, "the site's CDS service does not answer");
  const json body = json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !body.is_object() || !body.contains("cards")) {
    return Fail(ErrorCode::kFailed, "the site's CDS service: " + answer->body);
  }
  std::string text;
  for (const json& card : body["cards"]) {
    text += card.value("summary", "") + "\n" + card.value("detail", "") + "\n";
  }
  return text;
}

}  // namespace clinnova::cli
