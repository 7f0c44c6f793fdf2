// SPDX-License-Identifier: Apache-2.0
#include "federation/ledger_signing_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace clinnova::federation {
namespace {

using nlohmann::json;

bool ReadHash(const json& claim, const char* key, core::Hash& hash) {
  const auto found = claim.find(key);
  if (found == claim.end() || !found->is_string()) return false;
  const auto bytes = core::FromHex(found->get_ref<const std::string&>());
  if (!bytes || bytes->size() != hash.size()) return false;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return true;
}

std::optional<std::vector<Claim>> ReadClaims(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object() || !object.contains("claims") || !object["claims"].is_array()) {
    return std::nullopt;
  }
  std::vector<Claim> claims;
  for (const json& text : object["claims"]) {
    if (!text.is_object() || !text.contains("kind") || !text["kind"].is_string()) {
      return std::nullopt;
    }
    const auto kind = ClaimKindFromName(text["kind"].get_ref<const std::string&>());
    Claim claim;
    if (!kind || !ReadHash(text, "key", claim.key) || !ReadHash(text, "value", claim.value)) {
      return std::nullopt;
    }
    claim.kind = *kind;
    claims.push_back(claim);
  }
  return claims;
}

}  // namespace

Result<std::unique_ptr<LedgerSigningRecord>> LedgerSigningRecord::Load(Ledger& ledger) {
  std::unique_ptr<LedgerSigningRecord> record(new LedgerSigningRecord(ledger));
  std::optional<std::uint64_t> unreadable;
  CLINNOVA_TRY(ledger.ForEach([&](const LedgerEntry& entry) {
    if (entry.kind != LedgerKind::kCommitment && entry.kind != LedgerKind::kSignedSurvivors) return;
    if (const auto claims = ReadClaims(entry.body)) {
      record->table_.Insert(*claims);
    } else {
      unreadable = entry.number;
    }
  }));
  if (unreadable) {
    return Fail(ErrorCode::kFailed,
                "ledger entry " + std::to_string(*unreadable) + ": its claims cannot be read",
                "ledger_damaged");
  }
  return record;
}

Result<void> LedgerSigningRecord::Commit(std::span<const Claim> claims) {
  CLINNOVA_ASSIGN(const std::vector<Claim> fresh, table_.Check(claims));
  if (fresh.empty()) return {};
  json list = json::array();
  bool survivors = false;
  for (const Claim& claim : fresh) {
    survivors = survivors || claim.kind == ClaimKind::kSurvivors;
    list.push_back({{"kind", ClaimName(claim.kind)},
                    {"key", core::ToHex(claim.key)},
                    {"value", core::ToHex(claim.value)}});
  }
  const LedgerKind kind = survivors ? LedgerKind::kSignedSurvivors : LedgerKind::kCommitment;
  CLINNOVA_TRY(ledger_.Append(kind, {{"claims", std::move(list)}}));
  table_.Insert(fresh);
  return {};
}

void LedgerSigningRecord::Refused(std::string_view request, const Error& why) {
  // A ledger that cannot be written refuses every later commitment, so nothing is lost by going on here.
  (void)ledger_.Append(LedgerKind::kRefusal,
                       {{"message", why.message}, {"reason", why.reason}, {"request", request}});
}

}  // namespace clinnova::federation
