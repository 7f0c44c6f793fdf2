// SPDX-License-Identifier: Apache-2.0
#include "web/hub_text.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace clinnova::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<StudyState, const char*>, 7> kStates = {{
    {StudyState::kSubmitted, "submitted"},
    {StudyState::kApproved, "approved"},
    {StudyState::kRunning, "running"},
    {StudyState::kFinished, "finished"},
    {StudyState::kFailed, "failed"},
    {StudyState::kRefused, "refused"},
    {StudyState::kWithdrawn, "withdrawn"},
}};

const char* Word(StudyState state) { return kStates[static_cast<std::size_t>(state)].second; }

const char* Word(Approval approval) {
  switch (approval) {
    case Approval::kApproved: return "approved";
    case Approval::kRejected: return "rejected";
    case Approval::kWaiting: break;
  }
  return "waiting";
}

Json OrNull(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json ToJson(const SiteView& site) {
  return {{"name", site.name},
          {"connected", site.connected},
          {"last_seen", OrNull(site.last_seen)},
          {"version", OrNull(site.version)},
          {"studies_approved", site.studies_approved},
          {"studies_waiting", site.studies_waiting}};
}

Json ToJson(const StudyProgress& progress) {
  return {{"rounds", progress.rounds},
          {"analysis", OrNull(progress.analysis)},
          {"analyses_done", progress.analyses_done},
          {"analyses_total", progress.analyses_total}};
}

Json ToJson(const StudySummary& study) {
  return {{"hash", study.hash},
          {"title", study.title},
          {"state", Word(study.state)},
          {"progress", ToJson(study.progress)},
          {"submitted_at", study.submitted_at},
          {"finished_at", OrNull(study.finished_at)}};
}

Json ToJson(const StudySite& site) {
  return {{"name", site.name}, {"approval", Word(site.approval)}, {"connected", site.connected}};
}

Json ToJson(const StudyView& study) {
  Json json = ToJson(study.summary);
  json["purpose"] = study.purpose;
  json["permit"] = study.permit;
  json["error"] = OrNull(study.error);
  json["sites"] = Json::array();
  for (const StudySite& site : study.sites) json["sites"].push_back(ToJson(site));
  return json;
}

template <typename T>
Json ToJson(const std::vector<T>& items) {
  Json json = Json::array();
  for (const T& item : items) json.push_back(ToJson(item));
  return json;
}

// A title with broken UTF-8 must not take the page down.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void AppendGauge(std::string& text, std::string_view name, std::string_view help) {
  text.append("# HELP ").append(name).append(" ").append(help);
  text.append("\n# TYPE ").append(name).append(" gauge\n");
}

void AppendValue(std::string& text, std::string_view name, std::string_view labels,
                 std::int64_t value) {
  text.append(name).append(labels).append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace

std::string StatusJson(std::string_view name, std::string_view version,
                       const std::vector<SiteView>& sites,
                       const std::vector<StudySummary>& studies) {
  return Dump({{"name", name},
               {"version", version},
               {"sites", ToJson(sites)},
               {"studies", ToJson(studies)}});
}

std::string SitesJson(const std::vector<SiteView>& sites) { return Dump(ToJson(sites)); }
std::string StudiesJson(const std::vector<StudySummary>& studies) { return Dump(ToJson(studies)); }
std::string StudyJson(const StudyView& study) { return Dump(ToJson(study)); }

std::string ErrorJson(std::string_view code, std::string_view message) {
  return Dump({{"error", {{"code", code}, {"message", message}}}});
}

std::string MetricsText(std::string_view version, const std::vector<SiteView>& sites,
                        const std::vector<StudySummary>& studies) {
  std::string text;
  AppendGauge(text, "clinnova_build_info", "Always 1; the label names the version.");
  AppendValue(text, "clinnova_build_info", "{version=\"" + std::string(version) + "\"}", 1);
  AppendGauge(text, "clinnova_hub_sites", "Sites that joined the hub.");
  AppendValue(text, "clinnova_hub_sites", "", static_cast<std::int64_t>(sites.size()));
  AppendGauge(text, "clinnova_hub_sites_connected", "Sites that are connected now.");
  AppendValue(text, "clinnova_hub_sites_connected", "",
              std::ranges::count_if(sites, &SiteView::connected));
  AppendGauge(text, "clinnova_hub_studies", "Studies by state.");
  for (const auto& [state, word] : kStates) {
    AppendValue(text, "clinnova_hub_studies", std::string("{state=\"") + word + "\"}",
                std::ranges::count(studies, state, &StudySummary::state));
  }
  std::int64_t rounds = 0;
  for (const StudySummary& study : studies) {
    if (study.state == StudyState::kRunning) rounds += study.progress.rounds;
  }
  AppendGauge(text, "clinnova_hub_running_rounds",
              "Rounds done so far by the studies that run now.");
  AppendValue(text, "clinnova_hub_running_rounds", "", rounds);
  return text;
}

}  // namespace clinnova::web
