// SPDX-License-Identifier: Apache-2.0
// What a site's steward decides and what its data manager publishes: commands of the group `site`.
#pragma once

#include "cli/command.h"

namespace clinnova::cli {

void AddSiteCatalog(Commands& commands, CLI::App* site);
void AddSiteConsent(Commands& commands, CLI::App* site);
void AddSitePolicy(Commands& commands, CLI::App* site);

}  // namespace clinnova::cli
