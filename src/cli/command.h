// SPDX-License-Identifier: Apache-2.0
// The command line: one source file per subcommand, each registered here. Only this room prints and exits.
//
// Answers go to standard output, progress and errors to standard error; exit codes as in interfaces.md.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "core/error.h"

namespace clinnova::cli {

/// What a subcommand does once its arguments are read; its error is printed as one line.
using Action = std::function<Result<void>()>;

/// Collects the action of the subcommand that was given.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(app) {}

  /// A subcommand of `parent` in the help group of the person it serves.
  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& what,
                const std::string& group, Action action);
  CLI::App* root() { return &app_; }
  const Action& chosen() const { return chosen_; }

 private:
  CLI::App& app_;
  Action chosen_;
};

inline constexpr const char* kForEverybody = "For everybody";
inline constexpr const char* kForResearchers = "For the researcher";
inline constexpr const char* kForDataManagers = "For the data manager";
inline constexpr const char* kForStewards = "For the data steward";
inline constexpr const char* kForPhysicians = "For the physician";
inline constexpr const char* kForOperators = "For the operator";
inline constexpr const char* kStandardisation = "The standardisation engine on its own";

void AddDemo(Commands& commands);
void AddFhirPath(Commands& commands);
/// Gives the group `hub`, to which another file adds its subcommands.
CLI::App* AddHub(Commands& commands);
void AddHubModel(Commands& commands, CLI::App* hub);
void AddModel(Commands& commands);
void AddProgression(Commands& commands);
void AddScore(Commands& commands);
void AddSimulate(Commands& commands);
/// Gives the group `site`, to which other files add their subcommands.
CLI::App* AddSite(Commands& commands);
void AddSiteImport(Commands& commands, CLI::App* site);
void AddSiteMap(Commands& commands, CLI::App* site);
void AddSiteModel(Commands& commands, CLI::App* site);
void AddSitePseudonyms(Commands& commands, CLI::App* site);
void AddSiteQuality(Commands& commands, CLI::App* site);
void AddSiteTable(Commands& commands, CLI::App* site);
void AddSiteVocabulary(Commands& commands, CLI::App* site);
void AddStudy(Commands& commands);
void AddSynth(Commands& commands);
void AddUnits(Commands& commands);
void AddView(Commands& commands);

/// The whole of a file; kInvalidInput names it.
Result<std::string> ReadText(const std::string& path);

}  // namespace clinnova::cli
