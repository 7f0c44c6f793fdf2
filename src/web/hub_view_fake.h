// SPDX-License-Identifier: Apache-2.0
// A hub for tests: says what its fields hold.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "web/hub_view.h"

namespace clinnova::web {

struct FakeHub : HubView {
  std::vector<SiteView> sites;
  std::vector<StudyView> studies;
  std::map<std::string, std::string, std::less<>> results;  ///< by study hash
  std::optional<Error> failure;                             ///< what every question answers

  std::string Name() const override { return "hub-test"; }
  std::string Version() const override { return "0.1.0"; }

  Result<void> Ready() const override {
    if (failure) return tl::unexpected(*failure);
    return {};
  }

  Result<std::vector<SiteView>> Sites() const override {
    if (failure) return tl::unexpected(*failure);
    return sites;
  }

  Result<std::vector<StudySummary>> Studies() const override {
    if (failure) return tl::unexpected(*failure);
    std::vector<StudySummary> rows;
    for (const StudyView& study : studies) rows.push_back(study.summary);
    return rows;
  }

  Result<std::optional<StudyView>> Study(std::string_view hash) const override {
    if (failure) return tl::unexpected(*failure);
    for (const StudyView& study : studies) {
      if (study.summary.hash == hash) return study;
    }
    return std::nullopt;
  }

  Result<std::optional<std::string>> ResultFile(std::string_view hash) const override {
    if (failure) return tl::unexpected(*failure);
    const auto result = results.find(hash);
    if (result == results.end()) return std::nullopt;
    return result->second;
  }
};

}  // namespace clinnova::web
