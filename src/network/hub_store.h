// SPDX-License-Identifier: Apache-2.0
// What a hub remembers: invites, sites, studies, runs and rounds, in one SQLite file that a killed hub
// finds again. Thread rule: any thread; several processes (a serving hub and `hub invite`).
//
//   invites(hash, site, expires, used)      studies(hash, canonical, roster, state, error, submitted, finished, result)
//   sites(name, fingerprint, identity, enrolled, seen, version)    decisions(study, site, number, approved, signed)
//   runs(study, run, announcements, frozen, rows)    rounds(run, round, request, uploads, sum, error)
//
// Holds no number of a single site: uploads are masked, sums are over all sites, `rows` passed the sites' gates.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/secure_sum_messages.h"
#include "network/database.h"
#include "network/invite.h"
#include "network/messages.h"

namespace clinnova::network {

struct SiteRecord {
  std::string name{};
  std::string fingerprint{};
  federation::PublicKey identity{};
  std::int64_t seen_ms = 0;
  std::string version{};
};

struct StudyRecord {
  std::string hash{};  ///< hexadecimal
  std::string canonical{};
  core::Bytes roster{};
  std::string state{};
  std::string error{};
  std::int64_t submitted_ms = 0;
  std::int64_t finished_ms = 0;
};

struct RunRecord {
  federation::RunId run{};
  core::Bytes announcements{};  ///< AnnouncementList; empty: not closed yet
  core::Bytes frozen{};         ///< FrozenTable; empty: not yet
  core::Bytes rows{};           ///< archive of each site's row count
};

struct RoundRecord {
  core::Bytes request{};
  std::vector<core::Bytes> uploads{};
  std::vector<__int128> sum{};
  std::optional<Error> error{};
  bool finished = false;
};

class HubStore {
 public:
  static Result<std::unique_ptr<HubStore>> Open(const std::filesystem::path& path);

  Result<void> AddInvite(const core::Hash& secret, const std::string& site,
                         std::int64_t expires_ms);
  /// kInvalidInput: "unknown_invite", "expired_invite", "used_invite" or another site's.
  Result<void> CheckInvite(const core::Hash& secret, const std::string& site, std::int64_t now_ms);
  /// Marks the invite as used and keeps the site, both or none; kInvalidInput as CheckInvite.
  Result<void> Enrol(const core::Hash& secret, const SiteRecord& site, std::int64_t now_ms);

  Result<std::vector<SiteRecord>> Sites();
  Result<std::optional<SiteRecord>> SiteByFingerprint(const std::string& fingerprint);
  Result<void> Seen(const std::string& site, const std::string& version, std::int64_t now_ms);

  /// False when it is there already.
  Result<bool> AddStudy(const StudyRecord& study);
  Result<std::vector<StudyRecord>> Studies();  ///< newest first
  Result<std::optional<StudyRecord>> Study(const std::string& hash);
  Result<void> SetState(const std::string& hash, const std::string& state,
                        const std::string& error);
  /// Back to submitted, without its run and result; decisions stay.
  Result<void> Reopen(const std::string& hash, std::int64_t now_ms);
  /// Ends the study with its result file (empty: none) in one commit.
  Result<void> Close(const std::string& hash, const std::string& state, const std::string& error,
                     const std::string& result, std::int64_t now_ms);
  Result<std::optional<std::string>> ResultFile(const std::string& hash);

  /// Keeps the site's decision unless a later one is there. True when it is new.
  Result<bool> AddDecision(const std::string& study, const Decision& decision,
                           const SignedDecision& signed_decision);
  /// site -> approved or not, of those who decided.
  Result<std::map<std::string, bool>> Decisions(const std::string& study);

  Result<std::optional<RunRecord>> Run(const std::string& study);
  Result<void> KeepRun(const std::string& study, const RunRecord& run);
  Result<std::optional<RoundRecord>> Round(const federation::RunId& run, std::uint64_t round);
  Result<void> KeepUploads(const federation::RunId& run, std::uint64_t round,
                           const core::Bytes& request, const std::vector<core::Bytes>& uploads);
  /// The sum, in place of the uploads.
  Result<void> KeepSum(const federation::RunId& run, std::uint64_t round,
                       const core::Bytes& request, const std::vector<__int128>& sum);
  Result<void> KeepRoundError(const federation::RunId& run, std::uint64_t round,
                              const core::Bytes& request, const Error& error);
  Result<std::int64_t> FinishedRounds(const std::string& study);

 private:
  explicit HubStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace clinnova::network
