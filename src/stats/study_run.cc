// SPDX-License-Identifier: Apache-2.0
#include "stats/study_run.h"

#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "stats/case_differences.h"
#include "stats/method.h"

namespace clinnova::stats {
namespace {

using Json = nlohmann::ordered_json;

const char* CodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed: return "failed";
    case ErrorCode::kInvalidInput: return "invalid_input";
    case ErrorCode::kRefused: return "refused";
    case ErrorCode::kUnreachable: return "unreachable";
  }
  return "failed";
}

Json ErrorEntry(const federation::Analysis& analysis, const Error& error) {
  Json entry;
  entry["name"] = analysis.name();
  entry["method"] = analysis.method();
  entry["error"] = {
      {"code", CodeName(error.code)}, {"reason", error.reason}, {"message", error.message}};
  return entry;
}

}  // namespace

Result<StudyOutcome> RunStudy(federation::Federation& federation, const federation::Study& study,
                              const std::vector<SiteRows>& rows, const StudyProgress& progress) {
  CLINNOVA_TRY(CheckAnalyses(study));
  StudyOutcome outcome;
  Json result;
  result["study"] = {{"title", study.title()}, {"hash", core::ToHex(study.hash())}};
  Json sites = Json::array();
  for (const SiteRows& site : rows) {
    sites.push_back(
        {{"name", site.name}, {"rows", site.rows < 0 ? Json(nullptr) : Json(site.rows)}});
  }
  result["sites"] = std::move(sites);
  if (federation.minimum_count() == 0) result["disclosure"] = "off";
  Json analyses = Json::array();
  std::size_t done = 0;
  for (const federation::Analysis& analysis : study.analyses()) {
    if (progress) progress(analysis.name(), done++, study.analyses().size());
    const auto apart = CheckDifferences(federation, analysis);
    auto entry = apart ? RunAnalysis(federation, analysis) : Result<Json>(Fail(apart));
    if (entry) {
      analyses.push_back(std::move(*entry));
      continue;
    }
    const ErrorCode code = entry.error().code;
    if (code == ErrorCode::kInvalidInput || code == ErrorCode::kUnreachable) return Fail(entry);
    analyses.push_back(ErrorEntry(analysis, entry.error()));
    outcome.errors.push_back(entry.error());
  }
  result["analyses"] = std::move(analyses);
  result["ledger"] = {{"root", core::ToHex(federation.root())}, {"rounds", federation.rounds()}};
  outcome.result_json = core::ResultJson(result);
  return outcome;
}

}  // namespace clinnova::stats
