// SPDX-License-Identifier: Apache-2.0
// Keyed pseudonyms. A patient's identity in the source becomes a BLAKE2b hash under the site's secret
// key; without the key nobody can try identities against the CDM.
//
// Property: whoever has the CDM but not the key cannot tell whether a known patient number is in it.
// Assumption: the key file (32 bytes, mode 0600) is not in the hands of the reader of the CDM.
// Security level: 256 bits of key, 128 bits of pseudonym, 63 bits of row identifiers (collisions only).
// Source: RFC 7693 (BLAKE2b, keyed mode), through libsodium's crypto_generichash.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::intake {

/// The site's key. Has no text form, is zeroed when it dies, and cannot be copied.
class PseudonymKey {
 public:
  /// Reads the key; makes a random one when the file does not exist. kInvalidInput when the file is not
  /// 32 bytes, or when others than its owner can read it.
  static Result<PseudonymKey> LoadOrCreate(const std::string& path);

  /// A random key that is never written: for a store in memory that dies with the process.
  static Result<PseudonymKey> ForMemory();

  ~PseudonymKey();
  PseudonymKey(PseudonymKey&& other) noexcept;
  PseudonymKey& operator=(PseudonymKey&& other) noexcept;
  PseudonymKey(const PseudonymKey&) = delete;
  PseudonymKey& operator=(const PseudonymKey&) = delete;

  /// Says which key made the pseudonyms without saying anything about it: 16 hexadecimal digits.
  std::string Fingerprint() const;

  /// person_source_value: 32 hexadecimal digits.
  std::string Pseudonym(std::string_view patient_id) const;
  /// person_id: positive, below 2^63.
  std::int64_t PersonId(std::string_view patient_id) const;
  /// The identifier of a row that states `id` of `kind`: positive, below 2^63, the same at every import.
  std::int64_t RowId(std::string_view kind, std::string_view id) const;

 private:
  PseudonymKey() = default;
  std::array<std::uint8_t, 32> Mac(std::initializer_list<std::string_view> pieces) const;
  std::array<std::uint8_t, 32> key_{};
};

}  // namespace clinnova::intake
