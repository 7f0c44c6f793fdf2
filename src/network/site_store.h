// SPDX-License-Identifier: Apache-2.0
// What a site knows of the studies that were offered to it, and what its steward decided; shared by the
// serving process and `site approve`. Thread rule: any thread, several processes.
//
//   studies(hash, canonical, roster, offered, closed)   decisions(study, number, signed, noted)
//   runs(study, run, frozen)                            the run's secrets are in runs/HASH.key (mode 0600)
//   policy_notes(after, by, decided)                    who decided a policy that is not in the ledger yet
//   consent_notes(body)                                 changes of consents that are not in the ledger yet
#pragma once

#include <functional>
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

/// Who put a policy in force, until the ledger says it.
struct PolicyNote {
  std::string after{};  ///< hash of the policy, hexadecimal
  std::string by{};
  std::string decided{};  ///< UTC
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

  Result<void> AddPolicyNote(const PolicyNote& note);
  /// The newest note about that policy, which is gone after it, with older ones; none: nobody told.
  Result<std::optional<PolicyNote>> TakePolicyNote(const std::string& after);

  /// `body`: of the ledger's entry, canonical JSON.
  Result<void> AddConsentNote(const std::string& body);
  /// Calls `enter` with each note, oldest first; one that it entered is gone. Errors of `enter`.
  Result<void> TakeConsentNotes(const std::function<Result<void>(const std::string& body)>& enter);

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
