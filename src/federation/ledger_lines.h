// SPDX-License-Identifier: Apache-2.0
// One entry of a ledger as a line of text, and the walk along a ledger's lines that checks the chain.
// The line's layout is drawn in ledger_lines.cc.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/error.h"
#include "federation/identity.h"
#include "federation/ledger.h"

namespace clinnova::federation {

/// Signs `entry` (its body, number, time, kind and previous) with `identity`, sets entry.hash, and gives
/// the line without its newline. The body is canonical JSON.
std::string SignedLedgerLine(const SiteIdentity& identity, LedgerEntry& entry);

enum class SignatureCheck {
  kEvery,     ///< each entry's
  kLastOnly,  ///< the newest entry's, which covers the others through the chain of hashes
};

/// Reads `path` from the start up to the first fault, calling `visit` with each good entry. With kLastOnly
/// an entry is visited before its signature is known to be good.
Result<LedgerCheck> WalkLedger(const std::filesystem::path& path, const PublicKey& key,
                               SignatureCheck signatures,
                               const std::function<void(const LedgerEntry&)>& visit);

}  // namespace clinnova::federation
