// SPDX-License-Identifier: Apache-2.0
// A hub without a federation, for the browser test and for whoever works on the pages:
//
//   fixture_hub RESULT.json [PORT]     prints its address, serves until standard input ends
//
// It holds four sites and a study in each interesting state; the running one makes progress.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "web/http_api.h"
#include "web/hub_view_fake.h"

namespace {

using namespace clinnova::web;

const std::string kFinished = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";
const std::string kRunning(64, '1');
const std::string kSubmitted(64, '2');
const std::string kFailed(64, '3');

std::vector<StudySite> AllSites(Approval approval) {
  return {{.name = "basel", .approval = approval, .connected = true},
          {.name = "freiburg", .approval = approval, .connected = true},
          {.name = "luxembourg", .approval = Approval::kApproved, .connected = true},
          {.name = "strasbourg", .approval = approval, .connected = false}};
}

/// Its running study does one round in 100 ms, for ever.
class FixtureHub : public FakeHub {
 public:
  FixtureHub() {
    sites = {{"basel", true, "2026-03-01T09:30:00Z", "0.1.0", 3, 0},
             {"freiburg", true, "2026-03-01T09:30:02Z", "0.1.0", 2, 1},
             {"luxembourg", true, "2026-03-01T09:30:01Z", "0.1.0", 3, 0},
             {"strasbourg", false, "2026-02-27T17:05:00Z", "0.0.9", 2, 1},
             {"trier", false, std::nullopt, std::nullopt, 0, 0}};
    AddStudy(kFinished, "Survival in advanced lung cancer", StudyState::kFinished, {38, {}, 9, 9},
             Approval::kApproved);
    AddStudy(kRunning, "Response to the first biologic in rheumatoid arthritis",
             StudyState::kRunning, {0, "response", 1, 3}, Approval::kApproved);
    AddStudy(kSubmitted, "Relapse rate under four first-line drugs in multiple sclerosis",
             StudyState::kSubmitted, {0, {}, 0, 5}, Approval::kWaiting);
    AddStudy(kFailed, "Steroid-free remission in Crohn's disease", StudyState::kRefused,
             {0, {}, 0, 2}, Approval::kRejected);
    studies.back().error = "3 of 4 stewards rejected the study; it asks for at least 3 sites";
  }

  clinnova::Result<std::optional<StudyView>> Study(std::string_view hash) const override {
    auto study = FakeHub::Study(hash);
    if (study && *study && (*study)->summary.state == StudyState::kRunning) {
      const auto age = std::chrono::steady_clock::now() - start_;
      (*study)->summary.progress.rounds = age / std::chrono::milliseconds(100);
    }
    return study;
  }

 private:
  void AddStudy(const std::string& hash, std::string title, StudyState state,
                StudyProgress progress, Approval approval) {
    const bool ended = state == StudyState::kFinished || state == StudyState::kRefused;
    studies.push_back(
        {.summary = {.hash = hash,
                     .title = std::move(title),
                     .state = state,
                     .progress = std::move(progress),
                     .submitted_at = "2026-03-01T08:00:00Z",
                     .finished_at = ended ? std::optional("2026-03-01T08:04:11Z") : std::nullopt},
         .purpose =
             "Which patients live longer, and by how much, on routine care at four hospitals",
         .permit = "CNER 2026/041",
         .sites = AllSites(approval),
         .error = std::nullopt});
  }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

int main(int argc, char** argv) {
  std::ifstream file(argc > 1 ? argv[1] : "", std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "usage: fixture_hub RESULT.json [PORT]\n");
    return 2;
  }
  std::stringstream result;
  result << file.rdbuf();
  FixtureHub hub;
  hub.results[kFinished] = result.str();
  const auto server = HttpServer::Start({.port = argc > 2 ? std::atoi(argv[2]) : 0}, hub);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::cout << (*server)->Url() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  return 0;
}
