// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "intake/resource_files.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string expression;
  std::string file;
  bool json = false;  ///< which the answer is anyway
};

Result<void> EvaluateFhirPath(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const intake::JsonDocument file, intake::ReadJsonFile(arguments.file));
  const intake::JsonTree& document = file.root();
  const auto path = intake::FhirPath::Parse(arguments.expression, document.Text("resourceType"));
  if (!path) return FailAt("EXPRESSION", path);
  const intake::FhirPath::Options options{.trace = [](std::string_view name,
                                                      intake::fhirpath::Items items) {
    std::fprintf(stderr, "%s: %s\n", std::string(name).c_str(), intake::ItemsJson(items).c_str());
  }};
  intake::Arena memory;
  const auto items = path->Evaluate(options, intake::FhirPath::Root(document), memory);
  if (!items) return FailAt("EXPRESSION", items);
  std::printf("%s\n", intake::ItemsJson(*items).c_str());
  return {};
}

}  // namespace

void AddFhirPath(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      commands.root(), "fhirpath", "Evaluate a FHIRPath expression for a FHIR R4 resource",
      kStandardisation, [arguments] { return EvaluateFhirPath(*arguments); });
  command->add_option("EXPRESSION", arguments->expression, "such as name.given.first()")
      ->required();
  command->add_option("FILE", arguments->file, "a resource as JSON, plain or gzip")->required();
  command->add_flag("--json", arguments->json, "print JSON, as always");
}

}  // namespace clinnova::cli
