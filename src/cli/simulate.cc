// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/number_option.h"
#include "cli/result_text.h"
#include "core/whole_file.h"
#include "federation/in_process.h"
#include "federation/study.h"
#include "stats/method.h"
#include "stats/study_run.h"
#include "table/table.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string study;
  std::vector<std::string> sites;  ///< NAME=FILE
  int minimum_count = -1;          ///< -1 = the study's
  int threads = 2;
  bool json = false;
  std::string out;
};

struct SiteFile {
  std::string name;
  std::string path;
};

Result<std::vector<SiteFile>> SiteFiles(const Arguments& arguments,
                                        const federation::Study& study) {
  std::vector<SiteFile> files;
  for (const std::string& argument : arguments.sites) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size()) {
      return Fail(ErrorCode::kInvalidInput,
                  "--site: found \"" + argument + "\", expected NAME=FILE");
    }
    files.push_back({argument.substr(0, equals), argument.substr(equals + 1)});
    for (std::size_t i = 0; i + 1 < files.size(); ++i) {
      if (files[i].name == files.back().name) {
        return Fail(ErrorCode::kInvalidInput, "--site: " + files[i].name + " is given twice");
      }
    }
  }
  if (study.sites().empty()) return files;
  // The study names its sites: they, and in its order.
  std::vector<SiteFile> ordered;
  for (const std::string& name : study.sites()) {
    for (const SiteFile& file : files) {
      if (file.name == name) ordered.push_back(file);
    }
    if (ordered.empty() || ordered.back().name != name) {
      return Fail(ErrorCode::kInvalidInput,
                  "--site: the study names site " + name + ", expected --site " + name + "=FILE");
    }
  }
  for (const SiteFile& file : files) {
    bool named = false;
    for (const std::string& name : study.sites()) named = named || name == file.name;
    if (!named) {
      return Fail(ErrorCode::kInvalidInput, "--site: the study does not name site " + file.name);
    }
  }
  return ordered;
}

/// The sites' descriptions. A column that is text at some site is a factor at all; those where it looked like a
/// number are then described once more.
Result<std::vector<table::SiteSchema>> DescribeAll(
    const std::vector<SiteFile>& files, std::vector<table::ColumnDeclaration>& declarations) {
  for (;;) {
    std::vector<table::SiteSchema> schemas;
    for (const SiteFile& file : files) {
      CLINNOVA_ASSIGN(table::SiteSchema schema, table::DescribeFile(file.path, declarations));
      schemas.push_back(std::move(schema));
    }
    bool again = false;
    for (const std::string& name : table::MixedColumns(schemas)) {
      const bool declared = std::any_of(declarations.begin(), declarations.end(),
                                        [&](const auto& d) { return d.name == name; });
      if (declared) continue;
      declarations.push_back({.name = name, .kind = table::ColumnKind::kFactor, .levels = {}});
      again = true;
    }
    if (!again) return schemas;
  }
}

/// The study with each `.` of its formulas written out as the files' columns.
Result<federation::Study> WithFileColumns(const federation::Study& study,
                                          const std::vector<SiteFile>& files) {
  if (!study.NeedsColumns()) return study;
  std::vector<table::ColumnDeclaration> declarations = study.columns();
  CLINNOVA_ASSIGN(const std::vector<table::SiteSchema> schemas, DescribeAll(files, declarations));
  std::vector<std::string> names;
  for (const table::SiteSchema& schema : schemas) {
    for (const table::SiteSchema::Column& column : schema.columns) {
      const bool known = std::find(names.begin(), names.end(), column.name) != names.end();
      if (!known) names.push_back(column.name);
    }
  }
  return study.WithColumns(names);
}

Result<void> Simulate(const Arguments& arguments) {
  CLINNOVA_ASSIGN(const std::string text, ReadText(arguments.study));
  CLINNOVA_ASSIGN(federation::Study study, federation::Study::FromToml(text, arguments.study));
  const auto known = stats::CheckAnalyses(study);
  if (!known) return FailAt(arguments.study, known);
  if (study.cohort() || !study.variables().empty()) {
    return Fail(ErrorCode::kInvalidInput,
                arguments.study +
                    ": cohort: simulate takes each site's file as the table, expected "
                    "neither [cohort] nor [[variable]]");
  }
  CLINNOVA_ASSIGN(const std::vector<SiteFile> files, SiteFiles(arguments, study));
  const auto written_out = WithFileColumns(study, files);
  if (!written_out) return FailAt(arguments.study, written_out);
  study = *written_out;
  auto declarations = stats::ColumnDeclarations(study);
  if (!declarations) return FailAt(arguments.study, declarations);

  CLINNOVA_ASSIGN(const std::vector<table::SiteSchema> schemas, DescribeAll(files, *declarations));
  std::vector<std::string> names;
  std::vector<stats::SiteRows> rows;
  for (std::size_t s = 0; s < files.size(); ++s) {
    rows.push_back({files[s].name, static_cast<std::int64_t>(schemas[s].rows)});
    names.push_back(files[s].name);
  }
  CLINNOVA_ASSIGN(const table::Schema schema, table::UnifySchemas(schemas, *declarations, names));
  std::vector<table::Table> tables;
  for (const SiteFile& file : files) {
    CLINNOVA_ASSIGN(table::Table table, table::ReadFile(file.path, schema, file.name));
    tables.push_back(std::move(table));
  }
  const int minimum_count =
      arguments.minimum_count < 0 ? study.minimum_count() : arguments.minimum_count;
  for (stats::SiteRows& site : rows) {
    if (site.rows < minimum_count) site.rows = -1;
  }
  CLINNOVA_ASSIGN(const auto federation,
                  federation::InProcessFederation::Create({.study = study,
                                                           .site_names = names,
                                                           .tables = std::move(tables),
                                                           .steps = &stats::Steps(),
                                                           .minimum_count = minimum_count,
                                                           .threads = arguments.threads}));
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const stats::StudyProgress progress = [&](const std::string& analysis, std::size_t done,
                                            std::size_t total) {
    std::fprintf(stderr, terminal ? "\r\033[K[%zu/%zu] %s" : "[%zu/%zu] %s\n", done + 1, total,
                 analysis.c_str());
  };
  const auto outcome = stats::RunStudy(*federation, study, rows, progress);
  if (terminal) std::fprintf(stderr, "\r\033[K");
  if (!outcome) return FailAt(arguments.study, outcome);
  if (!arguments.out.empty())
    CLINNOVA_TRY(core::WriteWholeFile(arguments.out, outcome->result_json));
  const std::string shown =
      arguments.json ? outcome->result_json : ResultText(outcome->result_json);
  if (arguments.json || arguments.out.empty()) std::fwrite(shown.data(), 1, shown.size(), stdout);
  if (!outcome->errors.empty()) return tl::unexpected<Error>(outcome->errors.front());
  return {};
}

}  // namespace

void AddSimulate(Commands& commands) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(commands.root(), "simulate",
                                   "Run a study over local tables (CSV or Parquet, one per site) "
                                   "through the federation's own code",
                                   kForResearchers, [arguments] { return Simulate(*arguments); });
  command->add_option("STUDY", arguments->study, "the study file (TOML)")->required();
  command->add_option("--site", arguments->sites, "a site and its table; once per site")
      ->type_name("NAME=FILE")
      ->required()
      ->take_all();
  command
      ->add_option("--minimum-count", arguments->minimum_count,
                   "the smallest group that may be told; 0 lifts the rules, for public data only")
      ->check(WholeNumber(0));
  command->add_option("--threads", arguments->threads, "threads of each site")
      ->check(WholeNumber(1, 256));
  command->add_option("--out", arguments->out, "also write the result file here");
  command->add_flag("--json", arguments->json, "print the result file instead of text");
}

}  // namespace clinnova::cli
