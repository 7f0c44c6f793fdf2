// SPDX-License-Identifier: Apache-2.0
#include "web/desk_view.h"

#include <algorithm>

namespace clinnova::web {
namespace {

std::optional<std::string> Optional(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

Approval ApprovalOf(const std::string& decision) {
  if (decision == "approved") return Approval::kApproved;
  return decision == "rejected" ? Approval::kRejected : Approval::kWaiting;
}

StudyState StateOf(const network::StudyStatus& study) {
  if (study.state == "running") return StudyState::kRunning;
  if (study.state == "finished") return StudyState::kFinished;
  if (study.state == "failed") return StudyState::kFailed;
  if (study.state == "refused") return StudyState::kRefused;
  if (study.state == "withdrawn") return StudyState::kWithdrawn;
  const bool approved =
      std::all_of(study.sites.begin(), study.sites.end(),
                  [](const network::StudySiteStatus& s) { return s.decision == "approved"; });
  return approved ? StudyState::kApproved : StudyState::kSubmitted;
}

StudySummary SummaryOf(const network::StudyStatus& study) {
  return {.hash = study.hash,
          .title = study.title,
          .state = StateOf(study),
          .progress = {.rounds = study.rounds,
                       .analysis = Optional(study.analysis),
                       .analyses_done = study.analyses_done,
                       .analyses_total = study.analyses_total},
          .submitted_at = study.submitted_at,
          .finished_at = Optional(study.finished_at)};
}

}  // namespace

Result<void> DeskView::Ready() const {
  CLINNOVA_TRY(desk_.Sites());  // the hub's database answers
  return {};
}

Result<std::vector<SiteView>> DeskView::Sites() const {
  CLINNOVA_ASSIGN(const auto sites, desk_.Sites());
  std::vector<SiteView> views;
  for (const network::SiteStatus& site : sites) {
    views.push_back({.name = site.name,
                     .connected = site.connected,
                     .last_seen = Optional(site.last_seen),
                     .version = Optional(site.version),
                     .studies_approved = site.studies_approved,
                     .studies_waiting = site.studies_waiting});
  }
  return views;
}

Result<std::vector<StudySummary>> DeskView::Studies() const {
  CLINNOVA_ASSIGN(const auto studies, desk_.List());
  std::vector<StudySummary> summaries;
  for (const network::StudyStatus& study : studies) summaries.push_back(SummaryOf(study));
  return summaries;
}

Result<std::optional<StudyView>> DeskView::Study(std::string_view hash) const {
  CLINNOVA_ASSIGN(const auto studies, desk_.List());
  for (const network::StudyStatus& study : studies) {
    if (study.hash != hash) continue;
    StudyView view{.summary = SummaryOf(study),
                   .purpose = study.purpose,
                   .permit = study.permit,
                   .sites = {},
                   .error = Optional(study.error)};
    for (const network::StudySiteStatus& site : study.sites) {
      view.sites.push_back({site.name, ApprovalOf(site.decision), site.connected});
    }
    return std::optional<StudyView>(std::move(view));
  }
  return std::optional<StudyView>();
}

Result<std::optional<std::string>> DeskView::ResultFile(std::string_view hash) const {
  CLINNOVA_ASSIGN(const auto studies, desk_.List());
  for (const network::StudyStatus& study : studies) {
    if (study.hash == hash && study.state == "finished") {
      CLINNOVA_ASSIGN(std::string file, desk_.ResultFile(std::string(hash)));
      return std::optional<std::string>(std::move(file));
    }
  }
  return std::optional<std::string>();
}

}  // namespace clinnova::web
