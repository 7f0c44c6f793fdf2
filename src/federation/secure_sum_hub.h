// SPDX-License-Identifier: Apache-2.0
// The hub's side of a secure sum: it collects masked vectors, adds them, and removes from the sum the masks
// that a quorum of sites opened. A pure state machine: the caller carries the messages.
//
//   CLINNOVA_ASSIGN(auto hub, SecureSumHub::Create(roster, NewRunId(), study, {}));
//   hub.AddAnnouncement(bytes) ...;  CLINNOVA_ASSIGN(Bytes list, hub.CloseAnnouncements());
//   CLINNOVA_ASSIGN(auto round, hub.BeginRound({.round = 1, .analysis = ..., .elements = 231}));
//   round.AddUpload(bytes) ...;      CLINNOVA_ASSIGN(Bytes ask, round.NameSurvivors(round.uploaded()));
//   round.AddStatement(bytes) ...;   send(site, round.UnmaskRequestFor(site));
//   round.AddUnmasking(bytes) ...;   CLINNOVA_ASSIGN(SecureSum sum, round.Finish());
//
// What arrives is judged in three ways. A message that is not authentic (kRefused "bad_signature",
// "unknown_site"; kInvalidInput) says nothing about the site that it names: it is ignored, ask again. An
// authentic message that breaks the protocol (kFailed, reason "site_broke_protocol", the site named) ends the
// round, not the study. Late and repeated messages are accepted without effect.
//
// Property: the hub computes from uploads alone nothing but the sum over the survivors; see secure_sum_site.h
// for the assumptions. Drop-outs: any number before the upload, as long as max(minimum_sites, threshold)
// remain; after it, any that leave `threshold` sites. Thread rule: one thread at a time, but that a round takes
// messages of one kind, by Add…, from several threads at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/archive.h"
#include "core/error.h"
#include "core/hash.h"
#include "federation/mask.h"
#include "federation/roster.h"
#include "federation/secure_sum_messages.h"

namespace clinnova::federation {

/// What happened in a round, for the ledgers; holds no numbers of anybody.
struct RoundTranscript {
  RoundHeader header;
  SiteSet survivors;
  SiteSet unmaskers{};                        ///< sites whose shares opened the masks
  std::map<SiteIndex, core::Hash> uploads{};  ///< survivors' upload bodies
  std::vector<SignedMessage> statements{};    ///< signed survivor statements, by site
  core::Hash sum_hash{};                      ///< of the archive of the sum's elements

  template <class A>
  void Fields(A& a) {
    a(header), a(survivors), a(unmaskers), a(uploads), a(statements), a(sum_hash);
  }
};

/// The exact sum over the survivors. Reveals: the pooled numbers, to whoever holds it.
struct SecureSum {
  std::vector<__int128> elements;
  RoundTranscript transcript;
};

/// One round at the hub. Begun by SecureSumHub, which may be gone by then.
class SecureSumRound {
 public:
  const RoundHeader& header() const { return header_; }
  const SiteSet& participants() const { return participants_; }

  Result<void> AddUpload(core::ByteView message);
  /// Sites whose uploads are here.
  SiteSet uploaded() const;

  /// Fixes the survivors and gives the SurvivorRequest for each of them. The caller keeps the set before
  /// it sends: sites that signed it sign no other, so a hub that restarts must name the same one.
  /// kFailed: "too_few_survivors" below max(minimum_sites, threshold); "pair_masks_differ", naming both,
  /// when two sites' masks would not cancel. kInvalidInput when an upload is missing or other survivors
  /// were named.
  Result<core::Bytes> NameSurvivors(const SiteSet& survivors);

  Result<void> AddStatement(core::ByteView message);
  SiteSet stated() const;
  /// Whether `threshold` sites stated the set, so that unmasking may be asked for.
  bool CanUnmask() const;

  /// The UnmaskRequest for one survivor; kInvalidInput before CanUnmask.
  Result<core::Bytes> UnmaskRequestFor(SiteIndex site) const;

  Result<void> AddUnmasking(core::ByteView message);
  /// Sites that opened all their shares; the others may be asked again.
  SiteSet unmasked() const;
  /// Whether `threshold` sites opened their share of every survivor's masks.
  bool CanFinish() const;

  /// The sum. kFailed: "too_few_shares" (naming the sites that are missing; more may still come), a site
  /// named whose shares do not open its commitment, or "checksum_mismatch" when masks did not cancel.
  Result<SecureSum> Finish();

  /// Sites found to have given wrong shares; the sum was recovered without them.
  const SiteSet& liars() const { return liars_; }

 private:
  friend class SecureSumHub;
  SecureSumRound(const Roster& roster, RoundHeader header, SiteSet participants,
                 std::size_t minimum_sites);

  struct KeptUpload {
    federation::Upload content;
    core::Hash body{};
  };
  struct Stated {
    SurvivorStatement content;
    SignedMessage message;
  };

  tl::unexpected<Error> Blame(SiteIndex site, const std::string& what) const;
  Result<void> CheckPairs(const SiteSet& survivors) const;
  struct Received {
    SignedMessage message;
    core::Hash body;
  };
  /// The authentic message of a participant and its body's hash, or why it is none.
  Result<Received> Receive(core::ByteView bytes, std::string_view context) const;
  bool WellFormed(const federation::Upload& upload) const;
  bool WellFormed(const SurvivorStatement& statement) const;
  bool WellFormed(const Unmasking& unmasking) const;
  SiteSet Dropped() const;
  core::ByteView ShareFrom(SiteIndex holder, std::size_t owner, std::size_t slot) const;
  Result<SecretKey> RecoverSeed(std::size_t owner, std::size_t slot, const core::Hash& commitment);
  std::optional<SecretKey> TryHolders(const SiteSet& holders, std::size_t owner, std::size_t slot,
                                      const core::Hash& commitment) const;
  void FindLiars(const SiteSet& holders, const SiteSet& honest, std::size_t owner,
                 std::size_t slot);
  Result<void> RemoveMasks(std::span<RingElement> sum);
  RoundTranscript Transcript(const std::vector<__int128>& elements) const;

  Roster roster_;
  RoundHeader header_;
  core::Hash hash_{};
  SiteSet participants_;
  std::size_t minimum_sites_;
  std::map<SiteIndex, KeptUpload> uploads_;
  SiteSet survivors_;
  std::map<SiteIndex, Stated> statements_;
  std::map<SiteIndex, Unmasking> unmaskings_;
  SiteSet liars_;
  std::unique_ptr<std::mutex> adding_ = std::make_unique<std::mutex>();  ///< of the three maps
};

/// One run at the hub: who takes part, with which keys.
class SecureSumHub {
 public:
  struct Options {
    std::uint64_t minimum_sites =
        3;  ///< at least 3; sites have their own, and the larger one counts
  };

  /// kRefused, "too_few_sites", for minimum_sites below 3 or a roster below it.
  static Result<SecureSumHub> Create(Roster roster, const RunId& run, const core::Hash& study,
                                     Options options);

  /// Takes a site's Announcement. Repeats are accepted; a second, different one is refused
  /// ("two_announcements").
  Result<void> AddAnnouncement(core::ByteView message);
  SiteSet announced() const;

  /// Fixes who takes part and gives the AnnouncementList for all of them; again the same afterwards.
  /// kFailed, "too_few_sites", below max(minimum_sites, threshold).
  Result<core::Bytes> CloseAnnouncements();

  /// Begins a round over `question`, of which run, study, roster, participants and format are filled in.
  /// kInvalidInput before CloseAnnouncements or when elements are out of range.
  Result<SecureSumRound> BeginRound(RoundHeader question) const;

  const Roster& roster() const { return roster_; }
  const RunId& run() const { return run_; }

 private:
  SecureSumHub(Roster roster, const RunId& run, const core::Hash& study, Options options)
      : roster_(std::move(roster)), run_(run), study_(study), options_(options) {}

  Roster roster_;
  RunId run_;
  core::Hash study_;
  Options options_;
  std::map<SiteIndex, SignedMessage> announcements_;
  SiteSet participants_;
  core::Hash participants_hash_{};
};

}  // namespace clinnova::federation
