// SPDX-License-Identifier: Apache-2.0
#include "federation/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "core/utc_time.h"
#include "federation/ledger_lines.h"

namespace clinnova::federation {
namespace {

tl::unexpected<Error> SystemFailure(const std::filesystem::path& path, std::string_view what) {
  return Fail(ErrorCode::kFailed,
              path.string() + ": " + std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

Result<LedgerCheck> VerifyLedger(const std::filesystem::path& path, const PublicKey& key) {
  return WalkLedger(path, key, SignatureCheck::kEvery, [](const LedgerEntry&) {});
}

Result<std::unique_ptr<Ledger>> Ledger::Open(Options options) {
  const int file = ::open(options.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) return SystemFailure(options.path, "cannot open the ledger");
  std::unique_ptr<Ledger> ledger(new Ledger(std::move(options), file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return Fail(ErrorCode::kRefused,
                ledger->options_.path.string() + ": the ledger is in use by another process",
                "ledger_in_use");
  }
  CLINNOVA_TRY(ledger->Recover());
  if (ledger->entries_ == 0) {
    const nlohmann::json opened = {{"format", 1},
                                   {"key", core::ToHex(ledger->options_.identity->public_key())}};
    CLINNOVA_TRY(ledger->Append(LedgerKind::kOpened, opened));
  }
  return ledger;
}

Ledger::~Ledger() { ::close(file_); }  // which also gives the lock back

Result<void> Ledger::Recover() {
  CLINNOVA_ASSIGN(const LedgerCheck check,
                  WalkLedger(options_.path, options_.identity->public_key(),
                             SignatureCheck::kLastOnly, [](const LedgerEntry&) {}));
  if (check.fault) {
    return Fail(ErrorCode::kFailed,
                options_.path.string() + ":" + std::to_string(check.fault->line) + ": " +
                    check.fault->what + "; the ledger is damaged",
                "ledger_damaged");
  }
  const off_t end = ::lseek(file_, 0, SEEK_END);
  if (end < 0) return SystemFailure(options_.path, "cannot read the ledger");
  bytes_cut_ = check.torn_bytes;
  file_size_ = static_cast<std::uint64_t>(end) - bytes_cut_;
  if (bytes_cut_ > 0 && ::ftruncate(file_, static_cast<off_t>(file_size_)) != 0) {
    return SystemFailure(options_.path, "cannot cut an unfinished entry");
  }
  entries_ = check.entries;
  root_ = check.root;
  return {};
}

Result<void> Ledger::WriteLine(const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced =
      rest.empty() && (options_.durability == Durability::kProcess || ::fdatasync(file_) == 0);
  if (synced) return {};
  auto failure = SystemFailure(options_.path, "cannot write the ledger");
  // After a failed sync the kernel may have dropped what it promised; only a new Open can tell.
  broken_ = rest.empty() || ::ftruncate(file_, static_cast<off_t>(file_size_)) != 0;
  return failure;
}

Result<LedgerEntry> Ledger::Append(LedgerKind kind, const nlohmann::json& body) {
  if (!body.is_object()) {
    return Fail(ErrorCode::kInvalidInput, "a ledger entry's body is not a JSON object");
  }
  const std::lock_guard lock(mutex_);
  if (broken_) {
    return Fail(ErrorCode::kFailed,
                options_.path.string() + ": the ledger could not be written before; open it again");
  }
  LedgerEntry entry{.number = entries_,
                    .time = core::UtcMilliseconds(options_.clock()),
                    .kind = kind,
                    .body = core::CanonicalJson(body),
                    .previous = root_};
  const std::string line = SignedLedgerLine(*options_.identity, entry) + "\n";
  CLINNOVA_TRY(WriteLine(line));
  ++entries_;
  file_size_ += line.size();
  root_ = entry.hash;
  return entry;
}

Result<void> Ledger::ForEach(const std::function<void(const LedgerEntry&)>& visit) const {
  const std::uint64_t entries = size();
  CLINNOVA_ASSIGN(const LedgerCheck check,
                  WalkLedger(options_.path, options_.identity->public_key(),
                             SignatureCheck::kLastOnly, [&](const LedgerEntry& entry) {
                               if (entry.number < entries) visit(entry);
                             }));
  if (check.fault || check.entries < entries) {
    return Fail(ErrorCode::kFailed, options_.path.string() + ": the ledger was changed by others",
                "ledger_damaged");
  }
  return {};
}

Result<std::vector<LedgerEntry>> Ledger::Entries() const {
  std::vector<LedgerEntry> entries;
  CLINNOVA_TRY(ForEach([&](const LedgerEntry& entry) { entries.push_back(entry); }));
  return entries;
}

std::uint64_t Ledger::size() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

core::Hash Ledger::root_hash() const {
  const std::lock_guard lock(mutex_);
  return root_;
}

}  // namespace clinnova::federation
