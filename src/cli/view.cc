// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/command.h"
#include "intake/view_output.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string definition;
  std::vector<std::string> files;
  std::string format = "ndjson";
  std::string out;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Result<void> WriteView(const Arguments& arguments, const std::string& target) {
  const std::map<std::string, intake::ViewFormat> formats = {
      {"ndjson", intake::ViewFormat::kNdjson},
      {"csv", intake::ViewFormat::kCsv},
      {"parquet", intake::ViewFormat::kParquet}};
  const intake::ViewFormat format = formats.at(arguments.format);
  CLINNOVA_ASSIGN(const intake::JsonDocument document, intake::ReadJsonFile(arguments.definition));
  const auto view = intake::ViewDefinition::Parse(document.root());
  if (!view) return FailAt(arguments.definition, view);

  File file;
  const bool to_file = !target.empty() && format != intake::ViewFormat::kParquet;
  if (to_file) file.reset(std::fopen(target.c_str(), "wb"));
  if (to_file && !file) return Fail(ErrorCode::kFailed, target + ": cannot be written");
  std::FILE* out = file ? file.get() : stdout;
  const auto print = [&](std::string_view text) -> Result<void> {
    if (std::fwrite(text.data(), 1, text.size(), out) == text.size()) return {};
    return Fail(ErrorCode::kFailed, "the output cannot be written");
  };
  CLINNOVA_ASSIGN(
      const auto writer,
      intake::ViewWriter::Create(
          {.format = format, .columns = view->columns(), .text = print, .parquet = target}));
  const auto bundles =
      view->resource() == "Bundle" ? intake::Bundles::kWhole : intake::Bundles::kOpened;
  intake::Arena memory;
  const intake::Arena::Mark empty = memory.Here();
  for (const std::string& path : arguments.files) {
    CLINNOVA_TRY(intake::ForEachResource(
        path, bundles, [&](const intake::JsonTree& resource) -> Result<void> {
          memory.Rewind(empty);
          CLINNOVA_ASSIGN(const auto rows, view->Rows(resource, memory));
          for (const intake::ViewRow& row : rows) CLINNOVA_TRY(writer->Add(row));
          return {};
        }));
  }
  CLINNOVA_TRY(writer->Finish());
  if (file && std::fflush(file.get()) != 0)
    return Fail(ErrorCode::kFailed, target + ": cannot be written");
  return {};
}

/// A file is written beside its place and moved there when it is whole.
Result<void> RunView(const Arguments& arguments) {
  if (arguments.format == "parquet" && arguments.out.empty()) {
    return Fail(ErrorCode::kInvalidInput, "--format parquet: expected --out FILE");
  }
  if (arguments.out.empty()) return WriteView(arguments, "");
  const std::string temporary = arguments.out + ".partial";
  auto written = WriteView(arguments, temporary);
  std::error_code failed;
  if (written) {
    std::filesystem::rename(temporary, arguments.out, failed);
    if (failed) return Fail(ErrorCode::kFailed, arguments.out + ": cannot be written");
    return {};
  }
  std::filesystem::remove(temporary, failed);
  return written;
}

}  // namespace

void AddView(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command =
      commands.Add(commands.root(), "view", "A table out of FHIR resources (SQL on FHIR v2)",
                   kStandardisation, [arguments] { return RunView(*arguments); });
  command->add_option("VIEWDEFINITION", arguments->definition, "the ViewDefinition (JSON)")
      ->required();
  command
      ->add_option("FILES", arguments->files,
                   "resources, Bundles, arrays of resources or NDJSON; plain or gzip")
      ->required();
  command->add_option("--format", arguments->format, "ndjson (default), csv or parquet")
      ->check(CLI::IsMember({"ndjson", "csv", "parquet"}));
  command->add_option("--out", arguments->out, "write here instead of standard output");
}

}  // namespace clinnova::cli
