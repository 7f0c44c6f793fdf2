// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/number_option.h"
#include "cli/site_cdm.h"
#include "cohort/site_files.h"
#include "core/json_text.h"
#include "core/whole_file.h"
#include "quality/history.h"
#include "quality/report.h"
#include "quality/run.h"
#include "store/attached_cdm.h"

namespace clinnova::cli {
namespace {

struct Arguments {
  std::string site;
  std::string json;  ///< a file, or "-"
  std::string html;
  std::string show;  ///< the name of a check
  std::size_t limit = 20;
  bool sql = false;
  bool history = false;
  std::string fail_on = "none";
};

constexpr const char* kNone = "none";
constexpr const char* kAny = "any";

Result<void> Write(const std::string& path, const std::string& text) {
  if (path != "-") return core::WriteWholeFile(path, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

/// Columns as wide as their widest value.
void PrintTable(const quality::ShownRows& shown) {
  std::vector<std::size_t> widths;
  for (const std::string& column : shown.columns) widths.push_back(column.size());
  for (const auto& row : shown.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  const auto print = [&widths](const std::vector<std::string>& values) {
    std::string line;
    for (std::size_t c = 0; c < values.size(); ++c) {
      line += values[c];
      if (c + 1 < values.size()) line.append(widths[c] - values[c].size() + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
  };
  print(shown.columns);
  for (const auto& row : shown.rows) print(row);
}

nlohmann::ordered_json ShownJson(const quality::ShownRows& shown) {
  return {{"description", shown.description},
          {"sql", shown.sql},
          {"columns", shown.columns},
          {"rows", shown.rows}};
}

Result<void> Show(const Arguments& arguments, quality::Cdm& cdm) {
  const std::size_t limit = arguments.sql ? 0 : arguments.limit;
  CLINNOVA_ASSIGN(const auto shown, quality::ShowRows(cdm, arguments.show, limit));
  if (!arguments.json.empty()) {
    CLINNOVA_TRY(Write(arguments.json, core::ResultJson(ShownJson(shown)) + "\n"));
    if (arguments.json == "-") return {};
  }
  if (arguments.sql) {
    std::printf("%s\n", shown.sql.c_str());
    return {};
  }
  std::printf("%s\n\n", shown.description.c_str());
  if (shown.rows.empty()) {
    std::printf("no such row\n");
    return {};
  }
  PrintTable(shown);
  if (shown.rows.size() == limit) std::printf("\nat most %zu are shown (--limit)\n", limit);
  return {};
}

Result<void> Tell(const Arguments& arguments, const quality::QualityReport& report) {
  if (!arguments.json.empty()) {
    CLINNOVA_TRY(Write(arguments.json, core::ResultJson(quality::ReportJson(report)) + "\n"));
  }
  if (!arguments.html.empty()) {
    const std::string site = arguments.site;
    CLINNOVA_TRY(core::WriteWholeFile(
        arguments.html, quality::ReportHtml(report, "Quality of the CDM of " + site)));
  }
  if (arguments.json == "-") return {};
  std::printf("%s", quality::ReportText(report).c_str());
  if (report.Count(quality::Status::kFail) > 0) {
    std::printf("\nthe rows of a check: clinnova site quality --site %s --show CHECK\n",
                arguments.site.c_str());
  }
  return {};
}

/// kFailed where a check failed that --fail-on is about; a check that could not be run counts as one.
Result<void> FailOn(const Arguments& arguments, const quality::QualityReport& report) {
  if (arguments.fail_on == kNone) return {};
  std::size_t failed = 0;
  for (const std::size_t i : quality::WorstFirst(report)) {
    const bool asked =
        arguments.fail_on == kAny || report.checks[i].type->category == arguments.fail_on;
    failed += asked ? 1 : 0;
  }
  if (failed == 0) return {};
  return Fail(ErrorCode::kFailed, "--fail-on " + arguments.fail_on + ": " + std::to_string(failed) +
                                      (failed == 1 ? " check" : " checks") + " failed");
}

Result<void> OfServer(const Arguments& arguments, const store::Attachment& attachment) {
  CLINNOVA_ASSIGN(auto attached, store::AttachedCdm::Open(attachment));
  quality::ServerCdm cdm(attached);
  if (!arguments.show.empty()) return Show(arguments, cdm);
  CLINNOVA_ASSIGN(const auto report, quality::RunChecks(cdm));
  CLINNOVA_TRY(Tell(arguments, report));
  return FailOn(arguments, report);
}

Result<void> OfStore(const Arguments& arguments, const cohort::SiteFiles& files) {
  // For writing, also to show: a store of an older version is brought to the present one.
  if (!arguments.show.empty()) {
    CLINNOVA_ASSIGN(auto store, OpenOwnCdm(files, store::Store::Access::kReadWrite));
    quality::OwnCdm cdm(store);
    return Show(arguments, cdm);
  }
  CLINNOVA_TRY(NeedStore(files));
  CLINNOVA_ASSIGN(const auto report, quality::RunAndKeep(files.store.string()));
  CLINNOVA_TRY(Tell(arguments, report));
  return FailOn(arguments, report);
}

Result<void> History(const Arguments& arguments, const cohort::SiteFiles& files) {
  CLINNOVA_TRY(NeedOwnCdm(arguments.site, "site quality --history"));
  CLINNOVA_ASSIGN(auto store, OpenOwnCdm(files, store::Store::Access::kReadWrite));
  CLINNOVA_ASSIGN(const auto history, quality::ReadHistory(store.database()));
  if (!arguments.json.empty()) {
    CLINNOVA_TRY(Write(arguments.json, core::ResultJson(quality::HistoryJson(history)) + "\n"));
  }
  if (arguments.json != "-") std::printf("%s", quality::HistoryText(history).c_str());
  return {};
}

Result<void> Quality(const Arguments& arguments) {
  const cohort::SiteFiles files(arguments.site);
  if (arguments.history) return History(arguments, files);
  CLINNOVA_ASSIGN(const auto attachment, store::ReadAttachment(files.attachment));
  if (attachment) return OfServer(arguments, *attachment);
  return OfStore(arguments, files);
}

}  // namespace

void AddSiteQuality(Commands& commands, CLI::App* site) {
  auto arguments = std::make_shared<Arguments>();  // shared by the options and the action
  CLI::App* command = commands.Add(
      site, "quality", "Check the site's CDM: some 3,000 checks, what failed, and which rows",
      kForDataManagers, [arguments] { return Quality(*arguments); });
  command->add_option("--site", arguments->site, "the site's folder")->type_name("DIR")->required();
  command->add_option("--json", arguments->json, "also write it as JSON; -: print that instead")
      ->type_name("FILE");
  CLI::Option* html =
      command->add_option("--html", arguments->html, "also write the report as one page of HTML")
          ->type_name("FILE");
  CLI::Option* show =
      command
          ->add_option("--show", arguments->show,
                       "the rows that a check counts as wrong, with patients: for this screen only")
          ->type_name("CHECK");
  command->add_option("--limit", arguments->limit, "how many of them")
      ->needs(show)
      ->check(WholeNumber(1))
      ->capture_default_str();
  command->add_flag("--sql", arguments->sql, "the statement that lists them, and stop")
      ->needs(show);
  CLI::Option* history = command->add_flag("--history", arguments->history,
                                           "earlier runs, and what changed since the last but one");
  CLI::Option* fail_on =
      command
          ->add_option("--fail-on", arguments->fail_on,
                       "exit with 1 when a check of this category failed: none, any, conformance, "
                       "completeness or plausibility")
          ->check(CLI::IsMember({kNone, kAny, "conformance", "completeness", "plausibility"}))
          ->capture_default_str();
  history->excludes(show)->excludes(html)->excludes(fail_on);
  show->excludes(html)->excludes(fail_on);
}

}  // namespace clinnova::cli
