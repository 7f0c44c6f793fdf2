// SPDX-License-Identifier: Apache-2.0
// The ledger: what a site or the hub saw, allowed, sent and refused, in order, for good. Data stewards read
// it with `clinnova site release-log`; auditors verify it with nothing but the file and the public key.
//
//   CLINNOVA_ASSIGN(auto ledger, Ledger::Open({.path = "ledger.jsonl", .identity = &identity}));
//   CLINNOVA_ASSIGN(LedgerEntry entry, ledger->Append(LedgerKind::kApproval, {{"study", hex}}));
//   CLINNOVA_ASSIGN(LedgerCheck check, VerifyLedger("ledger.jsonl", identity.public_key()));
//   if (check.fault) report(check.fault->line, check.fault->what);
//
// Property: no entry can be changed, added, removed or moved without the site's key, and not even with it
// without changing every later entry's hash. Not covered: leaving off the newest entries; whoever wants to
// notice that keeps a root hash of another day. Assumption: Ed25519 and BLAKE2b hold; security level 128
// bits. Source: hash-chained logs after S. Haber, W. S. Stornetta, J. Cryptology 3 (1991).
// Reveals: to readers of the file, everything in it. Bodies hold hashes, names, verdicts and released sums,
// never a patient's value: their writers see to that.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "federation/identity.h"

namespace clinnova::federation {

enum class LedgerKind {
  kOpened,           ///< the first entry: format and public key
  kStudySeen,        ///< a study document arrived
  kApproval,         ///< a steward approved a study
  kRejection,        ///< a steward rejected or withdrew a study
  kRunStarted,       ///< a run of an approved study began
  kCommitment,       ///< the site bound itself to a key, a header or an upload
  kRound,            ///< a round: header, participants, verdicts, hash and size of what was sent
  kSignedSurvivors,  ///< the site bound itself to a survivor set
  kRefusal,          ///< a request that was refused, and the reason
  kPolicy,           ///< the site's policy changed
  kConsent,          ///< a consent was given or withdrawn
  kResult,           ///< a result was received or made
  kModel,            ///< a learned model was registered, added, approved, taken into use or removed
  kInference,        ///< a model was asked about a patient: hashes and verdicts, no value
  kFeedback,         ///< what a physician did with an advice
};

/// The word in the file: "opened", "study_seen", "approval", ...
std::string_view LedgerKindName(LedgerKind kind);
std::optional<LedgerKind> LedgerKindFromName(std::string_view name);

struct LedgerEntry {
  std::uint64_t number = 0;  ///< from 0
  std::string time;          ///< UTC, "2026-11-23T22:57:54.123Z"
  LedgerKind kind = LedgerKind::kOpened;
  std::string body;       ///< canonical JSON, an object
  core::Hash previous{};  ///< hash of the entry before; zero for the first
  core::Hash hash{};      ///< of this entry's line
};

/// Where a ledger is broken.
struct LedgerFault {
  std::uint64_t line = 0;    ///< from 1
  std::uint64_t offset = 0;  ///< of the line's first byte
  std::string what;          ///< for example "the signature does not match"
};

/// What a verification found.
struct LedgerCheck {
  std::uint64_t entries = 0;         ///< good ones, up to the first fault
  core::Hash root{};                 ///< hash of the last good entry
  std::optional<LedgerFault> fault;  ///< the first one
  std::uint64_t torn_bytes = 0;      ///< an entry at the end that a crash cut short: not a fault
};

/// Checks every byte, hash and signature of the file with the site's public key. kInvalidInput when the
/// file cannot be read. Needs no lock: a ledger in use may be verified.
Result<LedgerCheck> VerifyLedger(const std::filesystem::path& path, const PublicKey& key);

/// Safe to use from several threads.
class Ledger {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;
  enum class Durability {
    kProcess,  ///< an entry survives the death of the process (kill -9)
    kPower,    ///< and the loss of power: one fdatasync per entry
  };
  struct Options {
    std::filesystem::path path;
    const SiteIdentity* identity = nullptr;  // not owned, outlives the ledger
    Clock clock = std::chrono::system_clock::now;
    Durability durability = Durability::kProcess;
  };

  /// Opens or creates the ledger and locks it against other processes. An entry that a crash cut short is
  /// cut off. kRefused, "ledger_in_use", when another process or object has it; kFailed, "ledger_damaged",
  /// naming the line, when the chain, the last signature or the key is wrong.
  static Result<std::unique_ptr<Ledger>> Open(Options options);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Adds an entry; when it returns the entry is kept. kInvalidInput when `body` is not an object; bytes
  /// that are no UTF-8 become U+FFFD; kFailed when the disk refuses, with the ledger as it was.
  Result<LedgerEntry> Append(LedgerKind kind, const nlohmann::json& body);

  /// All entries, oldest first.
  Result<std::vector<LedgerEntry>> Entries() const;
  /// Calls `visit` with every entry, oldest first, without holding all of them.
  Result<void> ForEach(const std::function<void(const LedgerEntry&)>& visit) const;

  std::uint64_t size() const;
  /// The hash of the newest entry, which stands for the whole ledger.
  core::Hash root_hash() const;
  /// Bytes of a torn entry that Open cut off.
  std::uint64_t bytes_cut() const { return bytes_cut_; }

 private:
  Ledger(Options options, int file) : options_(std::move(options)), file_(file) {}
  Result<void> Recover();
  Result<void> WriteLine(const std::string& line);

  Options options_;
  int file_;
  mutable std::mutex mutex_;
  std::uint64_t entries_ = 0;
  std::uint64_t file_size_ = 0;
  std::uint64_t bytes_cut_ = 0;
  core::Hash root_{};
  bool broken_ = false;
};

}  // namespace clinnova::federation
