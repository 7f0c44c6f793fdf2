// SPDX-License-Identifier: Apache-2.0
// Small files that are there whole or not at all, such as settings: whoever reads one while it is replaced reads the
// old or the new content, and a writer that is killed leaves the old. (Not synced: after a loss of power it may be
// empty. Keys have intake/key_file.h.)
//
//   CLINNOVA_TRY(WriteWholeFile(site / "in-use.json", text));
#pragma once

#include <filesystem>
#include <string_view>

#include "core/error.h"

namespace clinnova::core {

/// `permissions`: none: as the process makes files. kFailed: cannot be written, and why; then nothing has changed.
Result<void> WriteWholeFile(const std::filesystem::path& path, std::string_view text,
                            std::filesystem::perms permissions = std::filesystem::perms::none);

}  // namespace clinnova::core
