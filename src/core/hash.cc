// SPDX-License-Identifier: Apache-2.0
#include "core/hash.h"

#include <sodium.h>

namespace clinnova::core {

Hash Blake2b(ByteView bytes) {
  Hash hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  return hash;
}

Hash Blake2b(std::string_view text) {
  return Blake2b(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string ToHex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

Result<Bytes> FromHex(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  std::size_t length = 0;
  const char* end = nullptr;
  const int failed =
      sodium_hex2bin(bytes.data(), bytes.size(), hex.data(), hex.size(), nullptr, &length, &end);
  if (failed != 0 || length != bytes.size() || end != hex.data() + hex.size()) {
    return Fail(ErrorCode::kInvalidInput, "not a hexadecimal number: " + std::string(hex));
  }
  return bytes;
}

}  // namespace clinnova::core
