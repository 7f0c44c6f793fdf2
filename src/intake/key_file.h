// SPDX-License-Identifier: Apache-2.0
// The file that a key lies in: mode 0600, written whole or not at all, refused when others may read it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

/// Whether a file may be there already.
enum class KeyFileMode { kNew, kReplace };

/// Writes the bytes to `path`.part, and from there in one step; both survive a loss of power when this returns. What a
/// crash left of an earlier `path`.part is written over. kInvalidInput with the file's name.
Result<void> WriteKeyFile(const std::string& path, std::span<const std::uint8_t> bytes,
                          KeyFileMode mode);

/// The bytes, at most `most`, which the caller zeroes. kInvalidInput when the file cannot be read, is larger or no plain
/// file, or when others than its owner can read it.
Result<std::vector<std::uint8_t>> ReadKeyFile(const std::string& path, std::size_t most);

}  // namespace clinnova::intake
