// SPDX-License-Identifier: Apache-2.0
// Turns a mapping file's TOML into a Mapping (mapping.h), and says in which line it is wrong.
#pragma once

#include <string_view>

#include "intake/mapping.h"

namespace clinnova::intake {

/// Fills `mapping` from TOML text; kInvalidInput: `NAME:LINE: key: what was found, what was expected`.
Result<void> ReadMapping(std::string_view toml, std::string_view name, Mapping& mapping);

}  // namespace clinnova::intake
