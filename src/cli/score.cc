// SPDX-License-Identifier: Apache-2.0
#include "decision/score.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "core/json_text.h"
#include "core/text.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string name;
  std::vector<std::string> fields;
  bool list = false;
  bool help = false;
  bool json = false;
};

void Print(const decision::ScoreResult& result) {
  std::printf("%s  %.2f", result.score.c_str(), result.value);
  if (!result.band.empty()) std::printf("  %s", result.band.c_str());
  std::printf("\n  unrounded  %s\n  version    %s\n", decision::PlainNumber(result.value).c_str(),
              result.version.c_str());
  if (!result.inputs.missing().empty()) {
    std::printf("  missing    %s\n", core::Joined(result.inputs.missing()).c_str());
  }
  for (const std::string& note : result.notes) std::printf("  note       %s\n", note.c_str());
  if (!result.unverified.empty()) std::printf("  unverified %s\n", result.unverified.c_str());
  std::printf("  source     %s\n", result.source.c_str());
}

void PrintList(bool as_json) {
  if (!as_json) {
    std::printf("%s", decision::ScoreList().c_str());
    return;
  }
  nlohmann::ordered_json scores = nlohmann::ordered_json::array();
  for (const decision::ScoreDefinition& score : decision::Scores()) {
    scores.push_back({{"name", score.name},
                      {"title", score.title},
                      {"disease", score.disease},
                      {"version", score.version},
                      {"unverified", !score.unverified.empty()}});
  }
  std::printf("%s", core::ResultJson(scores).c_str());
}

Result<void> Score(const Arguments& arguments, const std::string& usage) {
  if (arguments.list) {
    PrintList(arguments.json);
    return {};
  }
  if (arguments.name.empty()) {
    if (!arguments.help) {
      return Fail(ErrorCode::kInvalidInput,
                  "score: found no name, expected one that clinnova score --list prints");
    }
    std::printf("%s", usage.c_str());
    return {};
  }
  const decision::ScoreDefinition* score = decision::FindScore(arguments.name);
  if (score == nullptr) return decision::UnknownScore(arguments.name);
  if (arguments.help) {
    std::printf("%s", decision::ScoreHelp(*score).c_str());
    return {};
  }
  CLINNOVA_ASSIGN(const decision::ScoreResult result,
                  decision::ComputeScore(*score, arguments.fields));
  if (arguments.json) {
    std::printf("%s", core::ResultJson(decision::ScoreJson(result)).c_str());
  } else {
    Print(result);
  }
  return {};
}

}  // namespace

void AddScore(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  auto usage = std::make_shared<std::string>();
  CLI::App* command =
      commands.Add(commands.root(), "score", "A disease activity score with its band",
                   kForPhysicians, [arguments, usage] { return Score(*arguments, *usage); });
  command->set_help_flag();  // --help belongs to the score that is named
  command->add_flag("-h,--help", arguments->help, "this help; after NAME, the score's fields");
  command->add_flag("--list", arguments->list, "print all names");
  command->add_flag("--json", arguments->json, "print JSON");
  command->add_option("NAME", arguments->name, "the score");
  command->add_option("FIELDS", arguments->fields, "its inputs, such as crp=1.5mg/dL")
      ->type_name("field=value");
  *usage = command->help("clinnova");
}

}  // namespace clinnova::cli
