// SPDX-License-Identifier: Apache-2.0
// Key file: 8 bytes "CLNVKEY1" | 32 bytes Ed25519 seed | 32 bytes public key, which guards against a
// damaged seed.
#include "federation/identity.h"

#include <sodium.h>

#include <algorithm>
#include <string>

#include "core/hash.h"
#include "federation/secret_file.h"

namespace clinnova::federation {
namespace {

constexpr std::string_view kMagic = "CLNVKEY1";
constexpr std::size_t kSeedBytes = 32;

/// What is signed: the context, a zero byte, and the hash of the message.
core::Bytes SignedText(std::string_view context, const core::Hash& hash) {
  core::Bytes text(context.begin(), context.end());
  text.push_back(0);
  text.insert(text.end(), hash.begin(), hash.end());
  return text;
}

}  // namespace

SiteIdentity SiteIdentity::FromSeed(const SecretKey& seed) {
  SiteIdentity identity;
  identity.seed_ = seed;
  crypto_sign_seed_keypair(identity.public_key_.data(), identity.signing_key_.data(), seed.data());
  return identity;
}

Result<SiteIdentity> SiteIdentity::Create() {
  CLINNOVA_TRY(StartCryptography());
  return FromSeed(SecretKey::Random());
}

Result<SiteIdentity> SiteIdentity::Load(const std::filesystem::path& path) {
  CLINNOVA_TRY(StartCryptography());
  CLINNOVA_ASSIGN(const SecretBuffer file, ReadSecretFile(path));
  const core::ByteView bytes = file.bytes();
  if (bytes.size() != kMagic.size() + kSeedBytes + sizeof(PublicKey) ||
      !std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    return Fail(ErrorCode::kInvalidInput, path.string() + ": not a Clinnova site key");
  }
  SecretKey seed;
  std::copy_n(bytes.begin() + kMagic.size(), kSeedBytes, seed.data());
  SiteIdentity identity = FromSeed(seed);
  if (!std::equal(identity.public_key_.begin(), identity.public_key_.end(),
                  bytes.begin() + kMagic.size() + kSeedBytes)) {
    return Fail(ErrorCode::kInvalidInput, path.string() + ": the site key is damaged");
  }
  return identity;
}

Result<void> SiteIdentity::Save(const std::filesystem::path& path) const {
  SecretBuffer file(kMagic.size() + kSeedBytes + sizeof(PublicKey));
  auto at = std::copy(kMagic.begin(), kMagic.end(), file.bytes().begin());
  at = std::copy_n(seed_.data(), kSeedBytes, at);
  std::copy(public_key_.begin(), public_key_.end(), at);
  return CreateSecretFile(path, file.bytes());
}

Signature SiteIdentity::Sign(std::string_view context, core::ByteView message) const {
  const core::Bytes text = SignedText(context, core::Blake2b(message));
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, text.data(), text.size(), signing_key_.data());
  return signature;
}

bool VerifySignature(const PublicKey& key, std::string_view context, core::ByteView message,
                     const Signature& signature) {
  return VerifySignatureOfHash(key, context, core::Blake2b(message), signature);
}

bool VerifySignatureOfHash(const PublicKey& key, std::string_view context,
                           const core::Hash& message_hash, const Signature& signature) {
  const core::Bytes text = SignedText(context, message_hash);
  return crypto_sign_verify_detached(signature.data(), text.data(), text.size(), key.data()) == 0;
}

}  // namespace clinnova::federation
