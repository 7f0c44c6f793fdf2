// SPDX-License-Identifier: Apache-2.0
// A hub's state as text: the JSON of docs/openapi.json, and Prometheus' text format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/hub_view.h"

namespace clinnova::web {

/// {"name","version","sites","studies"}
std::string StatusJson(std::string_view name, std::string_view version,
                       const std::vector<SiteView>& sites,
                       const std::vector<StudySummary>& studies);

std::string SitesJson(const std::vector<SiteView>& sites);
std::string StudiesJson(const std::vector<StudySummary>& studies);
std::string StudyJson(const StudyView& study);

/// {"error":{"code","message"}}; bytes of `message` that are not UTF-8 are replaced.
std::string ErrorJson(std::string_view code, std::string_view message);

/// Prometheus text format 0.0.4: build, sites, connected sites, studies by state, rounds of running
/// studies.
std::string MetricsText(std::string_view version, const std::vector<SiteView>& sites,
                        const std::vector<StudySummary>& studies);

}  // namespace clinnova::web
