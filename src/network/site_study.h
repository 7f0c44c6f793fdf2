// SPDX-License-Identifier: Apache-2.0
// A site's part in one study: it answers the hub's requests, as far as the site's own steward approved
// them, and writes down what it answered and what it refused.
//
//   SiteStudy study(site, "9f2c…");
//   Released<Bytes> answer = study.Answer(HubMessageKind::kUpload, body, kind);   // an answer or a refusal
//
// Property: nothing is evaluated unless the newest decision in the site's own store approves exactly this
// study and roster, signed with this site's key, and the site's policy as it is at that moment allows it; the
// hub's word counts for nothing. Whatever is answered
// passed the release gate. Assumption: the site's folder is the site's alone. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "federation/information_account.h"
#include "federation/ledger.h"
#include "federation/ledger_signing_record.h"
#include "federation/release.h"
#include "federation/secure_sum_site.h"
#include "federation/site_runner.h"
#include "network/messages.h"
#include "network/policy_in_force.h"
#include "network/site_store.h"
#include "network/table_source.h"

namespace clinnova::network {

/// The one signing record of a site, for the studies that run beside each other.
class SharedSigningRecord final : public federation::SigningRecord {
 public:
  explicit SharedSigningRecord(std::unique_ptr<federation::LedgerSigningRecord> record)
      : record_(std::move(record)) {}
  Result<void> Commit(std::span<const federation::Claim> claims) override {
    const std::lock_guard lock(mutex_);
    return record_->Commit(claims);
  }
  bool Holds(federation::ClaimKind kind, const core::Hash& key) const override {
    const std::lock_guard lock(mutex_);
    return record_->Holds(kind, key);
  }
  void Refused(std::string_view request, const Error& why) override {
    const std::lock_guard lock(mutex_);
    record_->Refused(request, why);
  }

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<federation::LedgerSigningRecord> record_;
};

/// What all studies of a site share; everything outlives them and none of it is owned.
struct SiteParts {
  std::string name;
  std::filesystem::path folder{};
  const federation::SiteIdentity* identity = nullptr;
  PolicyInForce* policy = nullptr;
  federation::Ledger* ledger = nullptr;
  federation::SigningRecord* record = nullptr;
  SiteStore* store = nullptr;
  TableSource* tables = nullptr;
  const federation::StepCatalog* steps = nullptr;
  federation::InformationAccount* information = nullptr;
  int threads = 1;
};

/// Fills an account from the rounds that a site's ledger holds.
void RestoreInformation(const federation::Ledger& ledger, federation::InformationAccount& account);

class SiteStudy {
 public:
  /// `hash` is hexadecimal.
  SiteStudy(const SiteParts& site, std::string hash);

  struct Reply {
    SiteMessageKind kind;  ///< kAnswer or kRefusal
    federation::Released<core::Bytes> body;
  };
  /// The answer to a request, or the refusal, which is in the ledger by then.
  Reply Answer(HubMessageKind kind, core::ByteView body);

  /// The study is over: its run's secrets are destroyed.
  void Close(const StudyClosed& closed);

 private:
  using Released = federation::Released<core::Bytes>;
  struct Approved {
    federation::Study study;
    federation::Roster roster;
    core::Bytes roster_bytes;
    std::vector<std::string> columns;  ///< that it asks for
  };

  /// Whether the steward still approves; loads the study at first use. kRefused "not_approved".
  Result<void> CheckApproval();
  /// Takes the policy as it is now; where it has changed, run and table go on under the new thresholds. kRefused
  /// ("policy_unreadable").
  Result<void> TakePolicy();
  /// The run that Begin entered; after a restart, from the folder. kRefused "no_run".
  Result<void> NeedRun();
  Result<void> NeedTable();
  Result<Released> Dispatch(HubMessageKind kind, core::ByteView body);
  Result<Released> Begin(core::ByteView body);
  Result<Released> Describe(core::ByteView body);
  Result<Released> Accept(core::ByteView body);
  Result<Released> Freeze(core::ByteView body);
  Result<Released> Upload(core::ByteView body);
  Result<void> CheckRound(const UploadAsk& ask) const;
  Result<void> NoteRound(const UploadAsk& ask, const core::Bytes& upload,
                         const federation::InformationCharge& charge);
  void CountRounds();
  /// What the round would be charged for (rule 8), and how much of it the site allows per variable.
  Result<federation::InformationCharge> ChargeOf(const UploadAsk& ask) const;
  double Allowance() const;
  /// Other studies whose runs began here within the last 24 hours, from the ledger.
  std::uint64_t OtherStudiesToday() const;
  Result<Released> SecureSum(Result<core::Bytes> message, std::string_view context) const;
  federation::SecureSumSite::Options OptionsOf(const federation::RunId& run) const;
  std::filesystem::path KeyFile() const;

  SiteParts site_;
  std::string hash_;
  std::shared_ptr<const federation::ReleaseGate>
      gate_;  ///< shared with PolicyInForce; null: before the first question
  std::optional<Approved> approved_;
  std::optional<federation::RunId> run_;
  std::unique_ptr<federation::SecureSumSite> sum_;
  core::Bytes frozen_;
  core::Hash frozen_hash_{};
  std::uint64_t persons_ = 0;  ///< of all sites, as the frozen table says
  std::unique_ptr<federation::SiteRunner> runner_;
  std::uint64_t rounds_ = 0;  ///< of the study at this site, over all runs
  core::Hash last_header_{};
  bool refusal_is_recorded_ = false;  ///< the secure sum keeps its own refusals
};

}  // namespace clinnova::network
