// SPDX-License-Identifier: Apache-2.0
// The hub's study desk as the browser pages and the JSON API show it.
#pragma once

#include <string>

#include "network/study_desk.h"
#include "web/hub_view.h"

namespace clinnova::web {

/// Safe from any thread, as the desk is.
class DeskView final : public HubView {
 public:
  /// `desk` is not owned and outlives the view.
  DeskView(const network::StudyDesk& desk, std::string name, std::string version)
      : desk_(desk), name_(std::move(name)), version_(std::move(version)) {}

  std::string Name() const override { return name_; }
  std::string Version() const override { return version_; }
  Result<void> Ready() const override;
  Result<std::vector<SiteView>> Sites() const override;
  Result<std::vector<StudySummary>> Studies() const override;
  Result<std::optional<StudyView>> Study(std::string_view hash) const override;
  Result<std::optional<std::string>> ResultFile(std::string_view hash) const override;

 private:
  const network::StudyDesk& desk_;  // not owned
  std::string name_;
  std::string version_;
};

}  // namespace clinnova::web
