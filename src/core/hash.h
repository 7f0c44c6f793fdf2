// SPDX-License-Identifier: Apache-2.0
// BLAKE2b-256 (RFC 7693), the one hash of Clinnova: study identity, round headers, ledger chain.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/archive.h"

namespace clinnova::core {

using Hash = std::array<std::uint8_t, 32>;

/// BLAKE2b-256 of `bytes`.
Hash Blake2b(ByteView bytes);
Hash Blake2b(std::string_view text);

/// 64 lower-case hexadecimal digits.
std::string ToHex(ByteView bytes);

/// The bytes that `hex` spells; kInvalidInput when it is not an even number of hexadecimal digits.
Result<Bytes> FromHex(std::string_view hex);

}  // namespace clinnova::core
