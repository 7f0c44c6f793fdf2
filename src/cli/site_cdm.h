// SPDX-License-Identifier: Apache-2.0
// A site's CDM: its own, or the hospital's on a PostgreSQL server.
#pragma once

#include <string>

#include "cli/command.h"
#include "cohort/site_files.h"
#include "store/store.h"

namespace clinnova::cli {

/// `site attach`, `site mirror` and `site status`.
void AddSiteCdm(Commands& commands, CLI::App* site);

/// The options that most commands of `site` have: --site, required, and --json.
void AddSiteOptions(CLI::App* command, std::string& site, bool& json);

/// kInvalidInput where the CDM is on a PostgreSQL server, which `command` cannot do yet.
Result<void> NeedOwnCdm(const std::string& site, const std::string& command);

/// kInvalidInput where nothing was imported: the site has no CDM of its own.
Result<void> NeedStore(const cohort::SiteFiles& files);

/// The site's own CDM. Errors of NeedStore and Store::Open.
Result<store::Store> OpenOwnCdm(const cohort::SiteFiles& files,
                                store::Store::Access access = store::Store::Access::kReadOnly);

/// Makes a site's folder where it is not there, for its owner alone; kInvalidInput where a file is in its place.
Result<void> MakeSiteFolder(const std::string& site);

}  // namespace clinnova::cli
