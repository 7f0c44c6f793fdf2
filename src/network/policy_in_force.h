// SPDX-License-Identifier: Apache-2.0
// The policy that holds at a site now: what `[policy]` of its site.toml says, looked at again with every question of the
// hub, so that a change holds for the next one; and every change in the site's ledger, whoever made it.
//
//   CLINNOVA_ASSIGN(auto policy, PolicyInForce::Open({.folder = folder, .ledger = ledger, .store = store}));
//   CLINNOVA_ASSIGN(auto gate, policy->Current());      // the release gate under it
//
// Property: nothing is answered under a policy that is not in the ledger, and nothing under a file that cannot be read.
// The ledger's entry (kind `policy`) has the whole policy, its hash and that of the one before, what changed, when, and
// by whom: as `clinnova site policy set` was told, or that the file was edited. Thread rule: any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/utc_time.h"
#include "federation/ledger.h"
#include "federation/release.h"
#include "network/site_store.h"

namespace clinnova::network {

/// One key that differs between two policies: its values as canonical JSON.
struct PolicyChange {
  std::string key{};
  std::string from{};
  std::string to{};
};
/// In the order of PolicyKeys().
std::vector<PolicyChange> ChangesBetween(const federation::SitePolicy& before,
                                         const federation::SitePolicy& after);

/// The columns that a study asks for, each once: those of its analyses, its variables and its [[column]]s, without `site`.
/// kInvalidInput for a formula that does not parse.
Result<std::vector<std::string>> ColumnsAskedFor(const federation::Study& study);

class PolicyInForce {
 public:
  struct Options {
    std::filesystem::path folder;
    federation::Ledger* ledger = nullptr;  // not owned, like the store; they outlive this
    SiteStore* store = nullptr;
    std::function<std::string()> today = core::Today;
  };

  /// Reads the policy and enters it into the ledger where the last entry there says another one. Errors of ReadSiteConfig.
  static Result<std::unique_ptr<PolicyInForce>> Open(Options options);

  /// The gate under the policy as the file has it now; the same object as long as that is the same. kRefused
  /// ("policy_unreadable") when the file cannot be read, whose own error is the message.
  /// Shared: a study keeps the one that it works under.
  Result<std::shared_ptr<const federation::ReleaseGate>> Current();

  std::string today() const { return options_.today(); }

 private:
  /// What tells one content of the file from the next without reading it.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = -1;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };

  explicit PolicyInForce(Options options) : options_(std::move(options)) {}
  Stamp StampOfFile() const;
  Result<void> FindLastNoted();
  Result<void> Take();
  Result<void> Note(const federation::SitePolicy& policy);

  Options options_;
  std::mutex mutex_;
  Stamp stamp_;
  std::string noted_hash_;    ///< of the ledger's newest policy; empty: there is none
  std::string noted_policy_;  ///< its canonical JSON
  std::shared_ptr<const federation::ReleaseGate> gate_;
};

}  // namespace clinnova::network
