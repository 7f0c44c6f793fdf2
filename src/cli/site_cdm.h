// SPDX-License-Identifier: Apache-2.0
// A site's CDM: its own, or the hospital's on a PostgreSQL server.
#pragma once

#include <string>

#include "cli/command.h"

namespace clinnova::cli {

/// `site attach` and `site status`.
void AddSiteCdm(Commands& commands, CLI::App* site);

/// kInvalidInput where the CDM is on a PostgreSQL server, which `command` cannot do yet.
Result<void> NeedOwnCdm(const std::string& site, const std::string& command);

}  // namespace clinnova::cli
