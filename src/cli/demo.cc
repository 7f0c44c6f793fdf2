// SPDX-License-Identifier: Apache-2.0
// The whole system on this machine: a hub and four sites as processes of their own, from raw exports to a
// result, and from the model that it learned to a card about a patient. Every step is one of the commands that a person would type, run as its own process.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/child_process.h"
#include "cli/command.h"
#include "cli/demo_bedside.h"
#include "cli/demo_study.h"
#include "cli/number_option.h"
#include "cli/result_text.h"
#include "core/whole_file.h"

namespace clinnova::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Arguments {
  int port = 0;  ///< of the web page; 0 = any free one
  int patients = 2500;
  int seed = 1;
  std::string keep;  ///< folder to work in and leave behind; empty = a temporary one
};

struct Site {
  const char* name;
  const char* where;
  const char* dialect;
  const char* speaks;
};
constexpr Site kSites[] = {
    {"lu-chl", "Luxembourg", "lu-ecrf", "eCRF export, CSV with decimal comma"},
    {"de-freiburg", "Freiburg", "de-fhir", "FHIR R4 bundles, German core data set"},
    {"fr-strasbourg", "Strasbourg", "fr-csv", "CSV with semicolons, ISO-8859-1"},
    {"ch-basel", "Basel", "ch-csv", "CSV with Swiss units"},
};

volatile sig_atomic_t interrupted = 0;
void Interrupt(int) { interrupted = 1; }

class Demo {
 public:
  explicit Demo(Arguments arguments) : arguments_(std::move(arguments)), program_(OwnProgram()) {}
  ~Demo() {
    sites_.clear();
    hub_.reset();
    std::error_code error;
    if (arguments_.keep.empty() && !folder_.empty()) fs::remove_all(folder_, error);
  }

  Result<void> Run() {
    CLINNOVA_TRY(MakeFolder());
    CLINNOVA_TRY(StartHub());
    for (const Site& site : kSites) CLINNOVA_TRY(StartSite(site));
    CLINNOVA_TRY(Approve());
    CLINNOVA_TRY(Watch());
    CLINNOVA_ASSIGN(const std::string result, ShowResult());
    if (HasAModel(result)) {
      CLINNOVA_TRY(AskAtTheBedside());
    } else {
      std::printf("So few patients give no model for the bedside: --patients 2500 does.\n");
    }
    return KeepThePageOpen();
  }

 private:
  /// One of clinnova's own commands, as a process; its standard output.
  Result<std::string> Command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), program_);
    return RunProgram(arguments);
  }

  void Tell(const std::string& what) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    std::fprintf(stderr, "[%5.1f s] %s\n", seconds, what.c_str());
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  Result<void> MakeFolder() {
    if (!arguments_.keep.empty()) {
      folder_ = arguments_.keep;
      std::error_code error;
      if (fs::exists(folder_) && !fs::is_empty(folder_, error)) {
        return Fail(ErrorCode::kInvalidInput, "--keep: " + arguments_.keep + " is not empty");
      }
      fs::create_directories(folder_, error);
      if (error)
        return Fail(ErrorCode::kInvalidInput,
                    "--keep: " + arguments_.keep + ": " + error.message());
      return {};
    }
    std::string pattern = (fs::temp_directory_path() / "clinnova-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      return Fail(ErrorCode::kFailed, pattern + " cannot be made");
    folder_ = pattern;
    return {};
  }

  Result<void> StartHub() {
    CLINNOVA_ASSIGN(const int port, FreePort());
    http_port_ = arguments_.port;
    if (http_port_ == 0) {
      CLINNOVA_ASSIGN(http_port_, FreePort());
    }
    const std::string listen = "127.0.0.1:" + std::to_string(port);
    CLINNOVA_TRY(
        Command({"hub", "init", Path("hub"), "--name", "Clinnova demo", "--listen", listen}));
    CLINNOVA_ASSIGN(ChildProcess hub,
                    ChildProcess::Start({program_, "hub", "serve", "--dir", Path("hub"), "--http",
                                         std::to_string(http_port_)},
                                        Path("hub.log")));
    hub_ = std::make_unique<ChildProcess>(std::move(hub));
    Tell("hub: process " + std::to_string(hub_->pid()) + " listens for sites on " + listen +
         " (TLS, certificates of its own authority)");
    return Await("the hub", "hub.log",
                 [&] { return Command({"study", "list", "--hub", Path("hub")}).has_value(); });
  }

  /// Waits until `ready`, at most 30 seconds; a process that ended tells its log's last line.
  template <typename Ready>
  Result<void> Await(const std::string& what, const std::string& log, Ready ready) {
    for (int tick = 0; tick < 300; ++tick) {
      if (ready()) return {};
      if (!hub_->Running()) return Fail(ErrorCode::kFailed, what + " ended: see " + Path(log));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return Fail(ErrorCode::kUnreachable, what + " is not ready after 30 seconds: see " + Path(log));
  }

  Result<void> StartSite(const Site& site) {
    const std::string name = site.name;
    const std::string folder = Path(name);
    CLINNOVA_ASSIGN(std::string invite, Command({"hub", "invite", name, "--dir", Path("hub")}));
    while (!invite.empty() && invite.back() == '\n') invite.pop_back();
    CLINNOVA_TRY(Command({"site", "init", folder, "--invite", invite}));
    CLINNOVA_TRY(AllowALearnedModel(folder));
    CLINNOVA_TRY(Command({"synth", "ra", "--patients", std::to_string(arguments_.patients),
                          "--seed", std::to_string(arguments_.seed), "--dialect", site.dialect,
                          "--out", Path(name + "-export")}));
    std::vector<std::string> import = {"site",   "import", Path(name + "-export") + "/export",
                                       "--site", folder,   "--json"};
    if (std::string(site.dialect) != "de-fhir") {
      import.insert(import.end(), {"--mapping", site.dialect});
    }
    CLINNOVA_ASSIGN(const std::string report, Command(import));
    CLINNOVA_ASSIGN(
        ChildProcess process,
        ChildProcess::Start({program_, "site", "serve", "--dir", folder}, Path(name + ".log")));
    Tell(name + " (" + site.where + "): " + site.speaks + " -> OMOP CDM: " + ImportLine(report) +
         "; process " + std::to_string(process.pid()));
    sites_.push_back(std::move(process));
    return {};
  }

  /// A learned model tells more numbers than a tenth of so few patients times variables (rule 8 of
  /// docs/disclosure.md): here each steward allows it in the policy.
  Result<void> AllowALearnedModel(const std::string& folder) const {
    const std::string file = folder + "/site.toml";
    CLINNOVA_ASSIGN(std::string text, ReadText(file));
    const std::string policy = "[policy]\n";
    const std::size_t found = text.find(policy);
    if (found == text.npos) return Fail(ErrorCode::kFailed, file + ": found no [policy]");
    return core::WriteWholeFile(file,
                                text.insert(found + policy.size(), "information_share = 5.0\n"));
  }

  /// "4,210 records loaded, 3 quarantined, …" from an import report.
  static std::string ImportLine(const std::string& report) {
    const nlohmann::json json = nlohmann::json::parse(report, nullptr, false);
    std::int64_t loaded = 0;
    std::int64_t quarantined = 0;
    if (json.is_object() && json.contains("kinds")) {
      for (const auto& kind : json["kinds"]) {
        loaded += kind.value("loaded", std::int64_t{0});
        quarantined += kind.value("quarantined", std::int64_t{0});
      }
    }
    return std::to_string(loaded) + " records loaded, " + std::to_string(quarantined) +
           " quarantined";
  }

  Result<void> Approve() {
    CLINNOVA_TRY(core::WriteWholeFile(Path("study.toml"), std::string(kDemoStudy)));
    CLINNOVA_ASSIGN(const std::string submitted, Command({"study", "submit", Path("study.toml"),
                                                          "--hub", Path("hub"), "--json"}));
    const nlohmann::json json = nlohmann::json::parse(submitted, nullptr, false);
    if (!json.is_object() || !json.contains("hash"))
      return Fail(ErrorCode::kFailed, "study submit: no hash");
    hash_ = json["hash"].get<std::string>();
    Tell("researcher: study " + hash_.substr(0, 16) + " submitted");
    for (const Site& site : kSites) {
      const std::string folder = Path(site.name);
      CLINNOVA_TRY(Await(site.name, std::string(site.name) + ".log", [&] {
        return Command({"site", "approve", hash_, "--dir", folder}).has_value();
      }));
      Tell(std::string("steward of ") + site.name + ": approved, signed with the site's key");
    }
    return {};
  }

  Result<void> Watch() {
    const bool terminal = isatty(STDERR_FILENO) != 0;
    std::string last;
    for (int tick = 0; tick < 6000; ++tick) {
      CLINNOVA_ASSIGN(const std::string text,
                      Command({"study", "status", hash_, "--hub", Path("hub"), "--json"}));
      const nlohmann::json status = nlohmann::json::parse(text, nullptr, false);
      const std::string state = status.value("state", "");
      const std::string line = "study " + state + ": " + std::to_string(status.value("rounds", 0)) +
                               " rounds of secure sums";
      if (terminal) {
        std::fprintf(stderr, "\r\033[K           %s", line.c_str());
      } else if (line != last && state != "running") {
        Tell(line);
      }
      last = line;
      if (state == "finished") {
        if (terminal) std::fprintf(stderr, "\r\033[K");
        Tell(line);
        return {};
      }
      if (state != "running" && state != "submitted" && state != "approved") {
        return Fail(ErrorCode::kFailed, "the study is " + state + ": " + status.value("error", ""));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return Fail(ErrorCode::kFailed, "the study has not finished after ten minutes");
  }

  /// Whether the treatment choice was not refused under the disclosure rules.
  static bool HasAModel(const std::string& result) {
    const nlohmann::json json = nlohmann::json::parse(result, nullptr, false);
    for (const auto& analysis : json.value("analyses", nlohmann::json::array())) {
      if (analysis.contains("model")) return true;
    }
    return false;
  }

  Result<std::string> ShowResult() {
    CLINNOVA_ASSIGN(const std::string result,
                    Command({"study", "results", hash_, "--hub", Path("hub"), "--json"}));
    const std::string file =
        arguments_.keep.empty() ? "clinnova-demo-result.json" : Path("result.json");
    CLINNOVA_TRY(core::WriteWholeFile(file, result));
    std::fputs(("\n" + ResultText(result)).c_str(), stdout);
    CLINNOVA_ASSIGN(const std::string log,
                    Command({"site", "release-log", "--dir", Path(kSites[0].name), "--json"}));
    const nlohmann::json ledger = nlohmann::json::parse(log, nullptr, false);
    std::printf("\nThe result file is %s.\n", file.c_str());
    std::printf("What left %s is in its ledger: %zu signed entries, chain verified.\n",
                kSites[0].name,
                ledger.is_object() && ledger.contains("entries") ? ledger["entries"].size() : 0);
    return result;
  }

  /// Basel takes the study's model into use and its clinical system asks about two patients.
  Result<void> AskAtTheBedside() {
    const std::string folder = Path(kSites[3].name);
    CLINNOVA_TRY(Command({"hub", "model", "register", hash_, "choice", "--name", "ra-choice",
                          "--dir", Path("hub")}));
    CLINNOVA_ASSIGN(const std::string card,
                    Command({"model", "card", Path("hub/models/ra-choice-1.json"), "--html"}));
    const std::string card_file =
        arguments_.keep.empty() ? "clinnova-demo-model-card.html" : Path("model-card.html");
    CLINNOVA_TRY(core::WriteWholeFile(card_file, card));
    std::printf("The card of the model that it learned (TRIPOD+AI) is %s.\n", card_file.c_str());
    sites_.pop_back();  // the site takes a model between two times of serving
    CLINNOVA_TRY(
        Command({"site", "model", "add", Path("hub/models/ra-choice-1.json"), "--dir", folder}));
    CLINNOVA_TRY(Command({"site", "model", "approve", "ra-choice", "1", "--dir", folder}));
    CLINNOVA_ASSIGN(const int port, FreePort());
    CLINNOVA_ASSIGN(ChildProcess process,
                    ChildProcess::Start({program_, "site", "serve", "--dir", folder, "--http",
                                         std::to_string(port)},
                                        Path(std::string(kSites[3].name) + "-bedside.log")));
    sites_.push_back(std::move(process));
    Tell("Basel: the study's model, signed by the hub, is in use; CDS Hooks on port " +
         std::to_string(port));
    constexpr DemoPatient kPatients[] = {
        {"A", "1974-03-05", 11, 8, 65, 24},  // the drugs differ
        {"B", "1974-03-05", 4, 3, 45, 8},    // they do not
    };
    for (const DemoPatient& patient : kPatients) {
      std::string card;
      CLINNOVA_TRY(Await("ch-basel", "ch-basel-bedside.log", [&] {
        const auto answer = AskAboutDemoPatient(port, patient);
        if (answer) card = *answer;
        return answer.has_value();
      }));
      std::printf(
          "\n--- Basel's clinical system opens patient %s: TJC28 %d, SJC28 %d, global %d mm, CRP "
          "%g mg/L\n%s",
          patient.id, patient.tender_joints, patient.swollen_joints, patient.patient_global,
          patient.crp_mg_per_l, card.c_str());
    }
    return {};
  }

  Result<void> KeepThePageOpen() {
    const std::string page = "http://127.0.0.1:" + std::to_string(http_port_) + "/";
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
      std::printf("On a terminal the hub's page would now stay open at %s.\n", page.c_str());
      return {};
    }
    std::printf("The hub's page: %s   (Ctrl-C ends the demo)\n", page.c_str());
    std::fflush(stdout);
    signal(SIGINT, Interrupt);
    signal(SIGTERM, Interrupt);
    while (interrupted == 0 && hub_->Running())
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return {};
  }

  Arguments arguments_;
  std::string program_;
  fs::path folder_;
  Clock::time_point begin_ = Clock::now();
  int http_port_ = 0;
  std::unique_ptr<ChildProcess> hub_;
  std::vector<ChildProcess> sites_;
  std::string hash_;
};

}  // namespace

void AddDemo(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command =
      commands.Add(commands.root(), "demo",
                   "Show the whole system on this machine: a hub and four hospitals, from raw "
                   "exports to a card about one patient",
                   kForEverybody, [arguments] { return Demo(*arguments).Run(); });
  command
      ->add_option("--port", arguments->port,
                   "port of the hub's page on 127.0.0.1; any free one by default")
      ->check(WholeNumber(1, 65535));
  command->add_option("--patients", arguments->patients, "synthetic patients of each hospital")
      ->check(WholeNumber(60, 100000));
  command->add_option("--seed", arguments->seed, "seed of the synthetic patients")
      ->check(WholeNumber(0));
  command->add_option("--keep", arguments->keep, "work in this new folder and leave it there");
}

}  // namespace clinnova::cli
