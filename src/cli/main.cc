// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/site_cdm.h"
#include "cli/site_steward.h"
#include "learn/learners.h"

namespace clinnova::cli {

CLI::App* Commands::Add(CLI::App* parent, const std::string& name, const std::string& what,
                        const std::string& group, Action action) {
  CLI::App* command = parent->add_subcommand(name, what)->group(group);
  if (action) {
    command->callback([this, action = std::move(action)] { chosen_ = action; });
  }
  return command;
}

namespace {

/// The first word that names no command where one is expected; empty when there is none.
std::string UnknownCommand(const CLI::App& root, int argc, char** argv) {
  const CLI::App* app = &root;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    if (app->get_subcommands([](const CLI::App*) { return true; }).empty()) return {};
    const auto named =
        app->get_subcommands([&](const CLI::App* command) { return command->check_name(argv[i]); });
    if (named.empty()) return argv[i];
    app = named.front();
  }
  return {};
}

/// The arguments behind the program's name. A FHIRPath expression may begin with a minus and is no option then: "--" goes
/// before it, behind the options. Elsewhere -.5 is a number, told as one that no option begins like.
std::vector<std::string> Arguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2 || arguments[0] != "fhirpath") {
    for (std::string& argument : arguments) {
      if (argument.size() > 2 && argument.starts_with("-.") &&
          std::isdigit(static_cast<unsigned char>(argument[2])) != 0)
        argument.insert(1, "0");
    }
    return arguments;
  }
  const auto expression = std::stable_partition(
      arguments.begin() + 1, arguments.end(), [](const std::string& argument) {
        return argument == "--json" || argument == "-h" || argument.starts_with("--help");
      });
  if (expression != arguments.end() && expression->starts_with('-') && *expression != "--")
    arguments.insert(expression, "--");
  return arguments;
}

int Run(int argc, char** argv) {
  CLI::App app(
      "Federated precision medicine: which drug works for which patient, learned across hospitals "
      "without moving a record",
      "clinnova");
  app.set_version_flag("--version", "clinnova " CLINNOVA_VERSION);
  app.require_subcommand(1);
  Commands commands(app);
  AddDemo(commands);
  AddSimulate(commands);
  AddStudy(commands);
  AddProgression(commands);
  CLI::App* site = AddSite(commands);
  AddSiteCdm(commands, site);
  AddSiteCatalog(commands, site);
  AddSiteConsent(commands, site);
  AddSiteImport(commands, site);
  AddSiteMap(commands, site);
  AddSiteModel(commands, site);
  AddSitePolicy(commands, site);
  AddSitePseudonyms(commands, site);
  AddSiteQuality(commands, site);
  AddSiteTable(commands, site);
  AddSiteVocabulary(commands, site);
  AddSynth(commands);
  AddScore(commands);
  AddModel(commands);
  AddHubModel(commands, AddHub(commands));
  AddFhirPath(commands);
  AddUnits(commands);
  AddView(commands);
  if (const std::string word = UnknownCommand(app, argc, argv); !word.empty()) {
    std::fprintf(stderr, "clinnova: %s: no such command; see --help\n", word.c_str());
    return 2;
  }
  try {
    std::vector<std::string> arguments = Arguments(argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "clinnova: %s\n", error.what());
    return 2;
  }
  if (!commands.chosen()) {  // a group of subcommands without one of them
    std::fprintf(stderr, "clinnova: a subcommand is missing; see --help\n");
    return 2;
  }
  const Result<void> done = commands.chosen()();
  if (done) return 0;
  std::fprintf(stderr, "clinnova: %s\n", done.error().message.c_str());
  return ExitCode(done.error());
}

}  // namespace
}  // namespace clinnova::cli

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // its errors reach us as statuses; we print one line
  try {
    clinnova::learn::RegisterLearners();
    return clinnova::cli::Run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "clinnova: %s\n", failure.what());
    return 1;
  }
}
