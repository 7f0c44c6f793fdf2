// SPDX-License-Identifier: Apache-2.0
// What a site knows of the studies that were offered to it, and what its steward decided; shared by the
// serving process and `site approve`. Thread rule: any thread, several processes.
//
//   studies(hash, canonical, roster, offered, closed)   decisions(study, number, signed, noted)
//   runs(study, run, frozen)                            the run's secrets are in runs/HASH.key (mode 0600)
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/identity.h"
#include "network/database.h"
#include "network/messages.h"

namespace clinnova::network {

struct OfferedStudy {
  std::string hash{};  ///< hexadecimal
  std::string canonical{};
  core::Bytes roster{};
  std::int64_t offered_ms = 0;
  std::string closed{};                ///< how it ended; empty: not over
  std::optional<Decision> decision{};  ///< the newest, its signature checked
};

struct SiteRunRecord {
  federation::RunId run{};
  core::Bytes frozen{};  ///< FrozenTable; empty: not yet
};

class SiteStore {
 public:
  /// `own_key` checks decisions: one that this site's key did not sign does not count.
  static Result<std::unique_ptr<SiteStore>> Open(const std::filesystem::path& path,
                                                 const federation::PublicKey& own_key);

  /// True when the study or its roster is new; an offer reopens a closed study.
  Result<bool> AddOffer(const std::string& hash, const StudyOffer& offer);
  Result<std::vector<OfferedStudy>> Studies();  ///< newest first
  /// By hash or an unambiguous beginning of it; kInvalidInput when there is none.
  Result<OfferedStudy> Find(const std::string& hash);
  Result<void> Close(const std::string& hash, const std::string& state);

  Result<void> AddDecision(const std::string& hash, const Decision& decision,
                           const SignedDecision& signed_decision);
  /// Decisions that are not in the ledger yet.
  Result<std::vector<SignedDecision>> Unnoted();
  Result<void> MarkNoted(const SignedDecision& decision);
  /// The newest decision of each study, for the hub.
  Result<std::vector<SignedDecision>> Newest();

  Result<std::optional<SiteRunRecord>> Run(const std::string& hash);
  Result<void> KeepRun(const std::string& hash, const SiteRunRecord& run);
  Result<void> DropRun(const std::string& hash);

 private:
  SiteStore(std::unique_ptr<Database> database, const federation::PublicKey& own_key)
      : database_(std::move(database)), own_key_(own_key) {}
  Result<OfferedStudy> StudyOf(const Row& row);

  std::unique_ptr<Database> database_;
  federation::PublicKey own_key_;
  std::mutex mutex_;
  std::map<federation::Signature, std::pair<core::Bytes, Decision>> verified_;
};

}  // namespace clinnova::network
