// SPDX-License-Identifier: Apache-2.0
// Files that hold secrets: mode 0600, written whole or not at all, refused when others may read them.
#pragma once

#include <filesystem>

#include "core/error.h"
#include "federation/secret.h"

namespace clinnova::federation {

/// Writes a new file; kInvalidInput when `path` exists.
Result<void> CreateSecretFile(const std::filesystem::path& path, core::ByteView bytes);

/// Writes or replaces a file: after a crash either the old or the new content is there.
Result<void> ReplaceSecretFile(const std::filesystem::path& path, core::ByteView bytes);

/// The content; kInvalidInput when the file is missing, larger than 16 MiB, not a plain file, or open to
/// the group or to others.
Result<SecretBuffer> ReadSecretFile(const std::filesystem::path& path);

}  // namespace clinnova::federation
