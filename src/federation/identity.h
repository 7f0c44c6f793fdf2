// SPDX-License-Identifier: Apache-2.0
// A site's identity: one Ed25519 key for as long as the site lives. Everything a site says in a secure
// sum and every entry of its ledger is signed with it.
//
//   CLINNOVA_ASSIGN(SiteIdentity identity, SiteIdentity::Load("site.key"));
//   Signature signature = identity.Sign("clinnova/announcement/1", body);
//   bool genuine = VerifySignature(identity.public_key(), "clinnova/announcement/1", body, signature);
//
// Property: existential unforgeability. Assumption: the key file stays at the site. Security level: 128
// bits. Source: RFC 8032. The context keeps a signature made for one purpose from serving another.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/archive.h"
#include "core/error.h"
#include "core/hash.h"
#include "federation/secret.h"

namespace clinnova::federation {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// The secret half; moves with its owner, has no text form. Safe to use from several threads.
class SiteIdentity {
 public:
  /// A new random key.
  static Result<SiteIdentity> Create();

  /// The key that Save wrote. kInvalidInput when the file is missing, open to others or not a key.
  static Result<SiteIdentity> Load(const std::filesystem::path& path);

  /// Writes a new file of mode 0600; kInvalidInput when `path` exists: a key is never overwritten.
  Result<void> Save(const std::filesystem::path& path) const;

  const PublicKey& public_key() const { return public_key_; }

  /// The signature over (context, BLAKE2b-256 of message). Equal input gives equal output.
  Signature Sign(std::string_view context, core::ByteView message) const;

 private:
  SiteIdentity() = default;
  static SiteIdentity FromSeed(const SecretKey& seed);

  SecretKey seed_;
  SecretBytes<64> signing_key_;
  PublicKey public_key_{};
};

/// Whether `signature` was made by the owner of `key` over this context and message.
bool VerifySignature(const PublicKey& key, std::string_view context, core::ByteView message,
                     const Signature& signature);
/// The same for whoever has the message's BLAKE2b-256 already.
bool VerifySignatureOfHash(const PublicKey& key, std::string_view context,
                           const core::Hash& message_hash, const Signature& signature);

}  // namespace clinnova::federation
