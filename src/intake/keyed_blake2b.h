// SPDX-License-Identifier: Apache-2.0
// BLAKE2b under a key, 32 bytes of it and 32 bytes out, for many short messages: the block that holds the key is
// half of the work for a message of at most 128 bytes, and is done once. libsodium, which keeps it with the message
// until the end, cannot; its answers are the same, bit for bit.
//
//   const KeyedBlake2b hash(key);
//   hash.Of({"row ", kind, id});     // crypto_generichash of the pieces one after the other
//
// Source: RFC 7693, sections 2 and 3. No branch and no address depends on the key or the message's bytes.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace clinnova::intake {

/// As secret as its key: zeroed when it dies. Immutable; any thread.
class KeyedBlake2b {
 public:
  explicit KeyedBlake2b(std::span<const std::uint8_t, 32> key);
  ~KeyedBlake2b();
  KeyedBlake2b(const KeyedBlake2b&) = default;
  KeyedBlake2b& operator=(const KeyedBlake2b&) = default;

  /// Of a message of at least one byte.
  std::array<std::uint8_t, 32> Of(std::initializer_list<std::string_view> pieces) const;

 private:
  std::array<std::uint64_t, 8> after_key_{};  ///< the chain's value behind the key's block
};

}  // namespace clinnova::intake
