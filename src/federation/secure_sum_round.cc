// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/check.h"
#include "federation/run_keys.h"
#include "federation/secure_sum_hub.h"
#include "federation/shamir.h"

namespace clinnova::federation {
namespace {

constexpr std::size_t kSeedBytes = SecretKey::size();
constexpr std::size_t kSealBytes = 16;  // of the authenticated encryption, see run_keys.cc

template <typename V>
SiteSet Keys(const std::map<SiteIndex, V>& map) {
  SiteSet sites;
  for (const auto& [site, value] : map) sites.push_back(site);
  return sites;
}

SiteSet Without(const SiteSet& all, const SiteSet& some) {
  SiteSet rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

std::size_t OpenedShares(const Unmasking& unmasking) {
  return unmasking.shares.size() -
         static_cast<std::size_t>(
             std::count(unmasking.shares.begin(), unmasking.shares.end(), core::Bytes{}));
}

}  // namespace

SecureSumRound::SecureSumRound(const Roster& roster, RoundHeader header, SiteSet participants,
                               std::size_t minimum_sites)
    : roster_(roster),
      header_(std::move(header)),
      hash_(HeaderHash(header_)),
      participants_(std::move(participants)),
      minimum_sites_(minimum_sites) {}

tl::unexpected<Error> SecureSumRound::Blame(SiteIndex site, const std::string& what) const {
  return Fail(
      ErrorCode::kFailed,
      "round " + std::to_string(header_.round) + ": site " + roster_[site].site + " " + what,
      "site_broke_protocol");
}

// ---- uploads

bool SecureSumRound::WellFormed(const federation::Upload& upload) const {
  const std::size_t sites = roster_.size();
  if (upload.masked.size() != header_.elements + 1 || upload.commitments.size() != sites ||
      upload.sealed.size() != sites) {
    return false;
  }
  for (SiteIndex site = 0; site < sites; ++site) {
    const bool other = site != upload.site && Contains(participants_, site);
    if (upload.sealed[site].size() != (other ? sites * kSeedBytes + kSealBytes : 0)) return false;
  }
  return true;
}

Result<SecureSumRound::Received> SecureSumRound::Receive(core::ByteView bytes,
                                                         std::string_view context) const {
  if (bytes.size() > MostMessageBytes(header_.elements, roster_.size())) {
    return Fail(ErrorCode::kInvalidInput, "a message of a site is too long", "malformed");
  }
  CLINNOVA_ASSIGN(SignedMessage message, core::Decode<SignedMessage>(bytes));
  CLINNOVA_ASSIGN(const core::Hash body, CheckSignature(roster_, message, context));
  if (!Contains(participants_, message.site)) {
    return Fail(ErrorCode::kRefused,
                "site " + roster_[message.site].site + " does not take part in the run",
                "unknown_site");
  }
  return Received{std::move(message), body};
}

Result<void> SecureSumRound::AddUpload(core::ByteView bytes) {
  CLINNOVA_ASSIGN(const Received received, Receive(bytes, federation::Upload::kContext));
  const auto& [message, body] = received;
  auto upload = OpenSigned<federation::Upload>(message);
  if (!upload) return Blame(message.site, "sent a malformed upload");
  if (upload->header != hash_) {
    // Authentic, but of another round: somebody repeats an old message.
    return Fail(ErrorCode::kRefused, "an upload of another round", "wrong_round");
  }
  if (!WellFormed(*upload)) return Blame(message.site, "sent an upload of the wrong size");
  const std::lock_guard lock(*adding_);
  const auto known = uploads_.find(message.site);
  if (known == uploads_.end()) {
    uploads_.emplace(message.site, KeptUpload{std::move(*upload), body});
  } else if (known->second.body != body) {
    return Blame(message.site, "sent two uploads for one header");
  }
  return {};
}

SiteSet SecureSumRound::uploaded() const { return Keys(uploads_); }

// ---- survivors

Result<void> SecureSumRound::CheckPairs(const SiteSet& survivors) const {
  for (const SiteIndex i : survivors) {
    for (const SiteIndex j : survivors) {
      const auto& by_i = uploads_.at(i).content.commitments;
      const auto& by_j = uploads_.at(j).content.commitments;
      if (i >= j || by_i[j] == by_j[i]) continue;
      return Fail(ErrorCode::kFailed,
                  "round " + std::to_string(header_.round) + ": sites " + roster_[i].site +
                      " and " + roster_[j].site + " masked with different pair keys",
                  "pair_masks_differ");
    }
  }
  return {};
}

Result<core::Bytes> SecureSumRound::NameSurvivors(const SiteSet& survivors) {
  if (!IsSiteSet(survivors, roster_.size()) || !Without(survivors, uploaded()).empty()) {
    return Fail(ErrorCode::kInvalidInput, "survivors without an upload");
  }
  if (!survivors_.empty() && survivors_ != survivors) {
    return Fail(ErrorCode::kInvalidInput, "the survivors of the round were named already");
  }
  if (survivors.size() < minimum_sites_) {
    return Fail(ErrorCode::kFailed,
                "round " + std::to_string(header_.round) + ": uploads of " +
                    std::to_string(survivors.size()) + " sites, needed " +
                    std::to_string(minimum_sites_) +
                    "; missing: " + SiteNames(roster_, Without(participants_, survivors)),
                "too_few_survivors");
  }
  CLINNOVA_TRY(CheckPairs(survivors));
  survivors_ = survivors;
  return core::Encode(SurvivorRequest{header_, survivors_});
}

bool SecureSumRound::WellFormed(const SurvivorStatement& statement) const {
  return statement.survivors == survivors_ && statement.tags.size() == roster_.size();
}

Result<void> SecureSumRound::AddStatement(core::ByteView bytes) {
  CLINNOVA_ASSIGN(Received received, Receive(bytes, SurvivorStatement::kContext));
  SignedMessage& message = received.message;
  auto statement = OpenSigned<SurvivorStatement>(message);
  if (!statement) return Blame(message.site, "sent a malformed statement");
  if (statement->header != hash_) {
    return Fail(ErrorCode::kRefused, "a statement of another round", "wrong_round");
  }
  if (!Contains(survivors_, message.site) || !WellFormed(*statement)) {
    return Blame(message.site, "stated another set of survivors");
  }
  const std::lock_guard lock(*adding_);
  const SiteIndex site = message.site;
  statements_.insert_or_assign(site, Stated{std::move(*statement), std::move(message)});
  return {};
}

SiteSet SecureSumRound::stated() const { return Keys(statements_); }

bool SecureSumRound::CanUnmask() const { return statements_.size() >= roster_.threshold(); }

Result<core::Bytes> SecureSumRound::UnmaskRequestFor(SiteIndex site) const {
  if (!CanUnmask() || !Contains(survivors_, site)) {
    return Fail(ErrorCode::kInvalidInput, "unmasking is asked for too early or of a dropped site");
  }
  UnmaskRequest request{.header = header_, .survivors = survivors_};
  for (const auto& [author, stated] : statements_) {
    if (author != site) request.tags.push_back({author, stated.content.tags[site]});
  }
  for (const SiteIndex owner : survivors_) {
    request.sealed.push_back(uploads_.at(owner).content.sealed[site]);
  }
  return core::Encode(request);
}

// ---- unmasking

SiteSet SecureSumRound::Dropped() const { return Without(participants_, survivors_); }

bool SecureSumRound::WellFormed(const Unmasking& unmasking) const {
  const std::size_t full = kSeedBytes * (1 + Dropped().size());
  return unmasking.survivors == survivors_ && unmasking.shares.size() == survivors_.size() &&
         std::all_of(unmasking.shares.begin(), unmasking.shares.end(),
                     [&](const core::Bytes& s) { return s.empty() || s.size() == full; });
}

Result<void> SecureSumRound::AddUnmasking(core::ByteView bytes) {
  CLINNOVA_ASSIGN(const Received received, Receive(bytes, Unmasking::kContext));
  const SignedMessage& message = received.message;
  auto unmasking = OpenSigned<Unmasking>(message);
  if (!unmasking) return Blame(message.site, "sent a malformed unmasking");
  if (unmasking->header != hash_) {
    return Fail(ErrorCode::kRefused, "an unmasking of another round", "wrong_round");
  }
  if (!Contains(survivors_, message.site) || !WellFormed(*unmasking)) {
    return Blame(message.site, "opened shares of another set of survivors");
  }
  const std::lock_guard lock(*adding_);
  const auto known = unmaskings_.find(message.site);
  // A request that was damaged on its way opens fewer shares than its repeat.
  if (known == unmaskings_.end() || OpenedShares(known->second) < OpenedShares(*unmasking)) {
    unmaskings_.insert_or_assign(message.site, std::move(*unmasking));
  }
  return {};
}

SiteSet SecureSumRound::unmasked() const {
  SiteSet sites;
  for (const auto& [site, unmasking] : unmaskings_) {
    if (OpenedShares(unmasking) == survivors_.size()) sites.push_back(site);
  }
  return sites;
}

bool SecureSumRound::CanFinish() const {
  for (std::size_t owner = 0; owner < survivors_.size(); ++owner) {
    std::size_t shares = 0;
    for (const auto& [site, unmasking] : unmaskings_) shares += !unmasking.shares[owner].empty();
    if (shares < roster_.threshold()) return false;
  }
  return !survivors_.empty();
}

core::ByteView SecureSumRound::ShareFrom(SiteIndex holder, std::size_t owner,
                                         std::size_t slot) const {
  const core::Bytes& shares = unmaskings_.at(holder).shares[owner];
  if (shares.empty()) return {};
  return core::ByteView(shares).subspan(slot * kSeedBytes, kSeedBytes);
}

std::optional<SecretKey> SecureSumRound::TryHolders(const SiteSet& holders, std::size_t owner,
                                                    std::size_t slot,
                                                    const core::Hash& commitment) const {
  std::vector<PlacedShare> shares;
  for (const SiteIndex holder : holders) {
    shares.push_back({static_cast<std::uint8_t>(holder + 1), ShareFrom(holder, owner, slot)});
  }
  const SecretBuffer seed = RecoverSecret(shares);
  SecretKey key;
  std::copy(seed.bytes().begin(), seed.bytes().end(), key.data());
  if (SeedCommitment(key) != commitment) return std::nullopt;
  return key;
}

/// Holders whose share is not on the polynomial of the honest ones.
void SecureSumRound::FindLiars(const SiteSet& holders, const SiteSet& honest, std::size_t owner,
                               std::size_t slot) {
  std::vector<PlacedShare> shares;
  for (const SiteIndex holder : honest) {
    shares.push_back({static_cast<std::uint8_t>(holder + 1), ShareFrom(holder, owner, slot)});
  }
  for (const SiteIndex holder : Without(holders, honest)) {
    const SecretBuffer right = InterpolateShares(shares, static_cast<std::uint8_t>(holder + 1));
    const core::ByteView given = ShareFrom(holder, owner, slot);
    if (!std::equal(given.begin(), given.end(), right.bytes().begin()) &&
        !Contains(liars_, holder)) {
      liars_.insert(std::upper_bound(liars_.begin(), liars_.end(), holder), holder);
    }
  }
}

Result<SecretKey> SecureSumRound::RecoverSeed(std::size_t owner, std::size_t slot,
                                              const core::Hash& commitment) {
  SiteSet holders;
  for (const auto& [site, unmasking] : unmaskings_) {
    if (!unmasking.shares[owner].empty() && !Contains(liars_, site)) holders.push_back(site);
  }
  const std::size_t threshold = roster_.threshold();
  if (holders.size() < threshold) {
    return Fail(ErrorCode::kFailed,
                "round " + std::to_string(header_.round) + ": shares of " +
                    std::to_string(holders.size()) + " sites open the mask of site " +
                    roster_[survivors_[owner]].site + ", needed " + std::to_string(threshold) +
                    "; missing: " + SiteNames(roster_, Without(survivors_, holders)),
                "too_few_shares");
  }
  // All choices of `threshold` holders, the first ones first; more than one is tried only after a lie.
  std::vector<bool> chosen(holders.size(), false);
  std::fill_n(chosen.begin(), threshold, true);
  int attempts = 0;
  constexpr int kMostAttempts = 10'000;
  do {
    SiteSet some;
    for (std::size_t i = 0; i < holders.size(); ++i) {
      if (chosen[i]) some.push_back(holders[i]);
    }
    if (auto seed = TryHolders(some, owner, slot, commitment)) {
      if (attempts > 0) FindLiars(holders, some, owner, slot);
      return *seed;
    }
  } while (++attempts < kMostAttempts && std::prev_permutation(chosen.begin(), chosen.end()));
  return Blame(survivors_[owner],
               "sealed shares, or others gave shares, that do not open its commitment");
}

Result<void> SecureSumRound::RemoveMasks(std::span<RingElement> sum) {
  const SiteSet dropped = Dropped();
  for (std::size_t owner = 0; owner < survivors_.size(); ++owner) {
    const SiteIndex site = survivors_[owner];
    const std::vector<core::Hash>& commitments = uploads_.at(site).content.commitments;
    CLINNOVA_ASSIGN(const SecretKey self_seed, RecoverSeed(owner, 0, commitments[site]));
    ApplyMask(self_seed, MaskSign::kSubtract, sum);
    for (std::size_t d = 0; d < dropped.size(); ++d) {
      CLINNOVA_ASSIGN(const SecretKey pair_seed,
                      RecoverSeed(owner, 1 + d, commitments[dropped[d]]));
      // The survivor added this mask when its index is the lower one.
      ApplyMask(pair_seed, site < dropped[d] ? MaskSign::kSubtract : MaskSign::kAdd, sum);
    }
  }
  return {};
}

RoundTranscript SecureSumRound::Transcript(const std::vector<__int128>& elements) const {
  RoundTranscript transcript{
      .header = header_, .survivors = survivors_, .unmaskers = Keys(unmaskings_)};
  for (const SiteIndex site : survivors_) transcript.uploads[site] = uploads_.at(site).body;
  for (const auto& [site, stated] : statements_) transcript.statements.push_back(stated.message);
  transcript.sum_hash = core::Blake2b(core::Encode(elements));
  return transcript;
}

Result<SecureSum> SecureSumRound::Finish() {
  if (survivors_.empty()) {
    return Fail(ErrorCode::kInvalidInput, "a round ends before its survivors are named");
  }
  std::vector<__int128> elements(header_.elements + 1);
  const std::span<RingElement> sum(reinterpret_cast<RingElement*>(elements.data()),
                                   elements.size());
  for (const SiteIndex site : survivors_) {
    const std::vector<__int128>& masked = uploads_.at(site).content.masked;
    for (std::size_t e = 0; e < masked.size(); ++e) sum[e] += static_cast<RingElement>(masked[e]);
  }
  CLINNOVA_TRY(RemoveMasks(sum));
  if (Checksum(hash_, sum.first(header_.elements)) != sum.back()) {
    return Fail(ErrorCode::kFailed,
                "round " + std::to_string(header_.round) +
                    ": the masks did not cancel; a site masked something else than it signed",
                "checksum_mismatch");
  }
  elements.pop_back();
  SecureSum result{std::move(elements), {}};
  result.transcript = Transcript(result.elements);
  return result;
}

}  // namespace clinnova::federation
