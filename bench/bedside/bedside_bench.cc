// SPDX-License-Identifier: Apache-2.0
// A clinical system's questions to a serving site: REQUESTS patient-view requests over CONNECTIONS connections, each of
// which asks again as soon as it has its answer, about a patient of its own.
//
//   bedside_bench PORT [CONNECTIONS [REQUESTS]]      prints the median and the 99th percentile of the times
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

std::string DaysAgo(int days) {
  const std::time_t then = std::time(nullptr) - 86400L * days;
  std::tm utc{};
  ::gmtime_r(&then, &utc);
  char text[16];
  std::strftime(text, sizeof(text), "%Y-%m-%d", &utc);
  return text;
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

/// A patient with rheumatoid arthritis, active by four numbers that differ from patient to patient.
std::string Request(int number) {
  const std::string id = "p" + std::to_string(number);
  const json subject = {{"reference", "Patient/" + id}};
  std::vector<json> observations;
  const auto observe = [&](const char* system, const char* code, int value, const char* unit) {
    observations.push_back({{"resourceType", "Observation"},
                            {"id", id + "-" + code},
                            {"status", "final"},
                            {"subject", subject},
                            {"code", Coded(system, code)},
                            {"effectiveDateTime", DaysAgo(3)},
                            {"valueQuantity", {{"value", value}, {"unit", unit}}}});
  };
  observe("urn:clinnova", "TJC28", 4 + number % 9, "{count}");
  observe("urn:clinnova", "SJC28", 3 + number % 7, "{count}");
  observe("urn:clinnova", "PATIENT-GLOBAL", 40 + number % 30, "mm");
  observe("http://loinc.org", "1988-5", 8 + number, "mg/L");
  const json condition = {{"resourceType", "Condition"},
                          {"id", id + "-ra"},
                          {"subject", subject},
                          {"code", Coded("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M05.80")},
                          {"onsetDateTime", DaysAgo(900)}};
  const json consent = {
      {"resourceType", "Consent"},
      {"id", id + "-consent"},
      {"status", "active"},
      {"patient", subject},
      {"dateTime", DaysAgo(30)},
      {"scope", Coded("http://terminology.hl7.org/CodeSystem/consentscope", "research")}};
  const json patient = {{"resourceType", "Patient"},
                        {"id", id},
                        {"gender", number % 3 == 0 ? "male" : "female"},
                        {"birthDate", std::to_string(1950 + number) + "-03-05"}};
  return json{{"hook", "patient-view"},
              {"hookInstance", "00000000-0000-4000-8000-000000000001"},
              {"context", {{"userId", "Practitioner/bench"}, {"patientId", id}}},
              {"prefetch",
               {{"patient", patient},
                {"conditions", Bundle({condition})},
                {"observations", Bundle(observations)},
                {"medicationRequests", Bundle({})},
                {"medicationStatements", Bundle({})},
                {"consents", Bundle({consent})}}}}
      .dump();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("bedside_bench PORT [CONNECTIONS [REQUESTS]]\n", stderr), 2;
  const int port = std::atoi(argv[1]);
  const int connections = argc > 2 ? std::max(1, std::atoi(argv[2])) : 20;
  const int each = (argc > 3 ? std::atoi(argv[3]) : 1000) / connections;
  std::vector<std::vector<double>> took(static_cast<std::size_t>(connections));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> systems;
  const auto began = Clock::now();
  for (int i = 0; i < connections; ++i) {
    systems.emplace_back([&, i] {
      httplib::Client client("127.0.0.1", port);
      client.set_keep_alive(true);
      client.set_tcp_nodelay(true);
      client.set_read_timeout(60);
      const std::string body = Request(i);
      for (int k = 0; k < each; ++k) {
        const auto asked = Clock::now();
        const auto answer =
            client.Post("/cds-services/clinnova-patient-view", body, "application/json");
        const std::chrono::duration<double, std::milli> passed = Clock::now() - asked;
        took[static_cast<std::size_t>(i)].push_back(passed.count());
        const bool one_card =
            answer && answer->status == 200 && answer->body.find("\"uuid\"") != std::string::npos;
        if (!one_card) ++wrong;
      }
    });
  }
  for (std::thread& system : systems) system.join();
  const std::chrono::duration<double> seconds = Clock::now() - began;
  std::vector<double> all;
  for (const auto& times : took) all.insert(all.end(), times.begin(), times.end());
  std::ranges::sort(all);
  if (all.empty() || wrong > 0) {
    std::fprintf(stderr, "%d of %zu questions had no card\n", wrong.load(), all.size());
    return 1;
  }
  std::printf(
      "%d connections, %zu questions: p50 %.1f ms, p99 %.1f ms, longest %.1f ms, %.0f a second\n",
      connections, all.size(), all[all.size() / 2], all[all.size() * 99 / 100], all.back(),
      static_cast<double>(all.size()) / seconds.count());
  return 0;
}
