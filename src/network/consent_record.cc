// SPDX-License-Identifier: Apache-2.0
#include "network/consent_record.h"

#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "federation/ledger.h"
#include "federation/secret.h"
#include "network/site_store.h"

namespace clinnova::network {

Result<ConsentRecord> RecordConsentChange(const std::filesystem::path& folder,
                                          const store::ConsentChange& change) {
  if (!change.any) return ConsentRecord::kNothing;
  std::error_code none;
  if (!std::filesystem::exists(folder / "identity.key", none)) return ConsentRecord::kNoLedger;
  CLINNOVA_TRY(federation::StartCryptography());
  const nlohmann::json body = {{"how", "import"},
                               {"statements", change.statements},
                               {"research_persons", change.research_persons},
                               {"entered", change.entered},
                               {"left", change.left}};
  CLINNOVA_ASSIGN(const auto identity, federation::SiteIdentity::Load(folder / "identity.key"));
  auto ledger = federation::Ledger::Open({.path = folder / "ledger.jsonl", .identity = &identity});
  if (ledger) {
    CLINNOVA_TRY((*ledger)->Append(federation::LedgerKind::kConsent, body));
    return ConsentRecord::kEntered;
  }
  if (ledger.error().reason != "ledger_in_use") return Fail(ledger);
  CLINNOVA_ASSIGN(const auto store, SiteStore::Open(folder / "site.db", identity.public_key()));
  CLINNOVA_TRY(store->AddConsentNote(core::CanonicalJson(body)));
  return ConsentRecord::kWaiting;
}

}  // namespace clinnova::network
