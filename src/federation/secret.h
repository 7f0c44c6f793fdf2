// SPDX-License-Identifier: Apache-2.0
// Bytes that open a lock: keys, seeds, shares. They are zeroed when they die and have no text form, no
// archive form and no equality, so that printing, sending or comparing one does not compile.
//
//   SecretKey key = SecretKey::Random();
//   crypto_stream_chacha20_ietf(out, size, nonce, key.data());
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <vector>

#include "core/archive.h"

namespace clinnova::federation {

/// Overwrites `bytes` in a way that the compiler keeps.
void Wipe(std::span<std::uint8_t> bytes);
/// Fills `bytes` from the operating system's random source.
void FillRandom(std::span<std::uint8_t> bytes);
/// Chooses libsodium's fastest code for this processor; safe to call again, from any thread. kFailed
/// when the system has no random source.
Result<void> StartCryptography();

/// A secret of fixed size.
template <std::size_t N>
class SecretBytes {
 public:
  SecretBytes() = default;
  SecretBytes(const SecretBytes&) = default;
  SecretBytes& operator=(const SecretBytes&) = default;
  ~SecretBytes() { Wipe(bytes_); }

  static SecretBytes Random() {
    SecretBytes secret;
    FillRandom(secret.bytes_);
    return secret;
  }

  std::uint8_t* data() { return bytes_.data(); }
  const std::uint8_t* data() const { return bytes_.data(); }
  static constexpr std::size_t size() { return N; }
  std::span<std::uint8_t> bytes() { return bytes_; }
  core::ByteView bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

using SecretKey = SecretBytes<32>;

/// A secret of any size. Moves, does not copy.
class SecretBuffer {
 public:
  explicit SecretBuffer(std::size_t size) : bytes_(size) {}
  SecretBuffer(SecretBuffer&&) = default;
  SecretBuffer& operator=(SecretBuffer&& other) {
    Wipe(bytes_);
    bytes_ = std::move(other.bytes_);
    return *this;
  }
  ~SecretBuffer() { Wipe(bytes_); }

  std::span<std::uint8_t> bytes() { return bytes_; }
  core::ByteView bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

template <std::size_t N>
std::ostream& operator<<(std::ostream&, const SecretBytes<N>&) = delete;
std::ostream& operator<<(std::ostream&, const SecretBuffer&) = delete;

}  // namespace clinnova::federation
