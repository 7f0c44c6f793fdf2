// SPDX-License-Identifier: Apache-2.0
#include "federation/secret.h"

#include <sodium.h>

namespace clinnova::federation {

void Wipe(std::span<std::uint8_t> bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

void FillRandom(std::span<std::uint8_t> bytes) { randombytes_buf(bytes.data(), bytes.size()); }

Result<void> StartCryptography() {
  if (sodium_init() < 0) {
    return Fail(ErrorCode::kFailed, "libsodium could not start: no source of random numbers");
  }
  return {};
}

}  // namespace clinnova::federation
