// SPDX-License-Identifier: Apache-2.0
// Keyed pseudonyms. A patient's identity in the source becomes a BLAKE2b hash under the site's secret
// key; without the key nobody can try identities against the CDM. A rotation (rotation.h) adds a generation
// to the key: what the CDM holds is then hashed again under the new one, and what is imported later, of old
// files or new, goes through all of them and arrives at the same identifiers.
//
//   pseudonym_1 = MAC(key_1, patient's identity)     pseudonym_n = MAC(key_n, pseudonym_n-1)
//   row_1       = PRF(key_1, kind, source's id)      row_n       = MAC(key_n, row_n-1)
//
// The key file is the generations, 32 bytes each, the first one first.
//
// Property: whoever has the CDM but not the key cannot tell whether a known patient number is in it. Whoever has
// two CDMs of different generations but not the key of a generation between them cannot tell which identifiers
// are of the same person; with the keys of the earlier generations alone neither. (What the records say is not
// changed: the same values on the same days are.)
// Assumption: the key file (mode 0600) is not in the hands of the reader of the CDM.
// Security level: 256 bits of key, 128 bits of pseudonym; of row identifiers 128 bits of key, derived from the other, and 63
// bits (collisions only); a chain is as strong as its weakest link's pseudo-random function, and collides once more often with each generation.
// Source: RFC 7693 (BLAKE2b, keyed mode), through libsodium's crypto_generichash; Aumasson and Bernstein, "SipHash: a fast
// short-input PRF" (INDOCRYPT 2012), through its crypto_shorthash; Bellare, Canetti and Krawczyk,
// "Pseudorandom functions revisited: the cascade construction" (FOCS 1996), of whose kind the chain is: each
// generation's key is drawn anew.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

/// What makes the identifiers of rows: a million records are a million of them. Stores from before SipHash keep BLAKE2b.
enum class RowHash { kSipHash, kBlake2b };

/// The site's key. Has no text form, is zeroed when it dies, and cannot be copied. Immutable but for the two
/// functions that change its generations and SetRowHash; then any thread.
class PseudonymKey {
 public:
  /// Reads the key. kInvalidInput when the file is not there, is not 32 bytes for each generation, or when others
  /// than its owner can read it.
  static Result<PseudonymKey> Load(const std::string& path);
  /// The same, but makes a random one when the file does not exist.
  static Result<PseudonymKey> LoadOrCreate(const std::string& path);

  /// A random key that is never written: for a store in memory that dies with the process.
  static Result<PseudonymKey> ForMemory();

  /// Replaces the file with all generations: after a crash the old or the new content is there, whole.
  Result<void> Save(const std::string& path) const;

  ~PseudonymKey();
  PseudonymKey(PseudonymKey&& other) noexcept = default;
  PseudonymKey& operator=(PseudonymKey&& other) noexcept;
  PseudonymKey(const PseudonymKey&) = delete;
  PseudonymKey& operator=(const PseudonymKey&) = delete;

  std::size_t generations() const { return keys_.size(); }
  /// Adds a random one.
  void AddGeneration();
  /// Forgets those after the first `count`, at least 1 and at most all.
  void KeepGenerations(std::size_t count);

  /// kSipHash before it is called.
  void SetRowHash(RowHash hash) { row_hash_ = hash; }

  /// Says which key made the pseudonyms without saying anything about it: 16 hexadecimal digits.
  std::string Fingerprint() const { return Fingerprint(keys_.size()); }
  /// Likewise of the key as it was when it had `generations`.
  std::string Fingerprint(std::size_t generations) const;

  /// person_source_value: 32 hexadecimal digits.
  std::string Pseudonym(std::string_view patient_id) const;
  /// person_id: positive, below 2^63.
  std::int64_t PersonId(std::string_view patient_id) const;
  /// The identifier of a row that states `id` of `kind`: positive, below 2^63, the same at every import.
  std::int64_t RowId(std::string_view kind, std::string_view id) const;
  /// An identifier that a source brings and that is taken as it is, such as those of a CDM's own rows: as it was
  /// under the first generation, hashed under the later ones. 0 stays 0: "none".
  std::int64_t TakenId(std::int64_t id) const;

  /// What an identifier of the generation before the last one is under the last one; 0 stays 0.
  std::int64_t Rotated(std::int64_t id) const;
  /// Likewise a pseudonym.
  std::string Rotated(std::string_view pseudonym) const;

 private:
  using Key = std::array<std::uint8_t, 32>;
  using Pieces = std::initializer_list<std::string_view>;

  PseudonymKey() = default;
  void Zero();
  Key Mac(std::size_t generation, Pieces pieces) const;
  std::int64_t NextId(std::size_t generation, std::int64_t id) const;
  std::string NextPseudonym(std::size_t generation, std::string_view pseudonym) const;
  void DeriveRowKey();

  std::vector<Key>
      keys_;  ///< at least one; grows only through AddGeneration, which leaves no copy behind
  std::array<std::uint8_t, 16> row_key_{};  ///< of the first of them
  RowHash row_hash_ = RowHash::kSipHash;
};

}  // namespace clinnova::intake
