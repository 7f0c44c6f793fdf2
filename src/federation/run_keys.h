// SPDX-License-Identifier: Apache-2.0
// A site's secrets of one run, and everything that is derived from them: mask seeds, sealed shares, tags.
//
//   exchange secret --X25519--> pair key K_ij --H(header)--> pair mask seed, sealing key, survivor tag
//   self root       ----------------------------H(header)--> self mask seed, shares, contribution tag
//
// Everything is derived rather than drawn, so that a site that is asked again after a crash answers with
// the same bytes, and two headers never share a mask. Property: for different headers or pairs the derived
// keys are independent. Assumption: X25519 is hard (gap Diffie-Hellman), keyed BLAKE2b is pseudo-random.
// Security level: 128 bits. Source: RFC 7748; Bonawitz et al. 2017. Thread rule: const calls are safe.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/archive.h"
#include "core/error.h"
#include "core/hash.h"
#include "federation/mask.h"
#include "federation/secret.h"
#include "federation/secure_sum_messages.h"
#include "federation/shamir.h"

namespace clinnova::federation {

using ExchangeKey = std::array<std::uint8_t, 32>;

class RunKeys {
 public:
  static constexpr std::size_t kSecretBytes = 64;  ///< exchange secret, then self root

  /// `secrets` are kSecretBytes random bytes, drawn for this run only.
  RunKeys(SiteIndex self, const RunId& run, const SecretBytes<kSecretBytes>& secrets);

  const ExchangeKey& exchange_key() const { return exchange_key_; }
  const SecretBytes<kSecretBytes>& secrets() const { return secrets_; }

  /// Agrees on the pair key with `site`. kRefused, "zero_shared_secret", when its key is of small order.
  Result<void> Agree(SiteIndex site, const ExchangeKey& key);
  bool Knows(SiteIndex site) const { return site < pairs_.size() && pairs_[site].has_value(); }

  SecretKey SelfMaskSeed(const core::Hash& header) const;
  SecretKey PairMaskSeed(SiteIndex site, const core::Hash& header) const;

  /// The sharing of this site's seeds for `header` among `sites` places: 32 bytes per roster site j, the
  /// pair mask seed with j, and at the site's own place its self mask seed.
  SecretSharing ShareSeeds(std::size_t sites, std::size_t threshold,
                           const core::Hash& header) const;

  /// `share` for `site` only: encrypted and authenticated under the pair key.
  core::Bytes Seal(SiteIndex site, const core::Hash& header, core::ByteView share) const;
  /// What `site` sealed for this site; nothing when it does not authenticate.
  std::optional<SecretBuffer> Open(SiteIndex site, const core::Hash& header,
                                   core::ByteView sealed) const;

  /// Proves to the one of the pair (this site, `site`) that is not `author` that `author` stated this set.
  core::Hash StatementTag(SiteIndex author, SiteIndex site, const core::Hash& header,
                          const SiteSet& survivors) const;

  /// Identifies the numbers behind an upload to this site itself; tells nobody else anything.
  core::Hash ContributionTag(const core::Hash& header, core::ByteView numbers) const;

 private:
  const SecretKey& Pair(SiteIndex site) const;

  SiteIndex self_;
  RunId run_;
  SecretBytes<kSecretBytes> secrets_;
  SecretKey self_root_;
  ExchangeKey exchange_key_{};
  std::vector<std::optional<SecretKey>> pairs_;
};

/// What the receiver of a seed can compare it with; hides the seed.
core::Hash SeedCommitment(const SecretKey& seed);

}  // namespace clinnova::federation
