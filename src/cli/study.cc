// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/command.h"
#include "cli/result_text.h"
#include "core/whole_file.h"
#include "federation/study.h"
#include "network/hub_client.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string hub = ".";
  std::string study;
  std::string out;
  bool json = false;
};

nlohmann::ordered_json Json(const network::StudyStatus& status) {
  nlohmann::ordered_json out = {{"hash", status.hash},
                                {"title", status.title},
                                {"state", status.state},
                                {"error", status.error},
                                {"submitted_at", status.submitted_at},
                                {"finished_at", status.finished_at},
                                {"rounds", status.rounds},
                                {"analysis", status.analysis},
                                {"analyses_done", status.analyses_done},
                                {"analyses_total", status.analyses_total}};
  out["sites"] = nlohmann::ordered_json::array();
  for (const auto& site : status.sites) {
    out["sites"].push_back(
        {{"name", site.name}, {"decision", site.decision}, {"connected", site.connected}});
  }
  return out;
}

void Print(const network::StudyStatus& status) {
  std::printf("%.12s  %-9s  %s\n", status.hash.c_str(), status.state.c_str(), status.title.c_str());
  if (!status.error.empty()) std::printf("  %s\n", status.error.c_str());
}

void PrintWhole(const Arguments& arguments, const network::StudyStatus& status) {
  if (arguments.json) {
    std::printf("%s\n", Json(status).dump(2).c_str());
    return;
  }
  Print(status);
  std::printf("  %lld of %lld analyses, %lld rounds\n",
              static_cast<long long>(status.analyses_done),
              static_cast<long long>(status.analyses_total), static_cast<long long>(status.rounds));
  for (const auto& site : status.sites) {
    std::printf("  %-20s  %-8s  %s\n", site.name.c_str(), site.decision.c_str(),
                site.connected ? "connected" : "away");
  }
}

Result<void> Submit(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const std::string text, ReadText(arguments.study));
  CLINNOVA_ASSIGN(const federation::Study study,
                  federation::Study::FromToml(text, arguments.study));
  CLINNOVA_ASSIGN(const network::HubEndpoint hub, network::LocalHub(arguments.hub));
  const auto status = network::SubmitStudy(hub, study.canonical_json());
  if (!status) return FailAt(arguments.study, status);
  if (arguments.json) {
    PrintWhole(arguments, *status);
  } else {
    std::printf("%s\n", status->hash.c_str());
  }
  return {};
}

Result<void> List(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const network::HubEndpoint hub, network::LocalHub(arguments.hub));
  CLINNOVA_ASSIGN(const auto list, network::ListStudies(hub));
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& status : list) {
    if (arguments.json) {
      out.push_back(Json(status));
    } else {
      Print(status);
    }
  }
  if (arguments.json) std::printf("%s\n", out.dump(2).c_str());
  return {};
}

Result<void> Status(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const network::HubEndpoint hub, network::LocalHub(arguments.hub));
  CLINNOVA_ASSIGN(const auto status, network::GetStudyStatus(hub, arguments.study));
  PrintWhole(arguments, status);
  return {};
}

/// How a study that is over ended, as an exit code.
Result<void> Ending(const network::StudyStatus& status) {
  if (status.state == "finished") return {};
  const bool refused = status.state == "refused" || status.state == "withdrawn";
  return Fail(refused ? ErrorCode::kRefused : ErrorCode::kFailed,
              "study " + status.hash.substr(0, 12) + " " + status.state + ": " + status.error);
}

Result<void> Watch(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const network::HubEndpoint hub, network::LocalHub(arguments.hub));
  const bool terminal = isatty(STDERR_FILENO) != 0;
  std::string last;
  while (true) {
    CLINNOVA_ASSIGN(const auto status, network::GetStudyStatus(hub, arguments.study));
    std::string line =
        status.state + "  " + status.analysis + "  " + std::to_string(status.rounds) + " rounds";
    if (line != last) std::fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", line.c_str());
    last = std::move(line);
    if (status.state != "submitted" && status.state != "running") {
      if (terminal) std::fprintf(stderr, "\n");
      PrintWhole(arguments, status);
      return Ending(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

Result<void> Results(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const network::HubEndpoint hub, network::LocalHub(arguments.hub));
  CLINNOVA_ASSIGN(const std::string file, network::StudyResults(hub, arguments.study));
  if (!arguments.out.empty()) CLINNOVA_TRY(core::WriteWholeFile(arguments.out, file));
  const std::string shown = arguments.json ? file : ResultText(file);
  if (arguments.json || arguments.out.empty()) std::fwrite(shown.data(), 1, shown.size(), stdout);
  return {};
}

Result<void> Cancel(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const network::HubEndpoint hub, network::LocalHub(arguments.hub));
  CLINNOVA_ASSIGN(const auto status, network::CancelStudy(hub, arguments.study));
  PrintWhole(arguments, status);
  return {};
}

}  // namespace

void AddStudy(Commands& commands) {
  auto a = std::make_shared<Arguments>();  // shared by the options and the actions
  CLI::App* study = commands.Add(commands.root(), "study", "Studies on a hub", kForResearchers, {});
  const auto add = [&](const std::string& name, const std::string& what, Action action) {
    CLI::App* command = commands.Add(study, name, what, kForResearchers, std::move(action));
    command->add_option("--hub", a->hub, "the hub's folder, with the researcher's token")
        ->capture_default_str();
    command->add_flag("--json", a->json, "print JSON");
    return command;
  };
  const auto named = [a](CLI::App* command) {
    command->add_option("HASH", a->study, "the study's hash or its beginning")->required();
    return command;
  };
  add("submit", "Submit a study file to its sites' stewards", [a] { return Submit(*a); })
      ->add_option("STUDY", a->study, "the study file (TOML)")
      ->required();
  add("list", "All studies", [a] { return List(*a); });
  named(add("status", "One study and its sites", [a] { return Status(*a); }));
  named(add("watch", "Follow a study to its end", [a] { return Watch(*a); }));
  named(add("results", "The result of a finished study", [a] {
    return Results(*a);
  }))->add_option("--out", a->out, "also write the result file here");
  named(add("cancel", "End a study", [a] { return Cancel(*a); }));
}

}  // namespace clinnova::cli
