// SPDX-License-Identifier: Apache-2.0
// A hub's state folder, made by `clinnova hub init`:
//
//   hub.toml             name, address to listen on, names under which sites reach it
//   authority.pem        the consortium's certificate      authority.key   its key (0600, may have a password)
//   server.pem, .key     the hub's own certificate and key
//   hub.key              the Ed25519 key that signs the hub's ledger
//   researcher.token     opens the researchers' calls (0600)
//   hub.db, ledger.jsonl
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "network/certificates.h"

namespace clinnova::network {

struct HubInitOptions {
  std::filesystem::path folder{};
  std::string name{};
  std::string listen = "127.0.0.1:7443";  ///< host:port
  std::vector<std::string> hosts{};       ///< further DNS names and addresses of the hub
  std::string password{};                 ///< of the authority's key; empty: none
};

/// What an operator is told about a new hub.
struct HubSummary {
  std::string name{};
  std::string address{};      ///< as sites reach it
  std::string fingerprint{};  ///< of the consortium's authority
};

/// A new hub. kInvalidInput when the folder exists and is not empty, or the address is none; then nothing
/// was changed.
Result<HubSummary> InitHub(const HubInitOptions& options);

struct HubConfig {
  std::string name{};
  std::string listen{};
  std::string address{};  ///< for invites: first given host, with the port
};
/// Reads hub.toml; kInvalidInput names the file, line and key.
Result<HubConfig> ReadHubConfig(const std::filesystem::path& folder);
Result<Credential> ReadAuthority(const std::filesystem::path& folder);

/// A copy of the hub's folder as a new folder, also while the hub serves: whole entries, and the database as it is
/// between two transactions. It serves in the original's place. Holds all keys. kInvalidInput when `folder` is no
/// hub's or `copy` is there already; then nothing is left.
Result<void> BackUpHub(const std::filesystem::path& folder, const std::filesystem::path& copy);

struct InviteOptions {
  std::filesystem::path folder{};
  std::string site{};
  std::chrono::milliseconds valid = std::chrono::hours(24 * 7);
};
/// A new one-time invite for a site. A hub that serves notices it at once.
Result<std::string> MakeInvite(const InviteOptions& options);

/// "90m", "12h", "7d" as a time; kInvalidInput otherwise.
Result<std::chrono::milliseconds> ReadDuration(std::string_view text);

/// The whole of a text file; kInvalidInput names it.
Result<std::string> ReadTextFile(const std::filesystem::path& path);
/// kInvalidInput unless the folder is absent or empty.
Result<void> CheckNewFolder(const std::filesystem::path& folder);

}  // namespace clinnova::network
