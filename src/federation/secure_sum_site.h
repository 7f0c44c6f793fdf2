// SPDX-License-Identifier: Apache-2.0
// A site's side of a secure sum: it masks the site's numbers, and helps to remove masks from the sum of
// all sites, and from nothing else. A pure state machine: the caller carries the messages.
//
//   CLINNOVA_ASSIGN(auto site, SecureSumSite::Begin({.identity = &identity, .roster = roster, .run = run,
//                                                    .study = study, .record = &record}));
//   send(site.Announce());            site.Accept(list);                   // once per run
//   send(site.Upload(header, x));     send(site.SignSurvivors(request));   // per round
//   send(site.Unmask(request));
//
// Every answer is a function of the request and of the run's secrets, which Save keeps: a request may come
// again, late or after a crash, and gets the same bytes.
//
// Property: whatever the hub sends, and whichever messages it keeps back, a coalition of the hub and of
// c sites learns about the numbers of the other sites at most one sum per header, over at least
// max(minimum_sites, threshold) - c of them. Per question (study, analysis, step, parameters) and per study
// it is always the same set of sites, because a difference of two sets would show a site.
// Assumptions: the other sites follow the protocol and their record survives; c <= 2 threshold - S - 1, so
// that two quorums share an honest site (S = 3: 2, S = 4: 1, S = 5: 2, S = 10: 3) and c < threshold, so
// that shares open nothing; the roster is what the stewards approved. Security level: 128 bits.
// Source: Bonawitz et al., CCS 2017, active adversary, on the complete graph. Two departures: pair seeds
// are shared per round instead of a private key per run, so that recovery opens one round only; statements
// are authenticated between sites by pair keys (and signed, for the record), which is as binding to their
// receiver and twenty times cheaper than a signature.
// Who learns what: the hub: the sum over the survivors, who they are, and when they answered. Another
// site: nothing. The record: hashes, and a tag of the numbers under a key that only this site has.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/archive.h"
#include "core/error.h"
#include "core/hash.h"
#include "federation/identity.h"
#include "federation/roster.h"
#include "federation/run_keys.h"
#include "federation/secret.h"
#include "federation/secure_sum_messages.h"
#include "federation/signing_record.h"

namespace clinnova::federation {

class SecureSumSite {
 public:
  struct Options {
    const SiteIdentity* identity = nullptr;  // not owned, outlives this
    Roster roster;                           ///< as this site's steward approved it
    RunId run{};
    core::Hash study{};               ///< of the study that this site approved
    std::uint64_t minimum_sites = 3;  ///< at least 3; 4 where a site may collude with the hub
    std::uint64_t consents = 0;       ///< stewards' consents so far to go on without a site
    SigningRecord* record = nullptr;  // not owned, outlives this
  };

  /// A site that enters the run with fresh secrets. kRefused: "too_few_sites" for minimum_sites below 3 or
  /// a roster below it, "unknown_site" when the identity is not in the roster.
  static Result<SecureSumSite> Begin(Options options);

  /// A site that goes on after a restart from what Save returned. kInvalidInput when `saved` is damaged
  /// or of another run, study, roster or site.
  static Result<SecureSumSite> Resume(Options options, core::ByteView saved);

  /// The run's secrets, for a file of mode 0600 (secret_file.h). To be kept before the announcement
  /// leaves, and once more after Accept; to be destroyed when the run is over.
  SecretBuffer Save() const;

  /// This site's signed key for the run. Reveals to hub and sites: that it takes part.
  Result<core::Bytes> Announce();

  /// Takes an AnnouncementList. kRefused: "unknown_site", "bad_signature", "wrong_run", "wrong_study",
  /// "wrong_roster", "own_announcement_changed", "exchange_key_twice", "zero_shared_secret",
  /// "too_few_sites", "two_participant_lists"; kInvalidInput when malformed.
  Result<void> Accept(core::ByteView announcement_list);
  bool accepted() const { return !participants_.empty(); }

  /// The hash that a RoundHeader of this run carries; zero before Accept.
  const core::Hash& participants_hash() const { return participants_hash_; }

  /// The masked numbers. The caller has checked that header.analysis, step, parameters and layout are what
  /// it approved and evaluated. kRefused: "not_accepted", "wrong_run", "wrong_study", "wrong_roster",
  /// "wrong_participants", "wrong_format", "wrong_size", "two_headers", "upload_changed".
  /// Reveals to the hub: that the site answers, and the number of elements.
  Result<core::Bytes> Upload(const RoundHeader& header, std::span<const __int128> numbers);

  /// Answers a SurvivorRequest with the signed set. kRefused: as Upload, "not_uploaded",
  /// "not_a_survivor", "bad_set", "too_few_survivors", "two_survivor_sets",
  /// "state_has_other_sites", "study_has_other_sites".
  Result<core::Bytes> SignSurvivors(core::ByteView request);

  /// Answers an UnmaskRequest. kRefused: as SignSurvivors, "too_few_statements" when fewer than the
  /// threshold of sites, this one included, are known to have stated the same set.
  /// Reveals to the hub: shares of the survivors' self masks and of their pair masks with the dropped,
  /// for this header only; together with threshold - 1 others, the sum over the survivors.
  Result<core::Bytes> Unmask(core::ByteView request);

 private:
  SecureSumSite(Options options, SiteIndex self, const SecretBytes<RunKeys::kSecretBytes>& secrets);
  static Result<SiteIndex> CheckOptions(const Options& options);

  SignedMessage OwnAnnouncement() const;
  Result<RunKeys> AgreeWithAll(const AnnouncementList& list) const;
  Result<void> CheckAnnouncement(const SignedMessage& message, RunKeys& keys) const;
  Result<void> AcceptList(core::ByteView bytes);
  Result<void> CheckHeader(const RoundHeader& header) const;
  Result<void> CommitToSurvivors(const RoundHeader& header, const core::Hash& hash,
                                 const SiteSet& survivors);
  Result<core::Bytes> MakeUpload(const RoundHeader& header, std::span<const __int128> numbers);
  Result<core::Bytes> MakeStatement(core::ByteView bytes);
  Result<core::Bytes> MakeUnmasking(core::ByteView bytes);
  core::Bytes ReleasedShare(SiteIndex owner, const core::Hash& hash, const SiteSet& survivors,
                            core::ByteView sealed) const;
  std::size_t quorum() const;
  /// Keeps a refusal in the record.
  template <typename T>
  Result<T> Recorded(std::string_view request, Result<T> answer);

  Options options_;
  SiteIndex self_;
  RunKeys keys_;
  AnnouncementList list_;
  SiteSet participants_;
  core::Hash participants_hash_{};
};

}  // namespace clinnova::federation
