// SPDX-License-Identifier: Apache-2.0
// A signing record kept in a site's ledger: every commitment is an entry before the signature leaves, and
// a restarted site finds all of them again.
//
//   CLINNOVA_ASSIGN(auto record, LedgerSigningRecord::Load(ledger));
//   SecureSumSite::Begin({..., .record = record.get()});
//
// Entries: "commitment" and "signed_survivors" with the body {"claims":[{"key":hex,"kind":name,
// "value":hex}, ...]}; "refusal" with {"message":text,"reason":word,"request":word}.
#pragma once

#include <memory>

#include "federation/ledger.h"
#include "federation/signing_record.h"

namespace clinnova::federation {

/// One thread at a time, like the site that uses it; the ledger may be shared.
class LedgerSigningRecord final : public SigningRecord {
 public:
  /// Reads the claims in `ledger` (not owned, outlives the record). kFailed, "ledger_damaged", when an entry
  /// of these kinds cannot be read.
  static Result<std::unique_ptr<LedgerSigningRecord>> Load(Ledger& ledger);

  Result<void> Commit(std::span<const Claim> claims) override;
  bool Holds(ClaimKind kind, const core::Hash& key) const override {
    return table_.Holds(kind, key);
  }
  void Refused(std::string_view request, const Error& why) override;

 private:
  explicit LedgerSigningRecord(Ledger& ledger) : ledger_(ledger) {}

  Ledger& ledger_;  // not owned, outlives this
  ClaimTable table_;
};

}  // namespace clinnova::federation
