// SPDX-License-Identifier: Apache-2.0
// A site's state folder, made by `clinnova site init`, and what the steward does in it.
//
//   site.toml            name, hub, where tables come from, policy
//   identity.key         the Ed25519 key that signs decisions, messages and the ledger (0600)
//   authority.pem        the consortium's certificate     tls.pem, tls.key   the site's certificate and key
//   hub.pub              the hub's public key: signs models that the hub registers (decision/model_folder.h)
//   site.db              offered studies and decisions    runs/HASH.key      secrets of a run (0600)
//   ledger.jsonl         what left, what was refused
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/ledger.h"
#include "federation/release.h"
#include "network/site_store.h"

namespace clinnova::network {

struct SiteInitOptions {
  std::filesystem::path folder;
  std::string invite;   ///< as `hub invite` printed it
  std::string table{};  ///< file of the site's table; empty: none yet
  int minimum_count = 5;
};

struct SiteSummary {
  std::string name{};
  std::string hub{};  ///< its name
  std::string address{};
  std::string authority{};  ///< fingerprint, to be compared with what the operator says
  std::string identity{};   ///< the site's public key, hexadecimal
};

/// Redeems an invite. kInvalidInput: malformed, expired, used or unknown invite, folder in use;
/// kUnreachable: no hub there, or another one than the invite's. Then nothing is on disk.
Result<SiteSummary> InitSite(const SiteInitOptions& options);

/// `[bedside]` of site.toml: the door for clinical systems.
struct BedsideConfig {
  std::optional<int> http{};         ///< port on 127.0.0.1; none: the door is closed
  std::string mode = "research";     ///< or in-house, clinical
  std::string consent = "required";  ///< or unless_refused
};

struct SiteConfig {
  std::string name{};
  std::string hub{};    ///< "host:port"
  std::string table{};  ///< absolute or relative to the working folder; empty: none
  std::map<std::string, std::string> tables{};  ///< study hash -> file
  int threads = 2;
  federation::SitePolicy policy{};
  BedsideConfig bedside{};
};
/// Reads site.toml; kInvalidInput names the file, line and key.
Result<SiteConfig> ReadSiteConfig(const std::filesystem::path& folder);

/// Studies offered to the site, newest first.
Result<std::vector<OfferedStudy>> OfferedStudies(const std::filesystem::path& folder);

enum class StewardSays { kApprove, kReject };
/// The steward's signed decision, which a serving site notices and passes on; also the withdrawal of an
/// earlier approval. kInvalidInput: no such study, or it is decided so already; kRefused: an approval that the
/// site's policy would make void (ReleaseGate::CheckStudy), with its reason.
Result<OfferedStudy> Decide(const std::filesystem::path& folder, const std::string& study,
                            StewardSays says);

/// Enters a decision into the ledger.
Result<void> NoteDecision(federation::Ledger& ledger, const Decision& decision,
                          const SignedDecision& signed_decision);

/// The ledger's entries with what its verification found; works offline and while the site serves.
struct ReleaseLogView {
  federation::LedgerCheck check{};
  std::vector<federation::LedgerEntry> entries{};
};
Result<ReleaseLogView> ReadReleaseLog(const std::filesystem::path& folder);

}  // namespace clinnova::network
