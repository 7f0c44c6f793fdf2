// SPDX-License-Identifier: Apache-2.0
#include "federation/run_keys.h"

#include <sodium.h>

#include <algorithm>

#include "core/check.h"

namespace clinnova::federation {
namespace {

constexpr std::size_t kTagBytes = crypto_aead_chacha20poly1305_ietf_ABYTES;
// A sealing key encrypts one message, so a fixed nonce is a fresh one.
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> kNonce{};

struct PairContext {
  RunId run;
  SiteIndex low, high;
  ExchangeKey low_key, high_key;

  template <class A>
  void Fields(A& a) {
    a(run), a(low), a(high), a(low_key), a(high_key);
  }
};

struct SealContext {
  core::Hash header;
  SiteIndex sender;

  template <class A>
  void Fields(A& a) {
    a(header), a(sender);
  }
};

struct StatementContext {
  core::Hash header;
  SiteIndex author;
  SiteSet survivors;

  template <class A>
  void Fields(A& a) {
    a(header), a(author), a(survivors);
  }
};

}  // namespace

RunKeys::RunKeys(SiteIndex self, const RunId& run, const SecretBytes<kSecretBytes>& secrets)
    : self_(self), run_(run), secrets_(secrets) {
  std::copy_n(secrets.data() + 32, 32, self_root_.data());
  crypto_scalarmult_base(exchange_key_.data(), secrets_.data());
}

Result<void> RunKeys::Agree(SiteIndex site, const ExchangeKey& key) {
  CLINNOVA_CHECK(site != self_ && site < Roster::kLargest);
  SecretKey shared;
  // libsodium reports an all-zero outcome: a key of small order, which would make the pair key known.
  if (crypto_scalarmult(shared.data(), secrets_.data(), key.data()) != 0) {
    return Fail(ErrorCode::kRefused, "the shared secret is zero", "zero_shared_secret");
  }
  PairContext context{run_, self_, site, exchange_key_, key};
  if (site < self_) {
    std::swap(context.low, context.high);
    std::swap(context.low_key, context.high_key);
  }
  if (pairs_.size() <= site) pairs_.resize(site + 1);
  pairs_[site] = DeriveKey(shared, "pair", core::Encode(context));
  return {};
}

const SecretKey& RunKeys::Pair(SiteIndex site) const {
  CLINNOVA_CHECK(Knows(site));
  return *pairs_[site];
}

SecretKey RunKeys::SelfMaskSeed(const core::Hash& header) const {
  return DeriveKey(self_root_, "self mask", header);
}

SecretKey RunKeys::PairMaskSeed(SiteIndex site, const core::Hash& header) const {
  return DeriveKey(Pair(site), "pair mask", header);
}

SecretSharing RunKeys::ShareSeeds(std::size_t sites, std::size_t threshold,
                                  const core::Hash& header) const {
  SecretBuffer seeds(sites * SecretKey::size());
  for (SiteIndex site = 0; site < sites; ++site) {
    if (site != self_ && !Knows(site)) continue;
    const SecretKey seed = site == self_ ? SelfMaskSeed(header) : PairMaskSeed(site, header);
    std::copy_n(seed.data(), seed.size(), seeds.bytes().data() + site * seed.size());
  }
  SecretBuffer randomness((threshold - 1) * seeds.bytes().size());
  StretchSeed(DeriveKey(self_root_, "shares", header), randomness.bytes());
  return SecretSharing(seeds.bytes(), threshold, randomness.bytes());
}

core::Bytes RunKeys::Seal(SiteIndex site, const core::Hash& header, core::ByteView share) const {
  const SecretKey key = DeriveKey(Pair(site), "seal", core::Encode(SealContext{header, self_}));
  core::Bytes sealed(share.size() + kTagBytes);
  crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, share.data(), share.size(),
                                            nullptr, 0, nullptr, kNonce.data(), key.data());
  return sealed;
}

std::optional<SecretBuffer> RunKeys::Open(SiteIndex site, const core::Hash& header,
                                          core::ByteView sealed) const {
  if (sealed.size() < kTagBytes) return std::nullopt;
  const SecretKey key = DeriveKey(Pair(site), "seal", core::Encode(SealContext{header, site}));
  SecretBuffer share(sealed.size() - kTagBytes);
  const int failed = crypto_aead_chacha20poly1305_ietf_decrypt(
      share.bytes().data(), nullptr, nullptr, sealed.data(), sealed.size(), nullptr, 0,
      kNonce.data(), key.data());
  if (failed != 0) return std::nullopt;
  return share;
}

core::Hash RunKeys::StatementTag(SiteIndex author, SiteIndex site, const core::Hash& header,
                                 const SiteSet& survivors) const {
  return DeriveTag(Pair(site), "survivors",
                   core::Encode(StatementContext{header, author, survivors}));
}

core::Hash RunKeys::ContributionTag(const core::Hash& header, core::ByteView numbers) const {
  return DeriveTag(DeriveKey(self_root_, "contribution", header), "numbers", numbers);
}

core::Hash SeedCommitment(const SecretKey& seed) { return DeriveTag(seed, "commitment", {}); }

}  // namespace clinnova::federation
